#include "emberharmony/engine/output_layout.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;

/// An id that a float32 can't hold is refused before anything is written, where it can be known.
arrow::Status CheckIds(const Pipeline& pipeline) {
  for (int i = 0; i < pipeline.num_steps(); ++i) {
    const int64_t size = pipeline.step(i).vocabulary_size();
    if (size < kExactFloatIntegers) continue;
    return base::UsageError(fmt::format(
        "the vocabulary of column '{}' has {} values, whose ids a matrix of float32 can't hold "
        "exactly above 2^24; write dtype: float64 or layout: columns, or limit it with max_size",
        pipeline.source_column(), size));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status CheckLayout(const plan::Plan& plan, int num_features) {
  if (plan.layout != plan::Layout::kMatrix || num_features > 0) return arrow::Status::OK();
  return base::UsageError(
      "the plan has no features, so there is no matrix to write; add a feature, or write layout: "
      "columns");
}

arrow::Result<OutputLayout> LayOutOutput(const plan::FittedPlan& model, bool with_target) {
  OutputLayout layout;
  layout.columns = model.output_schema(with_target);
  const plan::Plan& plan = model.plan();
  if (plan.layout != plan::Layout::kMatrix) return layout;
  layout.matrix_type = plan.output_dtype == "float64" ? arrow::float64() : arrow::float32();
  nlohmann::json names = nlohmann::json::array();
  for (const auto& pipeline : model.pipelines()) {
    if (layout.matrix_type->id() == arrow::Type::FLOAT) {
      ARROW_RETURN_NOT_OK(CheckIds(*pipeline));
    }
    for (const auto& field : pipeline->outputs()) names.push_back(field->name());
  }
  layout.num_features = static_cast<int>(names.size());
  ARROW_RETURN_NOT_OK(CheckLayout(plan, layout.num_features));
  // Which value is which, for readers of a shard alone; the manifest says it, too.
  layout.columns = layout.columns->WithMetadata(arrow::key_value_metadata(
      {"emberharmony.features"},
      {names.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)}));
  ARROW_RETURN_NOT_OK(
      io::MatrixSchema(*layout.columns, layout.num_features, layout.matrix_type).status());
  return layout;
}

arrow::Result<std::unique_ptr<Pipeline>> MakeTargetPipeline(const plan::FittedPlan& model,
                                                            const arrow::Field& target) {
  return Pipeline::Make(static_cast<int>(model.pipelines().size()), target,
                        {{"passthrough", nullptr}}, {arrow::float32()});
}

}  // namespace emberharmony::engine
