#pragma once

#include <atomic>

#include "emberharmony/ops/elementwise.h"

/// Operators on tensors, the same as ops' functions. They stand in Tensor's namespace, where
/// argument-dependent look-up finds them. As in every array library, == and its kin compare element
/// by element.
namespace emberharmony::tensor {

#define EMBER_OPERATOR(op, function)                                                              \
  inline Tensor operator op(const Tensor& x1, const Tensor& x2) { return ops::function(x1, x2); } \
  template <class T, class = std::enable_if_t<ops::kIsNumber<T>>>                                 \
  Tensor operator op(const Tensor& x1, T x2) {                                                    \
    return ops::function(x1, x2);                                                                 \
  }                                                                                               \
  template <class T, class = std::enable_if_t<ops::kIsNumber<T>>>                                 \
  Tensor operator op(T x1, const Tensor& x2) {                                                    \
    return ops::function(x1, x2);                                                                 \
  }
EMBER_OPERATOR(+, add)
EMBER_OPERATOR(-, subtract)
EMBER_OPERATOR(*, multiply)
EMBER_OPERATOR(/, divide)
EMBER_OPERATOR(%, remainder)
EMBER_OPERATOR(==, equal)
EMBER_OPERATOR(!=, not_equal)
EMBER_OPERATOR(<, less)
EMBER_OPERATOR(<=, less_equal)
EMBER_OPERATOR(>, greater)
EMBER_OPERATOR(>=, greater_equal)
EMBER_OPERATOR(&, bitwise_and)
EMBER_OPERATOR(|, bitwise_or)
EMBER_OPERATOR(^, bitwise_xor)
EMBER_OPERATOR(<<, bitwise_left_shift)
EMBER_OPERATOR(>>, bitwise_right_shift)
#undef EMBER_OPERATOR

inline Tensor operator-(const Tensor& x) { return ops::negative(x); }
inline Tensor operator+(const Tensor& x) { return ops::positive(x); }
inline Tensor operator~(const Tensor& x) { return ops::bitwise_invert(x); }

namespace internal {
/// Whether other handles have a part in x's storage: copies, views, or whoever else owns it.
inline bool IsShared(const Tensor& x) {
  const bool shared = x.owner().use_count() > 1;
  // What another thread has read through a handle that is gone was read before we write.
  std::atomic_thread_fence(std::memory_order_acquire);
  return shared;
}

/// Where an assignment to x is to be computed: in its memory if x alone has it, else in new memory.
inline Tensor ForAssignment(const Tensor& x) {
  return x.writable() && IsShared(x) ? Tensor::Empty(x.shape(), x.dtype()) : x;
}
}  // namespace internal

// The shape and dtype stay, which the result must have (else ShapeError, DTypeError). Tensors are
// values: copies and views of x1 keep their elements, so where there are any, x1 gets memory of its
// own; where there are none, it keeps the memory that it has.
#define EMBER_ASSIGNMENT(op, function)                               \
  inline Tensor& operator op(Tensor & x1, const ops::Operand & x2) { \
    Tensor result = internal::ForAssignment(x1);                     \
    ops::function(x1, x2, {.out = &result});                         \
    return x1 = std::move(result);                                   \
  }
EMBER_ASSIGNMENT(+=, add)
EMBER_ASSIGNMENT(-=, subtract)
EMBER_ASSIGNMENT(*=, multiply)
EMBER_ASSIGNMENT(/=, divide)
EMBER_ASSIGNMENT(%=, remainder)
EMBER_ASSIGNMENT(&=, bitwise_and)
EMBER_ASSIGNMENT(|=, bitwise_or)
EMBER_ASSIGNMENT(^=, bitwise_xor)
EMBER_ASSIGNMENT(<<=, bitwise_left_shift)
EMBER_ASSIGNMENT(>>=, bitwise_right_shift)
#undef EMBER_ASSIGNMENT

}  // namespace emberharmony::tensor
