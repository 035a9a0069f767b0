#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "emberharmony/base/spelling.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/io/filter/bound_node_internal.h"
#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/filter/like_pattern_internal.h"
#include "emberharmony/io/filter/literal_bound_internal.h"
#include "emberharmony/io/filter/quoted_names.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Result;
using arrow::Status;

constexpr Int128 kDateNanos = Int128{86400} * 1000000000;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

bool IsNumeric(SqlType type) {
  return type == SqlType::kInt64 || type == SqlType::kFloat64 || type == SqlType::kNumeric ||
         type == SqlType::kBigNumeric;
}

bool IsTime(SqlType type) {
  return type == SqlType::kDate || type == SqlType::kDatetime || type == SqlType::kTimestamp ||
         type == SqlType::kTime;
}

/// Whether values of two types can be compared without a cast.
bool AreComparable(SqlType a, SqlType b) {
  if (a == b) return a != SqlType::kOther;
  if (IsNumeric(a) && IsNumeric(b)) return true;
  return (a == SqlType::kDate && b == SqlType::kDatetime) ||
         (a == SqlType::kDatetime && b == SqlType::kDate);
}

std::string_view Advice(SqlType type) {
  switch (type) {
    case SqlType::kBool:
      return "; write TRUE or FALSE";
    case SqlType::kInt64:
    case SqlType::kFloat64:
    case SqlType::kNumeric:
    case SqlType::kBigNumeric:
      return "; write a number";
    case SqlType::kString:
      return "; write it in quotes, as '...'";
    case SqlType::kBytes:
      return "; write bytes, as b'...'";
    case SqlType::kDate:
      return "; write a date, as DATE '2001-01-31'";
    case SqlType::kDatetime:
      return "; write a time without a zone, as DATETIME '2001-01-31 05:06:07'";
    case SqlType::kTimestamp:
      return "; write an instant, as TIMESTAMP '2001-01-31 05:06:07+00:00'";
    case SqlType::kTime:
      return "; write a time of day, as TIME '05:06:07'";
    default:
      return "; only IS NULL and IS NOT NULL apply to it";
  }
}

bool OrderHolds(ComparisonOp op, int order) {
  switch (op) {
    case ComparisonOp::kEqual:
      return order == 0;
    case ComparisonOp::kNotEqual:
      return order != 0;
    case ComparisonOp::kLess:
      return order < 0;
    case ComparisonOp::kLessEqual:
      return order <= 0;
    case ComparisonOp::kGreater:
      return order > 0;
    case ComparisonOp::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int OrderOf(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& x) { return x.digits.empty() ? 0 : x.negative ? -1 : 1; };
  if (sign(a) != sign(b) || sign(a) == 0) return Order(sign(a), sign(b));
  const auto whole = [](const Decimal& x) {
    return static_cast<int64_t>(x.digits.size()) - x.scale;
  };
  const int magnitude =
      whole(a) != whole(b) ? Order(whole(a), whole(b)) : Order(a.digits, b.digits);
  return magnitude * sign(a);
}

Decimal DecimalOf(const Literal& literal) {
  if (literal.type != SqlType::kInt64) return literal.decimal;
  const bool negative = literal.integer < 0;
  const auto magnitude = static_cast<uint64_t>(negative ? -literal.integer : literal.integer);
  return MakeDecimal(negative, std::to_string(magnitude), 0);
}

/// The order of two constants whose types can be compared; nothing where one is NaN.
std::optional<int> OrderOf(const Literal& a, const Literal& b) {
  const bool a_real = a.type == SqlType::kFloat64;
  const bool b_real = b.type == SqlType::kFloat64;
  if ((a_real && std::isnan(a.real)) || (b_real && std::isnan(b.real))) return std::nullopt;
  if (a_real && b_real) return Order(a.real, b.real);
  if (a_real && b.type == SqlType::kInt64) return -CompareIntegerReal(b.integer, a.real);
  if (b_real && a.type == SqlType::kInt64) return CompareIntegerReal(a.integer, b.real);
  if (a_real && std::isinf(a.real)) return a.real > 0 ? 1 : -1;
  if (b_real && std::isinf(b.real)) return b.real > 0 ? -1 : 1;
  if (IsNumeric(a.type)) return OrderOf(DecimalOf(a), DecimalOf(b));
  if (!IsTime(a.type)) {
    return a.type == SqlType::kBool ? Order(a.integer, b.integer) : Order(a.bytes, b.bytes);
  }
  const auto nanos = [](const Literal& x) {
    return x.type == SqlType::kDate ? x.integer * kDateNanos : x.integer;
  };
  return Order(nanos(a), nanos(b));
}

BoundNodePtr Constant(Truth truth) {
  auto node = std::make_shared<BoundNode>();
  node->truth = truth;
  return node;
}

BoundNodePtr Constant(bool truth) { return Constant(truth ? Truth::kTrue : Truth::kFalse); }

bool IsConstant(const BoundNode& node) { return node.kind == NodeKind::kConstant; }

BoundNodePtr LeafNode(ColumnPath column, std::shared_ptr<const ColumnCast> cast,
                      std::unique_ptr<const Leaf> leaf) {
  auto node = std::make_shared<BoundNode>();
  node->kind = NodeKind::kLeaf;
  node->column = node->subject = std::move(column);
  node->cast = std::move(cast);
  node->leaf = std::move(leaf);
  return node;
}

BoundNodePtr Parent(NodeKind kind, std::vector<BoundNodePtr> children, Truth truth = Truth::kNull,
                    ComparisonOp op = ComparisonOp::kEqual) {
  auto node = std::make_shared<BoundNode>();
  node->kind = kind;
  node->truth = truth;
  node->op = op;
  bool first = true;
  for (const BoundNodePtr& child : children) {
    if (IsConstant(*child)) continue;
    if (first) node->subject = child->subject;
    if (!(node->subject == child->subject)) node->subject = ColumnPath();
    first = false;
    if (node->subject.column < 0) break;
  }
  node->children = std::move(children);
  return node;
}

BoundNodePtr Negated(const BoundNodePtr& child) {
  if (!IsConstant(*child)) return Parent(NodeKind::kNot, {child});
  if (child->truth == Truth::kNull) return child;
  return Constant(child->truth == Truth::kFalse);
}

BoundNodePtr Is(Truth truth, const BoundNodePtr& child) {
  if (IsConstant(*child)) return Constant(child->truth == truth);
  return Parent(NodeKind::kIs, {child}, truth);
}

BoundNodePtr CompareTruths(ComparisonOp op, const BoundNodePtr& left, const BoundNodePtr& right) {
  const auto is_null = [](const BoundNode& node) {
    return IsConstant(node) && node.truth == Truth::kNull;
  };
  if (is_null(*left) || is_null(*right)) return Constant(Truth::kNull);
  if (IsConstant(*left) && IsConstant(*right)) {
    return Constant(
        OrderHolds(op, Order(left->truth == Truth::kTrue, right->truth == Truth::kTrue)));
  }
  return Parent(NodeKind::kCompare, {left, right}, Truth::kNull, op);
}

/// AND or OR. Constants that decide or change nothing vanish, and conditions on the same column
/// come together under one node, so that they are evaluated together on a dictionary's entries.
BoundNodePtr Chain(NodeKind kind, std::vector<BoundNodePtr> children) {
  const Truth neutral = kind == NodeKind::kAnd ? Truth::kTrue : Truth::kFalse;
  const Truth decisive = kind == NodeKind::kAnd ? Truth::kFalse : Truth::kTrue;
  std::vector<std::vector<BoundNodePtr>> groups;
  std::map<std::pair<int, std::vector<int>>, size_t> group_of;
  bool null = false;
  for (BoundNodePtr& child : children) {
    if (IsConstant(*child)) {
      if (child->truth == decisive) return child;
      null = null || child->truth != neutral;
      continue;
    }
    size_t group = groups.size();
    if (child->subject.column >= 0) {
      group =
          group_of.try_emplace({child->subject.column, child->subject.fields}, group).first->second;
    }
    if (group == groups.size()) groups.emplace_back();
    groups[group].push_back(std::move(child));
  }
  if (null) groups.push_back({Constant(Truth::kNull)});
  if (groups.empty()) return Constant(neutral);
  if (groups.size() == 1) {
    return groups[0].size() == 1 ? groups[0][0] : Parent(kind, std::move(groups[0]));
  }
  // A null beside a single column stays with it: it, too, has one truth for each entry.
  std::vector<BoundNodePtr> nodes;
  for (auto& group : groups) {
    nodes.push_back(group.size() == 1 ? group[0] : Parent(kind, std::move(group)));
  }
  return Parent(kind, std::move(nodes));
}

class Binder {
 public:
  Binder(const arrow::Schema& schema, std::string_view name)
      : schema_(schema), names_(schema.field_names()), name_(name) {
    for (int i = 0; i < schema.num_fields(); ++i)
      columns_[Lower(names_[static_cast<size_t>(i)])].push_back(i);
  }

  /// A condition: an expression of type BOOL.
  Result<BoundNodePtr> Condition(const Expression& expression) {
    switch (expression.kind) {
      case ExpressionKind::kLiteral:
      case ExpressionKind::kColumn:
      case ExpressionKind::kCast: {
        ARROW_ASSIGN_OR_RAISE(Operand operand, Bind(expression));
        if (operand.node == nullptr) {
          return FilterError(name_, expression.position, "expected a condition, found {}{}",
                             Describe(operand),
                             QuotesAdvice(operand, "; compare it with something"));
        }
        return operand.node;
      }
      case ExpressionKind::kAnd:
      case ExpressionKind::kOr: {
        std::vector<BoundNodePtr> children;
        for (const ExpressionPtr& child : expression.children) {
          ARROW_ASSIGN_OR_RAISE(BoundNodePtr node, Condition(*child));
          children.push_back(std::move(node));
        }
        return Chain(expression.kind == ExpressionKind::kAnd ? NodeKind::kAnd : NodeKind::kOr,
                     std::move(children));
      }
      case ExpressionKind::kNot: {
        ARROW_ASSIGN_OR_RAISE(BoundNodePtr child, Condition(*expression.children[0]));
        return Negated(child);
      }
      default: {
        ARROW_ASSIGN_OR_RAISE(BoundNodePtr node, Predicate(expression));
        return expression.negated ? Negated(node) : node;
      }
    }
  }

 private:
  /// What stands beside an operator: a constant, a column, or a condition.
  struct Operand {
    const Expression* expression = nullptr;
    const Literal* literal = nullptr;  // a constant
    ColumnPath path;                   // a column
    ColumnType column;
    std::shared_ptr<const ColumnCast> cast;  // of the column's values
    SqlType type = SqlType::kNull;
    BoundNodePtr node;  // of type BOOL, or NULL: as a condition
  };

  std::string Describe(const Operand& operand) const {
    if (operand.literal != nullptr) {
      return fmt::format("{} ({})", ShownText(LiteralSql(*operand.literal)),
                         SqlTypeName(operand.type));
    }
    if (operand.path.column < 0) return "a condition (BOOL)";
    const auto& field = schema_.field(operand.path.column);
    return fmt::format("column '{}' ({})", ShownText(WriteSql(*operand.expression)),
                       operand.type == SqlType::kOther ? ShownText(field->type()->ToString())
                                                       : SqlTypeName(operand.type));
  }

  /// `advice`, unless the operand is a text that reads like a column in another dialect's quotes.
  std::string QuotesAdvice(const Operand& operand, std::string_view advice) const {
    const std::string column = ColumnInDoubleQuotes(*operand.expression, schema_);
    if (column.empty()) return std::string(advice);
    return fmt::format("; double quotes make a text, a column goes into backquotes: {}",
                       ShownText(column));
  }

  Result<Operand> Bind(const Expression& expression) {
    Operand operand;
    operand.expression = &expression;
    if (expression.kind == ExpressionKind::kLiteral) {
      operand.literal = &expression.literal;
      operand.type = expression.literal.type;
      if (operand.type == SqlType::kNull) operand.node = Constant(Truth::kNull);
      if (operand.type == SqlType::kBool) operand.node = Constant(expression.literal.integer != 0);
      return operand;
    }
    if (expression.kind == ExpressionKind::kCast) return Cast(expression);
    if (expression.kind != ExpressionKind::kColumn) {
      operand.type = SqlType::kBool;
      ARROW_ASSIGN_OR_RAISE(operand.node, Condition(expression));
      return operand;
    }
    ARROW_RETURN_NOT_OK(Resolve(expression, &operand));
    if (operand.type == SqlType::kBool) {
      operand.node = LeafNode(operand.path, nullptr, MakeBooleanLeaf());
    }
    if (operand.type == SqlType::kNull) operand.node = Constant(Truth::kNull);
    return operand;
  }

  Result<Operand> Cast(const Expression& expression) {
    const SqlType to = expression.cast_type;
    ARROW_ASSIGN_OR_RAISE(Operand operand, Bind(*expression.children[0]));
    if (!CanCast(operand.type, to)) {
      return FilterError(name_, expression.position, "there is no cast to {} of {}",
                         SqlTypeName(to), Describe(operand));
    }
    operand.expression = &expression;
    // A column without a type has nothing but nulls.
    if (operand.type == to || operand.type == SqlType::kNull) return operand;
    // Casts of constants are constants when they come from the parser.
    if (operand.path.column < 0) {
      return FilterError(name_, expression.position,
                         "expected a column or a constant to cast, found {}", Describe(operand));
    }
    operand.cast = std::make_shared<ColumnCast>(
        operand.cast, operand.column, to, expression.is_safe,
        fmt::format("{}:{}:{}: ", name_, expression.position.line, expression.position.column));
    operand.column = operand.cast->type();
    operand.type = to;
    operand.node =
        to == SqlType::kBool ? LeafNode(operand.path, operand.cast, MakeBooleanLeaf()) : nullptr;
    return operand;
  }

  /// The column, or the field of a struct, that a path names.
  Status Resolve(const Expression& expression, Operand* operand) {
    const std::vector<std::string>& path = expression.path;
    size_t used = path.size();
    const std::vector<int>* found = nullptr;
    for (; used > 0 && found == nullptr; --used) {
      std::string name = Lower(path[0]);
      for (size_t i = 1; i < used; ++i) name += '.' + Lower(path[i]);
      const auto entry = columns_.find(name);
      if (entry != columns_.end()) found = &entry->second;
    }
    if (found == nullptr) {
      std::string name = path[0];
      for (size_t i = 1; i < path.size(); ++i) name += '.' + path[i];
      const std::string near = base::DidYouMean(name.substr(0, 256), names_);
      const Status fault = FilterError(
          name_, expression.position, "expected a column of the source, found '{}'{}",
          ShownText(name), near.empty() ? "; a text is written in quotes: 'SFO'" : near);
      return base::UnknownColumnError(fault.message());
    }
    ++used;
    if (found->size() > 1) {
      return FilterError(name_, expression.position,
                         "expected a column that no other is named like, found '{}', which is '{}' "
                         "or '{}' (case does not tell names apart)",
                         ShownText(path[0]), names_[static_cast<size_t>((*found)[0])],
                         names_[static_cast<size_t>((*found)[1])]);
    }
    operand->path.column = (*found)[0];
    std::shared_ptr<arrow::DataType> type = schema_.field(operand->path.column)->type();
    for (; used < path.size(); ++used) {
      ARROW_RETURN_NOT_OK(ResolveField(expression, path[used], operand, &type));
    }
    operand->column = ColumnTypeOf(*type);
    operand->type = operand->column.type;
    return Status::OK();
  }

  Status ResolveField(const Expression& expression, const std::string& name, Operand* operand,
                      std::shared_ptr<arrow::DataType>* type) {
    if ((*type)->id() != arrow::Type::STRUCT) {
      return FilterError(name_, expression.position,
                         "expected a struct before the point, found '{}' of type {}",
                         ShownText(WriteSql(expression)), ShownText((*type)->ToString()));
    }
    std::vector<std::string> fields;
    int match = -1;
    for (int i = 0; i < (*type)->num_fields(); ++i) {
      fields.push_back((*type)->field(i)->name());
      if (Lower(fields.back()) != Lower(name)) continue;
      if (match >= 0) {
        return FilterError(
            name_, expression.position,
            "expected a field that no other is named like, found '{}', which is '{}' "
            "or '{}'",
            ShownText(name), fields[static_cast<size_t>(match)], fields.back());
      }
      match = i;
    }
    if (match < 0) {
      const Status fault =
          FilterError(name_, expression.position, "expected a field of the struct, found '{}'{}",
                      ShownText(name), base::DidYouMean(name.substr(0, 256), fields));
      return base::UnknownColumnError(fault.message());
    }
    operand->path.fields.push_back(match);
    *type = (*type)->field(match)->type();
    return Status::OK();
  }

  Result<BoundNodePtr> Predicate(const Expression& expression) {
    ARROW_ASSIGN_OR_RAISE(Operand value, Bind(*expression.children[0]));
    switch (expression.kind) {
      case ExpressionKind::kCompare: {
        ARROW_ASSIGN_OR_RAISE(Operand other, Bind(*expression.children[1]));
        return Compare(expression.op, value, other);
      }
      case ExpressionKind::kBetween: {
        ARROW_ASSIGN_OR_RAISE(Operand low, Bind(*expression.children[1]));
        ARROW_ASSIGN_OR_RAISE(Operand high, Bind(*expression.children[2]));
        ARROW_ASSIGN_OR_RAISE(BoundNodePtr above, Compare(ComparisonOp::kGreaterEqual, value, low));
        ARROW_ASSIGN_OR_RAISE(BoundNodePtr below, Compare(ComparisonOp::kLessEqual, value, high));
        return Chain(NodeKind::kAnd, {above, below});
      }
      case ExpressionKind::kIn:
        return In(expression, value);
      case ExpressionKind::kLike:
        return Like(expression, value);
      case ExpressionKind::kIsNull:
        return IsNull(value);
      case ExpressionKind::kIsTrue:
      case ExpressionKind::kIsFalse:
        if (value.node == nullptr) return NotACondition(value);
        return Is(expression.kind == ExpressionKind::kIsTrue ? Truth::kTrue : Truth::kFalse,
                  value.node);
      default:
        return NanOrInf(expression.kind == ExpressionKind::kIsNan, value);
    }
  }

  Status NotACondition(const Operand& operand) const {
    return FilterError(name_, operand.expression->position,
                       "expected a condition before IS TRUE or IS FALSE, found {}",
                       Describe(operand));
  }

  Status Mismatch(const Operand& a, const Operand& b) const {
    // The column is right, what it is compared with is wrong.
    const Operand& wrong = a.literal != nullptr ? a : b;
    const Operand& right = a.literal != nullptr ? b : a;
    const std::string_view advice = right.literal == nullptr && right.type == SqlType::kOther
                                        ? Advice(SqlType::kOther)
                                    : wrong.literal != nullptr ? Advice(right.type)
                                                               : "; the types do not compare";
    return FilterError(name_, wrong.expression->position,
                       "expected something to compare with {}, found {}{}", Describe(right),
                       Describe(wrong), QuotesAdvice(right, QuotesAdvice(wrong, advice)));
  }

  /// The literal as one of the type that it meets: strings become dates and times. On success
  /// *coerced is the literal itself or a new one that `storage` keeps.
  Status Coerce(const Operand& literal, const Operand& other, Literal* storage,
                const Literal** coerced) const {
    *coerced = literal.literal;
    if (AreComparable(literal.type, other.type)) return Status::OK();
    if (literal.type != SqlType::kString || !IsTime(other.type)) return Mismatch(literal, other);
    const std::string wrong = ParseTypedLiteral(other.type, literal.literal->bytes, storage);
    if (!wrong.empty()) {
      return FilterError(name_, literal.expression->position, "{}{}", wrong,
                         QuotesAdvice(literal, ""));
    }
    *coerced = storage;
    return Status::OK();
  }

  Result<BoundNodePtr> Compare(ComparisonOp op, const Operand& left, const Operand& right) const {
    const bool any_other = left.type == SqlType::kOther || right.type == SqlType::kOther;
    if (any_other) return Mismatch(left, right);
    if (left.type == SqlType::kNull || right.type == SqlType::kNull) return Constant(Truth::kNull);
    if (left.node != nullptr || right.node != nullptr) {
      if (left.node == nullptr || right.node == nullptr) return Mismatch(left, right);
      return CompareTruths(op, left.node, right.node);
    }
    Literal storage;
    const Literal* literal = nullptr;
    if (left.literal != nullptr && right.literal != nullptr) {
      return CompareConstants(op, left, right);
    }
    if (right.literal != nullptr) {
      ARROW_RETURN_NOT_OK(Coerce(right, left, &storage, &literal));
      return LeafNode(left.path, left.cast, MakeComparisonLeaf(left.column, op, *literal));
    }
    if (left.literal != nullptr) {
      ARROW_RETURN_NOT_OK(Coerce(left, right, &storage, &literal));
      return LeafNode(right.path, right.cast,
                      MakeComparisonLeaf(right.column, Mirrored(op), *literal));
    }
    if (!AreComparable(left.type, right.type)) return Mismatch(left, right);
    auto node = std::make_shared<BoundNode>();
    node->kind = NodeKind::kColumnPair;
    node->pair =
        std::make_unique<ColumnPair>(ColumnPair::Side{left.path, left.column, left.cast},
                                     ColumnPair::Side{right.path, right.column, right.cast}, op);
    return node;
  }

  Result<BoundNodePtr> CompareConstants(ComparisonOp op, const Operand& left,
                                        const Operand& right) const {
    Literal left_storage;
    Literal right_storage;
    const Literal* a = left.literal;
    const Literal* b = right.literal;
    if (left.type == SqlType::kString && IsTime(right.type)) {
      ARROW_RETURN_NOT_OK(Coerce(left, right, &left_storage, &a));
    } else {
      ARROW_RETURN_NOT_OK(Coerce(right, left, &right_storage, &b));
    }
    const std::optional<int> order = OrderOf(*a, *b);
    // NaN differs from everything, and no other comparison holds.
    return Constant(order.has_value() ? OrderHolds(op, *order) : op == ComparisonOp::kNotEqual);
  }

  Result<BoundNodePtr> In(const Expression& expression, const Operand& value) {
    std::vector<BoundNodePtr> alternatives;
    std::vector<Literal> storage;
    std::vector<const Literal*> literals;
    const size_t num_items = expression.children.size() - 1;
    storage.reserve(num_items);
    for (size_t i = 1; i <= num_items; ++i) {
      ARROW_ASSIGN_OR_RAISE(Operand item, Bind(*expression.children[i]));
      const bool in_list = value.path.column >= 0 && value.node == nullptr &&
                           value.type != SqlType::kOther && item.literal != nullptr &&
                           item.node == nullptr;
      if (!in_list) {
        ARROW_ASSIGN_OR_RAISE(BoundNodePtr equal, Compare(ComparisonOp::kEqual, value, item));
        alternatives.push_back(std::move(equal));
        continue;
      }
      storage.emplace_back();
      const Literal* literal = nullptr;
      ARROW_RETURN_NOT_OK(Coerce(item, value, &storage.back(), &literal));
      literals.push_back(literal);
    }
    if (literals.size() == 1) {
      alternatives.push_back(
          LeafNode(value.path, value.cast,
                   MakeComparisonLeaf(value.column, ComparisonOp::kEqual, *literals[0])));
    } else if (!literals.empty()) {
      alternatives.push_back(LeafNode(value.path, value.cast, MakeInLeaf(value.column, literals)));
    }
    return Chain(NodeKind::kOr, std::move(alternatives));
  }

  Result<BoundNodePtr> Like(const Expression& expression, const Operand& value) {
    const bool text = value.type == SqlType::kString || value.type == SqlType::kBytes;
    if (!text && value.type != SqlType::kNull) {
      return FilterError(name_, value.expression->position,
                         "expected STRING or BYTES before LIKE, found {}", Describe(value));
    }
    ARROW_ASSIGN_OR_RAISE(Operand pattern, Bind(*expression.children[1]));
    if (pattern.literal == nullptr) {
      return FilterError(name_, pattern.expression->position,
                         "expected a constant pattern after LIKE, found {}", Describe(pattern));
    }
    if (pattern.type == SqlType::kNull) return Constant(Truth::kNull);
    const bool fits = value.type == SqlType::kNull
                          ? pattern.type == SqlType::kString || pattern.type == SqlType::kBytes
                          : pattern.type == value.type;
    if (!fits) return Mismatch(pattern, value);
    std::string wrong;
    std::unique_ptr<Leaf> leaf;
    LikePattern like;
    wrong =
        value.path.column >= 0 && value.type != SqlType::kNull
            ? MakeLikeLeaf(value.column, pattern.literal->bytes, &leaf)
            : LikePattern::Parse(pattern.literal->bytes, pattern.type == SqlType::kBytes, &like);
    if (!wrong.empty()) return FilterError(name_, pattern.expression->position, "{}", wrong);
    if (leaf != nullptr) return LeafNode(value.path, value.cast, std::move(leaf));
    if (value.type == SqlType::kNull) return Constant(Truth::kNull);
    return Constant(like.Matches(value.literal->bytes));
  }

  Result<BoundNodePtr> IsNull(const Operand& value) const {
    if (value.type == SqlType::kNull) return Constant(true);
    if (value.literal != nullptr) return Constant(false);
    if (value.path.column < 0) return Is(Truth::kNull, value.node);
    auto node = std::make_shared<BoundNode>();
    node->kind = NodeKind::kColumnIsNull;
    node->column = node->subject = value.path;
    node->cast = value.cast;
    return node;
  }

  Result<BoundNodePtr> NanOrInf(bool nan, const Operand& value) const {
    if (value.type == SqlType::kNull) return Constant(Truth::kNull);
    if (!IsNumeric(value.type)) {
      return FilterError(name_, value.expression->position, "expected a number in {}, found {}",
                         nan ? "IS_NAN" : "IS_INF", Describe(value));
    }
    if (value.literal != nullptr) {
      const double real = value.type == SqlType::kFloat64 ? value.literal->real : 0;
      return Constant(nan ? std::isnan(real) : std::isinf(real));
    }
    // Of other numbers none is; but NULL stays NULL.
    if (value.type != SqlType::kFloat64) {
      return LeafNode(value.path, value.cast, MakeInLeaf(value.column, {}));
    }
    return LeafNode(value.path, value.cast, nan ? MakeNanLeaf() : MakeInfLeaf());
  }

  const arrow::Schema& schema_;
  const std::vector<std::string> names_;
  std::string_view name_;
  std::unordered_map<std::string, std::vector<int>> columns_;  // by name in lower case
};

}  // namespace

Result<BoundNodePtr> BindExpression(const Expression& expression, const arrow::Schema& schema,
                                    std::string_view name) {
  return Binder(schema, name).Condition(expression);
}

}  // namespace emberharmony::io::filter
