#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/nested_layout_internal.h"

namespace emberharmony::io::internal {

/// Where a column chunk lies and what its footer says about it.
struct ColumnChunkPlace {
  int64_t begin = 0;  ///< of its first page, in the file
  int64_t compressed_bytes = 0;
  int64_t uncompressed_bytes = 0;
  /// Of the dictionary, uncompressed: an estimate from where the data pages begin, as if all pages
  /// were compressed alike. 0: unknown.
  int64_t dictionary_bytes = 0;
  int64_t num_values = 0;
  int64_t null_count = -1;  ///< -1: unknown
  parquet::Compression::type codec = parquet::Compression::UNCOMPRESSED;
  int64_t offset_index_begin = 0;  ///< in the file
  int32_t offset_index_bytes = 0;  ///< 0: there is none
  bool has_dictionary = false;
  bool encrypted = false;
};

struct RowGroupPlace {
  int64_t num_rows = 0;
  int64_t uncompressed_bytes = 0;
};

/// What reading needs of a footer, in a small part of the memory that parquet::FileMetaData takes.
/// Immutable.
struct ParquetFooter {
  std::shared_ptr<const parquet::SchemaDescriptor> schema;
  /// By field of the schema; null where no column is nested.
  std::shared_ptr<const std::vector<NestedNode>> nested;
  std::vector<RowGroupPlace> row_groups;
  std::vector<ColumnChunkPlace> chunks;  ///< by row group, then by leaf column
  /// Old parquet-mr left the dictionary page's header out of the chunk's size (PARQUET-816).
  bool chunk_sizes_short = false;
  /// Old parquet-cpp wrote data pages v2 that claim not to be compressed (ARROW-17100).
  bool always_compressed = false;

  const ColumnChunkPlace& chunk(int row_group, int leaf) const {
    const auto num_leaves = static_cast<size_t>(schema->num_columns());
    return chunks[static_cast<size_t>(row_group) * num_leaves + static_cast<size_t>(leaf)];
  }
};

/// An open file and its footer. Immutable; reads are positional, so any thread may read.
struct ParquetFile {
  std::string name;  ///< for messages
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  int64_t size = 0;
  std::shared_ptr<const ParquetFooter> footer;
};

/// Which leaf columns of a Parquet schema belong to a column.
struct ColumnLeaves {
  int first = 0;
  int count = 0;
};

/// A file's columns as this library shows them.
struct ParquetFileSchema {
  std::shared_ptr<arrow::Schema> schema;
  bool arrow_schema_damaged = false;  ///< a stored Arrow schema was there, and could not be read
};

/// The leaves of every column, numbered as Source does: fields, then members of structs. A Parquet
/// file has its leaves in the schema's order, so they follow from the types.
std::vector<ColumnLeaves> LeavesOfColumns(const arrow::Schema& schema);

/// Reads a file's footer, and its schema where one is asked for. Errors are DataErrors that name
/// the file.
///
/// The schema is what parquet::arrow::FromParquetSchema gives, in the types of NormalizedType and
/// without metadata; time zones keep their text.
arrow::Result<std::shared_ptr<const ParquetFile>> ReadParquetFooter(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file,
    ParquetFileSchema* schema = nullptr);

/// Runs `function` and turns what it throws into a Status: what Arrow reported stays as it is,
/// std::bad_alloc becomes OutOfMemory, everything else Invalid.
arrow::Status CatchParquet(const std::function<arrow::Status()>& function);

}  // namespace emberharmony::io::internal
