#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "emberharmony/base/spelling.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/filter/reserved_words_internal.h"
#include "emberharmony/io/filter/tokenizer_internal.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::array<std::string_view, 22> kAggregates = {"ANY_VALUE",
                                                          "APPROX_COUNT_DISTINCT",
                                                          "APPROX_QUANTILES",
                                                          "ARRAY_AGG",
                                                          "AVG",
                                                          "BIT_AND",
                                                          "BIT_OR",
                                                          "BIT_XOR",
                                                          "CORR",
                                                          "COUNT",
                                                          "COUNTIF",
                                                          "COVAR_POP",
                                                          "GROUPING",
                                                          "LOGICAL_AND",
                                                          "LOGICAL_OR",
                                                          "MAX",
                                                          "MIN",
                                                          "STDDEV",
                                                          "STDDEV_POP",
                                                          "STRING_AGG",
                                                          "SUM",
                                                          "VARIANCE"};

struct TypeWord {
  std::string_view word;
  SqlType type;
};
/// What a CAST may give; the names that GoogleSQL has for the types of kTypedLiterals are there.
constexpr std::array<TypeWord, 12> kOtherTypes = {{{"BOOL", SqlType::kBool},
                                                   {"BOOLEAN", SqlType::kBool},
                                                   {"INT64", SqlType::kInt64},
                                                   {"INT", SqlType::kInt64},
                                                   {"SMALLINT", SqlType::kInt64},
                                                   {"INTEGER", SqlType::kInt64},
                                                   {"BIGINT", SqlType::kInt64},
                                                   {"TINYINT", SqlType::kInt64},
                                                   {"BYTEINT", SqlType::kInt64},
                                                   {"FLOAT64", SqlType::kFloat64},
                                                   {"STRING", SqlType::kString},
                                                   {"BYTES", SqlType::kBytes}}};
constexpr std::array<TypeWord, 8> kTypedLiterals = {{{"DATE", SqlType::kDate},
                                                     {"DATETIME", SqlType::kDatetime},
                                                     {"TIMESTAMP", SqlType::kTimestamp},
                                                     {"TIME", SqlType::kTime},
                                                     {"NUMERIC", SqlType::kNumeric},
                                                     {"DECIMAL", SqlType::kNumeric},
                                                     {"BIGNUMERIC", SqlType::kBigNumeric},
                                                     {"BIGDECIMAL", SqlType::kBigNumeric}}};

bool IsArithmetic(const Token& token) {
  constexpr std::array<std::string_view, 12> kOperators = {"+", "-", "*", "/",  "|",  "&",
                                                           "^", "~", "%", "||", "<<", ">>"};
  return token.kind == TokenKind::kSymbol &&
         std::find(kOperators.begin(), kOperators.end(), token.text) != kOperators.end();
}

/// Recursive descent with one token at hand and one ahead.
class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : name_(name), tokenizer_(text, name) {}

  Result<ExpressionPtr> Parse() {
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_RETURN_NOT_OK(Advance());
    if (token_.kind == TokenKind::kEnd) {
      return FilterError(name_, token_.position,
                         "expected a condition such as distance > 100, "
                         "found nothing");
    }
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr expression, Or());
    if (token_.kind != TokenKind::kEnd) return Unexpected("AND, OR or the end of the filter");
    return expression;
  }

 private:
  using Children = std::vector<ExpressionPtr>;

  Status Advance() {
    token_ = std::move(ahead_);
    ARROW_ASSIGN_OR_RAISE(ahead_, tokenizer_.Next());
    return Status::OK();
  }

  bool AtSymbol(std::string_view symbol) const {
    return token_.kind == TokenKind::kSymbol && token_.text == symbol;
  }
  bool AtWord(std::string_view keyword) const {
    return token_.kind == TokenKind::kWord && IsWord(token_.text, keyword);
  }
  bool AheadIsWord(std::string_view keyword) const {
    return ahead_.kind == TokenKind::kWord && IsWord(ahead_.text, keyword);
  }

  std::string Found() const {
    return token_.kind == TokenKind::kEnd ? "the end of the filter"
                                          : "'" + ShownText(token_.source) + "'";
  }

  Status Unexpected(std::string_view expected) const {
    std::string hint;
    const bool text = token_.kind == TokenKind::kString || token_.kind == TokenKind::kBytes;
    if (text && after_text_) {
      hint = "; strings do not join: a quote inside a string is written \\' or \\\"";
    } else if (AtSymbol("=")) {
      hint = "; equality is one =";
    } else if (IsArithmetic(token_)) {
      hint = "; filters do not calculate, and dates are written in quotes: '2001-01-31'";
    } else if (AtSymbol("@") || AtSymbol("?")) {
      hint = "; parameters are not supported: write the value";
    } else if (token_.kind == TokenKind::kWord && IsReservedWord(token_.text)) {
      hint = "; a column of that name goes into backquotes";
    }
    return FilterError(name_, token_.position, "expected {}, found {}{}", expected, Found(), hint);
  }

  Status Expect(std::string_view symbol) {
    if (!AtSymbol(symbol)) return Unexpected(fmt::format("'{}'", symbol));
    return Advance();
  }

  Result<std::shared_ptr<Expression>> Make(ExpressionKind kind, Position position,
                                           Children children = {}) {
    if (++num_terms_ > kTermsMax) {
      return FilterError(name_, position, "expected at most {} terms, found more; split the filter",
                         kTermsMax);
    }
    auto expression = std::make_shared<Expression>();
    expression->kind = kind;
    expression->position = position;
    expression->children = std::move(children);
    return expression;
  }

  Result<ExpressionPtr> Or() { return Chain("OR", ExpressionKind::kOr, &Parser::And); }
  Result<ExpressionPtr> And() { return Chain("AND", ExpressionKind::kAnd, &Parser::Not); }

  /// a AND b AND c becomes one node of three children, so that long chains are not deep.
  Result<ExpressionPtr> Chain(std::string_view keyword, ExpressionKind kind,
                              Result<ExpressionPtr> (Parser::*operand)()) {
    const Position position = token_.position;
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr first, (this->*operand)());
    if (!AtWord(keyword)) return first;
    Children children = {std::move(first)};
    while (AtWord(keyword)) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr next, (this->*operand)());
      children.push_back(std::move(next));
    }
    return Make(kind, position, std::move(children));
  }

  Result<ExpressionPtr> Not() {
    if (!AtWord("NOT")) return Predicate();
    const Position position = token_.position;
    ARROW_RETURN_NOT_OK(Enter());
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr operand, Not());
    --depth_;
    return Make(ExpressionKind::kNot, position, {std::move(operand)});
  }

  Status Enter() {
    if (++depth_ <= kDepthMax) return Status::OK();
    return FilterError(name_, token_.position,
                       "expected at most {} parentheses and NOTs one in the other, found more",
                       kDepthMax);
  }

  bool AtComparison(ComparisonOp* op) const {
    struct Symbol {
      std::string_view text;
      ComparisonOp op;
    };
    constexpr std::array<Symbol, 7> kSymbols = {{{"=", ComparisonOp::kEqual},
                                                 {"!=", ComparisonOp::kNotEqual},
                                                 {"<>", ComparisonOp::kNotEqual},
                                                 {"<", ComparisonOp::kLess},
                                                 {"<=", ComparisonOp::kLessEqual},
                                                 {">", ComparisonOp::kGreater},
                                                 {">=", ComparisonOp::kGreaterEqual}}};
    for (const Symbol& symbol : kSymbols) {
      if (!AtSymbol(symbol.text)) continue;
      *op = symbol.op;
      return true;
    }
    return false;
  }

  bool AtSuffix() const {
    ComparisonOp op;
    return AtComparison(&op) || AtWord("IS") || AtWord("IN") || AtWord("BETWEEN") ||
           AtWord("LIKE") ||
           (AtWord("NOT") && (AheadIsWord("IN") || AheadIsWord("BETWEEN") || AheadIsWord("LIKE")));
  }

  Result<ExpressionPtr> Predicate() {
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr value, Operand());
    if (!AtSuffix()) return value;
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr predicate, Suffix(std::move(value)));
    if (AtSuffix()) {
      return Unexpected("AND, OR or parentheses around the comparison before");
    }
    return predicate;
  }

  Result<ExpressionPtr> Suffix(ExpressionPtr value) {
    const Position position = token_.position;
    ComparisonOp op;
    if (AtComparison(&op)) {
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr other, Operand());
      ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kCompare, position,
                                            {std::move(value), std::move(other)}));
      made->op = op;
      return made;
    }
    if (AtWord("IS")) return Is(std::move(value));
    const bool negated = AtWord("NOT");
    if (negated) ARROW_RETURN_NOT_OK(Advance());
    Children children = {std::move(value)};
    ExpressionKind kind = ExpressionKind::kIn;
    if (AtWord("IN")) {
      ARROW_RETURN_NOT_OK(List(&children));
    } else if (AtWord("LIKE")) {
      kind = ExpressionKind::kLike;
      ARROW_RETURN_NOT_OK(Advance());
      if (AtWord("ANY") || AtWord("SOME") || AtWord("ALL")) return Unexpected("a pattern");
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr pattern, Operand());
      children.push_back(std::move(pattern));
    } else {
      kind = ExpressionKind::kBetween;
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr low, Operand());
      if (!AtWord("AND")) return Unexpected("AND and the upper bound of BETWEEN");
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr high, Operand());
      children.push_back(std::move(low));
      children.push_back(std::move(high));
    }
    ARROW_ASSIGN_OR_RAISE(auto made, Make(kind, position, std::move(children)));
    made->negated = negated;
    return made;
  }

  Result<ExpressionPtr> Is(ExpressionPtr value) {
    const Position position = token_.position;
    ARROW_RETURN_NOT_OK(Advance());
    const bool negated = AtWord("NOT");
    if (negated) ARROW_RETURN_NOT_OK(Advance());
    ExpressionKind kind = ExpressionKind::kIsNull;
    if (AtWord("TRUE")) {
      kind = ExpressionKind::kIsTrue;
    } else if (AtWord("FALSE")) {
      kind = ExpressionKind::kIsFalse;
    } else if (!AtWord("NULL")) {
      return Unexpected("NULL, TRUE or FALSE after IS");
    }
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_ASSIGN_OR_RAISE(auto made, Make(kind, position, {std::move(value)}));
    made->negated = negated;
    return made;
  }

  Status List(Children* children) {
    ARROW_RETURN_NOT_OK(Advance());
    if (!AtSymbol("(")) return Unexpected("a list in parentheses after IN");
    do {
      ARROW_RETURN_NOT_OK(Advance());
      if (AtWord("SELECT")) return Unexpected("constants; a filter has no subqueries");
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr item, Operand());
      children->push_back(std::move(item));
    } while (AtSymbol(","));
    if (!AtSymbol(")")) return Unexpected("',' or ')' in the list");
    return Advance();
  }

  Result<ExpressionPtr> Operand() {
    after_text_ = false;
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr operand, Primary());
    if (IsArithmetic(token_)) return Unexpected("a comparison");
    if (AtSymbol("[")) return Unexpected("a comparison; elements of arrays can't be filtered");
    return operand;
  }

  Result<ExpressionPtr> Primary() {
    const Position position = token_.position;
    switch (token_.kind) {
      case TokenKind::kInteger:
      case TokenKind::kFloat:
        return Number(position, /*negative=*/false);
      case TokenKind::kString:
      case TokenKind::kBytes:
        return Text(position);
      case TokenKind::kQuoted:
        return Column(position);
      case TokenKind::kWord:
        return Word(position);
      case TokenKind::kSymbol:
        break;
      case TokenKind::kEnd:
        return Unexpected("a column or a constant");
    }
    if (AtSymbol("(")) {
      ARROW_RETURN_NOT_OK(Enter());
      ARROW_RETURN_NOT_OK(Advance());
      ARROW_ASSIGN_OR_RAISE(ExpressionPtr inner, Or());
      if (!AtSymbol(")")) return Unexpected("AND, OR or ')'");
      ARROW_RETURN_NOT_OK(Advance());
      --depth_;
      return inner;
    }
    if (AtSymbol("-") || AtSymbol("+")) {
      const bool negative = AtSymbol("-");
      ARROW_RETURN_NOT_OK(Advance());
      if (token_.kind != TokenKind::kInteger && token_.kind != TokenKind::kFloat) {
        return Unexpected("a number after the sign");
      }
      return Number(position, negative);
    }
    return Unexpected("a column or a constant");
  }

  Result<ExpressionPtr> Number(Position position, bool negative) {
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kLiteral, position));
    Literal& literal = made->literal;
    if (token_.kind == TokenKind::kFloat) {
      const std::string wrong =
          ParseTypedLiteral(SqlType::kFloat64, (negative ? "-" : "") + token_.text, &literal);
      if (!wrong.empty()) return FilterError(name_, position, "{}", wrong);
    } else {
      const bool hex = token_.text.size() > 1 && (token_.text[1] | 0x20) == 'x';
      const char* begin = token_.text.data() + (hex ? 2 : 0);
      const char* end = token_.text.data() + token_.text.size();
      uint64_t magnitude = 0;
      const auto parsed = std::from_chars(begin, end, magnitude, hex ? 16 : 10);
      literal.type = SqlType::kInt64;
      literal.integer = negative ? -Int128{magnitude} : Int128{magnitude};
      if (parsed.ec != std::errc() || literal.integer < -(Int128{1} << 63)) {
        return FilterError(
            name_, position,
            "expected an integer from -2^63 to 2^64 - 1, found '{}{}'; write NUMERIC "
            "'...' for larger ones",
            negative ? "-" : "", ShownText(token_.text));
      }
    }
    ARROW_RETURN_NOT_OK(Advance());
    return made;
  }

  Result<ExpressionPtr> Text(Position position) {
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kLiteral, position));
    made->literal.type = token_.kind == TokenKind::kBytes ? SqlType::kBytes : SqlType::kString;
    made->literal.bytes = std::move(token_.text);
    made->double_quoted = token_.source.starts_with('"');
    ARROW_RETURN_NOT_OK(Advance());
    after_text_ = true;
    return made;
  }

  Result<ExpressionPtr> Constant(Position position, SqlType type, bool value) {
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kLiteral, position));
    made->literal.type = type;
    made->literal.integer = value ? 1 : 0;
    ARROW_RETURN_NOT_OK(Advance());
    return made;
  }

  Result<ExpressionPtr> Word(Position position) {
    if (AtWord("TRUE")) return Constant(position, SqlType::kBool, true);
    if (AtWord("FALSE")) return Constant(position, SqlType::kBool, false);
    if (AtWord("NULL")) return Constant(position, SqlType::kNull, false);
    const bool call = ahead_.kind == TokenKind::kSymbol && ahead_.text == "(";
    if (AtWord("CAST")) return Cast(position, /*is_safe=*/false);
    // Not a reserved word: a column may be called so.
    if (AtWord("SAFE_CAST") && call) return Cast(position, /*is_safe=*/true);
    if (ahead_.kind == TokenKind::kString || ahead_.kind == TokenKind::kBytes) {
      return TypedLiteral(position);
    }
    if (call) return Call(position);
    for (const std::string_view type : {"INTERVAL", "RANGE", "ARRAY", "STRUCT"}) {
      if (!AtWord(type)) continue;
      return FilterError(name_, position, "filters know no values of type {}", type);
    }
    if (IsReservedWord(token_.text)) return Unexpected("a column or a constant");
    return Column(position);
  }

  Result<ExpressionPtr> TypedLiteral(Position position) {
    const auto* found =
        std::find_if(kTypedLiterals.begin(), kTypedLiterals.end(),
                     [&](const TypeWord& word) { return IsWord(token_.text, word.word); });
    if (AtWord("JSON")) {
      return FilterError(name_, position, "filters know no values of type JSON: nothing compares");
    }
    if (found == kTypedLiterals.end()) {
      ARROW_RETURN_NOT_OK(Advance());
      return Unexpected(
          "a comparison; the literals with a type are DATE, DATETIME, TIMESTAMP, "
          "TIME, NUMERIC and BIGNUMERIC");
    }
    ARROW_RETURN_NOT_OK(Advance());
    if (token_.kind == TokenKind::kBytes) return Unexpected("a string");
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kLiteral, position));
    const std::string wrong = ParseTypedLiteral(found->type, token_.text, &made->literal);
    if (!wrong.empty()) return FilterError(name_, token_.position, "{}", wrong);
    ARROW_RETURN_NOT_OK(Advance());
    after_text_ = true;
    return made;
  }

  /// A cast of a constant becomes a constant, so that whoever looks for constants finds it.
  Result<ExpressionPtr> Cast(Position position, bool is_safe) {
    ARROW_RETURN_NOT_OK(Enter());
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_RETURN_NOT_OK(Expect("("));
    const Position operand_position = token_.position;
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr operand, Or());
    if (!AtWord("AS")) return Unexpected("AS and a type");
    ARROW_RETURN_NOT_OK(Advance());
    const Position type_position = token_.position;
    ARROW_ASSIGN_OR_RAISE(const SqlType type, Type());
    if (AtWord("FORMAT")) return Unexpected("')': casts with a format are not supported");
    if (AtSymbol("(")) return Unexpected("')': types in filters have no parameters");
    ARROW_RETURN_NOT_OK(Expect(")"));
    --depth_;
    if (operand->kind != ExpressionKind::kLiteral) {
      ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kCast, position, {std::move(operand)}));
      made->cast_type = type;
      made->is_safe = is_safe;
      return made;
    }
    const Literal& literal = operand->literal;
    if (!CanCast(literal.type, type)) {
      return FilterError(name_, type_position, "there is no cast to {} of a constant of type {}",
                         SqlTypeName(type), SqlTypeName(literal.type));
    }
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kLiteral, position));
    const std::string wrong = CastLiteral(literal, type, &made->literal);
    if (!wrong.empty() && !is_safe) return FilterError(name_, operand_position, "{}", wrong);
    if (!wrong.empty()) made->literal = Literal{};
    made->double_quoted = operand->double_quoted && type == SqlType::kString;
    if (type == SqlType::kFloat64) SpellReal(&made->literal);
    return made;
  }

  Result<SqlType> Type() {
    for (const auto& words :
         {std::span<const TypeWord>(kTypedLiterals), std::span<const TypeWord>(kOtherTypes)}) {
      for (const TypeWord& word : words) {
        if (!AtWord(word.word)) continue;
        ARROW_RETURN_NOT_OK(Advance());
        return word.type;
      }
    }
    return Unexpected(
        "BOOL, INT64, FLOAT64, NUMERIC, BIGNUMERIC, STRING, BYTES, DATE, DATETIME, TIME or "
        "TIMESTAMP");
  }

  Result<ExpressionPtr> Call(Position position) {
    const bool nan = AtWord("IS_NAN");
    if (!nan && !AtWord("IS_INF")) {
      const bool aggregate =
          std::any_of(kAggregates.begin(), kAggregates.end(),
                      [&](std::string_view word) { return IsWord(token_.text, word); });
      if (aggregate) {
        return FilterError(name_, position,
                           "expected a condition on a single row, found the aggregate '{}'",
                           token_.text);
      }
      if (IsReservedWord(token_.text)) return Unexpected("a column or a constant");
      const std::vector<std::string> known = {"IS_NAN", "IS_INF", "CAST", "SAFE_CAST"};
      std::string upper = token_.text;
      for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      return FilterError(name_, position,
                         "expected a function that filters know (IS_NAN, IS_INF, CAST, SAFE_CAST), "
                         "found '{}'{}",
                         ShownText(token_.text), base::DidYouMean(upper, known));
    }
    ARROW_RETURN_NOT_OK(Enter());
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_RETURN_NOT_OK(Advance());
    ARROW_ASSIGN_OR_RAISE(ExpressionPtr argument, Operand());
    ARROW_RETURN_NOT_OK(Expect(")"));
    --depth_;
    return Make(nan ? ExpressionKind::kIsNan : ExpressionKind::kIsInf, position,
                {std::move(argument)});
  }

  Result<ExpressionPtr> Column(Position position) {
    ARROW_ASSIGN_OR_RAISE(auto made, Make(ExpressionKind::kColumn, position));
    made->path.push_back(token_.text);
    ARROW_RETURN_NOT_OK(Advance());
    while (AtSymbol(".")) {
      ARROW_RETURN_NOT_OK(Advance());
      // After a point reserved words are names, too.
      if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuoted) {
        return Unexpected("the name of a field after the point");
      }
      if (made->path.size() > static_cast<size_t>(kDepthMax)) {
        return FilterError(name_, token_.position, "expected at most {} fields one in the other",
                           kDepthMax);
      }
      made->path.push_back(token_.text);
      ARROW_RETURN_NOT_OK(Advance());
    }
    return made;
  }

  std::string_view name_;
  Tokenizer tokenizer_;
  Token token_;
  Token ahead_;
  int depth_ = 0;
  int64_t num_terms_ = 0;
  bool after_text_ = false;  // the last operand ended in a string
};

}  // namespace

Result<ExpressionPtr> ParseExpression(std::string_view text, std::string_view name) {
  if (text.size() > kTextBytesMax) {
    return base::UsageError(fmt::format("{}: expected at most {} bytes, found {}; split the filter",
                                        name, kTextBytesMax, text.size()));
  }
  if (!base::IsUtf8(text)) {
    return base::UsageError(
        fmt::format("{}: expected UTF-8, found other bytes; write them as \\x.. in b'...'", name));
  }
  return Parser(text, name).Parse();
}

}  // namespace emberharmony::io::filter
