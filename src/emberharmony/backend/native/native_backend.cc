#include <stdexcept>

#include "emberharmony/backend/elementwise_kernel.h"
#include "emberharmony/backend/native/elementwise_internal.h"
#include "emberharmony/backend/native/kernel_table_internal.h"
#include "emberharmony/backend/native/native_backend_internal.h"
#include "emberharmony/backend/native/operation_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// The kernel for an operation on inputs of these dtypes, or null.
Kernel ElementwiseOf(const KernelTable& kernels, Op op, std::span<const DType> dtypes) {
  if (op == Op::kAstype) {
    return kernels.cast[static_cast<int>(dtypes[0])][static_cast<int>(dtypes[1])];
  }
  // The condition of where is always bool; its values have the dtype that counts.
  return kernels.Get(op, dtypes.back());
}

class NativeBackend : public Backend {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return "1"; }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }

  bool Supports(const OpQuery& query) const override {
    if (query.device != tensor::kCpuDevice) return false;
    if (const Operation* operation = FindOperation(query.op)) {
      return operation->supports(query.dtypes);
    }
    const KernelTable& kernels = ActiveKernels();
    return ElementwiseOf(kernels, query.op, query.dtypes) != nullptr;
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

namespace emberharmony::backend {

ElementwiseKernel CurrentElementwiseKernel(Op op, tensor::DType dtype) {
  if (!IsNativeCurrent()) return nullptr;
  return native::ActiveKernels().Get(op, dtype);
}

}  // namespace emberharmony::backend
