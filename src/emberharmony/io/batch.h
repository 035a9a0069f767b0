#pragma once

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::io {

/// A run of consecutive rows of one column, plain or encoded.
///
/// Encoded: `values` is a dictionary without nulls, `indices` holds one int32 a row, each in [0,
/// values->length()]; the index values->length() stands for null. Plain: `indices` is null,
/// values->length() == num_rows and nulls are in the array's validity. Pieces with the same
/// non-zero dictionary_id share the very same `values`. Immutable.
struct Piece {
  std::shared_ptr<arrow::Array> values;
  std::shared_ptr<arrow::Buffer> indices;
  int64_t num_rows = 0;
  uint64_t dictionary_id = 0;  ///< 0 when plain

  bool encoded() const { return indices != nullptr; }
  const int32_t* index_data() const { return reinterpret_cast<const int32_t*>(indices->data()); }
};

/// Consecutive rows of one column. Pages of different columns do not align, hence the list.
struct Column {
  std::vector<Piece> pieces;
};

/// Consecutive rows of a unit: the columns that were asked for, in the order in which they were
/// asked for.
struct Batch {
  int64_t first_row = 0;  ///< counted from the start of the unit
  int64_t num_rows = 0;
  std::vector<Column> columns;
};

}  // namespace emberharmony::io
