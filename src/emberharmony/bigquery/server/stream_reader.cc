#include "emberharmony/bigquery/server/stream_reader.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>

namespace emberharmony::bigquery::server {

using arrow::Result;
using arrow::Status;

StreamReader::StreamReader(std::shared_ptr<const ReadPlan> plan, RowRanges ranges, int64_t offset,
                           MessageCache* cache, arrow::MemoryPool* pool)
    : plan_(std::move(plan)),
      ranges_(std::move(ranges)),
      cache_(cache),
      pool_(pool),
      next_row_(offset),
      maker_(plan_->schema, pool) {}

StreamReader::~StreamReader() = default;

StreamReader::Part StreamReader::NextPart() const {
  const io::RowRun run = ranges_.From(next_row_);
  const TableRows& rows = *plan_->rows;
  Part part;
  part.unit = rows.UnitOf(run.begin);
  const int64_t unit_start = rows.UnitStart(part.unit);
  const int64_t unit_rows = rows.UnitEnd(part.unit) - unit_start;
  part.begin = run.begin - unit_start;
  part.grid_begin = part.begin / plan_->rows_per_response * plan_->rows_per_response;
  part.grid_end = std::min(part.grid_begin + plan_->rows_per_response, unit_rows);
  part.end = std::min(part.grid_end, run.end - unit_start);
  return part;
}

/// All rows of the response that the part belongs to: its own rows are cut out of them, so that
/// readers always go from response to response.
Result<std::shared_ptr<arrow::RecordBatch>> StreamReader::ReadGrid(const Part& part) {
  if (reader_ == nullptr || reader_unit_ != part.unit ||
      reader_->cursor().next_row != part.grid_begin) {
    const io::Source& source = plan_->rows->source();
    io::BatchOptions options;
    options.batch_rows = plan_->rows_per_response;
    options.pool = pool_;
    reader_.reset();
    ARROW_ASSIGN_OR_RAISE(reader_, source.Open(source.units()[part.unit], plan_->columns, options,
                                               io::Cursor{part.grid_begin}));
    reader_unit_ = part.unit;
  }
  ARROW_ASSIGN_OR_RAISE(const auto batch, reader_->Next());
  const int64_t found = batch ? batch->num_rows : 0;
  if (found != part.grid_end - part.grid_begin) {
    return Status::IOError(fmt::format("expected {} rows of unit {} from row {} on, found {}",
                                       part.grid_end - part.grid_begin, part.unit, part.grid_begin,
                                       found));
  }
  return maker_.Make(*batch);
}

/// One message, or several if it would be too large.
Status StreamReader::QueueMessages(const arrow::RecordBatch& batch, bool whole, const Part& part) {
  ARROW_ASSIGN_OR_RAISE(WireMessage made, MakeWireMessage(batch, plan_->compression, pool_));
  if (made.decoded_bytes > plan_->response_bytes_max && batch.num_rows() > 1) {
    const int64_t half = batch.num_rows() / 2;
    ARROW_RETURN_NOT_OK(QueueMessages(*batch.Slice(0, half), /*whole=*/false, part));
    return QueueMessages(*batch.Slice(half), /*whole=*/false, part);
  }
  auto message = std::make_shared<const WireMessage>(std::move(made));
  if (whole && cache_ != nullptr) cache_->Put({plan_->key, part.unit, part.grid_begin}, message);
  queued_.push_back(std::move(message));
  return Status::OK();
}

Result<std::optional<StreamMessage>> StreamReader::Next() {
  if (queued_.empty()) {
    if (next_row_ >= ranges_.num_rows()) {
      reader_.reset();
      return std::nullopt;
    }
    const Part part = NextPart();
    const bool whole = part.begin == part.grid_begin && part.end == part.grid_end;
    std::shared_ptr<const WireMessage> known;
    if (whole && cache_ != nullptr) known = cache_->Get({plan_->key, part.unit, part.grid_begin});
    queued_first_row_ = next_row_;
    next_row_ += part.end - part.begin;
    if (known != nullptr) {
      queued_.push_back(std::move(known));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto batch, ReadGrid(part));
      if (!whole) batch = batch->Slice(part.begin - part.grid_begin, part.end - part.begin);
      ARROW_RETURN_NOT_OK(QueueMessages(*batch, whole, part));
    }
  }
  StreamMessage next{std::move(queued_.front()), queued_first_row_};
  queued_.pop_front();
  queued_first_row_ += next.message->num_rows;
  return next;
}

}  // namespace emberharmony::bigquery::server
