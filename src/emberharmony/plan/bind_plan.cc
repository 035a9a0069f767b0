#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <set>
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
#include "emberharmony/plan/meant_column.h"
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
// What row-wise steps may make in all, one behind the other: a few characters of a plan could ask
// for more columns than any machine holds.
constexpr size_t kDerivedColumnsMax = 65536;
constexpr size_t kRowStepsMax = 8;

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
    std::vector<RowChain> chains;
    for (const FeatureSpec& feature : plan_.features) chains.push_back(BeginChain(feature));
    ARROW_RETURN_NOT_OK(BindStages(&chains));
    for (const RowChain& chain : chains) ARROW_RETURN_NOT_OK(BindFeature(chain));
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

  // The column's position, or -1 after a fault has been noted. With `lists` it may be one of those.
  int Resolve(const std::string& column, Mark mark, std::string_view what, bool lists = false) {
    const auto found = positions_.find(column);
    if (found == positions_.end()) {
      std::string message = fmt::format("unknown {} {}", what, Quoted(column));
      if (++num_suggestions_ <= kSuggestionsMax) message += MeantColumn(column, names_);
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

  // A feature on its way through its row-wise steps.
  struct RowChain {
    const FeatureSpec* feature;
    bool steps_known;
    std::vector<size_t> steps;  // the places of its row-wise steps
    // The feature's columns, or what the last row-wise step has yielded, and where they come from.
    std::vector<int> columns;
    std::vector<Mark> marks;
    bool sound;  // no fault of the feature has been noted
  };

  bool CheckSteps(const FeatureSpec& feature) {
    std::vector<std::string> known = feature::TransformRegistry::Get().names();
    const std::vector<std::string> row_steps = feature::RowStepRegistry::Get().names();
    known.insert(known.end(), row_steps.begin(), row_steps.end());
    std::sort(known.begin(), known.end());
    bool all_known = true;
    for (size_t i = 0; i < feature.steps.size(); ++i) {
      const std::string& name = feature.steps[i].name;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      faults_.Add(MarkAt(feature.step_marks, i),
                  "unknown step " + Quoted(name) + base::DidYouMean(name, known));
      faults_.Advise(fmt::format("the steps are: {}", fmt::join(known, ", ")));
      all_known = false;
    }
    return all_known;
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

  arrow::Status BindColumn(const FeatureSpec& feature, size_t c, bool steps_known) {
    const int position = ResolveFeature(feature, c);
    if (position < 0 || !steps_known) return arrow::Status::OK();
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

  RowChain BeginChain(const FeatureSpec& feature) {
    RowChain chain{&feature, CheckSteps(feature), {}, {}, {}, true};
    for (size_t i = 0; i < feature.steps.size(); ++i) {
      if (feature::RowStepRegistry::Get().Find(feature.steps[i].name) != nullptr)
        chain.steps.push_back(i);
    }
    if (chain.steps.empty()) return chain;  // each of its columns is resolved on its own
    chain.sound = chain.steps_known;
    if (chain.steps.size() > kRowStepsMax) {
      faults_.Add(MarkAt(feature.step_marks, chain.steps[kRowStepsMax]),
                  fmt::format("a feature has at most {} steps that work on rows; leave some out",
                              kRowStepsMax));
      chain.sound = false;
    }
    for (size_t c = 0; c < feature.columns.size(); ++c) {
      chain.columns.push_back(ResolveFeature(feature, c));
      chain.marks.push_back(MarkAt(feature.column_marks, c));
      chain.sound = chain.sound && chain.columns.back() >= 0;
    }
    return chain;
  }

  // The first row-wise step of each feature, then the second of each: what a stage yields stands
  // together, since a run carries it out as one.
  arrow::Status BindStages(std::vector<RowChain>* chains) {
    for (size_t stage = 0; stage < kRowStepsMax; ++stage) {
      for (RowChain& chain : *chains) {
        if (stage < chain.steps.size()) ARROW_RETURN_NOT_OK(BindRowStep(stage, &chain));
      }
    }
    return arrow::Status::OK();
  }

  // The pipelines of the output: of the feature's columns, or of what its last row-wise step
  // yields.
  arrow::Status BindFeature(const RowChain& chain) {
    const FeatureSpec& feature = *chain.feature;
    if (chain.steps.empty()) {
      for (size_t c = 0; c < feature.columns.size(); ++c)
        ARROW_RETURN_NOT_OK(BindColumn(feature, c, chain.steps_known));
      return arrow::Status::OK();
    }
    if (!chain.sound) return arrow::Status::OK();
    const size_t at = chain.steps.back();
    const std::vector<feature::StepSpec> behind(feature.steps.begin() + at + 1,
                                                feature.steps.end());
    for (size_t c = 0; c < chain.columns.size(); ++c) {
      ARROW_RETURN_NOT_OK(AddPipeline(feature, *FieldAt(chain.columns[c]), behind, at + 1,
                                      chain.columns[c], chain.marks[c]));
    }
    return arrow::Status::OK();
  }

  // Of the table, or what row-wise steps yield.
  const std::shared_ptr<arrow::Field>& FieldAt(int position) const {
    const int num_own = schema_.num_fields();
    return position < num_own ? schema_.field(position)
                              : bound_.derived[static_cast<size_t>(position - num_own)];
  }

  // The columns that a row-wise step takes beside the feature's; a fault ends the chain.
  std::vector<int> ColumnsBeside(const feature::StepSpec& step, const feature::RowStep& kind,
                                 Mark mark, RowChain* chain) {
    std::vector<int> beside;
    if (kind.named_columns != nullptr) {
      for (const std::string& name : kind.named_columns(step.options)) {
        beside.push_back(Resolve(name, mark, "column"));
        chain->sound = chain->sound && beside.back() >= 0;
      }
    }
    if (!kind.learns_from_target) return beside;
    if (!plan_.target.has_value()) {
      faults_.Add(mark, fmt::format("{} learns from the plan's target, and the plan has none; add "
                                    "'target: COLUMN'",
                                    step.name));
    }
    chain->sound = chain->sound && bound_.target_column >= 0;
    beside.push_back(bound_.target_column);
    return beside;
  }

  // A chain's row-wise step of a stage: one of all its columns, or one of each.
  arrow::Status BindRowStep(size_t stage, RowChain* chain) {
    const size_t at = chain->steps[stage];
    const feature::StepSpec& step = chain->feature->steps[at];
    const feature::RowStep& kind = *feature::RowStepRegistry::Get().Find(step.name);
    const std::vector<int> beside =
        ColumnsBeside(step, kind, MarkAt(chain->feature->step_marks, at), chain);
    if (!chain->sound) return arrow::Status::OK();
    const std::vector<int> columns = std::exchange(chain->columns, {});
    const std::vector<Mark> marks = std::exchange(chain->marks, {});
    const bool together = kind.takes_columns_together;
    for (size_t c = 0; c < (together ? 1 : columns.size()) && chain->sound; ++c) {
      const std::vector<int> taken = together ? columns : std::vector<int>{columns[c]};
      ARROW_RETURN_NOT_OK(MakeRowStep(stage, taken, beside, marks[c], chain));
    }
    return arrow::Status::OK();
  }

  // What an input goes through: the feature's steps from `begin` to `at`, where the row-wise step
  // is; or nothing, which keeps its type. nullptr after a fault has been noted.
  arrow::Result<std::unique_ptr<feature::Pipeline>> BindInput(const FeatureSpec& feature,
                                                              int position, size_t begin,
                                                              size_t at) {
    // States of a column are told apart by their pipelines' numbers: these are not the output's.
    constexpr int kFirstInput = 1 << 20;
    feature::OutputOptions output = Output();
    output.type = arrow::float64();
    const arrow::Field& source = *FieldAt(position);
    std::vector<feature::StepSpec> steps(feature.steps.begin() + begin, feature.steps.begin() + at);
    if (steps.empty()) steps.push_back({"passthrough", nullptr});
    auto pipeline = feature::Pipeline::Make(
        kFirstInput + num_inputs_++, *arrow::field(source.name(), source.type()), steps, output);
    if (pipeline.ok()) {
      const feature::Transform& last = (*pipeline)->step((*pipeline)->num_steps() - 1);
      if ((*pipeline)->outputs().size() == 1 && !last.traits().last) return pipeline;
      AddStepFault(
          feature, source.name(),
          fmt::format("step {}: {} takes one value of each column, and the steps ahead of "
                      "it give several, or may: leave out {}",
                      at, feature.steps[at].name, last.traits().last ? last.name() : "indicators"),
          0);
      return nullptr;
    }
    if (base::KindOf(pipeline.status()) != base::ErrorKind::kUsage) return pipeline.status();
    AddStepFault(feature, source.name(), pipeline.status().message(), begin);
    return nullptr;
  }

  // The step of a stage of these columns, which are the chain's, or one of them, and of those that
  // it takes beside them. What it yields is appended to the chain's columns.
  arrow::Status MakeRowStep(size_t stage, const std::vector<int>& columns,
                            const std::vector<int>& beside, Mark mark, RowChain* chain) {
    const FeatureSpec& feature = *chain->feature;
    const size_t at = chain->steps[stage];
    const size_t begin = stage == 0 ? 0 : chain->steps[stage - 1] + 1;
    const feature::RowStep& kind = *feature::RowStepRegistry::Get().Find(feature.steps[at].name);
    BoundRowStep bound;
    bound.stage = static_cast<int>(stage);
    bound.feeds_next_stage = stage + 1 < chain->steps.size();
    bound.learns_from_target = kind.learns_from_target;
    bound.source_columns = columns;
    bound.source_columns.insert(bound.source_columns.end(), beside.begin(), beside.end());
    feature::RowContext context;
    context.num_columns = columns.size();
    context.derived = stage > 0;
    for (size_t i = 0; i < bound.source_columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto input, BindInput(feature, bound.source_columns[i],
                                                  i < columns.size() ? begin : at, at));
      chain->sound = input != nullptr;
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
      chain->sound = false;
      AddStepFault(feature, context.inputs[0].name,
                   fmt::format("step {}: {}", at, made.status().message()), 0);
      return arrow::Status::OK();
    }
    bound.step = *std::move(made);
    AddDerived(*bound.step, MarkAt(feature.step_marks, at), mark, chain);
    bound_.row_steps.push_back(std::move(bound));
    return arrow::Status::OK();
  }

  void AddDerived(const feature::RowTransform& step, Mark step_mark, Mark mark, RowChain* chain) {
    const std::vector<feature::ColumnInfo> outputs = step.outputs();
    if (bound_.derived.size() + outputs.size() > kDerivedColumnsMax) {
      chain->sound = false;
      faults_.Add(step_mark,
                  fmt::format("the steps that work on rows make more than {} columns, this one {} "
                              "of them; ask for fewer",
                              kDerivedColumnsMax, outputs.size()));
      return;
    }
    for (const feature::ColumnInfo& info : outputs) {
      if (positions_.contains(info.name)) {
        faults_.Add(step_mark,
                    fmt::format("{} makes a column {}, and the table has one of that name; rename "
                                "the table's",
                                step.name(), Quoted(info.name)));
      }
      chain->columns.push_back(schema_.num_fields() + static_cast<int>(bound_.derived.size()));
      chain->marks.push_back(mark);
      bound_.derived.push_back(arrow::field(info.name, info.type, info.nullable));
    }
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

  // The row-wise step, its outputs named by an option of its own, that a pipeline takes a column
  // of; nullptr for others.
  const feature::RowTransform* NamingStep(size_t pipeline) const {
    int next = schema_.num_fields();
    for (const BoundRowStep& row_step : bound_.row_steps) {
      next += static_cast<int>(row_step.step->outputs().size());
      if (bound_.source_columns[pipeline] >= next) continue;
      if (bound_.source_columns[pipeline] < schema_.num_fields()) return nullptr;
      return row_step.step->options().contains("name") ? row_step.step.get() : nullptr;
    }
    return nullptr;
  }

  void CheckOutputs() {
    std::map<std::string, std::string> makers;
    std::set<const feature::RowTransform*> reported;
    if (plan_.target.has_value()) makers[plan_.target->column] = "the target";
    if (plan_.layout == Layout::kMatrix) CheckMatrix();
    for (size_t i = 0; i < bound_.pipelines.size(); ++i) {
      const std::string maker = "column " + Quoted(bound_.pipelines[i]->source_column());
      for (const auto& output : bound_.pipelines[i]->outputs()) {
        const auto [other, is_new] = makers.emplace(output->name(), maker);
        if (is_new) continue;
        if (const feature::RowTransform* step = NamingStep(i); step && other->second == maker) {
          // All its outputs are so.
          if (!reported.insert(step).second) continue;
          faults_.Add(output_marks_[i],
                      fmt::format("two steps {0} would name their outputs {1} and so on; give one "
                                  "of them a name of its own: {0}: {{name: {2}}}",
                                  step->name(), Quoted(output->name()), "other"));
          continue;
        }
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
  int num_inputs_ = 0;  // of row-wise steps
};

}  // namespace

arrow::Result<BoundPlan> BindPlan(const Plan& plan, const arrow::Schema& schema,
                                  const std::string& name, bool require_target) {
  return Binder(plan, schema, name).Bind(require_target);
}

}  // namespace emberharmony::plan
