#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <sstream>

#include "emberharmony/base/spelling.h"
#include "emberharmony/plan/yaml_document_internal.h"

namespace emberharmony::plan::internal {
namespace {

struct TooMuch {
  Mark mark;
  std::string message;
};

Mark ToMark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree out of the parser's events. The tree is built here and not by yaml-cpp's own
// loader, because that expands aliases and keeps only the first of repeated keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Faults* faults) : faults_(faults) {}

  YamlNode Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(Make(YamlNode::Kind::kNull, mark, "?", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    faults_->Add(ToMark(mark), "aliases (*name) are not allowed in a plan; write the value out");
    Put(Make(YamlNode::Kind::kNull, mark, "?", 0));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Make(YamlNode::Kind::kScalar, mark, tag, anchor);
    node.text = value;
    node.quoted = tag == "!";
    Put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Make(YamlNode::Kind::kSequence, mark, tag, anchor));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Make(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { Close(); }

 private:
  // A collection that is being read. A map's key arrives as a node of its own before its value.
  struct Frame {
    YamlNode node;
    bool has_key = false;
    YamlNode key;
    std::set<std::string> seen;
  };

  YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor) {
    if (++num_nodes_ > kYamlNodesMax) {
      throw TooMuch{ToMark(mark), fmt::format("a plan may hold at most {} values", kYamlNodesMax)};
    }
    if (anchor != 0) {
      faults_->Add(ToMark(mark), "anchors (&name) are not allowed in a plan; write the value out");
    }
    if (tag != "?" && tag != "!" && !tag.empty()) {
      faults_->Add(ToMark(mark),
                   "tags are not allowed in a plan, found " + Quoted(tag) + "; leave the tag out");
    }
    YamlNode node;
    node.kind = kind;
    node.mark = ToMark(mark);
    return node;
  }

  void Open(YamlNode node) {
    if (frames_.size() >= kYamlDepthMax) {
      throw TooMuch{node.mark,
                    fmt::format("a plan may be nested at most {} levels deep", kYamlDepthMax)};
    }
    frames_.emplace_back();
    frames_.back().node = std::move(node);
  }

  void Close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    Put(std::move(node));
  }

  void Put(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kSequence) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      frame.key = std::move(node);
      frame.has_key = true;
    } else {
      frame.has_key = false;
      AddEntry(&frame, std::move(node));
    }
  }

  void AddEntry(Frame* frame, YamlNode value) {
    if (frame->key.kind != YamlNode::Kind::kScalar) {
      faults_->Add(frame->key.mark, "a key must be a word, found " + frame->key.Describe());
      return;
    }
    if (!frame->seen.insert(frame->key.text).second) {
      faults_->Add(frame->key.mark,
                   "the key " + Quoted(frame->key.text) + " appears twice; keep one");
      return;
    }
    frame->node.keys.emplace_back(frame->key.text, frame->key.mark);
    frame->node.items.push_back(std::move(value));
  }

  Faults* faults_;
  YamlNode root_;
  std::vector<Frame> frames_;
  int num_nodes_ = 0;
};

bool IsAnyOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// [-+]? (\. [0-9]+ | [0-9]+ (\. [0-9]*)?) ([eE] [-+]? [0-9]+)?, the core schema's float.
bool LooksLikeFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view digits = text.substr(exponent + 1);
    if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
    if (!AllDigits(digits)) return false;
    text = text.substr(0, exponent);
  }
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return AllDigits(text);
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(point + 1);
  if (whole.empty()) return AllDigits(fraction);
  return AllDigits(whole) && (fraction.empty() || AllDigits(fraction));
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // What other YAML readers take for line breaks or drop is escaped as the character it is; bytes
    // that are not UTF-8 have no escape and stand as they are.
    if (text.substr(i, 2) == "\xc2\x85") {
      *out += "\\u0085";
      i += 1;
    } else if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") {
      *out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (text.substr(i, 3) == "\xef\xbb\xbf") {
      *out += "\\uFEFF";
      i += 2;
    } else if (byte == '"' || byte == '\\') {
      *out += '\\';
      *out += text[i];
    } else if (byte == '\n' || byte == '\t' || byte == '\r') {
      *out += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      *out += fmt::format("\\x{:02X}", byte);
    } else {
      *out += text[i];
    }
  }
}

bool IsSimpleWord(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (!is_letter(text[0])) return false;
  for (const char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  // What some YAML reader, of version 1.1 or 1.2, takes for a boolean or for nothing.
  const std::string lower = base::LowerAscii(text);
  return !IsAnyOf(lower,
                  {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"});
}

std::string YamlDouble(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  char digits[40];
  std::string text(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// By the core schema: digits with a sign, 0x and 0o without one.
template <typename Integer>
std::optional<Integer> ReadInteger(std::string_view digits) {
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0o")) {
    base = digits[1] == 'x' ? 16 : 8;
    digits.remove_prefix(2);
    if (digits.starts_with('-')) return std::nullopt;
  } else if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return std::nullopt;
  }
  Integer value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string YamlNode::Describe() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return Quoted(text);
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

std::optional<bool> YamlNode::AsBool() const {
  if (kind != Kind::kScalar || quoted) return std::nullopt;
  if (IsAnyOf(text, {"true", "True", "TRUE"})) return true;
  if (IsAnyOf(text, {"false", "False", "FALSE"})) return false;
  return std::nullopt;
}

std::optional<int64_t> YamlNode::AsInteger() const {
  if (kind != Kind::kScalar || quoted) return std::nullopt;
  return ReadInteger<int64_t>(text);
}

std::optional<uint64_t> YamlNode::AsUnsigned() const {
  if (kind != Kind::kScalar || quoted) return std::nullopt;
  return ReadInteger<uint64_t>(text);
}

std::optional<double> YamlNode::AsDouble() const {
  if (kind != Kind::kScalar || quoted) return std::nullopt;
  if (const auto integer = AsInteger()) return static_cast<double>(*integer);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (IsAnyOf(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return kInfinity;
  if (IsAnyOf(text, {"-.inf", "-.Inf", "-.INF"})) return -kInfinity;
  if (IsAnyOf(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  if (!LooksLikeFloat(text)) return std::nullopt;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  // Out of range: from_chars leaves the value alone. strtod's answer is wanted: an infinity or a
  // zero.
  if (parsed.ec == std::errc::result_out_of_range) {
    const bool negative = digits.starts_with('-');
    const size_t exponent = digits.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? digits.substr(exponent + 1).starts_with('-')
                          : digits.find_first_of("123456789") > digits.find('.');
    const double magnitude = tiny ? 0.0 : kInfinity;
    return negative ? -magnitude : magnitude;
  }
  return value;
}

nlohmann::json YamlNode::AsJson() const {
  switch (kind) {
    case Kind::kNull:
      return nullptr;
    case Kind::kScalar:
      if (const auto boolean = AsBool()) return *boolean;
      if (const auto integer = AsInteger()) return *integer;
      if (const auto integer = AsUnsigned()) return *integer;  // from 2^63 on
      if (const auto number = AsDouble()) return *number;
      return text;
    case Kind::kSequence: {
      nlohmann::json list = nlohmann::json::array();
      for (const YamlNode& item : items) list.push_back(item.AsJson());
      return list;
    }
    case Kind::kMap: {
      nlohmann::json map = nlohmann::json::object();
      for (size_t i = 0; i < items.size(); ++i) map[keys[i].first] = items[i].AsJson();
      return map;
    }
  }
  return nullptr;
}

std::optional<YamlNode> ReadYaml(std::string_view text, Faults* faults) {
  if (text.size() > kPlanBytesMax) {
    faults->Add(
        {}, fmt::format("a plan may have at most {} bytes, found {}", kPlanBytesMax, text.size()));
    return std::nullopt;
  }
  // yaml-cpp takes these for the end of its input and would ignore the rest in silence.
  const size_t control = text.find_first_of(std::string_view("\0\x04", 2));
  if (control != std::string_view::npos) {
    const std::string_view before = text.substr(0, control);
    const size_t line_start =
        before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    faults->Add({static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                 static_cast<int>(control - line_start) + 1},
                "control characters are not allowed in a plan; is this a text file?");
    return std::nullopt;
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(faults);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      faults->Add({}, "the plan is empty; `ember plan SOURCE` writes one to start from");
      return std::nullopt;
    }
    YamlNode root = builder.Take();
    TreeBuilder rest(faults);
    if (parser.HandleNextDocument(rest)) {
      faults->Add(rest.Take().mark, "a plan is one YAML document, found another after '---'");
    }
    return root;
  } catch (const TooMuch& too_much) {
    faults->Add(too_much.mark, too_much.message);
  } catch (const YAML::Exception& error) {
    faults->Add(ToMark(error.mark), "not YAML: " + OneLine(error.msg));
  }
  return std::nullopt;
}

std::string YamlString(std::string_view text) {
  if (IsSimpleWord(text)) return std::string(text);
  std::string out = "\"";
  AppendEscaped(text, &out);
  return out + "\"";
}

std::string YamlFlow(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case nlohmann::json::value_t::number_integer:
      return std::to_string(value.get<int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      return std::to_string(value.get<uint64_t>());
    case nlohmann::json::value_t::number_float:
      return YamlDouble(value.get<double>());
    case nlohmann::json::value_t::string:
      return YamlString(value.get_ref<const std::string&>());
    case nlohmann::json::value_t::array: {
      std::string out;
      for (const auto& item : value) out += (out.empty() ? "" : ", ") + YamlFlow(item);
      return "[" + out + "]";
    }
    case nlohmann::json::value_t::object: {
      std::string out;
      for (const auto& [key, item] : value.items()) {
        out += (out.empty() ? "" : ", ") + YamlString(key) + ": " + YamlFlow(item);
      }
      return "{" + out + "}";
    }
    default:
      return "null";
  }
}

}  // namespace emberharmony::plan::internal
