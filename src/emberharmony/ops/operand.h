#pragma once

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

using tensor::Device;
using tensor::DType;
using tensor::DTypeError;
using tensor::IndexError;
using tensor::LinAlgError;
using tensor::OutOfMemoryError;
using tensor::Shape;
using tensor::ShapeError;
using tensor::Tensor;
using tensor::UnsupportedError;

/// Whether T is a C++ type of numbers that may be an operand: arithmetic or std::complex.
template <class T>
inline constexpr bool kIsNumber = std::is_arithmetic_v<T>;
template <class T>
inline constexpr bool kIsNumber<std::complex<T>> = true;

/// A number as an operand. It takes the dtype of the arrays it meets where their kind can hold its
/// kind (a bool anything, an integer all but bool, a floating-point number floating point, a
/// complex one complex), as the standard says ("Mixing arrays with Python scalars"). Beyond that:
/// an integer makes bool arrays int64, a floating-point number bool and integer arrays float64, and
/// a complex number real floating-point arrays complex of the same precision, bool and integer
/// arrays complex128.
class Scalar {
 public:
  enum class Kind : uint8_t { kBool, kInteger, kFloating, kComplex };

  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Scalar(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      kind_ = Kind::kBool;
      integer_ = value;
    } else if constexpr (std::is_integral_v<T>) {
      kind_ = Kind::kInteger;
      is_negative_ = value < T(0);
      integer_ = static_cast<uint64_t>(value);
    } else {
      kind_ = Kind::kFloating;
      floating_ = static_cast<double>(value);
    }
  }
  template <class T>
  Scalar(std::complex<T> value)
      : kind_(Kind::kComplex),
        floating_(static_cast<double>(value.real())),
        imaginary_(static_cast<double>(value.imag())) {}

  Kind kind() const { return kind_; }
  /// bool, int64 (uint64 from 2^63 on), float64 or complex128: its dtype where there is no array.
  DType default_dtype() const;
  /// The dtype that arrays of this one and the number promote to.
  DType PromotedWith(DType dtype) const;
  /// Writes the number as one element of a dtype; throws DTypeError, beginning with `function`, if
  /// the dtype's kind cannot hold the number's, or an integer does not fit.
  void Write(DType dtype, void* to, const char* function) const;
  /// Whether dtypes of integers hold this integer, and those of other kinds its kind.
  bool Fits(DType dtype) const;
  /// The number, integers rounded to the nearest double.
  std::complex<double> value() const;
  /// "3", "0.5", "true", "(1+2j)".
  std::string ToString() const;

 private:
  Kind kind_;
  bool is_negative_ = false;
  union {
    uint64_t integer_;  // of a negative one: modulo 2^64
    double floating_;   // of a complex one: its real part
  };
  double imaginary_ = 0;
};

/// An argument of an elementwise function: a tensor, a number, or (default-constructed) nothing.
/// Refers to the tensor, so it only lives as long as the call.
class Operand {
 public:
  Operand() = default;
  Operand(const Tensor& tensor) : tensor_(&tensor) {}
  Operand(const Scalar& scalar) : scalar_(scalar), has_scalar_(true) {}
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Operand(T value) : scalar_(value), has_scalar_(true) {}
  template <class T>
  Operand(std::complex<T> value) : scalar_(value), has_scalar_(true) {}

  bool is_tensor() const { return tensor_ != nullptr; }
  bool is_none() const { return tensor_ == nullptr && !has_scalar_; }
  const Tensor& tensor() const { return *tensor_; }
  const Scalar& scalar() const { return scalar_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar scalar_{false};
  bool has_scalar_ = false;
};

/// The dtype that the operands promote to, none of them absent: the tensors' by PromoteTypes, then
/// the numbers with that; of numbers alone their default_dtype(). Throws DTypeError, beginning with
/// `function`, where there is none.
DType PromotedDType(const char* function, std::span<const Operand* const> operands);
/// The same of any operands (the standard's result_type).
DType result_type(std::initializer_list<Operand> operands);

/// What any elementwise function can be told.
struct Options {
  /// Where to put the result, which saves memory and page faults in chains: a writable tensor of
  /// the result's exact shape and dtype (else ShapeError, DTypeError), or an undefined one, which
  /// then becomes the result. May be an input.
  Tensor* out = nullptr;
};

}  // namespace emberharmony::ops
