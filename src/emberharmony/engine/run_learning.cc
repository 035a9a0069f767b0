#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "emberharmony/base/log.h"
#include "emberharmony/engine/learning_counts.h"
#include "emberharmony/engine/row_folds.h"
#include "emberharmony/engine/row_step_merge.h"
#include "emberharmony/engine/row_steps.h"
#include "emberharmony/engine/run_learning_internal.h"

namespace emberharmony::engine::internal {

namespace {

// The states as a model keeps them: columns counted in the model's own schema.
std::vector<plan::SavedState> StatesForModel(std::vector<plan::SavedState> states,
                                             const arrow::Schema& source,
                                             const arrow::Schema& model) {
  for (plan::SavedState& state : states) {
    const int derived = state.source_column - source.num_fields();
    state.source_column = derived >= 0
                              ? model.num_fields() + derived
                              : model.GetFieldIndex(source.field(state.source_column)->name());
  }
  return states;
}

arrow::Result<Fitted> FinishFit(plan::Plan plan, plan::BoundPlan bound,
                                std::vector<plan::SavedState> states, const io::Source& source,
                                Fitted fitted) {
  ARROW_ASSIGN_OR_RAISE(auto model,
                        plan::FittedPlan::Make(std::move(plan), source.schema(), std::move(bound),
                                               fitted.splits->time_cuts()));
  if (!states.empty()) {
    model->set_states(StatesForModel(std::move(states), *source.schema(), *model->input_schema()));
  }
  fitted.model = std::move(model);
  return fitted;
}

void LogPlan(const std::string& what, const plan::Plan& plan) {
  base::Log(base::LogLevel::kInfo, "{}: {} features, {}", what, plan.features.size(),
            plan.target ? "target '" + plan.target->column + "'" : "no target");
}

constexpr const char* kSplitsFile = "splits";

// Where rows were read to know their splits, they are kept.
arrow::Status KeepSplits(const SplitVectors& splits, Checkpoint* checkpoint) {
  const bool is_read = splits.uniform_split() < 0 || splits.time_cuts().has_value();
  if (checkpoint == nullptr || !is_read || splits.pending() || checkpoint->FindFile(kSplitsFile))
    return arrow::Status::OK();
  return checkpoint->NoteFile(
      kSplitsFile, [&](arrow::io::OutputStream* stream) { return splits.Write(stream); });
}

arrow::Status NoteToLearn(const plan::BoundPlan& bound, Checkpoint* checkpoint) {
  if (checkpoint == nullptr) return arrow::Status::OK();
  const LearningCounts counts = CountLearning(bound.pipelines, bound.row_steps);
  return checkpoint->NoteToLearn(counts.columns, counts.row_steps);
}

// What comes after the steps of the table's own columns have learned, stage by stage. States are
// appended to *states.
arrow::Result<std::shared_ptr<io::Source>> FitRowSteps(const RequestedSource& requested,
                                                       const GivenPlan& given,
                                                       const SplitVectors& splits,
                                                       FitPurpose purpose, RunContext* context,
                                                       Checkpoint* checkpoint,
                                                       std::vector<plan::SavedState>* states) {
  const RowFolds folds(requested, given.plan.split, splits, context);
  const std::vector<RowStepUse> uses = UsesOf(given.bound, /*with_target=*/false);
  std::shared_ptr<io::Source> source = requested.selected;
  for (int stage = 0; stage < NumStages(uses); ++stage) {
    ARROW_RETURN_NOT_OK(
        LearnRowSteps(*source, folds, stage, given.bound, purpose == FitPurpose::kMerging, context,
                      purpose == FitPurpose::kApplying ? nullptr : states, checkpoint));
    const int first_derived = source->schema()->num_fields();
    ARROW_ASSIGN_OR_RAISE(
        source, ApplyRowSteps(std::move(source), UsesOfStage(uses, stage), &folds, context));
    ARROW_ASSIGN_OR_RAISE(auto learned, FitPipelines(*source, splits, given.bound, purpose, context,
                                                     first_derived, checkpoint));
    std::move(learned.begin(), learned.end(), std::back_inserter(*states));
  }
  return source;
}

// What the report tells of how a model came about, beside what the model says.
nlohmann::json FactsOf(const Fitted& fitted) {
  nlohmann::json profiles = nlohmann::json::array();
  for (const plan::ColumnProfile& profile : fitted.profiles) {
    profiles.push_back({profile.count, profile.null_count, profile.distinct_count,
                        profile.distinct_exact, profile.infinity_count, profile.min, profile.max});
  }
  return {{"automatic", fitted.automatic}, {"profiles", std::move(profiles)}};
}

// Empty when it is not what FactsOf gave for so many columns.
std::vector<plan::ColumnProfile> ProfilesOf(const nlohmann::json& facts, int num_columns) {
  const auto found = facts.find("profiles");
  if (found == facts.end() || !found->is_array() ||
      found->size() != static_cast<size_t>(num_columns)) {
    return {};
  }
  std::vector<plan::ColumnProfile> profiles;
  for (const nlohmann::json& json : *found) {
    if (!json.is_array() || json.size() != 7 || !json[3].is_boolean()) return {};
    for (const int i : {0, 1, 2, 4}) {
      if (!json[i].is_number_integer()) return {};
    }
    plan::ColumnProfile profile{json[0].get<int64_t>(), json[1].get<int64_t>(),
                                json[2].get<int64_t>(), json[3].get<bool>()};
    profile.infinity_count = json[4].get<int64_t>();
    // What is not finite is no number in JSON.
    if (json[5].is_number()) profile.min = json[5].get<double>();
    if (json[6].is_number()) profile.max = json[6].get<double>();
    profiles.push_back(profile);
  }
  return profiles;
}

// What an interrupted run has learned; nothing when there is none, or the model alone does not
// tell all that its rows are made with (a step's folds): then it is learned again.
arrow::Result<std::optional<Fitted>> ReloadFit(const RequestedSource& requested,
                                               Checkpoint* checkpoint, RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(const auto facts, checkpoint->FindModel());
  if (!facts) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<const plan::FittedPlan> model,
      plan::FittedPlan::Load(checkpoint->model_path(), /*with_states=*/false,
                             context->learned_memory(context->options().spill_dir)));
  for (const plan::BoundRowStep& row_step : model->row_steps()) {
    if (row_step.step->traits().num_folds > 0) return std::nullopt;
  }
  const io::Source& source = *requested.selected;
  Fitted fitted;
  fitted.model = model;
  fitted.automatic = facts->value("automatic", nlohmann::json()) == nlohmann::json(true);
  fitted.profiles = ProfilesOf(*facts, source.schema()->num_fields());
  fitted.automatic = fitted.automatic && !fitted.profiles.empty();
  const plan::Plan& plan = model->plan();
  const bool drops_rows = plan.target && plan.target->drop_null;
  ARROW_ASSIGN_OR_RAISE(
      fitted.splits,
      MakeSplits(requested, plan.split, context,
                 drops_rows ? std::optional<std::string>(plan.target->column) : std::nullopt,
                 checkpoint));
  ARROW_RETURN_NOT_OK(fitted.splits->Complete());
  const RowFolds folds(requested, plan.split, *fitted.splits, context);
  ARROW_ASSIGN_OR_RAISE(const auto binding, model->Bind(*source.schema()));
  ARROW_ASSIGN_OR_RAISE(
      fitted.source, ApplyRowSteps(requested.selected, UsesOf(*model, binding), &folds, context));
  return fitted;
}

}  // namespace

plan::SplitSpec AutomaticSplit(const PlanRequest& request, const arrow::Schema& schema) {
  plan::SplitSpec split = request.automatic_options(schema).split.value_or(plan::SplitSpec());
  if (request.seed) split.seed = *request.seed;
  return split;
}

arrow::Result<std::shared_ptr<const SplitVectors>> MakeSplits(
    const RequestedSource& requested, const plan::SplitSpec& spec, RunContext* context,
    const std::optional<std::string>& required_column, Checkpoint* checkpoint) {
  const auto kept = checkpoint != nullptr ? checkpoint->FindFile(kSplitsFile) : std::nullopt;
  if (kept) {
    auto splits = SplitVectors::ReadFile(*kept, *requested.whole, context);
    if (splits.ok() || splits.status().IsOutOfMemory()) return splits;
  }
  ARROW_ASSIGN_OR_RAISE(
      auto splits, SplitVectors::MakeForScan(*requested.whole, *requested.selected, spec, context,
                                             required_column));
  ARROW_RETURN_NOT_OK(KeepSplits(*splits, checkpoint));
  return splits;
}

arrow::Result<Fitted> FitRequested(const RequestedSource& requested, const PlanRequest& request,
                                   std::optional<GivenPlan> given, FitPurpose purpose,
                                   RunContext* context, Checkpoint* checkpoint) {
  const io::Source& source = *requested.selected;
  Fitted fitted;
  fitted.source = requested.selected;
  if (!given) {
    fitted.automatic = true;
    ARROW_ASSIGN_OR_RAISE(fitted.splits,
                          MakeSplits(requested, AutomaticSplit(request, *source.schema()), context,
                                     std::nullopt, checkpoint));
    ARROW_ASSIGN_OR_RAISE(
        DetectedPlan detected,
        DetectPlan(source, *fitted.splits, request.automatic_options(*source.schema()),
                   /*learn=*/true, purpose != FitPurpose::kApplying, context, checkpoint));
    ARROW_RETURN_NOT_OK(fitted.splits->Complete());
    ARROW_RETURN_NOT_OK(KeepSplits(*fitted.splits, checkpoint));
    fitted.profiles = detected.profiles;
    LogPlan("automatic plan", detected.plan);
    if (detected.plan.features.empty()) return NoFeatures(detected.plan);
    return FinishFit(std::move(detected.plan), std::move(detected.bound),
                     std::move(detected.states), source, std::move(fitted));
  }
  LogPlan("plan '" + request.name + "'", given->plan);
  ARROW_ASSIGN_OR_RAISE(fitted.splits, MakeSplits(requested, given->plan.split, context,
                                                  given->required_column(), checkpoint));
  // Where models cannot be merged, states would serve nobody.
  if (!CheckRowStepsMerge(given->bound, source.schema()->num_fields()).ok())
    purpose = FitPurpose::kApplying;
  ARROW_RETURN_NOT_OK(NoteToLearn(given->bound, checkpoint));
  ARROW_ASSIGN_OR_RAISE(auto states,
                        FitPipelines(source, *fitted.splits, given->bound, purpose, context,
                                     /*first_column=*/0, checkpoint));
  ARROW_RETURN_NOT_OK(fitted.splits->Complete());
  ARROW_ASSIGN_OR_RAISE(fitted.source, FitRowSteps(requested, *given, *fitted.splits, purpose,
                                                   context, checkpoint, &states));
  return FinishFit(std::move(given->plan), std::move(given->bound), std::move(states), source,
                   std::move(fitted));
}

arrow::Status ExplainNoRows(const SourceRequest& request, const RequestedSource& requested,
                            const arrow::Status& status) {
  const std::string why = status.ok() ? "" : WhyNoRows(request, requested);
  if (why.empty()) return status;
  return status.WithMessage(why, ", so there is nothing to learn from: ", status.message());
}

arrow::Result<std::optional<GivenPlan>> PreparePlanOf(const SourceRequest& source_request,
                                                      const RequestedSource& requested,
                                                      const PlanRequest& request,
                                                      RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto given, PreparePlan(source_request, requested, request));
  if (given) context->set_compute(given->plan.compute);
  return given;
}

arrow::Status SelectRowsOf(const SourceRequest& source_request, const PlanRequest& plan_request,
                           RunContext* context, RequestedSource* requested,
                           std::optional<GivenPlan>* given, Checkpoint* checkpoint) {
  const bool is_remote = requested->remote != nullptr;
  const std::string unit_column = *given ? (*given)->plan.unit_column.value_or("") : std::string();
  io::DownloadKeeper* const keeper =
      checkpoint != nullptr && checkpoint->can_be_continued() ? checkpoint : nullptr;
  if (is_remote && checkpoint != nullptr) checkpoint->NotePhase("ask");
  ARROW_RETURN_NOT_OK(
      SelectRows(source_request, context, requested, ColumnsToRead(*given), unit_column, keeper));
  // Columns that are not read have not been fetched, so others have their numbers.
  if (!is_remote) return arrow::Status::OK();
  if (checkpoint != nullptr) ARROW_RETURN_NOT_OK(checkpoint->NoteDownload(requested->was_kept));
  ARROW_ASSIGN_OR_RAISE(*given, PreparePlan(source_request, *requested, plan_request));
  return arrow::Status::OK();
}

arrow::Result<Fitted> FitOrReload(const SourceRequest& source_request,
                                  const RequestedSource& requested, const PlanRequest& plan_request,
                                  std::optional<GivenPlan> given, Checkpoint* checkpoint,
                                  RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto reloaded, ReloadFit(requested, checkpoint, context));
  if (reloaded) return *std::move(reloaded);
  arrow::Result<Fitted> fit = FitRequested(
      requested, plan_request, std::move(given),
      context->options().keep_state ? FitPurpose::kApplyingAndMerging : FitPurpose::kApplying,
      context, checkpoint->can_be_continued() ? checkpoint : nullptr);
  ARROW_RETURN_NOT_OK(ExplainNoRows(source_request, requested, fit.status()));
  ARROW_RETURN_NOT_OK(CheckFeatures(*fit->model));
  checkpoint->NotePhase("save");
  std::error_code ignored;
  std::filesystem::remove_all(checkpoint->model_path(), ignored);
  ARROW_RETURN_NOT_OK(fit->model->Save(checkpoint->model_path()));
  ARROW_RETURN_NOT_OK(checkpoint->NoteModel(FactsOf(*fit)));
  return fit;
}

arrow::Status CheckFeatures(const plan::FittedPlan& model) {
  if (model.output_schema(/*with_target=*/false)->num_fields() > 0) return arrow::Status::OK();
  return NoFeatures(model.plan());
}

}  // namespace emberharmony::engine::internal
