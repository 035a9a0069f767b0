#include "emberharmony/engine/explanation.h"

#include <arrow/type.h>

#include "emberharmony/base/canonical_json.h"

namespace emberharmony::engine {

namespace {

nlohmann::json ExtentJson(const Extent& extent) {
  return {{"min", extent.min}, {"max", extent.max}};
}

nlohmann::json PassJson(const ExplainedPass& pass) {
  return {{"phase", pass.phase},
          {"purpose", pass.purpose},
          {"columns", pass.columns},
          {"scans", ExtentJson(pass.scans)},
          {"rows", pass.rows},
          {"bytes", pass.bytes},
          {"memory_bytes", pass.memory_bytes}};
}

nlohmann::json FieldJson(const arrow::Field& field) {
  return {
      {"name", field.name()}, {"type", field.type()->ToString()}, {"nullable", field.nullable()}};
}

nlohmann::json FeatureJson(const ExplainedFeature& feature) {
  nlohmann::json json = {{"column", feature.column}, {"type", feature.type->ToString()}};
  json["steps"] = nlohmann::json::array();
  for (const ExplainedStep& step : feature.steps) {
    nlohmann::json& entry = json["steps"].emplace_back(nlohmann::json{{"step", step.name},
                                                                      {"options", step.options},
                                                                      {"learns", step.learns},
                                                                      {"backend", step.backend}});
    for (const ExplainedFallback& each : step.natively) {
      entry["natively"].push_back({{"operation", each.operation}, {"reason", each.reason}});
    }
  }
  json["outputs"] = nlohmann::json::array();
  for (const auto& field : feature.outputs) json["outputs"].push_back(FieldJson(*field));
  if (feature.categories) {
    const ExplainedCategories& categories = *feature.categories;
    json["categories"] = {{"columns", ExtentJson(categories.columns)},
                          {"max_categories", categories.limit},
                          {"sampled_rows", categories.sampled_rows},
                          {"sampled_values", categories.sampled_values}};
  }
  return json;
}

nlohmann::json SplitJson(const Explanation& explanation) {
  nlohmann::json json = {{"method", explanation.split_method},
                         {"columns", explanation.split_columns},
                         {"whole_rows", explanation.whole_rows},
                         {"seed", explanation.seed}};
  if (explanation.rows_dropped) json["rows_dropped"] = ExtentJson(*explanation.rows_dropped);
  return json;
}

nlohmann::json OutputJson(const Explanation& explanation) {
  nlohmann::json json = {{"layout", explanation.layout},
                         {"format", explanation.format},
                         {"dtype", explanation.dtype},
                         {"width", ExtentJson(explanation.width)},
                         {"shards", explanation.num_shards}};
  if (explanation.target) json["target"] = FieldJson(*explanation.target);
  json["splits"] = nlohmann::json::array();
  for (const ExplainedSplit& split : explanation.splits) {
    nlohmann::json entry = {{"split", split.name}};
    if (!split.share.empty()) entry["share"] = split.share;
    entry["rows"] = split.rows ? nlohmann::json(*split.rows) : nlohmann::json();
    entry["bytes"] = split.bytes ? ExtentJson(*split.bytes) : nlohmann::json();
    json["splits"].push_back(std::move(entry));
  }
  return json;
}

nlohmann::json MemoryJson(const ExplainedMemory& memory) {
  return {{"limit_bytes", memory.limit_bytes},
          {"threads", memory.num_threads},
          {"program_bytes", memory.program_bytes},
          {"kept_bytes", memory.kept_bytes},
          {"estimate_bytes", memory.estimate_bytes},
          {"wanted_bytes", memory.wanted_bytes},
          {"least_bytes", memory.least_bytes},
          {"fits", memory.fits()           ? "yes"
                   : memory.fits_tightly() ? "tightly"
                                           : "no"}};
}

}  // namespace

std::string Explanation::ToJson() const {
  nlohmann::json json = {{"version", 1},
                         {"source", source},
                         {"rows", num_rows},
                         {"rows_known", rows_known},
                         {"units", num_units},
                         {"bytes", num_bytes},
                         {"columns", num_columns},
                         {"split", SplitJson(*this)},
                         {"bytes_read", ExtentJson(bytes_read)},
                         {"output", OutputJson(*this)},
                         {"memory", MemoryJson(memory)},
                         {"warnings", warnings}};
  json["passes"] = nlohmann::json::array();
  for (const ExplainedPass& pass : passes) json["passes"].push_back(PassJson(pass));
  for (const auto& [name, value] : service) json["service"][name] = value;
  json["features"] = nlohmann::json::array();
  for (const ExplainedFeature& feature : features) {
    json["features"].push_back(FeatureJson(feature));
  }
  return base::CanonicalJson(json);
}

}  // namespace emberharmony::engine
