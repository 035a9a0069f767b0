#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/feature/list_steps.h"
#include "emberharmony/io/cell_text.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/time_cuts.h"
#include "emberharmony/plan/type_text_internal.h"

namespace emberharmony::plan {
namespace {

using internal::Quoted;

constexpr size_t kColumnsListedMax = 30;
// Spelling is compared with every column's name; for a plan that fits nothing the first names
// suffice.
constexpr int kSuggestionsMax = 100;
constexpr std::string_view kFeatureColumn = "column";

Mark MarkAt(const std::vector<Mark>& marks, size_t i) {
  return i < marks.size() ? marks[i] : Mark();
}

// "a list" or the like, and what to do about it; "" for types that are not nested.
std::string_view NestedKind(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return "a struct";
    case arrow::Type::MAP:
      return "a map";
    case arrow::Type::DENSE_UNION:
    case arrow::Type::SPARSE_UNION:
      return "a union";
    default:
      return arrow::is_nested(type.id()) ? "a list" : "";
  }
}

bool OnlyDrops(const FeatureSpec& feature) {
  return feature.steps.size() == 1 && feature.steps[0].name == "drop";
}

class Binder {
 public:
  Binder(const Plan& plan, const arrow::Schema& schema, const std::string& name)
      : plan_(plan), schema_(schema), names_(schema.field_names()), faults_(name) {
    for (size_t i = 0; i < names_.size(); ++i) positions_[names_[i]].push_back(static_cast<int>(i));
  }

  arrow::Result<BoundPlan> Bind(bool require_target) {
    RefuseWhatCannotRun();
    BindTarget(require_target);
    BindKey();
    for (const FeatureSpec& feature : plan_.features) {
      CheckSteps(feature);
      if (const size_t row_step = RowStepOf(feature); row_step < feature.steps.size()) {
        ARROW_RETURN_NOT_OK(BindRowFeature(feature, row_step));
        continue;
      }
      for (size_t c = 0; c < feature.columns.size(); ++c) {
        ARROW_RETURN_NOT_OK(BindColumn(feature, c));
      }
    }
    CheckOutputs();
    ARROW_RETURN_NOT_OK(faults_.ToStatus());
    return std::move(bound_);
  }

 private:
  void RefuseWhatCannotRun() {
    if (plan_.output_dtype != "float32" && plan_.output_dtype != "float64") {
      faults_.Add({},
                  "output.dtype must be float32 or float64, found " + Quoted(plan_.output_dtype));
    }
  }

  // The fields of a struct that was named itself, as far as they are worth listing.
  std::string MembersOf(const std::string& column) const {
    constexpr size_t kListedMax = 3;
    std::vector<std::string> members;
    for (const std::string& name : names_) {
      if (name.starts_with(column + ".")) members.push_back(Quoted(name));
    }
    if (members.empty()) return "";
    const bool more = members.size() > kListedMax;
    members.resize(std::min(members.size(), kListedMax));
    return fmt::format("; it has fields, name those: {}{}", fmt::join(members, ", "),
                       more ? ", ..." : "");
  }

  // The column's position, or -1 after a fault has been noted. With `lists` it may be one of those.
  int Resolve(const std::string& column, Mark mark, std::string_view what, bool lists = false) {
    const auto found = positions_.find(column);
    if (found == positions_.end()) {
      std::string message = fmt::format("unknown {} {}", what, Quoted(column));
      if (++num_suggestions_ <= kSuggestionsMax) {
        const std::string members = MembersOf(column);
        message += members.empty() ? base::DidYouMean(column, names_) : members;
      }
      faults_.AddUnknownColumn(mark, std::move(message));
      std::string listed;
      for (size_t i = 0; i < names_.size() && i < kColumnsListedMax; ++i) {
        listed += (i > 0 ? ", " : "") + internal::OneLine(names_[i]);
      }
      if (names_.size() > kColumnsListedMax)
        listed += fmt::format(", ... ({} in all)", names_.size());
      faults_.Advise(names_.empty() ? "the table has no columns"
                                    : "the table's columns are: " + listed);
      return -1;
    }
    if (found->second.size() > 1) {
      faults_.Add(
          mark, fmt::format("{} {} appears {} times in the table; names must be unique to be used",
                            what, Quoted(column), found->second.size()));
      return -1;
    }
    if (!base::IsUtf8(column)) {
      faults_.Add(
          mark, fmt::format("{} {}: names that are not UTF-8 are not supported; rename the column",
                            what, Quoted(column)));
      return -1;
    }
    const int position = found->second[0];
    const arrow::DataType& type = *schema_.field(position)->type();
    const bool is_list = what == kFeatureColumn && feature::IsFlatList(type);
    if (const std::string_view kind = NestedKind(type); !kind.empty() && !(is_list && lists)) {
      faults_.Add(mark,
                  fmt::format("{} {} is {} ({}); {}", what, Quoted(column), kind, type.ToString(),
                              is_list ? "list_length, list_mean and multi_hot take lists"
                                      : "no step of this version takes one, leave it out"));
      return -1;
    }
    if (const auto text = internal::TypeText(type); !text.ok()) {
      faults_.Add(mark, fmt::format("{} {}: {}", what, Quoted(column), text.status().message()));
      return -1;
    }
    return position;
  }

  void BindTarget(bool require_target) {
    if (!plan_.target.has_value()) return;
    const TargetSpec& target = *plan_.target;
    if (!require_target && !positions_.contains(target.column)) return;
    bound_.target_column = Resolve(target.column, target.mark, "target");
  }

  void BindKey() {
    if (plan_.split.method == SplitMethod::kTime) BindTimeColumn();
    if (plan_.split.method != SplitMethod::kHash) return;
    for (size_t i = 0; i < plan_.split.key.size(); ++i) {
      const std::string& column = plan_.split.key[i];
      const Mark mark = MarkAt(plan_.split.key_marks, i);
      const int position = Resolve(column, mark, "key column");
      if (position < 0) continue;
      const auto writer = io::CellTextWriter::Make(schema_.field(position)->type());
      if (!writer.ok()) {
        faults_.Add(mark, "split.key " + Quoted(column) + ": " + writer.status().message());
        continue;
      }
      bound_.key_columns.push_back(position);
    }
  }

  void BindTimeColumn() {
    const SplitSpec& split = plan_.split;
    const Mark mark = MarkAt(split.key_marks, 0);
    const int position = Resolve(split.time_column, mark, "time column");
    if (position < 0) return;
    const arrow::DataType& type = *schema_.field(position)->type();
    const std::string column = "split.column " + Quoted(split.time_column);
    if (const arrow::Status status = CheckTimeType(type); !status.ok()) {
      faults_.Add(mark, column + ": " + status.message());
      return;
    }
    // One at a time, so that each fault stands where its instant does.
    for (const bool is_test : {false, true}) {
      SplitSpec single;
      (is_test ? single.test_from : single.validation_from) =
          is_test ? split.test_from : split.validation_from;
      const auto cuts = GivenCuts(single, type);
      if (cuts.ok()) continue;
      faults_.Add(is_test ? split.test_from_mark : split.validation_from_mark,
                  std::string(is_test ? "split.test_from: " : "split.validation_from: ") +
                      cuts.status().message());
    }
    bound_.key_columns.push_back(position);
  }

  void CheckSteps(const FeatureSpec& feature) {
    std::vector<std::string> known = feature::TransformRegistry::Get().names();
    const std::vector<std::string> row_steps = feature::RowStepRegistry::Get().names();
    known.insert(known.end(), row_steps.begin(), row_steps.end());
    std::sort(known.begin(), known.end());
    steps_known_ = true;
    for (size_t i = 0; i < feature.steps.size(); ++i) {
      const std::string& name = feature.steps[i].name;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      faults_.Add(MarkAt(feature.step_marks, i),
                  "unknown step " + Quoted(name) + base::DidYouMean(name, known));
      faults_.Advise(fmt::format("the steps are: {}", fmt::join(known, ", ")));
      steps_known_ = false;
    }
  }

  // The column's position, or -1 after a fault has been noted.
  int ResolveFeature(const FeatureSpec& feature, size_t c) {
    const std::string& column = feature.columns[c];
    const Mark mark = MarkAt(feature.column_marks, c);
    const bool lists = !feature.steps.empty() && feature::TakesLists(feature.steps[0].name);
    const int position = Resolve(column, mark, kFeatureColumn, lists);
    if (position < 0) return -1;
    if (plan_.target.has_value() && plan_.target->column == column && !OnlyDrops(feature)) {
      faults_.Add(
          mark,
          "the target " + Quoted(column) +
              " is used as a feature, so it would leak into the features; take it out of columns");
      return -1;
    }
    return position;
  }

  feature::OutputOptions Output() const {
    feature::OutputOptions output;
    output.type = plan_.output_dtype == "float64" ? arrow::float64() : arrow::float32();
    output.quantile_keys = plan_.quantile_keys;
    output.exact_quantiles = plan_.exact_quantiles;
    return output;
  }

  arrow::Status BindColumn(const FeatureSpec& feature, size_t c) {
    const int position = ResolveFeature(feature, c);
    if (position < 0 || !steps_known_) return arrow::Status::OK();
    // Nullable, whatever the table says: a model made from a table without nulls serves one that
    // could have some, and the same rows from another writer give the same model.
    const auto field = arrow::field(feature.columns[c], schema_.field(position)->type());
    return AddPipeline(feature, *field, feature.steps, 0, position,
                       MarkAt(feature.column_marks, c));
  }

  // A pipeline of the output: of these steps, the first of which is the feature's `first_step`th.
  arrow::Status AddPipeline(const FeatureSpec& feature, const arrow::Field& field,
                            const std::vector<feature::StepSpec>& steps, size_t first_step,
                            int position, Mark mark) {
    auto pipeline =
        feature::Pipeline::Make(static_cast<int>(bound_.pipelines.size()), field, steps, Output());
    if (!pipeline.ok()) {
      if (base::KindOf(pipeline.status()) != base::ErrorKind::kUsage) return pipeline.status();
      AddStepFault(feature, field.name(), pipeline.status().message(), first_step);
      return arrow::Status::OK();
    }
    bound_.pipelines.push_back(std::move(*pipeline));
    bound_.source_columns.push_back(position);
    bound_.features.push_back(&feature - plan_.features.data());
    output_marks_.push_back(mark);
    return arrow::Status::OK();
  }

  // The place of the feature's first row-wise step; behind the last where it has none.
  static size_t RowStepOf(const FeatureSpec& feature) {
    size_t i = 0;
    while (i < feature.steps.size() &&
           feature::RowStepRegistry::Get().Find(feature.steps[i].name) == nullptr) {
      ++i;
    }
    return i;
  }

  arrow::Status BindRowFeature(const FeatureSpec& feature, size_t at) {
    const feature::RowStep& kind = *feature::RowStepRegistry::Get().Find(feature.steps[at].name);
    const Mark mark = MarkAt(feature.step_marks, at);
    for (size_t i = at + 1; i < feature.steps.size(); ++i) {
      if (feature::RowStepRegistry::Get().Find(feature.steps[i].name) == nullptr) continue;
      faults_.Add(MarkAt(feature.step_marks, i),
                  fmt::format("{} follows {}, and a feature has one step that works on rows at "
                              "most; leave one out",
                              feature.steps[i].name, feature.steps[at].name));
      return arrow::Status::OK();
    }
    std::vector<int> columns;
    bool sound = steps_known_;
    for (size_t c = 0; c < feature.columns.size(); ++c) {
      columns.push_back(ResolveFeature(feature, c));
      sound = sound && columns.back() >= 0;
    }
    std::vector<int> beside;
    if (kind.named_columns != nullptr) {
      for (const std::string& name : kind.named_columns(feature.steps[at].options)) {
        beside.push_back(Resolve(name, mark, "column"));
        sound = sound && beside.back() >= 0;
      }
    }
    if (kind.learns_from_target && !plan_.target.has_value()) {
      faults_.Add(mark, fmt::format("{} learns from the plan's target, and the plan has none; add "
                                    "'target: COLUMN'",
                                    feature.steps[at].name));
      sound = false;
    }
    if (kind.learns_from_target && bound_.target_column < 0) sound = false;
    if (kind.learns_from_target && sound) beside.push_back(bound_.target_column);
    if (!sound) return arrow::Status::OK();
    if (kind.takes_columns_together) return BindRowStep(feature, at, 0, columns, beside);
    for (size_t c = 0; c < columns.size(); ++c) {
      ARROW_RETURN_NOT_OK(BindRowStep(feature, at, c, {columns[c]}, beside));
    }
    return arrow::Status::OK();
  }

  // What an input goes through: the steps ahead, or nothing, which keeps its type.
  arrow::Result<std::unique_ptr<feature::Pipeline>> BindInput(
      const FeatureSpec& feature, int position, const std::vector<feature::StepSpec>& steps) {
    // States of a column are told apart by their pipelines' numbers: these are not the output's.
    constexpr int kFirstInput = 1 << 20;
    feature::OutputOptions output = Output();
    output.type = arrow::float64();
    const auto& source = *schema_.field(position);
    auto pipeline = feature::Pipeline::Make(
        kFirstInput + num_inputs_++, *arrow::field(source.name(), source.type()),
        steps.empty() ? std::vector<feature::StepSpec>{{"passthrough", nullptr}} : steps, output);
    if (pipeline.ok()) {
      const feature::Transform& last = (*pipeline)->step((*pipeline)->num_steps() - 1);
      if ((*pipeline)->outputs().size() == 1 && !last.traits().last) return pipeline;
      const size_t at = steps.size();
      AddStepFault(
          feature, source.name(),
          fmt::format("step {}: {} takes one value of each column, and the steps ahead of "
                      "it give several, or may: leave out {}",
                      at, feature.steps[at].name, last.traits().last ? last.name() : "indicators"),
          0);
      return nullptr;
    }
    if (base::KindOf(pipeline.status()) != base::ErrorKind::kUsage) return pipeline.status();
    AddStepFault(feature, source.name(), pipeline.status().message(), 0);
    return nullptr;
  }

  // The step at `at` of these columns, those of the feature from number `c` on, and of those that
  // it takes beside them; then a pipeline for each of its outputs.
  arrow::Status BindRowStep(const FeatureSpec& feature, size_t at, size_t c,
                            const std::vector<int>& columns, const std::vector<int>& beside) {
    const feature::RowStep& kind = *feature::RowStepRegistry::Get().Find(feature.steps[at].name);
    BoundRowStep bound;
    bound.learns_from_target = kind.learns_from_target;
    bound.source_columns = columns;
    bound.source_columns.insert(bound.source_columns.end(), beside.begin(), beside.end());
    const std::vector<feature::StepSpec> ahead(feature.steps.begin(), feature.steps.begin() + at);
    feature::RowContext context;
    context.num_columns = columns.size();
    for (size_t i = 0; i < bound.source_columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto input, BindInput(feature, bound.source_columns[i],
                                i < columns.size() ? ahead : std::vector<feature::StepSpec>()));
      if (input == nullptr) return arrow::Status::OK();
      feature::ColumnInfo info;
      info.name = input->source_column();
      info.type = input->outputs()[0]->type();
      context.inputs.push_back(std::move(info));
      bound.inputs.push_back(std::move(input));
    }
    auto made = kind.make(feature.steps[at].options, context);
    if (!made.ok()) {
      if (base::KindOf(made.status()) != base::ErrorKind::kUsage) return made.status();
      AddStepFault(feature, feature.columns[c],
                   fmt::format("step {}: {}", at, made.status().message()), 0);
      return arrow::Status::OK();
    }
    bound.step = *std::move(made);
    const std::vector<feature::StepSpec> behind(feature.steps.begin() + at + 1,
                                                feature.steps.end());
    for (const feature::ColumnInfo& info : bound.step->outputs()) {
      const auto field = arrow::field(info.name, info.type, info.nullable);
      if (positions_.contains(info.name)) {
        faults_.Add(MarkAt(feature.step_marks, at),
                    fmt::format("{} makes a column {}, and the table has one of that name; rename "
                                "the table's",
                                bound.step->name(), Quoted(info.name)));
      }
      const int position = schema_.num_fields() + static_cast<int>(bound_.derived.size());
      bound_.derived.push_back(field);
      ARROW_RETURN_NOT_OK(
          AddPipeline(feature, *field, behind, at + 1, position, MarkAt(feature.column_marks, c)));
    }
    bound_.row_steps.push_back(std::move(bound));
    return arrow::Status::OK();
  }

  // "step K: message" becomes the message at the mark of the step, counted from `first_step` on.
  void AddStepFault(const FeatureSpec& feature, const std::string& column, std::string message,
                    size_t first_step) {
    Mark mark = feature.mark;
    std::string where = "column " + Quoted(column) + ": ";
    if (message.starts_with("step ")) {
      const char* end = message.data() + message.size();
      size_t step = 0;
      const auto parsed = std::from_chars(message.data() + 5, end, step);
      step += first_step;
      if (parsed.ec == std::errc() && end - parsed.ptr > 2 && parsed.ptr[0] == ':' &&
          step < feature.steps.size()) {
        mark = MarkAt(feature.step_marks, step);
        message.erase(0, parsed.ptr + 2 - message.data());
        where += fmt::format("step {} ({}): ", step + 1, feature.steps[step].name);
      }
    }
    faults_.Add(mark, mark.line > 0 ? message : where + message);
  }

  void CheckOutputs() {
    std::map<std::string, std::string> makers;
    if (plan_.target.has_value()) makers[plan_.target->column] = "the target";
    if (plan_.layout == Layout::kMatrix) CheckMatrix();
    for (size_t i = 0; i < bound_.pipelines.size(); ++i) {
      const std::string maker = "column " + Quoted(bound_.pipelines[i]->source_column());
      for (const auto& output : bound_.pipelines[i]->outputs()) {
        const auto [other, is_new] = makers.emplace(output->name(), maker);
        if (is_new) continue;
        faults_.Add(
            output_marks_[i],
            fmt::format("two outputs would be named {}: one of {}, one of {}; leave one out{}",
                        Quoted(output->name()), other->second, maker,
                        other->second == maker ? "" : ", or rename a column of the table"));
      }
    }
  }

  // As far as outputs are known before learning; what one_hot makes are numbers.
  void CheckMatrix() {
    for (size_t i = 0; i < bound_.pipelines.size(); ++i) {
      for (const auto& output : bound_.pipelines[i]->outputs()) {
        const arrow::Status status = io::CheckMatrixColumn(*output);
        if (!status.ok()) faults_.Add(output_marks_[i], status.message());
      }
    }
    if (plan_.target.has_value() && plan_.target->column == io::kMatrixColumn) {
      faults_.Add(plan_.target->mark,
                  fmt::format("the target is called {}, as the matrix is; rename it, or write "
                              "layout: columns",
                              Quoted(io::kMatrixColumn)));
    }
  }

  const Plan& plan_;
  const arrow::Schema& schema_;
  const std::vector<std::string> names_;
  internal::Faults faults_;
  std::unordered_map<std::string, std::vector<int>> positions_;
  BoundPlan bound_;
  std::vector<Mark> output_marks_;  // of each pipeline's column
  int num_suggestions_ = 0;
  int num_inputs_ = 0;       // of row-wise steps
  bool steps_known_ = true;  // of the feature at hand
};

}  // namespace

arrow::Result<BoundPlan> BindPlan(const Plan& plan, const arrow::Schema& schema,
                                  const std::string& name, bool require_target) {
  return Binder(plan, schema, name).Bind(require_target);
}

}  // namespace emberharmony::plan
