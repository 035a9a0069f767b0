#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Creation functions of the Array API standard. Floating-point tensors are float64 unless a dtype
/// is given.
namespace emberharmony::ops {

/// Uninitialized.
Tensor empty(const Shape& shape, DType dtype = DType::kFloat64);
/// Every element `value`; its own dtype (int64, float64 or bool) unless given. Throws DTypeError if
/// it does not fit.
Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype = std::nullopt);
Tensor zeros(const Shape& shape, DType dtype = DType::kFloat64);
Tensor ones(const Shape& shape, DType dtype = DType::kFloat64);
/// The same with the shape, and unless given the dtype, of x.
Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype = std::nullopt);
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype = std::nullopt);
Tensor ones_like(const Tensor& x, std::optional<DType> dtype = std::nullopt);

/// start (0), start + step, ... before stop: int64 if all are integers, else float64. Throws
/// std::invalid_argument for a step of 0 or a length that is not finite, DTypeError for an integer
/// beyond int64.
Tensor arange(Scalar stop);
Tensor arange(Scalar start, Scalar stop, Scalar step = 1);
/// `num` numbers evenly spaced from start to stop (`endpoint` false: without stop).
Tensor linspace(double start, double stop, int64_t num, DType dtype = DType::kFloat64,
                bool endpoint = true);

/// A tensor of rank 1 with a copy of the values.
template <class T>
Tensor asarray(const std::vector<T>& values) {
  return Tensor::FromValues(std::span<const T>(values));
}
template <class T>
Tensor asarray(std::initializer_list<T> values) {
  return Tensor::FromValues(std::span<const T>(values.begin(), values.size()));
}

}  // namespace emberharmony::ops
