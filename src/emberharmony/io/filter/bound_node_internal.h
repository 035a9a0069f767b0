#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "emberharmony/io/column_range.h"
#include "emberharmony/io/filter/column_cast_internal.h"
#include "emberharmony/io/filter/column_pair_internal.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/leaf_internal.h"
#include "emberharmony/io/filter/truth_bits_internal.h"

namespace emberharmony::io::filter {

enum class NodeKind {
  kConstant,
  kLeaf,          ///< a condition on a column's value; unknown where it is null
  kColumnIsNull,  ///< never unknown
  kColumnPair,
  kAnd,
  kOr,
  kNot,
  kIs,       ///< IS TRUE, IS FALSE, IS NULL of the child: never unknown
  kCompare,  ///< two truth values
};

/// A condition on rows with names resolved and types checked. Immutable.
struct BoundNode {
  NodeKind kind = NodeKind::kConstant;
  Truth truth = Truth::kNull;              ///< kConstant; kIs: which
  ComparisonOp op = ComparisonOp::kEqual;  ///< kCompare
  ColumnPath column;                       ///< kLeaf, kColumnIsNull
  std::shared_ptr<const ColumnCast>
      cast;                          ///< kLeaf, kColumnIsNull: of the column's values, or none
  std::unique_ptr<const Leaf> leaf;  ///< kLeaf
  std::unique_ptr<const ColumnPair> pair;  ///< kColumnPair
  std::vector<std::shared_ptr<const BoundNode>> children;
  /// The one column (or field) that everything below depends on, if there is one; else -1.
  ColumnPath subject;
};

using BoundNodePtr = std::shared_ptr<const BoundNode>;

arrow::Result<BoundNodePtr> BindExpression(const Expression& expression,
                                           const arrow::Schema& schema, std::string_view name);

/// Whether rows can fail: whether a CAST below can be of a value that there is none of.
bool MayFail(const BoundNode& node);

/// The columns below a node, ascending.
std::vector<int> ColumnsOf(const BoundNode& node);

/// What rows may give of which only `ranges` are known; ranges[i] is of column columns[i].
Outcomes OutcomesOf(const BoundNode& node, const std::vector<int>& columns,
                    const std::vector<ColumnRange>& ranges, int64_t num_rows);

}  // namespace emberharmony::io::filter
