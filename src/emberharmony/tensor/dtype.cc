#include "emberharmony/tensor/dtype.h"

#include <algorithm>

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
  if (a == b) return a;
  // Within a kind the enumerators ascend in size.
  if ((IsSignedInteger(a) && IsSignedInteger(b)) ||
      (IsUnsignedInteger(a) && IsUnsignedInteger(b)) || (IsRealFloating(a) && IsRealFloating(b)) ||
      (IsComplex(a) && IsComplex(b))) {
    return std::max(a, b);
  }
  if (IsInteger(a) && IsInteger(b)) {
    const DType as_signed = IsSignedInteger(a) ? a : b;
    const DType as_unsigned = IsSignedInteger(a) ? b : a;
    if (ItemSize(as_signed) > ItemSize(as_unsigned)) return as_signed;
    switch (as_unsigned) {
      case DType::kUInt8:
        return DType::kInt16;
      case DType::kUInt16:
        return DType::kInt32;
      case DType::kUInt32:
        return DType::kInt64;
      default:
        return std::nullopt;
    }
  }
  if ((IsRealFloating(a) && IsComplex(b)) || (IsComplex(a) && IsRealFloating(b))) {
    const DType real = IsComplex(a) ? b : a;
    const DType complex = IsComplex(a) ? a : b;
    return real == DType::kFloat64 ? DType::kComplex128 : complex;
  }
  return std::nullopt;
}

}  // namespace emberharmony::tensor
