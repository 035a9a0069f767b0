#include "emberharmony/engine/category_sample.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/engine/column_jobs.h"
#include "emberharmony/engine/column_learner.h"
#include "emberharmony/engine/column_memory.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/job_schedule.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/engine/weighted_scan.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;
using feature::Probe;

// A step that counts values, and where it is.
struct CountingStep {
  size_t pipeline_index;
  const Pipeline* pipeline;
  Probe probe;
  std::shared_ptr<const feature::Analyzer> analyzer;
};

// Of what the plan's pipelines learn in the first pass, that whose states grow with the data.
std::map<int, std::vector<CountingStep>> CountingSteps(const plan::BoundPlan& bound,
                                                       int num_columns) {
  std::map<int, std::vector<CountingStep>> by_column;
  for (size_t i = 0; i < bound.pipelines.size(); ++i) {
    const Pipeline* pipeline = bound.pipelines[i].get();
    // What row-wise steps yield is not known before a run.
    if (bound.source_columns[i] >= num_columns) continue;
    for (const Probe& probe : pipeline->NextProbes()) {
      for (const auto& analyzer : probe.analyzers) {
        if (analyzer->traits().state_bytes_max >= 0) continue;
        by_column[bound.source_columns[i]].push_back({i, pipeline, probe, analyzer});
      }
    }
  }
  return by_column;
}

// Beside bytes that are no text, a text like their digits would be shown in digits itself.
std::vector<std::string> CategoryTexts(const CountingStep& step, const arrow::Array& values) {
  std::vector<std::string> texts;
  const std::string& name = step.pipeline->step(step.probe.step).name();
  if (name != "one_hot" && name != "multi_hot") return texts;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (!feature::HasText(values, i)) continue;
    std::string text = feature::ValueText(values, i);
    if (!text.starts_with("0x")) texts.push_back(std::move(text));
  }
  return texts;
}

class CountingJob : public ColumnJob {
 public:
  CountingJob(const io::Source& source, const SplitVectors& splits, int column,
              std::vector<CountingStep> steps, CategorySample* sample, std::mutex* sample_mutex,
              RunContext* context)
      : source_(source),
        splits_(splits),
        column_(column),
        field_(source.schema()->field(column)),
        steps_(std::move(steps)),
        sample_(sample),
        sample_mutex_(sample_mutex),
        context_(context),
        memory_(*field_, "explain", context) {}

  arrow::Result<bool> BeginPass() override {
    feature::StateOptions memory = memory_.options();
    memory.learned_bytes_max = 0;  // nothing else is learned
    for (const CountingStep& step : steps_) {
      // An empty array shows the type that the path yields.
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(field_->type(), context_->budget()));
      ARROW_ASSIGN_OR_RAISE(
          auto block, step.pipeline->ApplyPath(step.probe, {empty, false}, context_->budget()));
      ARROW_ASSIGN_OR_RAISE(auto state, step.analyzer->MakeState(*block.values->type(), memory));
      states_.push_back(std::move(state));
    }
    return true;
  }

  arrow::Status ProcessUnit(int64_t u) override {
    const base::Activity activity("explain", field_->name());
    const io::Unit& unit = source_.units()[u];
    if (splits_.uniform_split() > 0) return arrow::Status::OK();
    const TaskGate::Pass pass =
        context_->gate()->Enter(unit.num_rows + ScanBytes(source_, unit, column_));
    const auto splits = splits_.Unpack(u);
    return WithColumn(
        ScanWeighted(source_, unit, column_, splits.get(), context_,
                     [&](const auto& values, const int64_t* weights, int64_t null_weight) {
                       return Consume(values, weights, null_weight);
                     }),
        field_->name());
  }

  int source_column() const override { return column_; }

  arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                        int64_t null_weight) override {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < steps_.size(); ++i) {
      ARROW_RETURN_NOT_OK(
          VisitProbed(*steps_[i].pipeline, steps_[i].probe, values, weights, null_weight,
                      context_->budget(), &scratch_, [&](const feature::WeightedValues& weighted) {
                        return steps_[i].analyzer->Update(states_[i].get(), weighted);
                      }));
    }
    return arrow::Status::OK();
  }

  arrow::Result<bool> FinishPass() override {
    for (size_t i = 0; i < steps_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const auto statistic, steps_[i].analyzer->Finalize(*states_[i]));
      const auto* counts = dynamic_cast<const feature::ValueCountsStatistic*>(statistic.get());
      if (counts == nullptr) continue;
      const bool in_memory = counts->ranked == nullptr;
      const int64_t num_kept = in_memory ? counts->values->length() : counts->distinct_count;
      std::lock_guard lock(*sample_mutex_);
      sample_->steps[{steps_[i].pipeline_index, steps_[i].probe.step}] = {
          counts->distinct_count, num_kept, counts->count, states_[i]->memory_bytes(),
          in_memory ? CategoryTexts(steps_[i], *counts->values) : std::vector<std::string>()};
    }
    return false;
  }

  void Release() override { states_.clear(); }

 private:
  const io::Source& source_;
  const SplitVectors& splits_;
  const int column_;
  const std::shared_ptr<arrow::Field> field_;
  const std::vector<CountingStep> steps_;
  CategorySample* const sample_;
  std::mutex* const sample_mutex_;
  RunContext* const context_;
  const ColumnMemory memory_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<feature::State>> states_;  // guarded by mutex_ during the pass
  std::vector<int64_t> scratch_;                         // likewise
};

}  // namespace

const SampledValues* CategorySample::Find(size_t pipeline, int step) const {
  const auto found = steps.find({pipeline, step});
  return found == steps.end() ? nullptr : &found->second;
}

arrow::Result<CategorySample> SampleCategories(const SourceRequest& request,
                                               const RequestedSource& source,
                                               const GivenPlan& given, RunContext* context) {
  CategorySample sample;
  const auto by_column = CountingSteps(given.bound, source.selected->schema()->num_fields());
  const auto& units = source.whole->units();
  if ((by_column.empty() && given.bound.row_steps.empty()) || units.empty()) {
    sample.is_whole_source = units.empty();
    return sample;
  }
  const int64_t num_rows = std::min(units[0].num_rows, kSampleRowsMax);
  ARROW_ASSIGN_OR_RAISE(RequestedSource first, FirstRows(request, source, num_rows));
  ARROW_RETURN_NOT_OK(SelectRows(request, context, &first));
  const plan::SplitSpec& split = given.plan.split;
  sample.num_rows = first.selected->num_rows();
  sample.is_whole_source = num_rows == source.whole->num_rows();
  sample.training_rows =
      split.method != plan::SplitMethod::kTime || split.by_instants() || sample.is_whole_source;
  auto splits = SplitVectors::Uniform(*first.selected, 0);
  if (sample.training_rows) {
    ARROW_ASSIGN_OR_RAISE(splits, SplitVectors::Make(*first.whole, *first.selected, split, context,
                                                     given.required_column()));
  }
  ARROW_ASSIGN_OR_RAISE(sample.row_steps, MeasureRowSteps(*first.selected, given.bound, context));
  std::mutex sample_mutex;
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  for (const auto& [column, steps] : by_column) {
    jobs.push_back(std::make_unique<CountingJob>(*first.selected, *splits, column, steps, &sample,
                                                 &sample_mutex, context));
  }
  context->progress()->BeginPhase("sample",
                                  first.selected->num_rows() * static_cast<int64_t>(jobs.size()),
                                  first.selected->num_rows(), first.selected->num_bytes());
  ARROW_RETURN_NOT_OK(RunJobs(jobs, *first.selected, *splits, context));
  context->progress()->EndPhase();
  return sample;
}

}  // namespace emberharmony::engine
