#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <memory>

#include "emberharmony/io/array_pieces.h"

namespace emberharmony::io::internal {

/// The dictionary of encoded pieces whose rows refer to these entries, which are of NormalizedType.
/// Rows that refer to a null entry are null themselves. Invalid for 2^31 entries or more.
arrow::Result<PieceDictionary> DictionaryOfEntries(std::shared_ptr<arrow::Array> entries,
                                                   arrow::MemoryPool* pool);

/// The indices of an encoded piece (io/batch.h) whose rows refer to entries by integers of any
/// type. Invalid for an integer that is not the place of an entry.
arrow::Result<std::shared_ptr<arrow::Buffer>> PieceIndices(const arrow::Array& stored,
                                                           const PieceDictionary& dictionary,
                                                           arrow::MemoryPool* pool);

}  // namespace emberharmony::io::internal
