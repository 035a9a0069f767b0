#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "emberharmony/backend/op_list.h"
#include "emberharmony/tensor/dtype.h"

namespace emberharmony::backend {

/// The operations of op_list.h by name.
enum class Op : uint16_t {
#define EMBER_OP_ENUMERATOR(enumerator, name, num_inputs, inputs, result) enumerator,
  EMBER_OPS(EMBER_OP_ENUMERATOR)
#undef EMBER_OP_ENUMERATOR
};

/// The kinds of dtypes that an operation takes as inputs: those of the standard, and bools where
/// they have an order.
enum class DTypeKind : uint8_t {
  kAny,
  kNumeric,
  kReal,
  kFloating,
  kBoolean,
  kRealFloating,
  kComplex,
  kInteger,
  kIntegerOrBool,
  kRealOrBool,
};
/// The dtype of an operation's first result: that of the inputs, bool, given as an attribute, that
/// of the inputs' real part, or int64.
enum class ResultDType : uint8_t { kSame, kBool, kAttribute, kRealPart, kInt64 };

struct OpInfo {
  std::string_view name;  ///< as in the Array API standard
  int num_inputs;
  DTypeKind inputs;
  ResultDType result;
};

inline constexpr OpInfo kOpInfos[] = {
#define EMBER_OP_INFO(enumerator, name, num_inputs, inputs, result) \
  {name, num_inputs, DTypeKind::inputs, ResultDType::result},
    EMBER_OPS(EMBER_OP_INFO)
#undef EMBER_OP_INFO
};
inline constexpr int kNumOps = static_cast<int>(std::size(kOpInfos));

constexpr const OpInfo& InfoOf(Op op) { return kOpInfos[static_cast<int>(op)]; }

/// Whether each element of the result is made of the inputs' elements at its place, to which they
/// broadcast.
constexpr bool IsElementwise(Op op) {
  return op <= Op::kClip || (op >= Op::kAcos && op <= Op::kErf);
}

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
    case DTypeKind::kRealFloating:
      return tensor::IsRealFloating(dtype);
    case DTypeKind::kComplex:
      return tensor::IsComplex(dtype);
    case DTypeKind::kInteger:
      return tensor::IsInteger(dtype);
    case DTypeKind::kIntegerOrBool:
      return tensor::IsInteger(dtype) || tensor::IsBool(dtype);
    case DTypeKind::kRealOrBool:
      return !tensor::IsComplex(dtype);
  }
  return false;
}

}  // namespace emberharmony::backend
