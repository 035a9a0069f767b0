#include "emberharmony/feature/numeric_compute.h"

#include <arrow/array.h>
#include <arrow/status.h>

#include <memory>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {

tensor::Tensor InScope(const tensor::Tensor& x) {
  const tensor::DType dtype = backend::ScopeDType();
  return ops::to_device(x.dtype() == dtype ? x : ops::astype(x, dtype), backend::ScopeDevice());
}

tensor::Tensor OutOfScope(const tensor::Tensor& x) {
  const tensor::Tensor here = ops::to_device(x, tensor::kCpuDevice);
  return here.dtype() == tensor::DType::kFloat64 ? here
                                                 : ops::astype(here, tensor::DType::kFloat64);
}

arrow::Result<ValueBlock> ComputeNumeric(
    const ValueBlock& input, arrow::MemoryPool* pool,
    const std::function<tensor::Tensor(const tensor::Tensor&)>& compute) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric, ToNumeric(input, pool));
  const int64_t n = numeric->length();
  return ops::Catch([&] {
    const tensor::AllocationScope scope(pool);
    const tensor::Tensor x = tensor::Tensor::Wrap(numeric->raw_values(), tensor::Shape{n},
                                                  tensor::DType::kFloat64, numeric);
    const tensor::Tensor result = OutOfScope(compute(InScope(x)));
    return ValueBlock{std::make_shared<arrow::DoubleArray>(n, tensor::ToBuffer(result)), false};
  });
}

}  // namespace emberharmony::feature
