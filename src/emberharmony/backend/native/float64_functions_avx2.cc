#include <sleef.h>

#define EMBER_VECTOR_BYTES 32
#include "emberharmony/backend/native/float64_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

Vec SleefTan(Vec x) { return (Vec)Sleef_finz_tand4_u10avx2((__m256d)x); }

Vec SleefAtan2(Vec y, Vec x) { return (Vec)Sleef_finz_atan2d4_u10avx2((__m256d)y, (__m256d)x); }
[[gnu::noinline]] Vec SafeLog1p(Vec x) {
  return V::Pick(V::Less(V::Set(1e300), x), (Vec)Sleef_finz_logd4_u10avx2((__m256d)x),
                 (Vec)Sleef_finz_log1pd4_u10avx2((__m256d)x));
}

}  // namespace
}  // namespace emberharmony::backend::native

#include "emberharmony/backend/native/float64_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {

void AddFloat64Functions(KernelTable* table) { AddFloat64(table); }

}  // namespace emberharmony::backend::native::avx2
