// What the operations on matrices by LAPACK share.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include "emberharmony/backend/native/openblas_internal.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/base/function_view.h"
#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// LAPACK counts in 32 bits, and the routines that ask for work space of several n^2 elements
/// count those too.
inline constexpr int64_t kMatrixLengthMax = 2147483647;
inline constexpr int64_t kMatrixLengthMaxSquared = 20000;

template <class T>
struct RealOf {
  using type = T;
};
template <class R>
struct RealOf<std::complex<R>> {
  using type = R;
};
template <class T>
using Real = typename RealOf<T>::type;
template <class T>
inline constexpr bool kIsComplex = !std::is_same_v<T, Real<T>>;
/// The same kind of number in single precision.
template <class T>
using Single = std::conditional_t<kIsComplex<T>, std::complex<float>, float>;

/// Memory for `size` elements, aligned so that OpenBLAS's bits do not depend on where it lies.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t size);
  T* get() const { return static_cast<T*>(memory_.get()); }

 private:
  std::shared_ptr<void> memory_;
};

std::shared_ptr<void> AllocateScratch(int64_t size, int64_t item_bytes);

template <class T>
Scratch<T>::Scratch(int64_t size) : memory_(AllocateScratch(size, sizeof(T))) {}

/// The matrices on the last two axes of a tensor. LAPACK computes in double precision whatever the
/// tensor's, as NumPy does: a float32 matrix loses digits once, when its result is stored, and not
/// at each step of a decomposition. T below is double or std::complex<double>.
class MatrixStack {
 public:
  explicit MatrixStack(const tensor::Tensor& tensor);
  /// Leading axes broadcast to `batch`.
  MatrixStack(const tensor::Tensor& tensor, const tensor::Shape& batch);

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t count() const { return count_; }
  /// Where a matrix begins; of a broadcast batch several have the same address.
  const void* Address(int64_t index) const { return Matrix(index); }

  /// Copies one matrix to column-major memory, `rows` elements from column to column.
  template <class T>
  void Load(int64_t index, T* to) const;
  /// Copies a matrix from there, `leading` elements from column to column, and rounds its elements
  /// to the tensor's dtype.
  template <class T>
  void Store(int64_t index, const T* from, int64_t leading) const;

 private:
  char* Matrix(int64_t index) const;

  char* data_;
  int64_t item_bytes_;
  int64_t rows_;
  int64_t columns_;
  int64_t row_stride_;
  int64_t column_stride_;
  int64_t count_;
  tensor::Shape batch_;
  tensor::Shape batch_strides_;
};

/// The elements, without gaps, of a result that is no matrix: T as above, or its real part.
class ResultElements {
 public:
  explicit ResultElements(const tensor::Tensor& out)
      : data_(out.mutable_data()), item_bytes_(tensor::ItemSize(out.dtype())) {}

  /// Stores n of them from the element `first` on, rounded to the tensor's dtype.
  template <class T>
  void Store(int64_t first, const T* from, int64_t n) const {
    if (item_bytes_ == static_cast<int64_t>(sizeof(T))) {
      std::copy_n(from, n, static_cast<T*>(data_) + first);
      return;
    }
    auto* const to = static_cast<Single<T>*>(data_) + first;
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<Single<T>>(from[i]);
  }
  template <class T>
  void Store(int64_t at, T value) const {
    Store(at, &value, 1);
  }

 private:
  void* data_;
  int64_t item_bytes_;
};

/// Calls f(begin, end) for parts of [0, count) matrices, each of which takes about `work`
/// multiplications, on several threads where that pays. Scratch memory comes from the caller's pool
/// there too; OpenBLAS may be called.
void ForEachMatrix(int64_t count, double work,
                   base::FunctionView<void(int64_t begin, int64_t end)> f);

/// Throws LinAlgError: "function: why, found a float64 tensor of shape (3, 3)".
[[noreturn]] void ThrowLinAlg(const char* function, const char* why, const tensor::Tensor& found);
/// Throws UnsupportedError if a length of the matrices is above `most`.
void CheckMatrixLengths(const char* function, const tensor::Tensor& x, int64_t most);
/// The least and the largest of n > 0 numbers; NaN both if one is.
struct Extremes {
  double least, most;
};
Extremes ExtremesOf(const double* x, int64_t n);

/// Throws LinAlgError if an element of a matrix is infinite or NaN: LAPACK's iterations may never
/// end on those.
template <class T>
void CheckFinite(const char* function, const T* elements, int64_t size, const tensor::Tensor& x) {
  const auto* parts = reinterpret_cast<const double*>(elements);
  if (size == 0) return;
  const auto [least, most] = ExtremesOf(parts, size * (kIsComplex<T> ? 2 : 1));
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (least >= -kLargest && most <= kLargest) return;
  ThrowLinAlg(function, "expected finite elements, some are infinite or NaN", x);
}

/// Whether an element is NaN. LAPACK's kernels may lose one on the way (a comparison passes it over
/// as a pivot, a product with zero is left out), and its results then look like numbers.
template <class T>
bool HasNan(const T* elements, int64_t size) {
  const auto* parts = reinterpret_cast<const double*>(elements);
  if (size == 0) return false;
  const auto [least, most] = ExtremesOf(parts, size * (kIsComplex<T> ? 2 : 1));
  return most != most;
}
/// NaN, of complex numbers in both parts.
template <class T>
T NanOf() {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if constexpr (kIsComplex<T>) return T(kNan, kNan);
  return T(kNan);
}

/// Whether the (first) input has a floating-point dtype.
bool SupportsFloating(std::span<const tensor::DType> dtypes);

/// Calls f(TypeTag<T>{}) with what matrices of a floating-point dtype are computed in: double or
/// std::complex<double>.
template <class F>
void VisitFloating(tensor::DType dtype, F&& f) {
  if (tensor::IsComplex(dtype)) return f(tensor::TypeTag<std::complex<double>>{});
  f(tensor::TypeTag<double>{});
}

/// Work space of the best size, as LAPACK's query wrote it.
template <class T>
int32_t WorkLength(const T& answer) {
  double length = 0;
  if constexpr (kIsComplex<T>) {
    length = static_cast<double>(answer.real());
  } else {
    length = static_cast<double>(answer);
  }
  return static_cast<int32_t>(length < 2e9 ? length : 2e9) + 1;
}

}  // namespace emberharmony::backend::native
