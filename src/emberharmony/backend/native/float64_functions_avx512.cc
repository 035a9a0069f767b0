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

}  // namespace
}  // namespace emberharmony::backend::native

#include "emberharmony/backend/native/float64_kernels_internal.h"

namespace emberharmony::backend::native::avx512 {

void AddFloat64Functions(KernelTable* table) { AddFloat64(table); }

}  // namespace emberharmony::backend::native::avx512
