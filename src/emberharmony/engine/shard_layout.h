#pragma once

#include <arrow/result.h>

#include <array>
#include <memory>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/feature/pipeline.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

class ColumnDistribution;

/// One pipeline's place in the output: columns [first_output, first_output + num_outputs).
struct OutputGroup {
  const feature::Pipeline* pipeline = nullptr;
  int source_column = 0;
  int first_output = 0;
  int num_outputs = 0;
  /// What a value takes in every row, null or not, where that is known (a matrix); else 0.
  int64_t value_bytes = 0;
  /// What its rows are counted in for the report; nullptr: they are not.
  ColumnDistribution* distribution = nullptr;
};

/// What has to be known of a unit's rows to cut them into row groups.
struct RowSizes {
  /// The largest plain size of a row in columns of fixed width, in bytes.
  int64_t largest_bytes = 0;
  /// What every row has of it.
  int64_t constant_bytes = 0;
  bool any_variable_width = false;
  /// Groups in which rows differ in size.
  std::vector<const OutputGroup*> differing;

  /// Whether no row is so large that its size matters.
  bool rows_decide() const;
  /// Whether `differing` has to be read for the sizes of its values.
  bool reads() const { return !rows_decide() && !differing.empty(); }
};

/// Decided before anything is read.
RowSizes RowSizesOf(const io::Source& source, const io::Unit& unit,
                    const std::vector<OutputGroup>& groups);

/// Where the row groups of each split of a unit close (DESIGN section 3, io::Sink), before a row is
/// written.
///
/// Needs the plain size of every row. Where all rows have the same size, or none can be large
/// enough to matter, nothing is read; else the columns whose values differ in size are read once
/// for their sizes alone.
arrow::Result<std::array<std::vector<int64_t>, kNumSplits>> PlanRowGroups(
    const io::Source& source, const io::Unit& unit, const std::vector<OutputGroup>& groups,
    const SplitVectors& splits, const SplitVector* split_vector, RunContext* context);

}  // namespace emberharmony::engine
