#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Creation functions of the Array API standard 2025.12. Floating-point tensors are float64 unless
/// a dtype is given. All functions throw ShapeError for a negative dimension or a size beyond 2^63
/// bytes, and OutOfMemoryError; all are thread-safe.
namespace emberharmony::ops {

/// Uninitialized.
Tensor empty(const Shape& shape, DType dtype = DType::kFloat64);
/// Every element `value`; its own dtype (int64, float64, complex128 or bool) unless given. Throws
/// DTypeError if it does not fit.
Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype = std::nullopt);
Tensor zeros(const Shape& shape, DType dtype = DType::kFloat64);
Tensor ones(const Shape& shape, DType dtype = DType::kFloat64);
/// The same with the shape, and unless given the dtype, of x.
Tensor empty_like(const Tensor& x, std::optional<DType> dtype = std::nullopt);
Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype = std::nullopt);
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype = std::nullopt);
Tensor ones_like(const Tensor& x, std::optional<DType> dtype = std::nullopt);

/// start (0), start + step, ... before stop: rank 1, of ceil((stop - start) / step) elements, none
/// if that is negative. Without a dtype int64 if all are integers (uint64 where one of them needs
/// it), else float64.
///
/// Of integers everything is exact. Floating-point elements are start + i * step in double
/// precision, rounded once; like every array library's, the length then depends on rounding too.
/// Throws std::invalid_argument for a step of 0 or a length that is not finite; DTypeError for
/// complex arguments, for the dtype bool, and for elements that an integer dtype cannot hold.
Tensor arange(Scalar stop, std::optional<DType> dtype = std::nullopt);
Tensor arange(Scalar start, Scalar stop, Scalar step = 1,
              std::optional<DType> dtype = std::nullopt);

/// `num` numbers evenly spaced from start to stop, both real or complex: start + i * (stop - start)
/// / (num - 1) in double precision, rounded once, and the last one exactly stop; with `endpoint`
/// false divided by num, without stop. Integer dtypes take the floor. Without a dtype float64, or
/// complex128 if either is complex. Throws std::invalid_argument for a negative num, DTypeError for
/// the dtype bool or complex numbers in a real one.
Tensor linspace(Scalar start, Scalar stop, int64_t num, std::optional<DType> dtype = std::nullopt,
                bool endpoint = true);

/// Ones on the diagonal `k` (above the main one if positive) of num_rows x num_columns zeros
/// (columns: as many as rows unless given).
Tensor eye(int64_t num_rows, std::optional<int64_t> num_columns = std::nullopt, int64_t k = 0,
           DType dtype = DType::kFloat64);
/// Copies of the matrices in the last two axes of x in which what lies above (tril) or below (triu)
/// the diagonal `k` is zero. Throws ShapeError for a rank below 2.
Tensor tril(const Tensor& x, int64_t k = 0);
Tensor triu(const Tensor& x, int64_t k = 0);
/// Coordinates of a grid: for n tensors of rank 1 (or 0), n tensors of rank n, where the i-th
/// varies along axis i only and keeps its dtype; with indexing "xy" the first two axes are swapped,
/// with "ij" not. Throws ShapeError for a higher rank, std::invalid_argument for another
/// `indexing`.
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, std::string_view indexing = "xy");

/// A matrix with x, of rank 1, on its diagonal `k`; of a matrix its diagonal `k`, a read-only view.
Tensor diag(const Tensor& x, int64_t k = 0);
/// The diagonal `offset` of the matrices in two axes, which go; the diagonal is the last axis. A
/// read-only view. Throws ShapeError for a rank below 2 or axes that are one.
Tensor diagonal(const Tensor& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1);
/// For each integer i of `indices` a row (along a new `axis`) of num_classes zeros with a one at i;
/// num_classes is the largest index and one unless given. Throws IndexError for an index that is
/// negative or too large, DTypeError.
Tensor one_hot(const Tensor& indices, std::optional<int64_t> num_classes = std::nullopt,
               int axis = -1, DType dtype = DType::kFloat64);

// From C++ values: asarray({1.0, 2.0}), asarray({{1, 2}, {3, 4}}), asarray(vector). Throws
// ShapeError where the rows of nested lists differ in length.

template <class T>
Tensor asarray(const std::vector<T>& values) {
  return Tensor::FromValues(std::span<const T>(values));
}
template <class T>
Tensor asarray(std::initializer_list<T> values) {
  return Tensor::FromValues(std::span<const T>(values.begin(), values.size()));
}
/// A number as a tensor of rank 0.
template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
Tensor asarray(T value) {
  return Tensor::Scalar(value);
}

namespace internal {

template <class T>
inline constexpr bool kIsComplex = tensor::IsComplex(tensor::DTypeOf<T>());

void CheckRowLength(size_t expected, size_t found);

template <class T>
Tensor FromRows(std::initializer_list<std::initializer_list<T>> rows) {
  const size_t num_columns = rows.size() > 0 ? rows.begin()->size() : 0;
  Tensor result = Tensor::Empty(
      {static_cast<int64_t>(rows.size()), static_cast<int64_t>(num_columns)}, tensor::DTypeOf<T>());
  T* out = result.template mutable_data_as<T>();
  for (const auto& row : rows) {
    CheckRowLength(num_columns, row.size());
    for (const T& value : row) *out++ = value;
  }
  return result;
}

template <class T>
Tensor FromPlanes(std::initializer_list<std::initializer_list<std::initializer_list<T>>> planes) {
  const size_t num_rows = planes.size() > 0 ? planes.begin()->size() : 0;
  const size_t num_columns = num_rows > 0 ? planes.begin()->begin()->size() : 0;
  Tensor result = Tensor::Empty({static_cast<int64_t>(planes.size()),
                                 static_cast<int64_t>(num_rows), static_cast<int64_t>(num_columns)},
                                tensor::DTypeOf<T>());
  T* out = result.template mutable_data_as<T>();
  for (const auto& rows : planes) {
    CheckRowLength(num_rows, rows.size());
    for (const auto& row : rows) {
      CheckRowLength(num_columns, row.size());
      for (const T& value : row) *out++ = value;
    }
  }
  return result;
}

}  // namespace internal

template <class T>
  requires(!internal::kIsComplex<T>)
Tensor asarray(std::initializer_list<std::initializer_list<T>> rows) {
  return internal::FromRows<T>(rows);
}
template <class T>
  requires(!internal::kIsComplex<T>)
Tensor asarray(std::initializer_list<std::initializer_list<std::initializer_list<T>>> planes) {
  return internal::FromPlanes<T>(planes);
}
// Complex numbers are written {real, imaginary} too: where their type is named, asarray<C>({{1, 2},
// {3, 4}}), the list holds two numbers. It is a matrix where the type follows from the elements.
template <class... Named, class T>
  requires(sizeof...(Named) == 0 && internal::kIsComplex<T>)
Tensor asarray(std::initializer_list<std::initializer_list<T>> rows) {
  return internal::FromRows<T>(rows);
}

}  // namespace emberharmony::ops
