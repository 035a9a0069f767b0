#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include <cstring>

#include "emberharmony/bigquery/client/scripted_transport_test_internal.h"

namespace emberharmony::bigquery::client::testing {
namespace {

// For a test's own set-up.
template <typename T>
T Must(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}

std::string MessageOf(const arrow::RecordBatch& batch, Compression compression, bool legacy) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.write_legacy_ipc_format = legacy;
  options.metadata_version =
      legacy ? arrow::ipc::MetadataVersion::V4 : arrow::ipc::MetadataVersion::V5;
  if (compression == Compression::kLz4Frame) {
    options.codec = Must(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME));
  }
  if (compression == Compression::kZstd) {
    options.codec = Must(arrow::util::Codec::Create(arrow::Compression::ZSTD));
  }
  return Must(arrow::ipc::SerializeRecordBatch(batch, options))->ToString();
}

}  // namespace

int64_t ScriptedClock::NowMs() {
  const std::lock_guard lock(mutex_);
  return now_ms_;
}

arrow::Status ScriptedClock::Sleep(int64_t ms, const StopCheck& check_stop) {
  {
    const std::lock_guard lock(mutex_);
    now_ms_ += ms;
    sleeps_.push_back(ms);
  }
  return check_stop();
}

void ScriptedClock::Advance(int64_t ms) {
  const std::lock_guard lock(mutex_);
  now_ms_ += ms;
}

std::vector<int64_t> ScriptedClock::sleeps() const {
  const std::lock_guard lock(mutex_);
  return sleeps_;
}

class ScriptedService::Call : public RowsCall {
 public:
  Call(ScriptedService* service, int stream, std::shared_ptr<const Stream> batches, int64_t offset)
      : service_(service), stream_(stream), batches_(std::move(batches)), row_(offset) {}

  arrow::Result<RowsEvent> Next(int64_t idle_ms, const StopCheck& check_stop) override {
    ARROW_RETURN_NOT_OK(check_stop());
    const Stream& batches = *batches_;
    int64_t num_rows = 0;
    for (const auto& each : batches) num_rows += each->num_rows();
    if (row_ > num_rows) return End({RpcCode::kFailedPrecondition, "has not been allocated yet"});
    size_t batch = 0;
    int64_t first = 0;
    while (batch < batches.size() && first + batches[batch]->num_rows() <= row_) {
      first += batches[batch++]->num_rows();
    }
    const Fault fault = service_->TakeFault(stream_, batch);
    switch (fault.kind) {
      case Fault::Kind::kEnd:
        return End(fault.status);
      case Fault::Kind::kEndEarly:
        return End({});
      case Fault::Kind::kStall:
        service_->clock_->Advance(idle_ms);
        return RowsEvent{};
      case Fault::Kind::kRepeat:
        if (batch > 0) return Send(batch - 1, 0, fault);
        break;
      case Fault::Kind::kLeaveOut:
        if (batch < batches.size()) row_ = first + batches[batch]->num_rows();
        return Next(idle_ms, check_stop);
      default:
        break;
    }
    if (batch == batches.size()) return End({});
    const int64_t in_batch = row_ - first;
    row_ = first + batches[batch]->num_rows();
    return Send(batch, in_batch, fault);
  }

 private:
  RowsEvent End(const RpcStatus& status) {
    RowsEvent event;
    event.kind = RowsEvent::Kind::kEnd;
    event.status = status;
    return event;
  }

  RowsEvent Send(size_t batch, int64_t first, const Fault& fault) {
    const auto bytes = std::make_shared<const std::string>(
        service_->ResponseOf(*batches_, batch, first, !sent_schema_, fault));
    sent_schema_ = true;
    RowsEvent event;
    event.kind = RowsEvent::Kind::kResponse;
    // In pieces, as gRPC's messages are.
    std::vector<std::string_view> pieces;
    for (size_t i = 0; i < bytes->size(); i += 37) {
      pieces.push_back(std::string_view(*bytes).substr(i, 37));
    }
    event.response = {SlicedBytes(std::move(pieces)), bytes};
    return event;
  }

  ScriptedService* const service_;
  const int stream_;
  const std::shared_ptr<const Stream> batches_;
  int64_t row_;
  bool sent_schema_ = false;
};

void ScriptedService::SetStreams(
    std::shared_ptr<arrow::Schema> schema,
    std::vector<std::vector<std::shared_ptr<arrow::RecordBatch>>> streams,
    Compression compression) {
  schema_ = std::move(schema);
  streams_.clear();
  for (Stream& stream : streams) {
    streams_.push_back(std::make_shared<const Stream>(std::move(stream)));
  }
  num_session_streams_ = streams_.size();
  compression_ = compression;
}

void ScriptedService::SetFault(int stream, int response, Fault fault) {
  faults_[{stream, static_cast<size_t>(response)}] = std::move(fault);
}

void ScriptedService::FailSessions(std::vector<RpcStatus> statuses) {
  session_failures_.assign(statuses.begin(), statuses.end());
}

Fault ScriptedService::TakeFault(int stream, size_t response) {
  const std::lock_guard lock(mutex_);
  const auto found = faults_.find({stream, response});
  if (found == faults_.end()) return {};
  Fault fault = found->second;
  if (fault.once) faults_.erase(found);
  return fault;
}

std::string ScriptedService::ResponseOf(const Stream& batches, size_t batch, int64_t first,
                                        bool with_schema, const Fault& fault) const {
  const auto rows = batches.at(batch)->Slice(first);
  std::string message = MessageOf(*rows, compression_, legacy_framing_);
  // The first bytes of the metadata say where the table in it begins.
  if (fault.kind == Fault::Kind::kCorrupt) message.replace(8, 4, "\xF0\xFF\xFF\x7F");
  storage::ReadRowsResponse response;
  if (compression_ == Compression::kLz4Response) {
    auto codec = Must(arrow::util::Codec::Create(arrow::Compression::LZ4));
    const auto size = static_cast<int64_t>(message.size());
    const auto* data = reinterpret_cast<const uint8_t*>(message.data());
    std::string packed(static_cast<size_t>(codec->MaxCompressedLen(size, data)), '\0');
    packed.resize(
        static_cast<size_t>(Must(codec->Compress(size, data, static_cast<int64_t>(packed.size()),
                                                 reinterpret_cast<uint8_t*>(packed.data())))));
    response.set_uncompressed_byte_size(size);
    message = packed;
  }
  response.mutable_arrow_record_batch()->set_serialized_record_batch(message);
  response.set_row_count(rows->num_rows() + (fault.kind == Fault::Kind::kRowCount ? 1 : 0));
  int64_t total = 0;
  int64_t before = first;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (i < batch) before += batches[i]->num_rows();
    total += batches[i]->num_rows();
  }
  if (tells_progress_) {
    auto* progress = response.mutable_stats()->mutable_progress();
    progress->set_at_response_start(static_cast<double>(before) / static_cast<double>(total));
    progress->set_at_response_end(static_cast<double>(before + rows->num_rows()) /
                                  static_cast<double>(total));
  }
  auto schema = schema_;
  if (fault.kind == Fault::Kind::kSchema) {
    schema = arrow::schema({arrow::field("other", arrow::int64())});
  }
  if (with_schema || fault.kind == Fault::Kind::kSchema) {
    response.mutable_arrow_schema()->set_serialized_schema(
        Must(arrow::ipc::SerializeSchema(*schema))->ToString());
  }
  std::string bytes = response.SerializeAsString();
  if (fault.kind == Fault::Kind::kTruncate) bytes.resize(bytes.size() / 2);
  return bytes;
}

arrow::Result<RpcStatus> ScriptedService::CreateReadSession(
    const storage::CreateReadSessionRequest& request, const StopCheck& check_stop,
    storage::ReadSession* session) {
  ARROW_RETURN_NOT_OK(check_stop());
  const std::lock_guard lock(mutex_);
  last_request_ = request;
  if (!session_failures_.empty()) {
    RpcStatus status = session_failures_.front();
    session_failures_.pop_front();
    return status;
  }
  session->set_name("projects/p/locations/l/sessions/s");
  session->mutable_arrow_schema()->set_serialized_schema(
      Must(arrow::ipc::SerializeSchema(*schema_))->ToString());
  streams_.resize(num_session_streams_);
  int64_t num_rows = 0;
  for (size_t i = 0; i < streams_.size(); ++i) {
    session->add_streams()->set_name("streams/" + std::to_string(i));
    for (const auto& batch : *streams_[i]) num_rows += batch->num_rows();
  }
  session->set_estimated_row_count(num_rows);
  return RpcStatus{};
}

arrow::Result<RpcStatus> ScriptedService::SplitReadStream(const std::string& stream,
                                                          double fraction,
                                                          const StopCheck& check_stop,
                                                          SplitParts* parts) {
  ARROW_RETURN_NOT_OK(check_stop());
  if (!before_split_) return RpcStatus{RpcCode::kUnimplemented, "no stream is split here"};
  const RpcStatus status = before_split_(num_splits_++);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<size_t>(std::stoi(stream.substr(stream.rfind('/') + 1)));
  const Stream& whole = *streams_.at(index);
  const auto cut = static_cast<int64_t>(fraction * static_cast<double>(whole.size()));
  if (cut == 0 || cut == static_cast<int64_t>(whole.size())) return status;
  parts->first = "streams/" + std::to_string(streams_.size());
  parts->rest = "streams/" + std::to_string(streams_.size() + 1);
  auto first = std::make_shared<const Stream>(whole.begin(), whole.begin() + cut);
  auto rest = std::make_shared<const Stream>(whole.begin() + cut, whole.end());
  streams_.push_back(std::move(first));
  streams_.push_back(std::move(rest));
  return status;
}

std::unique_ptr<RowsCall> ScriptedService::ReadRows(const std::string& stream, int64_t offset,
                                                    int) {
  const int index = std::stoi(stream.substr(stream.rfind('/') + 1));
  const std::lock_guard lock(mutex_);
  calls_.emplace_back(index, offset);
  return std::make_unique<Call>(this, index, streams_.at(static_cast<size_t>(index)), offset);
}

std::vector<std::pair<int, int64_t>> ScriptedService::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

storage::CreateReadSessionRequest ScriptedService::last_request() const {
  const std::lock_guard lock(mutex_);
  return last_request_;
}

}  // namespace emberharmony::bigquery::client::testing
