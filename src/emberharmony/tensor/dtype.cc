#include "emberharmony/tensor/dtype.h"

#include <utility>

namespace emberharmony::tensor {
namespace {

constexpr std::string_view kNames[kNumDTypes] = {
    "bool",   "int8",   "int16",   "int32",   "int64",     "uint8",     "uint16",
    "uint32", "uint64", "float32", "float64", "complex64", "complex128"};

}  // namespace

std::string_view DTypeName(DType dtype) { return kNames[static_cast<int>(dtype)]; }

std::optional<DType> ParseDType(std::string_view name) {
  for (int i = 0; i < kNumDTypes; ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::optional<DType> PromoteTypes(DType a, DType b) {
  // The enumerators ascend: bool, signed, unsigned, real, complex, and within a kind in size.
  if (a > b) std::swap(a, b);
  if (a == b || IsBool(a)) return b;
  if (IsInteger(b)) {
    if (IsSignedInteger(a) == IsSignedInteger(b)) return b;
    if (ItemSize(a) > ItemSize(b)) return a;
    if (b == DType::kUInt64) return std::nullopt;
    // The signed dtype of twice the unsigned one's size.
    return static_cast<DType>(static_cast<int>(b) - static_cast<int>(DType::kUInt8) +
                              static_cast<int>(DType::kInt16));
  }
  // float32's 24 bits of significand hold every integer of 16 bits.
  const bool is_wide = IsInteger(a) ? ItemSize(a) > 2 : a == DType::kFloat64;
  if (!is_wide) return b;
  return IsComplex(b) ? DType::kComplex128 : DType::kFloat64;
}

}  // namespace emberharmony::tensor
