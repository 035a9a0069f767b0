#include <sleef.h>

#include "emberharmony/backend/native/math_kernels_internal.h"

// The library has these on every platform; its header shows them only to code compiled for fused
// multiply-add.
extern "C" {
double Sleef_finz_powd1_u10purecfma(double, double);
float Sleef_finz_powf1_u10purecfma(float, float);
double Sleef_finz_atan2d1_u10purecfma(double, double);
float Sleef_finz_atan2f1_u10purecfma(float, float);
double Sleef_finz_hypotd1_u05purecfma(double, double);
float Sleef_finz_hypotf1_u05purecfma(float, float);
#define EMBER_DECLARE(Name, name)                   \
  double Sleef_finz_##name##d1_u10purecfma(double); \
  float Sleef_finz_##name##f1_u10purecfma(float);
EMBER_SLEEF_UNARY(EMBER_DECLARE)
#undef EMBER_DECLARE
}

namespace emberharmony::backend::native {
namespace {

/// What both forms below share: a "vector" of one element.
template <class T>
struct ScalarVec {
  using Element = T;
  using Vec = T;
  static constexpr int kLanes = 1;
  static Vec Load(const T* p) { return *p; }
  static void Store(T* p, Vec x) { *p = x; }
  static bool AnyAbove(Vec x, T bound) { return x > bound; }
  static Vec SelectAbove(Vec x, T bound, Vec above, Vec otherwise) {
    return x > bound ? above : otherwise;
  }
  static Vec Abs(Vec x) {
    if constexpr (sizeof(T) == 8) return __builtin_fabs(x);
    return __builtin_fabsf(x);
  }
  static Vec Sqrt(Vec x) {
    if constexpr (sizeof(T) == 8) return __builtin_sqrt(x);
    return __builtin_sqrtf(x);
  }
};

struct VecF64 : ScalarVec<double> {
  static constexpr double kLog1pHuge = kLog1pHugeF64;
  static constexpr double kTanhTiny = kTanhTinyF64;
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powd1_u10purecfma(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2d1_u10purecfma(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotd1_u05purecfma(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##d1_u10purecfma(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

struct VecF32 : ScalarVec<float> {
  static constexpr float kLog1pHuge = kLog1pHugeF32;
  static constexpr float kTanhTiny = kTanhTinyF32;
  static Vec pow(Vec x, Vec y) { return Sleef_finz_powf1_u10purecfma(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_finz_atan2f1_u10purecfma(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_finz_hypotf1_u05purecfma(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_finz_##name##f1_u10purecfma(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

#if defined(__x86_64__)
// For x86 CPUs without fused multiply-add (before 2013), which cannot run the functions above: as
// accurate, but the last bit may differ. No CPU that runs the AVX2 or AVX-512 kernels comes here.
struct NoFmaF64 : ScalarVec<double> {
  static constexpr double kLog1pHuge = kLog1pHugeF64;
  static constexpr double kTanhTiny = kTanhTinyF64;
  static Vec pow(Vec x, Vec y) { return Sleef_cinz_powd1_u10purec(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_cinz_atan2d1_u10purec(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_cinz_hypotd1_u05purec(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_cinz_##name##d1_u10purec(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};

struct NoFmaF32 : ScalarVec<float> {
  static constexpr float kLog1pHuge = kLog1pHugeF32;
  static constexpr float kTanhTiny = kTanhTinyF32;
  static Vec pow(Vec x, Vec y) { return Sleef_cinz_powf1_u10purec(x, y); }
  static Vec atan2(Vec y, Vec x) { return Sleef_cinz_atan2f1_u10purec(y, x); }
  static Vec hypot(Vec x, Vec y) { return Sleef_cinz_hypotf1_u05purec(x, y); }
#define EMBER_SLEEF_FUNCTION(Name, name) \
  static Vec name(Vec x) { return Sleef_cinz_##name##f1_u10purec(x); }
  EMBER_SLEEF_UNARY(EMBER_SLEEF_FUNCTION)
#undef EMBER_SLEEF_FUNCTION
};
#endif

}  // namespace

namespace scalar {

void AddMathKernels(KernelTable* table) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) {
    AddMath<NoFmaF64>(table);
    AddMath<NoFmaF32>(table);
    return;
  }
#endif
  AddMath<VecF64>(table);
  AddMath<VecF32>(table);
  AddFloat32Functions(table);
  AddFloat64Functions(table);
}

}  // namespace scalar
}  // namespace emberharmony::backend::native
