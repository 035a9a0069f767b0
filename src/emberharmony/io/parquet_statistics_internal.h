#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/column_range.h"
#include "emberharmony/io/parquet_file_internal.h"

namespace emberharmony::io::internal {

/// What a footer says of the values of a column chunk, as the file holds it.
struct ChunkStatistics {
  int64_t null_count = -1;
  bool has_bounds = false;
  std::string min;
  std::string max;
};

/// The statistics of some leaf columns in all row groups of a file. Immutable.
struct FileStatistics {
  std::vector<int> leaves;
  std::vector<ChunkStatistics> chunks;  ///< by row group, then as leaves

  const ChunkStatistics& chunk(int row_group, size_t leaf) const {
    return chunks[static_cast<size_t>(row_group) * leaves.size() + leaf];
  }
};

/// Reads a file's footer once more, for its statistics. Only those are taken whose order the format
/// defines or whose writer is known to be right (parquet-cpp's rules); very long bounds are left
/// out.
arrow::Result<std::shared_ptr<const FileStatistics>> ReadFileStatistics(const ParquetFile& file,
                                                                        std::vector<int> leaves);

/// The same as values of the column's type; without bounds where they cannot be read as such.
ColumnRange RangeOf(const ChunkStatistics& statistics, const ParquetFooter& footer, int leaf,
                    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);

}  // namespace emberharmony::io::internal
