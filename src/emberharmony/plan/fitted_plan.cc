#include "emberharmony/plan/fitted_plan.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/plan/faults_internal.h"

namespace emberharmony::plan {
namespace {

using internal::Quoted;

const std::shared_ptr<arrow::DataType>& ValueType(const std::shared_ptr<arrow::DataType>& type) {
  return type->id() == arrow::Type::DICTIONARY
             ? static_cast<const arrow::DictionaryType&>(*type).value_type()
             : type;
}

// The columns that anything bound to `schema` uses, in the schema's order.
std::shared_ptr<arrow::Schema> InputSchema(const arrow::Schema& schema, const BoundPlan& bound) {
  std::set<int> used(bound.source_columns.begin(), bound.source_columns.end());
  for (const BoundRowStep& row_step : bound.row_steps)
    used.insert(row_step.source_columns.begin(), row_step.source_columns.end());
  used.erase(used.lower_bound(schema.num_fields()), used.end());  // derived columns
  used.insert(bound.key_columns.begin(), bound.key_columns.end());
  if (bound.target_column >= 0) used.insert(bound.target_column);
  arrow::FieldVector fields;
  for (const int i : used)
    fields.push_back(arrow::field(schema.field(i)->name(), ValueType(schema.field(i)->type())));
  return arrow::schema(std::move(fields));
}

arrow::Status CheckOutputNames(const arrow::Schema& outputs) {
  std::map<std::string, int> seen;
  for (const auto& field : outputs.fields()) {
    if (++seen[field->name()] != 2) continue;
    return base::UsageError(
        "two outputs of the plan are named " + Quoted(field->name()) +
        "; leave one of the steps that make them out, or rename a column of the table");
  }
  return arrow::Status::OK();
}

bool Carries(const feature::Pipeline& pipeline, const arrow::DataType& type) {
  const arrow::FieldVector outputs = pipeline.outputs();
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const auto& field) { return field->type()->Equals(type); });
}

bool OnlyOffsetsDiffer(const arrow::DataType& a, const arrow::DataType& b) {
  const auto is_string = [](const arrow::DataType& type) {
    return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING;
  };
  return is_string(a) && is_string(b);
}

}  // namespace

arrow::Result<std::shared_ptr<FittedPlan>> FittedPlan::Make(Plan plan,
                                                            std::shared_ptr<arrow::Schema> schema,
                                                            BoundPlan bound,
                                                            std::optional<TimeCuts> cuts) {
  std::shared_ptr<FittedPlan> model(new FittedPlan());
  model->plan_ = std::move(plan);
  model->input_schema_ = InputSchema(*schema, bound);
  model->pipelines_ = std::move(bound.pipelines);
  for (const int column : bound.source_columns)
    model->derived_columns_.push_back(std::max(-1, column - schema->num_fields()));
  model->row_steps_ = std::move(bound.row_steps);
  for (BoundRowStep& row_step : model->row_steps_) {
    for (int& column : row_step.source_columns) {
      const int derived = column - schema->num_fields();
      column = derived >= 0 ? model->input_schema_->num_fields() + derived
                            : model->input_schema_->GetFieldIndex(schema->field(column)->name());
    }
  }
  model->derived_ = std::move(bound.derived);
  if (model->plan_.split.method == SplitMethod::kTime) {
    if (!cuts.has_value()) return arrow::Status::Invalid("a time split has no cuts yet");
    model->time_cuts_ = cuts;
  }
  ARROW_RETURN_NOT_OK(CheckOutputNames(*model->output_schema(/*with_target=*/true)));
  return model;
}

arrow::Status FittedPlan::CheckComplete() const {
  std::vector<std::string> columns;
  std::vector<std::string> steps;
  const auto add = [](std::string text, std::vector<std::string>* list) {
    if (std::find(list->begin(), list->end(), text) == list->end())
      list->push_back(std::move(text));
  };
  const auto check = [&](const feature::Pipeline& pipeline) {
    if (!pipeline.learned()) add(Quoted(pipeline.source_column()), &columns);
  };
  for (const auto& pipeline : pipelines_) check(*pipeline);
  for (const BoundRowStep& row_step : row_steps_) {
    for (const auto& input : row_step.inputs) check(*input);
    if (row_step.step->learned()) continue;
    const std::string& column = row_step.inputs[0]->source_column();
    add(fmt::format("{} of {}", row_step.step->name(), Quoted(column)), &steps);
  }
  std::vector<std::string> seen;
  if (!columns.empty()) {
    seen.push_back(
        fmt::format("no values of {}, of which its steps need some", fmt::join(columns, ", ")));
  }
  if (!steps.empty()) {
    seen.push_back(fmt::format("nothing for {} to learn from", fmt::join(steps, ", ")));
  }
  if (seen.empty()) return arrow::Status::OK();
  return base::DataError(
      fmt::format("the model has seen {}: it can be merged with fits of other rows (`ember "
                  "merge`), but not applied",
                  fmt::join(seen, ", and ")));
}

std::shared_ptr<arrow::Schema> FittedPlan::output_schema(bool with_target) const {
  arrow::FieldVector fields;
  for (const auto& pipeline : pipelines_) {
    const arrow::FieldVector outputs = pipeline->outputs();
    fields.insert(fields.end(), outputs.begin(), outputs.end());
  }
  if (with_target && plan_.target.has_value()) {
    const auto target = input_schema_->GetFieldByName(plan_.target->column);
    if (target != nullptr) fields.push_back(target);
  }
  return arrow::schema(std::move(fields));
}

void FittedPlan::set_states(std::vector<SavedState> states) {
  std::erase_if(states, [&](const SavedState& state) {
    return state.source_column < 0 ||
           state.source_column >= input_schema_->num_fields() + static_cast<int>(derived_.size());
  });
  const auto key_of = [](const SavedState& s) {
    return std::tie(s.source_column, s.path_key, s.state_key);
  };
  std::stable_sort(states.begin(), states.end(),
                   [&](const SavedState& a, const SavedState& b) { return key_of(a) < key_of(b); });
  states_ = std::move(states);
}

arrow::Result<FittedPlan::Binding> FittedPlan::Bind(const arrow::Schema& schema) const {
  Binding binding;
  std::vector<std::string> problems;
  std::set<std::string> reported;
  const std::vector<std::string> names = schema.field_names();
  const auto report = [&](const std::string& column, std::string problem) {
    if (reported.insert(column).second)
      problems.push_back("column " + Quoted(column) + " " + std::move(problem));
  };
  const auto find = [&](const std::string& column,
                        bool (*same)(const arrow::DataType&, const arrow::DataType&),
                        bool tolerant) {
    const std::vector<int> found = schema.GetAllFieldIndices(column);
    if (found.empty()) {
      report(column, "is absent" + base::DidYouMean(column, names));
      return -1;
    }
    if (found.size() > 1) {
      report(column, fmt::format("appears {} times", found.size()));
      return -1;
    }
    const arrow::DataType& expected = *input_schema_->GetFieldByName(column)->type();
    const arrow::DataType& type = *ValueType(schema.field(found[0])->type());
    if (!type.Equals(expected) && !(tolerant && same(type, expected))) {
      report(column, "is of type " + type.ToString() + ", but the model was fitted on " +
                         expected.ToString());
      return -1;
    }
    return found[0];
  };
  const auto find_of = [&](const feature::Pipeline& pipeline) {
    const std::string& column = pipeline.source_column();
    const bool carries = Carries(pipeline, *input_schema_->GetFieldByName(column)->type());
    return find(column, OnlyOffsetsDiffer, !carries);
  };
  for (size_t i = 0; i < pipelines_.size(); ++i) {
    const int derived = DerivedColumn(i);
    binding.pipeline_columns.push_back(derived >= 0 ? schema.num_fields() + derived
                                                    : find_of(*pipelines_[i]));
  }
  for (const BoundRowStep& row_step : row_steps_) {
    std::vector<int>& columns = binding.row_step_columns.emplace_back();
    const size_t num_inputs = row_step.inputs.size() - (row_step.learns_from_target ? 1 : 0);
    for (size_t i = 0; i < num_inputs; ++i) {
      const int derived = row_step.source_columns[i] - input_schema_->num_fields();
      columns.push_back(derived >= 0 ? schema.num_fields() + derived
                                     : find_of(*row_step.inputs[i]));
    }
  }
  if (plan_.target.has_value() && input_schema_->GetFieldIndex(plan_.target->column) >= 0 &&
      !schema.GetAllFieldIndices(plan_.target->column).empty()) {
    binding.target_column = find(plan_.target->column, OnlyOffsetsDiffer, false);
  }
  if (problems.empty()) return binding;
  return base::UsageError(
      fmt::format("the table does not fit the model:\n  {}\ngive a table with the columns that the "
                  "model was fitted on, cast to its types, or fit the plan again on this one",
                  fmt::join(problems, "\n  ")));
}

}  // namespace emberharmony::plan
