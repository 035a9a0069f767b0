#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace emberharmony::cli {

/// What `ember bench` is asked for.
struct BenchOptions {
  std::string source;  ///< empty: a synthetic table
  std::optional<std::string> plan_path;
  std::optional<std::string> target;
  bool backends = false;  ///< times operations on each backend instead of the main job
  int64_t num_rows = 1'000'000;
  int64_t repetitions = 3;
  int64_t num_threads = 0;            ///< 0: the cores the process may use
  std::optional<std::string> memory;  ///< of each run, as --memory takes it
  bool json = false;
  bool quiet = false;
};

/// Adds the command and its options to the program.
void AddBenchCommand(CLI::App* app, BenchOptions* options);

/// Measures and returns the report: a table for people, or JSON.
///
/// The main job is `ember extract`, run as a user runs it: in processes of its own, with one thread
/// and with num_threads in turn, so that time and peak memory are those of a run. Temporary files
/// lie in a folder of their own below the temporary folder, which is removed at the end, also after
/// an error, SIGINT or SIGTERM (InterruptedError). To be called while the process has one thread.
arrow::Result<std::string> RunBench(const BenchOptions& options);

}  // namespace emberharmony::cli
