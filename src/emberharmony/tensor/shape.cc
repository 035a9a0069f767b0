#include "emberharmony/tensor/shape.h"

#include <algorithm>

#include "emberharmony/tensor/errors.h"

namespace emberharmony::tensor {

void Shape::Assign(const int64_t* dims, size_t size) {
  if (size > kRankMax) {
    throw ShapeError("a tensor has at most " + std::to_string(kRankMax) + " dimensions, found " +
                     std::to_string(size) + ": reshape it to fewer");
  }
  if (size > kInline) {
    auto heap = std::make_unique<int64_t[]>(size);
    std::copy_n(dims, size, heap.get());
    heap_ = std::move(heap);
  } else {
    // No library call: most have one or two.
    for (size_t i = 0; i < size; ++i) inline_[i] = dims[i];
    if (heap_) heap_.reset();
  }
  size_ = static_cast<int32_t>(size);
}

Shape Shape::Filled(int rank, int64_t value) {
  int64_t dims[kRankMax];
  std::fill_n(dims, std::min(rank, kRankMax), value);
  return Shape(std::span<const int64_t>(dims, static_cast<size_t>(rank)));
}

void Shape::Append(int64_t dim) {
  if (size_ < kInline) {
    inline_[size_++] = dim;
    return;
  }
  std::vector<int64_t> dims(begin(), end());
  dims.push_back(dim);
  Assign(dims.data(), dims.size());
}

std::string Shape::ToString() const {
  std::string text = "(";
  for (int i = 0; i < size_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string((*this)[i]);
  }
  return text + (size_ == 1 ? ",)" : ")");
}

Shape ContiguousStrides(const Shape& shape) {
  Shape strides = shape;
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    // Shapes that are too large are refused after this, so a stride that overflows is never used.
    (void)__builtin_mul_overflow(step, std::max<int64_t>(shape[i], 1), &step);
  }
  return strides;
}

bool BroadcastInto(Shape* result, const Shape& shape) {
  if (*result == shape) return true;
  const int missing = shape.rank() - result->rank();
  if (missing > 0) {
    Shape wider = Shape::Filled(shape.rank(), 1);
    for (int i = 0; i < result->rank(); ++i) wider[i + missing] = (*result)[i];
    *result = std::move(wider);
  }
  const int shift = result->rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    int64_t& dim = (*result)[i + shift];
    if (dim == shape[i] || shape[i] == 1) continue;
    if (dim != 1) return false;
    dim = shape[i];
  }
  return true;
}

Shape BroadcastStrides(const Shape& shape, const Shape& strides, const Shape& target) {
  Shape result = Shape::Filled(target.rank(), 0);
  const int shift = target.rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == target[i + shift] && shape[i] != 1) result[i + shift] = strides[i];
  }
  return result;
}

}  // namespace emberharmony::tensor
