#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/arrow_layout_internal.h"
#include "emberharmony/io/arrow_message_internal.h"

namespace emberharmony::io::internal {

struct ArrowDictionaryPlace {
  ArrowMessagePlace place;
  int64_t id = 0;
  bool is_delta = false;
};

struct ArrowBatchPlace {
  ArrowMessagePlace place;
  int64_t num_rows = 0;
  int32_t num_dictionaries = 0;  ///< how many of the file's dictionaries it can refer to
  std::shared_ptr<const ArrowMessage> message;  ///< null where it is not kept
};

/// What reading needs to know of an Arrow IPC file or stream. Immutable.
struct ArrowFileIndex {
  std::shared_ptr<const arrow::Schema> schema;  ///< as source columns are shown
  std::vector<ArrowColumn> columns;
  bool before_v5 = false;
  std::vector<ArrowDictionaryPlace> dictionaries;           ///< in the order of the file
  std::map<int64_t, std::vector<int32_t>> dictionaries_of;  ///< by id
  std::vector<ArrowBatchPlace> batches;
  /// About the memory that it takes, without and with the messages that it keeps.
  int64_t bytes() const;
  int64_t message_bytes() const;
};

/// An open file and its index. Immutable; reads are positional, so any thread may read.
struct ArrowFile {
  std::string name;  ///< for messages
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  int64_t size = 0;
  std::shared_ptr<const ArrowFileIndex> index;
};

/// Finds out what an Arrow IPC file (with a footer) or stream (without) holds, reading metadata
/// only. Columns are shown as those of Parquet files are (NormalizedType). Errors are DataErrors
/// that name the file.
arrow::Result<std::shared_ptr<const ArrowFile>> ReadArrowIndex(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file, arrow::MemoryPool* pool);

/// "'name' is not a readable Arrow file: why; what to do", a DataError; memory errors stay.
arrow::Status NotArrow(const std::string& name, const arrow::Status& why);

}  // namespace emberharmony::io::internal
