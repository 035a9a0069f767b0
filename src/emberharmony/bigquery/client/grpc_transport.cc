#include "emberharmony/bigquery/client/grpc_transport.h"

#include <fmt/format.h>
#include <google/cloud/bigquery/storage/v1/storage.grpc.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/client/endpoint.h"
#include "emberharmony/bigquery/credentials_file_internal.h"
#include "emberharmony/bigquery/environment_text_internal.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

constexpr const char* kReadRowsMethod = "/google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows";
constexpr const char* kApiClient = "gl-cpp/20 gccl/emberharmony-0.1.0 grpc/";
// How often a wait looks whether it should end.
constexpr std::chrono::milliseconds kLookInterval{100};
// As the service's own configuration has it (bigquerystorage_grpc_service_config.json).
constexpr std::chrono::seconds kReadDeadline{86'400};
constexpr std::chrono::seconds kSessionDeadline{600};
// Who waits for it has nothing else to do, but the stream that was to be split is soon at its end.
constexpr std::chrono::seconds kSplitDeadline{60};
// Measured on loopback: larger frames and reads halve the client's work for each byte, probing the
// bandwidth costs some. No message is too long: the service sends up to 128 MB.
constexpr int kFrameBytes = 8 << 20;
constexpr int kReadBytes = 1 << 20;
// gRPC's own wait before a lost connection is made again; ours comes on top.
constexpr int kReconnectMsMin = 50;
constexpr int kReconnectMsMax = 10'000;

RpcStatus StatusOf(const grpc::Status& status) {
  RpcStatus result{static_cast<RpcCode>(status.error_code()), status.error_message(), {}};
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) {
    return result;
  }
  for (const auto& detail : details.details()) {
    google::rpc::RetryInfo retry;
    if (!detail.Is<google::rpc::RetryInfo>() || !detail.UnpackTo(&retry)) continue;
    constexpr int64_t kSecondsMax = 1'000'000;
    const int64_t seconds = std::clamp<int64_t>(retry.retry_delay().seconds(), 0, kSecondsMax);
    result.retry_delay_ms = seconds * 1000 + std::max(0, retry.retry_delay().nanos()) / 1'000'000;
  }
  return result;
}

/// As x-goog-request-params takes a value: everything but letters, digits and -._~ in percents.
std::string UrlEncoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

struct Headers {
  std::string quota_project;

  void Add(const std::string& parameter, const std::string& value,
           grpc::ClientContext* context) const {
    context->AddMetadata("x-goog-request-params", parameter + "=" + UrlEncoded(value));
    context->AddMetadata("x-goog-api-client", kApiClient + grpc::Version());
    if (!quota_project.empty()) context->AddMetadata("x-goog-user-project", quota_project);
  }
};

/// A completion queue that one thread waits on, for one operation at a time.
class Waiter {
 public:
  ~Waiter() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  grpc::CompletionQueue* queue() { return &queue_; }

  /// Whether the operation has ended within the time, and how.
  enum class Outcome { kDone, kFailed, kTimeout };
  Outcome Wait(std::chrono::milliseconds time) {
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = std::chrono::system_clock::now() + time;
    switch (queue_.AsyncNext(&tag, &ok, deadline)) {
      case grpc::CompletionQueue::GOT_EVENT:
        return ok ? Outcome::kDone : Outcome::kFailed;
      case grpc::CompletionQueue::TIMEOUT:
        return Outcome::kTimeout;
      default:
        return Outcome::kFailed;
    }
  }
  /// Without a limit: for operations of a call that has been cancelled or has ended.
  void WaitForEnd() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

 private:
  grpc::CompletionQueue queue_;
};

/// A call reads ahead by one message: the next one is asked for before the last is handed out.
class GrpcRowsCall : public RowsCall {
 public:
  GrpcRowsCall(const std::shared_ptr<grpc::Channel>& channel, const Headers& headers,
               const std::string& stream, int64_t offset)
      : stub_(channel) {
    headers.Add("read_stream", stream, &context_);
    context_.set_deadline(std::chrono::system_clock::now() + kReadDeadline);
    context_.set_initial_metadata_corked(true);
    call_ = stub_.PrepareCall(&context_, kReadRowsMethod, waiter_.queue());
    storage::ReadRowsRequest request;
    request.set_read_stream(stream);
    request.set_offset(offset);
    const std::string bytes = request.SerializeAsString();
    const grpc::Slice slice(bytes);
    request_ = grpc::ByteBuffer(&slice, 1);
    // Corked: the headers leave with the request, and have no event of their own.
    call_->StartCall(nullptr);
    call_->WriteLast(request_, grpc::WriteOptions(), nullptr);
  }

  ~GrpcRowsCall() override {
    if (state_ == State::kEnded) return;
    context_.TryCancel();
    waiter_.WaitForEnd();
    if (state_ != State::kFinishing) {
      call_->Finish(&status_, nullptr);
      waiter_.WaitForEnd();
    }
  }

  Result<RowsEvent> Next(int64_t idle_ms, const StopCheck& check_stop) override {
    const auto begin = std::chrono::steady_clock::now();
    while (true) {
      const Waiter::Outcome outcome = waiter_.Wait(kLookInterval);
      if (outcome == Waiter::Outcome::kTimeout) {
        ARROW_RETURN_NOT_OK(check_stop());
        const auto waited = std::chrono::steady_clock::now() - begin;
        if (waited >= std::chrono::milliseconds(idle_ms)) return RowsEvent{};
        continue;
      }
      RowsEvent event;
      if (Advance(outcome == Waiter::Outcome::kDone, &event)) return event;
    }
  }

 private:
  enum class State { kWriting, kReading, kFinishing, kEnded };

  /// After an operation has ended: begins the next one. Whether there is something to hand out.
  bool Advance(bool ok, RowsEvent* event) {
    switch (state_) {
      case State::kWriting:
        state_ = State::kReading;
        // Also after a failure: how the call ended is told after a read.
        call_->Read(&incoming_, nullptr);
        return false;
      case State::kReading:
        if (!ok) {
          state_ = State::kFinishing;
          call_->Finish(&status_, nullptr);
          return false;
        }
        event->kind = RowsEvent::Kind::kResponse;
        event->response = Unpack();
        call_->Read(&incoming_, nullptr);
        return true;
      default:
        state_ = State::kEnded;
        event->kind = RowsEvent::Kind::kEnd;
        event->status = StatusOf(status_);
        return true;
    }
  }

  WireMessage Unpack() {
    auto slices = std::make_shared<std::vector<grpc::Slice>>();
    WireMessage message;
    if (incoming_.Dump(slices.get()).ok()) {
      std::vector<std::string_view> pieces;
      pieces.reserve(slices->size());
      for (const grpc::Slice& slice : *slices) {
        pieces.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
      message.bytes = SlicedBytes(std::move(pieces));
    }
    message.owner = std::move(slices);
    incoming_.Clear();
    return message;
  }

  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  Waiter waiter_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  State state_ = State::kWriting;
};

class GrpcTransport : public Transport {
 public:
  GrpcTransport(Endpoint endpoint, Headers headers,
                std::vector<std::shared_ptr<grpc::Channel>> channels)
      : endpoint_(std::move(endpoint)),
        headers_(std::move(headers)),
        channels_(std::move(channels)) {}

  std::string endpoint() const override { return endpoint_.target; }
  bool is_local() const override { return endpoint_.is_loopback; }

  Result<RpcStatus> CreateReadSession(const storage::CreateReadSessionRequest& request,
                                      const StopCheck& check_stop,
                                      storage::ReadSession* session) override {
    grpc::ClientContext context;
    headers_.Add("read_session.table", request.read_session().table(), &context);
    context.set_deadline(std::chrono::system_clock::now() + kSessionDeadline);
    const auto stub = storage::BigQueryRead::NewStub(channels_[0]);
    Waiter waiter;
    const auto call = stub->AsyncCreateReadSession(&context, request, waiter.queue());
    grpc::Status status;
    call->Finish(session, &status, nullptr);
    ARROW_RETURN_NOT_OK(WaitForAnswer(&waiter, &context, check_stop));
    return StatusOf(status);
  }

  Result<RpcStatus> SplitReadStream(const std::string& stream, double fraction,
                                    const StopCheck& check_stop, SplitParts* parts) override {
    grpc::ClientContext context;
    headers_.Add("name", stream, &context);
    context.set_deadline(std::chrono::system_clock::now() + kSplitDeadline);
    const auto stub = storage::BigQueryRead::NewStub(channels_[0]);
    storage::SplitReadStreamRequest request;
    request.set_name(stream);
    request.set_fraction(fraction);
    Waiter waiter;
    const auto call = stub->AsyncSplitReadStream(&context, request, waiter.queue());
    storage::SplitReadStreamResponse answer;
    grpc::Status status;
    call->Finish(&answer, &status, nullptr);
    ARROW_RETURN_NOT_OK(WaitForAnswer(&waiter, &context, check_stop));
    *parts = {answer.primary_stream().name(), answer.remainder_stream().name()};
    return StatusOf(status);
  }

  std::unique_ptr<RowsCall> ReadRows(const std::string& stream, int64_t offset,
                                     int reader) override {
    const auto& channel = channels_[static_cast<size_t>(reader) % channels_.size()];
    return std::make_unique<GrpcRowsCall>(channel, headers_, stream, offset);
  }

 private:
  /// Until the one operation under way has ended; an error is check_stop's.
  static Status WaitForAnswer(Waiter* waiter, grpc::ClientContext* context,
                              const StopCheck& check_stop) {
    while (waiter->Wait(kLookInterval) == Waiter::Outcome::kTimeout) {
      const Status stop = check_stop ? check_stop() : Status::OK();
      if (stop.ok()) continue;
      context->TryCancel();
      waiter->WaitForEnd();
      return stop;
    }
    return Status::OK();
  }

  const Endpoint endpoint_;
  const Headers headers_;
  const std::vector<std::shared_ptr<grpc::Channel>> channels_;
};

grpc::ChannelArguments ArgumentsOf(const GrpcOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(
      GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
      static_cast<int>(std::clamp<int64_t>(options.lookahead_bytes, 65'536, int64_t{1} << 30)));
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytes);
  arguments.SetInt(GRPC_ARG_TCP_READ_CHUNK_SIZE, kReadBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsMin);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  // What is tried again, and when, is decided by those who know which rows have come.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> DefaultCredentials(Headers* headers) {
  ARROW_ASSIGN_OR_RAISE(const auto file, FindCredentialsFile(EnvironmentText));
  if (file.has_value()) {
    // gRPC leaves this member of the file alone.
    if (headers->quota_project.empty()) headers->quota_project = file->quota_project;
  }
  auto credentials = grpc::GoogleDefaultCredentials();
  if (credentials == nullptr && file.has_value()) {
    const bool impersonates = file->type == "impersonated_service_account";
    return base::UsageError(fmt::format(
        "the credentials in '{}', of type {}, {}: use a service account's key, or log in with "
        "`gcloud auth application-default login`{}",
        file->path, file->type, impersonates ? "are not supported" : "are not usable",
        impersonates ? " without --impersonate-service-account" : ""));
  }
  if (credentials == nullptr) {
    return base::UsageError(
        "BigQuery needs credentials, and none were found: log in with `gcloud auth "
        "application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file (a local "
        "server needs none: name it with --bigquery-endpoint)");
  }
  return credentials;
}

/// gRPC's threads and locks do not survive a fork: a call made in the child would wait for ever.
Status CheckProcess() {
  static const pid_t first = getpid();
  if (getpid() == first) return Status::OK();
  return base::UsageError(
      "this process was forked from one that had already used BigQuery, and gRPC does not survive "
      "that: start workers with the method 'spawn' or 'forkserver', or before BigQuery is used");
}

}  // namespace

Result<std::shared_ptr<Transport>> MakeGrpcTransport(const Connection& connection,
                                                     const GrpcOptions& options) {
  ARROW_RETURN_NOT_OK(CheckProcess());
  ARROW_ASSIGN_OR_RAISE(const Endpoint endpoint, ResolveEndpoint(connection));
  Headers headers{endpoint.quota_project};
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!endpoint.is_loopback) {
    ARROW_ASSIGN_OR_RAISE(credentials, DefaultCredentials(&headers));
  }
  const grpc::ChannelArguments arguments = ArgumentsOf(options);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < std::max(options.num_channels, 1); ++i) {
    channels.push_back(grpc::CreateCustomChannel(endpoint.target, credentials, arguments));
  }
  return std::make_shared<GrpcTransport>(endpoint, std::move(headers), std::move(channels));
}

}  // namespace emberharmony::bigquery::client
