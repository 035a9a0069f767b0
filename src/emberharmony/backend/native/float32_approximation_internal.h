#pragma once

#include "emberharmony/backend/native/vector_loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// The polynomial in x with these coefficients, that of x^0 first.
template <class V, class... Rest>
[[gnu::always_inline]] inline typename V::Vec Polynomial(typename V::Vec x,
                                                         typename V::Number first, Rest... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return V::Set(first);
  } else {
    return V::Fma(Polynomial<V>(x, rest...), x, V::Set(first));
  }
}

/// The reciprocal of a positive normal number within an eighth.
template <class V>
[[gnu::always_inline]] inline typename V::Vec RoughReciprocal(typename V::Vec x) {
  return V::FromBits(0x7ef311c7 - V::ToBits(x));
}
/// Half of that.
template <class V>
[[gnu::always_inline]] inline typename V::Vec RoughHalfReciprocal(typename V::Vec x) {
  return V::FromBits(0x7e7311c7 - V::ToBits(x));
}

}  // namespace
}  // namespace emberharmony::backend::native
