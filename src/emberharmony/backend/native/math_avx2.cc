#include <immintrin.h>
#include <sleef.h>

#include "emberharmony/backend/native/math_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

struct VecF64 {
  using Element = double;
  using Vec = __m256d;
  static constexpr int kLanes = 4;
  static constexpr double kLog1pHuge = kLog1pHugeF64;
  static constexpr double kTanhTiny = kTanhTinyF64;
  static Vec Load(const double* p) { return _mm256_loadu_pd(p); }
  static void Store(double* p, Vec x) { _mm256_storeu_pd(p, x); }
  static Vec Abs(Vec x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
  static Vec Sqrt(Vec x) { return _mm256_sqrt_pd(x); }
  static Vec Above(Vec x, double bound) {
    return _mm256_cmp_pd(x, _mm256_set1_pd(bound), _CMP_GT_OQ);
  }
  static bool AnyAbove(Vec x, double bound) { return _mm256_movemask_pd(Above(x, bound)) != 0; }
  static Vec SelectAbove(Vec x, double bound, Vec above, Vec otherwise) {
    return _mm256_blendv_pd(otherwise, above, Above(x, bound));
  }
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powd4_u10avx2(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2d4_u10avx2(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotd4_u05avx2(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##d4_u10avx2(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

struct VecF32 {
  using Element = float;
  using Vec = __m256;
  static constexpr int kLanes = 8;
  static constexpr float kLog1pHuge = kLog1pHugeF32;
  static constexpr float kTanhTiny = kTanhTinyF32;
  static Vec Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
  static Vec Abs(Vec x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
  static Vec Sqrt(Vec x) { return _mm256_sqrt_ps(x); }
  static Vec Above(Vec x, float bound) {
    return _mm256_cmp_ps(x, _mm256_set1_ps(bound), _CMP_GT_OQ);
  }
  static bool AnyAbove(Vec x, float bound) { return _mm256_movemask_ps(Above(x, bound)) != 0; }
  static Vec SelectAbove(Vec x, float bound, Vec above, Vec otherwise) {
    return _mm256_blendv_ps(otherwise, above, Above(x, bound));
  }
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powf8_u10avx2(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2f8_u10avx2(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotf8_u05avx2(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##f8_u10avx2(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

}  // namespace

namespace avx2 {

void AddMathKernels(KernelTable* table) {
  AddMath<VecF64>(table);
  AddMath<VecF32>(table);
  AddFloat32Functions(table);
  AddFloat64Functions(table);
}

}  // namespace avx2
}  // namespace emberharmony::backend::native
