#include "emberharmony/backend/native/float32_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

/// A "register" of one float, computed with as a double.
struct WideVec {
  using Element = float;
  using Number = double;
  using Vec = double;
  using Int = uint64_t;
  using Mask = bool;
  static constexpr int kLanes = 1;

  static Vec Set(double x) { return x; }
  static Vec Load(const float* p) { return *p; }
  static void Store(float* p, Vec x) { *p = static_cast<float>(x); }
  static void StoreNumbers(double* p, Vec x) { *p = x; }
  static Vec LoadNumbers(const double* p) { return *p; }
  static Vec Fma(Vec x, Vec y, Vec z) { return __builtin_fma(x, y, z); }
  static Vec Abs(Vec x) { return __builtin_fabs(x); }
  static Vec LargerMagnitude(Vec x, Vec y) { return Abs(x) > Abs(y) ? Abs(x) : Abs(y); }
  static Mask Less(Vec x, Vec y) { return x < y; }
  static Mask And(Mask x, Mask y) { return x && y; }
  static bool All(Mask mask) { return mask; }
  static Vec Select(Mask mask, Vec yes, Vec no) { return mask ? yes : no; }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  static Vec ExponentToNumber(Int x) { return static_cast<double>(static_cast<int64_t>(x)); }
  static Vec Look(const double* table, Int index) { return table[index & 15]; }
};

/// A "register" of one float.
struct FloatVec {
  using Element = float;
  using Number = float;
  using Vec = float;
  using Int = uint32_t;
  using SignedInt = int32_t;
  using Mask = bool;
  using Wide = WideVec;
  static constexpr int kLanes = 1;

  static Vec Set(float x) { return x; }
  static Vec Load(const float* p) { return *p; }
  static void Store(float* p, Vec x) { *p = x; }
  static Vec Fma(Vec x, Vec y, Vec z) { return __builtin_fmaf(x, y, z); }
  static Vec Abs(Vec x) { return __builtin_fabsf(x); }
  static Vec Sqrt(Vec x) { return __builtin_sqrtf(x); }
  static Vec LargerMagnitude(Vec x, Vec y) { return Abs(x) > Abs(y) ? Abs(x) : Abs(y); }
  static Mask Less(Vec x, Vec y) { return x < y; }
  static Mask Equal(Vec x, Vec y) { return x == y; }
  static Mask And(Mask x, Mask y) { return x && y; }
  static Mask Xor(Mask x, Mask y) { return x != y; }
  static bool All(Mask mask) { return mask; }
  static bool AllNormalPositive(Vec x) { return x >= 0x1p-126f && x < __builtin_inff(); }
  static Vec NearOne(Vec x) {
    const Int bits = ToBits(x);
    return FromBits(bits - ((bits - 0x3f400000u) & 0xff800000u));
  }
  static Vec OrSign(Vec y, Vec x) { return FromBits(ToBits(y) | (ToBits(x) & 0x80000000u)); }
  static Vec Select(Mask mask, Vec yes, Vec no) { return mask ? yes : no; }
  static Vec SelectOrZero(Mask mask, Vec yes) { return mask ? yes : 0.0f; }
  static Mask IsOdd(Int x) { return (x & 1) != 0; }
  static Int ToBits(Vec x) { return __builtin_bit_cast(Int, x); }
  static Vec FromBits(Int x) { return __builtin_bit_cast(Vec, x); }
  static Vec ToFloat(SignedInt x) { return static_cast<float>(x); }
  static Int MaxWithZero(Int x) { return static_cast<int32_t>(x) > 0 ? x : 0; }
  static Vec Look(const float* table, Int index) { return table[index & 31]; }
};

}  // namespace

namespace scalar {

void AddFloat32Functions(KernelTable* table) { AddFloat32<FloatVec>(table); }

}  // namespace scalar
}  // namespace emberharmony::backend::native
