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
  AddFloat32Functions(table);
  AddFloat64Functions(table);
}

}  // namespace avx512
}  // namespace emberharmony::backend::native
