// The one function that the plugin exports.
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include "emberharmony/bigquery/client/storage_table_reader.h"
#include "emberharmony/bigquery/jobs/jobs_client.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/plugin_version_internal.h"
#include "emberharmony/bigquery/server/storage_server.h"

namespace emberharmony::bigquery {
namespace {

class BigQueryPlugin : public Plugin {
 public:
  std::string Describe() const override { return "gRPC " + grpc::Version(); }
  void SetLogLevel(base::LogLevel level) override { base::internal::log_level.store(level); }
  arrow::Result<std::unique_ptr<TableReader>> OpenTable(const ReadRequest& request,
                                                        const ReadOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto transport, client::Connect(options));
    return client::OpenTable(std::move(transport), client::SystemClock(), request, options);
  }
  arrow::Result<std::unique_ptr<TableDownload>> OpenDownload(const ReadRequest& request,
                                                             const ReadOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto transport, client::Connect(options));
    return client::OpenDownload(std::move(transport), client::SystemClock(), request, options);
  }
  arrow::Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options) override {
    return server::StartStorageServer(options);
  }
  arrow::Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions& options) override {
    return jobs::ConnectJobs(options);
  }
};

/// What protobuf finds fault with in somebody's message it would write to standard error, which is
/// not a library's: whoever parsed it has an error to tell.
void LogForProtobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  base::Log(base::LogLevel::kDebug, "protobuf: {}", message);
}

/// What gRPC logs is told again by the status of the call or credentials it is about, with what to
/// do.
void LogForGrpc(gpr_log_func_args* arguments) {
  base::Log(base::LogLevel::kDebug, "gRPC: {}", arguments->message);
}

}  // namespace
}  // namespace emberharmony::bigquery

extern "C" __attribute__((visibility("default"))) emberharmony::bigquery::Plugin*
emberharmony_bigquery(const char** version) {
  *version = emberharmony::bigquery::kPluginVersion.data();
  google::protobuf::SetLogHandler(&emberharmony::bigquery::LogForProtobuf);
  gpr_set_log_function(&emberharmony::bigquery::LogForGrpc);
  // Never destroyed: threads may outlive main.
  static auto* const plugin = new emberharmony::bigquery::BigQueryPlugin;
  return plugin;
}
