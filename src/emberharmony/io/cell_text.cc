#include "emberharmony/io/cell_text.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

void AppendDigits(int64_t value, int width, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  const int length = static_cast<int>(end - digits);
  if (length < width) out->append(width - length, '0');
  out->append(digits, length);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level
// date algorithms"). std::chrono's years end at 32767, those of 64-bit timestamps do not.
void AppendDate(int64_t days, std::string* out) {
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out->push_back('-');
  AppendDigits(std::llabs(year), 4, out);
  out->push_back('-');
  AppendDigits(month, 2, out);
  out->push_back('-');
  AppendDigits(day, 2, out);
}

void AppendTimeOfDay(int64_t micros, std::string* out) {
  const int64_t seconds = micros / 1000000;
  const int64_t fraction = micros % 1000000;
  AppendDigits(seconds / 3600, 2, out);
  out->push_back(':');
  AppendDigits(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendDigits(seconds % 60, 2, out);
  if (fraction == 0) return;
  out->push_back('.');
  if (fraction % 1000 == 0) {
    AppendDigits(fraction / 1000, 3, out);
  } else {
    AppendDigits(fraction, 6, out);
  }
}

// kUnitsPerDay and not a factor to microseconds: seconds and milliseconds at the ends of int64
// would overflow.
template <int64_t kUnitsPerDay, bool kZoned>
void AppendTimestamp(const arrow::Array& values, int64_t i, std::string* out) {
  const int64_t value = static_cast<const arrow::TimestampArray&>(values).Value(i);
  const int64_t days = FloorDivide(value, kUnitsPerDay);
  // Modulo 2^64: the day of the smallest instants begins before what 64 bits hold.
  const auto rest =
      static_cast<int64_t>(static_cast<uint64_t>(value) -
                           static_cast<uint64_t>(days) * static_cast<uint64_t>(kUnitsPerDay));
  AppendDate(days, out);
  out->push_back(' ');
  if constexpr (kUnitsPerDay <= kMicrosPerDay) {
    AppendTimeOfDay(rest * (kMicrosPerDay / kUnitsPerDay), out);
  } else {
    AppendTimeOfDay(rest / (kUnitsPerDay / kMicrosPerDay), out);
  }
  if constexpr (kZoned) out->append("+00");
}

template <typename ArrayType>
void AppendInteger(const arrow::Array& values, int64_t i, std::string* out) {
  char digits[24];
  const auto value = static_cast<const ArrayType&>(values).Value(i);
  out->append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr - digits);
}

template <typename ArrayType>
void AppendFloat(const arrow::Array& values, int64_t i, std::string* out) {
  AppendDoubleText(static_cast<double>(static_cast<const ArrayType&>(values).Value(i)), out);
}

void AppendHalfFloat(const arrow::Array& values, int64_t i, std::string* out) {
  const uint16_t bits = static_cast<const arrow::HalfFloatArray&>(values).Value(i);
  AppendDoubleText(arrow::util::Float16::FromBits(bits).ToDouble(), out);
}

template <typename ArrayType>
void AppendString(const arrow::Array& values, int64_t i, std::string* out) {
  const std::string_view value = static_cast<const ArrayType&>(values).GetView(i);
  out->append(value.data(), value.size());
}

void AppendBool(const arrow::Array& values, int64_t i, std::string* out) {
  out->append(static_cast<const arrow::BooleanArray&>(values).Value(i) ? "true" : "false");
}

void AppendDate32(const arrow::Array& values, int64_t i, std::string* out) {
  AppendDate(static_cast<const arrow::Date32Array&>(values).Value(i), out);
}

void AppendDate64(const arrow::Array& values, int64_t i, std::string* out) {
  AppendDate(FloorDivide(static_cast<const arrow::Date64Array&>(values).Value(i), 86400000), out);
}

using AppendFunction = void (*)(const arrow::Array&, int64_t, std::string*);

AppendFunction TimestampFunction(const arrow::TimestampType& type) {
  const bool zoned = !type.timezone().empty();
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      return zoned ? AppendTimestamp<86400, true> : AppendTimestamp<86400, false>;
    case arrow::TimeUnit::MILLI:
      return zoned ? AppendTimestamp<86400000, true> : AppendTimestamp<86400000, false>;
    case arrow::TimeUnit::MICRO:
      return zoned ? AppendTimestamp<kMicrosPerDay, true> : AppendTimestamp<kMicrosPerDay, false>;
    case arrow::TimeUnit::NANO:
      return zoned ? AppendTimestamp<kMicrosPerDay * 1000, true>
                   : AppendTimestamp<kMicrosPerDay * 1000, false>;
  }
  return nullptr;
}

AppendFunction FunctionOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return AppendBool;
    case arrow::Type::INT8:
      return AppendInteger<arrow::Int8Array>;
    case arrow::Type::INT16:
      return AppendInteger<arrow::Int16Array>;
    case arrow::Type::INT32:
      return AppendInteger<arrow::Int32Array>;
    case arrow::Type::INT64:
      return AppendInteger<arrow::Int64Array>;
    case arrow::Type::UINT8:
      return AppendInteger<arrow::UInt8Array>;
    case arrow::Type::UINT16:
      return AppendInteger<arrow::UInt16Array>;
    case arrow::Type::UINT32:
      return AppendInteger<arrow::UInt32Array>;
    case arrow::Type::UINT64:
      return AppendInteger<arrow::UInt64Array>;
    case arrow::Type::HALF_FLOAT:
      return AppendHalfFloat;
    case arrow::Type::FLOAT:
      return AppendFloat<arrow::FloatArray>;
    case arrow::Type::DOUBLE:
      return AppendFloat<arrow::DoubleArray>;
    case arrow::Type::STRING:
      return AppendString<arrow::StringArray>;
    case arrow::Type::LARGE_STRING:
      return AppendString<arrow::LargeStringArray>;
    case arrow::Type::STRING_VIEW:
      return AppendString<arrow::StringViewArray>;
    case arrow::Type::DATE32:
      return AppendDate32;
    case arrow::Type::DATE64:
      return AppendDate64;
    case arrow::Type::TIMESTAMP:
      return TimestampFunction(static_cast<const arrow::TimestampType&>(type));
    default:
      return nullptr;
  }
}

}  // namespace

void AppendDoubleText(double value, std::string* out) {
  if (value != value) {
    out->append("nan");
    return;
  }
  if (value == 0) {
    out->push_back('0');  // also of -0
    return;
  }
  if (value - value != 0) {
    out->append(value > 0 ? "inf" : "-inf");
    return;
  }
  // to_chars with a precision is printf's %.*g in the C locale, whatever the process's locale is.
  char text[40];
  auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::general, 15).ptr;
  double back = 0;
  const auto parsed = std::from_chars(text, end, back);
  if (parsed.ec != std::errc() || back != value) {
    end = std::to_chars(text, text + sizeof(text), value, std::chars_format::general, 17).ptr;
  }
  out->append(text, end - text);
}

arrow::Result<CellTextWriter> CellTextWriter::Make(const std::shared_ptr<arrow::DataType>& type) {
  const arrow::DataType& values =
      type->id() == arrow::Type::DICTIONARY
          ? *static_cast<const arrow::DictionaryType&>(*type).value_type()
          : *type;
  CellTextWriter writer;
  writer.append_ = FunctionOf(values);
  if (writer.append_ == nullptr) {
    return base::UsageError(
        "a key column must hold strings, integers, floats, booleans, dates or timestamps, but its "
        "type is " +
        type->ToString() +
        "; choose another key column, or leave the key out to split by the whole row");
  }
  return writer;
}

void CellTextWriter::Append(const arrow::Array& values, int64_t i, std::string* out) const {
  append_(values, i, out);
}

}  // namespace emberharmony::io
