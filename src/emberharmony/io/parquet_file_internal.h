#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>
#include <parquet/metadata.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace emberharmony::io::internal {

/// An open file and its footer. Immutable; reads are positional, so any thread may read.
struct ParquetFile {
  std::string name;  ///< for messages
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::shared_ptr<parquet::FileMetaData> metadata;
  int64_t size = 0;
};

/// Reads the footer. Errors are DataErrors that name the file.
arrow::Result<std::shared_ptr<const ParquetFile>> ReadParquetFooter(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file);

/// Which leaf columns of a Parquet schema belong to a top-level field.
struct FieldLeaves {
  int first = 0;
  int count = 0;
  bool flat = false;  ///< one leaf, neither nested nor repeated
  bool operator==(const FieldLeaves&) const = default;
};

/// A file's columns as this library shows them.
struct ParquetFileSchema {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<FieldLeaves> leaves;  ///< by field
};

/// The Arrow schema of a file: what parquet::arrow::FromParquetSchema gives, with these differences
/// in flat columns: dictionary types become their value type, large and view strings (bytes) utf8
/// (binary), extension types their storage, decimals decimal128 up to 38 digits and decimal256
/// above. Metadata are dropped; time zones keep their text.
arrow::Result<ParquetFileSchema> ReadParquetSchema(const ParquetFile& file);

/// Runs `function` and turns what it throws into a Status: what Arrow reported stays as it is,
/// std::bad_alloc becomes OutOfMemory, everything else Invalid.
arrow::Status CatchParquet(const std::function<arrow::Status()>& function);

}  // namespace emberharmony::io::internal
