#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "emberharmony/tensor/dtype.h"

namespace emberharmony::backend {

/// Every operation a backend may be asked for: enumerator, name, number of inputs, dtypes of the
/// inputs, result dtype. The position in this list is the operation's number across the plugins' C
/// boundary: append, never reorder or remove.
///
/// Inputs of an elementwise operation share one dtype (where: those after the condition) and
/// broadcast.
#define EMBER_OPS(OP)                                 \
  OP(kCopy, "copy", 1, kAny, kSame)                   \
  OP(kAstype, "astype", 1, kAny, kAttribute)          \
  OP(kAdd, "add", 2, kNumeric, kSame)                 \
  OP(kSubtract, "subtract", 2, kNumeric, kSame)       \
  OP(kMultiply, "multiply", 2, kNumeric, kSame)       \
  OP(kDivide, "divide", 2, kFloating, kSame)          \
  OP(kFloorDivide, "floor_divide", 2, kReal, kSame)   \
  OP(kRemainder, "remainder", 2, kReal, kSame)        \
  OP(kPow, "pow", 2, kNumeric, kSame)                 \
  OP(kMinimum, "minimum", 2, kReal, kSame)            \
  OP(kMaximum, "maximum", 2, kReal, kSame)            \
  OP(kNegative, "negative", 1, kNumeric, kSame)       \
  OP(kAbs, "abs", 1, kReal, kSame)                    \
  OP(kSign, "sign", 1, kNumeric, kSame)               \
  OP(kSquare, "square", 1, kNumeric, kSame)           \
  OP(kSqrt, "sqrt", 1, kFloating, kSame)              \
  OP(kFloor, "floor", 1, kReal, kSame)                \
  OP(kCeil, "ceil", 1, kReal, kSame)                  \
  OP(kTrunc, "trunc", 1, kReal, kSame)                \
  OP(kRound, "round", 1, kNumeric, kSame)             \
  OP(kExp, "exp", 1, kFloating, kSame)                \
  OP(kExpm1, "expm1", 1, kFloating, kSame)            \
  OP(kLog, "log", 1, kFloating, kSame)                \
  OP(kLog1p, "log1p", 1, kFloating, kSame)            \
  OP(kLog2, "log2", 1, kFloating, kSame)              \
  OP(kLog10, "log10", 1, kFloating, kSame)            \
  OP(kSin, "sin", 1, kFloating, kSame)                \
  OP(kCos, "cos", 1, kFloating, kSame)                \
  OP(kTan, "tan", 1, kFloating, kSame)                \
  OP(kTanh, "tanh", 1, kFloating, kSame)              \
  OP(kIsNan, "isnan", 1, kNumeric, kBool)             \
  OP(kIsFinite, "isfinite", 1, kNumeric, kBool)       \
  OP(kIsInf, "isinf", 1, kNumeric, kBool)             \
  OP(kEqual, "equal", 2, kAny, kBool)                 \
  OP(kNotEqual, "not_equal", 2, kAny, kBool)          \
  OP(kLess, "less", 2, kReal, kBool)                  \
  OP(kLessEqual, "less_equal", 2, kReal, kBool)       \
  OP(kGreater, "greater", 2, kReal, kBool)            \
  OP(kGreaterEqual, "greater_equal", 2, kReal, kBool) \
  OP(kLogicalAnd, "logical_and", 2, kBoolean, kBool)  \
  OP(kLogicalOr, "logical_or", 2, kBoolean, kBool)    \
  OP(kLogicalXor, "logical_xor", 2, kBoolean, kBool)  \
  OP(kLogicalNot, "logical_not", 1, kBoolean, kBool)  \
  OP(kWhere, "where", 3, kAny, kSame)                 \
  OP(kClip, "clip", 3, kReal, kSame)                  \
  OP(kSum, "sum", 1, kNumeric, kSame)                 \
  OP(kMin, "min", 1, kReal, kSame)                    \
  OP(kMax, "max", 1, kReal, kSame)

enum class Op : uint16_t {
#define EMBER_OP_ENUMERATOR(enumerator, name, num_inputs, inputs, result) enumerator,
  EMBER_OPS(EMBER_OP_ENUMERATOR)
#undef EMBER_OP_ENUMERATOR
};

#define EMBER_OP_COUNT(enumerator, name, num_inputs, inputs, result) +1
inline constexpr int kNumOps = 0 EMBER_OPS(EMBER_OP_COUNT);
#undef EMBER_OP_COUNT

/// The kinds of dtypes the standard allows as an operation's input.
enum class DTypeKind : uint8_t { kAny, kNumeric, kReal, kFloating, kBoolean };
/// The dtype of an operation's result: that of the inputs, bool, or given as an attribute.
enum class ResultDType : uint8_t { kSame, kBool, kAttribute };

struct OpInfo {
  std::string_view name;  ///< as in the Array API standard
  int num_inputs;
  DTypeKind inputs;
  ResultDType result;
};

inline constexpr OpInfo kOpInfos[kNumOps] = {
#define EMBER_OP_INFO(enumerator, name, num_inputs, inputs, result) \
  {name, num_inputs, DTypeKind::inputs, ResultDType::result},
    EMBER_OPS(EMBER_OP_INFO)
#undef EMBER_OP_INFO
};

constexpr const OpInfo& InfoOf(Op op) { return kOpInfos[static_cast<int>(op)]; }

/// The operation of that name, if there is one.
std::optional<Op> ParseOp(std::string_view name);

/// Whether the standard allows inputs of this dtype where `kind` is asked for.
constexpr bool Allows(DTypeKind kind, tensor::DType dtype) {
  switch (kind) {
    case DTypeKind::kAny:
      return true;
    case DTypeKind::kNumeric:
      return tensor::IsNumeric(dtype);
    case DTypeKind::kReal:
      return tensor::IsReal(dtype);
    case DTypeKind::kFloating:
      return tensor::IsRealFloating(dtype) || tensor::IsComplex(dtype);
    case DTypeKind::kBoolean:
      return tensor::IsBool(dtype);
  }
  return false;
}

}  // namespace emberharmony::backend
