#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/sha256.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/shares_internal.h"

namespace emberharmony::plan {
namespace {

std::string ShareText(const std::string& text) {
  const auto share = internal::ParseShare(text);
  return share.has_value() ? internal::CanonicalShare(*share) : text;
}

// The types for which some step at least can be made.
arrow::DataTypeVector SampleTypes() {
  return {arrow::float64(), arrow::utf8(), arrow::timestamp(arrow::TimeUnit::MICRO),
          arrow::boolean()};
}

// Sets *num_columns, of which the step takes so many, to how many it yields.
nlohmann::json RowStepOptions(const feature::RowStep& row_step, const feature::StepSpec& step,
                              size_t* num_columns) {
  feature::RowContext context;
  context.num_columns = row_step.takes_columns_together ? *num_columns : 1;
  size_t num_inputs = context.num_columns + (row_step.learns_from_target ? 1 : 0);
  if (row_step.named_columns != nullptr) num_inputs += row_step.named_columns(step.options).size();
  for (const auto& type : SampleTypes()) {
    context.inputs.clear();
    for (size_t i = 0; i < num_inputs; ++i) {
      feature::ColumnInfo info;
      info.name = "column" + std::to_string(i);
      info.type = type;
      context.inputs.push_back(std::move(info));
    }
    // A target is a number, whatever the column is.
    if (row_step.learns_from_target) context.inputs.back().type = arrow::float64();
    const auto made = row_step.make(step.options, context);
    if (!made.ok()) continue;
    const size_t steps = row_step.takes_columns_together ? 1 : *num_columns;
    *num_columns = steps * (*made)->outputs().size();
    return (*made)->options();
  }
  return step.options;  // as below
}

// A step's options with defaults filled in, so that {min_count: 1} and nothing mean the same. They
// are the step's own to tell, and it can be made for some types only; which one is found does not
// matter to the options.
nlohmann::json StepOptions(const feature::StepSpec& step, size_t* num_columns) {
  if (const auto* row_step = feature::RowStepRegistry::Get().Find(step.name)) {
    return RowStepOptions(*row_step, step, num_columns);
  }
  feature::TransformContext context;
  context.source_column = context.input.name = "column";
  context.output_type = arrow::float32();
  for (const auto& type : SampleTypes()) {
    context.input.type = type;
    const auto made = feature::TransformRegistry::Get().Make(step.name, step.options, context);
    if (made.ok()) return (*made)->options();
  }
  return step.options;  // a plan with such a step cannot be bound anyway
}

nlohmann::json Optional(const std::optional<std::string>& text) {
  return text.has_value() ? nlohmann::json(*text) : nlohmann::json();
}

nlohmann::json SplitJson(const SplitSpec& split) {
  nlohmann::json json;
  json["method"] = split.method == SplitMethod::kHash   ? "hash"
                   : split.method == SplitMethod::kTime ? "time"
                                                        : "random";
  json["key"] = split.key;
  // A split by time has no seed: a plan that was given one is written without it.
  const int64_t seed = split.method == SplitMethod::kTime ? SplitSpec().seed : split.seed;
  json["seed"] = std::to_string(seed);
  json["column"] = split.time_column;
  json["validation_from"] = Optional(split.validation_from);
  json["test_from"] = Optional(split.test_from);
  json["shares"] = {ShareText(split.train), ShareText(split.validation), ShareText(split.test)};
  return json;
}

}  // namespace

std::string PlanHash(const Plan& plan) {
  nlohmann::json json;
  json["version"] = plan.version;
  json["target"] = plan.target.has_value() ? nlohmann::json{{"column", plan.target->column},
                                                            {"drop_null", plan.target->drop_null}}
                                           : nlohmann::json();
  json["split"] = SplitJson(plan.split);
  json["output"] = {{"dtype", plan.output_dtype}, {"matrix", plan.layout == Layout::kMatrix}};
  if (plan.output_format == OutputFormat::kArrow) json["output"]["format"] = "arrow";
  json["unit_column"] = Optional(plan.unit_column);
  json["quantile_keys"] = plan.quantile_keys;
  json["exact_quantiles"] = plan.exact_quantiles;
  json["compute"] = plan.compute;
  // An entry with several columns means the same as an entry for each of them, unless a step takes
  // them together.
  json["features"] = nlohmann::json::array();
  for (const FeatureSpec& feature : plan.features) {
    nlohmann::json steps = nlohmann::json::array();
    size_t num_columns = feature.columns.size();
    for (const feature::StepSpec& step : feature.steps)
      steps.push_back({{"step", step.name}, {"options", StepOptions(step, &num_columns)}});
    const bool together = std::ranges::any_of(feature.steps, [](const auto& step) {
      const auto* row_step = feature::RowStepRegistry::Get().Find(step.name);
      return row_step != nullptr && row_step->takes_columns_together;
    });
    if (together) {
      json["features"].push_back({{"columns", feature.columns}, {"steps", steps}});
      continue;
    }
    for (const std::string& column : feature.columns) {
      json["features"].push_back({{"column", column}, {"steps", steps}});
    }
  }
  return base::Sha256Hex(base::CanonicalJson(json));
}

}  // namespace emberharmony::plan
