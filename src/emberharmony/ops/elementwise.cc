#include "emberharmony/ops/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>

#include "emberharmony/backend/elementwise_kernel.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

using backend::Op;

constexpr int kOperandsMax = 3;

const char* NameOf(Op op) { return backend::InfoOf(op).name.data(); }

void CheckOperand(Op op, const Operand& operand) {
  if (operand.is_none() || (operand.is_tensor() && !operand.tensor().defined())) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor or a number, found an undefined tensor", NameOf(op)));
  }
}

/// The dtype an operation computes operands in that promote to this one: functions of floating
/// point take integers and bools as float64, logical ones anything as bool.
DType ComputeDType(Op op, DType common) {
  switch (backend::InfoOf(op).inputs) {
    case backend::DTypeKind::kFloating:
    case backend::DTypeKind::kRealFloating:
      if (tensor::IsBool(common) || tensor::IsInteger(common)) common = DType::kFloat64;
      break;
    case backend::DTypeKind::kBoolean:
      return DType::kBool;
    default:
      break;
  }
  CheckKind(op, common);
  return common;
}

/// Operands made into tensors of one dtype, with the numbers' elements.
class Inputs {
 public:
  Inputs(Op op, std::span<const Operand* const> operands) : op_(op) {
    for (const Operand* operand : operands) CheckOperand(op, *operand);
  }

  void Add(const Operand& operand, DType dtype) {
    const int k = size_++;
    if (!operand.is_tensor()) {
      const Scalar& scalar = operand.scalar();
      // A bool is asked for by logical functions and where's condition: there a number is true
      // unless it is zero.
      const bool as_bool = tensor::IsBool(dtype) && scalar.kind() != Scalar::Kind::kBool;
      (as_bool ? Scalar(scalar.value() != 0.0) : scalar).Write(dtype, &elements_[k], NameOf(op_));
      pointers_[k] = &converted_[k].emplace(Tensor::Wrap(&elements_[k], Shape{}, dtype, nullptr));
    } else if (operand.tensor().dtype() != dtype) {
      pointers_[k] = &converted_[k].emplace(astype(operand.tensor(), dtype));
    } else {
      pointers_[k] = &operand.tensor();
    }
  }

  std::span<const Tensor* const> get() const { return {pointers_, static_cast<size_t>(size_)}; }

 private:
  Op op_;
  int size_ = 0;
  alignas(16) std::complex<double> elements_[kOperandsMax];  // as frameworks want them aligned
  std::optional<Tensor> converted_[kOperandsMax];
  const Tensor* pointers_[kOperandsMax];
};

Shape BroadcastShape(Op op, std::span<const Tensor* const> inputs) {
  Shape shape = inputs[0]->shape();
  for (const Tensor* input : inputs.subspan(1)) {
    if (tensor::BroadcastInto(&shape, input->shape())) continue;
    std::string shapes;
    for (const Tensor* each : inputs) {
      if (!shapes.empty()) shapes += each == inputs.back() ? " and " : ", ";
      shapes += each->shape().ToString();
    }
    throw ShapeError(fmt::format(
        "{}: shapes {} do not broadcast: aligned from the right, dimensions must be equal or 1",
        NameOf(op), shapes));
  }
  return shape;
}

Tensor Elementwise(Op op, std::span<const Operand* const> operands, const Options& options) {
  Inputs inputs(op, operands);
  const bool is_logical = backend::InfoOf(op).inputs == backend::DTypeKind::kBoolean;
  const DType dtype =
      is_logical ? DType::kBool : ComputeDType(op, PromotedDType(NameOf(op), operands));
  for (const Operand* operand : operands) inputs.Add(*operand, dtype);
  return RunElementwiseOp(op, inputs.get(), BroadcastShape(op, inputs.get()), options.out);
}

/// Elements up to which the short way pays: beyond, what it saves is small beside the computation.
constexpr int64_t kShortMax = 512;

using Kernel = backend::ElementwiseKernel;

/// The short way is for small contiguous tensors of one shape and dtype, and numbers that take that
/// dtype, computed natively into a new tensor: nothing is promoted, broadcast or shared out. The
/// kernel, or null where the operation has to go the long way.
Kernel ShortKernel(Op op, const Tensor& x, const Options& options) {
  if (options.out != nullptr || !x.is_contiguous() || x.size() > kShortMax || !x.defined() ||
      x.device() != tensor::kCpuDevice) {
    return nullptr;
  }
  return backend::CurrentElementwiseKernel(op, x.dtype());
}

bool TakesShortWay(const Scalar& scalar, DType dtype) {
  return scalar.PromotedWith(dtype) == dtype && scalar.Fits(dtype);
}

Kernel ShortKernel(Op op, const Operand& x1, const Operand& x2, const Options& options) {
  const Tensor* tensor = x1.is_tensor() ? &x1.tensor() : x2.is_tensor() ? &x2.tensor() : nullptr;
  if (tensor == nullptr) return nullptr;
  if (!x2.is_tensor()) {
    if (x2.is_none() || !TakesShortWay(x2.scalar(), tensor->dtype())) return nullptr;
  } else if (!x1.is_tensor()) {
    if (x1.is_none() || !TakesShortWay(x1.scalar(), tensor->dtype())) return nullptr;
  } else {
    const Tensor& other = x2.tensor();
    if (tensor->dtype() != other.dtype() || !other.is_contiguous() || !other.defined() ||
        other.device() != tensor::kCpuDevice || !(tensor->shape() == other.shape())) {
      return nullptr;
    }
  }
  return ShortKernel(op, *tensor, options);
}

DType ResultDTypeOf(Op op, DType dtype) {
  switch (backend::InfoOf(op).result) {
    case backend::ResultDType::kBool:
      return DType::kBool;
    case backend::ResultDType::kRealPart:
      return tensor::RealPartOf(dtype);
    default:
      return dtype;
  }
}

/// A number as n elements in a buffer of kShortMax.
struct alignas(64) Repeated {
  char bytes[kShortMax * sizeof(std::complex<double>)];

  const void* Fill(Op op, const Scalar& scalar, DType dtype, int64_t n) {
    scalar.Write(dtype, bytes, NameOf(op));
    switch (tensor::ItemSize(dtype)) {
      case 4:
        RepeatFirst<4>(n);
        break;
      case 8:
        RepeatFirst<8>(n);
        break;
      default:
        const int64_t item_bytes = tensor::ItemSize(dtype);
        for (int64_t i = item_bytes; i < n * item_bytes; ++i) bytes[i] = bytes[i - item_bytes];
    }
    return bytes;
  }

 private:
  /// Whole elements at a time.
  template <int kItemBytes>
  void RepeatFirst(int64_t n) {
    char first[kItemBytes];
    std::memcpy(first, bytes, kItemBytes);
    for (int64_t i = 1; i < n; ++i) std::memcpy(bytes + i * kItemBytes, first, kItemBytes);
  }
};

Tensor RunShort(Op op, Kernel kernel, const Tensor& x) {
  Tensor result = Tensor::Empty(x.shape(), ResultDTypeOf(op, x.dtype()));
  const void* inputs[] = {x.data()};
  kernel(inputs, result.mutable_data(), x.size());
  return result;
}

Tensor RunShort(Op op, Kernel kernel, const Operand& x1, const Operand& x2) {
  const Tensor& tensor = x1.is_tensor() ? x1.tensor() : x2.tensor();
  Tensor result = Tensor::Empty(tensor.shape(), ResultDTypeOf(op, tensor.dtype()));
  const int64_t n = tensor.size();
  if (x1.is_tensor() && x2.is_tensor()) {
    const void* inputs[] = {x1.tensor().data(), x2.tensor().data()};
    kernel(inputs, result.mutable_data(), n);
    return result;
  }
  Repeated repeated;
  const Scalar& scalar = x1.is_tensor() ? x2.scalar() : x1.scalar();
  const void* number = repeated.Fill(op, scalar, tensor.dtype(), n);
  const void* inputs[] = {x1.is_tensor() ? tensor.data() : number,
                          x1.is_tensor() ? number : tensor.data()};
  kernel(inputs, result.mutable_data(), n);
  return result;
}

Tensor UnaryLong(Op op, const Operand& x, const Options& options) {
  const Operand* operands[] = {&x};
  return Elementwise(op, operands, options);
}

Tensor BinaryLong(Op op, const Operand& x1, const Operand& x2, const Options& options) {
  const Operand* operands[] = {&x1, &x2};
  return Elementwise(op, operands, options);
}

Tensor Unary(Op op, const Operand& x, const Options& options) {
  const Kernel kernel = x.is_tensor() ? ShortKernel(op, x.tensor(), options) : nullptr;
  return kernel != nullptr ? RunShort(op, kernel, x.tensor()) : UnaryLong(op, x, options);
}

Tensor Binary(Op op, const Operand& x1, const Operand& x2, const Options& options) {
  const Kernel kernel = ShortKernel(op, x1, x2, options);
  return kernel != nullptr ? RunShort(op, kernel, x1, x2) : BinaryLong(op, x1, x2, options);
}

}  // namespace

namespace {

/// A comparison of an array of integers with an integer that its dtype cannot hold, whose result is
/// the same for all elements; absent if this is no such comparison.
std::optional<Tensor> CompareBeyond(Op op, const Operand& x1, const Operand& x2,
                                    const Options& options) {
  const bool number_first = !x1.is_tensor();
  const Operand& array = number_first ? x2 : x1;
  const Operand& number = number_first ? x1 : x2;
  if (number.is_tensor() || number.is_none() || !array.is_tensor()) return std::nullopt;
  const Scalar& scalar = number.scalar();
  const Tensor& tensor = array.tensor();
  if (scalar.kind() != Scalar::Kind::kInteger || !tensor.defined() ||
      !tensor::IsInteger(tensor.dtype()) || scalar.Fits(tensor.dtype())) {
    return std::nullopt;
  }
  const bool first_is_less = (scalar.value().real() > 0) != number_first;
  bool result = false;
  if (op == Op::kNotEqual) result = true;
  if (op == Op::kLess || op == Op::kLessEqual) result = first_is_less;
  if (op == Op::kGreater || op == Op::kGreaterEqual) result = !first_is_less;
  const Tensor single = Tensor::Scalar(result);
  const Tensor* inputs[] = {&single};
  return RunElementwiseOp(Op::kCopy, inputs, tensor.shape(), options.out);
}

bool IsTensorOf(const Operand& x, bool (*is_kind)(DType)) {
  return x.is_tensor() && x.tensor().defined() && is_kind(x.tensor().dtype());
}

bool IsUInt64(DType dtype) { return dtype == DType::kUInt64; }

/// A comparison of uint64 with signed integers, which no dtype holds both: negative ones are less,
/// the others are compared as uint64.
Tensor CompareWithSigned(Op op, const Tensor& x1, const Tensor& x2, const Options& options) {
  const bool first_is_signed = tensor::IsSignedInteger(x1.dtype());
  const Tensor negative = less(first_is_signed ? x1 : x2, 0);
  const Tensor compared =
      Binary(op, astype(x1, DType::kUInt64, false), astype(x2, DType::kUInt64, false), {});
  const bool true_if_negative =
      op == Op::kNotEqual || (first_is_signed ? op == Op::kLess || op == Op::kLessEqual
                                              : op == Op::kGreater || op == Op::kGreaterEqual);
  if (true_if_negative) return logical_or(negative, compared, options);
  return logical_and(logical_not(negative), compared, options);
}

Tensor Compare(Op op, const Operand& x1, const Operand& x2, const Options& options) {
  if (std::optional<Tensor> result = CompareBeyond(op, x1, x2, options)) return *result;
  if ((IsTensorOf(x1, &IsUInt64) && IsTensorOf(x2, &tensor::IsSignedInteger)) ||
      (IsTensorOf(x1, &tensor::IsSignedInteger) && IsTensorOf(x2, &IsUInt64))) {
    return CompareWithSigned(op, x1.tensor(), x2.tensor(), options);
  }
  return Binary(op, x1, x2, options);
}

}  // namespace

#define EMBER_COMPARISON(name, Op_)                                           \
  Tensor name(const Operand& x1, const Operand& x2, const Options& options) { \
    return Compare(Op::Op_, x1, x2, options);                                 \
  }
#define EMBER_UNARY(name, Op_) \
  Tensor name(const Operand& x, const Options& options) { return Unary(Op::Op_, x, options); }
#define EMBER_BINARY(name, Op_)                                               \
  Tensor name(const Operand& x1, const Operand& x2, const Options& options) { \
    return Binary(Op::Op_, x1, x2, options);                                  \
  }

namespace {

bool IsBoolOperand(const Operand& x) {
  return x.is_tensor() ? tensor::IsBool(x.tensor().dtype())
                       : !x.is_none() && x.scalar().kind() == Scalar::Kind::kBool;
}

}  // namespace

// The sum of truth values is "or" and their product "and", as NumPy has them. What their difference
// should be is less clear, so it stays an error.
Tensor add(const Operand& x1, const Operand& x2, const Options& options) {
  const bool is_bool = IsBoolOperand(x1) && IsBoolOperand(x2);
  return Binary(is_bool ? Op::kLogicalOr : Op::kAdd, x1, x2, options);
}
Tensor multiply(const Operand& x1, const Operand& x2, const Options& options) {
  const bool is_bool = IsBoolOperand(x1) && IsBoolOperand(x2);
  return Binary(is_bool ? Op::kLogicalAnd : Op::kMultiply, x1, x2, options);
}
EMBER_BINARY(subtract, kSubtract)
EMBER_BINARY(divide, kDivide)
EMBER_BINARY(floor_divide, kFloorDivide)
EMBER_BINARY(remainder, kRemainder)
EMBER_BINARY(minimum, kMinimum)
EMBER_BINARY(maximum, kMaximum)
EMBER_UNARY(negative, kNegative)
EMBER_UNARY(sign, kSign)
EMBER_UNARY(square, kSquare)
EMBER_UNARY(floor, kFloor)
EMBER_UNARY(ceil, kCeil)
EMBER_UNARY(trunc, kTrunc)
EMBER_UNARY(round, kRound)
EMBER_UNARY(sqrt, kSqrt)
EMBER_UNARY(exp, kExp)
EMBER_UNARY(expm1, kExpm1)
EMBER_UNARY(log, kLog)
EMBER_UNARY(log1p, kLog1p)
EMBER_UNARY(log2, kLog2)
EMBER_UNARY(log10, kLog10)
EMBER_UNARY(sin, kSin)
EMBER_UNARY(cos, kCos)
EMBER_UNARY(tan, kTan)
EMBER_UNARY(tanh, kTanh)
EMBER_UNARY(acos, kAcos)
EMBER_UNARY(acosh, kAcosh)
EMBER_UNARY(asin, kAsin)
EMBER_UNARY(asinh, kAsinh)
EMBER_UNARY(atan, kAtan)
EMBER_UNARY(atanh, kAtanh)
EMBER_UNARY(sinh, kSinh)
EMBER_UNARY(cosh, kCosh)
EMBER_UNARY(reciprocal, kReciprocal)
EMBER_UNARY(erf, kErf)
EMBER_BINARY(atan2, kAtan2)
EMBER_BINARY(hypot, kHypot)
EMBER_BINARY(logaddexp, kLogAddExp)
EMBER_BINARY(copysign, kCopySign)
EMBER_BINARY(nextafter, kNextAfter)
EMBER_UNARY(signbit, kSignBit)
EMBER_BINARY(bitwise_and, kBitwiseAnd)
EMBER_BINARY(bitwise_or, kBitwiseOr)
EMBER_BINARY(bitwise_xor, kBitwiseXor)
EMBER_UNARY(bitwise_invert, kBitwiseInvert)
EMBER_BINARY(bitwise_left_shift, kBitwiseLeftShift)
EMBER_BINARY(bitwise_right_shift, kBitwiseRightShift)
EMBER_UNARY(count_ones, kCountOnes)
EMBER_UNARY(isnan, kIsNan)
EMBER_UNARY(isfinite, kIsFinite)
EMBER_UNARY(isinf, kIsInf)
EMBER_COMPARISON(equal, kEqual)
EMBER_COMPARISON(not_equal, kNotEqual)
EMBER_COMPARISON(less, kLess)
EMBER_COMPARISON(less_equal, kLessEqual)
EMBER_COMPARISON(greater, kGreater)
EMBER_COMPARISON(greater_equal, kGreaterEqual)
EMBER_BINARY(logical_and, kLogicalAnd)
EMBER_BINARY(logical_or, kLogicalOr)
EMBER_BINARY(logical_xor, kLogicalXor)
EMBER_UNARY(logical_not, kLogicalNot)
#undef EMBER_UNARY
#undef EMBER_BINARY
#undef EMBER_COMPARISON

namespace {

/// The elements as they are, of operations that change nothing in some dtypes.
Tensor CopyOf(Op op, const Operand& x, const Options& options) {
  const Operand* operands[] = {&x};
  Inputs inputs(op, operands);
  const DType dtype = PromotedDType(NameOf(op), operands);
  CheckKind(op, dtype);
  inputs.Add(x, dtype);
  return RunElementwiseOp(Op::kCopy, inputs.get(), inputs.get()[0]->shape(), options.out);
}

bool IsRealFloatingOperand(const Operand& x) {
  if (x.is_none()) return false;
  return x.is_tensor() ? tensor::IsRealFloating(x.tensor().dtype())
                       : x.scalar().kind() == Scalar::Kind::kFloating;
}

bool IsIntegerOperand(const Operand& x) {
  if (x.is_none()) return false;
  return x.is_tensor() ? tensor::IsInteger(x.tensor().dtype())
                       : x.scalar().kind() == Scalar::Kind::kInteger;
}

bool IsComplexOperand(const Operand& x) {
  if (x.is_none()) return false;
  return tensor::IsComplex(x.is_tensor() ? x.tensor().dtype() : x.scalar().default_dtype());
}

}  // namespace

Tensor pow(const Operand& x1, const Operand& x2, const Options& options) {
  if (IsIntegerOperand(x2) && (IsIntegerOperand(x1) || IsBoolOperand(x1))) {
    const bool is_negative = !x2.is_tensor()
                                 ? x2.scalar().value().real() < 0
                                 : tensor::IsSignedInteger(x2.tensor().dtype()) &&
                                       x2.tensor().size() > 0 && any(less(x2, 0)).item<bool>();
    if (is_negative) {
      throw std::invalid_argument(
          "pow: integers to a negative power are no integers: make the base floating point with "
          "astype");
    }
  }
  return Binary(Op::kPow, x1, x2, options);
}

namespace {

/// Integers to the nearest multiple of `unit`, halves to that of an even quotient.
Tensor RoundToUnit(const Tensor& x, int64_t unit) {
  const Tensor quotient = floor_divide(x, unit);
  const Tensor rest = subtract(x, multiply(quotient, unit));
  const int64_t half = unit / 2;
  const Tensor is_odd = not_equal(remainder(quotient, 2), 0);
  const Tensor up = logical_or(greater(rest, half), logical_and(equal(rest, half), is_odd));
  return multiply(add(quotient, astype(up, x.dtype())), unit);
}

}  // namespace

Tensor round(const Operand& x, int decimals) {
  const Operand* operands[] = {&x};
  CheckOperand(Op::kRound, x);
  const DType dtype = PromotedDType("round", operands);
  CheckKind(Op::kRound, dtype);
  if (decimals == 0) return round(x);
  Inputs inputs(Op::kRound, operands);
  inputs.Add(x, dtype);
  const Tensor& values = *inputs.get()[0];
  const int digits = std::abs(decimals);
  if (tensor::IsInteger(dtype)) {
    if (decimals > 0) return positive(values);
    int64_t unit = 1;
    for (int i = 0; i < digits && unit != 0; ++i) {
      if (__builtin_mul_overflow(unit, 10, &unit)) unit = 0;
    }
    // Beyond half of the unit nothing is left to round to.
    if (unit == 0 || !Scalar(unit).Fits(dtype)) return multiply(values, 0);
    return RoundToUnit(values, unit);
  }
  const double unit = std::pow(10.0, digits);
  const Tensor scaled = decimals > 0 ? multiply(values, unit) : divide(values, unit);
  const Tensor whole = round(scaled);
  const Tensor rounded = decimals > 0 ? divide(whole, unit) : multiply(whole, unit);
  // What has no such digits, or overflows with them, stays as it is.
  return where(isfinite(rounded), rounded, values);
}

// A truth value has no sign to lose.
Tensor abs(const Operand& x, const Options& options) {
  if (IsBoolOperand(x)) return logical_or(x, false, options);
  return Unary(Op::kAbs, x, options);
}

Tensor positive(const Operand& x, const Options& options) {
  return CopyOf(Op::kNegative, x, options);
}

Tensor real(const Operand& x, const Options& options) {
  return IsComplexOperand(x) ? Unary(Op::kReal, x, options) : CopyOf(Op::kReal, x, options);
}

Tensor conj(const Operand& x, const Options& options) {
  return IsComplexOperand(x) ? Unary(Op::kConj, x, options) : CopyOf(Op::kConj, x, options);
}

Tensor imag(const Operand& x, const Options& options) {
  if (IsComplexOperand(x)) return Unary(Op::kImag, x, options);
  // Real numbers have the imaginary part +0, which products with zero are not for those below it.
  const Operand* operands[] = {&x};
  const DType dtype = PromotedDType(NameOf(Op::kReal), operands);
  CheckKind(Op::kReal, dtype);
  return astype(logical_and(x, false), dtype, /*copy=*/true, options);
}

Tensor clip(const Operand& x, const Operand& min, const Operand& max, const Options& options) {
  if (min.is_none() && max.is_none()) return positive(x, options);
  const Operand* x_only[] = {&x};
  CheckOperand(Op::kClip, x);
  DType dtype = PromotedDType("clip", x_only);
  if (tensor::IsInteger(dtype) && (IsRealFloatingOperand(min) || IsRealFloatingOperand(max))) {
    dtype = DType::kFloat64;
  }
  CheckKind(Op::kClip, dtype);
  for (const Operand* bound : {&min, &max}) {
    if (bound->is_none()) continue;
    CheckOperand(Op::kClip, *bound);
    if (bound->is_tensor() ? tensor::CanCast(bound->tensor().dtype(), dtype)
                           : bound->scalar().PromotedWith(dtype) == dtype) {
      continue;
    }
    throw DTypeError(fmt::format(
        "clip: expected bounds that promote to the dtype of x, {}, found {}: convert with astype",
        DTypeName(dtype),
        bound->is_tensor() ? bound->tensor().Describe() : bound->scalar().ToString()));
  }
  Inputs inputs(Op::kClip, x_only);
  inputs.Add(x, dtype);
  if (!min.is_none()) inputs.Add(min, dtype);
  if (!max.is_none()) inputs.Add(max, dtype);
  const Op op = min.is_none() ? Op::kMinimum : max.is_none() ? Op::kMaximum : Op::kClip;
  return RunElementwiseOp(op, inputs.get(), BroadcastShape(Op::kClip, inputs.get()), options.out);
}

Tensor where(const Operand& condition, const Operand& x1, const Operand& x2,
             const Options& options) {
  const Operand* operands[] = {&condition, &x1, &x2};
  Inputs inputs(Op::kWhere, operands);
  const DType dtype = PromotedDType("where", std::span(operands).subspan(1));
  inputs.Add(condition, DType::kBool);
  inputs.Add(x1, dtype);
  inputs.Add(x2, dtype);
  return RunElementwiseOp(Op::kWhere, inputs.get(), BroadcastShape(Op::kWhere, inputs.get()),
                          options.out);
}

Tensor astype(const Tensor& x, DType dtype, bool copy, const Options& options) {
  CheckOperand(Op::kAstype, x);
  if (x.dtype() == dtype && !copy && options.out == nullptr) return x;
  if (tensor::IsComplex(x.dtype()) && tensor::IsReal(dtype)) {
    throw DTypeError(
        fmt::format("astype: complex numbers do not become {}, which would drop their imaginary "
                    "parts, found a {}: take real(x), imag(x) or abs(x)",
                    DTypeName(dtype), x.Describe()));
  }
  const Tensor* inputs[] = {&x};
  const Op op = x.dtype() == dtype ? Op::kCopy : Op::kAstype;
  return RunElementwiseOp(op, inputs, x.shape(), options.out, dtype);
}

}  // namespace emberharmony::ops
