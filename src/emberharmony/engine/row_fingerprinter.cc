#include "emberharmony/engine/row_fingerprinter.h"

#include <arrow/array.h>

#include <algorithm>

#include "emberharmony/io/cell_fingerprint.h"

namespace emberharmony::engine {

namespace {

// The cells of a block are written column by column and hashed row by row: a block stays in the
// first-level cache, unless a row alone is larger.
constexpr int64_t kBlockBytes = 24 << 10;
constexpr int64_t kBlockRowsMin = 8;
constexpr int64_t kBlockRowsMax = 512;

}  // namespace

arrow::Status RowFingerprinter::Compute(const io::Batch& batch, uint64_t* out) {
  const auto num_columns = static_cast<int64_t>(columns_.size());
  const int64_t row_bytes = std::max<int64_t>(1, num_columns) * 8;
  const int64_t block_rows = std::clamp(kBlockBytes / row_bytes, kBlockRowsMin, kBlockRowsMax);
  cells_.resize(num_columns * block_rows);
  for (ColumnCells& column : columns_) column.piece = column.next_row = 0;
  for (int64_t first = 0; first < batch.num_rows; first += block_rows) {
    const int64_t n = std::min(block_rows, batch.num_rows - first);
    for (int64_t c = 0; c < num_columns; ++c) {
      ARROW_RETURN_NOT_OK(GatherCells(batch.columns[c], n, &columns_[c], cells_.data() + c));
    }
    for (int64_t row = 0; row < n; ++row) {
      out[first + row] = io::RowFingerprint(
          seed_, {cells_.data() + row * num_columns, static_cast<size_t>(num_columns)});
    }
  }
  return arrow::Status::OK();
}

arrow::Status RowFingerprinter::BeginPiece(const io::Piece& piece, ColumnCells* column) {
  if (piece.encoded() && piece.dictionary_id != 0 && piece.dictionary_id == column->dictionary_id) {
    return arrow::Status::OK();
  }
  column->dictionary_id = piece.encoded() ? piece.dictionary_id : 0;
  const auto size = static_cast<size_t>(piece.values->length()) + 1;
  if (size > column->fingerprints.capacity()) {
    const auto growth = static_cast<int64_t>((size - column->fingerprints.capacity()) * 8);
    ARROW_RETURN_NOT_OK(reservation_.Resize(reservation_.bytes() + growth));
    std::vector<uint64_t>().swap(column->fingerprints);  // not copied: all of it is written anew
    column->fingerprints.reserve(size);
  }
  column->fingerprints.resize(size);
  ARROW_RETURN_NOT_OK(io::CellFingerprints(*piece.values, column->fingerprints.data()));
  column->fingerprints.back() = 0;
  return arrow::Status::OK();
}

arrow::Status RowFingerprinter::GatherCells(const io::Column& pieces, int64_t n,
                                            ColumnCells* column, uint64_t* out) {
  const size_t stride = columns_.size();
  while (n > 0) {
    const io::Piece& piece = pieces.pieces[column->piece];
    if (column->next_row == 0) ARROW_RETURN_NOT_OK(BeginPiece(piece, column));
    const int64_t taken = std::min(n, piece.num_rows - column->next_row);
    const uint64_t* fingerprints = column->fingerprints.data();
    if (piece.encoded()) {
      const int32_t* indices = piece.index_data() + column->next_row;
      for (int64_t i = 0; i < taken; ++i, out += stride) *out = fingerprints[indices[i]];
    } else {
      fingerprints += column->next_row;
      for (int64_t i = 0; i < taken; ++i, out += stride) *out = fingerprints[i];
    }
    n -= taken;
    column->next_row += taken;
    if (column->next_row == piece.num_rows) {
      ++column->piece;
      column->next_row = 0;
    }
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine
