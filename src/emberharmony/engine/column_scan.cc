#include "emberharmony/engine/column_scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/saturating.h"

namespace emberharmony::engine {

namespace {

constexpr int64_t kBatchBytesMax = int64_t{8} << 20;
// Of the run's memory.
constexpr int64_t kBatchShare = 32;
// How much larger than its compressed form a column may be taken to be.
constexpr int64_t kExpansion = 4;

int64_t BatchRows(const io::Source& source, const io::Unit& unit, int column, RunContext* context) {
  const int64_t bytes = source.Hint(unit, column).compressed_bytes * kExpansion;
  const int64_t row_bytes = std::max<int64_t>(1, bytes / std::max<int64_t>(1, unit.num_rows));
  return std::clamp<int64_t>(BatchBytes(context) / row_bytes, 1, context->options().batch_rows);
}

}  // namespace

int64_t BatchBytes(RunContext* context) {
  return std::min(kBatchBytesMax, context->budget()->limit_bytes() / kBatchShare);
}

int64_t ScanBytes(const io::Source& source, const io::Unit& unit, int column) {
  constexpr int64_t kFixedBytes = int64_t{2} << 20;  // a window of the file, indices, weights
  constexpr int64_t kUnknownBytes = int64_t{8} << 20;
  // A page as it lies in the file, uncompressed, and decoded.
  constexpr int64_t kCopies = 3;
  // Pages of plain values are mostly a small part of a chunk. Writers look at a page's size after
  // so many rows only, which long strings make large.
  constexpr int64_t kPageBytesMax = int64_t{4} << 20;
  constexpr int64_t kPageRows = 1024;
  const io::ColumnHint hint = source.Hint(unit, column);
  int64_t part = hint.largest_part_bytes;
  if (part == 0) return kFixedBytes + kUnknownBytes;
  if (!hint.dictionary_encoded) {
    const auto parts = static_cast<int64_t>(std::max<size_t>(1, unit.row_groups.size()));
    const int64_t row_bytes =
        base::SaturatingMultiply(part, parts) / std::max<int64_t>(1, unit.num_rows);
    part = std::min(part, std::max(kPageBytesMax, base::SaturatingMultiply(row_bytes, kPageRows)));
  }
  return base::SaturatingMultiply(part, kCopies) + kFixedBytes;
}

arrow::Status WithDictionary(const arrow::Status& status, const io::Source& source,
                             const io::Unit& unit, int column, RunContext* context) {
  if (!status.IsOutOfMemory()) return status;
  constexpr int64_t kLargeShare = 16;  // smaller ones are not what memory is short for
  const io::ColumnHint hint = source.Hint(unit, column);
  const bool is_large = hint.largest_part_bytes >= context->budget()->limit_bytes() / kLargeShare;
  if (!hint.dictionary_encoded || !is_large) return status;
  return status.WithMessage(fmt::format(
      "column '{}': its dictionary takes {}, and has to be in memory whole, more than once while "
      "it is read and looked up: raise --memory, or write the column as plain values ({})",
      source.schema()->field(column)->name(), base::FormatByteSize(hint.largest_part_bytes),
      status.message()));
}

int64_t ScanBatchesBytes(const io::Unit& unit, size_t num_columns, RunContext* context) {
  // Of each column a dictionary or values, indices and weights; of the unit its text, the places of
  // fields, and a batch, which may be several times as large as its text.
  constexpr int64_t kColumnBytes = int64_t{64} << 10;
  constexpr int64_t kFixedBytes = int64_t{4} << 20;
  constexpr int64_t kCopies = 4;
  return kFixedBytes + kColumnBytes * static_cast<int64_t>(num_columns) +
         kCopies * std::min(unit.bytes, BatchBytes(context));
}

int64_t BatchRowsOfColumns(size_t num_columns, int64_t batch_rows, RunContext* context) {
  // Indices or values, and what is made of them.
  constexpr int64_t kCellBytes = 24;
  constexpr int64_t kBatchRowsMin = 64;
  const int64_t row_bytes = kCellBytes * static_cast<int64_t>(std::max<size_t>(1, num_columns));
  return std::min(batch_rows, std::max(kBatchRowsMin, BatchBytes(context) / row_bytes));
}

arrow::Status CheckUnitRows(const io::Unit& unit, int64_t found, bool at_end) {
  if (found == unit.num_rows || (!at_end && found < unit.num_rows)) return arrow::Status::OK();
  return base::DataError(
      fmt::format("'{}' holds {} rows than its footer states; write the file anew", unit.file_name,
                  found < unit.num_rows ? "fewer" : "more"));
}

arrow::Status ScanColumn(const io::Source& source, const io::Unit& unit, int column,
                         RunContext* context, const PieceConsumer& consumer) {
  io::BatchOptions options;
  options.batch_rows = BatchRows(source, unit, column, context);
  options.pool = context->budget();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, {column}, options));
  int64_t row = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) return CheckUnitRows(unit, row, /*at_end=*/true);
    ARROW_RETURN_NOT_OK(CheckUnitRows(unit, row + batch->num_rows, /*at_end=*/false));
    for (const io::Piece& piece : batch->columns[0].pieces) {
      ARROW_RETURN_NOT_OK(consumer(piece, row));
      row += piece.num_rows;
    }
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
}

arrow::Status ScanBatches(const io::Source& source, const io::Unit& unit,
                          const std::vector<int>& columns, RunContext* context,
                          const std::function<arrow::Status(const io::Batch&)>& consumer) {
  io::BatchOptions options;
  const int64_t row_bytes = std::max<int64_t>(1, unit.bytes / std::max<int64_t>(1, unit.num_rows));
  options.batch_rows =
      std::clamp<int64_t>(BatchBytes(context) / row_bytes, 1, context->options().batch_rows);
  options.pool = context->budget();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, columns, options));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) return CheckUnitRows(unit, rows, /*at_end=*/true);
    rows += batch->num_rows;
    ARROW_RETURN_NOT_OK(CheckUnitRows(unit, rows, /*at_end=*/false));
    ARROW_RETURN_NOT_OK(consumer(*batch));
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
}

arrow::Status ScanColumns(const io::Source& source, const io::Unit& unit,
                          const std::vector<int>& columns, RunContext* context,
                          const ColumnPieceConsumer& consumer) {
  int64_t first_row = 0;
  return ScanBatches(source, unit, columns, context, [&](const io::Batch& batch) -> arrow::Status {
    for (size_t i = 0; i < columns.size(); ++i) {
      const size_t column = (static_cast<size_t>(unit.index) + i) % columns.size();
      int64_t row = first_row;
      for (const io::Piece& piece : batch.columns[column].pieces) {
        ARROW_RETURN_NOT_OK(consumer(column, piece, row));
        row += piece.num_rows;
      }
    }
    first_row += batch.num_rows;
    return arrow::Status::OK();
  });
}

}  // namespace emberharmony::engine
