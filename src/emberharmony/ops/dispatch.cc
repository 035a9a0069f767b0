#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/backend/device_memory.h"
#include "emberharmony/ops/dispatch_internal.h"

namespace emberharmony::ops {
namespace {

using backend::Op;

/// The most inputs of an operation.
constexpr int kInputsMax = 3;

/// The bytes [begin, end) that a tensor's elements lie in.
struct Extent {
  uintptr_t begin;
  uintptr_t end;
};

Extent ExtentOf(const Tensor& tensor) {
  int64_t low = 0;
  int64_t high = 1;
  for (int i = 0; i < tensor.rank(); ++i) {
    const int64_t reach = tensor.strides()[i] * (tensor.shape()[i] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const auto start = reinterpret_cast<uintptr_t>(tensor.data());
  const int64_t item_bytes = tensor::ItemSize(tensor.dtype());
  return {start + low * item_bytes, start + high * item_bytes};
}

bool SameLayout(const Tensor& a, const Tensor& b) {
  return a.data() == b.data() && tensor::ItemSize(a.dtype()) == tensor::ItemSize(b.dtype()) &&
         a.shape() == b.shape() &&
         ((a.is_contiguous() && b.is_contiguous()) || a.strides() == b.strides());
}

/// Whether writing the output element by element could change an input that is still to be read.
bool Clobbers(const Tensor& output, std::span<const Tensor* const> inputs) {
  if (output.size() == 0) return false;
  const Extent written = ExtentOf(output);
  for (const Tensor* input : inputs) {
    if (input->size() == 0 || SameLayout(output, *input)) continue;
    const Extent read = ExtentOf(*input);
    if (read.begin < written.end && written.begin < read.end) return true;
  }
  return false;
}

/// A new tensor for a result. Where inputs of its shape lie in memory without gaps but in another
/// order of axes than C's (a transposed matrix), so does the result: then all are walked through as
/// they lie.
Tensor NewResult(std::span<const Tensor* const> inputs, const Shape& shape, DType dtype,
                 Device device) {
  if (device != tensor::kCpuDevice) return backend::EmptyOn(shape, dtype, device);
  const Tensor* model = nullptr;
  for (const Tensor* input : inputs) {
    if (!(input->shape() == shape)) continue;
    if (input->is_contiguous()) return Tensor::Empty(shape, dtype);
    if (model == nullptr) model = input;
  }
  if (model == nullptr) return Tensor::Empty(shape, dtype);
  int order[tensor::kRankMax];
  const int rank = shape.rank();
  for (int i = 0; i < rank; ++i) {
    int at = i;
    for (; at > 0 && model->strides()[order[at - 1]] < model->strides()[i]; --at) {
      order[at] = order[at - 1];
    }
    order[at] = i;
  }
  Shape permuted = shape;
  int back[tensor::kRankMax];
  int64_t step = 1;
  for (int i = rank - 1; i >= 0; --i) {
    const int axis = order[i];
    if (shape[axis] != 1 && model->strides()[axis] != step) return Tensor::Empty(shape, dtype);
    step *= shape[axis];
    permuted[i] = shape[axis];
    back[axis] = i;
  }
  return Tensor::Empty(permuted, dtype).PermuteDims({back, static_cast<size_t>(rank)});
}

/// The one device of the inputs of a call, a CPU's number beside a device's tensors left out: a
/// number, as a tensor of rank 0 on the CPU, goes with any device.
Device DeviceOf(Op op, backend::Tensors inputs) {
  Device device;
  for (const Tensor* input : inputs) {
    if (device == tensor::kCpuDevice) device = input->device();
  }
  if (device == tensor::kCpuDevice) return device;
  for (const Tensor* input : inputs) {
    if (input->device() == device) continue;
    if (input->device() == tensor::kCpuDevice && input->rank() == 0) continue;
    throw std::invalid_argument(fmt::format(
        "{}: expected tensors on one device, found a {} on {} and another on {}: move one with "
        "to_device",
        backend::InfoOf(op).name, input->Describe(), tensor::DeviceName(input->device()),
        tensor::DeviceName(device)));
  }
  return device;
}

/// Inputs of which those on the CPU have been copied to a device.
class InputsOn {
 public:
  InputsOn(backend::Tensors inputs, Device device) {
    for (const Tensor* input : inputs) {
      if (input->device() == device) {
        pointers_[size_++] = input;
        continue;
      }
      moved_[size_] = backend::EmptyOn(input->shape(), input->dtype(), device);
      backend::CopyFromHost(*input, moved_[size_]);
      pointers_[size_] = &moved_[size_];
      ++size_;
    }
  }
  backend::Tensors get() const { return {pointers_, size_}; }

 private:
  size_t size_ = 0;
  Tensor moved_[kInputsMax];
  const Tensor* pointers_[kInputsMax];
};

bool AnyOffCpu(backend::Tensors tensors) {
  for (const Tensor* tensor : tensors) {
    if (tensor->device() != tensor::kCpuDevice) return true;
  }
  return false;
}

bool AnyOnCpu(backend::Tensors tensors) {
  for (const Tensor* tensor : tensors) {
    if (tensor->device() == tensor::kCpuDevice) return true;
  }
  return false;
}

/// The largest rank of the tensors of a call.
int RankOf(backend::Tensors inputs, backend::Tensors outputs) {
  int rank = 0;
  for (const Tensor* tensor : inputs) rank = std::max(rank, tensor->rank());
  for (const Tensor* tensor : outputs) rank = std::max(rank, tensor->rank());
  return rank;
}

void CheckOutput(Op op, const Tensor& out, const Shape& shape, DType dtype, Device device) {
  const std::string_view name = backend::InfoOf(op).name;
  if (out.device() != device) {
    throw std::invalid_argument(fmt::format("{}: expected an output on {}, found a {} on {}", name,
                                            tensor::DeviceName(device), out.Describe(),
                                            tensor::DeviceName(out.device())));
  }
  if (out.dtype() != dtype) {
    throw DTypeError(fmt::format("{}: expected an output of dtype {}, found a {}", name,
                                 DTypeName(dtype), out.Describe()));
  }
  if (!(out.shape() == shape)) {
    throw ShapeError(fmt::format("{}: expected an output of shape {}, found a {}", name,
                                 shape.ToString(), out.Describe()));
  }
  if (!out.writable()) {
    throw std::invalid_argument(
        fmt::format("{}: the output, a {}, is read-only: give a copy of it", name, out.Describe()));
  }
}

}  // namespace

void CheckKind(Op op, DType dtype) {
  const backend::OpInfo& info = backend::InfoOf(op);
  if (backend::Allows(info.inputs, dtype)) return;
  constexpr std::string_view kExpected[] = {"any",
                                            "a numeric",
                                            "a real-valued",
                                            "a floating-point",
                                            "the bool",
                                            "a real-valued floating-point",
                                            "a complex",
                                            "an integer",
                                            "an integer or bool",
                                            "a real-valued or bool"};
  throw DTypeError(fmt::format("{}: expected {} dtype, found {}: convert with astype", info.name,
                               kExpected[static_cast<int>(info.inputs)], DTypeName(dtype)));
}

void RunOp(Op op, backend::Tensors inputs, backend::Attributes attributes,
           backend::Tensors outputs) {
  DType dtypes[kInputsMax + 1];
  int num_dtypes = 0;
  for (const Tensor* input : inputs) dtypes[num_dtypes++] = input->dtype();
  if (backend::InfoOf(op).result == backend::ResultDType::kAttribute) {
    dtypes[num_dtypes++] = outputs[0]->dtype();
  }
  const Device device = outputs[0]->device();
  if (AnyOffCpu(inputs) && DeviceOf(op, inputs) != device) {
    throw std::invalid_argument(fmt::format(
        "{}: expected tensors on the CPU, found a {} on {}: move them with to_device",
        backend::InfoOf(op).name, inputs[0]->Describe(), tensor::DeviceName(DeviceOf(op, inputs))));
  }
  const backend::OpQuery query{
      op, {dtypes, static_cast<size_t>(num_dtypes)}, RankOf(inputs, outputs), device};
  backend::Backend& backend = backend::ChooseFor(query, inputs, outputs[0]->shape());
  if (&backend == &backend::Native() && !backend.Supports(query)) {
    throw UnsupportedError(fmt::format("{}: no backend supports dtype {}", backend::InfoOf(op).name,
                                       DTypeName(dtypes[0])));
  }
  backend.Execute(op, inputs, attributes, outputs);
}

Tensor RunElementwiseOp(Op op, std::span<const Tensor* const> inputs, const Shape& shape,
                        Tensor* out, std::optional<DType> result_dtype) {
  const backend::OpInfo& info = backend::InfoOf(op);
  const DType input_dtype = inputs.back()->dtype();
  DType dtype = input_dtype;
  if (info.result == backend::ResultDType::kBool) dtype = DType::kBool;
  if (info.result == backend::ResultDType::kAttribute) dtype = *result_dtype;
  if (info.result == backend::ResultDType::kRealPart) dtype = tensor::RealPartOf(dtype);

  const DType dtypes[2] = {input_dtype, dtype};
  Device device;
  if (AnyOffCpu(inputs)) {
    device = DeviceOf(op, inputs);
    if (AnyOnCpu(inputs)) {
      const InputsOn moved(inputs, device);
      return RunElementwiseOp(op, moved.get(), shape, out, result_dtype);
    }
  }
  const backend::OpQuery query{op, {dtypes, op == Op::kAstype ? 2u : 1u}, shape.rank(), device};
  backend::Backend& backend = backend::ChooseFor(query, inputs, shape);
  if (&backend == &backend::Native() && !backend.Supports(query)) {
    throw UnsupportedError(fmt::format("{}: no backend supports dtype {}", info.name,
                                       DTypeName(tensor::IsComplex(dtype) ? dtype : input_dtype)));
  }

  const backend::Attribute attribute =
      backend::Attribute::Integer(backend::AttributeKey::kDType, static_cast<int64_t>(dtype));
  const backend::Attributes attributes(&attribute, op == Op::kAstype ? 1 : 0);
  if (out != nullptr && out->defined()) {
    CheckOutput(op, *out, shape, dtype, device);
    if (!Clobbers(*out, inputs)) {
      const Tensor* const outputs[] = {out};
      backend.Execute(op, inputs, attributes, outputs);
      return *out;
    }
    const Tensor apart = backend::EmptyOn(shape, dtype, device);
    const Tensor* const outputs[] = {&apart};
    backend.Execute(op, inputs, attributes, outputs);
    if (device == tensor::kCpuDevice) {
      tensor::CopyElements(apart, *out);
    } else {
      const Tensor* const targets[] = {out};
      backend.Execute(Op::kCopy, outputs, {}, targets);
    }
    return *out;
  }
  Tensor result = NewResult(inputs, shape, dtype, device);
  const Tensor* const outputs[] = {&result};
  backend.Execute(op, inputs, attributes, outputs);
  if (out != nullptr) *out = result;
  return result;
}

}  // namespace emberharmony::ops
