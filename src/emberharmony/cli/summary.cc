#include "emberharmony/cli/summary.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <set>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/plural.h"

namespace emberharmony::cli {

namespace {

bool WritesTarget(const engine::RunReport& report) {
  // Without a source what a model would write of a table like its own is told.
  if (report.source_schema == nullptr) return true;
  auto binding = report.model->Bind(*report.source_schema);
  return binding.ok() && binding->target_column >= 0;
}

// A step counts once for each column that it takes by itself.
int64_t NumSteps(const plan::FittedPlan& model) {
  int64_t num_steps = 0;
  for (const auto& pipeline : model.pipelines())
    num_steps += static_cast<int64_t>(pipeline->specs().size());
  for (const plan::BoundRowStep& row_step : model.row_steps()) {
    ++num_steps;
    for (const auto& input : row_step.inputs) {
      // A column that goes in as it is passes through a step that no plan has.
      const bool is_plain = input->specs().size() == 1 && input->specs()[0].name == "passthrough";
      if (!is_plain) num_steps += static_cast<int64_t>(input->specs().size());
    }
  }
  return num_steps;
}

}  // namespace

std::string Summary(const engine::RunReport& report) {
  std::string text;
  auto line = [&](const std::string& s) { text += s + "\n"; };
  if (report.was_complete) {
    line(fmt::format(
        "{} is complete already: {}", report.output,
        report.command == "fit"
            ? "nothing was left to do; a model does not tell from which rows it was learned: "
              "--overwrite learns anew"
            : "nothing was left to do"));
    return text;
  }
  if (report.num_units_found > 0) {
    line(fmt::format("went on from an interrupted run, which had written {} of {}",
                     report.num_units_found, base::Counted(report.num_units, "unit")));
  }
  if (report.num_units > 0 || report.num_rows > 0) {
    line(fmt::format("{} in {} read from {}", base::Counted(report.num_rows, "row"),
                     base::Counted(report.num_units, "unit"), report.source));
  }
  if (report.num_dropped_rows > 0) {
    line(fmt::format("{} of them {} no target and {} left out", report.num_dropped_rows,
                     report.num_dropped_rows == 1 ? "has" : "have",
                     report.num_dropped_rows == 1 ? "is" : "are"));
  }
  if (report.model != nullptr) {
    const auto outputs = report.model->output_schema(WritesTarget(report));
    const int64_t num_steps = NumSteps(*report.model);
    std::set<std::string> columns;  // of the table: what row-wise steps yield is none of it
    for (const plan::FeatureSpec& feature : report.model->plan().features)
      columns.insert(feature.columns.begin(), feature.columns.end());
    const bool matrix = report.model->plan().layout == plan::Layout::kMatrix;
    line(fmt::format("{} on {} {} {}{}", base::Counted(num_steps, "step"),
                     base::Counted(static_cast<int64_t>(columns.size()), "column"),
                     num_steps == 1 ? "gives" : "give",
                     base::Counted(outputs->num_fields(), "output column"),
                     matrix ? ", those of features in one matrix" : ""));
  }
  for (const char* name : {"train", "validation", "test", "all"}) {
    auto found = report.manifest.splits.find(name);
    if (found == report.manifest.splits.end()) continue;
    line(fmt::format("  {:<10} {:>12} {}{}", name, found->second.num_rows,
                     base::Plural(found->second.num_rows, "row"),
                     found->second.content_checksum.empty()
                         ? ""
                         : "  checksum " + found->second.content_checksum));
  }
  line(fmt::format("{:.2f} s wall, {:.2f} s CPU, {} peak memory{}", report.wall_seconds,
                   report.cpu_seconds, base::FormatByteSize(report.peak_resident_bytes),
                   report.output_bytes > 0
                       ? ", " + base::FormatByteSize(report.output_bytes) + " written"
                       : ""));
  if (report.command == "extract") {
    line(fmt::format(
        "look at {0}/report.html; the model is in {0}/model, what was written in {0}/manifest.json",
        report.output));
  } else if (report.command == "transform") {
    line(fmt::format("look at {0}/report.html; what was written is in {0}/manifest.json",
                     report.output));
  } else {
    line(fmt::format("the model is in {0}; apply it with: ember transform {0} SOURCE -o DIR",
                     report.output));
  }
  return text;
}

}  // namespace emberharmony::cli
