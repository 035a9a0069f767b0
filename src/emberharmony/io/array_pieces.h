#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "emberharmony/io/batch.h"

/// Arrow arrays in memory in the form in which sources hand out rows. What is shared with an array
/// is not copied.
namespace emberharmony::io {

/// The schema of a table in memory as a source shows it: the types of OpenSource (io/source.h) at
/// every depth, without metadata.
std::shared_ptr<arrow::Schema> ShownSchema(const arrow::Schema& schema);

/// The dictionary of an encoded piece, and how an array's indices lead to it.
struct PieceDictionary {
  std::shared_ptr<arrow::Array> values;  ///< without nulls, in the type of ShownSchema
  /// By entry of the array's dictionary: its index in values, values->length() for null; empty: the
  /// same.
  std::vector<int32_t> index_of = {};
};

/// Whether rows of such an array come as an encoded piece: a dictionary of flat values.
bool IsEncoded(const arrow::DataType& type);

/// The dictionary of an array for which IsEncoded holds.
arrow::Result<PieceDictionary> MakePieceDictionary(const arrow::Array& array,
                                                   arrow::MemoryPool* pool);

/// An array for which IsEncoded holds as a piece of its dictionary. `id` becomes the piece's
/// dictionary_id. Invalid for an index that is not in the dictionary.
arrow::Result<Piece> EncodedPiece(const arrow::Array& array, const PieceDictionary& dictionary,
                                  uint64_t id, arrow::MemoryPool* pool);

/// The values of any array in the type of ShownSchema, dictionaries and runs resolved; a nested
/// array keeps the types inside of it. Invalid where the values don't fit that type (more than 2^31
/// bytes of text).
arrow::Result<std::shared_ptr<arrow::Array>> PlainValues(const std::shared_ptr<arrow::Array>& array,
                                                         arrow::MemoryPool* pool);

}  // namespace emberharmony::io
