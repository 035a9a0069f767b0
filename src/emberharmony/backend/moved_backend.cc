#include "emberharmony/backend/device_memory.h"
#include "emberharmony/backend/moved_backend_internal.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend {

using tensor::Tensor;

bool MovedBackend::Supports(const OpQuery& query) const {
  return backend_.Supports({query.op, query.dtypes, query.rank, device_});
}

void MovedBackend::ExecuteThere(Op op, Tensors inputs, Attributes attributes, Tensors outputs) {
  std::vector<Tensor> held;
  held.reserve(inputs.size() + outputs.size());
  std::vector<const Tensor*> inputs_there;
  std::vector<const Tensor*> outputs_there;
  for (const Tensor* input : inputs) {
    held.push_back(EmptyOn(input->shape(), input->dtype(), device_));
    CopyFromHost(input->Contiguous(), held.back());
    inputs_there.push_back(&held.back());
  }
  for (const Tensor* output : outputs) {
    held.push_back(EmptyOn(output->shape(), output->dtype(), device_));
    outputs_there.push_back(&held.back());
  }
  backend_.Execute(op, inputs_there, attributes, outputs_there);
  for (size_t i = 0; i < outputs.size(); ++i) {
    tensor::CopyElements(CopyToHost(*outputs_there[i]), *outputs[i]);
  }
}

void MovedBackend::Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) {
  try {
    ExecuteThere(op, inputs, attributes, outputs);
  } catch (const tensor::OutOfMemoryError&) {
    Native().Execute(op, inputs, attributes, outputs);
  }
}

}  // namespace emberharmony::backend
