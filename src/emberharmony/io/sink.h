#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/io/batch.h"

namespace emberharmony::io {

/// What a shard looks like; fixed before anything is written, so that columns can be written
/// independently.
struct ShardLayout {
  std::shared_ptr<arrow::Schema> schema;  ///< nullable == false: written as required
  std::vector<int64_t>
      row_group_rows;  ///< the rows of each row group; may be empty (a file without rows)
};

/// Decides where row groups close: after the row with which a group reaches 262,144 rows or 32 MiB
/// of plain size, where a row's plain size is the sum over columns of: the type's fixed width (bool
/// 1), 4 + length for strings and bytes, 0 for null.
class RowGroupCutter {
 public:
  static constexpr int64_t kMaxRows = 262144;
  static constexpr int64_t kMaxBytes = int64_t{32} << 20;
  /// Appends one row of this plain size.
  void Add(int64_t row_bytes);
  /// Appends num_rows rows of the same plain size.
  void AddMany(int64_t row_bytes, int64_t num_rows);
  /// The rows of each group; closes the last.
  std::vector<int64_t> Finish();

 private:
  std::vector<int64_t> closed_;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

struct ShardInfo {
  int64_t num_rows = 0;
  int64_t bytes = 0;
  std::string xxh3_128;  ///< lower-case hexadecimal, of the file's bytes
};

/// Receives the rows of one or more output columns that share an index stream (sin and cos, the
/// columns of a one-hot). One thread at a time.
class ColumnSink {
 public:
  virtual ~ColumnSink() = default;
  /// Appends num_rows rows to each of the columns.
  ///
  /// Encoded (indices != nullptr): values[k] is column k's dictionary, all of the same length n,
  /// with indices in [0, n]; the index n means null. values[k] may contain nulls: rows that point
  /// at such an entry are null. Numeric dictionaries may repeat values. Appends with equal non-zero
  /// dictionary_id pass the very same arrays. Plain (indices == nullptr): values[k] has num_rows
  /// rows. The bytes written do not depend on how rows are divided into appends.
  virtual arrow::Status Append(std::span<const std::shared_ptr<arrow::Array>> values,
                               const int32_t* indices, int64_t num_rows,
                               uint64_t dictionary_id) = 0;
  /// All rows of the shard have been appended. A count that differs from the layout's is an error.
  virtual arrow::Status Close() = 0;
};

/// One output file. Columns are opened once each, in any order, on any thread; nothing is visible
/// before Commit.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Columns [first, first + count) of the schema. Thread-safe.
  virtual arrow::Result<std::unique_ptr<ColumnSink>> OpenColumns(int first, int count) = 0;
  /// Every column is closed: writes, fsyncs and renames the file.
  virtual arrow::Result<ShardInfo> Commit() = 0;
  /// Forgets everything; no file is left behind. The destructor does the same without Commit.
  virtual void Abort() = 0;
};

struct SinkOptions {
  arrow::MemoryPool* pool = nullptr;  ///< default: arrow::default_memory_pool()
  /// Encoded bytes are held until Commit. Beyond this many, further chunks wait in a temporary file
  /// without a name; 0: never. What is written in the end is the same.
  int64_t spill_threshold_bytes = 0;
  std::string spill_folder = {};  ///< default: the folder of the file
};

/// A Parquet file (snappy, dictionary pages where they pay, statistics for every column) at `path`.
arrow::Result<std::unique_ptr<Sink>> MakeParquetSink(std::string path, ShardLayout layout,
                                                     const SinkOptions& options = {});

/// A file in Arrow's IPC file format at `path`: a record batch for each row group, columns of their
/// own types without dictionaries, buffers as LZ4 frames where that makes them smaller.
arrow::Result<std::unique_ptr<Sink>> MakeArrowSink(std::string path, ShardLayout layout,
                                                   const SinkOptions& options = {});

enum class ShardFormat { kParquet, kArrow };

/// MakeParquetSink or MakeArrowSink.
arrow::Result<std::unique_ptr<Sink>> MakeSink(ShardFormat format, std::string path,
                                              ShardLayout layout, const SinkOptions& options = {});

/// How a file's name ends: ".parquet" or ".arrow".
std::string_view FileEnding(ShardFormat format);

/// What the matrix of a matrix layout is called.
inline constexpr char kMatrixColumn[] = "features";

/// A sink whose file holds the first num_features columns of layout.schema as one column
/// `features`, a fixed-size list of `element` (float32 or float64) without nulls; the other columns
/// stand behind it. Columns are opened and appended to as those of layout.schema: numbers and
/// booleans, whose nulls become NaN. UsageError for an integer that `element` can't hold exactly.
/// Features wait as `element`, spilled as chunks are, until Commit puts rows together block by
/// block.
arrow::Result<std::unique_ptr<Sink>> MakeMatrixSink(ShardFormat format, std::string path,
                                                    ShardLayout layout, int num_features,
                                                    const std::shared_ptr<arrow::DataType>& element,
                                                    const SinkOptions& options = {});

/// The schema of such a file. UsageError when a column can't be in a matrix, or another one is
/// called `features`.
arrow::Result<std::shared_ptr<arrow::Schema>> MatrixSchema(
    const arrow::Schema& schema, int num_features, const std::shared_ptr<arrow::DataType>& element,
    std::shared_ptr<const arrow::KeyValueMetadata> metadata = nullptr);

/// UsageError, which names the column, unless it holds numbers or booleans.
arrow::Status CheckMatrixColumn(const arrow::Field& field);

}  // namespace emberharmony::io
