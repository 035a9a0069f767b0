// Elementwise operations. Each writes into the given output (an _out variant), so nothing is
// allocated. What is missing here computes otherwise than the library does; torch_support.cc says
// how.
#include <ATen/ops/abs.h>
#include <ATen/ops/acos.h>
#include <ATen/ops/add.h>
#include <ATen/ops/asin.h>
#include <ATen/ops/asinh.h>
#include <ATen/ops/atan.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_left_shift.h>
#include <ATen/ops/bitwise_not.h>
#include <ATen/ops/bitwise_or.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/conj_physical.h>
#include <ATen/ops/copysign.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/le.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log10.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/log2.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/logical_xor.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/nextafter.h>
#include <ATen/ops/real.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/round.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/signbit.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tan.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/trunc.h>
#include <ATen/ops/where.h>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {
namespace {

using UnaryOut = at::Tensor& (*)(at::Tensor&, const at::Tensor&);
using BinaryOut = at::Tensor& (*)(at::Tensor&, const at::Tensor&, const at::Tensor&);

template <UnaryOut kFunction>
void Unary(const TorchCall& call) {
  kFunction(call.out(), call.in(0));
}

template <BinaryOut kFunction>
void Binary(const TorchCall& call) {
  kFunction(call.out(), call.in(0), call.in(1));
}

void Copy(const TorchCall& call) { call.out().copy_(call.in(0)); }
/// Part by part where the numbers are complex: PyTorch multiplies one side by a factor first, which
/// makes NaN of infinities.
void Add(const TorchCall& call) {
  if (!call.out().is_complex()) {
    at::add_out(call.out(), call.in(0), call.in(1));
    return;
  }
  at::Tensor out = PartsOf(call.out());
  at::add_out(out, PartsOf(call.in(0)), PartsOf(call.in(1)));
}
void Subtract(const TorchCall& call) {
  if (!call.out().is_complex()) {
    at::sub_out(call.out(), call.in(0), call.in(1));
    return;
  }
  at::Tensor out = PartsOf(call.out());
  at::sub_out(out, PartsOf(call.in(0)), PartsOf(call.in(1)));
}
/// A function of the parts of a complex number, each for itself.
template <UnaryOut kFunction>
void ByParts(const TorchCall& call) {
  if (!call.out().is_complex()) {
    kFunction(call.out(), call.in(0));
    return;
  }
  at::Tensor out = PartsOf(call.out());
  kFunction(out, PartsOf(call.in(0)));
}
/// Of booleans the smaller is both, and the larger either.
template <BinaryOut kFunction, BinaryOut kOfBools>
void Extreme(const TorchCall& call) {
  (call.out().scalar_type() == at::kBool ? kOfBools : kFunction)(call.out(), call.in(0),
                                                                 call.in(1));
}
/// PyTorch's sign of NaN is 0.
void Sign(const TorchCall& call) {
  if (!call.in(0).is_floating_point()) {
    at::sign_out(call.out(), call.in(0));
    return;
  }
  at::where_out(call.out(), at::isnan(call.in(0)), call.in(0), at::sign(call.in(0)));
}
/// PyTorch's logarithm of 1 + x is infinite where x is nearly as large as there is; there it is
/// that of x.
void Log1p(const TorchCall& call) {
  const at::Tensor& x = call.in(0);
  at::where_out(call.out(), at::gt(x, 0x1p60), at::log(x), at::log1p(x));
}
void Square(const TorchCall& call) { at::mul_out(call.out(), call.in(0), call.in(0)); }
void IsFinite(const TorchCall& call) { call.out().copy_(at::isfinite(call.in(0))); }
void Real(const TorchCall& call) {
  call.out().copy_(call.in(0).is_complex() ? at::real(call.in(0)) : call.in(0));
}
void Imag(const TorchCall& call) { call.out().copy_(at::imag(call.in(0))); }
void Clip(const TorchCall& call) {
  if (call.out().scalar_type() == at::kBool) {
    at::logical_and_out(call.out(), at::logical_or(call.in(0), call.in(1)), call.in(2));
    return;
  }
  at::clamp_out(call.out(), call.in(0), std::optional<at::Tensor>(call.in(1)),
                std::optional<at::Tensor>(call.in(2)));
}
void Where(const TorchCall& call) { at::where_out(call.out(), call.in(0), call.in(1), call.in(2)); }

constexpr DTypes kReals = kInts | kFloats;
constexpr DTypes kMost = kBools | kReals | kComplexes;
constexpr DTypes kAll = kMost | kWideUnsigned;
constexpr WideUnsigned kBits = WideUnsigned::kBits;
constexpr WideUnsigned kOrder = WideUnsigned::kOrder;
constexpr const char* kComplexProducts =
    "PyTorch's complex products make NaN of infinities in other cases";

constexpr TorchOp kOps[] = {
    {EMBER_OP_kCopy, kAll, &Copy},
    {EMBER_OP_kAstype, kAll, &Copy},
    {EMBER_OP_kAdd, kReals | kComplexes, &Add, nullptr, kBits},
    {EMBER_OP_kSubtract, kReals | kComplexes, &Subtract, nullptr, kBits},
    {EMBER_OP_kMultiply, kReals, &Binary<&at::mul_out>, kComplexProducts, kBits},
    {EMBER_OP_kDivide, kFloats, &Binary<&at::div_out>, kComplexProducts},
    {EMBER_OP_kMinimum, kReals | kBools, &Extreme<&at::minimum_out, &at::logical_and_out>, nullptr,
     kOrder},
    {EMBER_OP_kMaximum, kReals | kBools, &Extreme<&at::maximum_out, &at::logical_or_out>, nullptr,
     kOrder},
    {EMBER_OP_kNegative, kReals | kComplexes, &ByParts<&at::neg_out>, nullptr, kBits},
    {EMBER_OP_kAbs, kReals, &Unary<&at::abs_out>,
     "PyTorch's complex absolute values overflow early"},
    {EMBER_OP_kSign, kReals, &Sign},
    {EMBER_OP_kSquare, kReals, &Square, kComplexProducts, kBits},
    {EMBER_OP_kFloor, kReals, &Unary<&at::floor_out>, nullptr, kBits},
    {EMBER_OP_kCeil, kReals, &Unary<&at::ceil_out>, nullptr, kBits},
    {EMBER_OP_kTrunc, kReals, &Unary<&at::trunc_out>, nullptr, kBits},
    {EMBER_OP_kRound, kReals | kComplexes, &ByParts<&at::round_out>, nullptr, kBits},
    {EMBER_OP_kExp, kFloats, &Unary<&at::exp_out>},
    {EMBER_OP_kExpm1, kFloats, &Unary<&at::expm1_out>},
    {EMBER_OP_kLog, kFloats, &Unary<&at::log_out>},
    {EMBER_OP_kLog1p, kFloats, &Log1p},
    {EMBER_OP_kLog2, kFloats, &Unary<&at::log2_out>},
    {EMBER_OP_kLog10, kFloats, &Unary<&at::log10_out>},
    {EMBER_OP_kSin, kFloats, &Unary<&at::sin_out>},
    {EMBER_OP_kCos, kFloats, &Unary<&at::cos_out>},
    {EMBER_OP_kTan, kFloats, &Unary<&at::tan_out>},
    {EMBER_OP_kTanh, kFloats, &Unary<&at::tanh_out>},
    {EMBER_OP_kIsNan, kMost, &Unary<&at::isnan_out>, nullptr, kBits},
    {EMBER_OP_kIsFinite, kMost, &IsFinite, nullptr, kBits},
    {EMBER_OP_kIsInf, kMost, &Unary<&at::isinf_out>, nullptr, kBits},
    {EMBER_OP_kEqual, kMost, &Binary<&at::eq_out>, nullptr, kBits},
    {EMBER_OP_kNotEqual, kMost, &Binary<&at::ne_out>, nullptr, kBits},
    {EMBER_OP_kLess, kReals | kBools, &Binary<&at::lt_out>, nullptr, kOrder},
    {EMBER_OP_kLessEqual, kReals | kBools, &Binary<&at::le_out>, nullptr, kOrder},
    {EMBER_OP_kGreater, kReals | kBools, &Binary<&at::gt_out>, nullptr, kOrder},
    {EMBER_OP_kGreaterEqual, kReals | kBools, &Binary<&at::ge_out>, nullptr, kOrder},
    {EMBER_OP_kLogicalAnd, kBools, &Binary<&at::logical_and_out>},
    {EMBER_OP_kLogicalOr, kBools, &Binary<&at::logical_or_out>},
    {EMBER_OP_kLogicalXor, kBools, &Binary<&at::logical_xor_out>},
    {EMBER_OP_kLogicalNot, kBools, &Unary<&at::logical_not_out>},
    {EMBER_OP_kWhere, kMost, &Where, nullptr, kBits},
    {EMBER_OP_kClip, kReals | kBools, &Clip, nullptr, kOrder},
    {EMBER_OP_kAcos, kFloats, &Unary<&at::acos_out>},
    {EMBER_OP_kAsin, kFloats, &Unary<&at::asin_out>},
    {EMBER_OP_kAtan, kFloats, &Unary<&at::atan_out>},
    {EMBER_OP_kAsinh, kFloats, &Unary<&at::asinh_out>},
    {EMBER_OP_kReciprocal, kFloats, &Unary<&at::reciprocal_out>},
    {EMBER_OP_kCopySign, kFloats, &Binary<&at::copysign_out>},
    {EMBER_OP_kNextAfter, kFloats, &Binary<&at::nextafter_out>},
    {EMBER_OP_kSignBit, kFloats, &Unary<&at::signbit_out>},
    {EMBER_OP_kReal, kReals | kComplexes, &Real, nullptr, kBits},
    {EMBER_OP_kImag, kComplexes, &Imag},
    {EMBER_OP_kConj, kReals | kComplexes, &Unary<&at::conj_physical_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseAnd, kInts | kBools, &Binary<&at::bitwise_and_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseOr, kInts | kBools, &Binary<&at::bitwise_or_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseXor, kInts | kBools, &Binary<&at::bitwise_xor_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseInvert, kInts | kBools, &Unary<&at::bitwise_not_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseLeftShift, kInts, &Binary<&at::bitwise_left_shift_out>, nullptr, kBits},
    {EMBER_OP_kBitwiseRightShift, kInts, &Binary<&at::bitwise_right_shift_out>},
};

}  // namespace

std::span<const TorchOp> ElementwiseOps() { return kOps; }

}  // namespace emberharmony::torch_backend
