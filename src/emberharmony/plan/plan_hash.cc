#include <arrow/type.h>

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

// A step's options with defaults filled in, so that {min_count: 1} and nothing mean the same. They
// are the step's own to tell, and it can be made for some types only; which one is found does not
// matter to the options.
nlohmann::json StepOptions(const feature::StepSpec& step) {
  feature::TransformContext context;
  context.source_column = context.input.name = "column";
  context.output_type = arrow::float32();
  for (const auto& type : {arrow::float64(), arrow::utf8(),
                           arrow::timestamp(arrow::TimeUnit::MICRO), arrow::boolean()}) {
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
  json["seed"] = std::to_string(split.seed);
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
  // An entry with several columns means the same as an entry for each of them.
  json["features"] = nlohmann::json::array();
  for (const FeatureSpec& feature : plan.features) {
    nlohmann::json steps = nlohmann::json::array();
    for (const feature::StepSpec& step : feature.steps)
      steps.push_back({{"step", step.name}, {"options", StepOptions(step)}});
    for (const std::string& column : feature.columns) {
      json["features"].push_back({{"column", column}, {"steps", steps}});
    }
  }
  return base::Sha256Hex(base::CanonicalJson(json));
}

}  // namespace emberharmony::plan
