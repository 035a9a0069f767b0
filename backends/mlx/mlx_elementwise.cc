// Elementwise operations. What is missing here computes otherwise than the library does;
// mlx_support.cc says how.
#include <mlx/dtype.h>
#include <mlx/ops.h>

#include <utility>

#include "backends/mlx/mlx_arrays.h"

namespace emberharmony::mlx_backend {
namespace {

using UnaryFunction = mx::array (*)(const mx::array&, mx::StreamOrDevice);
using BinaryFunction = mx::array (*)(const mx::array&, const mx::array&, mx::StreamOrDevice);

template <UnaryFunction kFunction>
mx::array Unary(const MlxCall& call) {
  return kFunction(call.in(), call.stream);
}

template <BinaryFunction kFunction>
mx::array Binary(const MlxCall& call) {
  return kFunction(call.in(0), call.in(1), call.stream);
}

mx::array Copy(const MlxCall& call) { return mx::copy(call.in(), call.stream); }
mx::array Astype(const MlxCall& call) {
  return mx::astype(call.in(), DTypeOf(call.out().type), call.stream);
}
mx::array Round(const MlxCall& call) { return mx::round(call.in(), 0, call.stream); }
mx::array Square(const MlxCall& call) { return mx::multiply(call.in(), call.in(), call.stream); }
mx::array LogicalXor(const MlxCall& call) {
  return mx::not_equal(call.in(0), call.in(1), call.stream);
}
mx::array Where(const MlxCall& call) {
  return mx::where(call.in(0), call.in(1), call.in(2), call.stream);
}
mx::array Clip(const MlxCall& call) {
  return mx::minimum(mx::maximum(call.in(0), call.in(1), call.stream), call.in(2), call.stream);
}
mx::array SignBit(const MlxCall& call) {
  // Also of zeros and NaN: the sign is the highest bit.
  const mx::Dtype bits = call.in().dtype() == mx::float64 ? mx::int64 : mx::int32;
  return mx::less(mx::view(call.in(), bits, call.stream), mx::array(0, bits), call.stream);
}
mx::array Real(const MlxCall& call) {
  return call.in().dtype() == mx::complex64 ? mx::real(call.in(), call.stream) : call.in();
}
mx::array Conj(const MlxCall& call) {
  return call.in().dtype() == mx::complex64 ? mx::conjugate(call.in(), call.stream) : call.in();
}

mx::array Sign(const MlxCall& call) {
  const mx::array sign = mx::sign(call.in(), call.stream);
  if (mx::issubdtype(sign.dtype(), mx::integer)) return sign;
  // MLX gives NaN the sign 0.
  return mx::where(mx::isnan(call.in(), call.stream), call.in(), sign, call.stream);
}

/// How far to shift, as an unsigned number: negative distances are large ones.
mx::array Distance(const MlxCall& call) {
  static const std::pair<mx::Dtype, mx::Dtype> kUnsignedOf[] = {{mx::int8, mx::uint8},
                                                                {mx::int16, mx::uint16},
                                                                {mx::int32, mx::uint32},
                                                                {mx::int64, mx::uint64}};
  for (const auto& [from, to] : kUnsignedOf) {
    if (call.in(1).dtype() == from) return mx::astype(call.in(1), to, call.stream);
  }
  return call.in(1);
}

/// The largest distance at which MLX shifts as the library does.
mx::array DistanceMax(const mx::array& distance) {
  return mx::array(static_cast<int>(8 * distance.itemsize() - 1), distance.dtype());
}

mx::array LeftShift(const MlxCall& call) {
  const mx::array distance = Distance(call);
  const mx::array shifted = mx::left_shift(call.in(0), call.in(1), call.stream);
  return mx::where(mx::less_equal(distance, DistanceMax(distance), call.stream), shifted,
                   mx::array(0, shifted.dtype()), call.stream);
}

mx::array RightShift(const MlxCall& call) {
  // Of negative numbers all bits are the sign in the end.
  const mx::array distance = Distance(call);
  const mx::array shifted =
      mx::right_shift(call.in(0),
                      mx::astype(mx::minimum(distance, DistanceMax(distance), call.stream),
                                 call.in(0).dtype(), call.stream),
                      call.stream);
  if (mx::issubdtype(shifted.dtype(), mx::signedinteger)) return shifted;
  return mx::where(mx::less_equal(distance, DistanceMax(distance), call.stream), shifted,
                   mx::array(0, shifted.dtype()), call.stream);
}

constexpr const char* kComplexProducts =
    "MLX's complex products and quotients differ among infinities and zeros";
constexpr const char* kExponentials =
    "MLX computes float64 with float32's digits, and no small "
    "float32 numbers";
constexpr const char* kWaves = "MLX's sines lose digits, and the sign of zero";
constexpr const char* kComplexZeros = "MLX's complex zeros and infinities have other signs";

constexpr MlxOp kOps[] = {
    {EMBER_OP_kCopy, kAllDTypes, &Copy},
    {EMBER_OP_kAstype, kAllDTypes, &Astype},
    {EMBER_OP_kAdd, kReals | kComplexes, &Binary<&mx::add>},
    {EMBER_OP_kSubtract, kReals | kComplexes, &Binary<&mx::subtract>},
    {EMBER_OP_kMultiply, kReals, &Binary<&mx::multiply>, kComplexProducts},
    {EMBER_OP_kDivide, kFloats, &Binary<&mx::divide>, kComplexProducts},
    {EMBER_OP_kPow, kFloats, &Binary<&mx::power>},
    {EMBER_OP_kMinimum, kReals | kBools, &Binary<&mx::minimum>},
    {EMBER_OP_kMaximum, kReals | kBools, &Binary<&mx::maximum>},
    {EMBER_OP_kNegative, kReals | kComplexes, &Unary<&mx::negative>},
    {EMBER_OP_kAbs, kReals | kComplexes, &Unary<&mx::abs>},
    {EMBER_OP_kSign, kReals, &Sign, "MLX's sign of complex infinities is NaN"},
    {EMBER_OP_kSquare, kReals, &Square, kComplexProducts},
    {EMBER_OP_kSqrt, kFloats | kComplexes, &Unary<&mx::sqrt>},
    {EMBER_OP_kFloor, kReals, &Unary<&mx::floor>},
    {EMBER_OP_kCeil, kReals, &Unary<&mx::ceil>},
    {EMBER_OP_kTrunc, kReals, &Unary<&mx::trunc>},
    {EMBER_OP_kRound, kReals | kComplexes, &Round},
    {EMBER_OP_kExp, kComplexes, &Unary<&mx::exp>, kExponentials},
    {EMBER_OP_kExpm1, kFloats, &Unary<&mx::expm1>, "MLX has it of real numbers only"},
    {EMBER_OP_kLog, kFloats | kComplexes, &Unary<&mx::log>},
    {EMBER_OP_kLog1p, kFloats, &Unary<&mx::log1p>,
     "MLX's complex log1p loses digits where the result is near 0"},
    {EMBER_OP_kLog2, kFloats | kComplexes, &Unary<&mx::log2>},
    {EMBER_OP_kLog10, kFloats | kComplexes, &Unary<&mx::log10>},
    {EMBER_OP_kSin, kComplexes, &Unary<&mx::sin>, kWaves},
    {EMBER_OP_kCos, kComplexes, &Unary<&mx::cos>, kWaves},
    {EMBER_OP_kTan, kFloats, &Unary<&mx::tan>, kComplexZeros},
    {EMBER_OP_kTanh, kFloats, &Unary<&mx::tanh>, kComplexZeros},
    {EMBER_OP_kIsNan, kAllDTypes, &Unary<&mx::isnan>},
    {EMBER_OP_kIsFinite, kAllDTypes, &Unary<&mx::isfinite>},
    {EMBER_OP_kIsInf, kAllDTypes, &Unary<&mx::isinf>},
    {EMBER_OP_kEqual, kAllDTypes, &Binary<&mx::equal>},
    {EMBER_OP_kNotEqual, kAllDTypes, &Binary<&mx::not_equal>},
    {EMBER_OP_kLess, kReals | kBools, &Binary<&mx::less>},
    {EMBER_OP_kLessEqual, kReals | kBools, &Binary<&mx::less_equal>},
    {EMBER_OP_kGreater, kReals | kBools, &Binary<&mx::greater>},
    {EMBER_OP_kGreaterEqual, kReals | kBools, &Binary<&mx::greater_equal>},
    {EMBER_OP_kLogicalAnd, kBools, &Binary<&mx::logical_and>},
    {EMBER_OP_kLogicalOr, kBools, &Binary<&mx::logical_or>},
    {EMBER_OP_kLogicalXor, kBools, &LogicalXor},
    {EMBER_OP_kLogicalNot, kBools, &Unary<&mx::logical_not>},
    {EMBER_OP_kWhere, kAllDTypes, &Where},
    {EMBER_OP_kClip, kReals | kBools, &Clip},
    {EMBER_OP_kAcos, kFloats, &Unary<&mx::arccos>},
    {EMBER_OP_kAcosh, kFloats, &Unary<&mx::arccosh>},
    {EMBER_OP_kAsin, kFloats, &Unary<&mx::arcsin>},
    {EMBER_OP_kAsinh, kFloats, &Unary<&mx::arcsinh>},
    {EMBER_OP_kAtan, kFloats, &Unary<&mx::arctan>},
    {EMBER_OP_kAtanh, kFloats, &Unary<&mx::arctanh>},
    {EMBER_OP_kSinh, kFloats, &Unary<&mx::sinh>},
    {EMBER_OP_kCosh, kFloats, &Unary<&mx::cosh>},
    {EMBER_OP_kReciprocal, kFloats, &Unary<&mx::reciprocal>, kComplexProducts},
    {EMBER_OP_kAtan2, kFloats, &Binary<&mx::arctan2>},
    {EMBER_OP_kSignBit, kFloats, &SignBit},
    {EMBER_OP_kReal, kReals | kComplexes, &Real},
    {EMBER_OP_kImag, kComplexes, &Unary<&mx::imag>},
    {EMBER_OP_kConj, kReals | kComplexes, &Conj},
    {EMBER_OP_kBitwiseAnd, kInts | kBools, &Binary<&mx::bitwise_and>},
    {EMBER_OP_kBitwiseOr, kInts | kBools, &Binary<&mx::bitwise_or>},
    {EMBER_OP_kBitwiseXor, kInts | kBools, &Binary<&mx::bitwise_xor>},
    {EMBER_OP_kBitwiseInvert, kInts, &Unary<&mx::bitwise_invert>},
    {EMBER_OP_kBitwiseLeftShift, kInts, &LeftShift},
    {EMBER_OP_kBitwiseRightShift, kInts, &RightShift},
};

}  // namespace

std::span<const MlxOp> ElementwiseOps() { return kOps; }

}  // namespace emberharmony::mlx_backend
