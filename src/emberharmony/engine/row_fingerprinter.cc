#include "emberharmony/engine/row_fingerprinter.h"

#include <arrow/array.h>

#include "emberharmony/io/cell_fingerprint.h"

namespace emberharmony::engine {

arrow::Status RowFingerprinter::Compute(const io::Batch& batch, uint64_t* out) {
  const size_t num_columns = columns_.size();
  cells_.resize(num_columns * batch.num_rows);
  for (size_t c = 0; c < num_columns; ++c) ARROW_RETURN_NOT_OK(GatherCells(batch.columns[c], c));
  for (int64_t row = 0; row < batch.num_rows; ++row) {
    out[row] = io::RowFingerprint(seed_, {cells_.data() + row * num_columns, num_columns});
  }
  return arrow::Status::OK();
}

arrow::Status RowFingerprinter::GatherCells(const io::Column& column, size_t c) {
  const size_t stride = columns_.size();
  uint64_t* out = cells_.data() + c;
  ColumnCells& state = columns_[c];
  for (const io::Piece& piece : column.pieces) {
    if (!piece.encoded() || piece.dictionary_id == 0 ||
        piece.dictionary_id != state.dictionary_id) {
      state.dictionary_id = piece.encoded() ? piece.dictionary_id : 0;
      state.fingerprints.resize(piece.values->length() + 1);
      ARROW_RETURN_NOT_OK(io::CellFingerprints(*piece.values, state.fingerprints.data()));
      state.fingerprints.back() = 0;
    }
    const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
    for (int64_t i = 0; i < piece.num_rows; ++i, out += stride) {
      *out = state.fingerprints[indices != nullptr ? indices[i] : i];
    }
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine
