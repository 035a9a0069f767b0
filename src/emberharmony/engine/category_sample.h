#pragma once

#include <arrow/result.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/row_step_sample.h"
#include "emberharmony/engine/run_context.h"

namespace emberharmony::engine {

/// How many rows of a source a sample looks at, at most: those of one unit.
inline constexpr int64_t kSampleRowsMax = 524288;

/// What the first rows of a source show of the distinct values that a step counts.
struct SampledValues {
  int64_t num_distinct = 0;
  int64_t num_kept = 0;     ///< of them, by the step's min_count and limits
  int64_t count = 0;        ///< rows with a value
  int64_t state_bytes = 0;  ///< that counting took
  /// Of a one_hot or a multi_hot: the texts behind COLUMN= in the names of the columns that these
  /// values make, without those that other rows may change (see feature::ValueText, HasText).
  std::vector<std::string> category_texts;
};

/// The first rows of a source, before a run has read any: what they tell of steps whose states or
/// outputs grow with the number of distinct values (one_hot, vocabulary, most_frequent).
struct CategorySample {
  int64_t num_rows = 0;         ///< that were looked at, of those that pass --where and --limit
  bool is_whole_source = true;  ///< there are no other rows
  /// Only training rows were counted: the run will see every value that was. Not so with a time
  /// split by shares, whose cuts are known only once the whole column has been read.
  bool training_rows = true;
  std::map<std::pair<size_t, int>, SampledValues> steps;  ///< by pipeline and step
  std::vector<RowStepMemory> row_steps;  ///< of the plan's row-wise steps; empty: none measured

  const SampledValues* Find(size_t pipeline, int step) const;
};

/// Reads the columns of such steps and of row-wise ones, and what splitting and filtering need, in
/// the first unit, at most kSampleRowsMax rows; nothing where the plan has no such steps. A step
/// behind one that learns is left out. Errors are those that a run would meet in the same rows.
arrow::Result<CategorySample> SampleCategories(const SourceRequest& request,
                                               const RequestedSource& source,
                                               const GivenPlan& given, RunContext* context);

}  // namespace emberharmony::engine
