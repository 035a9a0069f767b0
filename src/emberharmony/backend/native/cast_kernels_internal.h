// Bodies of the conversion kernels; see loops_internal.h.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// A bool's byte in memory; a type of its own, so that conversions to it can differ from those to
/// uint8.
struct BoolByte {
  uint8_t value;
};

template <class T>
constexpr bool kFloating = T(0.5) != T(0);

/// What integers of type To hold, as far as From (floating point) can write it.
template <class From, class To>
struct Range {
  static constexpr bool kSigned = To(-1) < To(0);
  static constexpr int kBits = sizeof(To) * 8 - (kSigned ? 1 : 0);
  static constexpr int kDigits = sizeof(From) == 8 ? 53 : 24;
  static constexpr From PowerOfTwo(int exponent) {
    From power = 1;
    for (int i = 0; i < exponent; ++i) power *= 2;
    return power;
  }
  static constexpr From kLow = kSigned ? -PowerOfTwo(kBits) : From(0);
  /// 2^kBits, the first number too large.
  static constexpr From kBeyond = PowerOfTwo(kBits);
  /// The largest number of type From that fits.
  static constexpr From kHigh =
      kBits <= kDigits ? kBeyond - 1 : kBeyond - PowerOfTwo(kBits - kDigits);
  static constexpr To kMax = static_cast<To>(~uint64_t{0} >> (64 - kBits));
};

template <class From, class To>
struct Cast {
  static To Do(From x) {
    if constexpr (kFloating<From> && !kFloating<To>) {
      // C++ leaves it undefined, and CPUs differ, where x does not fit: here it saturates, and NaN
      // gives 0.
      using R = Range<From, To>;
      From inside = x < R::kLow ? R::kLow : x;
      inside = inside > R::kHigh ? R::kHigh : inside;
      inside = inside == inside ? inside : From(0);
      const To value = static_cast<To>(inside);
      return x >= R::kBeyond ? R::kMax : value;
    } else {
      return static_cast<To>(x);
    }
  }
};
template <class From>
struct Cast<From, BoolByte> {
  static BoolByte Do(From x) { return {static_cast<uint8_t>(x != From(0))}; }
};
template <class To>
struct Cast<BoolByte, To> {
  static To Do(BoolByte x) { return static_cast<To>(x.value); }
};
template <>
struct Cast<BoolByte, BoolByte> {
  static BoolByte Do(BoolByte x) { return x; }
};

template <class T>
constexpr DType CastDType() {
  return DTypeOf<T>();
}
template <>
constexpr DType CastDType<BoolByte>() {
  return DType::kBool;
}

template <class From, class... Tos>
void AddCastsFrom(KernelTable* table, Types<Tos...>) {
  ((table->cast[static_cast<int>(CastDType<From>())][static_cast<int>(CastDType<Tos>())] =
        &UnaryLoop<Cast<From, Tos>, From, Tos>),
   ...);
}

template <class... Ts>
void AddCasts(KernelTable* table, Types<Ts...> types) {
  (AddCastsFrom<Ts>(table, types), ...);
}

using CastTypes = Types<BoolByte, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                        uint64_t, float, double>;

}  // namespace
}  // namespace emberharmony::backend::native
