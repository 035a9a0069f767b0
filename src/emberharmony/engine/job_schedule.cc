#include "emberharmony/engine/job_schedule.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "emberharmony/engine/unit_jobs.h"

namespace emberharmony::engine {

std::vector<int> ByDescendingBytes(const io::Source& source, std::vector<int> columns) {
  std::map<int, int64_t> bytes;
  for (int column : columns) {
    for (const io::Unit& unit : source.units())
      bytes[column] += source.Hint(unit, column).compressed_bytes;
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [&](int a, int b) { return bytes[a] > bytes[b]; });
  return columns;
}

arrow::Status RunJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs, const io::Source& source,
                      const SplitVectors& splits, RunContext* context) {
  if (!source.columns_independent()) return RunUnitJobs(jobs, source, splits, context);
  return RunColumnJobs(jobs, static_cast<int64_t>(source.units().size()), context);
}

}  // namespace emberharmony::engine
