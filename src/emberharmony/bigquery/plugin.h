#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "emberharmony/base/log.h"
#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/server.h"
#include "emberharmony/bigquery/table_download.h"
#include "emberharmony/bigquery/table_reader.h"
#include "emberharmony/io/source.h"

namespace emberharmony::bigquery {

/// What libemberharmony_bigquery.so offers: the client of the Storage Read API, that of the
/// REST API, and the local server.
///
/// They stand in a library of their own because gRPC brings an OpenSSL, and libparquet exports
/// another one under the same names: here gRPC and its OpenSSL are linked in statically and none of
/// their symbols leaves. It is built from this source tree, and is of no use to another version:
/// its one exported function, in C, says which version it is before anything else is touched.
class Plugin {
 public:
  virtual ~Plugin() = default;
  /// Names and versions of what is inside, for people.
  virtual std::string Describe() const = 0;
  /// What the plugin logs goes through the library, but it has a level of its own. LoadPlugin sets
  /// it to the library's.
  virtual void SetLogLevel(base::LogLevel level) = 0;
  virtual arrow::Result<std::unique_ptr<TableReader>> OpenTable(const ReadRequest& request,
                                                                const ReadOptions& options) = 0;
  /// Makes a session whose rows are read when the caller asks for them. `options.buffer_bytes`: of
  /// what is under way; num_readers: for how many there are connections.
  virtual arrow::Result<std::unique_ptr<TableDownload>> OpenDownload(
      const ReadRequest& request, const ReadOptions& options) = 0;
  virtual arrow::Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options) = 0;
  /// Queries and what BigQuery tells of tables. Finds the credentials; makes no other call yet.
  virtual arrow::Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions& options) = 0;
};

/// The plugin, found beside this library or in $EMBERHARMONY_PLUGIN_DIR and loaded when first asked
/// for, for good. An error names every path that was tried and what was wrong with it.
arrow::Result<Plugin*> LoadPlugin();

}  // namespace emberharmony::bigquery

/// The exported function; `*version` becomes EMBER_BIGQUERY_PLUGIN_VERSION of the plugin's build.
extern "C" {
using EmberBigQueryEntry = emberharmony::bigquery::Plugin* (*)(const char** version);
}
#define EMBER_BIGQUERY_ENTRY "emberharmony_bigquery"
