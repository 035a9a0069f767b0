#include "emberharmony/engine/given_plan.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/plan/meant_column.h"

namespace emberharmony::engine {

namespace {

arrow::Status CheckTarget(const arrow::Schema& schema, const std::optional<std::string>& target) {
  if (!target || schema.GetFieldIndex(*target) >= 0) return arrow::Status::OK();
  std::vector<std::string> names = schema.field_names();
  if (const size_t times = schema.GetAllFieldIndices(*target).size(); times > 1) {
    return base::UsageError(
        fmt::format("the target '{}' appears {} times in the source; rename its columns, so that "
                    "each has a name of its own",
                    *target, times));
  }
  return base::UnknownColumnError(
      fmt::format("the target '{}' is not a column of the source{}; the columns are: {}", *target,
                  plan::MeantColumn(*target, names), fmt::join(names, ", ")));
}

// The columns that a plan names.
std::vector<std::string> ColumnsOf(const plan::Plan& plan) {
  std::vector<std::string> columns;
  for (const plan::FeatureSpec& feature : plan.features) {
    columns.insert(columns.end(), feature.columns.begin(), feature.columns.end());
    for (const feature::StepSpec& step : feature.steps) {
      const auto* row_step = feature::RowStepRegistry::Get().Find(step.name);
      if (row_step == nullptr || row_step->named_columns == nullptr) continue;
      for (std::string& name : row_step->named_columns(step.options))
        columns.push_back(std::move(name));
    }
  }
  if (plan.target) columns.push_back(plan.target->column);
  columns.insert(columns.end(), plan.split.key.begin(), plan.split.key.end());
  if (!plan.split.time_column.empty()) columns.push_back(plan.split.time_column);
  return columns;
}

plan::SplitSpec SplitByIndex(const arrow::Schema& schema, const std::string& column) {
  plan::SplitSpec split;
  const auto field = schema.GetFieldByName(column);
  const arrow::Type::type type = field == nullptr ? arrow::Type::NA : field->type()->id();
  if (type == arrow::Type::TIMESTAMP || arrow::is_date(type)) {
    split.method = plan::SplitMethod::kTime;
    split.time_column = column;
  } else {
    split.key = {column};
  }
  return split;
}

}  // namespace

std::optional<std::string> GivenPlan::required_column() const {
  if (!plan.target || !plan.target->drop_null) return std::nullopt;
  return plan.target->column;
}

plan::AutomaticPlanOptions PlanRequest::automatic_options(const arrow::Schema& schema) const {
  plan::AutomaticPlanOptions options;
  options.target = target;
  options.seed = seed;
  options.high_null_threshold = high_null_threshold;
  options.categorical = categorical;
  options.left_out = left_out;
  if (index_column) {
    options.left_out[*index_column] = "it is the index";
    options.split = SplitByIndex(schema, *index_column);
  }
  return options;
}

arrow::Result<std::optional<GivenPlan>> PreparePlan(const SourceRequest& source_request,
                                                    const RequestedSource& requested,
                                                    const PlanRequest& request) {
  const io::Source& source = *requested.selected;
  if (!request.text) {
    if (request.target) {
      ARROW_RETURN_NOT_OK(
          CheckNotLeftOut(source_request, requested, {*request.target}, "the target"));
    }
    ARROW_RETURN_NOT_OK(CheckTarget(*source.schema(), request.target));
    ARROW_RETURN_NOT_OK(plan::CheckAutomaticPlanOptions(
        *source.schema(), request.automatic_options(*source.schema())));
    return std::nullopt;
  }
  GivenPlan given;
  ARROW_ASSIGN_OR_RAISE(given.plan, plan::ParsePlan(*request.text, request.name));
  const bool same_target =
      request.target && given.plan.target && given.plan.target->column == *request.target;
  if (request.target && !same_target)
    given.plan.target = plan::TargetSpec{*request.target, false, {}};
  if (request.seed) given.plan.split.seed = *request.seed;
  ARROW_RETURN_NOT_OK(
      CheckNotLeftOut(source_request, requested, ColumnsOf(given.plan), "the plan"));
  auto bound = plan::BindPlan(given.plan, *source.schema(), request.name, /*require_target=*/true);
  if (given.plan.unit_column) {
    const arrow::Status unit = CheckUnitColumn(requested, *given.plan.unit_column);
    // All that is wrong with a plan is told together.
    const std::string more = bound.ok() ? "" : "\n" + bound.status().message();
    if (!unit.ok()) return base::UsageError(request.name + ": " + unit.message() + more);
  }
  ARROW_ASSIGN_OR_RAISE(given.bound, std::move(bound));
  return given;
}

std::vector<std::string> ColumnsToRead(const std::optional<GivenPlan>& given) {
  if (!given) return {};
  const plan::SplitSpec& split = given->plan.split;
  if (split.method == plan::SplitMethod::kHash && split.key.empty()) return {};
  std::vector<std::string> columns;
  for (std::string& column : ColumnsOf(given->plan)) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(std::move(column));
    }
  }
  return columns;
}

arrow::Status NoFeatures(const plan::Plan& plan) {
  std::string why;
  for (const std::string& comment : plan.comments) why += "\n  " + comment;
  return base::UsageError(
      "the plan keeps no column as a feature, so there is nothing to write" +
      (why.empty() ? "; add a feature to it, or give a table with more columns than the target"
                   : "; write a plan that keeps some:" + why));
}

}  // namespace emberharmony::engine
