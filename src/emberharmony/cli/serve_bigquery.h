#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace emberharmony::cli {

/// What `ember serve-bigquery` is asked for, as text.
struct ServeOptions {
  std::vector<std::string> tables;             ///< PROJECT.DATASET.TABLE=FILE
  std::vector<std::string> partitions;         ///< PROJECT.DATASET.TABLE=COLUMN[:TYPE]
  std::vector<std::string> partition_filters;  ///< PROJECT.DATASET.TABLE
  std::vector<std::string> faults;
  std::string host = "127.0.0.1";
  int port = 0;
  std::string response_bytes = "1MiB";
  int64_t response_rows = 0;
  std::string stream_bytes = "1MiB";
  std::string cache = "0";
  std::string send_bytes = "64MiB";
  int64_t session_seconds = 6 * 3600;
  int threads = 0;
};

/// Adds the command and its options to the program.
void AddServeCommand(CLI::App* app, ServeOptions* options);

/// Serves until SIGINT or SIGTERM, which is success.
arrow::Status Serve(const ServeOptions& options);

}  // namespace emberharmony::cli
