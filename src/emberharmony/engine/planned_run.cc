#include "emberharmony/engine/planned_run.h"

#include <algorithm>

#include "emberharmony/base/saturating.h"

namespace emberharmony::engine {

namespace {

// Beyond this share of rows with values of their own distinct values go on growing with the rows.
constexpr double kGrowingShare = 0.05;

}  // namespace

std::vector<int> PlannedRun::transformed_columns() const {
  std::vector<int> columns;
  const plan::BoundPlan& bound = given.bound;
  for (size_t i = 0; i < bound.pipelines.size(); ++i) {
    // A pipeline that has yet to learn its columns has some.
    if (bound.pipelines[i]->learned() && bound.pipelines[i]->outputs().empty()) continue;
    columns.push_back(bound.source_columns[i]);
  }
  if (bound.target_column >= 0) columns.push_back(bound.target_column);
  return columns;
}

bool PlannedRun::sees_training_rows() const {
  return reading.only_split <= 0 || given.required_column().has_value();
}

bool PlannedRun::KeepsGrowing(const SampledValues& seen) {
  return static_cast<double>(seen.num_distinct) >= kGrowingShare * static_cast<double>(seen.count);
}

double PlannedRun::growth(const SampledValues& seen) const {
  if (sample.is_whole_source || seen.count == 0) return 1;
  const double rows = static_cast<double>(source().num_rows()) /
                      static_cast<double>(std::max<int64_t>(1, sample.num_rows));
  return KeepsGrowing(seen) ? rows : std::min(rows, 2.0);
}

int64_t ReadBytes(const io::Source& source, const std::vector<int>& columns) {
  if (columns.empty()) return 0;
  int64_t bytes = 0;
  for (const io::Unit& unit : source.units()) {
    if (!source.columns_independent()) {
      bytes = base::SaturatingAdd(bytes, unit.bytes);
      continue;
    }
    for (const int column : columns) {
      bytes = base::SaturatingAdd(bytes, source.Hint(unit, column).compressed_bytes);
    }
  }
  return bytes;
}

}  // namespace emberharmony::engine
