#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// UsageError for batches without rows; DataError unless the start is among the `num_rows` that are
/// to be read of the unit.
arrow::Status CheckRead(const Unit& unit, const BatchOptions& options, int64_t num_rows,
                        const Cursor& start);

/// UsageError unless the column is one of so many.
arrow::Status CheckColumn(int column, size_t num_columns);

/// The pool that the options name, or the default one.
arrow::MemoryPool* PoolOf(const BatchOptions& options);

/// Reads the columns of one unit, each with a reader of its own: `Status Read(int64_t rows, Column*
/// out)`, which appends exactly so many rows.
template <typename ColumnReader>
class UnitReader : public BatchReader {
 public:
  UnitReader(int64_t num_rows, int64_t batch_rows, Cursor start,
             std::vector<std::unique_ptr<ColumnReader>> columns)
      : num_rows_(num_rows),
        batch_rows_(batch_rows),
        cursor_(start),
        columns_(std::move(columns)) {}

  arrow::Result<std::optional<Batch>> Next() override {
    ARROW_RETURN_NOT_OK(status_);
    const int64_t n = std::min(batch_rows_, num_rows_ - cursor_.next_row);
    if (n <= 0) return std::optional<Batch>();
    Batch batch;
    batch.first_row = cursor_.next_row;
    batch.num_rows = n;
    batch.columns.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      status_ = columns_[i]->Read(n, &batch.columns[i]);
      ARROW_RETURN_NOT_OK(status_);
    }
    cursor_.next_row += n;
    return std::optional<Batch>(std::move(batch));
  }

  Cursor cursor() const override { return cursor_; }

 private:
  const int64_t num_rows_;
  const int64_t batch_rows_;
  Cursor cursor_;
  std::vector<std::unique_ptr<ColumnReader>> columns_;
  arrow::Status status_;  // the first error, which stays
};

}  // namespace emberharmony::io::internal
