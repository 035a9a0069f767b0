#include "emberharmony/bigquery/server/storage_server.h"

#include <arrow/memory_pool.h>
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/system_micros.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/bigquery/server/read_service.h"

namespace emberharmony::bigquery::server {
namespace {

/// A row restriction may have 1 MiB, and selected fields some more.
constexpr int kRequestBytesMax = 16 << 20;
// With frames and buffers as large as responses a megabyte goes out in one piece.
constexpr int kFrameBytes = 1 << 20;
constexpr int kWriteBufferBytes = 8 << 20;
/// Sessions with a restriction scan a table each; more at a time would not be faster.
constexpr int kSessionThreads = 2;

uint64_t RandomSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::string Address(const std::string& host, int port) {
  return host.find(':') == std::string::npos || host.starts_with("[")
             ? fmt::format("{}:{}", host, port)
             : fmt::format("[{}]:{}", host, port);
}

/// gRPC tells standard error of what it also returns as errors, which are told here. Whoever wants
/// to see more sets its variable.
void QuietGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

class StorageServer : public Server {
 public:
  StorageServer(const ServerOptions& options, std::vector<std::shared_ptr<const Table>> tables,
                const Clock& clock)
      : store_(clock, options.session_seconds * 1'000'000, RandomSeed()),
        faults_(options.faults),
        maker_(std::move(tables), Rules(options, clock), &store_, &faults_),
        cache_(options.cache_bytes),
        session_queue_(kSessionThreads),
        rows_queue_(options.num_threads > 0 ? options.num_threads : base::AvailableCores()),
        service_({&store_, &maker_, &faults_, options.cache_bytes > 0 ? &cache_ : nullptr,
                  &session_queue_, &rows_queue_, std::make_shared<SendBudget>(options.send_bytes),
                  arrow::default_memory_pool()}) {}
  ~StorageServer() override { Stop(); }

  arrow::Status Listen(const std::string& host, int port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(Address(host, port), grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(kRequestBytesMax);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytes);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, kWriteBufferBytes);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    // Another server on the same port is an error, not a partner.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return base::DataError(fmt::format(
          "cannot listen on {}: the port is taken or the address is not this machine's; choose "
          "another, or 0 for any port that is free",
          Address(host, port)));
    }
    return arrow::Status::OK();
  }

  int port() const override { return port_; }

  void Stop() override {
    std::lock_guard lock(stop_mutex_);
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

 private:
  static SessionRules Rules(const ServerOptions& options, const Clock& clock) {
    return {{options.response_bytes, options.response_rows},
            options.stream_bytes,
            clock,
            arrow::default_memory_pool()};
  }

  SessionStore store_;
  FaultSchedule faults_;
  SessionMaker maker_;
  MessageCache cache_;
  WorkQueue session_queue_;
  WorkQueue rows_queue_;
  ReadService service_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex stop_mutex_;
  int port_ = 0;
};

arrow::Status CheckServerOptions(const ServerOptions& options) {
  if (options.tables.empty()) return base::UsageError("expected a table to serve, found none");
  if (options.port < 0 || options.port > 65535) {
    return base::UsageError(fmt::format("expected a port from 0 to 65535, found {}", options.port));
  }
  if (options.response_bytes < 1 || options.stream_bytes < 1 || options.session_seconds < 0 ||
      options.response_rows < 0 || options.cache_bytes < 0 || options.send_bytes < 1) {
    return base::UsageError("expected sizes and times above zero, found others");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<Server>> StartStorageServer(const ServerOptions& options,
                                                          Clock clock) {
  ARROW_RETURN_NOT_OK(CheckServerOptions(options));
  QuietGrpc();
  std::vector<std::shared_ptr<const Table>> tables;
  std::set<std::string> names;
  for (const ServedTable& served : options.tables) {
    ARROW_ASSIGN_OR_RAISE(auto table, Table::Open(served));
    if (!names.insert(table->name.Resource()).second) {
      return base::UsageError(fmt::format("the table {} is given twice", table->name.Text()));
    }
    tables.push_back(std::move(table));
  }
  if (clock == nullptr) clock = base::SystemMicros;
  auto server = std::make_unique<StorageServer>(options, std::move(tables), clock);
  ARROW_RETURN_NOT_OK(server->Listen(options.host, options.port));
  return server;
}

}  // namespace emberharmony::bigquery::server
