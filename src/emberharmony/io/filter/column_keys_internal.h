#pragma once

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// In what a column's values are compared.
enum class KeyKind {
  kNone,     ///< not at all
  kBoolean,  ///< as truth values
  kInteger,  ///< int64: integers, dates in days, times in the column's unit
  kWide,     ///< Int128: uint64, decimals up to 38 digits, unscaled
  kHuge,     ///< Decimal256, unscaled
  kReal,     ///< double
  kBytes,    ///< bytes, unsigned
};

/// A column's type as a filter sees it.
struct ColumnType {
  SqlType type = SqlType::kOther;
  KeyKind keys = KeyKind::kNone;
  int32_t scale = 0;       ///< decimals: digits after the point
  int64_t unit_nanos = 0;  ///< dates and times: nanoseconds of a key
};

ColumnType ColumnTypeOf(const arrow::DataType& type);

namespace internal {

template <typename ArrayType, typename Visitor>
void VisitRaw(const arrow::Array& values, Visitor&& visit) {
  const auto* raw = static_cast<const ArrayType&>(values).raw_values();
  visit([raw](int64_t i) { return raw[i]; });
}

inline Int128 ToInt128(const arrow::BasicDecimal128& value) {
  return Int128{value.high_bits()} * (Int128{1} << 64) + Int128{value.low_bits()};
}

}  // namespace internal

/// Calls visit(key), where key(i) is the int64 key of value i; nulls have any key.
template <typename Visitor>
void VisitIntegerKeys(const arrow::Array& values, Visitor&& visit) {
  using arrow::Type;
  switch (values.type_id()) {
    case Type::INT8:
      return internal::VisitRaw<arrow::Int8Array>(values, visit);
    case Type::INT16:
      return internal::VisitRaw<arrow::Int16Array>(values, visit);
    case Type::INT32:
      return internal::VisitRaw<arrow::Int32Array>(values, visit);
    case Type::UINT8:
      return internal::VisitRaw<arrow::UInt8Array>(values, visit);
    case Type::UINT16:
      return internal::VisitRaw<arrow::UInt16Array>(values, visit);
    case Type::UINT32:
      return internal::VisitRaw<arrow::UInt32Array>(values, visit);
    case Type::DATE32:
      return internal::VisitRaw<arrow::Date32Array>(values, visit);
    case Type::TIME32:
      return internal::VisitRaw<arrow::Time32Array>(values, visit);
    case Type::DATE64: {
      const int64_t* raw = static_cast<const arrow::Date64Array&>(values).raw_values();
      constexpr int64_t kDay = 86400000;
      visit([raw](int64_t i) { return raw[i] / kDay - (raw[i] % kDay < 0 ? 1 : 0); });
      return;
    }
    default: {
      // INT64, TIMESTAMP, TIME64: 64 bits.
      const int64_t* raw = values.data()->GetValues<int64_t>(1);
      visit([raw](int64_t i) { return raw[i]; });
      return;
    }
  }
}

template <typename Visitor>
void VisitWideKeys(const arrow::Array& values, Visitor&& visit) {
  using arrow::Type;
  switch (values.type_id()) {
    case Type::DECIMAL32: {
      const int32_t* raw = values.data()->GetValues<int32_t>(1);
      visit([raw](int64_t i) { return Int128{raw[i]}; });
      return;
    }
    case Type::DECIMAL64: {
      const int64_t* raw = values.data()->GetValues<int64_t>(1);
      visit([raw](int64_t i) { return Int128{raw[i]}; });
      return;
    }
    case Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(values);
      visit([&decimals](int64_t i) {
        return internal::ToInt128(arrow::Decimal128(decimals.GetValue(i)));
      });
      return;
    }
    default: {
      const uint64_t* raw = values.data()->GetValues<uint64_t>(1);
      visit([raw](int64_t i) { return Int128{raw[i]}; });
      return;
    }
  }
}

template <typename Visitor>
void VisitHugeKeys(const arrow::Array& values, Visitor&& visit) {
  const auto& decimals = static_cast<const arrow::Decimal256Array&>(values);
  visit([&decimals](int64_t i) { return arrow::Decimal256(decimals.GetValue(i)); });
}

template <typename Visitor>
void VisitRealKeys(const arrow::Array& values, Visitor&& visit) {
  using arrow::Type;
  switch (values.type_id()) {
    case Type::HALF_FLOAT: {
      const uint16_t* raw = static_cast<const arrow::HalfFloatArray&>(values).raw_values();
      visit([raw](int64_t i) { return arrow::util::Float16::FromBits(raw[i]).ToDouble(); });
      return;
    }
    case Type::FLOAT: {
      const float* raw = static_cast<const arrow::FloatArray&>(values).raw_values();
      visit([raw](int64_t i) { return static_cast<double>(raw[i]); });
      return;
    }
    default:
      return internal::VisitRaw<arrow::DoubleArray>(values, visit);
  }
}

template <typename Visitor>
void VisitBytesKeys(const arrow::Array& values, Visitor&& visit) {
  using arrow::Type;
  switch (values.type_id()) {
    case Type::STRING:
    case Type::BINARY: {
      const auto& binary = static_cast<const arrow::BinaryArray&>(values);
      visit([&binary](int64_t i) { return binary.GetView(i); });
      return;
    }
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY: {
      const auto& binary = static_cast<const arrow::LargeBinaryArray&>(values);
      visit([&binary](int64_t i) { return binary.GetView(i); });
      return;
    }
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW: {
      const auto& binary = static_cast<const arrow::BinaryViewArray&>(values);
      // Views of nulls may hold anything.
      visit([&binary](int64_t i) {
        return binary.IsNull(i) ? std::string_view() : binary.GetView(i);
      });
      return;
    }
    default: {
      const auto& fixed = static_cast<const arrow::FixedSizeBinaryArray&>(values);
      visit([&fixed](int64_t i) { return fixed.GetView(i); });
      return;
    }
  }
}

/// The visitor above for a type of key.
template <typename Key, typename Visitor>
void VisitKeys(const arrow::Array& values, Visitor&& visit) {
  if (values.length() == 0) return;
  if constexpr (std::is_same_v<Key, int64_t>) {
    VisitIntegerKeys(values, visit);
  } else if constexpr (std::is_same_v<Key, Int128>) {
    VisitWideKeys(values, visit);
  } else if constexpr (std::is_same_v<Key, double>) {
    VisitRealKeys(values, visit);
  } else if constexpr (std::is_same_v<Key, std::string_view>) {
    VisitBytesKeys(values, visit);
  } else {
    VisitHugeKeys(values, visit);
  }
}

}  // namespace emberharmony::io::filter
