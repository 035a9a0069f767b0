#include "emberharmony/engine/planned_run.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>

#include "emberharmony/base/saturating.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/transform_memory.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {

namespace {

// Beyond this share of rows with values of their own distinct values go on growing with the rows.
constexpr double kGrowingShare = 0.05;

// Strings that are written as they are read, plain, wait until their row group is full: the values,
// pages of them, and those compressed.
int64_t WaitingStringBytes(const arrow::DataType& type, const io::Unit& unit,
                           const io::ColumnHint& hint) {
  constexpr int64_t kCopies = 3;
  if (!arrow::is_base_binary_like(type.id()) || hint.dictionary_encoded) return 0;
  const auto parts = static_cast<int64_t>(std::max<size_t>(1, unit.row_groups.size()));
  return kCopies * std::min(base::SaturatingMultiply(hint.largest_part_bytes, parts),
                            io::RowGroupCutter::kMaxBytes);
}

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

std::map<int, ColumnFacts> ColumnFactsOf(const io::Source& source,
                                         const std::vector<int>& columns) {
  std::map<int, ColumnFacts> facts;
  for (const int column : columns) facts[column] = {};
  // Unit by unit: hints of a unit come from one footer.
  for (const io::Unit& unit : source.units()) {
    for (auto& [column, of_column] : facts) {
      const io::ColumnHint hint = source.Hint(unit, column);
      of_column.stored_bytes = base::SaturatingAdd(of_column.stored_bytes, hint.compressed_bytes);
      of_column.scan_bytes =
          std::max(of_column.scan_bytes,
                   base::SaturatingAdd(unit.num_rows, ScanBytes(source, unit, column)));
      const int64_t strings =
          WaitingStringBytes(*source.schema()->field(column)->type(), unit, hint);
      of_column.write_bytes =
          std::max(of_column.write_bytes,
                   base::SaturatingAdd(strings, GroupTaskBytes(source, unit, column)));
    }
  }
  return facts;
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
