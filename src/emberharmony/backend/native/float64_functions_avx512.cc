#include <sleef.h>

#define EMBER_VECTOR_BYTES 64
#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

Vec SleefTan(Vec x) {
  return {(Register::Vec)Sleef_finz_tand8_u10avx512f((__m512d)x.a),
          (Register::Vec)Sleef_finz_tand8_u10avx512f((__m512d)x.b)};
}

Vec SleefAtan2(Vec y, Vec x) {
  return {(Register::Vec)Sleef_finz_atan2d8_u10avx512f((__m512d)y.a, (__m512d)x.a),
          (Register::Vec)Sleef_finz_atan2d8_u10avx512f((__m512d)y.b, (__m512d)x.b)};
}
/// SLEEF's log1p overflows to infinity near the top of the range, where log1p(x) = log(x) to far
/// below an ulp.
Register::Vec SafeLog1pOf(__m512d x) {
  const __mmask8 huge = _mm512_cmp_pd_mask(x, _mm512_set1_pd(1e300), _CMP_GT_OQ);
  return (Register::Vec)_mm512_mask_blend_pd(huge, Sleef_finz_log1pd8_u10avx512f(x),
                                             Sleef_finz_logd8_u10avx512f(x));
}
[[gnu::noinline]] Vec SafeLog1p(Vec x) {
  return {SafeLog1pOf((__m512d)x.a), SafeLog1pOf((__m512d)x.b)};
}

}  // namespace
}  // namespace emberharmony::backend::native

#include "emberharmony/backend/native/float64_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddFloat64Functions(KernelTable* table) { AddFloat64(table); }

}  // namespace emberharmony::backend::native::avx512
