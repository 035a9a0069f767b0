#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <memory>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/filter/column_cast_internal.h"
#include "emberharmony/io/filter/column_keys_internal.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/truth_bits_internal.h"

namespace emberharmony::io::filter {

/// A column of a source, or a field of its structs.
struct ColumnPath {
  int column = -1;
  std::vector<int> fields;

  bool operator==(const ColumnPath&) const = default;
};

/// The values of a piece at a path: those of the piece, or of a field of its structs, null where a
/// struct around them is.
arrow::Result<std::shared_ptr<arrow::Array>> ValuesAt(const std::shared_ptr<arrow::Array>& values,
                                                      const std::vector<int>& fields,
                                                      arrow::MemoryPool* pool);

/// Compares two columns row by row, exactly; but a decimal meets a FLOAT64 as the nearest double,
/// as in GoogleSQL. Immutable.
class ColumnPair {
 public:
  struct Side {
    ColumnPath path;
    ColumnType type;                         ///< of what is compared
    std::shared_ptr<const ColumnCast> cast;  ///< of the column's values, or none
  };

  /// Both are of types that can be compared (binder.cc), and not boolean.
  ColumnPair(Side left, Side right, ComparisonOp op);

  const ColumnPath& left() const { return left_.path; }
  const ColumnPath& right() const { return right_.path; }
  const std::shared_ptr<const ColumnCast>& left_cast() const { return left_.cast; }
  const std::shared_ptr<const ColumnCast>& right_cast() const { return right_.cast; }
  bool may_fail() const;
  /// The pieces of both columns hold num_rows rows.
  arrow::Status Evaluate(const Column& left, const Column& right, int64_t num_rows,
                         arrow::MemoryPool* pool, TruthBits* out) const;

 private:
  enum class Mode { kInteger, kScaled, kReal, kIntegerReal, kBytes };

  Side left_;
  Side right_;
  ComparisonOp op_;
  Mode mode_ = Mode::kScaled;
  // kScaled: what brings the keys of each side to one unit.
  arrow::Decimal256 left_multiplier_ = 1;
  arrow::Decimal256 right_multiplier_ = 1;
};

}  // namespace emberharmony::io::filter
