#include "emberharmony/engine/extract.h"

#include <utility>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/table_request_internal.h"

namespace emberharmony::engine {

arrow::Result<ExtractSummary> Extract(const std::optional<std::string>& plan,
                                      const TableInput& table, const std::string& output,
                                      const FitOptions& options) {
  return internal::ResultOf([&]() -> arrow::Result<ExtractSummary> {
    ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options.run, nullptr));
    ARROW_ASSIGN_OR_RAISE(const SourceRequest source, internal::RequestOf(table, options));
    ARROW_ASSIGN_OR_RAISE(RunReport report, RunExtract(source, internal::RequestOf(plan, options),
                                                       output, context.get()));
    ExtractSummary summary;
    summary.num_rows = report.num_rows;
    summary.num_dropped_rows = report.num_dropped_rows;
    for (const auto& [name, split] : report.manifest.splits) {
      summary.split_rows[name] = split.num_rows;
    }
    summary.warnings = std::move(report.warnings);
    return summary;
  });
}

}  // namespace emberharmony::engine
