#include "emberharmony/cli/status.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::cli {

namespace {

std::string DoneOf(int64_t done, int64_t total) {
  return total > 0 ? fmt::format("{} of {}", done, total) : fmt::format("{}", done);
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
  line("state", status.StateName());
  line("command", status.command);
  line("source", status.source);
  line("phase", status.phase);
  if (!is_complete && status.num_columns > 0)
    line("columns", DoneOf(status.columns_done, status.num_columns) + " learned");
  if (status.num_units > 0) {
    const std::string written = is_complete ? "" : " written";
    line("units", DoneOf(status.units_done, is_complete ? 0 : status.num_units) + written);
    line("rows", DoneOf(status.rows_done, is_complete ? 0 : status.num_rows) + written);
  }
  if (status.num_shards > 0) {
    line("shards", fmt::format("{}, {}", status.num_shards, base::FormatByteSize(status.bytes)));
  }
  if (status.has_earlier_output) line("earlier", "an output that the run is to replace");
  line("next", status.next);
  return text;
}

}  // namespace emberharmony::cli
