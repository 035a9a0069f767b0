#include <string>
#include <vector>

#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/yaml_document_internal.h"

namespace emberharmony::plan {
namespace {

using internal::YamlString;

std::string NameList(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + YamlString(name);
  return "[" + out + "]";
}

std::string SplitText(const SplitSpec& split) {
  const std::string shares =
      "train: " + split.train + ", validation: " + split.validation + ", test: " + split.test;
  switch (split.method) {
    case SplitMethod::kHash: {
      const std::string key = split.key.empty() ? "" : "key: " + NameList(split.key) + ", ";
      return "{method: hash, " + key + shares + ", seed: " + std::to_string(split.seed) + "}";
    }
    case SplitMethod::kRandom:
      return "{method: random, " + shares + ", seed: " + std::to_string(split.seed) + "}";
    case SplitMethod::kTime: {
      std::string out = "{method: time, column: " + YamlString(split.time_column);
      if (!split.validation_from.has_value() && !split.test_from.has_value()) out += ", " + shares;
      if (split.validation_from.has_value())
        out += ", validation_from: " + YamlString(*split.validation_from);
      if (split.test_from.has_value()) out += ", test_from: " + YamlString(*split.test_from);
      return out + "}";
    }
  }
  return "";
}

std::string StepText(const feature::StepSpec& step) {
  if (step.options.is_null()) return YamlString(step.name);
  return "{" + YamlString(step.name) + ": " + internal::YamlFlow(step.options) + "}";
}

}  // namespace

std::string WriteSteps(const std::vector<feature::StepSpec>& steps) {
  std::string out = "[";
  for (size_t i = 0; i < steps.size(); ++i) out += (i > 0 ? ", " : "") + StepText(steps[i]);
  return out + "]";
}

std::string WritePlan(const Plan& plan) {
  std::string out = "version: " + std::to_string(plan.version) + "\n";
  if (plan.target.has_value()) {
    const std::string column = YamlString(plan.target->column);
    out += plan.target->drop_null ? "target: {column: " + column + ", drop_null: true}\n"
                                  : "target: " + column + "\n";
  }
  out += "split: " + SplitText(plan.split) + "\n";
  if (plan.unit_column.has_value()) out += "unit_column: " + YamlString(*plan.unit_column) + "\n";
  if (plan.quantile_keys != Plan().quantile_keys)
    out += "quantile_keys: " + std::to_string(plan.quantile_keys) + "\n";
  if (plan.exact_quantiles) out += "exact_quantiles: true\n";
  if (plan.compute != Plan().compute) out += "compute: " + plan.compute + "\n";
  for (const std::string& comment : plan.comments) out += "# " + internal::OneLine(comment) + "\n";
  out += plan.features.empty() ? "features: []\n" : "features:\n";
  for (const FeatureSpec& feature : plan.features) {
    out += "  - columns: " + NameList(feature.columns) +
           "\n    steps: " + WriteSteps(feature.steps) + "\n";
  }
  const std::string layout = plan.layout == Layout::kMatrix ? "matrix" : "columns";
  const std::string format =
      plan.output_format == OutputFormat::kArrow ? ", format: arrow" : std::string();
  return out + "output: {dtype: " + plan.output_dtype + ", layout: " + layout + format + "}\n";
}

}  // namespace emberharmony::plan
