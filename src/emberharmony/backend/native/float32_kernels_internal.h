// The elementary functions of float32 that are our own; see loops_internal.h.
//
// Each step is an IEEE operation, a fused multiply-add that is written down as such, an operation
// on integers or a look into a table, so every instruction set gives the same bits.
//
// V is a register of floats with
//   Element, Number    float
//   Vec, Int, SignedInt, Mask    registers of floats, of integers without and with sign, and which
//                      lanes; Vec and Int have the operators of arithmetic
//   Set, Load, Store, Fma, Abs, Sqrt, ToBits, FromBits, ToFloat (of a SignedInt)
//   Less, Equal, And, Xor, All; Select(mask, yes, no), SelectOrZero; IsOdd (of an Int)
//   AllNormalPositive  whether all are normal and positive
//   NearOne            of a normal positive number times that power of two that brings it to [3/4,
//                      3/2); of others anything
//   OrSign(y, x)       y with its sign bit set if that of x is
//   LargerMagnitude    the larger magnitude; of NaN and a number either
//   MaxWithZero        of integers with sign
//   Look               picks from a table of 32 by the lowest bits of an index
//   Wide               the register type below.
// W is a register of floats that computes with doubles: Element is float, Number and Vec are
// double; Load and Store convert, LoadNumbers and StoreNumbers do not; Look picks from tables
// of 16.
#pragma once

#include "emberharmony/backend/native/float32_arcs_internal.h"
#include "emberharmony/backend/native/float32_division_internal.h"
#include "emberharmony/backend/native/float32_exponentials_internal.h"
#include "emberharmony/backend/native/float32_functions_internal.h"
#include "emberharmony/backend/native/float32_inverse_hyperbolics_internal.h"
#include "emberharmony/backend/native/float32_logarithms_internal.h"
#include "emberharmony/backend/native/float32_powers_internal.h"
#include "emberharmony/backend/native/float32_trigonometry_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class V>
void AddFloat32(KernelTable* table) {
  using W = typename V::Wide;
  const DType dtype = DType::kFloat32;
  table->Set(Op::kExpm1, dtype, &VectorUnaryMostlyUsual<V, FloatExpm1Of>);
  table->Set(Op::kSinh, dtype, &VectorUnaryMostlyUsual<V, FloatSinhOf>);
  table->Set(Op::kCosh, dtype, &VectorUnaryMostlyUsual<V, FloatCoshOf>);
  table->Set(Op::kTanh, dtype, &VectorUnary<V, FloatTanhOf>);
  table->Set(Op::kLog, dtype, &VectorUnary<V, FloatLogOf>);
  table->Set(Op::kLog2, dtype, &VectorUnary<V, FloatLog2Of>);
  table->Set(Op::kLog10, dtype, &VectorUnary<V, FloatLog10Of>);
  table->Set(Op::kLog1p, dtype, &VectorUnary<V, FloatLog1pOf>);
  table->Set(Op::kPow, dtype, &VectorBinary<V, FloatPowOf>);
  table->Set(Op::kLogAddExp, dtype, &VectorBinary<W, FloatLogAddExpOf>);
  table->Set(Op::kFloorDivide, dtype, &VectorBinary<W, FloatFloorDivideOf>);
  table->Set(Op::kRemainder, dtype, &VectorBinary<W, FloatRemainderOf>);
  table->Set(Op::kSin, dtype, &VectorUnaryMostlyUsual<W, FloatSinOf>);
  table->Set(Op::kCos, dtype, &VectorUnaryMostlyUsual<W, FloatCosOf>);
  table->Set(Op::kTan, dtype, &VectorUnaryMostlyUsual<V, FloatTanOf>);
  table->Set(Op::kAsin, dtype, &VectorUnary<V, FloatAsinOf>);
  table->Set(Op::kAcos, dtype, &VectorUnary<V, FloatAcosOf>);
  table->Set(Op::kAtan, dtype, &VectorUnary<V, FloatAtanOf>);
  table->Set(Op::kAtan2, dtype, &VectorBinary<V, FloatAtan2Of>);
  table->Set(Op::kAsinh, dtype, &VectorUnary<V, FloatAsinhOf>);
  table->Set(Op::kAcosh, dtype, &VectorUnary<V, FloatAcoshOf>);
  table->Set(Op::kAtanh, dtype, &VectorUnary<V, FloatAtanhOf>);
}

}  // namespace
}  // namespace emberharmony::backend::native
