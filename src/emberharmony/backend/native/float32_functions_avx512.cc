#include <immintrin.h>

#include "emberharmony/backend/native/float32_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Of vrange: the larger of two magnitudes.
constexpr int kLargerMagnitude = 0b1011;

/// Eight floats, computed with as doubles.
struct WideVec {
  using Element = float;
  using Number = double;
  using Vec = __m512d;
  typedef uint64_t Int __attribute__((vector_size(64)));
  using Mask = __mmask8;
  static constexpr int kLanes = 8;

  static Vec Set(double x) { return _mm512_set1_pd(x); }
  static Vec Load(const float* p) { return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p)); }
  static void Store(float* p, Vec x) { _mm256_storeu_ps(p, _mm512_maskz_cvtpd_ps(0xff, x)); }
  static void StoreNumbers(double* p, Vec x) { _mm512_storeu_pd(p, x); }
  static Vec LoadNumbers(const double* p) { return _mm512_loadu_pd(p); }
  static Vec Fma(Vec x, Vec y, Vec z) { return _mm512_fmadd_pd(x, y, z); }
  static Vec Abs(Vec x) { return _mm512_abs_pd(x); }
  static Vec LargerMagnitude(Vec x, Vec y) {
    return _mm512_maskz_range_pd(0xff, x, y, kLargerMagnitude);
  }
  static Mask Less(Vec x, Vec y) { return _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ); }
  static Mask And(Mask x, Mask y) { return x & y; }
  static bool All(Mask mask) { return mask == 0xff; }
  static Vec Select(Mask mask, Vec yes, Vec no) { return _mm512_mask_blend_pd(mask, no, yes); }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  /// Of integers with sign that are multiples of 2^52.
  static Vec ExponentToNumber(Int x) {
    return _mm512_maskz_cvtepi64_pd(0xff, __builtin_bit_cast(__m512i, x));
  }
  /// By the lowest four bits of each index.
  static Vec Look(const double* table, Int index) {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), __builtin_bit_cast(__m512i, index),
                                  _mm512_load_pd(table + 8));
  }
};

struct FloatVec {
  using Element = float;
  using Number = float;
  using Vec = __m512;
  typedef uint32_t Int __attribute__((vector_size(64)));
  typedef int32_t SignedInt __attribute__((vector_size(64)));
  using Mask = __mmask16;
  using Wide = WideVec;
  static constexpr int kLanes = 16;

  static Vec Set(float x) { return _mm512_set1_ps(x); }
  static Vec Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
  static Vec Fma(Vec x, Vec y, Vec z) { return _mm512_fmadd_ps(x, y, z); }
  static Vec Abs(Vec x) { return _mm512_abs_ps(x); }
  static Vec Sqrt(Vec x) { return _mm512_maskz_sqrt_ps(0xffff, x); }
  static Vec LargerMagnitude(Vec x, Vec y) {
    return _mm512_maskz_range_ps(0xffff, x, y, kLargerMagnitude);
  }
  static Mask Less(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
  static Mask Equal(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
  static Mask And(Mask x, Mask y) { return x & y; }
  static Mask Xor(Mask x, Mask y) { return x ^ y; }
  static bool All(Mask mask) { return mask == 0xffff; }
  static bool AllNormalPositive(Vec x) {
    constexpr int kAllOtherClasses = 0xff;
    return _mm512_fpclass_ps_mask(x, kAllOtherClasses) == 0;
  }
  static Vec NearOne(Vec x) {
    return _mm512_maskz_getmant_ps(0xffff, x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
  }
  static Vec OrSign(Vec y, Vec x) {
    // y | (x & the sign bit)
    return __builtin_bit_cast(Vec, _mm512_ternarylogic_epi32(__builtin_bit_cast(__m512i, y),
                                                             __builtin_bit_cast(__m512i, x),
                                                             _mm512_set1_epi32(INT32_MIN), 0xf8));
  }
  static Vec Select(Mask mask, Vec yes, Vec no) { return _mm512_mask_blend_ps(mask, no, yes); }
  static Vec SelectOrZero(Mask mask, Vec yes) { return _mm512_maskz_mov_ps(mask, yes); }
  static Mask IsOdd(Int x) {
    return _mm512_test_epi32_mask(__builtin_bit_cast(__m512i, x), _mm512_set1_epi32(1));
  }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  static Vec ToFloat(SignedInt x) { return __builtin_convertvector(x, Vec); }
  static Int MaxWithZero(Int x) {
    return __builtin_bit_cast(Int, _mm512_maskz_max_epi32(0xffff, __builtin_bit_cast(__m512i, x),
                                                          _mm512_setzero_si512()));
  }
  /// By the lowest five bits of each index.
  static Vec Look(const float* table, Int index) {
    return _mm512_permutex2var_ps(_mm512_load_ps(table), __builtin_bit_cast(__m512i, index),
                                  _mm512_load_ps(table + 16));
  }
};

}  // namespace

namespace avx512 {

void AddFloat32Functions(KernelTable* table) { AddFloat32<FloatVec>(table); }

}  // namespace avx512
}  // namespace emberharmony::backend::native
