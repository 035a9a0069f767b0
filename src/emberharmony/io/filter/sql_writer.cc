#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/reserved_words_internal.h"

namespace emberharmony::io::filter {
namespace {

bool IsPlainName(const std::string& name, bool first) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && !(first && IsReservedWord(name)) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void WriteName(const std::string& name, bool first, std::string* out) {
  if (IsPlainName(name, first)) {
    *out += name;
    return;
  }
  *out += '`';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '`' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(*out), "\\x{:02x}", byte);
    } else {
      *out += c;
    }
  }
  *out += '`';
}

std::string_view OpText(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kEqual:
      return " = ";
    case ComparisonOp::kNotEqual:
      return " != ";
    case ComparisonOp::kLess:
      return " < ";
    case ComparisonOp::kLessEqual:
      return " <= ";
    case ComparisonOp::kGreater:
      return " > ";
    case ComparisonOp::kGreaterEqual:
      return " >= ";
  }
  return "";
}

void Write(const Expression& expression, std::string* out);

/// How tightly the parser binds: OR, AND, NOT, comparisons, operands.
int Level(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::kOr:
      return 0;
    case ExpressionKind::kAnd:
      return 1;
    case ExpressionKind::kNot:
      return 2;
    case ExpressionKind::kLiteral:
    case ExpressionKind::kColumn:
    case ExpressionKind::kIsNan:
    case ExpressionKind::kIsInf:
    case ExpressionKind::kCast:
      return 4;
    default:
      return 3;
  }
}

/// Parentheses only where they are needed: more would make a text deeper than what was parsed.
void WriteOperand(const Expression& expression, int level_min, std::string* out) {
  const bool bare = Level(expression) >= level_min;
  if (!bare) *out += '(';
  Write(expression, out);
  if (!bare) *out += ')';
}

void WriteJoined(const Expression& expression, size_t begin, std::string_view between,
                 int level_min, std::string* out) {
  for (size_t i = begin; i < expression.children.size(); ++i) {
    if (i > begin) *out += between;
    WriteOperand(*expression.children[i], level_min, out);
  }
}

void Write(const Expression& expression, std::string* out) {
  const auto first = [&] { WriteOperand(*expression.children[0], 4, out); };
  const std::string_view negated = expression.negated ? " NOT" : "";
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      *out += LiteralSql(expression.literal);
      return;
    case ExpressionKind::kColumn:
      for (size_t i = 0; i < expression.path.size(); ++i) {
        if (i > 0) *out += '.';
        WriteName(expression.path[i], i == 0, out);
      }
      return;
    case ExpressionKind::kAnd:
      return WriteJoined(expression, 0, " AND ", 2, out);
    case ExpressionKind::kOr:
      return WriteJoined(expression, 0, " OR ", 1, out);
    case ExpressionKind::kNot:
      *out += "NOT ";
      return WriteJoined(expression, 0, "", 2, out);
    case ExpressionKind::kCompare:
      return WriteJoined(expression, 0, OpText(expression.op), 4, out);
    case ExpressionKind::kIn:
      first();
      *out += fmt::format("{} IN (", negated);
      WriteJoined(expression, 1, ", ", 4, out);
      *out += ')';
      return;
    case ExpressionKind::kBetween:
      first();
      *out += fmt::format("{} BETWEEN ", negated);
      return WriteJoined(expression, 1, " AND ", 4, out);
    case ExpressionKind::kLike:
      first();
      *out += fmt::format("{} LIKE ", negated);
      return WriteJoined(expression, 1, "", 4, out);
    case ExpressionKind::kIsNull:
    case ExpressionKind::kIsTrue:
    case ExpressionKind::kIsFalse:
      first();
      *out += fmt::format(" IS{} {}", negated,
                          expression.kind == ExpressionKind::kIsNull   ? "NULL"
                          : expression.kind == ExpressionKind::kIsTrue ? "TRUE"
                                                                       : "FALSE");
      return;
    case ExpressionKind::kIsNan:
    case ExpressionKind::kIsInf:
      *out += expression.kind == ExpressionKind::kIsNan ? "IS_NAN(" : "IS_INF(";
      first();
      *out += ')';
      return;
    case ExpressionKind::kCast:
      *out += expression.is_safe ? "SAFE_CAST(" : "CAST(";
      // As in parentheses: whatever is cast needs none of its own.
      WriteOperand(*expression.children[0], 0, out);
      *out += fmt::format(" AS {})", SqlTypeName(expression.cast_type));
      return;
  }
}

}  // namespace

std::string WriteSql(const Expression& expression) {
  std::string text;
  Write(expression, &text);
  return text;
}

bool SameExpression(const Expression& a, const Expression& b) {
  if (a.kind != b.kind || a.negated != b.negated || a.op != b.op || a.path != b.path ||
      a.cast_type != b.cast_type || a.is_safe != b.is_safe || !(a.literal == b.literal) ||
      a.children.size() != b.children.size()) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameExpression(*a.children[i], *b.children[i])) return false;
  }
  return true;
}

}  // namespace emberharmony::io::filter
