#include <algorithm>
#include <set>

#include "emberharmony/io/filter/bound_node_internal.h"

namespace emberharmony::io::filter {
namespace {

Outcomes Only(Truth truth) {
  return {truth == Truth::kTrue, truth == Truth::kFalse, truth == Truth::kNull};
}

const ColumnRange* RangeOf(const ColumnPath& path, const std::vector<int>& columns,
                           const std::vector<ColumnRange>& ranges) {
  // A struct's range says nothing of its fields.
  if (!path.fields.empty()) return nullptr;
  const auto found = std::lower_bound(columns.begin(), columns.end(), path.column);
  if (found == columns.end() || *found != path.column) return nullptr;
  const auto index = static_cast<size_t>(found - columns.begin());
  return index < ranges.size() ? &ranges[index] : nullptr;
}

/// What values between two are between after a cast; nothing where that is not certain.
std::shared_ptr<arrow::Array> CastBounds(const ColumnCast& cast,
                                         const std::shared_ptr<arrow::Array>& bounds) {
  if (!cast.is_monotone() || bounds == nullptr || bounds->length() != 2) return nullptr;
  const auto values = cast.Apply(*bounds, arrow::default_memory_pool());
  if (!values.ok() || !values->failed.empty() || values->values->null_count() != 0) return nullptr;
  return values->values;
}

Outcomes LeafOutcomes(const BoundNode& node, const ColumnRange& range, int64_t num_rows) {
  if (range.null_count == num_rows) return Only(Truth::kNull);
  Outcomes outcomes{true, true, range.null_count != 0};
  std::shared_ptr<arrow::Array> bounds = range.bounds;
  if (node.cast != nullptr) {
    bounds = CastBounds(*node.cast, bounds);
    // SAFE_CAST may make a null of any value.
    if (bounds == nullptr) return {};
  }
  if (bounds == nullptr || bounds->length() != 2 || bounds->null_count() != 0) return outcomes;
  const Outcomes of_values = node.leaf->TestRange(*bounds);
  outcomes.maybe_true = of_values.maybe_true;
  outcomes.maybe_false = of_values.maybe_false;
  return outcomes;
}

/// Two conditions, each with any of its outcomes.
Outcomes And(const Outcomes& a, const Outcomes& b) {
  return {a.maybe_true && b.maybe_true, a.maybe_false || b.maybe_false,
          (a.maybe_null && (b.maybe_null || b.maybe_true)) ||
              (b.maybe_null && (a.maybe_null || a.maybe_true))};
}

Outcomes Not(const Outcomes& a) { return {a.maybe_false, a.maybe_true, a.maybe_null}; }

Outcomes Compare(ComparisonOp op, const Outcomes& a, const Outcomes& b) {
  Outcomes outcomes{false, false, a.maybe_null || b.maybe_null};
  for (const bool left : {false, true}) {
    for (const bool right : {false, true}) {
      if (!(left ? a.maybe_true : a.maybe_false) || !(right ? b.maybe_true : b.maybe_false)) {
        continue;
      }
      bool holds = false;
      switch (op) {
        case ComparisonOp::kEqual:
          holds = left == right;
          break;
        case ComparisonOp::kNotEqual:
          holds = left != right;
          break;
        case ComparisonOp::kLess:
          holds = !left && right;
          break;
        case ComparisonOp::kLessEqual:
          holds = !left || right;
          break;
        case ComparisonOp::kGreater:
          holds = left && !right;
          break;
        case ComparisonOp::kGreaterEqual:
          holds = left || !right;
          break;
      }
      (holds ? outcomes.maybe_true : outcomes.maybe_false) = true;
    }
  }
  return outcomes;
}

void CollectColumns(const BoundNode& node, std::set<int>* columns) {
  if (node.column.column >= 0) columns->insert(node.column.column);
  if (node.pair != nullptr) {
    columns->insert(node.pair->left().column);
    columns->insert(node.pair->right().column);
  }
  for (const BoundNodePtr& child : node.children) CollectColumns(*child, columns);
}

}  // namespace

bool MayFail(const BoundNode& node) {
  if (node.cast != nullptr && node.cast->may_fail()) return true;
  if (node.pair != nullptr && node.pair->may_fail()) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const BoundNodePtr& child) { return MayFail(*child); });
}

std::vector<int> ColumnsOf(const BoundNode& node) {
  std::set<int> columns;
  CollectColumns(node, &columns);
  return {columns.begin(), columns.end()};
}

Outcomes OutcomesOf(const BoundNode& node, const std::vector<int>& columns,
                    const std::vector<ColumnRange>& ranges, int64_t num_rows) {
  const auto child = [&](size_t i) {
    return OutcomesOf(*node.children[i], columns, ranges, num_rows);
  };
  switch (node.kind) {
    case NodeKind::kConstant:
      return Only(node.truth);
    case NodeKind::kLeaf: {
      const ColumnRange* range = RangeOf(node.column, columns, ranges);
      return range == nullptr ? Outcomes{} : LeafOutcomes(node, *range, num_rows);
    }
    case NodeKind::kColumnIsNull: {
      const ColumnRange* range = RangeOf(node.column, columns, ranges);
      if (range == nullptr) return {true, true, false};
      // A cast may fail, or make a null; but it leaves those that there are.
      if (node.cast != nullptr) return {true, range->null_count != num_rows, false};
      return {range->null_count != 0, range->null_count != num_rows, false};
    }
    case NodeKind::kColumnPair:
      return {};
    case NodeKind::kAnd: {
      Outcomes outcomes = child(0);
      for (size_t i = 1; i < node.children.size(); ++i) outcomes = And(outcomes, child(i));
      return outcomes;
    }
    case NodeKind::kOr: {
      Outcomes none = Not(child(0));
      for (size_t i = 1; i < node.children.size(); ++i) none = And(none, Not(child(i)));
      return Not(none);
    }
    case NodeKind::kNot:
      return Not(child(0));
    case NodeKind::kIs: {
      const Outcomes outcomes = child(0);
      switch (node.truth) {
        case Truth::kTrue:
          return {outcomes.maybe_true, outcomes.maybe_false || outcomes.maybe_null, false};
        case Truth::kFalse:
          return {outcomes.maybe_false, outcomes.maybe_true || outcomes.maybe_null, false};
        case Truth::kNull:
          return {outcomes.maybe_null, outcomes.maybe_true || outcomes.maybe_false, false};
      }
      return {};
    }
    case NodeKind::kCompare:
      return Compare(node.op, child(0), child(1));
  }
  return {};
}

}  // namespace emberharmony::io::filter
