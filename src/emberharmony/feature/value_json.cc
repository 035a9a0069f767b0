#include "emberharmony/feature/value_json.h"

#include <arrow/array/builder_base.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <type_traits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/feature/step_options.h"

namespace emberharmony::feature {
namespace {

/// Calls f with the array as its own class, for the types whose entries are C++ numbers (temporal
/// ones included); false for other types.
template <class F>
bool VisitNumbers(const arrow::Array& array, F&& f) {
  switch (array.type_id()) {
#define EMBER_VISIT(id, ArrayType)                  \
  case arrow::Type::id:                             \
    f(static_cast<const arrow::ArrayType&>(array)); \
    return true;
    EMBER_VISIT(INT8, Int8Array)
    EMBER_VISIT(INT16, Int16Array)
    EMBER_VISIT(INT32, Int32Array)
    EMBER_VISIT(INT64, Int64Array)
    EMBER_VISIT(UINT8, UInt8Array)
    EMBER_VISIT(UINT16, UInt16Array)
    EMBER_VISIT(UINT32, UInt32Array)
    EMBER_VISIT(UINT64, UInt64Array)
    EMBER_VISIT(FLOAT, FloatArray)
    EMBER_VISIT(DOUBLE, DoubleArray)
    EMBER_VISIT(DATE32, Date32Array)
    EMBER_VISIT(DATE64, Date64Array)
    EMBER_VISIT(TIME32, Time32Array)
    EMBER_VISIT(TIME64, Time64Array)
    EMBER_VISIT(TIMESTAMP, TimestampArray)
    EMBER_VISIT(DURATION, DurationArray)
#undef EMBER_VISIT
    default:
      return false;
  }
}

double HalfAt(const arrow::Array& array, int64_t i) {
  const auto& halves = static_cast<const arrow::HalfFloatArray&>(array);
  return arrow::util::Float16::FromBits(halves.Value(i)).ToDouble();
}

/// The bytes of an entry of any string or bytes type; absent for other types.
std::optional<std::string_view> BytesAt(const arrow::Array& array, int64_t i) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetView(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(i);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(i);
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(i);
    default:
      return std::nullopt;
  }
}

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::optional<std::string> FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint8_t byte = 0;
    const char* end = hex.data() + i + 2;
    const auto [stop, error] = std::from_chars(hex.data() + i, end, byte, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  if (hex.size() % 2 != 0) return std::nullopt;
  return bytes;
}

/// An integer of a model: a number, or decimal text where it is beyond 2^53.
template <class T>
bool ReadInteger(const nlohmann::json& value, T* out) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, *out);
    return error == std::errc() && stop == end;
  }
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    *out = static_cast<T>(number);
    return number <= static_cast<uint64_t>(std::numeric_limits<T>::max());
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<int64_t>();
  *out = static_cast<T>(number);
  if constexpr (std::is_signed_v<T>) return static_cast<int64_t>(*out) == number;
  return number >= 0 &&
         static_cast<uint64_t>(number) <= static_cast<uint64_t>(std::numeric_limits<T>::max());
}

arrow::Status DoesNotBelong(const nlohmann::json& value, const arrow::DataType& type) {
  return base::DataError(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                         " is not a value of type " + type.ToString());
}

template <class T>
arrow::Result<std::shared_ptr<arrow::Scalar>> NumberFromJson(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  T number{};
  if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) return DoesNotBelong(value, *type);
    number = static_cast<T>(value.get<double>());
    if (!std::isfinite(number) || static_cast<double>(number) != value.get<double>()) {
      return DoesNotBelong(value, *type);
    }
  } else {
    if (!ReadInteger(value, &number)) return DoesNotBelong(value, *type);
  }
  return arrow::MakeScalar(type, number);
}

arrow::Result<std::shared_ptr<arrow::Scalar>> HalfFromJson(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  if (!value.is_number()) return DoesNotBelong(value, *type);
  const auto number = value.get<double>();
  const auto half = arrow::util::Float16::FromDouble(number);
  if (!half.is_finite() || half.ToDouble() != number) return DoesNotBelong(value, *type);
  return std::make_shared<arrow::HalfFloatScalar>(half.bits(), type);
}

arrow::Result<std::shared_ptr<arrow::Scalar>> BytesFromJson(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  std::optional<std::string> bytes;
  if (value.is_string()) {
    bytes = value.get<std::string>();
  } else if (value.is_object() && value.size() == 1 && value.contains("hex") &&
             value["hex"].is_string()) {
    bytes = FromHex(value["hex"].get_ref<const std::string&>());
  }
  if (!bytes.has_value()) return DoesNotBelong(value, *type);
  if (type->id() == arrow::Type::FIXED_SIZE_BINARY &&
      static_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width() !=
          static_cast<int64_t>(bytes->size())) {
    return DoesNotBelong(value, *type);
  }
  return arrow::MakeScalar(type, arrow::Buffer::FromString(*std::move(bytes)));
}

template <class Decimal>
arrow::Result<std::shared_ptr<arrow::Scalar>> DecimalFromJson(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  if (!value.is_string()) return DoesNotBelong(value, *type);
  const auto& decimal_type = static_cast<const arrow::DecimalType&>(*type);
  Decimal decimal;
  int32_t precision = 0;
  int32_t scale = 0;
  const std::string& text = value.get_ref<const std::string&>();
  if (!Decimal::FromString(text, &decimal, &precision, &scale).ok() ||
      scale != decimal_type.scale() || !decimal.FitsInPrecision(decimal_type.precision())) {
    return DoesNotBelong(value, *type);
  }
  return arrow::MakeScalar(type, decimal);
}

/// A decimal that a plan writes as a number or as text, in the type's scale where it loses nothing.
template <class Decimal>
arrow::Result<std::shared_ptr<arrow::Scalar>> DecimalFromPlan(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  if (!value.is_number() && !value.is_string()) return DoesNotBelong(value, *type);
  const auto& decimal_type = static_cast<const arrow::DecimalType&>(*type);
  Decimal decimal;
  int32_t precision = 0;
  int32_t scale = 0;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (!Decimal::FromString(text, &decimal, &precision, &scale).ok()) {
    return DoesNotBelong(value, *type);
  }
  const auto scaled = decimal.Rescale(scale, decimal_type.scale());
  if (!scaled.ok() || !scaled->FitsInPrecision(decimal_type.precision())) {
    return DoesNotBelong(value, *type);
  }
  return arrow::MakeScalar(type, *scaled);
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ScalarFromJson(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::BOOL:
      if (!value.is_boolean()) return DoesNotBelong(value, *type);
      return arrow::MakeScalar(type, value.get<bool>());
#define EMBER_NUMBER(id, T) \
  case arrow::Type::id:     \
    return NumberFromJson<T>(value, type);
      EMBER_NUMBER(INT8, int8_t)
      EMBER_NUMBER(INT16, int16_t)
      EMBER_NUMBER(INT32, int32_t)
      EMBER_NUMBER(INT64, int64_t)
      EMBER_NUMBER(UINT8, uint8_t)
      EMBER_NUMBER(UINT16, uint16_t)
      EMBER_NUMBER(UINT32, uint32_t)
      EMBER_NUMBER(UINT64, uint64_t)
      EMBER_NUMBER(FLOAT, float)
      EMBER_NUMBER(DOUBLE, double)
      EMBER_NUMBER(DATE32, int32_t)
      EMBER_NUMBER(DATE64, int64_t)
      EMBER_NUMBER(TIME32, int32_t)
      EMBER_NUMBER(TIME64, int64_t)
      EMBER_NUMBER(TIMESTAMP, int64_t)
      EMBER_NUMBER(DURATION, int64_t)
#undef EMBER_NUMBER
    case arrow::Type::HALF_FLOAT:
      return HalfFromJson(value, type);
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return BytesFromJson(value, type);
    case arrow::Type::DECIMAL32:
      return DecimalFromJson<arrow::Decimal32>(value, type);
    case arrow::Type::DECIMAL64:
      return DecimalFromJson<arrow::Decimal64>(value, type);
    case arrow::Type::DECIMAL128:
      return DecimalFromJson<arrow::Decimal128>(value, type);
    case arrow::Type::DECIMAL256:
      return DecimalFromJson<arrow::Decimal256>(value, type);
    default:
      return base::UsageError("values of type " + type->ToString() +
                              " cannot be written in a model");
  }
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ScalarFromPlan(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::DECIMAL32:
      return DecimalFromPlan<arrow::Decimal32>(value, type);
    case arrow::Type::DECIMAL64:
      return DecimalFromPlan<arrow::Decimal64>(value, type);
    case arrow::Type::DECIMAL128:
      return DecimalFromPlan<arrow::Decimal128>(value, type);
    case arrow::Type::DECIMAL256:
      return DecimalFromPlan<arrow::Decimal256>(value, type);
    default:
      return ScalarFromJson(value, type);
  }
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrayOf(
    const std::vector<std::shared_ptr<arrow::Scalar>>& scalars,
    const std::shared_ptr<arrow::DataType>& type) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ArrayBuilder> builder, arrow::MakeBuilder(type));
  for (const auto& scalar : scalars) ARROW_RETURN_NOT_OK(builder->AppendScalar(*scalar));
  return builder->Finish();
}

template <class Get>
std::vector<int64_t> OrderBy(int64_t n, Get&& get) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return get(a) < get(b); });
  return order;
}

bool IsTimestampWithZone(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

}  // namespace

arrow::Result<nlohmann::json> ValueToJson(const arrow::Array& values, int64_t i) {
  if (values.type_id() == arrow::Type::BOOL) {
    return nlohmann::json(static_cast<const arrow::BooleanArray&>(values).Value(i));
  }
  nlohmann::json json;
  if (VisitNumbers(values, [&](const auto& array) { json = array.Value(i); })) return json;
  if (values.type_id() == arrow::Type::HALF_FLOAT) return nlohmann::json(HalfAt(values, i));
  if (const std::optional<std::string_view> bytes = BytesAt(values, i)) {
    if (base::IsUtf8(*bytes)) return nlohmann::json(std::string(*bytes));
    return nlohmann::json{{"hex", ToHex(*bytes)}};
  }
  if (arrow::is_decimal(values.type_id())) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Scalar> scalar, values.GetScalar(i));
    return nlohmann::json(scalar->ToString());
  }
  return base::UsageError("values of type " + values.type()->ToString() +
                          " cannot be written in a model");
}

arrow::Result<std::shared_ptr<arrow::Array>> ValuesFromJson(
    const std::vector<nlohmann::json>& values, const std::shared_ptr<arrow::DataType>& type) {
  std::vector<std::shared_ptr<arrow::Scalar>> scalars;
  for (const nlohmann::json& value : values) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Scalar> scalar, ScalarFromJson(value, type));
    scalars.push_back(std::move(scalar));
  }
  return ArrayOf(scalars, type);
}

arrow::Result<std::shared_ptr<arrow::Array>> ValueFromPlan(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::Scalar> scalar;
  if (arrow::is_temporal(type->id())) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    // Arrow's parser wants a zone exactly where the type has one; a plan may leave it out, meaning
    // UTC.
    if (IsTimestampWithZone(*type) && !text.empty() && text.back() != 'Z' &&
        text.find('+') == std::string::npos) {
      text += "Z";
    }
    if (auto parsed = arrow::Scalar::Parse(type, text); parsed.ok()) scalar = *parsed;
  } else if (auto parsed = ScalarFromPlan(value, type); parsed.ok()) {
    scalar = *parsed;
  }
  if (scalar == nullptr) {
    return base::UsageError(OptionText(value) + " is not a value of type " + type->ToString());
  }
  return ArrayOf({scalar}, type);
}

bool HasText(const arrow::Array& values, int64_t i) {
  const std::optional<std::string_view> bytes = BytesAt(values, i);
  return !bytes.has_value() || base::IsUtf8(*bytes);
}

std::string HexText(const arrow::Array& values, int64_t i) {
  return "0x" + ToHex(BytesAt(values, i).value_or(""));
}

std::string ValueText(const arrow::Array& values, int64_t i) {
  if (values.type_id() == arrow::Type::BOOL) {
    return static_cast<const arrow::BooleanArray&>(values).Value(i) ? "true" : "false";
  }
  if (const std::optional<std::string_view> bytes = BytesAt(values, i)) {
    return HasText(values, i) ? std::string(*bytes) : "0x" + ToHex(*bytes);
  }
  if (values.type_id() == arrow::Type::HALF_FLOAT) {
    // As the float32 that it is exactly: halves have no shortest form of their own.
    char digits[32];
    const auto value = static_cast<float>(HalfAt(values, i));
    return {digits, std::to_chars(digits, digits + sizeof(digits), value).ptr};
  }
  std::string text;
  if (!arrow::is_temporal(values.type_id())) {
    const bool visited = VisitNumbers(values, [&](const auto& array) {
      char digits[32];
      text.assign(digits, std::to_chars(digits, digits + sizeof(digits), array.Value(i)).ptr);
    });
    if (visited) return text;
  }
  const auto scalar = values.GetScalar(i);
  return scalar.ok() ? (*scalar)->ToString() : std::string();
}

std::vector<int64_t> AscendingOrder(const arrow::Array& values) {
  const int64_t n = values.length();
  std::vector<int64_t> order;
  if (VisitNumbers(values, [&](const auto& array) {
        order = OrderBy(n, [&](int64_t i) { return array.Value(i); });
      })) {
    return order;
  }
  switch (values.type_id()) {
    case arrow::Type::HALF_FLOAT:
      return OrderBy(n, [&](int64_t i) { return HalfAt(values, i); });
    case arrow::Type::BOOL: {
      const auto& bools = static_cast<const arrow::BooleanArray&>(values);
      return OrderBy(n, [&](int64_t i) { return bools.Value(i); });
    }
#define EMBER_ORDER(id, ArrayType, Decimal)                                   \
  case arrow::Type::id: {                                                     \
    const auto& decimals = static_cast<const arrow::ArrayType&>(values);      \
    return OrderBy(n, [&](int64_t i) { return Decimal(decimals.Value(i)); }); \
  }
      EMBER_ORDER(DECIMAL32, Decimal32Array, arrow::Decimal32)
      EMBER_ORDER(DECIMAL64, Decimal64Array, arrow::Decimal64)
      EMBER_ORDER(DECIMAL128, Decimal128Array, arrow::Decimal128)
      EMBER_ORDER(DECIMAL256, Decimal256Array, arrow::Decimal256)
#undef EMBER_ORDER
    default:
      return OrderBy(n, [&](int64_t i) { return BytesAt(values, i).value_or(""); });
  }
}

}  // namespace emberharmony::feature
