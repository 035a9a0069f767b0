#include "emberharmony/ops/creation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/ops/dispatch_internal.h"

namespace emberharmony::ops {
namespace {

/// Writes 0, 1 or another number in the kind that fits the dtype.
Scalar NumberOf(int value, DType dtype) {
  return tensor::IsBool(dtype) ? Scalar(value != 0) : Scalar(value);
}

/// Up to this size tensors are filled in place; larger ones by the backend, with its threads and
/// stores that pass by the cache.
constexpr int64_t kFillBytes = 1 << 18;

/// Writes one element to all of a contiguous tensor.
void Fill(const void* element, const Tensor& result) {
  backend::native::VisitItem(result.dtype(), [&](auto item) {
    using Item = decltype(item);
    Item value;
    std::memcpy(&value, element, sizeof(Item));
    std::fill_n(static_cast<Item*>(result.mutable_data()), result.size(), value);
  });
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype) { return Tensor::Empty(shape, dtype); }

Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype) {
  uint64_t element[2] = {};
  const DType result_dtype = dtype.value_or(value.default_dtype());
  value.Write(result_dtype, element, "full");
  Tensor result = Tensor::Empty(shape, result_dtype);
  if (result.size_bytes() <= kFillBytes) {
    Fill(element, result);
    return result;
  }
  const Tensor single = Tensor::Wrap(element, Shape{}, result_dtype, nullptr);
  const Tensor* inputs[] = {&single};
  return RunElementwiseOp(backend::Op::kCopy, inputs, shape, &result);
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
