#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <memory>

#include "emberharmony/io/batch.h"
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
  /// Both are of types that can be compared (binder.cc), and not boolean.
  ColumnPair(ColumnPath left, const ColumnType& left_type, ColumnPath right,
             const ColumnType& right_type, ComparisonOp op);

  const ColumnPath& left() const { return left_; }
  const ColumnPath& right() const { return right_; }
  /// The pieces of both columns hold num_rows rows.
  arrow::Status Evaluate(const Column& left, const Column& right, int64_t num_rows,
                         arrow::MemoryPool* pool, TruthBits* out) const;

 private:
  enum class Mode { kInteger, kScaled, kReal, kIntegerReal, kBytes };

  ColumnPath left_;
  ColumnPath right_;
  ColumnType left_type_;
  ColumnType right_type_;
  ComparisonOp op_;
  Mode mode_ = Mode::kScaled;
  // kScaled: what brings the keys of each side to one unit.
  arrow::Decimal256 left_multiplier_ = 1;
  arrow::Decimal256 right_multiplier_ = 1;
};

}  // namespace emberharmony::io::filter
