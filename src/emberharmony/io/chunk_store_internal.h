#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <parquet/statistics.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/io/row_group_encoder_internal.h"

namespace emberharmony::io {

/// Pages of a chunk that wait for the commit.
struct StoredPages {
  std::vector<std::shared_ptr<arrow::Buffer>> pages;  ///< empty when spilled
  int64_t spill_offset = -1;
  int32_t num_pages = 0;
  int64_t size = 0;
  int64_t uncompressed_bytes = 0;
  std::vector<int64_t> unpadded_sizes;  ///< PageBytes::unpadded_sizes
};

struct StoredChunk {
  std::shared_ptr<StoredPages> dictionary;  ///< null: none
  std::shared_ptr<StoredPages> data;        ///< may be shared by columns
  int64_t num_rows = 0;
  parquet::EncodedStatistics statistics;
};

/// The finished column chunks of a file, which come in any order and are written row group by row
/// group. Those that would raise the bytes held over a threshold wait in a spill file. Thread-safe.
class ChunkStore {
 public:
  /// spill_threshold_bytes 0: nothing is spilled.
  ChunkStore(size_t num_row_groups, size_t num_columns, int64_t spill_threshold_bytes,
             std::string spill_folder, arrow::MemoryPool* pool);

  /// Takes the chunks of columns [first, first + chunks.size()) of a row group. Dropped after
  /// Clear.
  arrow::Status Put(size_t row_group, int first, std::vector<EncodedChunk> chunks);
  /// A row group's chunks in column order; all of them have been put. Not while other threads put.
  const std::vector<StoredChunk>& row_group(size_t i) const { return chunks_[i]; }
  arrow::Status WritePages(const StoredPages& pages, arrow::io::OutputStream* stream) const;
  /// Bytes [offset, offset + size) of pages that are one page.
  arrow::Status ReadRange(const StoredPages& pages, int64_t offset, int64_t size,
                          uint8_t* out) const;
  /// Gives memory and disk space back; for good.
  void Clear();

 private:
  /// The file for so many further bytes, or null if they can be held in memory.
  arrow::Result<std::shared_ptr<base::SpillFile>> SpillFileFor(int64_t bytes);
  arrow::Status Spill(base::SpillFile* file, StoredPages* pages) const;

  const int64_t spill_threshold_bytes_;
  const std::string spill_folder_;
  arrow::MemoryPool* const pool_;
  std::mutex mutex_;
  std::vector<std::vector<StoredChunk>> chunks_;  // [row group][column]; guarded by mutex_
  int64_t held_bytes_ = 0;                        // guarded by mutex_
  std::shared_ptr<base::SpillFile> spill_file_;   // null: nothing was spilled; guarded by mutex_
  bool cleared_ = false;                          // guarded by mutex_
};

}  // namespace emberharmony::io
