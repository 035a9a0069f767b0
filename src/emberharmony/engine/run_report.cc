#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/report_html.h"
#include "emberharmony/engine/run_report_internal.h"
#include "emberharmony/engine/warnings.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony::engine {

namespace internal {

void Stopwatch::Read(RunReport* report) const {
  report->wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  report->cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

RunReport BeginReport(const std::string& command, const SourceRequest& request,
                      const RequestedSource& requested, const std::string& output,
                      const RunContext& context) {
  const io::Source& source = *requested.selected;
  RunReport report;
  report.command = command;
  report.source = io::ShownLocation(request.location);
  report.where = request.where;
  report.why_no_rows = WhyNoRows(request, requested);
  report.output = output;
  report.num_threads = context.num_threads();
  report.memory_limit_bytes = context.memory_limit_bytes();
  report.num_rows = source.num_rows();
  report.num_units = static_cast<int64_t>(source.units().size());
  report.source_bytes = source.num_bytes();
  report.source_schema = source.schema();
  report.warnings = source.warnings();
  return report;
}

void FinishReport(const Stopwatch& stopwatch, RunContext* context, RunReport* report) {
  stopwatch.Read(report);
  report->peak_resident_bytes = base::PeakResidentBytes();
  report->phases = context->progress()->phase_times();
  report->backend = context->backends().Use();
  for (const ShardEntry& shard : report->manifest.shards) report->output_bytes += shard.bytes;
  const std::vector<std::string> warnings = DeriveWarnings(*report);
  for (const std::string& warning : warnings) {
    base::Log(base::LogLevel::kWarning, "{}", warning);
  }
  report->warnings.insert(report->warnings.end(), warnings.begin(), warnings.end());
  if (report->num_units_found > 0) {
    report->warnings.push_back(fmt::format(
        "the run went on from one that was interrupted: the report's charts leave out the rows of "
        "{} of {} units, which were written before",
        report->num_units_found, report->num_units));
  }
}

arrow::Status WriteReports(const RunReport& report, const std::string& folder) {
  const base::Activity activity("report");
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically(folder + "/run_report.json", report.ToJson()));
  return base::WriteFileAtomically(folder + "/report.html", ReportHtml(report));
}

}  // namespace internal

std::string RunReport::ToJson() const {
  nlohmann::json json;
  json["version"] = 1;
  json["command"] = command;
  json["source"] = source;
  if (where) json["where"] = *where;
  json["threads"] = num_threads;
  json["memory_limit_bytes"] = memory_limit_bytes;
  json["peak_resident_bytes"] = peak_resident_bytes;
  json["rows"] = num_rows;
  json["dropped_rows"] = num_dropped_rows;
  json["units"] = num_units;
  json["source_bytes"] = source_bytes;
  json["output_bytes"] = output_bytes;
  json["wall_seconds"] = wall_seconds;
  json["cpu_seconds"] = cpu_seconds;
  json["warnings"] = warnings;
  json["backend"] = backend;
  if (request) json["request"] = request->ToJson();
  if (num_units_found > 0) json["units_found"] = num_units_found;
  json["phases"] = nlohmann::json::array();
  for (const Progress::PhaseTime& phase : phases) {
    json["phases"].push_back({{"phase", phase.phase},
                              {"wall_seconds", phase.wall_seconds},
                              {"cpu_seconds", phase.cpu_seconds},
                              {"rows", phase.rows},
                              {"bytes", phase.bytes}});
  }
  return base::CanonicalJson(json);
}

}  // namespace emberharmony::engine
