#include "emberharmony/io/filter/column_keys_internal.h"

namespace emberharmony::io::filter {
namespace {

constexpr int64_t kNanosPerDay = int64_t{86400} * 1000000000;

int64_t NanosOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1000000000;
    case arrow::TimeUnit::MILLI:
      return 1000000;
    case arrow::TimeUnit::MICRO:
      return 1000;
    case arrow::TimeUnit::NANO:
      return 1;
  }
  return 1;
}

ColumnType DecimalColumn(const arrow::DecimalType& type) {
  constexpr int kNumericWholeDigits = 29;
  constexpr int kNumericScale = 9;
  const bool numeric = type.scale() >= 0 && type.scale() <= kNumericScale &&
                       type.precision() - type.scale() <= kNumericWholeDigits;
  const KeyKind keys = type.id() == arrow::Type::DECIMAL256 ? KeyKind::kHuge : KeyKind::kWide;
  return {numeric ? SqlType::kNumeric : SqlType::kBigNumeric, keys, type.scale(), 0};
}

}  // namespace

ColumnType ColumnTypeOf(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::NA:
      return {SqlType::kNull, KeyKind::kNone, 0, 0};
    case Type::BOOL:
      return {SqlType::kBool, KeyKind::kBoolean, 0, 0};
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
      return {SqlType::kInt64, KeyKind::kInteger, 0, 0};
    case Type::UINT64:
      return {SqlType::kInt64, KeyKind::kWide, 0, 0};
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      return {SqlType::kFloat64, KeyKind::kReal, 0, 0};
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return DecimalColumn(static_cast<const arrow::DecimalType&>(type));
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return {SqlType::kString, KeyKind::kBytes, 0, 0};
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return {SqlType::kBytes, KeyKind::kBytes, 0, 0};
    case Type::DATE32:
    case Type::DATE64:
      return {SqlType::kDate, KeyKind::kInteger, 0, kNanosPerDay};
    case Type::TIME32:
    case Type::TIME64:
      return {SqlType::kTime, KeyKind::kInteger, 0,
              NanosOf(static_cast<const arrow::TimeType&>(type).unit())};
    case Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return {timestamp.timezone().empty() ? SqlType::kDatetime : SqlType::kTimestamp,
              KeyKind::kInteger, 0, NanosOf(timestamp.unit())};
    }
    default:
      return {};
  }
}

}  // namespace emberharmony::io::filter
