#include "emberharmony/engine/fit.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <tuple>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/column_jobs.h"
#include "emberharmony/engine/column_learner.h"
#include "emberharmony/engine/column_memory.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/job_schedule.h"
#include "emberharmony/engine/row_step_merge.h"
#include "emberharmony/engine/state_spool.h"
#include "emberharmony/engine/weighted_scan.h"
#include "emberharmony/feature/distinct_count.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/io/declared_category.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;

// What all jobs of a fit share.
struct FitShared {
  const io::Source& source;
  const SplitVectors& splits;
  RunContext* context;
  StateSpool* spool;
  bool returns_states;
  bool leaves_unlearned;
  std::mutex mutex;
  std::vector<plan::SavedState> states;  // guarded by mutex
  Checkpoint* checkpoint = nullptr;
  std::string pass_name = {};  // of a pass over columns, in the checkpoint
};

// Splits a pass over (unit, column) among scan and consumer, and tells the progress. Where memory
// is shorter than the scan may need, what has been learned of the column makes room first.
arrow::Status ScanUnit(FitShared* shared, int column, int64_t u, const WeightedConsumer& consumer,
                       const std::function<arrow::Status()>& make_room) {
  const base::Activity activity("fit", shared->source.schema()->field(column)->name());
  const io::Unit& unit = shared->source.units()[u];
  std::shared_ptr<const SplitVector> splits;
  if (shared->splits.uniform_split() > 0) {
    // No row is a training row: learning sees nothing.
    shared->context->progress()->Advance(unit.num_rows);
    return arrow::Status::OK();
  }
  const int64_t num_bytes = unit.num_rows + ScanBytes(shared->source, unit, column);
  const TaskGate::Pass pass = shared->context->gate()->Enter(num_bytes);
  if (shared->context->budget()->available_bytes() < num_bytes) ARROW_RETURN_NOT_OK(make_room());
  base::MemoryReservation reservation(shared->context->budget());
  ARROW_RETURN_NOT_OK(reservation.Resize(unit.num_rows));
  splits = shared->splits.Unpack(u);
  ARROW_RETURN_NOT_OK(
      ScanWeighted(shared->source, unit, column, splits.get(), shared->context, consumer));
  shared->context->progress()->Advance(unit.num_rows);
  return arrow::Status::OK();
}

// What the checkpoint has of one column, pass by pass. One thread at a time.
class KeptColumn {
 public:
  KeptColumn(const FitShared& shared, const std::string& kind, int column)
      : checkpoint_(shared.checkpoint),
        column_(column),
        prefix_(fmt::format("{}{}-{}", kind, shared.pass_name, column)) {}

  /// What an interrupted run has kept of all passes.
  arrow::Result<std::vector<plan::SavedState>> Find() {
    std::vector<plan::SavedState> states;
    while (checkpoint_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto kept, checkpoint_->FindStates(NextName(), column_));
      if (!kept) break;
      std::move(kept->begin(), kept->end(), std::back_inserter(states));
      ++num_passes_;
    }
    return states;
  }
  /// Keeps what a pass has seen, unless it is there already.
  arrow::Status Note(const std::vector<plan::SavedState>& states) {
    if (checkpoint_ == nullptr || states.empty()) return arrow::Status::OK();
    return checkpoint_->NoteStates(NextName(num_passes_++), states);
  }

 private:
  std::string NextName() const { return NextName(num_passes_); }
  std::string NextName(int pass) const { return fmt::format("{}-{}", prefix_, pass); }

  Checkpoint* const checkpoint_;
  const int column_;
  const std::string prefix_;
  int num_passes_ = 0;
};

class FitJob : public ColumnJob {
 public:
  FitJob(FitShared* shared, int column, std::vector<Pipeline*> pipelines)
      : shared_(shared),
        column_(column),
        field_(shared->source.schema()->field(column)),
        memory_(*field_, "fit", shared->context),
        kept_(*shared, "fit", column),
        learner_(std::make_unique<ColumnLearner>(column, field_, std::move(pipelines),
                                                 memory_.options(), shared->context->budget())) {
    if (shared->leaves_unlearned) learner_->LeaveUnlearned();
  }

  arrow::Result<bool> BeginPass() override {
    ARROW_RETURN_NOT_OK(WithColumn(learner_->BeginPass(), field_->name()));
    if (!looked_for_kept_) {
      looked_for_kept_ = true;
      ARROW_ASSIGN_OR_RAISE(restored_, kept_.Find());
    }
    was_scanned_ = learner_->needs_scan();
    if (!was_scanned_) return false;
    ARROW_RETURN_NOT_OK(WithColumn(learner_->Restore(restored_), field_->name()));
    was_scanned_ = learner_->needs_scan();
    return was_scanned_;
  }

  arrow::Status ProcessUnit(int64_t unit) override {
    return WithColumn(ScanUnit(
                          shared_, column_, unit,
                          [&](const auto& values, const int64_t* weights, int64_t null_weight) {
                            return Consume(values, weights, null_weight);
                          },
                          [&] { return MakeRoom(); }),
                      field_->name());
  }

  int source_column() const override { return column_; }

  arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                        int64_t null_weight) override {
    const base::Activity activity("fit", field_->name());
    return WithColumn(learner_->Update(values, weights, null_weight), field_->name());
  }

  arrow::Result<bool> FinishPass() override {
    const base::Activity activity("fit", field_->name());
    std::vector<plan::SavedState> saved;
    std::vector<plan::SavedState> refined;
    const bool keeps = shared_->checkpoint != nullptr && was_scanned_;
    StateSpool* const spool = keeps || shared_->returns_states ? shared_->spool : nullptr;
    arrow::Result<bool> again = learner_->FinishPass(spool, &saved, keeps ? &refined : nullptr);
    ARROW_RETURN_NOT_OK(WithColumn(again.status(), field_->name()));
    if (keeps) {
      std::vector<plan::SavedState> all = saved;
      std::move(refined.begin(), refined.end(), std::back_inserter(all));
      ARROW_RETURN_NOT_OK(kept_.Note(all));
    }
    if (!*again) ARROW_RETURN_NOT_OK(NoteLearned());
    if (!shared_->returns_states) return again;
    std::lock_guard lock(shared_->mutex);
    std::move(saved.begin(), saved.end(), std::back_inserter(shared_->states));
    return again;
  }

  void Release() override { learner_.reset(); }

 protected:
  /// Gives back what memory the states of the pass can do without. Any thread.
  virtual arrow::Status MakeRoom() { return learner_->MakeRoom(); }

  arrow::Status NoteLearned() {
    if (shared_->checkpoint == nullptr) return arrow::Status::OK();
    return shared_->checkpoint->NoteLearnedColumn(column_);
  }

  FitShared* const shared_;
  const int column_;
  const std::shared_ptr<arrow::Field> field_;
  const ColumnMemory memory_;
  KeptColumn kept_;
  std::unique_ptr<ColumnLearner> learner_;

 private:
  std::vector<plan::SavedState> restored_;
  bool looked_for_kept_ = false;
  bool was_scanned_ = false;  // in this pass
};

// The first pass looks at the raw column; then the automatic plan's steps for it are known, and
// learn from what was seen.
class DetectJob : public FitJob {
 public:
  DetectJob(FitShared* shared, int column, const plan::AutomaticPlanOptions& options, bool learn,
            plan::ColumnProfile* profile, std::vector<std::unique_ptr<Pipeline>>* learned)
      : FitJob(shared, column, {}),
        options_(options),
        learn_(learn),
        profile_(profile),
        learned_(learned),
        kept_detection_(*shared, "detect", column) {
    const std::string& name = field_->name();
    if (options.target != name && options.why_left_out(name) == nullptr) {
      analyzers_ = plan::DetectionAnalyzers(
          *field_->type(), options.is_categorical(name) || io::IsDeclaredCategory(*field_));
    }
  }

  arrow::Result<bool> BeginPass() override {
    if (detected_) return FitJob::BeginPass();
    for (const auto& analyzer : analyzers_) {
      ARROW_ASSIGN_OR_RAISE(auto state, analyzer->MakeState(*field_->type(), memory_.options()));
      states_.push_back(std::move(state));
    }
    ARROW_ASSIGN_OR_RAISE(is_restored_, RestoreDetection());
    return !analyzers_.empty() && !is_restored_;
  }

  arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                        int64_t null_weight) override {
    if (detected_) return FitJob::Consume(values, weights, null_weight);
    const base::Activity activity("fit", field_->name());
    std::lock_guard lock(state_mutex_);
    feature::WeightedValues weighted{*values, weights, null_weight};
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      ARROW_RETURN_NOT_OK(
          WithColumn(analyzers_[i]->Update(states_[i].get(), weighted), field_->name()));
    }
    return arrow::Status::OK();
  }

  arrow::Result<bool> FinishPass() override {
    if (detected_) return FitJob::FinishPass();
    detected_ = true;
    if (!is_restored_) ARROW_RETURN_NOT_OK(NoteDetection());
    ARROW_RETURN_NOT_OK(FillProfile());
    ARROW_ASSIGN_OR_RAISE(const bool again, BeginLearning());
    if (!again && !analyzers_.empty()) ARROW_RETURN_NOT_OK(NoteLearned());
    return again;
  }

  void Release() override {
    states_.clear();
    FitJob::Release();
  }

  /// Whether the column is looked at.
  bool detects() const { return !analyzers_.empty(); }

 protected:
  arrow::Status MakeRoom() override {
    if (detected_) return FitJob::MakeRoom();
    std::lock_guard lock(state_mutex_);
    for (const auto& state : states_) ARROW_RETURN_NOT_OK(state->Spill());
    return arrow::Status::OK();
  }

 private:
  // Whether the column has a step that learns; then it does from what was seen.
  arrow::Result<bool> BeginLearning() {
    if (!learn_) return false;
    // The decision about a column depends on that column alone, so its states need not wait for the
    // other columns.
    plan::AutomaticPlanOptions options = options_;
    if (options.target == field_->name()) return false;
    options.target.reset();
    options.split.reset();
    ARROW_ASSIGN_OR_RAISE(plan::Plan plan,
                          plan::MakeAutomaticPlan(arrow::Schema({field_}), {*profile_}, options));
    if (plan.features.empty()) return false;
    plan.split.key.clear();
    ARROW_ASSIGN_OR_RAISE(plan::BoundPlan bound,
                          plan::BindPlan(plan, arrow::Schema({field_}), "automatic plan", false));
    std::vector<Pipeline*> pipelines;
    for (auto& pipeline : bound.pipelines) pipelines.push_back(pipeline.get());
    *learned_ = std::move(bound.pipelines);
    learner_ = std::make_unique<ColumnLearner>(column_, field_, std::move(pipelines),
                                               memory_.options(), shared_->context->budget());
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      learner_->Preload("", analyzers_[i]->state_key(), std::move(states_[i]));
    }
    return true;
  }

  // Whether an interrupted run has kept all that the first pass sees.
  arrow::Result<bool> RestoreDetection() {
    ARROW_ASSIGN_OR_RAISE(const auto kept, kept_detection_.Find());
    if (kept.size() != analyzers_.size() || kept.empty()) return false;
    std::vector<const plan::SavedState*> in_order;
    for (const auto& analyzer : analyzers_) {
      const auto found =
          std::ranges::find(kept, analyzer->state_key(), &plan::SavedState::state_key);
      if (found == kept.end()) return false;
      in_order.push_back(&*found);
    }
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      ARROW_RETURN_NOT_OK(
          WithColumn(analyzers_[i]->MergeEncoded(states_[i].get(), in_order[i]->bytes,
                                                 *field_->type(), memory_.options()),
                     field_->name()));
    }
    return true;
  }

  arrow::Status NoteDetection() {
    if (shared_->checkpoint == nullptr) return arrow::Status::OK();
    std::vector<plan::SavedState> saved;
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto encoded, shared_->spool->Encode(*analyzers_[i], *states_[i]));
      saved.push_back({column_, "", analyzers_[i]->state_key(), std::move(encoded)});
    }
    return kept_detection_.Note(saved);
  }

  arrow::Status FillProfile() {
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      // How many values there are is all that is asked for: none of them is ranked.
      static const auto kCountOnly = feature::MakeValueCountsAnalyzer({.max_size = 0});
      const feature::Analyzer& analyzer =
          analyzers_[i]->state_key() == kCountOnly->state_key() ? *kCountOnly : *analyzers_[i];
      ARROW_ASSIGN_OR_RAISE(auto statistic, analyzer.Finalize(*states_[i]));
      if (auto* counts = dynamic_cast<const feature::ValueCountsStatistic*>(statistic.get())) {
        profile_->count = counts->count;
        profile_->null_count = counts->null_count;
        profile_->distinct_count = counts->distinct_count;
        profile_->distinct_exact = true;
      } else if (auto* distinct =
                     dynamic_cast<const feature::DistinctCountStatistic*>(statistic.get())) {
        profile_->count = distinct->count;
        profile_->null_count = distinct->null_count;
        profile_->distinct_count = distinct->distinct_count;
        profile_->distinct_exact = distinct->exact;
      } else if (auto* moments = dynamic_cast<const feature::MomentsStatistic*>(statistic.get())) {
        profile_->count = moments->count;
        profile_->null_count = moments->null_count;
        profile_->min = moments->min;
        profile_->max = moments->max;
        profile_->infinity_count = moments->infinity_count;
      }
    }
    return arrow::Status::OK();
  }

  const plan::AutomaticPlanOptions& options_;
  const bool learn_;
  plan::ColumnProfile* const profile_;
  std::vector<std::unique_ptr<Pipeline>>* const learned_;
  std::vector<std::shared_ptr<const feature::Analyzer>> analyzers_;
  std::mutex state_mutex_;
  std::vector<std::unique_ptr<feature::State>> states_;  // guarded by state_mutex_ during a pass
  bool detected_ = false;
  KeptColumn kept_detection_;
  bool is_restored_ = false;
};

void SortStates(std::vector<plan::SavedState>* states) {
  std::sort(states->begin(), states->end(),
            [](const plan::SavedState& a, const plan::SavedState& b) {
              return std::tie(a.source_column, a.path_key, a.state_key) <
                     std::tie(b.source_column, b.path_key, b.state_key);
            });
}

// One column's states at a time, piece by piece from the models' files.
arrow::Status MergeColumn(const std::vector<MergePart>& parts, int column,
                          std::shared_ptr<arrow::Field> field,
                          const std::vector<Pipeline*>& pipelines, RunContext* context,
                          StateSpool* spool, std::vector<plan::SavedState>* saved) {
  const base::Activity activity("merge", field->name());
  const ColumnMemory memory(*field, "merge", context);
  ColumnLearner learner(column, field, pipelines, memory.options(), context->budget());
  learner.LeaveUnlearned();
  ARROW_RETURN_NOT_OK(learner.BeginPass());
  for (size_t m = 0; m < parts.size(); ++m) {
    int64_t found = 0;
    for (const plan::SavedState& state : parts[m].states) {
      if (state.source_column != column) continue;
      ARROW_RETURN_NOT_OK(context->CheckStop());
      ARROW_ASSIGN_OR_RAISE(bool merged,
                            learner.MergeEncoded(state.path_key, state.state_key, state.bytes));
      found += merged;
    }
    if (found != learner.num_states()) {
      return base::UsageError(
          fmt::format("column '{}': model {} lacks a state that the plan's steps need; fit it "
                      "with `ember fit`, or keep its state with --keep-state",
                      field->name(), m + 1));
    }
  }
  ARROW_ASSIGN_OR_RAISE(bool again, learner.FinishPass(spool, saved));
  if (again && learner.refining()) {
    return base::UsageError(fmt::format(
        "column '{}' cannot be merged: together the parts have more than quantile_keys ({}) "
        "distinct values, and exact_quantiles then takes another pass over the data; fit the "
        "whole table instead, or raise quantile_keys in all plans",
        field->name(), parts[0].plan.quantile_keys));
  }
  if (!again) return arrow::Status::OK();
  return base::UsageError(fmt::format(
      "column '{}' cannot be merged: one of its steps learned from another learned step; "
      "fit the whole table instead",
      field->name()));
}

// The pipelines of the columns from `begin` to `end`, which may be derived ones.
arrow::Status MergeColumns(const std::vector<MergePart>& parts, const plan::BoundPlan& bound,
                           int begin, int end, RunContext* context, StateSpool* spool,
                           std::vector<plan::SavedState>* saved) {
  std::map<int, std::vector<Pipeline*>> by_column;
  const auto add = [&](int column, Pipeline* pipeline) {
    if (!pipeline->learned() && column >= begin && column < end)
      by_column[column].push_back(pipeline);
  };
  for (size_t i = 0; i < bound.pipelines.size(); ++i)
    add(bound.source_columns[i], bound.pipelines[i].get());
  for (const plan::BoundRowStep& row_step : bound.row_steps) {
    for (size_t i = 0; i < row_step.inputs.size(); ++i)
      add(row_step.source_columns[i], row_step.inputs[i].get());
  }
  const arrow::Schema& schema = *parts[0].input_schema;
  for (const auto& [column, pipelines] : by_column) {
    const int derived = column - schema.num_fields();
    const auto& field =
        derived >= 0 ? bound.derived[static_cast<size_t>(derived)] : schema.field(column);
    ARROW_RETURN_NOT_OK(WithColumn(
        MergeColumn(parts, column, field, pipelines, context, spool, saved), field->name()));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::vector<plan::SavedState>> FitPipelines(
    const io::Source& source, const SplitVectors& splits, const plan::BoundPlan& bound,
    FitPurpose purpose, RunContext* context, int first_column, Checkpoint* checkpoint) {
  StateSpool spool(context->options().spill_dir);
  FitShared shared{source,
                   splits,
                   context,
                   &spool,
                   purpose != FitPurpose::kApplying,
                   purpose == FitPurpose::kMerging,
                   {},
                   {},
                   checkpoint,
                   first_column == 0 ? "" : fmt::format("-{}", first_column)};
  std::map<int, std::vector<Pipeline*>> by_column;
  const auto add = [&](int column, Pipeline* pipeline) {
    if (!pipeline->learned() && column >= first_column && column < source.schema()->num_fields())
      by_column[column].push_back(pipeline);
  };
  for (size_t i = 0; i < bound.pipelines.size(); ++i)
    add(bound.source_columns[i], bound.pipelines[i].get());
  for (const plan::BoundRowStep& row_step : bound.row_steps) {
    for (size_t i = 0; i < row_step.inputs.size(); ++i)
      add(row_step.source_columns[i], row_step.inputs[i].get());
  }
  std::vector<int> columns;
  for (const auto& [column, pipelines] : by_column) columns.push_back(column);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  for (int column : ByDescendingBytes(source, columns)) {
    jobs.push_back(std::make_unique<FitJob>(&shared, column, by_column[column]));
  }
  context->progress()->BeginPhase("fit", source.num_rows() * static_cast<int64_t>(jobs.size()),
                                  source.num_rows(), source.num_bytes());
  ARROW_RETURN_NOT_OK(RunJobs(jobs, source, splits, context));
  context->progress()->EndPhase();
  SortStates(&shared.states);
  return std::move(shared.states);
}

arrow::Result<DetectedPlan> DetectPlan(const io::Source& source, const SplitVectors& splits,
                                       const plan::AutomaticPlanOptions& options, bool learn,
                                       bool keep_state, RunContext* context,
                                       Checkpoint* checkpoint) {
  StateSpool spool(context->options().spill_dir);
  FitShared shared{source, splits, context, &spool, keep_state, false, {}, {}, checkpoint};
  const int num_columns = source.schema()->num_fields();
  DetectedPlan detected;
  detected.profiles.resize(num_columns);
  std::vector<std::vector<std::unique_ptr<Pipeline>>> learned(num_columns);
  std::vector<int> columns(num_columns);
  std::iota(columns.begin(), columns.end(), 0);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  int64_t num_detected = 0;
  for (int column : ByDescendingBytes(source, columns)) {
    auto job = std::make_unique<DetectJob>(&shared, column, options, learn,
                                           &detected.profiles[column], &learned[column]);
    if (job->detects()) ++num_detected;
    jobs.push_back(std::move(job));
  }
  if (checkpoint != nullptr)
    ARROW_RETURN_NOT_OK(checkpoint->NoteToLearn(num_detected, /*num_row_steps=*/0));
  context->progress()->BeginPhase("detect", source.num_rows() * num_columns, source.num_rows(),
                                  source.num_bytes());
  ARROW_RETURN_NOT_OK(RunJobs(jobs, source, splits, context));
  context->progress()->EndPhase();

  ARROW_ASSIGN_OR_RAISE(detected.plan,
                        plan::MakeAutomaticPlan(*source.schema(), detected.profiles, options));
  ARROW_ASSIGN_OR_RAISE(detected.bound,
                        plan::BindPlan(detected.plan, *source.schema(), "automatic plan", true));
  if (learn) {
    // A column of an automatic plan has one feature entry, hence its pipelines come in the same
    // order.
    std::vector<size_t> next(num_columns, 0);
    for (size_t i = 0; i < detected.bound.pipelines.size(); ++i) {
      const int column = detected.bound.source_columns[i];
      detected.bound.pipelines[i] = std::move(learned[column][next[column]++]);
    }
  }
  SortStates(&shared.states);
  detected.states = std::move(shared.states);
  return detected;
}

arrow::Result<MergePart> MergePart::Load(const std::string& model_dir,
                                         const feature::StateOptions& memory) {
  ARROW_ASSIGN_OR_RAISE(auto model,
                        plan::FittedPlan::Load(model_dir, /*with_states=*/true, memory));
  return MergePart{model->plan(), model->input_schema(), model->time_cuts(), model->states()};
}

arrow::Status CheckMergeable(const std::vector<MergePart>& parts) {
  if (parts.empty()) return base::UsageError("nothing to merge: name at least one model");
  const MergePart& first = parts[0];
  for (size_t m = 0; m < parts.size(); ++m) {
    if (plan::PlanHash(parts[m].plan) != plan::PlanHash(first.plan)) {
      return base::UsageError(fmt::format(
          "model {} was fitted with another plan than model 1; merge fits of one plan", m + 1));
    }
    if (!parts[m].input_schema->Equals(*first.input_schema)) {
      return base::UsageError(
          fmt::format("model {} was fitted on other columns or types than model 1", m + 1));
    }
  }
  ARROW_ASSIGN_OR_RAISE(const plan::BoundPlan bound,
                        plan::BindPlan(first.plan, *first.input_schema, "plan.yaml", false));
  ARROW_RETURN_NOT_OK(CheckRowStepsMerge(bound, first.input_schema->num_fields()));
  const plan::SplitSpec& split = first.plan.split;
  if (split.method == plan::SplitMethod::kRandom) {
    return base::UsageError(
        "models with a random split cannot be merged: a row's split follows from its position in "
        "the whole table, which a part does not know; fit the whole table, or split by method: "
        "hash");
  }
  if (split.method == plan::SplitMethod::kTime && !split.by_instants()) {
    return base::UsageError(
        "models with a time split by shares cannot be merged: each part has cut its own rows; fit "
        "the whole table, or give the cuts as instants (validation_from, test_from)");
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<plan::FittedPlan>> MergeModels(const std::vector<MergePart>& parts,
                                                             RunContext* context) {
  ARROW_RETURN_NOT_OK(CheckMergeable(parts));
  const MergePart& first = parts[0];
  auto schema = first.input_schema;
  ARROW_ASSIGN_OR_RAISE(plan::BoundPlan bound,
                        plan::BindPlan(first.plan, *schema, "plan.yaml", false));
  StateSpool spool(context->options().spill_dir);
  std::vector<plan::SavedState> saved;
  // Those of the table's own columns come first, then the row-wise steps, in the order of stages,
  // with what they yield.
  ARROW_RETURN_NOT_OK(MergeColumns(parts, bound, 0, schema->num_fields(), context, &spool, &saved));
  int first_derived = schema->num_fields();
  for (plan::BoundRowStep& row_step : bound.row_steps) {
    const auto behind = first_derived + static_cast<int>(row_step.step->outputs().size());
    ARROW_RETURN_NOT_OK(
        MergeRowStep(parts, first_derived, row_step.step.get(), context, &spool, &saved));
    ARROW_RETURN_NOT_OK(MergeColumns(parts, bound, first_derived, behind, context, &spool, &saved));
    first_derived = behind;
  }
  SortStates(&saved);
  ARROW_ASSIGN_OR_RAISE(
      auto result, plan::FittedPlan::Make(first.plan, schema, std::move(bound), first.time_cuts));
  result->set_states(std::move(saved));
  return result;
}

}  // namespace emberharmony::engine
