#include <stdexcept>

#include "emberharmony/backend/native/elementwise_internal.h"
#include "emberharmony/backend/native/kernel_table_internal.h"
#include "emberharmony/backend/native/native_backend_internal.h"
#include "emberharmony/backend/native/operation_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

RowKernel ReductionOf(const KernelTable& kernels, Op op, DType dtype) {
  return kernels.reduce[static_cast<int>(op)][static_cast<int>(dtype)];
}

/// The kernel for an operation on inputs of these dtypes, or null.
Kernel ElementwiseOf(const KernelTable& kernels, Op op, std::span<const DType> dtypes) {
  if (op == Op::kAstype) {
    return kernels.cast[static_cast<int>(dtypes[0])][static_cast<int>(dtypes[1])];
  }
  // The condition of where is always bool; its values have the dtype that counts.
  return kernels.Get(op, dtypes.back());
}

void Reduce(RowKernel kernel, const Tensor& input, Attributes attributes, const Tensor& output) {
  std::vector<int> order;
  uint64_t reduced = 0;
  if (const Attribute* axes = FindAttribute(attributes, AttributeKey::kAxes)) {
    for (int64_t i = 0; i < axes->integers.count; ++i) {
      reduced |= uint64_t{1} << axes->integers.values[i];
    }
  } else {
    reduced = ~uint64_t{0};
  }
  int64_t row_length = 1;
  for (int axis = 0; axis < input.rank(); ++axis) {
    if (!((reduced >> axis) & 1)) order.push_back(axis);
  }
  for (int axis = 0; axis < input.rank(); ++axis) {
    if (!((reduced >> axis) & 1)) continue;
    order.push_back(axis);
    row_length *= input.shape()[axis];
  }
  if (output.size() == 0) return;
  if (row_length == 0) {
    // Only a sum has a value without elements, ops has made sure: zero, whose bytes are all 0 for
    // every dtype.
    __builtin_memset(output.mutable_data(), 0, output.size_bytes());
    return;
  }
  const Tensor rows = input.PermuteDims(order).Contiguous();
  kernel(rows.data(), output.mutable_data(), output.size(), row_length);
}

class NativeBackend : public Backend {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return "1"; }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }

  bool Supports(Op op, std::span<const DType> dtypes) const override {
    if (const Operation* operation = FindOperation(op)) return operation->supports(dtypes);
    const KernelTable& kernels = ActiveKernels();
    return ElementwiseOf(kernels, op, dtypes) != nullptr ||
           ReductionOf(kernels, op, dtypes.back()) != nullptr;
  }

  void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) override {
    if (const Operation* operation = FindOperation(op)) {
      operation->execute(inputs, attributes, outputs);
      return;
    }
    const KernelTable& kernels = ActiveKernels();
    const Tensor& output = *outputs[0];
    const DType dtypes[2] = {inputs.back()->dtype(), output.dtype()};
    const size_t num_dtypes = op == Op::kAstype ? 2 : 1;
    if (Kernel kernel = ElementwiseOf(kernels, op, {dtypes, num_dtypes})) {
      RunElementwise(kernel, inputs, output);
    } else if (RowKernel kernel = ReductionOf(kernels, op, dtypes[0])) {
      Reduce(kernel, *inputs[0], attributes, output);
    } else {
      throw std::logic_error("the native backend was asked for " + std::string(InfoOf(op).name) +
                             " of " + std::string(DTypeName(dtypes[0])) +
                             ", which it does not support: ask Supports first");
    }
  }
};

}  // namespace

std::unique_ptr<Backend> MakeNativeBackend() { return std::make_unique<NativeBackend>(); }

}  // namespace emberharmony::backend::native
