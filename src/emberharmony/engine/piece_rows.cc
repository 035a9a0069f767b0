#include "emberharmony/engine/piece_rows.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>

#include <utility>

namespace emberharmony::engine {

namespace {

/// The rows' indices as an array: null where they point behind the last of `num_entries` entries.
arrow::Result<std::shared_ptr<arrow::Array>> IndicesOfRows(const io::Piece& piece,
                                                           int64_t num_entries,
                                                           arrow::MemoryPool* pool) {
  const int32_t* indices = piece.index_data();
  std::shared_ptr<arrow::Buffer> valid;
  int64_t null_count = 0;
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    if (indices[i] < num_entries) continue;
    if (valid == nullptr) {
      ARROW_ASSIGN_OR_RAISE(valid, arrow::AllocateBitmap(piece.num_rows, pool));
      arrow::bit_util::SetBitsTo(valid->mutable_data(), 0, piece.num_rows, true);
    }
    arrow::bit_util::ClearBit(valid->mutable_data(), i);
    ++null_count;
  }
  return std::make_shared<arrow::Int32Array>(piece.num_rows, piece.indices, std::move(valid),
                                             null_count);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& entries,
                                                      const io::Piece& piece,
                                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto indices, IndicesOfRows(piece, entries->length(), pool));
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(*entries, *indices, arrow::compute::TakeOptions::NoBoundsCheck(),
                              &context);
}

arrow::Result<std::shared_ptr<arrow::Array>> RowInput::RowsOf(const io::Piece& piece) {
  if (!piece.encoded()) {
    ARROW_ASSIGN_OR_RAISE(auto rows, ahead_.Apply({piece.values, false}, pool_));
    return rows[0];
  }
  if (entries_ == nullptr || piece.dictionary_id == 0 || piece.dictionary_id != dictionary_id_) {
    ARROW_ASSIGN_OR_RAISE(auto entries, ahead_.Apply({piece.values, true}, pool_));
    entries_ = std::move(entries[0]);
    dictionary_id_ = piece.dictionary_id;
  }
  return TakeRows(entries_, piece, pool_);
}

arrow::Result<std::shared_ptr<arrow::Array>> RowInput::Rows(const io::Column& column) {
  arrow::ArrayVector parts;
  for (const io::Piece& piece : column.pieces) {
    ARROW_ASSIGN_OR_RAISE(auto rows, RowsOf(piece));
    parts.push_back(std::move(rows));
  }
  if (parts.size() == 1) return parts[0];
  if (parts.empty()) return arrow::MakeEmptyArray(ahead_.outputs()[0]->type(), pool_);
  return arrow::Concatenate(parts, pool_);
}

}  // namespace emberharmony::engine
