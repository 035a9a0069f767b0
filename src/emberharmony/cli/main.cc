// The `ember` command: reads options, calls the engine, turns its errors into messages and exit
// statuses.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/comma_list.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/cli/backends.h"
#include "emberharmony/cli/bench.h"
#include "emberharmony/cli/bigquery_options.h"
#include "emberharmony/cli/explanation_table.h"
#include "emberharmony/cli/inspection_table.h"
#include "emberharmony/cli/memory_guard.h"
#include "emberharmony/cli/parse_error.h"
#include "emberharmony/cli/plan_file.h"
#include "emberharmony/cli/progress_display.h"
#include "emberharmony/cli/serve_bigquery.h"
#include "emberharmony/cli/status.h"
#include "emberharmony/cli/summary.h"
#include "emberharmony/engine/explain.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony::cli {
namespace {

constexpr int kUsageStatus = 2;
constexpr int64_t kMaxPlanBytes = int64_t{1} << 20;

// What the command line says, as text.
struct Arguments {
  std::string source;
  std::optional<std::string> plan_path;
  std::string model;
  std::vector<std::string> models;
  std::string output;
  std::optional<std::string> target;
  std::optional<int64_t> seed;
  std::optional<int64_t> limit;
  std::optional<std::string> where;
  std::vector<std::string> columns;
  double high_null_threshold = 0.9;
  int64_t top_values = 5;
  bool json = false;
  std::optional<std::string> memory;
  std::string progress = "auto";
  std::optional<std::string> log_level;
  bool quiet = false;
  engine::RunOptions run;
  BigQueryArguments bigquery;
  BackendsOptions backends;
  BenchOptions bench;
  ServeOptions serve;
  StatusOptions status;
};

// The handler runs on any thread.
std::atomic<engine::RunContext*> g_interruptible{nullptr};
static_assert(decltype(g_interruptible)::is_always_lock_free);

void OnInterrupt(int) {
  if (engine::RunContext* context = g_interruptible.load()) context->RequestStop();
}

// Before a run can be asked to stop it has done nothing that would have to be kept or removed.
void OnEarlyInterrupt(int) {
  constexpr std::string_view kText = "ember: interrupted before anything was done\n";
  (void)!write(STDERR_FILENO, kText.data(), kText.size());
  _exit(static_cast<int>(base::ErrorKind::kInterrupted));
}

// A second signal ends the process at once.
void HandleInterrupts(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// A whole number of at least `min`. Beyond 64 bits CLI11 would take the nearest without a word.
CLI::Validator WholeNumber(int64_t min) {
  return CLI::Validator(
      [min](std::string& text) {
        int64_t number = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc() && stop == end && number >= min) return std::string();
        return fmt::format("expected a whole number from {} to {}, found '{}'", min,
                           std::numeric_limits<int64_t>::max(), text);
      },
      "");
}

void AddRunOptions(CLI::App* command, Arguments* arguments) {
  command
      ->add_option("--threads", arguments->run.num_threads,
                   "Threads (default: the cores the process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option(
          "--memory", arguments->memory,
          "Limit of resident memory, e.g. 1GiB; at least 128MiB (default: 3/4 of the machine's)")
      ->type_name("SIZE");
  command
      ->add_option("--batch-rows", arguments->run.batch_rows,
                   "Rows decoded at a time; shapes no result")
      ->type_name("N")
      ->check(WholeNumber(1))
      ->capture_default_str();
  const std::string name = command->get_name();
  const bool has_output = name != "inspect" && name != "plan" && name != "explain";
  command
      ->add_option("--spill-dir", arguments->run.spill_dir,
                   fmt::format("Folder for what does not fit in memory (default: {})",
                               has_output ? "inside the output" : "$TMPDIR, or /tmp"))
      ->type_name("DIR");
  command
      ->add_option("--backend", arguments->run.backend,
                   "Who computes numeric steps: auto, native, torch, mlx or another that 'ember "
                   "backends' tells of; auto is native, and for matrix steps an accelerator where "
                   "there is one")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--progress", arguments->progress, "How progress is shown on standard error")
      ->check(OneOf({"auto", "bar", "json", "none"}))
      ->capture_default_str();
  command
      ->add_option("--log-level", arguments->log_level,
                   "What is told on standard error: debug, info, warning, error or off (default: "
                   "warning; with -q error)")
      ->type_name("LEVEL");
  command->add_flag("-q,--quiet", arguments->quiet, "No progress and no summary; errors only");
}

void AddSourceOptions(CLI::App* command, Arguments* arguments) {
  CLI::Option* const source = command->add_option(
      "SOURCE", arguments->source,
      "Parquet, Arrow or CSV: a file, a folder, a glob, an address (s3://, gs://), or - for "
      "standard input; or bigquery://PROJECT/DATASET/TABLE");
  source->required();
  command
      ->add_option(
          "--where", arguments->where,
          "Only rows that pass this filter, e.g. \"delay > 60 AND origin IN ('SFO', 'OAK')\"")
      ->type_name("FILTER");
  command
      ->add_option("--limit", arguments->limit,
                   "Only the first ROWS rows, of those that pass --where")
      ->type_name("ROWS")
      ->check(WholeNumber(0));
  command
      ->add_option("--columns", arguments->columns,
                   "Only these columns; may be given again. A name with a comma goes into double "
                   "quotes, as in CSV: --columns 'id,\"city, country\"'")
      ->type_name("NAME,...")
      ->allow_extra_args(false);  // nor would it take [x] for a list
  AddBigQueryOptions(command, source, &arguments->bigquery);
}

CLI::Option* AddOutputOptions(CLI::App* command, Arguments* arguments, const char* what) {
  command->add_option("-o,--output", arguments->output, what)->type_name("DIR")->required();
  return command->add_flag("--overwrite", arguments->run.overwrite,
                           "Replace an earlier output of ember");
}

// Of commands that can go on where an earlier run was interrupted.
void AddResumableOutputOptions(CLI::App* command, Arguments* arguments, const char* what) {
  CLI::Option* const overwrite = AddOutputOptions(command, arguments, what);
  command
      ->add_flag("--resume", arguments->run.resume,
                 "Go on where the same run was interrupted; begin it where there is nothing to go "
                 "on from, and do nothing where the output is complete")
      ->excludes(overwrite);
}

void AddAutomaticPlanOptions(CLI::App* command, Arguments* arguments) {
  command
      ->add_option("--high-null-threshold", arguments->high_null_threshold,
                   "Automatic plan: drop columns with a larger share of nulls")
      ->check(CLI::Validator(
          [](std::string& text) {
            char* end = nullptr;
            const double share = std::strtod(text.c_str(), &end);
            const bool fits = end != text.c_str() && *end == '\0' && share >= 0 && share <= 1;
            return fits ? "" : "expected a share from 0 to 1, found '" + text + "'";
          },
          ""))
      ->capture_default_str();
}

void AddTargetAndSeed(CLI::App* command, Arguments* arguments) {
  command
      ->add_option("--target", arguments->target, "The column to predict: passed on as it is, last")
      ->type_name("COLUMN");
  command->add_option("--seed", arguments->seed, "Seed of the split; written into the model's plan")
      ->type_name("N")
      ->check(WholeNumber(std::numeric_limits<int64_t>::min()));
}

arrow::Result<engine::RunOptions> RunOptionsOf(const Arguments& arguments) {
  engine::RunOptions options = arguments.run;
  if (arguments.memory) {
    auto bytes = base::ParseByteSize(*arguments.memory);
    if (!bytes.ok()) return base::UsageError("--memory: " + bytes.status().message());
    options.memory_bytes = *bytes;
    if (options.memory_bytes == 0)
      return base::UsageError("--memory must be at least 128MiB, found 0");
  }
  return options;
}

arrow::Result<base::LogLevel> LogLevelOf(const Arguments& arguments) {
  if (!arguments.log_level) {
    return arguments.quiet ? base::LogLevel::kError : base::LogLevel::kWarning;
  }
  auto level = base::ParseLogLevel(*arguments.log_level);
  if (!level.ok()) return base::UsageError("--log-level: " + level.status().message());
  return level;
}

arrow::Result<engine::SourceRequest> SourceOf(const Arguments& arguments) {
  std::vector<std::string> columns;
  for (const std::string& list : arguments.columns) {
    auto names = base::ParseCommaList(list);
    if (!names.ok()) return base::UsageError("--columns: " + names.status().message());
    columns.insert(columns.end(), names->begin(), names->end());
  }
  return engine::SourceRequest{arguments.source, std::move(columns), arguments.limit,
                               arguments.where};
}

arrow::Result<engine::PlanRequest> PlanOf(const Arguments& arguments) {
  engine::PlanRequest request;
  request.target = arguments.target;
  request.seed = arguments.seed;
  request.high_null_threshold = arguments.high_null_threshold;
  if (arguments.plan_path) {
    if (arguments.plan_path->empty()) {
      return base::UsageError("the plan's name is empty; give the path of a plan");
    }
    arrow::Result<std::string> text = base::ReadFile(*arguments.plan_path, kMaxPlanBytes);
    if (text.status().IsCapacityError()) return base::UsageError(text.status().message());
    ARROW_ASSIGN_OR_RAISE(request.text, std::move(text));
    request.name = *arguments.plan_path;
    request.path = *arguments.plan_path;
  }
  return request;
}

arrow::Result<std::string> RunCommand(const std::string& command, const Arguments& arguments,
                                      engine::RunContext* context) {
  if (command == "merge") {
    ARROW_ASSIGN_OR_RAISE(auto report,
                          engine::RunMerge(arguments.models, arguments.output, context));
    return Summary(report);
  }
  ARROW_ASSIGN_OR_RAISE(const engine::SourceRequest source, SourceOf(arguments));
  if (command == "transform") {
    ARROW_ASSIGN_OR_RAISE(auto report,
                          engine::RunTransform(arguments.model, source, arguments.output, context));
    return Summary(report);
  }
  if (command == "inspect") {
    engine::InspectOptions options;
    options.top_values = arguments.top_values;
    options.high_null_threshold = arguments.high_null_threshold;
    ARROW_ASSIGN_OR_RAISE(auto inspection, engine::RunInspect(source, options, context));
    return arguments.json ? inspection.ToJson() : InspectionTable(inspection);
  }
  ARROW_ASSIGN_OR_RAISE(engine::PlanRequest plan, PlanOf(arguments));
  if (command == "explain") {
    ARROW_ASSIGN_OR_RAISE(auto explanation, engine::RunExplain(source, plan, context));
    return arguments.json ? explanation.ToJson() : ExplanationTable(explanation);
  }
  if (command == "plan") {
    if (!arguments.output.empty()) {
      ARROW_RETURN_NOT_OK(
          CheckPlanFile(arguments.output, arguments.source, arguments.run.overwrite));
    }
    ARROW_ASSIGN_OR_RAISE(std::string text, engine::RunPlan(source, plan, context));
    if (arguments.output.empty()) return text;
    ARROW_RETURN_NOT_OK(base::WriteFileAtomically(arguments.output, text));
    return fmt::format("the plan is in {}\n", arguments.output);
  }
  if (command == "fit") {
    ARROW_ASSIGN_OR_RAISE(auto report, engine::RunFit(source, plan, arguments.output, context));
    return Summary(report);
  }
  ARROW_ASSIGN_OR_RAISE(auto report, engine::RunExtract(source, plan, arguments.output, context));
  return Summary(report);
}

// "-" is standard output where one text is written, and else no name that anyone means.
arrow::Status CheckOutput(const std::string& command, Arguments* arguments) {
  if (arguments->output != "-") return arrow::Status::OK();
  if (command != "plan") {
    return base::UsageError(
        "-o -: a folder cannot be written to standard output; name one (./- for one called '-')");
  }
  arguments->output.clear();
  return arrow::Status::OK();
}

arrow::Status Run(const std::string& command, const Arguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(engine::RunOptions options, RunOptionsOf(arguments));
  ARROW_ASSIGN_OR_RAISE(const base::LogLevel log_level, LogLevelOf(arguments));
  std::optional<MemoryGuard> guard;
  if (options.memory_bytes == 0 || options.memory_bytes >= engine::kMemoryBytesMin) {
    MemoryGuard::Prepare(engine::MemoryLimitBytes(options));
    guard.emplace(engine::MemoryLimitBytes(options));
  }
  base::StartLogging(log_level);
  base::Log(base::LogLevel::kInfo, "ember {} {}", EMBER_VERSION, command);
  auto display = MakeProgressDisplay(arguments.quiet ? "none" : arguments.progress);
  ARROW_ASSIGN_OR_RAISE(auto context, engine::RunContext::Make(options, display.get()));
  g_interruptible = context.get();
  HandleInterrupts(OnInterrupt);
  arrow::Result<std::string> text = RunCommand(command, arguments, context.get());
  g_interruptible = nullptr;
  ARROW_RETURN_NOT_OK(text.status());
  const bool is_result = command == "inspect" || command == "explain" ||
                         (command == "plan" && arguments.output.empty());
  if (is_result) {
    fmt::print("{}", *text);
  } else if (!arguments.quiet) {
    fmt::print("{}", base::PrintableText(*text));
  }
  if (std::fflush(stdout) != 0) return base::DataError("cannot write to standard output");
  return arrow::Status::OK();
}

// Its runs are processes of their own, with limits of their own.
arrow::Status Bench(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, RunBench(options));
  fmt::print("{}", text);
  if (std::fflush(stdout) != 0) return base::DataError("cannot write to standard output");
  return arrow::Status::OK();
}

arrow::Status Backends(const BackendsOptions& options) {
  fmt::print("{}", DescribeAllBackends(options));
  if (std::fflush(stdout) != 0) return base::DataError("cannot write to standard output");
  return arrow::Status::OK();
}

arrow::Status Status(const StatusOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const engine::RunStatus status, engine::ReadRunStatus(options.folder));
  if (options.json) {
    fmt::print("{}", status.ToJson());
  } else {
    fmt::print("{}", base::PrintableText(StatusText(status)));
  }
  if (std::fflush(stdout) != 0) return base::DataError("cannot write to standard output");
  return arrow::Status::OK();
}

// Libraries throw, too: that ends a run as any failure does, with its folders cleaned up.
arrow::Status RunSafely(const std::string& command, Arguments* arguments) {
  try {
    if (command == "backends") return Backends(arguments->backends);
    if (command == "bench") return Bench(arguments->bench);
    if (command == "serve-bigquery") return Serve(arguments->serve);
    if (command == "status") return Status(arguments->status);
    ARROW_RETURN_NOT_OK(RegisterBigQuery(arguments->bigquery, &arguments->source));
    ARROW_RETURN_NOT_OK(CheckOutput(command, arguments));
    return Run(command, *arguments);
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
    return base::DataError(fmt::format("the run failed: {}", error.what()));
  }
}

// As it was given, or what it is by default.
std::string LimitText(const Arguments& arguments) {
  if (arguments.memory) return *arguments.memory;
  return base::FormatByteSize(engine::MemoryLimitBytes(arguments.run));
}

void DefineCommands(CLI::App* app, Arguments* arguments) {
  app->require_subcommand(1);
  CLI::App* inspect =
      app->add_subcommand("inspect", "Tell what is in each column of a table, from one pass");
  AddSourceOptions(inspect, arguments);
  AddAutomaticPlanOptions(inspect, arguments);
  inspect->add_option("--top", arguments->top_values, "Most frequent values told of each column")
      ->type_name("N")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  inspect->add_flag("--json", arguments->json, "A JSON document with all figures");
  AddRunOptions(inspect, arguments);
  inspect->footer(
      "Examples:\n  ember inspect flights.parquet\n"
      "  ember inspect 'logs/*.parquet' --columns status,bytes --json --memory 1GiB");

  CLI::App* plan = app->add_subcommand("plan", "Write an automatic plan for a table");
  AddSourceOptions(plan, arguments);
  AddTargetAndSeed(plan, arguments);
  AddAutomaticPlanOptions(plan, arguments);
  plan->add_option("-o,--output", arguments->output,
                   "Where to write the plan (default: standard output)")
      ->type_name("FILE")
      ->check(CLI::Validator(
          [](std::string& text) {
            return text.empty() ? std::string("the plan's file has no name") : std::string();
          },
          ""));
  plan->add_flag("--overwrite", arguments->run.overwrite, "Replace an earlier plan");
  AddRunOptions(plan, arguments);
  plan->footer("Example:\n  ember plan flights.parquet --target delay -o plan.yaml");

  CLI::App* explain = app->add_subcommand(
      "explain",
      "Tell what a run of a plan would do, before it is run: passes, bytes, memory, output");
  explain->add_option("PLAN", arguments->plan_path, "A plan (YAML)")->required();
  AddSourceOptions(explain, arguments);
  AddTargetAndSeed(explain, arguments);
  explain->add_flag("--json", arguments->json, "A JSON document with all figures");
  explain->add_flag("--content-checksum", arguments->run.content_checksum,
                    "Of a run with --content-checksum");
  AddRunOptions(explain, arguments);
  explain->footer(
      "Reads what opening the source reads, and of columns whose distinct values are counted\n"
      "(one_hot, vocabulary, most_frequent) the first rows: those of one unit, at most 524,288.\n"
      "A one_hot that is certain to make more than max_categories columns ends with status 2.\n\n"
      "Examples:\n  ember explain plan.yaml flights.parquet\n"
      "  ember explain plan.yaml 's3://bucket/2024/*.parquet' --memory 1GiB --threads 8 --json");

  CLI::App* fit =
      app->add_subcommand("fit", "Learn what a plan needs from a table; write the model directory");
  fit->add_option("PLAN", arguments->plan_path, "A plan (YAML)")->required();
  AddSourceOptions(fit, arguments);
  AddResumableOutputOptions(fit, arguments, "The model directory to write");
  AddTargetAndSeed(fit, arguments);
  AddRunOptions(fit, arguments);
  fit->footer(
      "Examples:\n  ember fit plan.yaml flights.parquet -o model\n"
      "  ember fit plan.yaml flights.parquet -o model --resume");

  CLI::App* transform = app->add_subcommand("transform", "Apply a model to all rows of a table");
  transform->add_option("MODEL", arguments->model, "A model directory")->required();
  AddSourceOptions(transform, arguments);
  AddResumableOutputOptions(transform, arguments, "The folder to write to");
  transform->add_flag("--content-checksum", arguments->run.content_checksum,
                      "Add order-independent checksums of the content to the manifest");
  AddRunOptions(transform, arguments);
  transform->footer(
      "Examples:\n  ember transform model 'new/*.parquet' -o features\n"
      "  ember transform model 'new/*.parquet' -o features --resume");

  CLI::App* extract = app->add_subcommand("extract", "Plan, fit, split and transform in one go");
  AddSourceOptions(extract, arguments);
  AddResumableOutputOptions(extract, arguments, "The folder to write to");
  extract->add_option("--plan", arguments->plan_path, "A plan (default: an automatic one)")
      ->type_name("FILE");
  AddTargetAndSeed(extract, arguments);
  AddAutomaticPlanOptions(extract, arguments);
  extract->add_flag("--content-checksum", arguments->run.content_checksum,
                    "Add order-independent checksums of the content to the manifest");
  extract->add_flag("--keep-state", arguments->run.keep_state, "Keep what merging models needs");
  AddRunOptions(extract, arguments);
  extract->footer(
      "Examples:\n  ember extract flights.parquet -o out --target delay\n"
      "  ember extract data/ -o out --plan plan.yaml --memory 1GiB\n"
      "  ember extract flights.parquet -o late --where \"delay > 60 AND origin != 'SFO'\"\n"
      "  ember extract data/ -o out --plan plan.yaml --memory 2GiB --resume\n\n"
      "A run that is interrupted keeps what is done in DIR/.ember: `ember status DIR` tells how\n"
      "far it is, and the same command with --resume goes on, with the same bytes in the end.\n"
      "Threads and memory may differ.");

  CLI::App* merge =
      app->add_subcommand("merge", "One model from the fits of disjoint parts of a table");
  merge->add_option("MODEL", arguments->models, "Model directories with their state")->required();
  AddOutputOptions(merge, arguments, "The model directory to write");
  AddRunOptions(merge, arguments);
  merge->footer("Example:\n  ember merge monday tuesday wednesday -o week");

  AddStatusCommand(app, &arguments->status);
  AddBackendsCommand(app, &arguments->backends);
  AddBenchCommand(app, &arguments->bench);
  AddServeCommand(app, &arguments->serve);
}

// All that this program says of an error: names and libraries' messages may hold bytes from data.
void PrintError(const std::string& message) {
  fmt::print(stderr, "ember: {}\n", base::PrintableText(message));
}

int Main(int argc, char** argv) {
  HandleInterrupts(OnEarlyInterrupt);
  MemoryGuard::Prepare(0);
  // Memory outside the run's budget comes from malloc, too: mimalloc would keep what was freed.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", /*overwrite=*/0);
  Arguments arguments;
  CLI::App app("Terabyte tables in, model-ready tensors out: on one machine, in bounded memory.",
               "ember");
  app.set_version_flag("--version", std::string("ember ") + EMBER_VERSION);
  DefineCommands(&app, &arguments);
  const bool names_command = argc > 1 && argv[1][0] != '-';
  const std::string unknown = names_command ? UnknownCommandText(app, argv[1]) : "";
  if (!unknown.empty()) {
    PrintError(unknown + "\nRun 'ember --help' for the commands.");
    return kUsageStatus;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    PrintError(fmt::format(
        "{}\nRun 'ember {}--help' for the options.", ParseErrorText(app, error),
        app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " "));
    return kUsageStatus;
  }
  const arrow::Status status = RunSafely(app.get_subcommands()[0]->get_name(), &arguments);
  io::CloseObjectStores();
  if (status.ok()) return 0;
  const base::ErrorKind kind = base::KindOf(status);
  const std::string limit = kind == base::ErrorKind::kMemory
                                ? fmt::format(" (--memory is {})", LimitText(arguments))
                                : "";
  PrintError(status.message() + limit);
  return static_cast<int>(kind);
}

}  // namespace
}  // namespace emberharmony::cli

int main(int argc, char** argv) { return emberharmony::cli::Main(argc, argv); }
