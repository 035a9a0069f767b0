#define EMBER_VECTOR_BYTES 8
#include "emberharmony/backend/native/float64_vectors_internal.h"

// SLEEF's header shows them only to code compiled for fused multiply-add.
extern "C" {
double Sleef_finz_tand1_u10purecfma(double);
double Sleef_finz_atan2d1_u10purecfma(double, double);
double Sleef_finz_log1pd1_u10purecfma(double);
double Sleef_finz_logd1_u10purecfma(double);
}

namespace emberharmony::backend::native {
namespace {

Vec SleefTan(Vec x) { return Sleef_finz_tand1_u10purecfma(x); }

Vec SleefAtan2(Vec y, Vec x) { return Sleef_finz_atan2d1_u10purecfma(y, x); }
[[gnu::noinline]] Vec SafeLog1p(Vec x) {
  return x > 1e300 ? Sleef_finz_logd1_u10purecfma(x) : Sleef_finz_log1pd1_u10purecfma(x);
}

}  // namespace
}  // namespace emberharmony::backend::native

#include "emberharmony/backend/native/float64_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddFloat64Functions(KernelTable* table) { AddFloat64(table); }

}  // namespace emberharmony::backend::native::scalar
