#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/column_format_internal.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kMillisecondsPerDay = 86400000;

struct TypeRule {
  Conversion conversion;
  ValueOrder order;
};

/// Nothing for types that have no place in a flat Parquet column.
arrow::Result<TypeRule> RuleFor(const arrow::Field& field) {
  using arrow::Type;
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case Type::NA:
      return TypeRule{Conversion::kNull, ValueOrder::kNone};
    case Type::BOOL:
      return TypeRule{Conversion::kBoolean, ValueOrder::kBool};
    case Type::INT8:
      return TypeRule{Conversion::kFromInt8, ValueOrder::kInt32};
    case Type::INT16:
      return TypeRule{Conversion::kFromInt16, ValueOrder::kInt32};
    case Type::UINT8:
      return TypeRule{Conversion::kFromUInt8, ValueOrder::kUInt32};
    case Type::UINT16:
      return TypeRule{Conversion::kFromUInt16, ValueOrder::kUInt32};
    case Type::INT32:
    case Type::DATE32:
      return TypeRule{Conversion::kCopy, ValueOrder::kInt32};
    case Type::UINT32:
      return TypeRule{Conversion::kCopy, ValueOrder::kUInt32};
    case Type::INT64:
    case Type::TIME64:
    case Type::DURATION:
      return TypeRule{Conversion::kCopy, ValueOrder::kInt64};
    case Type::UINT64:
      return TypeRule{Conversion::kCopy, ValueOrder::kUInt64};
    case Type::HALF_FLOAT:
      return TypeRule{Conversion::kCopy, ValueOrder::kHalf};
    case Type::FLOAT:
      return TypeRule{Conversion::kCopy, ValueOrder::kFloat};
    case Type::DOUBLE:
      return TypeRule{Conversion::kCopy, ValueOrder::kDouble};
    case Type::DATE64:
      return TypeRule{Conversion::kDate64, ValueOrder::kInt32};
    case Type::TIME32: {
      const bool seconds =
          static_cast<const arrow::Time32Type&>(type).unit() == arrow::TimeUnit::SECOND;
      return TypeRule{seconds ? Conversion::kTimes1000 : Conversion::kCopy, ValueOrder::kInt32};
    }
    case Type::TIMESTAMP: {
      const bool seconds =
          static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::SECOND;
      return TypeRule{seconds ? Conversion::kTimes1000 : Conversion::kCopy, ValueOrder::kInt64};
    }
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return TypeRule{Conversion::kBigEndian, ValueOrder::kSignedBytes};
    case Type::FIXED_SIZE_BINARY:
      return TypeRule{Conversion::kCopy, ValueOrder::kBytes};
    case Type::STRING:
    case Type::BINARY:
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return TypeRule{Conversion::kBinary, ValueOrder::kBytes};
    default:
      return base::UsageError(
          fmt::format("column '{}' cannot be written to Parquet here: expected a flat type "
                      "(boolean, number, date, time, timestamp, "
                      "string, bytes or decimal), found {}; cast or drop it",
                      field.name(), type.ToString()));
  }
}

int PhysicalWidth(const parquet::ColumnDescriptor& descriptor) {
  switch (descriptor.physical_type()) {
    case parquet::Type::BOOLEAN:
      return 1;
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return 8;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return descriptor.type_length();
    default:
      return 0;
  }
}

const uint8_t* RawValues(const arrow::Array& array, int source_width) {
  const arrow::ArrayData& data = *array.data();
  if (data.buffers.size() < 2 || data.buffers[1] == nullptr) return nullptr;
  return data.buffers[1]->data() + data.offset * source_width;
}

template <typename In>
void Widen(const uint8_t* in, int64_t n, uint8_t* out) {
  const auto* values = reinterpret_cast<const In*>(in);
  auto* wide = reinterpret_cast<int32_t*>(out);
  for (int64_t i = 0; i < n; ++i) wide[i] = values[i];
}

template <typename T>
arrow::Status Times1000(const ColumnFormat& format, const arrow::Array& array, const uint8_t* in,
                        uint8_t* out) {
  for (int64_t i = 0; i < array.length(); ++i) {
    T value;
    std::memcpy(&value, in + i * sizeof(T), sizeof(T));
    T scaled;
    if (__builtin_mul_overflow(value, T{1000}, &scaled)) {
      if (array.IsValid(i)) {
        return base::DataError(
            fmt::format("column '{}': Parquet stores {} as milliseconds, and {} seconds are too "
                        "many; cast the column to int64",
                        format.name, format.type->ToString(), value));
      }
      scaled = 0;
    }
    std::memcpy(out + i * sizeof(T), &scaled, sizeof(T));
  }
  return arrow::Status::OK();
}

void Date64ToDays(const uint8_t* in, int64_t n, uint8_t* out) {
  const auto* milliseconds = reinterpret_cast<const int64_t*>(in);
  auto* days = reinterpret_cast<int32_t*>(out);
  for (int64_t i = 0; i < n; ++i) {
    int64_t day = milliseconds[i] / kMillisecondsPerDay;
    if (milliseconds[i] % kMillisecondsPerDay < 0) --day;
    days[i] = static_cast<int32_t>(day);
  }
}

void ToBigEndian(const uint8_t* in, int64_t n, int source_width, int width, uint8_t* out) {
  for (int64_t i = 0; i < n; ++i, in += source_width, out += width) {
    for (int byte = 0; byte < width; ++byte) {
      // Precisions of more digits than the source's bytes hold do not exist, so only the sign is
      // ever cut off.
      out[width - 1 - byte] = byte < source_width           ? in[byte]
                              : in[source_width - 1] & 0x80 ? 0xFF
                                                            : 0;
    }
  }
}

template <typename Value>
void SetMinMax(Value min, Value max, parquet::EncodedStatistics* statistics) {
  statistics->set_min(std::string(reinterpret_cast<const char*>(&min), sizeof(Value)));
  statistics->set_max(std::string(reinterpret_cast<const char*>(&max), sizeof(Value)));
  statistics->is_min_value_exact = statistics->is_max_value_exact = true;
}

template <typename Value>
void IntegerMinMax(const uint8_t* bytes, int64_t count, parquet::EncodedStatistics* statistics) {
  const auto* values = reinterpret_cast<const Value*>(bytes);
  Value min = values[0], max = values[0];
  for (int64_t i = 1; i < count; ++i) {
    min = std::min(min, values[i]);
    max = std::max(max, values[i]);
  }
  SetMinMax(min, max, statistics);
}

/// Floating-point bits as integers in the order of the numbers, the two zeros apart; NaNs lie
/// beyond the infinities.
template <typename Bits>
constexpr Bits kSignBit = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));

template <typename Bits, Bits kInfinity>
void FloatMinMax(const uint8_t* bytes, int64_t count, parquet::EncodedStatistics* statistics) {
  using Signed = std::make_signed_t<Bits>;
  constexpr auto kMagnitude = static_cast<Bits>(~kSignBit<Bits>);
  const auto* values = reinterpret_cast<const Bits*>(bytes);
  // Keys: the magnitude, negated for negative numbers (-0 and +0 share the key 0).
  Signed min = static_cast<Signed>(kMagnitude), max = static_cast<Signed>(-min);
  bool found = false;
  for (int64_t i = 0; i < count; ++i) {
    const auto magnitude = static_cast<Bits>(values[i] & kMagnitude);
    if (magnitude > kInfinity) continue;  // NaN
    const auto key =
        static_cast<Signed>((values[i] & kSignBit<Bits>) ? -static_cast<Signed>(magnitude)
                                                         : static_cast<Signed>(magnitude));
    min = std::min(min, key);
    max = std::max(max, key);
    found = true;
  }
  if (!found) return;
  const auto bits_of = [](Signed key, bool negative_zero) {
    if (key == 0) return negative_zero ? kSignBit<Bits> : Bits{0};
    return static_cast<Bits>(
        key < 0 ? (static_cast<Bits>(-key) | kSignBit<Bits>) : static_cast<Bits>(key));
  };
  SetMinMax(bits_of(min, true), bits_of(max, false), statistics);
}

bool SignedBytesLess(const uint8_t* a, const uint8_t* b, int width) {
  const auto first_a = static_cast<int8_t>(a[0]);
  const auto first_b = static_cast<int8_t>(b[0]);
  if (first_a != first_b) return first_a < first_b;
  return std::memcmp(a + 1, b + 1, width - 1) < 0;
}

void BytesMinMax(const ColumnFormat& format, const uint8_t* values, int64_t count,
                 parquet::EncodedStatistics* statistics) {
  constexpr int kLongest = 64;
  const int width = format.width;
  if (width > kLongest || width == 0) return;
  const bool is_signed = format.order == ValueOrder::kSignedBytes;
  const auto less = [&](const uint8_t* a, const uint8_t* b) {
    return is_signed ? SignedBytesLess(a, b, width) : std::memcmp(a, b, width) < 0;
  };
  const uint8_t* min = values;
  const uint8_t* max = values;
  for (int64_t i = 1; i < count; ++i) {
    const uint8_t* value = values + i * width;
    if (less(value, min)) min = value;
    if (less(max, value)) max = value;
  }
  statistics->set_min(std::string(reinterpret_cast<const char*>(min), width));
  statistics->set_max(std::string(reinterpret_cast<const char*>(max), width));
  statistics->is_min_value_exact = statistics->is_max_value_exact = true;
}

}  // namespace

arrow::Status CheckWritable(const arrow::Field& field) { return RuleFor(field).status(); }

arrow::Result<ColumnFormat> MakeColumnFormat(const arrow::Field& field,
                                             const parquet::ColumnDescriptor* descriptor) {
  ARROW_ASSIGN_OR_RAISE(const TypeRule rule, RuleFor(field));
  ColumnFormat format;
  format.name = field.name();
  format.type = field.type();
  format.nullable = field.nullable();
  format.descriptor = descriptor;
  format.conversion = rule.conversion;
  format.order = rule.order;
  const bool fixed = rule.conversion != Conversion::kBinary && rule.conversion != Conversion::kNull;
  if (fixed) {
    format.width = PhysicalWidth(*descriptor);
    if (rule.conversion != Conversion::kBoolean) format.source_width = field.type()->byte_width();
  }
  return format;
}

arrow::Status ConvertValues(const ColumnFormat& format, const arrow::Array& array, uint8_t* out) {
  const int64_t n = array.length();
  if (n == 0) return arrow::Status::OK();
  if (format.boolean()) {
    const auto& booleans = static_cast<const arrow::BooleanArray&>(array);
    for (int64_t i = 0; i < n; ++i) out[i] = booleans.Value(i);
    return arrow::Status::OK();
  }
  const uint8_t* in = RawValues(array, format.source_width);
  switch (format.conversion) {
    case Conversion::kFromInt8:
      Widen<int8_t>(in, n, out);
      break;
    case Conversion::kFromInt16:
      Widen<int16_t>(in, n, out);
      break;
    case Conversion::kFromUInt8:
      Widen<uint8_t>(in, n, out);
      break;
    case Conversion::kFromUInt16:
      Widen<uint16_t>(in, n, out);
      break;
    case Conversion::kTimes1000:
      return format.width == 4 ? Times1000<int32_t>(format, array, in, out)
                               : Times1000<int64_t>(format, array, in, out);
    case Conversion::kDate64:
      Date64ToDays(in, n, out);
      break;
    case Conversion::kBigEndian:
      ToBigEndian(in, n, format.source_width, format.width, out);
      break;
    case Conversion::kCopy:
      if (format.width > 0) std::memcpy(out, in, n * format.width);
      break;
    default:
      break;
  }
  return arrow::Status::OK();
}

const uint8_t* ValuesInPlace(const ColumnFormat& format, const arrow::Array& array) {
  return format.conversion == Conversion::kCopy ? RawValues(array, format.source_width) : nullptr;
}

std::string_view BinaryValue(const arrow::Array& array, int64_t i) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetView(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(i);
    default:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(i);
  }
}

void AddMinMax(const ColumnFormat& format, const uint8_t* values, int64_t count,
               parquet::EncodedStatistics* statistics) {
  if (count == 0) return;
  switch (format.order) {
    case ValueOrder::kNone:
      return;
    case ValueOrder::kBool:
      return IntegerMinMax<uint8_t>(values, count, statistics);
    case ValueOrder::kInt32:
      return IntegerMinMax<int32_t>(values, count, statistics);
    case ValueOrder::kUInt32:
      return IntegerMinMax<uint32_t>(values, count, statistics);
    case ValueOrder::kInt64:
      return IntegerMinMax<int64_t>(values, count, statistics);
    case ValueOrder::kUInt64:
      return IntegerMinMax<uint64_t>(values, count, statistics);
    case ValueOrder::kHalf:
      return FloatMinMax<uint16_t, 0x7C00>(values, count, statistics);
    case ValueOrder::kFloat:
      return FloatMinMax<uint32_t, 0x7F800000>(values, count, statistics);
    case ValueOrder::kDouble:
      return FloatMinMax<uint64_t, 0x7FF0000000000000>(values, count, statistics);
    case ValueOrder::kSignedBytes:
    case ValueOrder::kBytes:
      return BytesMinMax(format, values, count, statistics);
  }
}

void AddMinMax(const ColumnFormat&, const std::string_view* values, int64_t count,
               parquet::EncodedStatistics* statistics) {
  constexpr size_t kLongest = 64;
  if (count == 0) return;
  std::string_view min = values[0], max = values[0];
  for (int64_t i = 1; i < count; ++i) {
    if (values[i] < min) min = values[i];
    if (max < values[i]) max = values[i];
  }
  if (min.size() > kLongest || max.size() > kLongest) return;
  statistics->set_min(std::string(min));
  statistics->set_max(std::string(max));
  statistics->is_min_value_exact = statistics->is_max_value_exact = true;
}

}  // namespace emberharmony::io
