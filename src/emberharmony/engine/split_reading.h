#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

/// What assigning the rows of a source to splits has to read; decided before anything is.
struct SplitReading {
  std::array<bool, kNumSplits> present{};  ///< splits with a share above 0
  /// -1, or the split of all rows, whatever they hold: then nothing is read.
  int only_split = -1;
  bool by_row = false;       ///< whole rows are hashed
  std::vector<int> columns;  ///< by_row all columns of the source, else of those that are named
  bool finds_cuts = false;   ///< a time split by shares: its column is scanned for the cuts first
  bool in_scan = false;      ///< the first scan for something else assigns rows on its way
};

/// `source`, `named` and `in_scan` as in SplitVectors::Make and MakeForScan. UsageError for a split
/// that the source cannot have.
arrow::Result<SplitReading> DecideSplitReading(const io::Source& source, const io::Source& named,
                                               const plan::SplitSpec& spec, bool in_scan);

/// Whether a column of a unit has to be read to know in which rows it is null or NaN.
bool MayLackValues(const io::Source& source, const io::Unit& unit, int column);

/// What assigning a unit's rows by the values of some columns takes of the run's memory at most:
/// reading the columns, and the texts or instants of their values.
int64_t SplitKeyBytes(const io::Source& source, const io::Unit& unit,
                      const std::vector<int>& columns, RunContext* context);

}  // namespace emberharmony::engine
