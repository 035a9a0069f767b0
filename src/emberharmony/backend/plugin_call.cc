#include <algorithm>
#include <stdexcept>

#include "emberharmony/backend/plugin_call_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;
using tensor::Tensor;

constexpr EmberDataType kDataTypes[tensor::kNumDTypes] = {
    {6, 8, 1},  {0, 8, 1},  {0, 16, 1}, {0, 32, 1}, {0, 64, 1}, {1, 8, 1},  {1, 16, 1},
    {1, 32, 1}, {1, 64, 1}, {2, 32, 1}, {2, 64, 1}, {5, 64, 1}, {5, 128, 1}};

bool OnCpu(const Tensor& tensor) { return tensor.device().kind == tensor::DeviceKind::kCpu; }

}  // namespace

bool HasNegativeStrides(const Tensor& tensor) {
  const tensor::Shape& strides = tensor.strides();
  return std::any_of(strides.begin(), strides.end(), [](int64_t stride) { return stride < 0; });
}

std::span<const DType> DTypesOf(Op op, Tensors inputs, Tensors outputs,
                                DType (&dtypes)[kTensorsMax]) {
  size_t count = 0;
  if (IsElementwise(op)) {
    dtypes[count++] = inputs.back()->dtype();
  } else {
    for (const Tensor* input : inputs) dtypes[count++] = input->dtype();
  }
  if (InfoOf(op).result == ResultDType::kAttribute) dtypes[count++] = outputs[0]->dtype();
  return {dtypes, count};
}

int RankOf(Tensors inputs, Tensors outputs) {
  int rank = 0;
  for (const Tensors tensors : {inputs, outputs}) {
    for (const Tensor* tensor : tensors) rank = std::max(rank, tensor->rank());
  }
  return rank;
}

PluginCall::PluginCall(Op op, Tensors inputs, Attributes attributes, Tensors outputs,
                       uint32_t flags) {
  if (inputs.size() + outputs.size() > kTensorsMax) {
    throw std::logic_error("an operation has more tensors than a plugin's call");
  }
  const bool expands = IsElementwise(op) && (flags & EMBER_TAKES_BROADCAST) == 0;
  const tensor::Shape* const expanded = expands ? &outputs[0]->shape() : nullptr;
  const bool takes_strides = (flags & EMBER_TAKES_STRIDES) != 0;
  EmberTensor* description = tensors_;
  call_.size = sizeof(call_);
  call_.op = static_cast<uint32_t>(op);
  call_.inputs = description;
  for (const Tensor* input : inputs) Describe(Input(*input, expanded, flags), description++);
  call_.outputs = description;
  for (const Tensor* output : outputs) {
    if (takes_strides || output->is_contiguous()) {
      Describe(*output, description++);
      continue;
    }
    if (!OnCpu(*output)) {
      needs_copies_off_cpu_ = true;
      return;
    }
    if (apart_.empty()) apart_.reserve(kTensorsMax);
    apart_.push_back({Tensor::Empty(output->shape(), output->dtype()), output});
    Describe(apart_.back().computed, description++);
  }
  call_.num_inputs = static_cast<int32_t>(inputs.size());
  call_.num_outputs = static_cast<int32_t>(outputs.size());
  // Of one layout, which is checked where the table is.
  call_.attributes = reinterpret_cast<const EmberAttribute*>(attributes.data());
  call_.num_attributes = static_cast<int32_t>(attributes.size());
  call_.num_threads = NumThreads();
}

const Tensor& PluginCall::Input(const Tensor& tensor, const tensor::Shape* expanded,
                                uint32_t flags) {
  const Tensor* input = &tensor;
  if (made_.empty() &&
      ((expanded != nullptr && !(tensor.shape() == *expanded)) || !tensor.is_contiguous())) {
    made_.reserve(2 * kTensorsMax);  // references to what is in it stay valid
  }
  if (expanded != nullptr && !(input->shape() == *expanded)) {
    made_.push_back(input->BroadcastTo(*expanded));
    input = &made_.back();
  }
  if (!input->is_contiguous() && (flags & EMBER_TAKES_STRIDES) == 0) {
    if (!OnCpu(*input)) {
      needs_copies_off_cpu_ = true;
      return *input;
    }
    made_.push_back(input->Copy());
    input = &made_.back();
  }
  return *input;
}

void PluginCall::Describe(const Tensor& tensor, EmberTensor* description) {
  description->data = tensor.storage_data();
  description->device = {static_cast<int32_t>(tensor.device().kind), tensor.device().index};
  description->rank = tensor.rank();
  description->type = kDataTypes[static_cast<int>(tensor.dtype())];
  description->shape = tensor.shape().data();
  description->strides = tensor.strides().data();
  description->byte_offset =
      static_cast<uint64_t>(tensor.offset() * tensor::ItemSize(tensor.dtype()));
}

void PluginCall::Finish() {
  for (const Apart& each : apart_) tensor::CopyElements(each.computed, *each.output);
}

}  // namespace emberharmony::backend
