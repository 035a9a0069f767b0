#include "emberharmony/cli/status.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::cli {

namespace {

std::string DoneOf(int64_t done, int64_t total) {
  return total > 0 ? fmt::format("{} of {}", done, total) : fmt::format("{}", done);
}

// A phase by its name in progress and reports, for people.
std::string PhaseText(const std::string& phase) {
  static const std::map<std::string, std::string> kTexts = {
      {"check", "what is kept is looked at"},
      {"ask", "the service is asked for rows"},
      {"count values", "the service counts the values of unit_column"},
      {"download", "rows are downloaded"},
      {"filter", "rows that pass --where are found"},
      {"drop", "rows without a target are found"},
      {"cuts", "the time split's cuts are found"},
      {"split", "rows are split"},
      {"detect", "columns are looked at, and learned from"},
      {"fit", "columns and steps on whole rows learn"},
      {"rows", "steps on whole rows are applied"},
      {"save", "the model is saved"},
      {"transform", "features are written"},
      {"verify", "checksums of what is written"},
      {"report", "the report is written"}};
  const auto found = kTexts.find(phase);
  return found == kTexts.end() ? phase : fmt::format("{}: {}", phase, found->second);
}

std::string EndText(const std::string& ended_by) {
  if (ended_by == "stopped") return "stopped on request";
  if (ended_by == "memory") return "by the memory limit";
  if (ended_by == "error") return "by an error of a disk, the source or a service";
  return ended_by;
}

}  // namespace

void AddStatusCommand(CLI::App* app, StatusOptions* options) {
  CLI::App* status = app->add_subcommand(
      "status", "Tell how far the run into a folder is, or was when it was interrupted");
  status->add_option("DIR", options->folder, "The folder that the run writes to (its -o)")
      ->required();
  status->add_flag("--json", options->json, "A JSON document");
  status->footer(
      "Changes nothing; a run in progress is not disturbed.\n\n"
      "Examples:\n  ember status out\n  ember status out --json");
}

std::string StatusText(const engine::RunStatus& status) {
  using State = engine::RunStatus::State;
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<9} {}\n", name, engine::ShownText(value));
  };
  const bool is_complete = status.state == State::kComplete || status.state == State::kDamaged;
  const std::string written = is_complete ? "" : " written";
  line("state", status.StateName());
  line("ended", EndText(status.ended_by));
  line("command", status.command);
  line("source", status.source);
  line("phase", PhaseText(status.phase));
  const auto learned = [&](const char* name, int64_t done, int64_t total) {
    if (total == 0) return;
    line(name, DoneOf(done, is_complete && done == total ? 0 : total) + " learned");
  };
  learned("columns", status.columns_done, status.num_columns);
  learned("row steps", status.row_steps_done, status.num_row_steps);
  if (status.rows_learned) line("training", fmt::format("{} rows", *status.rows_learned));
  if (status.num_units > 0 && status.writes_rows()) {
    line("units", DoneOf(status.units_done, is_complete ? 0 : status.num_units) + written);
    line("rows", DoneOf(status.rows_done, is_complete ? 0 : status.num_rows) + written);
  } else if (status.num_units > 0) {
    line("rows", fmt::format("{} in {} units to learn from", status.num_rows, status.num_units));
  }
  if (status.num_shards > 0) {
    line("shards", fmt::format("{}, {}", status.num_shards, base::FormatByteSize(status.bytes)));
  }
  if (status.has_earlier_output) line("earlier", "an output that the run is to replace");
  line("next", status.next);
  return text;
}

}  // namespace emberharmony::cli
