#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "emberharmony/bigquery/server/message_cache.h"
#include "emberharmony/bigquery/server/read_plan.h"
#include "emberharmony/bigquery/server/row_ranges.h"
#include "emberharmony/bigquery/server/wire_batch.h"

namespace emberharmony::bigquery::server {

/// Rows of a stream, ready to be sent.
struct StreamMessage {
  std::shared_ptr<const WireMessage> message;
  int64_t first_row = 0;  ///< counted from the start of the stream
};

/// Makes the messages of a stream from some row on. Memory is that of one response and of what the
/// source's reader holds. One thread at a time.
class StreamReader {
 public:
  /// `ranges` are rows of plan->rows. The cache may be null.
  StreamReader(std::shared_ptr<const ReadPlan> plan, RowRanges ranges, int64_t offset,
               MessageCache* cache, arrow::MemoryPool* pool);
  ~StreamReader();

  /// Nothing after the last.
  arrow::Result<std::optional<StreamMessage>> Next();

 private:
  /// Rows [begin, end) of a unit that a response would hold.
  struct Part {
    size_t unit = 0;
    int64_t grid_begin = 0;  ///< of the whole response, counted in the unit's rows
    int64_t grid_end = 0;
    int64_t begin = 0;
    int64_t end = 0;
  };

  Part NextPart() const;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadGrid(const Part& part);
  arrow::Status QueueMessages(const arrow::RecordBatch& batch, bool whole, const Part& part);

  const std::shared_ptr<const ReadPlan> plan_;
  const RowRanges ranges_;
  MessageCache* const cache_;
  arrow::MemoryPool* const pool_;
  int64_t next_row_;  ///< of the stream
  int64_t queued_first_row_ = 0;
  std::deque<std::shared_ptr<const WireMessage>> queued_;
  std::unique_ptr<io::BatchReader> reader_;
  size_t reader_unit_ = 0;
  WireBatchMaker maker_;
};

}  // namespace emberharmony::bigquery::server
