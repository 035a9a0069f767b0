#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <span>
#include <vector>

#include "emberharmony/io/row_gather_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;

Result<std::shared_ptr<arrow::Array>> TakeGathered(const arrow::Array& values,
                                                   const arrow::Array& rows,
                                                   arrow::MemoryPool* pool) {
  arrow::compute::ExecContext exec(pool);
  return arrow::compute::Take(values, rows, arrow::compute::TakeOptions::NoBoundsCheck(), &exec);
}

/// offsets are within the piece.
Result<Piece> GatherPiece(const Piece& piece, const int32_t* offsets, int64_t n, int64_t begin,
                          arrow::MemoryPool* pool) {
  Piece gathered;
  gathered.num_rows = n;
  gathered.dictionary_id = piece.dictionary_id;
  const int64_t first = offsets[0] - begin;
  const bool consecutive = offsets[n - 1] - offsets[0] == n - 1;
  if (piece.encoded()) {
    gathered.values = piece.values;
    if (consecutive) {
      gathered.indices = arrow::SliceBuffer(piece.indices, first * 4, n * 4);
      return gathered;
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                          arrow::AllocateBuffer(n * 4, pool));
    auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
    const int32_t* in = piece.index_data() - begin;
    for (int64_t i = 0; i < n; ++i) out[i] = in[offsets[i]];
    gathered.indices = std::move(indices);
    return gathered;
  }
  if (consecutive) {
    gathered.values = piece.values->Slice(first, n);
    return gathered;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows, arrow::AllocateBuffer(n * 4, pool));
  auto* out = reinterpret_cast<int32_t*>(rows->mutable_data());
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<int32_t>(offsets[i] - begin);
  ARROW_ASSIGN_OR_RAISE(gathered.values,
                        TakeGathered(*piece.values, arrow::Int32Array(n, std::move(rows)), pool));
  return gathered;
}

/// Pieces of one dictionary, or plain ones.
Result<Piece> JoinPieces(std::span<const Piece> pieces, arrow::MemoryPool* pool) {
  Piece joined;
  joined.dictionary_id = pieces[0].dictionary_id;
  for (const Piece& piece : pieces) joined.num_rows += piece.num_rows;
  if (!pieces[0].encoded()) {
    arrow::ArrayVector arrays;
    for (const Piece& piece : pieces) arrays.push_back(piece.values);
    ARROW_ASSIGN_OR_RAISE(joined.values, arrow::Concatenate(arrays, pool));
    return joined;
  }
  joined.values = pieces[0].values;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(joined.num_rows * 4, pool));
  auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
  for (const Piece& piece : pieces) {
    out = std::copy(piece.index_data(), piece.index_data() + piece.num_rows, out);
  }
  joined.indices = std::move(indices);
  return joined;
}

}  // namespace

Status GatherRows(const Column& column, const int32_t* offsets, int64_t n, arrow::MemoryPool* pool,
                  Column* out) {
  int64_t begin = 0;
  int64_t done = 0;
  for (const Piece& piece : column.pieces) {
    if (done == n) break;
    const int64_t end = begin + piece.num_rows;
    const auto* stop = std::lower_bound(offsets + done, offsets + n, end);
    const int64_t count = stop - (offsets + done);
    if (count == piece.num_rows) {
      out->pieces.push_back(piece);
    } else if (count > 0) {
      ARROW_ASSIGN_OR_RAISE(Piece gathered, GatherPiece(piece, offsets + done, count, begin, pool));
      out->pieces.push_back(std::move(gathered));
    }
    done += count;
    begin = end;
  }
  return Status::OK();
}

Status MergeShortPieces(Column* column, arrow::MemoryPool* pool) {
  constexpr int64_t kShortRows = 4096;
  std::vector<Piece> merged;
  std::vector<Piece>& pieces = column->pieces;
  for (size_t begin = 0; begin < pieces.size();) {
    size_t end = begin + 1;
    const bool begins_short = pieces[begin].num_rows < kShortRows;
    while (begins_short && end < pieces.size() && pieces[end].num_rows < kShortRows &&
           pieces[end].encoded() == pieces[begin].encoded() &&
           (!pieces[begin].encoded() || pieces[end].values == pieces[begin].values)) {
      ++end;
    }
    if (end == begin + 1) {
      merged.push_back(std::move(pieces[begin]));
    } else {
      ARROW_ASSIGN_OR_RAISE(Piece joined,
                            JoinPieces(std::span(pieces).subspan(begin, end - begin), pool));
      merged.push_back(std::move(joined));
    }
    begin = end;
  }
  pieces = std::move(merged);
  return Status::OK();
}

Result<Piece> DecodePiece(const Piece& piece, arrow::MemoryPool* pool) {
  const int64_t n = piece.num_rows;
  const auto null_index = static_cast<int32_t>(piece.values->length());
  const int32_t* indices = piece.index_data();
  const int64_t num_nulls = std::count(indices, indices + n, null_index);
  std::shared_ptr<arrow::Buffer> valid;
  std::shared_ptr<arrow::Buffer> rows = piece.indices;
  if (num_nulls > 0) {
    ARROW_ASSIGN_OR_RAISE(valid, arrow::AllocateBuffer((n + 7) / 8, pool));
    uint8_t* bits = valid->mutable_data();
    for (int64_t i = 0; i < n; ++i) arrow::bit_util::SetBitTo(bits, i, indices[i] != null_index);
  }
  Piece plain;
  plain.num_rows = n;
  ARROW_ASSIGN_OR_RAISE(
      plain.values,
      TakeGathered(*piece.values,
                   arrow::Int32Array(n, std::move(rows), std::move(valid), num_nulls), pool));
  return plain;
}

}  // namespace emberharmony::io
