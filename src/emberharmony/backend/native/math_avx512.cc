#include <immintrin.h>
#include <sleef.h>

#include "emberharmony/backend/native/math_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

struct VecF64 {
  using Element = double;
  using Vec = __m512d;
  static constexpr int kLanes = 8;
  static constexpr double kLog1pHuge = kLog1pHugeF64;
  static constexpr bool kFusedMultiplyAdd = true;
  using Bits = __m512i;
  static Vec Set(double x) { return _mm512_set1_pd(x); }
  static Vec Fma(Vec x, Vec y, Vec z) { return _mm512_fmadd_pd(x, y, z); }
  static bool AllWithin(Vec x, double low, double high) {
    return (_mm512_cmp_pd_mask(x, Set(low), _CMP_GE_OQ) &
            _mm512_cmp_pd_mask(x, Set(high), _CMP_LE_OQ)) == 0xff;
  }
  static Bits ToBits(Vec x) { return _mm512_castpd_si512(x); }
  static Vec FromBits(Bits x) { return _mm512_castsi512_pd(x); }
  static Bits Add(Bits x, uint64_t y) {
    return _mm512_add_epi64(x, _mm512_set1_epi64(static_cast<int64_t>(y)));
  }
  static Bits Sub(Bits x, Bits y) { return _mm512_sub_epi64(x, y); }
  static Bits And(Bits x, uint64_t y) {
    return _mm512_and_si512(x, _mm512_set1_epi64(static_cast<int64_t>(y)));
  }
  static Bits Or(Bits x, uint64_t y) {
    return _mm512_or_si512(x, _mm512_set1_epi64(static_cast<int64_t>(y)));
  }
  // In their masked forms: the others make GCC warn of what it leaves undefined itself.
  template <int kBits>
  static Bits ShiftRight(Bits x) {
    return _mm512_maskz_srli_epi64(0xff, x, kBits);
  }
  static Vec PowerOfTwo(Vec rounded) {
    return FromBits(_mm512_maskz_slli_epi64(0xff, Add(ToBits(rounded), 1023), 52));
  }
  static Vec Look(const double* table, Bits index) {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), index, _mm512_load_pd(table + 8));
  }
  static constexpr double kTanhTiny = kTanhTinyF64;
  static Vec Load(const double* p) { return _mm512_loadu_pd(p); }
  static void Store(double* p, Vec x) { _mm512_storeu_pd(p, x); }
  static Vec Abs(Vec x) { return _mm512_abs_pd(x); }
  static Vec Sqrt(Vec x) { return _mm512_sqrt_pd(x); }
  static __mmask8 Above(Vec x, double bound) {
    return _mm512_cmp_pd_mask(x, _mm512_set1_pd(bound), _CMP_GT_OQ);
  }
  static bool AnyAbove(Vec x, double bound) { return Above(x, bound) != 0; }
  static Vec SelectAbove(Vec x, double bound, Vec above, Vec otherwise) {
    return _mm512_mask_blend_pd(Above(x, bound), otherwise, above);
  }
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powd8_u10avx512f(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2d8_u10avx512f(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotd8_u05avx512f(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##d8_u10avx512f(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

struct VecF32 {
  using Element = float;
  using Vec = __m512;
  static constexpr int kLanes = 16;
  static constexpr float kLog1pHuge = kLog1pHugeF32;
  static constexpr float kTanhTiny = kTanhTinyF32;
  static Vec Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
  static Vec Abs(Vec x) { return _mm512_abs_ps(x); }
  static Vec Sqrt(Vec x) { return _mm512_sqrt_ps(x); }
  static __mmask16 Above(Vec x, float bound) {
    return _mm512_cmp_ps_mask(x, _mm512_set1_ps(bound), _CMP_GT_OQ);
  }
  static bool AnyAbove(Vec x, float bound) { return Above(x, bound) != 0; }
  static Vec SelectAbove(Vec x, float bound, Vec above, Vec otherwise) {
    return _mm512_mask_blend_ps(Above(x, bound), otherwise, above);
  }
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powf16_u10avx512f(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2f16_u10avx512f(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotf16_u05avx512f(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##f16_u10avx512f(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

}  // namespace

namespace avx512 {

void AddMathKernels(KernelTable* table) {
  AddMath<VecF64>(table);
  AddMath<VecF32>(table);
}

}  // namespace avx512
}  // namespace emberharmony::backend::native
