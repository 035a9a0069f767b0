#pragma once

#include "emberharmony/ops/operand.h"

/// Elementwise functions of the Array API standard 2025.12. Tensors broadcast against each other;
/// shapes that do not throw ShapeError. Dtypes are promoted (tensor::PromoteTypes); uint64 with a
/// signed integer throws DTypeError and asks for astype, since no dtype holds both. Either of two
/// operands may be a number (Scalar), complex ones included. Functions that the standard defines
/// for floating point only take integers and bools as float64. Nothing has
/// changed when a function throws. Results are new tensors from the thread's memory pool unless
/// Options::out says otherwise. All functions are thread-safe.
///
/// Native floating-point results are within 1.0 ulp of exact (sqrt and arithmetic: correctly
/// rounded) and have the same bits on every instruction set, at every position and length.
namespace emberharmony::ops {

// Arithmetic. Numeric dtypes; integers wrap around. Of bools the sum is "or", the product "and".
Tensor add(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor subtract(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor multiply(const Operand& x1, const Operand& x2, const Options& options = {});
/// x1 / x2.
Tensor divide(const Operand& x1, const Operand& x2, const Options& options = {});
/// The floor of x1 / x2; integers divided by zero give 0.
Tensor floor_divide(const Operand& x1, const Operand& x2, const Options& options = {});
/// The remainder with the sign of x2, as Python's %; of integers by zero 0.
Tensor remainder(const Operand& x1, const Operand& x2, const Options& options = {});
/// x1 to the power of x2. Throws std::invalid_argument for integers to a negative power, whose
/// result is no integer.
Tensor pow(const Operand& x1, const Operand& x2, const Options& options = {});
/// The smaller or larger one; NaN if either is NaN; x1 if they are equal.
Tensor minimum(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor maximum(const Operand& x1, const Operand& x2, const Options& options = {});
/// x limited to [min, max]; either bound may be left out ({}). The result has x's dtype, to which
/// the bounds must promote; but integers with bounds of floating point are limited as float64. NaN
/// in x or a bound gives NaN; where min > max the result is max.
Tensor clip(const Operand& x, const Operand& min = {}, const Operand& max = {},
            const Options& options = {});

Tensor positive(const Operand& x, const Options& options = {});
Tensor negative(const Operand& x, const Options& options = {});
Tensor abs(const Operand& x, const Options& options = {});
/// -1, 0 or 1; NaN of NaN.
Tensor sign(const Operand& x, const Options& options = {});
Tensor square(const Operand& x, const Options& options = {});
/// 1 / x.
Tensor reciprocal(const Operand& x, const Options& options = {});
/// The parts of complex numbers, in the real dtype of their precision; of real numbers themselves
/// and 0, in their dtype.
Tensor real(const Operand& x, const Options& options = {});
Tensor imag(const Operand& x, const Options& options = {});
/// With the imaginary part's sign changed.
Tensor conj(const Operand& x, const Options& options = {});

// Rounding. Integers are returned as they are.
Tensor floor(const Operand& x, const Options& options = {});
Tensor ceil(const Operand& x, const Options& options = {});
Tensor trunc(const Operand& x, const Options& options = {});
/// To the nearest integer, halves to even.
Tensor round(const Operand& x, const Options& options = {});
/// To the nearest multiple of 10^-decimals, halves to even; integers exactly, floating point by way
/// of x * 10^decimals. Throws DTypeError for bools.
Tensor round(const Operand& x, int decimals);

Tensor sqrt(const Operand& x, const Options& options = {});
Tensor exp(const Operand& x, const Options& options = {});
Tensor expm1(const Operand& x, const Options& options = {});
Tensor log(const Operand& x, const Options& options = {});
Tensor log1p(const Operand& x, const Options& options = {});
Tensor log2(const Operand& x, const Options& options = {});
Tensor log10(const Operand& x, const Options& options = {});
Tensor sin(const Operand& x, const Options& options = {});
Tensor cos(const Operand& x, const Options& options = {});
Tensor tan(const Operand& x, const Options& options = {});
Tensor tanh(const Operand& x, const Options& options = {});
Tensor sinh(const Operand& x, const Options& options = {});
Tensor cosh(const Operand& x, const Options& options = {});
Tensor asin(const Operand& x, const Options& options = {});
Tensor acos(const Operand& x, const Options& options = {});
Tensor atan(const Operand& x, const Options& options = {});
Tensor asinh(const Operand& x, const Options& options = {});
Tensor acosh(const Operand& x, const Options& options = {});
Tensor atanh(const Operand& x, const Options& options = {});

// Real-valued floating point only.
/// The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
Tensor erf(const Operand& x, const Options& options = {});
/// The angle of the point (x2, x1), in [-pi, pi].
Tensor atan2(const Operand& x1, const Operand& x2, const Options& options = {});
/// sqrt(x1^2 + x2^2) without overflow on the way.
Tensor hypot(const Operand& x1, const Operand& x2, const Options& options = {});
/// log(exp(x1) + exp(x2)) without overflow on the way.
Tensor logaddexp(const Operand& x1, const Operand& x2, const Options& options = {});
/// The magnitude of x1 with the sign of x2.
Tensor copysign(const Operand& x1, const Operand& x2, const Options& options = {});
/// The number next to x1 on the way to x2.
Tensor nextafter(const Operand& x1, const Operand& x2, const Options& options = {});
/// Whether the sign bit is set (of -0 and of negative NaN too); the result is bool.
Tensor signbit(const Operand& x, const Options& options = {});

// On the bits of integers and bools.
Tensor bitwise_and(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor bitwise_or(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor bitwise_xor(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor bitwise_invert(const Operand& x, const Options& options = {});
/// Integers only. A distance that is negative or not below the width shifts every bit out.
Tensor bitwise_left_shift(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor bitwise_right_shift(const Operand& x1, const Operand& x2, const Options& options = {});
/// The number of ones among an integer's bits (of its two's complement), in its dtype.
Tensor count_ones(const Operand& x, const Options& options = {});

// The result is bool.
Tensor isnan(const Operand& x, const Options& options = {});
Tensor isfinite(const Operand& x, const Options& options = {});
Tensor isinf(const Operand& x, const Options& options = {});
// Comparisons with a whole number beyond an integer dtype's range are exact. Complex numbers have
// no order: only equal and not_equal take them.
Tensor equal(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor not_equal(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor less(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor less_equal(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor greater(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor greater_equal(const Operand& x1, const Operand& x2, const Options& options = {});

// Of any dtype: all but zero is true. The result is bool.
Tensor logical_and(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor logical_or(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor logical_xor(const Operand& x1, const Operand& x2, const Options& options = {});
Tensor logical_not(const Operand& x, const Options& options = {});

/// x1 where `condition` (of any dtype: what is not zero) holds, else x2.
Tensor where(const Operand& condition, const Operand& x1, const Operand& x2,
             const Options& options = {});

/// x converted to `dtype`. From floating point to integers numbers are truncated; those that do not
/// fit give the nearest limit and NaN gives 0 (the standard leaves both open). Integers wrap
/// around. Complex numbers become true unless zero, or complex; anything else throws DTypeError
/// (take real, imag or abs). With `copy` false x itself is returned if it has the dtype already.
Tensor astype(const Tensor& x, DType dtype, bool copy = true, const Options& options = {});

}  // namespace emberharmony::ops
