#include "emberharmony/cli/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/machine_memory.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/cli/bench_ops.h"
#include "emberharmony/cli/bench_table.h"
#include "emberharmony/cli/bench_transforms.h"
#include "emberharmony/cli/child_process.h"
#include "emberharmony/cli/interrupt_flag.h"
#include "emberharmony/cli/temporary_folder.h"
#include "emberharmony/engine/shown_text.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony::cli {

namespace {

using nlohmann::json;

constexpr int64_t kReportBytesMax = int64_t{64} << 20;
constexpr int kJsonVersion = 1;

/// What the runs of the main job with one number of threads took.
struct JobTimings {
  int64_t num_threads = 0;
  std::vector<double> wall_seconds;
  std::vector<double> cpu_seconds;
  int64_t num_rows = 0;
  int64_t source_bytes = 0;  ///< uncompressed, by the source's own measure
  int64_t peak_resident_bytes = 0;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double PerSecond(int64_t amount, double seconds) {
  return seconds > 0 ? static_cast<double>(amount) / seconds : 0;
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t value = line.find(": ");
    if (line.starts_with("model name") && value != std::string::npos) return line.substr(value + 2);
  }
  return "unknown CPU";
}

void Say(const BenchOptions& options, const std::string& line) {
  if (options.quiet) return;
  fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

/// Runs the main job once more and adds what its own report says.
arrow::Status AddRun(const BenchOptions& options, const std::string& source,
                     const std::string& output, JobTimings* timings) {
  std::vector<std::string> arguments = {
      "extract",     source, "-o",        output,
      "--overwrite", "-q",   "--threads", std::to_string(timings->num_threads)};
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) arguments.insert(arguments.end(), {name, *value});
  };
  add("--plan", options.plan_path);
  add("--target", options.source.empty() ? kBenchTarget : options.target);
  add("--memory", options.memory);
  ARROW_RETURN_NOT_OK(RunThisProgram(arguments));
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        base::ReadFile(output + "/run_report.json", kReportBytesMax));
  const json report = json::parse(text);
  timings->wall_seconds.push_back(report.at("wall_seconds").get<double>());
  timings->cpu_seconds.push_back(report.at("cpu_seconds").get<double>());
  timings->num_rows = report.at("rows").get<int64_t>();
  timings->source_bytes = report.at("source_bytes").get<int64_t>();
  timings->peak_resident_bytes =
      std::max(timings->peak_resident_bytes, report.at("peak_resident_bytes").get<int64_t>());
  return arrow::Status::OK();
}

/// The number of threads takes turns, so that what else the machine does meets all alike.
arrow::Result<std::vector<JobTimings>> TimeMainJob(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto folder, TemporaryFolder::Make());
  std::string source = options.source;
  if (source.empty()) {
    source = folder->path() + "/trips.parquet";
    Say(options,
        fmt::format("writing {} rows to {}", engine::ShownCount(options.num_rows), source));
    ARROW_RETURN_NOT_OK(WriteBenchTable(source, options.num_rows));
  }
  const int64_t most =
      options.num_threads > 0 ? options.num_threads : static_cast<int64_t>(base::AvailableCores());
  std::vector<JobTimings> all(1);
  all[0].num_threads = 1;
  if (most > 1) {
    all.emplace_back();
    all[1].num_threads = most;
  }
  for (int64_t i = 0; i < options.repetitions; ++i) {
    for (JobTimings& timings : all) {
      ARROW_RETURN_NOT_OK(AddRun(options, source, folder->path() + "/out", &timings));
      Say(options, fmt::format("run {} of {}, {} thread{}: {}", i + 1, options.repetitions,
                               timings.num_threads, timings.num_threads == 1 ? "" : "s",
                               engine::ShownDuration(timings.wall_seconds.back())));
    }
  }
  return all;
}

json MachineJson() {
  return {{"cpu", CpuName()},
          {"cores", base::AvailableCores()},
          {"memory_bytes", base::MachineMemoryBytes()}};
}

std::string MachineLine() {
  return fmt::format("{}, {} cores, {}", CpuName(), base::AvailableCores(),
                     base::FormatByteSize(base::MachineMemoryBytes()));
}

json MainJobJson(const BenchOptions& options, const std::vector<JobTimings>& all) {
  json runs = json::array();
  for (const JobTimings& timings : all) {
    const double median = Median(timings.wall_seconds);
    runs.push_back({{"threads", timings.num_threads},
                    {"wall_seconds", timings.wall_seconds},
                    {"median_wall_seconds", median},
                    {"median_cpu_seconds", Median(timings.cpu_seconds)},
                    {"rows_per_second", PerSecond(timings.num_rows, median)},
                    {"bytes_per_second", PerSecond(timings.source_bytes, median)},
                    {"peak_resident_bytes", timings.peak_resident_bytes}});
  }
  return {{"source", options.source.empty() ? "synthetic" : io::ShownLocation(options.source)},
          {"rows", all[0].num_rows},
          {"source_bytes", all[0].source_bytes},
          {"repetitions", options.repetitions},
          {"runs", std::move(runs)}};
}

std::string MainJobTable(const BenchOptions& options, const std::vector<JobTimings>& all) {
  std::string text = fmt::format(
      "ember extract, {} rows of {} ({} uncompressed), median of {} runs\n\n{:>7}  {:>9}  {:>11}  "
      "{:>7}  {:>9}  {:>11}\n",
      engine::ShownCount(all[0].num_rows),
      options.source.empty() ? "a synthetic table"
                             : engine::ShownText(io::ShownLocation(options.source)),
      base::FormatByteSize(all[0].source_bytes), options.repetitions, "threads", "wall", "rows/s",
      "MB/s", "CPU", "peak memory");
  for (const JobTimings& timings : all) {
    const double median = Median(timings.wall_seconds);
    text += fmt::format("{:>7}  {:>9}  {:>11}  {:>7.0f}  {:>9}  {:>11}\n", timings.num_threads,
                        engine::ShownDuration(median),
                        engine::ShownMagnitude(PerSecond(timings.num_rows, median)),
                        PerSecond(timings.source_bytes, median) / 1e6,
                        engine::ShownDuration(Median(timings.cpu_seconds)),
                        base::FormatByteSize(timings.peak_resident_bytes));
  }
  return text;
}

json BackendsJson(const std::vector<BackendTimings>& backends) {
  json all = json::array();
  for (const BackendTimings& backend : backends) {
    json timings = json::array();
    for (const OpTiming& op : backend.ops) {
      timings.push_back(
          {{"op", op.op},
           {"dtype", op.dtype},
           {"elements", op.num_elements},
           {"ns_per_element", 1e9 * op.seconds / static_cast<double>(op.num_elements)},
           {"bytes_per_second", PerSecond(op.num_bytes, op.seconds)}});
    }
    all.push_back({{"name", backend.name},
                   {"version", backend.version},
                   {"framework", backend.framework},
                   {"devices", backend.devices},
                   {"ops", std::move(timings)}});
  }
  return all;
}

/// Nanoseconds an element, a row for each operation and a column for each backend.
std::string BackendsTable(const std::vector<BackendTimings>& backends) {
  std::string text;
  for (const BackendTimings& backend : backends) {
    text += fmt::format("backend {} {}{}{} on {}\n", backend.name, backend.version,
                        backend.framework.empty() ? "" : ", ", backend.framework,
                        fmt::join(backend.devices, ", "));
  }
  text += fmt::format("\nns/element, calls from one thread\n\n{:<15}{:<9}{:>10}", "op", "dtype",
                      "elements");
  for (const BackendTimings& backend : backends) text += fmt::format("  {:>10}", backend.name);
  text += "\n";
  // The native backend, the first, computes everything.
  for (const OpTiming& op : backends[0].ops) {
    text += fmt::format("{:<15}{:<9}{:>10}", op.op, op.dtype, engine::ShownCount(op.num_elements));
    for (const BackendTimings& backend : backends) {
      const auto same = [&op](const OpTiming& other) {
        return other.op == op.op && other.dtype == op.dtype &&
               other.num_elements == op.num_elements;
      };
      const auto found = std::find_if(backend.ops.begin(), backend.ops.end(), same);
      if (found == backend.ops.end()) {
        text += fmt::format("  {:>10}", "-");
      } else {
        text += fmt::format("  {:>10.3f}",
                            1e9 * found->seconds / static_cast<double>(found->num_elements));
      }
    }
    text += "\n";
  }
  return text;
}

json TransformsJson(const std::vector<TransformTimings>& all) {
  json runs = json::array();
  for (const TransformTimings& timings : all) {
    const double median = Median(timings.wall_seconds);
    runs.push_back({{"backend", timings.backend},
                    {"rows", timings.num_rows},
                    {"wall_seconds", timings.wall_seconds},
                    {"median_wall_seconds", median},
                    {"median_cpu_seconds", Median(timings.cpu_seconds)},
                    {"rows_per_second", PerSecond(timings.num_rows, median)}});
  }
  return runs;
}

std::string TransformsTable(const std::vector<TransformTimings>& all) {
  std::string text = fmt::format(
      "ember transform, numeric steps of {} rows, median of {} runs\n\n{:<10}  {:>9}  "
      "{:>11}  {:>9}\n",
      engine::ShownCount(all[0].num_rows), all[0].wall_seconds.size(), "backend", "wall", "rows/s",
      "CPU");
  for (const TransformTimings& timings : all) {
    const double median = Median(timings.wall_seconds);
    text += fmt::format("{:<10}  {:>9}  {:>11}  {:>9}\n", timings.backend,
                        engine::ShownDuration(median),
                        engine::ShownMagnitude(PerSecond(timings.num_rows, median)),
                        engine::ShownDuration(Median(timings.cpu_seconds)));
  }
  return text;
}

/// The operations and a transform on each backend, added to the report for programs and for people.
arrow::Status BenchBackends(const BenchOptions& options, json* document, std::string* text) {
  const std::vector<std::string> names = LoadAllBackends();
  ARROW_ASSIGN_OR_RAISE(const auto transforms,
                        TimeTransforms(names, options.num_rows, options.repetitions,
                                       [&](const std::string& line) { Say(options, line); }));
  ARROW_ASSIGN_OR_RAISE(const auto backends, TimeBackends());
  (*document)["backends"] = BackendsJson(backends);
  (*document)["transforms"] = TransformsJson(transforms);
  *text += "\n" + TransformsTable(transforms) + "\n" + BackendsTable(backends);
  return arrow::Status::OK();
}

arrow::Status CheckOptions(const BenchOptions& options) {
  if (options.backends && !options.source.empty()) {
    return base::UsageError("--backends times operations, not a table; leave out '" +
                            options.source + "' or --backends");
  }
  if (options.source.empty() && (options.plan_path || options.target)) {
    return base::UsageError(
        "--plan and --target are for a table of your own; name one, or leave them out");
  }
  if (options.source == "-") {
    return base::UsageError(
        "standard input can be read only once; write it to a file and name that");
  }
  return arrow::Status::OK();
}

}  // namespace

void AddBenchCommand(CLI::App* app, BenchOptions* options) {
  CLI::App* bench =
      app->add_subcommand("bench", "Time the main job (extract), or the backends, on this machine");
  bench->add_option("SOURCE", options->source,
                    "The table to extract features from (default: a synthetic one)");
  bench->add_flag("--backends", options->backends,
                  "Time operations on each backend instead of the main job");
  bench->add_option("--rows", options->num_rows, "Rows of the synthetic table")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->capture_default_str();
  bench->add_option("--repetitions", options->repetitions, "Runs with each number of threads")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}))
      ->capture_default_str();
  bench
      ->add_option("--threads", options->num_threads,
                   "Threads to compare one with (default: the cores the process may use)")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1024}));
  bench->add_option("--memory", options->memory, "Memory limit of each run, e.g. 1GiB")
      ->type_name("SIZE");
  bench->add_option("--plan", options->plan_path, "A plan for SOURCE (default: an automatic one)")
      ->type_name("FILE");
  bench->add_option("--target", options->target, "The column of SOURCE to predict")
      ->type_name("COLUMN");
  bench->add_flag("--json", options->json, "A JSON document with all figures");
  bench->add_flag("-q,--quiet", options->quiet, "No progress; errors only");
  bench->footer(
      "Examples:\n  ember bench\n  ember bench flights.parquet --target delay --memory 1GiB\n"
      "  ember bench --backends --json");
}

arrow::Result<std::string> RunBench(const BenchOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  CatchInterrupts();
  json document = {{"version", kJsonVersion}, {"ember", EMBER_VERSION}, {"machine", MachineJson()}};
  std::string text = fmt::format("ember {} on {}\n", EMBER_VERSION, MachineLine());
  if (options.backends) {
    ARROW_RETURN_NOT_OK(BenchBackends(options, &document, &text));
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto timings, TimeMainJob(options));
    document["main_job"] = MainJobJson(options, timings);
    text += "\n" + MainJobTable(options, timings);
  }
  return options.json ? base::CanonicalJson(document) : text;
}

}  // namespace emberharmony::cli
