// What CreateReadSession refuses without a look at the table.
#include <fmt/format.h>

#include <cmath>

#include "emberharmony/bigquery/server/session_maker.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery::server {
namespace {

using google::cloud::bigquery::storage::v1::ArrowSerializationOptions;
using google::cloud::bigquery::storage::v1::DataFormat;
using google::cloud::bigquery::storage::v1::ReadSession;
using TableReadOptions = google::cloud::bigquery::storage::v1::ReadSession::TableReadOptions;

constexpr size_t kTraceBytesMax = 256;
constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kTimeTravelMicros = int64_t{7} * 24 * 3600 * kMicros;
/// Clocks differ a little.
constexpr int64_t kFutureMicros = int64_t{10} * kMicros;

grpc::Status InvalidRequest(std::string message) {
  return {grpc::StatusCode::INVALID_ARGUMENT, std::move(message)};
}

grpc::Status CheckSnapshot(const google::protobuf::Timestamp& time, int64_t now_micros) {
  if (time.nanos() < 0 || time.nanos() > 999'999'999) {
    return InvalidRequest(
        fmt::format("snapshot_time: expected nanos from 0 to 999999999, found {}", time.nanos()));
  }
  // Years 1 to 9999, as the proto has it.
  if (time.seconds() < -62'135'596'800 || time.seconds() > 253'402'300'799) {
    return InvalidRequest(fmt::format(
        "snapshot_time: {} seconds are no time of the years 1 to 9999", time.seconds()));
  }
  const int64_t micros = time.seconds() * kMicros + time.nanos() / 1000;
  if (micros > now_micros + kFutureMicros) {
    return InvalidRequest(fmt::format("snapshot_time {} is in the future", InstantText(micros)));
  }
  if (micros < now_micros - kTimeTravelMicros) {
    return InvalidRequest(fmt::format(
        "snapshot_time {} is older than the seven days of time travel", InstantText(micros)));
  }
  return grpc::Status::OK;
}

grpc::Status CheckReadOptions(const TableReadOptions& options) {
  if (options.row_restriction().size() > io::filter::kTextBytesMax) {
    return InvalidRequest(fmt::format("row_restriction: expected at most {} bytes, found {}",
                                      io::filter::kTextBytesMax, options.row_restriction().size()));
  }
  if (options.has_avro_serialization_options()) {
    return InvalidRequest("avro_serialization_options do not go with the data format ARROW");
  }
  if (options.has_sample_percentage()) {
    const double percent = options.sample_percentage();
    if (!(percent >= 0 && percent <= 100)) {
      return InvalidRequest(
          fmt::format("sample_percentage: expected a number from 0 to 100, found {}", percent));
    }
  }
  const auto& arrow_options = options.arrow_serialization_options();
  if (!ArrowSerializationOptions::CompressionCodec_IsValid(arrow_options.buffer_compression())) {
    return InvalidRequest(fmt::format("buffer_compression: {} is no codec",
                                      static_cast<int>(arrow_options.buffer_compression())));
  }
  if (!TableReadOptions::ResponseCompressionCodec_IsValid(options.response_compression_codec())) {
    return InvalidRequest(fmt::format("response_compression_codec: {} is no codec",
                                      static_cast<int>(options.response_compression_codec())));
  }
  if (options.response_compression_codec() !=
          TableReadOptions::RESPONSE_COMPRESSION_CODEC_UNSPECIFIED &&
      arrow_options.buffer_compression() != ArrowSerializationOptions::COMPRESSION_UNSPECIFIED) {
    return InvalidRequest(
        "choose one of response_compression_codec and buffer_compression, not both");
  }
  return grpc::Status::OK;
}

grpc::Status CheckCounts(int max_streams, int preferred_min) {
  if (max_streams < 0) {
    return InvalidRequest(
        fmt::format("max_stream_count: expected 0 or more, found {}", max_streams));
  }
  if (preferred_min < 0) {
    return InvalidRequest(
        fmt::format("preferred_min_stream_count: expected 0 or more, found {}", preferred_min));
  }
  if (max_streams > 0 && preferred_min > max_streams) {
    return InvalidRequest(
        fmt::format("max_stream_count ({}) must be greater than or equal to "
                    "preferred_min_stream_count ({})",
                    max_streams, preferred_min));
  }
  return grpc::Status::OK;
}

bool IsProject(std::string_view parent) {
  constexpr std::string_view kProjects = "projects/";
  return parent.starts_with(kProjects) && parent.size() > kProjects.size() &&
         parent.find('/', kProjects.size()) == std::string_view::npos;
}

}  // namespace

grpc::Status CheckRequest(const SessionMaker::Request& request, int64_t now_micros) {
  if (!IsProject(request.parent())) {
    return InvalidRequest(
        fmt::format("parent: expected projects/PROJECT, found '{}'", request.parent()));
  }
  if (!request.has_read_session()) return InvalidRequest("read_session is missing");
  const ReadSession& session = request.read_session();
  grpc::Status status =
      CheckCounts(request.max_stream_count(), request.preferred_min_stream_count());
  if (!status.ok()) return status;
  if (session.data_format() == DataFormat::AVRO) {
    return {grpc::StatusCode::UNIMPLEMENTED,
            "this server sends Arrow only: ask for the data format ARROW"};
  }
  if (session.data_format() != DataFormat::ARROW) {
    return InvalidRequest(fmt::format("data_format: expected ARROW, found {}",
                                      static_cast<int>(session.data_format())));
  }
  if (session.trace_id().size() > kTraceBytesMax) {
    return InvalidRequest(fmt::format("trace_id: expected at most {} bytes, found {}",
                                      kTraceBytesMax, session.trace_id().size()));
  }
  if (session.table_modifiers().has_snapshot_time()) {
    status = CheckSnapshot(session.table_modifiers().snapshot_time(), now_micros);
    if (!status.ok()) return status;
  }
  return CheckReadOptions(session.read_options());
}

}  // namespace emberharmony::bigquery::server
