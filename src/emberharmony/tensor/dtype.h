#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace emberharmony::tensor {

/// The element types of the Array API standard. The numbers are fixed: they cross the plugins' C
/// boundary. Booleans are one byte each, 0 or 1.
enum class DType : uint8_t {
  kBool = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kUInt8 = 5,
  kUInt16 = 6,
  kUInt32 = 7,
  kUInt64 = 8,
  kFloat32 = 9,
  kFloat64 = 10,
  kComplex64 = 11,
  kComplex128 = 12,
};
inline constexpr int kNumDTypes = 13;

/// Bytes of one element.
constexpr int64_t ItemSize(DType dtype) {
  constexpr int8_t kSizes[kNumDTypes] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16};
  return kSizes[static_cast<int>(dtype)];
}

constexpr bool IsBool(DType dtype) { return dtype == DType::kBool; }
constexpr bool IsSignedInteger(DType dtype) {
  return dtype >= DType::kInt8 && dtype <= DType::kInt64;
}
constexpr bool IsUnsignedInteger(DType dtype) {
  return dtype >= DType::kUInt8 && dtype <= DType::kUInt64;
}
constexpr bool IsInteger(DType dtype) { return dtype >= DType::kInt8 && dtype <= DType::kUInt64; }
constexpr bool IsRealFloating(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64;
}
constexpr bool IsComplex(DType dtype) {
  return dtype == DType::kComplex64 || dtype == DType::kComplex128;
}
/// The dtype of a complex one's real and imaginary parts; any other itself.
constexpr DType RealPartOf(DType dtype) {
  if (dtype == DType::kComplex64) return DType::kFloat32;
  return dtype == DType::kComplex128 ? DType::kFloat64 : dtype;
}
/// The complex dtype whose parts have this floating-point dtype; a complex one itself.
constexpr DType ComplexOf(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kComplex64 ? DType::kComplex64
                                                                : DType::kComplex128;
}
constexpr bool IsReal(DType dtype) { return IsInteger(dtype) || IsRealFloating(dtype); }
constexpr bool IsNumeric(DType dtype) { return !IsBool(dtype); }

/// "float32", the standard's name.
std::string_view DTypeName(DType dtype);
/// The dtype of that name, if there is one.
std::optional<DType> ParseDType(std::string_view name);

/// The dtype of the result of an operation on arrays of these two dtypes: the table of the Array
/// API standard (2025.12, "Type Promotion Rules"), and where that leaves mixed kinds undefined,
/// NumPy 2's: a bool becomes the other's dtype; an integer of at most 16 bits keeps the precision
/// of the floating-point (or complex) dtype it meets, a wider one makes it double. Absent for
/// uint64 with a signed integer only: no dtype holds both.
std::optional<DType> PromoteTypes(DType a, DType b);

/// Whether `from` may become `to` as PromoteTypes does it: promoting both gives `to`.
inline bool CanCast(DType from, DType to) { return PromoteTypes(from, to) == to; }

/// The dtype of a C++ type, by its size and kind.
template <class T>
constexpr DType DTypeOf() {
  if constexpr (std::is_same_v<T, bool>) {
    return DType::kBool;
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    return sizeof(T) == 1   ? DType::kInt8
           : sizeof(T) == 2 ? DType::kInt16
           : sizeof(T) == 4 ? DType::kInt32
                            : DType::kInt64;
  } else if constexpr (std::is_integral_v<T>) {
    return sizeof(T) == 1   ? DType::kUInt8
           : sizeof(T) == 2 ? DType::kUInt16
           : sizeof(T) == 4 ? DType::kUInt32
                            : DType::kUInt64;
  } else if constexpr (std::is_floating_point_v<T>) {
    static_assert(sizeof(T) <= 8, "not an element type");
    return sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64;
  } else {
    static_assert(std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>,
                  "not an element type");
    return sizeof(T) == 8 ? DType::kComplex64 : DType::kComplex128;
  }
}

template <class T>
struct TypeTag {
  using type = T;
};

/// Calls f(TypeTag<T>{}) with the C++ type of a real or boolean dtype; false, without a call, for a
/// complex one.
template <class F>
bool VisitReal(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool:
      f(TypeTag<bool>{});
      return true;
    case DType::kInt8:
      f(TypeTag<int8_t>{});
      return true;
    case DType::kInt16:
      f(TypeTag<int16_t>{});
      return true;
    case DType::kInt32:
      f(TypeTag<int32_t>{});
      return true;
    case DType::kInt64:
      f(TypeTag<int64_t>{});
      return true;
    case DType::kUInt8:
      f(TypeTag<uint8_t>{});
      return true;
    case DType::kUInt16:
      f(TypeTag<uint16_t>{});
      return true;
    case DType::kUInt32:
      f(TypeTag<uint32_t>{});
      return true;
    case DType::kUInt64:
      f(TypeTag<uint64_t>{});
      return true;
    case DType::kFloat32:
      f(TypeTag<float>{});
      return true;
    case DType::kFloat64:
      f(TypeTag<double>{});
      return true;
    case DType::kComplex64:
    case DType::kComplex128:
      break;
  }
  return false;
}

/// Calls f(TypeTag<T>{}) with the C++ type of any dtype.
template <class F>
void VisitAny(DType dtype, F&& f) {
  if (dtype == DType::kComplex64) {
    f(TypeTag<std::complex<float>>{});
  } else if (dtype == DType::kComplex128) {
    f(TypeTag<std::complex<double>>{});
  } else {
    VisitReal(dtype, f);
  }
}

}  // namespace emberharmony::tensor
