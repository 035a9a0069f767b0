#include "emberharmony/cli/bench_transforms.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "emberharmony/base/regular_file.h"
#include "emberharmony/cli/bench_table.h"
#include "emberharmony/cli/child_process.h"
#include "emberharmony/cli/temporary_folder.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::cli {

namespace {

constexpr int64_t kRunReportBytesMax = int64_t{64} << 20;

constexpr std::string_view kNumericPlan = R"(version: 1
target: delay
features:
  - {columns: [distance], steps: [log1p, {scale: standard}]}
  - {columns: [price, load], steps: [{impute: mean}, sqrt, {scale: robust}]}
  - {columns: [departure], steps: [{cyclical: [hour, month]}]}
  - {columns: [distance, price, load], steps: [{impute: mean}, {scale: standard}, {pca: 2}]}
output: {dtype: float64}
)";

arrow::Status AddTransform(const std::string& folder, TransformTimings* timings) {
  const std::string output = folder + "/out";
  ARROW_RETURN_NOT_OK(
      RunThisProgram({"transform", folder + "/model", folder + "/trips.parquet", "-o", output,
                      "--overwrite", "-q", "--backend", timings->backend}));
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        base::ReadFile(output + "/run_report.json", kRunReportBytesMax));
  const auto report = nlohmann::json::parse(text);
  timings->wall_seconds.push_back(report.at("wall_seconds").get<double>());
  timings->cpu_seconds.push_back(report.at("cpu_seconds").get<double>());
  timings->num_rows = report.at("rows").get<int64_t>();
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::vector<TransformTimings>> TimeTransforms(
    const std::vector<std::string>& backends, int64_t num_rows, int64_t repetitions,
    const std::function<void(const std::string&)>& say) {
  ARROW_ASSIGN_OR_RAISE(const auto folder, TemporaryFolder::Make());
  const std::string source = folder->path() + "/trips.parquet";
  const std::string plan = folder->path() + "/plan.yaml";
  say(fmt::format("writing {} rows to {}", engine::ShownCount(num_rows), source));
  ARROW_RETURN_NOT_OK(WriteBenchTable(source, num_rows));
  std::ofstream(plan) << kNumericPlan;  // that it cannot be written fit tells
  ARROW_RETURN_NOT_OK(RunThisProgram({"fit", plan, source, "-o", folder->path() + "/model", "-q"}));
  std::vector<TransformTimings> all(backends.size());
  for (size_t i = 0; i < backends.size(); ++i) all[i].backend = backends[i];
  for (int64_t i = 0; i < repetitions; ++i) {
    for (TransformTimings& timings : all) {
      ARROW_RETURN_NOT_OK(AddTransform(folder->path(), &timings));
      say(fmt::format("transform {} of {} on {}: {}", i + 1, repetitions, timings.backend,
                      engine::ShownDuration(timings.wall_seconds.back())));
    }
  }
  return all;
}

}  // namespace emberharmony::cli
