#include "emberharmony/engine/run_status.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/complete_output.h"
#include "emberharmony/engine/learning_counts.h"
#include "emberharmony/engine/output_contents_internal.h"
#include "emberharmony/engine/output_publication_internal.h"
#include "emberharmony/engine/run_ledger.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kStatusBytesMax = int64_t{4} << 30;

// Whether a process holds the folder's lock.
arrow::Result<bool> IsLocked(const std::string& folder) {
  const std::string path = folder + "/" + internal::kScratchName + "/" + internal::kLockName;
  const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0 && (errno == EACCES || errno == EPERM)) {
    return base::DataError(
        fmt::format("cannot read '{}': {}", path, std::generic_category().message(errno)));
  }
  if (descriptor < 0) return false;
  const bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return locked;
}

arrow::Status ReadComplete(const std::string& folder, RunStatus* status) {
  const auto budget = base::MemoryBudget::MakeRoot("status", kStatusBytesMax);
  ARROW_ASSIGN_OR_RAISE(const CompleteOutput output,
                        ReadCompleteOutput(folder, {.budget = budget.get(), .spill_dir = ""}));
  status->state = RunStatus::State::kComplete;
  status->next = "nothing: the output is complete";
  if (internal::HasScratch(folder)) {
    status->next =
        "nothing: the output is complete; of a later run, which had not begun, there is '.ember', "
        "which --resume clears away";
  }
  if (!output.damage.empty()) {
    status->state = RunStatus::State::kDamaged;
    status->next = output.damage + ": run the command with --overwrite to make the output again";
  }
  status->command = output.command;
  if (output.model != nullptr) {
    const LearningCounts counts =
        CountLearning(output.model->pipelines(), output.model->row_steps());
    status->columns_done = counts.learned_columns;
    status->num_columns = counts.columns;
    status->row_steps_done = counts.learned_row_steps;
    status->num_row_steps = counts.row_steps;
    status->rows_learned = output.num_learned_rows;
  }
  status->knows_learning = output.model != nullptr || status->command == "transform";
  if (!status->writes_rows()) return arrow::Status::OK();
  status->knows_rows = true;
  for (const auto& [name, split] : output.manifest.splits) status->rows_done += split.num_rows;
  std::set<int64_t> units;
  for (const ShardEntry& shard : output.manifest.shards) units.insert(shard.unit);
  status->bytes = output.bytes;
  status->num_shards = static_cast<int64_t>(output.manifest.shards.size());
  status->num_rows = status->rows_done;
  status->num_units = status->units_done = static_cast<int64_t>(units.size());
  return arrow::Status::OK();
}

void ReadLedger(const LedgerContents& ledger, RunStatus* status) {
  status->command = ledger.command;
  status->source = ledger.source;
  status->phase = ledger.phase;
  status->can_continue = ledger.request.has_lasting_source;
  status->num_columns = ledger.num_columns;
  status->num_row_steps = ledger.num_row_steps;
  const bool has_model = ledger.model_digest.has_value();
  // A plan whose steps learn nothing is known by its model.
  status->knows_learning = has_model || ledger.num_columns > 0 || ledger.num_row_steps > 0 ||
                           status->command == "transform";
  const auto done = [&](const std::set<int64_t>& learned, int64_t total) {
    return has_model ? total : std::min(total, static_cast<int64_t>(learned.size()));
  };
  status->columns_done = done(ledger.learned_columns, ledger.num_columns);
  status->row_steps_done = done(ledger.learned_row_steps, ledger.num_row_steps);
  status->num_units = ledger.num_units;
  status->num_rows = ledger.num_rows;
  status->knows_rows = ledger.num_units > 0;
  status->units_done = static_cast<int64_t>(ledger.units.size());
  for (const auto& [unit, shards] : ledger.units) {
    for (const LedgerShard& shard : shards) {
      status->rows_done += shard.num_rows;
      status->bytes += shard.bytes;
      ++status->num_shards;
    }
  }
}

std::string NextOf(const RunStatus& status, bool has_ledger, bool only_publish) {
  if (status.state == RunStatus::State::kRunning) return "nothing: a process is at work on it";
  if (only_publish) {
    return "the output is complete, but not in its place yet: run the same command with --resume";
  }
  if (status.ended_by == "memory" && status.can_continue) {
    return "run the same command with --resume and a higher --memory to go on, or with --overwrite "
           "to start over";
  }
  if (!has_ledger) {
    return "nothing was done yet: run the command with --overwrite or --resume, which begins it";
  }
  if (!status.can_continue) {
    return "rows of standard input and in memory cannot be told to be the same again: --resume or "
           "--overwrite begins anew";
  }
  return "run the same command with --resume to go on, or with --overwrite to start over";
}

arrow::Result<RunStatus> LookAtRun(const std::string& folder) {
  std::error_code error;
  const fs::file_status found = fs::status(folder, error);
  if (found.type() == fs::file_type::none)
    return base::DataError(fmt::format("cannot read '{}': {}", folder, error.message()));
  if (!fs::exists(found)) {
    return base::DataError(
        fmt::format("'{}' does not exist; give the folder that a run writes to (its -o)", folder));
  }
  if (!fs::is_directory(found)) {
    return base::UsageError(
        fmt::format("'{}' is a file; give the folder that a run writes to (its -o)", folder));
  }
  RunStatus status;
  status.folder = folder;
  ARROW_ASSIGN_OR_RAISE(const bool has_manifest, FindRegularFile(folder + "/manifest.json"));
  ARROW_ASSIGN_OR_RAISE(const bool has_model, FindRegularFile(folder + "/model.json"));
  const bool is_complete = has_manifest || has_model;
  const bool has_scratch = internal::HasScratch(folder);
  if (!has_scratch && !is_complete) {
    return base::UsageError(fmt::format(
        "'{}' holds no output of ember, complete or not; give the folder that a run writes to "
        "(its -o)",
        folder));
  }
  if (!has_scratch) {
    ARROW_RETURN_NOT_OK(ReadComplete(folder, &status));
    return status;
  }
  ARROW_ASSIGN_OR_RAISE(const bool running, IsLocked(folder));
  ARROW_ASSIGN_OR_RAISE(const auto ledger, RunLedger::Read(internal::LedgerPath(folder)));
  ARROW_ASSIGN_OR_RAISE(const bool only_publish, FindRegularFile(internal::CompletePath(folder)));
  // A run that was killed before its ledger had a line has not begun.
  if (is_complete && !running && !ledger && !only_publish) {
    ARROW_RETURN_NOT_OK(ReadComplete(folder, &status));
    return status;
  }
  status.state = running ? RunStatus::State::kRunning : RunStatus::State::kInterrupted;
  status.has_earlier_output = is_complete;
  if (ledger) ReadLedger(*ledger, &status);
  if (!running) status.ended_by = ledger && !ledger->end.empty() ? ledger->end : "killed";
  if (!running && (status.ended_by == "memory" || status.ended_by == "error"))
    status.state = RunStatus::State::kFailed;
  status.next = NextOf(status, ledger.has_value(), only_publish);
  if (!running && internal::HasStrayCompletion(folder))
    status.next = internal::DescribeStrayCompletion(folder);
  return status;
}

}  // namespace

std::string RunStatus::StateName() const {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kInterrupted:
      return "interrupted";
    case State::kFailed:
      return "failed";
    case State::kDamaged:
      return "damaged";
    case State::kComplete:
      break;
  }
  return "complete";
}

std::string RunStatus::ToJson() const {
  nlohmann::json json = {{"version", 1},
                         {"state", StateName()},
                         {"folder", folder},
                         {"command", command},
                         {"columns_done", columns_done},
                         {"row_steps_done", row_steps_done},
                         {"shards", num_shards},
                         {"bytes", bytes},
                         {"next", next}};
  const auto optional = [&](const char* name, std::optional<int64_t> value) {
    json[name] = value ? nlohmann::json(*value) : nlohmann::json();
  };
  optional("units_done", writes_rows() ? std::optional(units_done) : std::nullopt);
  optional("rows_done", writes_rows() ? std::optional(rows_done) : std::nullopt);
  optional("rows_learned", rows_learned);
  optional("columns", knows_learning ? std::optional(num_columns) : std::nullopt);
  optional("row_steps", knows_learning ? std::optional(num_row_steps) : std::nullopt);
  optional("units", knows_rows ? std::optional(num_units) : std::nullopt);
  optional("rows", knows_rows ? std::optional(num_rows) : std::nullopt);
  if (state != State::kComplete && state != State::kDamaged) {
    json["source"] = source;
    json["phase"] = phase;
    json["ended_by"] = ended_by;
    json["can_continue"] = can_continue;
    json["has_earlier_output"] = has_earlier_output;
  }
  return base::CanonicalJson(json);
}

arrow::Result<RunStatus> ReadRunStatus(const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(RunStatus status, LookAtRun(folder));
  // A run that put its output in place meanwhile has taken files away that the old manifest names.
  if (status.state == RunStatus::State::kDamaged) return LookAtRun(folder);
  return status;
}

}  // namespace emberharmony::engine
