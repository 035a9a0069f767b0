#include <string>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/unit_reader_internal.h"

namespace emberharmony::io::internal {

using arrow::Status;

Status CheckRead(const Unit& unit, const BatchOptions& options, int64_t num_rows,
                 const Cursor& start) {
  if (options.batch_rows < 1) {
    return base::UsageError("a batch must have at least one row, not " +
                            std::to_string(options.batch_rows));
  }
  if (start.next_row < 0 || start.next_row > num_rows) {
    return base::DataError("'" + unit.file_name + "': a reader should start at row " +
                           std::to_string(start.next_row) + " of " + std::to_string(num_rows) +
                           " rows: the cursor is from other data");
  }
  return Status::OK();
}

Status CheckColumn(int column, size_t num_columns) {
  if (column >= 0 && static_cast<size_t>(column) < num_columns) return Status::OK();
  return base::UsageError("there is no column " + std::to_string(column) + " among " +
                          std::to_string(num_columns));
}

arrow::MemoryPool* PoolOf(const BatchOptions& options) {
  return options.pool != nullptr ? options.pool : arrow::default_memory_pool();
}

}  // namespace emberharmony::io::internal
