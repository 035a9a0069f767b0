#include "emberharmony/bigquery/partition_pruning.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

#include "emberharmony/base/saturating.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/filter.h"

namespace emberharmony::bigquery {
namespace {

using io::filter::ComparisonOp;
using io::filter::Expression;
using io::filter::ExpressionKind;
using io::filter::Int128;
using io::filter::Literal;
using io::filter::SqlType;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kNanosInMicro = 1000;
constexpr int64_t kMicrosInHour = int64_t{3600} * 1'000'000;
constexpr int64_t kMicrosInDay = 24 * kMicrosInHour;

int64_t FloorDivided(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

/// Values of a column as whole numbers, in closed intervals apart from each other, and null or not.
struct ValueSet {
  std::vector<std::pair<int64_t, int64_t>> intervals;
  bool null = false;

  static ValueSet Of(int64_t least, int64_t most) {
    ValueSet set;
    if (least <= most) set.intervals.emplace_back(least, most);
    return set;
  }
  static ValueSet Everything() {
    ValueSet set = Of(kLeast, kMost);
    set.null = true;
    return set;
  }
};

/// More intervals than these are told as one that holds them all: a condition may have a hundred
/// thousand terms, and a set that is too large leaves out nothing that passes.
constexpr size_t kIntervalsMax = 1000;

/// Intervals in ascending order as a set, as many as there are: those that meet become one.
ValueSet AllJoined(const std::vector<std::pair<int64_t, int64_t>>& sorted, bool null) {
  ValueSet result;
  result.null = null;
  auto& done = result.intervals;
  for (const auto& [least, most] : sorted) {
    if (!done.empty() && (done.back().second == kMost || least <= done.back().second + 1)) {
      done.back().second = std::max(done.back().second, most);
    } else {
      done.emplace_back(least, most);
    }
  }
  return result;
}

ValueSet Bounded(ValueSet set) {
  auto& intervals = set.intervals;
  if (intervals.size() > kIntervalsMax) {
    intervals = {{intervals.front().first, intervals.back().second}};
  }
  return set;
}

ValueSet Joined(const std::vector<std::pair<int64_t, int64_t>>& sorted, bool null) {
  return Bounded(AllJoined(sorted, null));
}

ValueSet Union(const ValueSet& a, const ValueSet& b) {
  std::vector<std::pair<int64_t, int64_t>> all;
  std::merge(a.intervals.begin(), a.intervals.end(), b.intervals.begin(), b.intervals.end(),
             std::back_inserter(all));
  return Joined(all, a.null || b.null);
}

ValueSet Intersection(const ValueSet& a, const ValueSet& b) {
  std::vector<std::pair<int64_t, int64_t>> common;
  for (const auto& left : a.intervals) {
    for (const auto& right : b.intervals) {
      const int64_t least = std::max(left.first, right.first);
      const int64_t most = std::min(left.second, right.second);
      if (least <= most) common.emplace_back(least, most);
    }
  }
  return Joined(common, a.null && b.null);
}

/// All values, but not null, that are not in the set.
ValueSet Others(const ValueSet& set) {
  ValueSet result;
  int64_t next = kLeast;
  for (const auto& [least, most] : set.intervals) {
    if (least > next) result.intervals.emplace_back(next, least - 1);
    if (most == kMost) return result;
    next = most + 1;
  }
  result.intervals.emplace_back(next, kMost);
  return result;
}

/// For which values of the partitions' column a condition can be true, and for which false,
/// whatever the other columns hold. Those for which it can be NULL need not be known.
struct Chances {
  ValueSet is_true = ValueSet::Everything();
  ValueSet is_false = ValueSet::Everything();

  Chances Not() && { return {std::move(is_false), std::move(is_true)}; }
};

Chances Both(const Chances& a, const Chances& b) {
  return {Intersection(a.is_true, b.is_true), Union(a.is_false, b.is_false)};
}
Chances Either(const Chances& a, const Chances& b) {
  return {Union(a.is_true, b.is_true), Intersection(a.is_false, b.is_false)};
}

/// What a condition may call the column that a table is partitioned by.
struct ColumnName {
  std::string name;
  /// kInt64, kDate (days since 1970), kDatetime or kTimestamp (microseconds)
  SqlType type;
  /// A date whose partition is told by an instant.
  bool is_day_of_instant = false;
};

/// Asks conditions about one column.
class ColumnChances {
 public:
  explicit ColumnChances(std::vector<ColumnName> names) : names_(std::move(names)) {}

  Chances Of(const Expression& node) const {
    if (node.kind == ExpressionKind::kAnd) return Fold(node, Both);
    if (node.kind == ExpressionKind::kOr) return Fold(node, Either);
    if (node.kind == ExpressionKind::kNot) return Of(*node.children[0]).Not();
    if (!HasColumn(node)) return OfConstant(node);
    switch (node.kind) {
      case ExpressionKind::kCompare:
        return Compare(node.op, *node.children[0], *node.children[1]);
      case ExpressionKind::kBetween:
        return Negated(
            node, Both(Compare(ComparisonOp::kGreaterEqual, *node.children[0], *node.children[1]),
                       Compare(ComparisonOp::kLessEqual, *node.children[0], *node.children[2])));
      case ExpressionKind::kIn:
        return In(node);
      case ExpressionKind::kIsNull:
        return IsNull(node);
      default:
        return {};
    }
  }

  /// Whether one of the terms that must all be true compares the column with constants, and has no
  /// other.
  bool RestrictsAlone(const Expression& node) const {
    if (node.kind == ExpressionKind::kAnd) {
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](const auto& child) { return RestrictsAlone(*child); });
    }
    return HasColumn(node) && IsOfConstants(node);
  }

 private:
  static bool HasColumn(const Expression& node) {
    return node.kind == ExpressionKind::kColumn ||
           std::any_of(node.children.begin(), node.children.end(),
                       [](const auto& child) { return HasColumn(*child); });
  }

  /// Whether all comparisons are of the column with constants, or without any column.
  bool IsOfConstants(const Expression& node) const {
    if (!HasColumn(node)) return true;
    switch (node.kind) {
      case ExpressionKind::kCompare:
      case ExpressionKind::kIn:
      case ExpressionKind::kBetween:
      case ExpressionKind::kIsNull:
        return IsOfOneColumn(node.children);
      default:
        return !node.children.empty() &&
               std::all_of(node.children.begin(), node.children.end(),
                           [&](const auto& child) { return IsOfConstants(*child); });
    }
  }

  bool IsOfOneColumn(const std::vector<io::filter::ExpressionPtr>& operands) const {
    const auto constants = std::count_if(operands.begin(), operands.end(),
                                         [](const auto& each) { return !HasColumn(*each); });
    const auto columns = std::count_if(operands.begin(), operands.end(),
                                       [&](const auto& each) { return NameOf(*each) != nullptr; });
    return columns == 1 && constants + 1 == std::ssize(operands);
  }

  /// A condition without a column is what it is for every value.
  static Chances OfConstant(const Expression& node) {
    Expression negation;
    negation.kind = ExpressionKind::kNot;
    negation.children = {std::make_shared<const Expression>(node)};
    return {CanBeTrue(node) ? ValueSet::Everything() : ValueSet{},
            CanBeTrue(negation) ? ValueSet::Everything() : ValueSet{}};
  }

  static bool CanBeTrue(const Expression& constant) {
    const auto filter = io::filter::Filter::Bind(constant, arrow::Schema({}), "filter");
    // What cannot be bound the service will refuse, in its own words.
    return !filter.ok() || (*filter)->Judge({}, 1) != io::filter::Verdict::kNone;
  }

  /// Nothing for other operands than the column.
  const ColumnName* NameOf(const Expression& operand) const {
    if (operand.kind != ExpressionKind::kColumn || operand.path.size() != 1) return nullptr;
    for (const ColumnName& each : names_) {
      if (base::LowerAscii(operand.path[0]) == base::LowerAscii(each.name)) return &each;
    }
    return nullptr;
  }

  Chances Fold(const Expression& node, Chances (*join)(const Chances&, const Chances&)) const {
    Chances result = Of(*node.children[0]);
    for (size_t i = 1; i < node.children.size(); ++i) result = join(result, Of(*node.children[i]));
    return result;
  }

  static Chances Negated(const Expression& node, Chances chances) {
    return node.negated ? std::move(chances).Not() : chances;
  }

  Chances In(const Expression& node) const {
    if (NameOf(*node.children[0]) == nullptr) return {};
    std::vector<std::pair<int64_t, int64_t>> values;
    bool may_be_false = true;
    for (size_t i = 1; i < node.children.size(); ++i) {
      const Expression& element = *node.children[i];
      const bool constant = element.kind == ExpressionKind::kLiteral;
      if (constant && element.literal.type == SqlType::kNull) {
        may_be_false = false;
        continue;
      }
      const Chances equal = Compare(ComparisonOp::kEqual, *node.children[0], element);
      if (equal.is_true.intervals == NotNull().is_true.intervals) return NotNull();
      values.insert(values.end(), equal.is_true.intervals.begin(), equal.is_true.intervals.end());
    }
    std::sort(values.begin(), values.end());
    // What is left out by the others must not be of a set that has been made larger.
    const ValueSet any = AllJoined(values, false);
    return Negated(node, {Bounded(any), may_be_false ? Bounded(Others(any)) : ValueSet{}});
  }

  Chances IsNull(const Expression& node) const {
    if (NameOf(*node.children[0]) == nullptr) return {};
    Chances chances{ValueSet{}, ValueSet::Of(kLeast, kMost)};
    chances.is_true.null = true;
    return Negated(node, chances);
  }

  Chances Compare(ComparisonOp op, const Expression& left, const Expression& right) const {
    const ColumnName* column = NameOf(left);
    const Expression* other = &right;
    if (column == nullptr) {
      column = NameOf(right);
      other = &left;
      op = Mirrored(op);
    }
    if (column == nullptr) return {};
    if (other->kind != ExpressionKind::kLiteral) return NotNull();
    Chances chances = WithLiteral(op, column->type, other->literal);
    if (!column->is_day_of_instant) return chances;
    return {InstantsOf(chances.is_true), InstantsOf(chances.is_false)};
  }

  /// All instants of some days.
  static ValueSet InstantsOf(const ValueSet& days) {
    ValueSet instants;
    for (const auto& [first, last] : days.intervals) {
      const Int128 least = first == kLeast ? Int128{kLeast} : Int128{first} * kMicrosInDay;
      const Int128 most = last == kMost ? Int128{kMost} : (Int128{last} + 1) * kMicrosInDay - 1;
      instants.intervals.emplace_back(
          static_cast<int64_t>(std::clamp<Int128>(least, kLeast, kMost)),
          static_cast<int64_t>(std::clamp<Int128>(most, kLeast, kMost)));
    }
    instants.null = days.null;
    return instants;
  }

  /// A comparison with something unknown is NULL without a value.
  static Chances NotNull() { return {ValueSet::Of(kLeast, kMost), ValueSet::Of(kLeast, kMost)}; }

  static Chances WithLiteral(ComparisonOp op, SqlType type, Literal literal) {
    if (literal.type == SqlType::kNull) return {ValueSet{}, ValueSet{}};
    if (literal.type == SqlType::kString && type != SqlType::kInt64) {
      const std::string text = literal.bytes;
      if (!io::filter::ParseTypedLiteral(type, text, &literal).empty()) return NotNull();
    }
    Int128 unit = 1;
    Int128 value = literal.integer;
    if (type == SqlType::kInt64) {
      if (literal.type != SqlType::kInt64) return NotNull();
    } else {
      constexpr Int128 kNanosInDay = Int128{kMicrosInDay} * kNanosInMicro;
      if (literal.type == SqlType::kDate) {
        value *= kNanosInDay;
      } else if (literal.type != SqlType::kDatetime && literal.type != SqlType::kTimestamp) {
        return NotNull();
      }
      unit = type == SqlType::kDate ? kNanosInDay : Int128{kNanosInMicro};
    }
    return AgainstValue(op, value, unit);
  }

  /// The column's values times `unit`, compared with `value`.
  static Chances AgainstValue(ComparisonOp op, Int128 value, Int128 unit) {
    const Int128 floor = value / unit - (value % unit < 0 ? 1 : 0);
    const Int128 ceiling = floor * unit == value ? floor : floor + 1;
    const auto up_to = [](Int128 most) {
      return most < kLeast
                 ? ValueSet{}
                 : ValueSet::Of(kLeast, static_cast<int64_t>(std::min<Int128>(most, kMost)));
    };
    const auto from = [](Int128 least) {
      return least > kMost
                 ? ValueSet{}
                 : ValueSet::Of(static_cast<int64_t>(std::max<Int128>(least, kLeast)), kMost);
    };
    const ValueSet below = up_to(ceiling - 1);
    const ValueSet not_above = up_to(floor);
    const ValueSet above = from(floor + 1);
    const ValueSet not_below = from(ceiling);
    switch (op) {
      case ComparisonOp::kEqual:
        return {Intersection(not_above, not_below), Union(below, above)};
      case ComparisonOp::kNotEqual:
        return {Union(below, above), Intersection(not_above, not_below)};
      case ComparisonOp::kLess:
        return {below, not_below};
      case ComparisonOp::kLessEqual:
        return {not_above, above};
      case ComparisonOp::kGreater:
        return {above, not_above};
      case ComparisonOp::kGreaterEqual:
        return {not_below, below};
    }
    return {};
  }

  const std::vector<ColumnName> names_;
};

std::chrono::year_month_day CivilOf(int64_t days) {
  // BigQuery's dates end in the year 9999; chrono's days are wider.
  constexpr int64_t kDaysMax = 3'000'000;
  return std::chrono::sys_days(
      std::chrono::days(static_cast<int>(std::clamp(days, -kDaysMax, kDaysMax))));
}

/// BigQuery has 10,000 at most; an answer that names more than this is not believed.
constexpr int64_t kIntegerRangesMax = 1'000'000;

/// How a table is partitioned: which number a value's partition has, and how it is called.
struct Partitioning {
  std::string type;
  SqlType values = SqlType::kDate;
  IntegerRanges ranges;

  /// Whether what the service has told of it is understood.
  bool IsKnown() const {
    if (values == SqlType::kInt64) {
      if (type != "RANGE" || ranges.interval <= 0 || ranges.start >= ranges.end) return false;
      return (Int128{ranges.end} - ranges.start) / ranges.interval < kIntegerRangesMax;
    }
    const bool by_time = type == "HOUR" || type == "DAY" || type == "MONTH" || type == "YEAR";
    return by_time && values != SqlType::kOther;
  }

  int64_t NumberOf(int64_t value) const {
    if (values == SqlType::kInt64) {  // within the ranges
      return static_cast<int64_t>((Int128{value} - ranges.start) / ranges.interval);
    }
    if (type == "HOUR") return FloorDivided(value, kMicrosInHour);
    const int64_t days = values == SqlType::kDate ? value : FloorDivided(value, kMicrosInDay);
    if (type == "DAY") return days;
    const auto civil = CivilOf(days);
    const int64_t year = static_cast<int>(civil.year());
    return type == "YEAR" ? year : year * 12 + static_cast<unsigned>(civil.month()) - 1;
  }

  std::string NameOf(int64_t number) const {
    if (values == SqlType::kInt64) {
      return std::to_string(static_cast<int64_t>(ranges.start + Int128{number} * ranges.interval));
    }
    if (type == "YEAR") return fmt::format("{:04}", number);
    if (type == "MONTH") return fmt::format("{:04}{:02}", number / 12, number % 12 + 1);
    const int64_t days = type == "DAY" ? number : FloorDivided(number, 24);
    const auto civil = CivilOf(days);
    const std::string day =
        fmt::format("{:04}{:02}{:02}", static_cast<int>(civil.year()),
                    static_cast<unsigned>(civil.month()), static_cast<unsigned>(civil.day()));
    return type == "DAY" ? day : fmt::format("{}{:02}", day, number - days * 24);
  }
};

SqlType TypeOfColumn(const TableInfo& table, const std::string& column) {
  for (const TableField& field : table.fields) {
    if (base::LowerAscii(field.name) != base::LowerAscii(column)) continue;
    if (field.type == "DATE") return SqlType::kDate;
    if (field.type == "DATETIME") return SqlType::kDatetime;
    if (field.type == "TIMESTAMP") return SqlType::kTimestamp;
    if (field.type == "INTEGER" || field.type == "INT64") return SqlType::kInt64;
  }
  return SqlType::kOther;
}

/// Integers outside of all ranges lie together; those within are cut to the ranges.
ValueSet WithinRanges(const ValueSet& passing, const IntegerRanges& ranges,
                      PartitionPruning* pruning) {
  const ValueSet inside = ValueSet::Of(ranges.start, ranges.end - 1);
  ValueSet outside = ValueSet::Of(ranges.end, kMost);
  if (ranges.start > kLeast) outside = Union(outside, ValueSet::Of(kLeast, ranges.start - 1));
  pruning->others_left = !Intersection(passing, outside).intervals.empty();
  ValueSet within = Intersection(passing, inside);
  within.null = passing.null;
  return within;
}

void NamePartitions(const Partitioning& how, const ValueSet& passing, PartitionPruning* pruning) {
  const bool ranges = how.values == SqlType::kInt64;
  std::vector<std::pair<int64_t, int64_t>> numbers;
  bool bounded = true;
  for (const auto& [least, most] : passing.intervals) {
    const int64_t first = least == kLeast && !ranges ? kLeast : how.NumberOf(least);
    const int64_t last = most == kMost && !ranges ? kMost : how.NumberOf(most);
    bounded = bounded && (ranges || (first != kLeast && last != kMost));
    if (!numbers.empty() && first <= numbers.back().second + 1) {
      numbers.back().second = last;
    } else {
      numbers.emplace_back(first, last);
    }
  }
  int64_t count = 0;
  for (const auto& [first, last] : numbers) {
    const bool from_start = first == kLeast && !ranges;
    const bool to_end = last == kMost && !ranges;
    pruning->left.push_back({from_start ? "" : how.NameOf(first), to_end ? "" : how.NameOf(last)});
    if (bounded) count = base::SaturatingAdd(count, base::SaturatingAdd(last - first, 1));
  }
  if (bounded) pruning->count_max = count;
}

}  // namespace

std::optional<int64_t> PartitionPruning::left_max() const {
  if (leaves_all || !count_max) return std::nullopt;
  return base::SaturatingAdd(*count_max, int64_t{null_left} + int64_t{others_left});
}

bool PartitionPruning::Holds(std::string_view name) const {
  // Names of one kind are equally long, so that they have the order of the times.
  return leaves_all || std::any_of(left.begin(), left.end(), [&](const PartitionRange& range) {
           return name >= range.first && (range.last.empty() || name <= range.last);
         });
}

std::string TimePartitionName(const std::string& type, bool is_date, int64_t value) {
  const Partitioning how{type, is_date ? SqlType::kDate : SqlType::kTimestamp, {}};
  return how.NameOf(how.NumberOf(value));
}

std::string PartitionPruning::Text() const {
  if (leaves_all) return "all";
  constexpr size_t kShownMax = 6;
  std::vector<std::string> parts;
  for (const PartitionRange& range : left) {
    if (parts.size() == kShownMax && left.size() > kShownMax + 1) {
      parts.push_back(fmt::format("{} more", left.size() - kShownMax));
      break;
    }
    if (range == PartitionRange{}) {
      parts.emplace_back("all of rows with a value");
    } else if (range.first == range.last) {
      parts.push_back(range.first);
    } else if (range.last.empty()) {
      parts.push_back(range.first + " and later");
    } else if (range.first.empty()) {
      parts.push_back(range.last + " and earlier");
    } else {
      parts.push_back(range.first + " to " + range.last);
    }
  }
  if (null_left) parts.emplace_back("__NULL__");
  if (others_left) parts.emplace_back("__UNPARTITIONED__");
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

arrow::Result<std::optional<PartitionPruning>> FindPruning(const TableInfo& table,
                                                           std::string_view condition) {
  if (table.partition_type.empty()) return std::nullopt;
  Partitioning how{table.partition_type, SqlType::kTimestamp, table.integer_ranges};
  PartitionPruning pruning;
  const bool by_ingestion = table.partition_column.empty();
  pruning.column = by_ingestion ? kPartitionTime : table.partition_column;
  if (!by_ingestion) how.values = TypeOfColumn(table, table.partition_column);
  std::vector<ColumnName> names = {{pruning.column, how.values}};
  // Partitions of other lengths have no day.
  if (by_ingestion && how.type == "DAY") {
    names.push_back({kPartitionDate, SqlType::kDate, /*is_day_of_instant=*/true});
  }
  ValueSet passing = ValueSet::Everything();
  if (condition.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    ARROW_ASSIGN_OR_RAISE(const auto expression, io::filter::ParseExpression(condition, "filter"));
    const ColumnChances chances(std::move(names));
    pruning.meets_requirement = chances.RestrictsAlone(*expression);
    if (how.IsKnown()) passing = chances.Of(*expression).is_true;
  }
  pruning.leaves_all = passing.null && passing.intervals == ValueSet::Everything().intervals;
  if (pruning.leaves_all) return pruning;
  if (how.values == SqlType::kInt64) passing = WithinRanges(passing, how.ranges, &pruning);
  // What was streamed in a moment ago has no time of ingestion yet, and waits apart.
  (by_ingestion ? pruning.others_left : pruning.null_left) = passing.null;
  NamePartitions(how, passing, &pruning);
  return pruning;
}

}  // namespace emberharmony::bigquery
