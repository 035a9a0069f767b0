#include "emberharmony/cli/summary.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::cli {

namespace {

bool WritesTarget(const engine::RunReport& report) {
  if (report.source_schema == nullptr) return false;
  auto binding = report.model->Bind(*report.source_schema);
  return binding.ok() && binding->target_column >= 0;
}

}  // namespace

std::string Summary(const engine::RunReport& report) {
  std::string text;
  auto line = [&](const std::string& s) { text += s + "\n"; };
  if (report.num_units > 0 || report.num_rows > 0) {
    line(fmt::format("{} rows in {} units read from {}", report.num_rows, report.num_units,
                     report.source));
  }
  if (report.num_dropped_rows > 0) {
    line(fmt::format("{} of them have no target and are left out", report.num_dropped_rows));
  }
  if (report.model != nullptr) {
    const auto outputs = report.model->output_schema(WritesTarget(report));
    line(fmt::format("{} steps on {} columns give {} output columns",
                     report.model->pipelines().size(), report.model->input_schema()->num_fields(),
                     outputs->num_fields()));
  }
  for (const char* name : {"train", "validation", "test", "all"}) {
    auto found = report.manifest.splits.find(name);
    if (found == report.manifest.splits.end()) continue;
    line(fmt::format("  {:<10} {:>12} rows{}", name, found->second.num_rows,
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
