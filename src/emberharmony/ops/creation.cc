#include "emberharmony/ops/creation.h"

#include <fmt/format.h>

#include "emberharmony/ops/dispatch_internal.h"

namespace emberharmony::ops {
namespace {

/// Writes 0, 1 or another number in the kind that fits the dtype.
Scalar NumberOf(int value, DType dtype) {
  return tensor::IsBool(dtype) ? Scalar(value != 0) : Scalar(value);
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype) { return Tensor::Empty(shape, dtype); }

Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype) {
  uint64_t element[2] = {};
  const DType result = dtype.value_or(value.default_dtype());
  value.Write(result, element, "full");
  const Tensor single = Tensor::Wrap(element, Shape{}, result, nullptr);
  const Tensor* inputs[] = {&single};
  return RunElementwiseOp(backend::Op::kCopy, inputs, shape, nullptr);
}

Tensor zeros(const Shape& shape, DType dtype) { return full(shape, NumberOf(0, dtype), dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, NumberOf(1, dtype), dtype); }

Tensor empty_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::Empty(x.shape(), dtype.value_or(x.dtype()));
}
Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype) {
  return full(x.shape(), value, dtype.value_or(x.dtype()));
}
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype) {
  return zeros(x.shape(), dtype.value_or(x.dtype()));
}
Tensor ones_like(const Tensor& x, std::optional<DType> dtype) {
  return ones(x.shape(), dtype.value_or(x.dtype()));
}

namespace internal {

void CheckRowLength(size_t expected, size_t found) {
  if (expected == found) return;
  throw ShapeError(fmt::format("asarray: expected nested lists of one length, found {} and {}",
                               expected, found));
}

}  // namespace internal
}  // namespace emberharmony::ops
