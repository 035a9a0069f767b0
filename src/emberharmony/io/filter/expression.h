#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// A place in a filter's text, both from 1; columns count characters.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};

enum class ComparisonOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

/// The comparison that says the same of the two sides exchanged: of < it is >.
inline ComparisonOp Mirrored(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kLess:
      return ComparisonOp::kGreater;
    case ComparisonOp::kLessEqual:
      return ComparisonOp::kGreaterEqual;
    case ComparisonOp::kGreater:
      return ComparisonOp::kLess;
    case ComparisonOp::kGreaterEqual:
      return ComparisonOp::kLessEqual;
    default:
      return op;
  }
}

enum class ExpressionKind : uint8_t {
  kLiteral,
  kColumn,
  kAnd,  ///< two children or more
  kOr,   ///< two children or more
  kNot,
  kCompare,
  kIn,       ///< the value, then the list
  kBetween,  ///< the value, then both bounds
  kLike,     ///< the value, then the pattern
  kIsNull,
  kIsTrue,
  kIsFalse,
  kIsNan,
  kIsInf,
  kCast,  ///< of one child
};

/// A filter as it was written. Immutable, shared by whoever needs a part of it.
struct Expression {
  ExpressionKind kind = ExpressionKind::kLiteral;
  bool negated = false;  ///< NOT IN, NOT BETWEEN, NOT LIKE, IS NOT ...
  ComparisonOp op = ComparisonOp::kEqual;
  Position position;
  Literal literal;                     ///< kLiteral
  bool double_quoted = false;          ///< kLiteral: written "so"; means the same as 'so'
  SqlType cast_type = SqlType::kNull;  ///< kCast
  bool is_safe = false;                ///< kCast: SAFE_CAST, which gives NULL where CAST fails
  std::vector<std::string> path;       ///< kColumn: the column, then the fields of structs
  std::vector<std::shared_ptr<const Expression>> children;
};

using ExpressionPtr = std::shared_ptr<const Expression>;

/// What a filter's text may hold at most.
inline constexpr size_t kTextBytesMax = size_t{1} << 20;  ///< as BigQuery's row restrictions
inline constexpr int kDepthMax = 200;         ///< of parentheses and NOT, one in the other
inline constexpr int64_t kTermsMax = 131072;  ///< columns, constants and operators

/// Parses a row filter, a subset of GoogleSQL's expressions:
///
///     = != <> < <= > >=   AND OR NOT   [NOT] IN (list)   [NOT] BETWEEN a AND b   [NOT] LIKE
///     pattern IS [NOT] NULL|TRUE|FALSE   IS_NAN(x)   IS_INF(x)   parentheses
///     CAST(x AS type)   SAFE_CAST(x AS type)
///
/// over columns (plain, `backquoted`, struct.field) and literals: 12, 0xFF, 1.5e3, 'text', "text",
/// r'raw', '''triple''', b'bytes', TRUE, FALSE, NULL, DATE '2001-01-31', DATETIME, TIMESTAMP, TIME,
/// NUMERIC, BIGNUMERIC '12.5', CAST('inf' AS FLOAT64). Casts of constants become constants here.
/// Comments as in GoogleSQL. Errors are usage errors that begin with `name`:line:column and say
/// what was expected and what was found. Types and columns are checked when the filter is bound to
/// a schema (filter.h).
arrow::Result<ExpressionPtr> ParseExpression(std::string_view text, std::string_view name);

/// The expression in GoogleSQL, in one form for all texts that mean the same tree: keywords in
/// upper case, no parentheses but those that are needed, columns in backquotes where they need
/// them. Parses to the same expression.
std::string WriteSql(const Expression& expression);

/// Whether two expressions are the same but for their positions.
bool SameExpression(const Expression& a, const Expression& b);

}  // namespace emberharmony::io::filter
