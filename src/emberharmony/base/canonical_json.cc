#include "emberharmony/base/canonical_json.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "emberharmony/base/utf8.h"

namespace emberharmony::base {
namespace {

// Above this JSON readers that keep numbers as doubles (JavaScript) lose digits.
constexpr uint64_t kExactIntegerMax = uint64_t{1} << 53;

void AppendEscapedAscii(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  if (c >= 0x20) {
    *out += static_cast<char>(c);
    return;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  *out += "\\u00";
  *out += kDigits[c >> 4];
  *out += kDigits[c & 15];
}

void AppendString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    size_t invalid_length = 0;
    const size_t length = Utf8SequenceLength(text, &invalid_length);
    if (length == 0) {
      *out += "\\ufffd";
      text.remove_prefix(invalid_length);
      continue;
    }
    if (length == 1) {
      AppendEscapedAscii(static_cast<unsigned char>(text[0]), out);
    } else {
      out->append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  *out += '"';
}

void AppendDouble(double value, std::string* out) {
  if (std::isnan(value)) {
    *out += "\"NaN\"";
  } else if (std::isinf(value)) {
    *out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const std::string_view text(digits, static_cast<size_t>(end - digits));
    out->append(text);
    if (text.find_first_of(".e") == std::string_view::npos) *out += ".0";
  }
}

void AppendInteger(bool negative, uint64_t magnitude, std::string* out) {
  const bool quoted = magnitude > kExactIntegerMax;
  if (quoted) *out += '"';
  if (negative) *out += '-';
  *out += std::to_string(magnitude);
  if (quoted) *out += '"';
}

void AppendValue(const nlohmann::json& value, size_t depth, std::string* out);

void AppendLineStart(size_t depth, std::string* out) {
  *out += '\n';
  out->append(2 * depth, ' ');
}

void AppendObject(const nlohmann::json& value, size_t depth, std::string* out) {
  *out += '{';
  bool first = true;
  for (const auto& [key, item] : value.items()) {  // a std::map: sorted by bytes
    if (!first) *out += ',';
    first = false;
    AppendLineStart(depth + 1, out);
    AppendString(key, out);
    *out += ": ";
    AppendValue(item, depth + 1, out);
  }
  if (!first) AppendLineStart(depth, out);
  *out += '}';
}

void AppendArray(const nlohmann::json& value, size_t depth, std::string* out) {
  *out += '[';
  bool first = true;
  for (const auto& item : value) {
    if (!first) *out += ',';
    first = false;
    AppendLineStart(depth + 1, out);
    AppendValue(item, depth + 1, out);
  }
  if (!first) AppendLineStart(depth, out);
  *out += ']';
}

void AppendValue(const nlohmann::json& value, size_t depth, std::string* out) {
  using Type = nlohmann::json::value_t;
  switch (value.type()) {
    case Type::object:
      return AppendObject(value, depth, out);
    case Type::array:
      return AppendArray(value, depth, out);
    case Type::string:
      return AppendString(value.get_ref<const std::string&>(), out);
    case Type::boolean:
      *out += value.get<bool>() ? "true" : "false";
      return;
    case Type::number_integer: {
      const int64_t number = value.get<int64_t>();
      const uint64_t bits = static_cast<uint64_t>(number);
      return AppendInteger(number < 0, number < 0 ? 0 - bits : bits, out);
    }
    case Type::number_unsigned:
      return AppendInteger(false, value.get<uint64_t>(), out);
    case Type::number_float:
      return AppendDouble(value.get<double>(), out);
    case Type::binary: {  // not a JSON type; written as the string of its bytes
      const auto& bytes = value.get_binary();
      return AppendString({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, out);
    }
    case Type::null:
    case Type::discarded:
      *out += "null";
      return;
  }
}

}  // namespace

std::string CanonicalJson(const nlohmann::json& value) {
  std::string out;
  AppendValue(value, 0, &out);
  out += '\n';
  return out;
}

}  // namespace emberharmony::base
