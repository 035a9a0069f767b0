#include "emberharmony/bigquery/client/read_session.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

// Whoever waits for a session sits before a terminal: a wrong endpoint should not take long to
// show.
constexpr int64_t kSessionRetryMs = 30'000;
// A server of this machine is there or not; it may just be starting.
constexpr int64_t kLocalRetryMs = 1'500;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;
constexpr const char* kTraceId = "emberharmony:0.1.0";

void SetCompression(Compression compression, storage::ReadSession::TableReadOptions* options) {
  using Arrow = storage::ArrowSerializationOptions;
  auto* const arrow_options = options->mutable_arrow_serialization_options();
  switch (compression) {
    case Compression::kNone:
      return;
    case Compression::kLz4Frame:
      arrow_options->set_buffer_compression(Arrow::LZ4_FRAME);
      return;
    case Compression::kZstd:
      arrow_options->set_buffer_compression(Arrow::ZSTD);
      return;
    case Compression::kLz4Response:
      options->set_response_compression_codec(
          storage::ReadSession::TableReadOptions::RESPONSE_COMPRESSION_CODEC_LZ4);
      return;
  }
}

Result<std::shared_ptr<arrow::Schema>> ParseSchema(const std::string& bytes) {
  arrow::io::BufferReader reader(std::make_shared<arrow::Buffer>(bytes));
  arrow::ipc::DictionaryMemo memo;
  ARROW_ASSIGN_OR_RAISE(auto schema, arrow::ipc::ReadSchema(&reader, &memo));
  if (!schema->is_native_endian()) return Status::Invalid("it is big-endian");
  return schema;
}

Result<ReadSession> Understand(const storage::ReadSession& answer, const ReadRequest& request,
                               const ReadOptions& options) {
  ReadSession session;
  session.info.name = answer.name();
  session.info.num_streams = answer.streams_size();
  session.info.estimated_row_count = std::max<int64_t>(0, answer.estimated_row_count());
  session.info.estimated_bytes_scanned =
      std::max<int64_t>(0, answer.estimated_total_bytes_scanned());
  // What lies beyond the year 9999, where timestamps of protobuf end, is no time to go by.
  const int64_t expire_seconds = answer.expire_time().seconds();
  if (expire_seconds > 0 && expire_seconds < kTimestampSecondsMax) {
    session.info.expire_micros =
        expire_seconds * kMicrosPerSecond + answer.expire_time().nanos() / 1000;
  }
  if (answer.table_modifiers().has_snapshot_time()) {
    const auto& time = answer.table_modifiers().snapshot_time();
    session.info.snapshot_micros = time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
  }
  session.facts.table = request.table.Text();
  session.facts.is_whole = request.row_restriction.empty() && !request.sample_percentage;
  session.facts.schema_bytes = answer.arrow_schema().serialized_schema();
  session.facts.pool = options.pool != nullptr ? options.pool : arrow::default_memory_pool();
  std::random_device random;
  session.facts.retry.seed = uint64_t{random()} << 32 | random();
  auto schema = ParseSchema(session.facts.schema_bytes);
  if (!schema.ok()) {
    return base::DataError(
        fmt::format("the service has made a session for {} whose schema can't "
                    "be read: {}",
                    session.facts.table, schema.status().message()));
  }
  session.facts.schema = *std::move(schema);
  ARROW_ASSIGN_OR_RAISE(session.facts.checker, io::RecordBatchChecker::Make(*session.facts.schema));
  for (const storage::ReadStream& stream : answer.streams()) {
    session.streams.push_back(stream.name());
  }
  std::vector<std::string> names = session.streams;
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return base::DataError(fmt::format(
        "the service has made a session for {} with the same stream twice", session.facts.table));
  }
  return session;
}

}  // namespace

storage::CreateReadSessionRequest SessionRequest(const ReadRequest& request,
                                                 const std::string& billing_project) {
  storage::CreateReadSessionRequest message;
  message.set_parent("projects/" +
                     (billing_project.empty() ? request.table.project : billing_project));
  message.set_max_stream_count(request.max_streams);
  storage::ReadSession* const session = message.mutable_read_session();
  session->set_table(request.table.Resource());
  session->set_data_format(storage::ARROW);
  session->set_trace_id(kTraceId);
  if (request.snapshot_micros) {
    // Towards the past, also before 1970.
    int64_t seconds = *request.snapshot_micros / kMicrosPerSecond;
    int64_t micros = *request.snapshot_micros % kMicrosPerSecond;
    if (micros < 0) {
      micros += kMicrosPerSecond;
      --seconds;
    }
    auto* const time = session->mutable_table_modifiers()->mutable_snapshot_time();
    time->set_seconds(seconds);
    time->set_nanos(static_cast<int32_t>(micros * 1000));
  }
  auto* const read = session->mutable_read_options();
  for (const std::string& column : request.columns) read->add_selected_fields(column);
  read->set_row_restriction(request.row_restriction);
  if (request.sample_percentage) read->set_sample_percentage(*request.sample_percentage);
  SetCompression(request.compression, read);
  return message;
}

Result<ReadSession> CreateSession(Transport* transport, Clock* clock, const ReadRequest& request,
                                  const ReadOptions& options, const StopCheck& check_stop,
                                  bool patient) {
  const auto message = SessionRequest(request, options.connection.billing_project);
  const std::string what =
      fmt::format("a session for {} at {}", request.table.Text(), transport->endpoint());
  Backoff backoff({}, 0);
  const int64_t begin = clock->NowMs();
  while (true) {
    storage::ReadSession answer;
    ARROW_ASSIGN_OR_RAISE(const RpcStatus status,
                          transport->CreateReadSession(message, check_stop, &answer));
    if (status.ok()) return Understand(answer, request, options);
    const int64_t delay = backoff.NextDelayMs(status);
    const bool is_absent = transport->is_local() && status.code == RpcCode::kUnavailable;
    const int64_t retry_ms = patient     ? RetryOptions().give_up_after_ms
                             : is_absent ? kLocalRetryMs
                                         : kSessionRetryMs;
    if (!IsRetryable(status) || clock->NowMs() - begin + delay > retry_ms) {
      if (!is_absent) return RpcError(status, what);
      return base::DataError(fmt::format(
          "{}: {}; does a Storage Read server (`ember serve-bigquery`) listen at that port?", what,
          RpcText(status)));
    }
    base::Log(base::LogLevel::kWarning, "{}: {}; trying again", what, RpcText(status));
    ARROW_RETURN_NOT_OK(clock->Sleep(delay, check_stop));
  }
}

}  // namespace emberharmony::bigquery::client
