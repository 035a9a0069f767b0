#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <parquet/statistics.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "emberharmony/io/page_stream_internal.h"
#include "emberharmony/io/slot_rows_internal.h"

namespace emberharmony::io {

/// One column chunk (one column of one row group), ready to be written.
struct EncodedChunk {
  std::optional<PageBytes> dictionary;    ///< absent: all pages are plain
  std::shared_ptr<const PageBytes> data;  ///< columns with the same indices share it
  int64_t num_rows = 0;
  parquet::EncodedStatistics statistics;
};

/// Encodes one row group after the other of columns that share an index stream. One thread at a
/// time.
class RowGroupEncoder {
 public:
  virtual ~RowGroupEncoder() = default;
  /// The chunks of all columns for these rows (at least one); may give plain rows slots.
  virtual arrow::Result<std::vector<EncodedChunk>> Encode(SlotRows* rows) = 0;
};

}  // namespace emberharmony::io
