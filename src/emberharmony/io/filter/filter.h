#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_range.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {

struct BoundNode;
struct EntryTruth;

/// What is certain of the rows of a part before they are read.
enum class Verdict {
  kNone,  ///< no row passes
  kAll,   ///< every row passes
  kSome,  ///< must be looked at
};

/// A row filter bound to a schema: a condition with GoogleSQL's meaning, of which the rows pass for
/// which it is TRUE (neither FALSE nor NULL). Immutable and thread-safe.
///
/// Names match without regard to case, as in BigQuery; one that means several columns is an error,
/// as are unknown columns (with the nearest name) and operands whose types do not go together. A
/// name with points is a column of that name, or a field of a struct.
///
/// Types: booleans are BOOL; integers of any width INT64; floats FLOAT64; decimals NUMERIC or
/// BIGNUMERIC; strings STRING; bytes BYTES; dates DATE; times TIME; timestamps without a zone
/// DATETIME, with one TIMESTAMP. Strings in the filter become DATE, DATETIME, TIMESTAMP or TIME
/// beside such a column; a DATE becomes a DATETIME; numbers meet numbers: integers, decimals and
/// floats exactly, but that a decimal becomes the nearest FLOAT64 beside a float column, and a
/// number with a point is decimal beside a decimal column. NaN equals nothing, -0 equals 0, strings
/// compare by bytes. Columns of other types can only be tested for NULL. Casts as in GoogleSQL's
/// "Conversion rules", with UTC as the zone of times that have none.
class Filter {
 public:
  /// `name` begins messages, as in ParseExpression.
  static arrow::Result<std::shared_ptr<const Filter>> Bind(const Expression& expression,
                                                           const arrow::Schema& schema,
                                                           std::string_view name);
  ~Filter();

  /// The columns of the schema that it reads, ascending. May be empty.
  const std::vector<int>& columns() const { return columns_; }
  /// WriteSql of the expression; the same for all texts that mean the same tree.
  const std::string& sql() const { return sql_; }
  /// A stable hash of sql().
  uint64_t hash() const;
  /// What `ranges`, one for each of columns(), say of num_rows rows. Never wrong, but may be kSome
  /// for rows of which none passes.
  Verdict Judge(const std::vector<ColumnRange>& ranges, int64_t num_rows) const;
  /// Whether rows can fail: whether it has a CAST of which a value may be an error.
  bool may_fail() const { return may_fail_; }
  /// Filters that a row passes together if and only if it passes this one, each on its own columns:
  /// the operands of the outermost AND. Those that may fail are one filter, the last: a row that
  /// another leaves out fails no read.
  std::vector<std::shared_ptr<const Filter>> Conjuncts() const;

 private:
  friend class FilterEvaluator;
  Filter(std::shared_ptr<const BoundNode> root, std::string sql);

  std::shared_ptr<const BoundNode> root_;
  std::vector<std::shared_ptr<const BoundNode>> conjuncts_;
  std::vector<int> columns_;
  std::string sql_;
  bool may_fail_ = false;
};

/// Applies a filter to batches. A condition on one column is evaluated once for each entry of a
/// dictionary, and remembered for the batches that share it. One thread at a time.
class FilterEvaluator {
 public:
  FilterEvaluator(std::shared_ptr<const Filter> filter, arrow::MemoryPool* pool);
  ~FilterEvaluator();

  /// The batch's columns are filter->columns(), in that order. Sets the first num_rows bits of
  /// `passes` (whole 64-bit words; the rest of the last one becomes 0) and returns how many are 1.
  /// A usage error, if a CAST of a row's value is one, and the row's truth depends on it.
  arrow::Result<int64_t> Evaluate(const Batch& batch, std::vector<uint64_t>* passes);

 private:
  friend class BatchEvaluation;
  const std::shared_ptr<const Filter> filter_;
  arrow::MemoryPool* const pool_;
  std::unordered_map<const BoundNode*, std::unique_ptr<EntryTruth>> entries_;
};

}  // namespace emberharmony::io::filter
