#pragma once

#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <cstdint>

#include "emberharmony/io/batch.h"

namespace emberharmony::io {

/// Appends the rows offsets[0 .. n) of a column, counted from its first row and ascending, to
/// out->pieces: pieces that stay encoded keep their dictionary.
arrow::Status GatherRows(const Column& column, const int32_t* offsets, int64_t n,
                         arrow::MemoryPool* pool, Column* out);

/// Joins neighbours that are short: encoded ones of the same dictionary, and plain ones.
arrow::Status MergeShortPieces(Column* column, arrow::MemoryPool* pool);

/// An encoded piece as a plain one.
arrow::Result<Piece> DecodePiece(const Piece& piece, arrow::MemoryPool* pool);

}  // namespace emberharmony::io
