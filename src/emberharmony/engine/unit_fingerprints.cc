#include "emberharmony/engine/unit_fingerprints.h"

#include <arrow/array.h>

#include <algorithm>
#include <memory>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/row_fingerprinter.h"
#include "emberharmony/io/cell_fingerprint.h"

namespace emberharmony::engine {
namespace {

// Rows of a batch of few columns: what is held of so many fits the second-level cache.
constexpr int64_t kBatchRows = 8192;
// Cells that are written to, or read from, the temporary file at a time.
constexpr int64_t kCellBytes = sizeof(uint64_t);
constexpr int64_t kWrittenCells = int64_t{32} << 10;
constexpr int64_t kReadBytes = int64_t{4} << 20;

// What one column takes among others that are read at the same time: of many columns the parts are
// mostly small.
int64_t BytesAmongOthers(const io::Source& source, const io::Unit& unit, int column) {
  constexpr int64_t kFixedBytes = int64_t{320} << 10;  // a window of the file
  constexpr int64_t kCopies = 4;
  constexpr int64_t kPartBytesMax = int64_t{4} << 20;
  return kFixedBytes +
         std::min(source.Hint(unit, column).largest_part_bytes * kCopies, kPartBytesMax);
}

// Writes one column's cells, row by row, to a temporary file.
class CellSpooler {
 public:
  CellSpooler(base::SpillFile* file, base::MemoryBudget* budget)
      : file_(file), reservation_(budget) {}

  arrow::Status Begin() { return reservation_.Resize(kWrittenCells * kCellBytes); }

  arrow::Status Add(const io::Piece& piece) {
    if (!piece.encoded() || piece.dictionary_id == 0 || piece.dictionary_id != dictionary_id_) {
      dictionary_id_ = piece.encoded() ? piece.dictionary_id : 0;
      const auto size = static_cast<int64_t>(piece.values->length()) + 1;
      ARROW_RETURN_NOT_OK(reservation_.Resize((kWrittenCells + size) * kCellBytes));
      std::vector<uint64_t>().swap(entries_);
      entries_.resize(static_cast<size_t>(size));
      ARROW_RETURN_NOT_OK(io::CellFingerprints(*piece.values, entries_.data()));
      entries_.back() = 0;
    }
    const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
    for (int64_t i = 0; i < piece.num_rows; ++i) {
      cells_.push_back(entries_[indices != nullptr ? indices[i] : i]);
      if (static_cast<int64_t>(cells_.size()) == kWrittenCells) ARROW_RETURN_NOT_OK(Flush());
    }
    return arrow::Status::OK();
  }

  arrow::Status Flush() {
    if (cells_.empty()) return arrow::Status::OK();
    const std::string_view bytes(reinterpret_cast<const char*>(cells_.data()),
                                 cells_.size() * kCellBytes);
    cells_.clear();
    return file_->Append(bytes).status();
  }

 private:
  base::SpillFile* file_;
  base::MemoryReservation reservation_;
  uint64_t dictionary_id_ = 0;
  std::vector<uint64_t> entries_;  // of the current piece, then null
  std::vector<uint64_t> cells_;
};

}  // namespace

arrow::Status FingerprintTogether(const io::Source& source, const io::Unit& unit,
                                  const std::vector<int>& columns, int64_t seed,
                                  RunContext* context, const FingerprintConsumer& consumer) {
  io::BatchOptions options;
  options.batch_rows = BatchRowsOfColumns(
      columns.size(), std::min<int64_t>(context->options().batch_rows, kBatchRows), context);
  options.pool = context->budget();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, columns, options));
  RowFingerprinter fingerprinter(seed, static_cast<int>(columns.size()), context->budget());
  std::vector<uint64_t> fingerprints;
  int64_t row = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) break;
    ARROW_RETURN_NOT_OK(CheckUnitRows(unit, row + batch->num_rows, /*at_end=*/false));
    fingerprints.resize(static_cast<size_t>(batch->num_rows));
    ARROW_RETURN_NOT_OK(fingerprinter.Compute(*batch, fingerprints.data()));
    ARROW_RETURN_NOT_OK(consumer(row, fingerprints));
    row += batch->num_rows;
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
  return CheckUnitRows(unit, row, /*at_end=*/true);
}

arrow::Status FingerprintColumnByColumn(const io::Source& source, const io::Unit& unit,
                                        const std::vector<int>& columns, int64_t seed,
                                        RunContext* context, const FingerprintConsumer& consumer) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::SpillFile::Create(context->options().spill_dir));
  for (const int column : columns) {
    CellSpooler spooler(file.get(), context->budget());
    ARROW_RETURN_NOT_OK(spooler.Begin());
    ARROW_RETURN_NOT_OK(
        ScanColumn(source, unit, column, context,
                   [&](const io::Piece& piece, int64_t) { return spooler.Add(piece); }));
    ARROW_RETURN_NOT_OK(spooler.Flush());
  }
  // Column after column lies in the file, each with a cell for every row.
  const auto num_columns = static_cast<int64_t>(columns.size());
  const int64_t step =
      std::clamp<int64_t>(kReadBytes / (kCellBytes * num_columns), 1, kWrittenCells);
  base::MemoryReservation reservation(context->budget());
  ARROW_RETURN_NOT_OK(reservation.Resize(step * kCellBytes * (num_columns + 1)));
  std::vector<uint64_t> cells(static_cast<size_t>(step * num_columns));
  std::vector<uint64_t> fingerprints(static_cast<size_t>(step));
  std::vector<const uint64_t*> starts;
  for (int64_t c = 0; c < num_columns; ++c) starts.push_back(cells.data() + c * step);
  for (int64_t row = 0; row < unit.num_rows; row += step) {
    const int64_t n = std::min(step, unit.num_rows - row);
    for (int64_t c = 0; c < num_columns; ++c) {
      ARROW_RETURN_NOT_OK(file->Read((c * unit.num_rows + row) * kCellBytes, n * kCellBytes,
                                     cells.data() + c * step));
    }
    io::RowFingerprints(seed, starts, n, fingerprints.data());
    ARROW_RETURN_NOT_OK(consumer(row, {fingerprints.data(), static_cast<size_t>(n)}));
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
  return arrow::Status::OK();
}

namespace {

// Columns that are read only together, as of a CSV file, would be read once for each.
bool CanSpool(const io::Source& source, const std::vector<int>& columns, RunContext* context) {
  return !context->options().spill_dir.empty() && source.columns_independent() && !columns.empty();
}

int64_t SpoolBytes(const io::Source& source, const io::Unit& unit,
                   const std::vector<int>& columns) {
  int64_t largest = 0;
  for (const int column : columns) largest = std::max(largest, ScanBytes(source, unit, column));
  return largest + kReadBytes;
}

}  // namespace

FingerprintReading DecideFingerprintReading(const io::Source& source, const io::Unit& unit,
                                            const std::vector<int>& columns, RunContext* context) {
  int64_t together = 0;
  for (const int column : columns) together += BytesAmongOthers(source, unit, column);
  if (!CanSpool(source, columns, context) || together <= context->budget()->limit_bytes() / 2) {
    return {true, together};
  }
  return {false, SpoolBytes(source, unit, columns)};
}

arrow::Status FingerprintUnit(const io::Source& source, const io::Unit& unit,
                              const std::vector<int>& columns, int64_t seed, RunContext* context,
                              const FingerprintConsumer& consumer) {
  const FingerprintReading reading = DecideFingerprintReading(source, unit, columns, context);
  if (reading.together) {
    const TaskGate::Pass pass = context->gate()->Enter(reading.bytes);
    const arrow::Status status =
        FingerprintTogether(source, unit, columns, seed, context, consumer);
    if (!status.IsOutOfMemory() || !CanSpool(source, columns, context)) return status;
  }
  const TaskGate::Pass pass = context->gate()->Enter(SpoolBytes(source, unit, columns));
  return FingerprintColumnByColumn(source, unit, columns, seed, context, consumer);
}

}  // namespace emberharmony::engine
