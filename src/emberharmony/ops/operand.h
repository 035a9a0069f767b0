#pragma once

#include <cstdint>
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

/// A number as an operand. It takes the dtype of the arrays it meets, as the standard says ("Mixing
/// arrays with Python scalars"): a bool meets bool arrays, an integer any numeric one, a
/// floating-point number floating-point ones.
class Scalar {
 public:
  enum class Kind : uint8_t { kBool, kInteger, kFloating };

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

  Kind kind() const { return kind_; }
  /// int64 (uint64 from 2^63 on), float64 or bool: its dtype where there is no array.
  DType default_dtype() const;
  /// Writes the number as one element of a dtype; throws DTypeError, beginning with `function`, if
  /// the number's kind or, for integers, its value does not fit.
  void Write(DType dtype, void* to, const char* function) const;
  /// "3", "0.5", "true".
  std::string ToString() const;

 private:
  Kind kind_;
  bool is_negative_ = false;
  union {
    uint64_t integer_;  // of a negative one: modulo 2^64
    double floating_;
  };
};

/// An argument of an elementwise function: a tensor, a number, or (default-constructed) nothing.
/// Refers to the tensor, so it only lives as long as the call.
class Operand {
 public:
  Operand() = default;
  Operand(const Tensor& tensor) : tensor_(&tensor) {}
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Operand(T value) : scalar_(value), has_scalar_(true) {}

  bool is_tensor() const { return tensor_ != nullptr; }
  bool is_none() const { return tensor_ == nullptr && !has_scalar_; }
  const Tensor& tensor() const { return *tensor_; }
  const Scalar& scalar() const { return scalar_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar scalar_{0};
  bool has_scalar_ = false;
};

/// What any elementwise function can be told.
struct Options {
  /// Where to put the result, which saves memory and page faults in chains: a writable tensor of
  /// the result's exact shape and dtype (else ShapeError, DTypeError), or an undefined one, which
  /// then becomes the result. May be an input.
  Tensor* out = nullptr;
};

}  // namespace emberharmony::ops
