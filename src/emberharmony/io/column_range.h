#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::io {

/// What a source knows of the values of a column in some rows without reading them.
struct ColumnRange {
  /// Two values of the column's type, not null: no value but NaN is below the first or above the
  /// second; neither need occur. Null where the source doesn't know.
  std::shared_ptr<arrow::Array> bounds;
  int64_t null_count = -1;  ///< -1: unknown
};

/// Consecutive rows of a unit and what is known of their columns (Parquet: a row group).
struct UnitPart {
  int64_t num_rows = 0;
  std::vector<ColumnRange> columns;  ///< in the order in which they were asked for
};

}  // namespace emberharmony::io
