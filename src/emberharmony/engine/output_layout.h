#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// What the output of a model looks like, in files and in memory.
struct OutputLayout {
  /// Features in plan order, then the target. Of a matrix its metadata name the values, as JSON.
  std::shared_ptr<arrow::Schema> columns;
  /// Of a matrix: the type of its values, which are the first num_features columns; else null.
  std::shared_ptr<arrow::DataType> matrix_type;
  int num_features = 0;  ///< 0: no matrix
};

/// Beyond this a float32 does not hold every integer.
inline constexpr int64_t kExactFloatIntegers = int64_t{1} << 24;

/// UsageError for what cannot be written in the plan's layout, whatever is learned: a matrix
/// without features.
arrow::Status CheckLayout(const plan::Plan& plan, int num_features);

/// UsageError for a matrix without features, or of columns that can't be in one: no numbers, or
/// vocabularies whose ids a float32 can't hold, so that nothing is written in vain.
arrow::Result<OutputLayout> LayOutOutput(const plan::FittedPlan& model, bool with_target);

/// What hands a target on as it is: the last of the model's pipelines, as it were.
arrow::Result<std::unique_ptr<feature::Pipeline>> MakeTargetPipeline(const plan::FittedPlan& model,
                                                                     const arrow::Field& target);

}  // namespace emberharmony::engine
