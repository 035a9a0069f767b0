#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/type_text_internal.h"

namespace emberharmony::plan::internal {
namespace {

using arrow::Type;

const std::array<std::pair<std::string_view, std::shared_ptr<arrow::DataType>>, 23>& PlainTypes() {
  static const std::array<std::pair<std::string_view, std::shared_ptr<arrow::DataType>>, 23> types =
      {{
          {"null", arrow::null()},
          {"bool", arrow::boolean()},
          {"int8", arrow::int8()},
          {"int16", arrow::int16()},
          {"int32", arrow::int32()},
          {"int64", arrow::int64()},
          {"uint8", arrow::uint8()},
          {"uint16", arrow::uint16()},
          {"uint32", arrow::uint32()},
          {"uint64", arrow::uint64()},
          {"float16", arrow::float16()},
          {"float32", arrow::float32()},
          {"float64", arrow::float64()},
          {"string", arrow::utf8()},
          {"large_string", arrow::large_utf8()},
          {"string_view", arrow::utf8_view()},
          {"binary", arrow::binary()},
          {"large_binary", arrow::large_binary()},
          {"binary_view", arrow::binary_view()},
          {"date32", arrow::date32()},
          {"date64", arrow::date64()},
          {"time32[s]", arrow::time32(arrow::TimeUnit::SECOND)},
          {"time32[ms]", arrow::time32(arrow::TimeUnit::MILLI)},
      }};
  return types;
}

constexpr std::array<std::pair<std::string_view, arrow::TimeUnit::type>, 4> kUnits = {
    {{"s", arrow::TimeUnit::SECOND},
     {"ms", arrow::TimeUnit::MILLI},
     {"us", arrow::TimeUnit::MICRO},
     {"ns", arrow::TimeUnit::NANO}}};

std::string_view UnitText(arrow::TimeUnit::type unit) {
  for (const auto& [text, value] : kUnits) {
    if (value == unit) return text;
  }
  return "";
}

std::optional<arrow::TimeUnit::type> ParseUnit(std::string_view text) {
  for (const auto& [name, value] : kUnits) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::string_view DecimalName(Type::type id) {
  switch (id) {
    case Type::DECIMAL32:
      return "decimal32";
    case Type::DECIMAL64:
      return "decimal64";
    case Type::DECIMAL128:
      return "decimal128";
    default:
      return "decimal256";
  }
}

// The text between "name[" and "]", if `text` is of this form.
std::optional<std::string_view> Parameter(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.ends_with(']') || text.size() < name.size() + 2)
    return std::nullopt;
  if (text[name.size()] != '[') return std::nullopt;
  return text.substr(name.size() + 1, text.size() - name.size() - 2);
}

std::optional<int32_t> ParseInt(std::string_view text) {
  int32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::shared_ptr<arrow::DataType> ParseDecimal(std::string_view text) {
  const size_t open = text.find('(');
  const size_t comma = text.find(", ");
  if (open == std::string_view::npos || comma == std::string_view::npos || comma < open ||
      !text.ends_with(')')) {
    return nullptr;
  }
  const auto precision = ParseInt(text.substr(open + 1, comma - open - 1));
  const auto scale = ParseInt(text.substr(comma + 2, text.size() - comma - 3));
  if (!precision.has_value() || !scale.has_value()) return nullptr;
  const std::string_view name = text.substr(0, open);
  for (const Type::type id :
       {Type::DECIMAL32, Type::DECIMAL64, Type::DECIMAL128, Type::DECIMAL256}) {
    if (name != DecimalName(id)) continue;
    auto type = arrow::DecimalType::Make(id, *precision, *scale);
    return type.ok() ? *type : nullptr;
  }
  return nullptr;
}

std::shared_ptr<arrow::DataType> ParseParameterized(std::string_view text) {
  if (const auto unit_text = Parameter(text, "time64")) {
    const auto unit = ParseUnit(*unit_text);
    const bool fits = unit == arrow::TimeUnit::MICRO || unit == arrow::TimeUnit::NANO;
    return fits ? arrow::time64(*unit) : nullptr;
  }
  if (const auto unit_text = Parameter(text, "duration")) {
    const auto unit = ParseUnit(*unit_text);
    return unit.has_value() ? arrow::duration(*unit) : nullptr;
  }
  if (const auto width_text = Parameter(text, "fixed_size_binary")) {
    const auto width = ParseInt(*width_text);
    return width.has_value() && *width >= 0 ? arrow::fixed_size_binary(*width) : nullptr;
  }
  if (const auto parameters = Parameter(text, "timestamp")) {
    const size_t comma = std::min(parameters->find(", "), parameters->size());
    const auto unit = ParseUnit(parameters->substr(0, comma));
    if (!unit.has_value()) return nullptr;
    if (comma == parameters->size()) return arrow::timestamp(*unit);
    return arrow::timestamp(*unit, std::string(parameters->substr(comma + 2)));
  }
  return ParseDecimal(text);
}

}  // namespace

arrow::Result<std::string> TypeText(const arrow::DataType& type) {
  for (const auto& [text, plain] : PlainTypes()) {
    if (plain->Equals(type)) return std::string(text);
  }
  switch (type.id()) {
    case Type::TIME64:
      return fmt::format("time64[{}]",
                         UnitText(static_cast<const arrow::Time64Type&>(type).unit()));
    case Type::DURATION:
      return fmt::format("duration[{}]",
                         UnitText(static_cast<const arrow::DurationType&>(type).unit()));
    case Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      const std::string zone = timestamp.timezone().empty() ? "" : ", " + timestamp.timezone();
      return fmt::format("timestamp[{}{}]", UnitText(timestamp.unit()), zone);
    }
    case Type::FIXED_SIZE_BINARY:
      return fmt::format("fixed_size_binary[{}]",
                         static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return fmt::format("{}({}, {})", DecimalName(type.id()), decimal.precision(),
                         decimal.scale());
    }
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      ARROW_ASSIGN_OR_RAISE(const std::string index, TypeText(*dictionary.index_type()));
      ARROW_ASSIGN_OR_RAISE(const std::string value, TypeText(*dictionary.value_type()));
      return fmt::format("dictionary[{}, {}]", index, value);
    }
    case Type::LIST: {
      const auto& element = *static_cast<const arrow::ListType&>(type).value_type();
      if (arrow::is_nested(element.id())) break;
      ARROW_ASSIGN_OR_RAISE(const std::string text, TypeText(element));
      return fmt::format("list[{}]", text);
    }
    default:
      break;
  }
  return base::UsageError("columns of type " + type.ToString() +
                          " are not supported by this version");
}

arrow::Result<std::shared_ptr<arrow::DataType>> ParseTypeText(std::string_view text) {
  std::shared_ptr<arrow::DataType> result;
  for (const auto& [name, plain] : PlainTypes()) {
    if (name == text) result = plain;
  }
  if (const auto parameters = Parameter(text, "dictionary")) {
    // Only one level: the index is a plain integer, the value anything but another dictionary.
    const size_t comma = parameters->find(", ");
    if (comma != std::string_view::npos &&
        !parameters->substr(comma + 2).starts_with("dictionary")) {
      ARROW_ASSIGN_OR_RAISE(const auto index, ParseTypeText(parameters->substr(0, comma)));
      ARROW_ASSIGN_OR_RAISE(const auto value, ParseTypeText(parameters->substr(comma + 2)));
      if (arrow::is_integer(index->id())) result = arrow::dictionary(index, value);
    }
  } else if (const auto element = Parameter(text, "list")) {
    // One level, and no dictionaries inside.
    if (!element->starts_with("dictionary") && !element->starts_with("list")) {
      ARROW_ASSIGN_OR_RAISE(const auto value, ParseTypeText(*element));
      result = arrow::list(value);
    }
  } else if (result == nullptr) {
    result = ParseParameterized(text);
  }
  // Only the canonical text counts: no leading zeros, signs or blanks.
  if (result != nullptr) {
    const auto canonical = TypeText(*result);
    if (canonical.ok() && *canonical == text) return result;
  }
  return base::DataError("expected a type such as int64 or timestamp[us, UTC], found " +
                         Quoted(text));
}

}  // namespace emberharmony::plan::internal
