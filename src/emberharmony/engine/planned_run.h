#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "emberharmony/engine/category_sample.h"
#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_reading.h"

namespace emberharmony::engine {

/// What the source's hints say of a column, over all units.
struct ColumnFacts {
  int64_t stored_bytes = 0;  ///< as it is stored
  int64_t scan_bytes = 0;    ///< of memory, that reading a unit of it takes at most (ScanBytes)
  int64_t write_bytes = 0;   ///< that transforming a unit of it takes at most (GroupTaskBytes)
};

/// A run that has not begun: what forecasts are made from. All of it outlives the forecasts.
struct PlannedRun {
  const RequestedSource& requested;
  const GivenPlan& given;
  const CategorySample& sample;
  SplitReading reading;
  std::map<int, ColumnFacts> facts;  ///< of the columns that are learned from or transformed
  RunContext* context;

  const io::Source& source() const { return *requested.selected; }
  const plan::Plan& plan() const { return given.plan; }
  /// The columns that pipelines transform and the target, in the order of the output, once for each
  /// time that they are read.
  std::vector<int> transformed_columns() const;
  /// Whether the run learns from rows at all: not so when all of them are known to be in another
  /// split.
  bool sees_training_rows() const;
  /// Whether further rows go on bringing values that were not seen before.
  static bool KeepsGrowing(const SampledValues& seen);
  /// How many times as many distinct values as the sample's the whole source is taken to have: of a
  /// column that repeats itself twice as many, else as many more as there are rows.
  double growth(const SampledValues& seen) const;
};

/// The facts of these columns of a source.
std::map<int, ColumnFacts> ColumnFactsOf(const io::Source& source, const std::vector<int>& columns);

/// What reading these columns of all units takes of the source, as it is stored, in bytes. Whatever
/// tells or bills what a pass costs starts here.
int64_t ReadBytes(const io::Source& source, const std::vector<int>& columns);

}  // namespace emberharmony::engine
