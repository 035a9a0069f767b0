#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/engine/state_spool.h"
#include "emberharmony/feature/pipeline.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// Takes a column's values with their weights (nullptr: 1 each), and rows that are null, through
/// the steps ahead of a probe, and hands on what its analyzers see. `scratch` holds weights until
/// then.
arrow::Status VisitProbed(
    const feature::Pipeline& pipeline, const feature::Probe& probe,
    const std::shared_ptr<arrow::Array>& values, const int64_t* weights, int64_t null_weight,
    arrow::MemoryPool* pool, std::vector<int64_t>* scratch,
    const std::function<arrow::Status(const feature::WeightedValues&)>& visit);

/// The states from which all pipelines of one source column learn, and the learning itself, in as
/// few passes as possible.
///
/// One pass is BeginPass, any number of Updates (thread-safe, any order), FinishPass. Pipelines
/// that look at the same values share states.
class ColumnLearner {
 public:
  ColumnLearner(int column, std::shared_ptr<arrow::Field> field,
                std::vector<feature::Pipeline*> pipelines, feature::StateOptions state_options,
                arrow::MemoryPool* pool);

  /// Hands over a state that has seen all training rows already.
  void Preload(const std::string& path_key, const std::string& state_key,
               std::unique_ptr<feature::State> state);

  /// From now on a step that finds no values to learn from is left as it is, with all that follow
  /// it, and fails nothing: states that are kept may be merged with those of rows that have values.
  void LeaveUnlearned() { leaves_unlearned_ = true; }

  /// Merges an encoded state of another fit into the one of this pass; false when the pass has no
  /// such state.
  arrow::Result<bool> MergeEncoded(const std::string& path_key, const std::string& state_key,
                                   const feature::EncodedState& encoded);
  /// After BeginPass: states that an earlier, equal fit has kept (whole) take the place of those
  /// that the pass would make; what they have seen need not be scanned. Keys that the pass does not
  /// have are passed over.
  arrow::Status Restore(const std::vector<plan::SavedState>& kept);
  /// How many states the pass has.
  int64_t num_states() const;

  /// Makes the states of what can be learned next.
  arrow::Status BeginPass();
  /// Whether any of them has yet to see the data.
  bool needs_scan() const { return !scanning_.empty(); }
  /// Adds values with their weights (nullptr: 1 each) and rows that are null.
  arrow::Status Update(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                       int64_t null_weight);
  /// Between Updates: the states give back what memory they can do without.
  arrow::Status MakeRoom();
  const std::vector<feature::Pipeline*>& pipelines() const { return pipelines_; }
  /// Lets the pipelines learn; true when another pass is needed. With a spool, encoded states are
  /// appended to *saved; those of a pass that makes statistics exact, which an equal fit can
  /// restore but no other can merge, to *refined, unless that is nullptr.
  arrow::Result<bool> FinishPass(StateSpool* spool, std::vector<plan::SavedState>* saved,
                                 std::vector<plan::SavedState>* refined = nullptr);
  /// Whether the next pass makes a statistic exact (exact_quantiles): no saved state can stand in
  /// for it.
  bool refining() const { return !refinements_.empty(); }

 private:
  using StateKey = std::pair<std::string, std::string>;  // path key, state key
  struct Slot {
    std::shared_ptr<const feature::Analyzer> analyzer;
    std::unique_ptr<feature::State> state;
    std::shared_ptr<arrow::DataType> type;
  };
  struct Scan {  // the states that see the values at the end of one path
    const feature::Pipeline* pipeline;
    feature::Probe probe;
    std::vector<Slot*> slots;
  };
  struct Pending {
    feature::Pipeline* pipeline;
    feature::Probe probe;
    size_t pipeline_index;
    bool refines;  // probe.analyzers are those of refinements_
  };
  using StepKey = std::pair<size_t, int>;  // index in pipelines_, step
  using Analyzers = std::vector<std::shared_ptr<const feature::Analyzer>>;

  StateKey KeyOf(const Pending& pending, const feature::Analyzer& analyzer) const;
  arrow::Result<std::shared_ptr<const feature::Statistic>> FinalizeProbe(
      const Pending& pending, const feature::Analyzer& analyzer) const;
  /// Finalizes what the step learns from and lets it learn, unless a statistic is to be refined.
  arrow::Result<bool> LearnOrRefine(const Pending& pending);
  arrow::Status Learn(const Pending& pending,
                      const std::vector<std::shared_ptr<const feature::Statistic>>& statistics);
  arrow::Status SaveStates(StateSpool* spool, std::vector<plan::SavedState>* saved,
                           std::vector<plan::SavedState>* refined);
  arrow::Status UpdateScan(const Scan& scan, const std::shared_ptr<arrow::Array>& values,
                           const int64_t* weights, int64_t null_weight);

  const int column_;
  const std::shared_ptr<arrow::Field> field_;
  const std::vector<feature::Pipeline*> pipelines_;
  const feature::StateOptions state_options_;
  arrow::MemoryPool* const pool_;
  std::map<StateKey, Slot> slots_;
  std::vector<Scan> scanning_;
  std::vector<Pending> pending_;
  std::map<StepKey, Analyzers> refinements_;  // of steps that wait for an exact statistic
  std::map<StepKey, int> rounds_;             // how often a step's statistics were refined
  std::set<StateKey> saved_;
  bool leaves_unlearned_ = false;
  std::set<const feature::Pipeline*> unlearned_;  // for lack of values
  std::mutex mutex_;                              // guards the states during Updates
  std::vector<int64_t> weights_scratch_;          // guarded by mutex_
};

}  // namespace emberharmony::engine
