#include "emberharmony/bigquery/server/read_plan.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emberharmony/bigquery/server/wire_batch.h"

namespace emberharmony::bigquery::server {
namespace {

/// From so many rows at the start of the table the size of its rows is told.
constexpr int64_t kMeasuredRows = 2048;
constexpr int64_t kRowsPerResponseMax = int64_t{1} << 18;
/// A response may be so much larger than its usual size before it is cut, within what the service
/// itself would send at most.
constexpr int64_t kOversize = 8;
constexpr int64_t kResponseBytesMax = int64_t{100} << 20;

arrow::Result<int64_t> BytesPerRow(const ReadPlan& plan, arrow::MemoryPool* pool) {
  const TableRows& rows = *plan.rows;
  if (rows.num_rows() == 0) return 1;
  const io::Unit& unit = rows.source().units()[rows.UnitOf(0)];
  io::BatchOptions options;
  options.batch_rows = kMeasuredRows;
  options.pool = pool;
  ARROW_ASSIGN_OR_RAISE(auto reader, rows.source().Open(unit, plan.columns, options));
  ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
  if (!batch || batch->num_rows == 0) return 1;
  ARROW_ASSIGN_OR_RAISE(auto wire, WireBatchMaker(plan.schema, pool).Make(*batch));
  ARROW_ASSIGN_OR_RAISE(const WireMessage message,
                        MakeWireMessage(*wire, PayloadCompression::kNone, pool));
  return std::max<int64_t>(1, message.decoded_bytes / batch->num_rows);
}

}  // namespace

arrow::Result<std::shared_ptr<const ReadPlan>> ReadPlan::Make(
    std::shared_ptr<const TableRows> rows, WireSchema schema, PayloadCompression compression,
    const ResponseSize& size, const std::string& restriction, arrow::MemoryPool* pool) {
  auto plan = std::make_shared<ReadPlan>();
  plan->rows = std::move(rows);
  plan->schema = std::move(schema);
  plan->compression = compression;
  ARROW_ASSIGN_OR_RAISE(plan->schema_message, SchemaMessage(*plan->schema.schema, pool));
  for (const WireField& field : plan->schema.fields) plan->columns.push_back(field.source_index);
  ARROW_ASSIGN_OR_RAISE(plan->bytes_per_row, BytesPerRow(*plan, pool));
  plan->rows_per_response =
      size.rows > 0 ? size.rows
                    : std::clamp<int64_t>(size.bytes / plan->bytes_per_row, 1, kRowsPerResponseMax);
  plan->response_bytes_max = std::clamp<int64_t>(size.bytes * kOversize, 1, kResponseBytesMax);
  plan->key = fmt::format("{}\n{}\n{}\n{}\n{}", plan->rows->table().name.Resource(),
                          static_cast<int>(compression), plan->rows_per_response,
                          plan->schema.schema->ToString(), restriction);
  return plan;
}

}  // namespace emberharmony::bigquery::server
