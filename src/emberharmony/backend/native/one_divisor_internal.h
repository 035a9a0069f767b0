// Quotients, rounded down, and remainders of integers of 8 to 32 bits by one divisor, in registers
// of integers: products with a factor and a shift (Granlund and Montgomery, "Division by Invariant
// Integers using Multiplication", 1994). See loops_internal.h on linkage.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include "emberharmony/backend/native/floor_division_internal.h"

namespace emberharmony::backend::native {
namespace {

#if defined(__AVX512BW__)
constexpr int kWordRegisterBytes = 64;
#else
constexpr int kWordRegisterBytes = 32;
#endif

/// The integers in which T is divided: those of 8 bits in words of 16.
template <int kBytes>
struct DivisionWords {
  using Word = uint16_t;
  using Vec [[gnu::vector_size(kWordRegisterBytes)]] = uint16_t;
  using SignedVec [[gnu::vector_size(kWordRegisterBytes)]] = int16_t;
  /// The upper halves of products.
  [[gnu::always_inline]] static Vec HighProduct(Vec x, Vec y) {
#if defined(__AVX512BW__)
    return (Vec)_mm512_mulhi_epu16((__m512i)x, (__m512i)y);
#else
    return (Vec)_mm256_mulhi_epu16((__m256i)x, (__m256i)y);
#endif
  }
};
template <>
struct DivisionWords<4> {
  using Word = uint32_t;
  using Vec [[gnu::vector_size(kWordRegisterBytes)]] = uint32_t;
  using SignedVec [[gnu::vector_size(kWordRegisterBytes)]] = int32_t;
  /// y is the same in all lanes.
  [[gnu::always_inline]] static Vec HighProduct(Vec x, Vec y) {
#if defined(__AVX512BW__)
    const __m512i odd = _mm512_maskz_srli_epi64(0xff, (__m512i)x, 32);
    const __m512i low = _mm512_maskz_mul_epu32(0xff, (__m512i)x, (__m512i)y);
    const __m512i high = _mm512_maskz_mul_epu32(0xff, odd, (__m512i)y);
    return (Vec)_mm512_mask_blend_epi32(0xaaaa, _mm512_maskz_srli_epi64(0xff, low, 32), high);
#else
    const __m256i low = _mm256_mul_epu32((__m256i)x, (__m256i)y);
    const __m256i high = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)x, 32), (__m256i)y);
    return (Vec)_mm256_blend_epi32(_mm256_srli_epi64(low, 32), high, 0xaa);
#endif
  }
};

template <class T>
class OneNarrowDivisor {
 public:
  using Words = DivisionWords<sizeof(T)>;
  using Word = typename Words::Word;
  using Vec = typename Words::Vec;
  static constexpr int kLanes = kWordRegisterBytes / sizeof(T);
  using Elements [[gnu::vector_size(kWordRegisterBytes)]] = T;

  /// Not of zero.
  explicit OneNarrowDivisor(T y)
      : sign_(y < T(0) ? Word(-1) : Word(0)), divisor_(static_cast<Word>(y)) {
    const uint64_t size = static_cast<Word>(static_cast<Word>(divisor_ ^ sign_) - sign_);
    is_unit_ = size == 1;
    if (is_unit_) return;
    int bits = 1;  // of the least power of two that is not below the size
    while ((uint64_t{1} << bits) < size) ++bits;
    if constexpr (sizeof(T) == 1) {
      factor_ = static_cast<Word>((uint64_t{1} << kBits) / size + 1);
    } else if constexpr (kIsSigned<T>) {
      factor_ = static_cast<Word>((uint64_t{1} << (kBits - 1 + bits)) / size + 1);
      shift_ = bits - 1;
    } else {
      factor_ = static_cast<Word>((((uint64_t{1} << bits) - size) << kBits) / size + 1);
      shift_ = bits - 1;
    }
  }

  /// What is divided is 0 or positive, so that cutting off rounds down: x, or where the quotient is
  /// below 0, -1 - x of a positive divisor and x - 1 of a negative one. There the quotient's bits
  /// are turned.
  [[gnu::always_inline]] Elements Quotient(Elements elements) const {
    return OnWords(elements, [this](Vec x) { return QuotientOf(x); });
  }
  [[gnu::always_inline]] Elements Remainder(Elements elements) const {
    return OnWords(elements, [this](Vec x) { return x - QuotientOf(x) * divisor_; });
  }

 private:
  static constexpr int kBits = 8 * sizeof(Word);
  using SignedVec = typename Words::SignedVec;

  /// f of words: two of elements of 8 bits, the lower and the upper half of each word.
  template <class F>
  [[gnu::always_inline]] static Elements OnWords(Elements elements, F f) {
    const Vec x = (Vec)elements;
    if constexpr (sizeof(T) > 1) {
      return (Elements)f(x);
    } else if constexpr (kIsSigned<T>) {
      const Vec lower = (Vec)((SignedVec)(x << 8) >> 8), upper = (Vec)((SignedVec)x >> 8);
      return (Elements)((f(lower) & Word{0xff}) | (f(upper) << 8));
    } else {
      return (Elements)((f(x & Word{0xff}) & Word{0xff}) | (f(x >> 8) << 8));
    }
  }
  [[gnu::always_inline]] Vec QuotientOf(Vec x) const {
    const Vec turned_sign = x ^ sign_;
    const Vec times_sign = turned_sign - sign_;
    if (is_unit_) return times_sign;
    Vec turn = x ^ x;
    // The smallest number has no negative, and is then not to be turned.
    if constexpr (kIsSigned<T>) turn = (Vec)((SignedVec)(times_sign & turned_sign) >> (kBits - 1));
    const Vec dividend = times_sign ^ turn;
    Vec quotient = Words::HighProduct(dividend, (x ^ x) + factor_);
    // The factor of a dividend that uses all bits has one more, which is added here.
    if constexpr (!kIsSigned<T> && sizeof(T) > 1) quotient += (dividend - quotient) >> 1;
    if constexpr (sizeof(T) > 1) quotient >>= shift_;
    return quotient ^ turn;
  }

  Word sign_, divisor_;  // the sign: -1 or 0
  bool is_unit_;
  Word factor_ = 0;
  int shift_ = 0;
};

}  // namespace
}  // namespace emberharmony::backend::native

#endif
