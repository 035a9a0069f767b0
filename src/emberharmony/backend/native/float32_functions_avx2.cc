#include <immintrin.h>

#include "emberharmony/backend/native/float32_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Four floats, computed with as doubles.
struct WideVec {
  using Element = float;
  using Number = double;
  using Vec = __m256d;
  typedef uint64_t Int __attribute__((vector_size(32)));
  using Mask = __m256d;
  static constexpr int kLanes = 4;

  static Vec Set(double x) { return _mm256_set1_pd(x); }
  static Vec Load(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
  static void Store(float* p, Vec x) { _mm_storeu_ps(p, _mm256_cvtpd_ps(x)); }
  static void StoreNumbers(double* p, Vec x) { _mm256_storeu_pd(p, x); }
  static Vec LoadNumbers(const double* p) { return _mm256_loadu_pd(p); }
  static Vec Fma(Vec x, Vec y, Vec z) { return _mm256_fmadd_pd(x, y, z); }
  static Vec Abs(Vec x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
  static Vec LargerMagnitude(Vec x, Vec y) { return _mm256_max_pd(Abs(x), Abs(y)); }
  static Mask Less(Vec x, Vec y) { return _mm256_cmp_pd(x, y, _CMP_LT_OQ); }
  static Mask And(Mask x, Mask y) { return _mm256_and_pd(x, y); }
  static bool All(Mask mask) { return _mm256_movemask_pd(mask) == 15; }
  static Vec Select(Mask mask, Vec yes, Vec no) { return _mm256_blendv_pd(no, yes, mask); }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  /// Of integers with sign that are multiples of 2^52, by their upper halves.
  static Vec ExponentToNumber(Int x) {
    const __m256i halves = _mm256_permutevar8x32_epi32(__builtin_bit_cast(__m256i, x),
                                                       _mm256_setr_epi32(1, 3, 5, 7, 1, 3, 5, 7));
    return _mm256_cvtepi32_pd(_mm256_castsi256_si128(halves)) * 0x1p32;
  }
  /// By the lowest four bits of each index.
  static Vec Look(const double* table, Int index) {
    return _mm256_i64gather_pd(table, __builtin_bit_cast(__m256i, index & 15), 8);
  }
};

struct FloatVec {
  using Element = float;
  using Number = float;
  using Vec = __m256;
  typedef uint32_t Int __attribute__((vector_size(32)));
  typedef int32_t SignedInt __attribute__((vector_size(32)));
  using Mask = __m256;
  using Wide = WideVec;
  static constexpr int kLanes = 8;

  static Vec Set(float x) { return _mm256_set1_ps(x); }
  static Vec Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
  static Vec Fma(Vec x, Vec y, Vec z) { return _mm256_fmadd_ps(x, y, z); }
  static Vec Abs(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
  static Vec Sqrt(Vec x) { return _mm256_sqrt_ps(x); }
  static Vec LargerMagnitude(Vec x, Vec y) { return _mm256_max_ps(Abs(x), Abs(y)); }
  static Mask Less(Vec x, Vec y) { return _mm256_cmp_ps(x, y, _CMP_LT_OQ); }
  static Mask Equal(Vec x, Vec y) { return _mm256_cmp_ps(x, y, _CMP_EQ_OQ); }
  static Mask And(Mask x, Mask y) { return _mm256_and_ps(x, y); }
  static Mask Xor(Mask x, Mask y) { return _mm256_xor_ps(x, y); }
  static bool All(Mask mask) { return _mm256_movemask_ps(mask) == 0xff; }
  static bool AllNormalPositive(Vec x) {
    return All(And(_mm256_cmp_ps(x, Set(0x1p-126f), _CMP_GE_OQ), Less(x, Set(__builtin_inff()))));
  }
  static Vec NearOne(Vec x) {
    const Int bits = ToBits(x);
    return FromBits(bits - ((bits - 0x3f400000u) & 0xff800000u));
  }
  static Vec OrSign(Vec y, Vec x) {
    return _mm256_or_ps(y, _mm256_and_ps(x, _mm256_set1_ps(-0.0f)));
  }
  static Vec Select(Mask mask, Vec yes, Vec no) { return _mm256_blendv_ps(no, yes, mask); }
  static Vec SelectOrZero(Mask mask, Vec yes) { return _mm256_and_ps(mask, yes); }
  static Mask IsOdd(Int x) { return FromBits(x << 31); }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  static Vec ToFloat(SignedInt x) { return __builtin_convertvector(x, Vec); }
  static Int MaxWithZero(Int x) {
    return __builtin_bit_cast(
        Int, _mm256_max_epi32(__builtin_bit_cast(__m256i, x), _mm256_setzero_si256()));
  }
  /// By the lowest five bits of each index.
  static Vec Look(const float* table, Int index) {
    return _mm256_i32gather_ps(table, __builtin_bit_cast(__m256i, index & 31), 4);
  }
};

}  // namespace

namespace avx2 {

void AddFloat32Functions(KernelTable* table) { AddFloat32<FloatVec>(table); }

}  // namespace avx2
}  // namespace emberharmony::backend::native
