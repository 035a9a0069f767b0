#include "emberharmony/engine/column_learner.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/feature/learn_checks.h"

namespace emberharmony::engine {

using feature::Analyzer;
using feature::Fill;
using feature::Pipeline;
using feature::Probe;
using feature::Statistic;
using feature::ValueBlock;
using feature::WeightedValues;

arrow::Status VisitProbed(const Pipeline& pipeline, const Probe& probe,
                          const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                          int64_t null_weight, arrow::MemoryPool* pool,
                          std::vector<int64_t>* scratch,
                          const std::function<arrow::Status(const WeightedValues&)>& visit) {
  // The null slot goes along, so that a step that fills nulls turns them into values with
  // null_weight's weight.
  ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                        pipeline.ApplyPath(probe, ValueBlock{values, null_weight != 0}, pool));
  if (null_weight != 0 && !block.null_slot) {
    const int64_t n = values->length();
    scratch->assign(n + 1, 1);
    if (weights != nullptr) std::copy_n(weights, n, scratch->begin());
    (*scratch)[n] = null_weight;
    weights = scratch->data();
    null_weight = 0;
  }
  return visit({*block.values, weights, null_weight});
}

ColumnLearner::ColumnLearner(int column, std::shared_ptr<arrow::Field> field,
                             std::vector<Pipeline*> pipelines, feature::StateOptions state_options,
                             arrow::MemoryPool* pool)
    : column_(column),
      field_(std::move(field)),
      pipelines_(std::move(pipelines)),
      state_options_(std::move(state_options)),
      pool_(pool) {}

void ColumnLearner::Preload(const std::string& path_key, const std::string& state_key,
                            std::unique_ptr<feature::State> state) {
  slots_[{path_key, state_key}] = Slot{nullptr, std::move(state), field_->type()};
}

arrow::Status ColumnLearner::BeginPass() {
  scanning_.clear();
  pending_.clear();
  for (size_t i = 0; i < pipelines_.size(); ++i) {
    Pipeline* pipeline = pipelines_[i];
    if (unlearned_.contains(pipeline)) continue;
    for (Probe& probe : pipeline->NextProbes()) {
      const auto refinement = refinements_.find({i, probe.step});
      if (refinement != refinements_.end()) probe.analyzers = refinement->second;
      Pending pending{pipeline, std::move(probe), i, refinement != refinements_.end()};
      // An empty array shows the type that the path yields.
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(field_->type(), pool_));
      ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                            pipeline->ApplyPath(pending.probe, ValueBlock{empty, false}, pool_));
      Scan scan{pipeline, pending.probe, {}};
      for (const auto& analyzer : pending.probe.analyzers) {
        Slot& slot = slots_[KeyOf(pending, *analyzer)];
        if (slot.analyzer == nullptr) slot.analyzer = analyzer;
        slot.type = block.values->type();
        if (slot.state != nullptr) continue;
        ARROW_ASSIGN_OR_RAISE(slot.state, analyzer->MakeState(*slot.type, state_options_));
        scan.slots.push_back(&slot);
      }
      if (!scan.slots.empty()) scanning_.push_back(std::move(scan));
      pending_.push_back(std::move(pending));
    }
  }
  return arrow::Status::OK();
}

// What is refined depends on what its own step has found: such states are not shared.
ColumnLearner::StateKey ColumnLearner::KeyOf(const Pending& pending,
                                             const Analyzer& analyzer) const {
  std::string state_key = analyzer.state_key();
  if (pending.refines) {
    const StepKey step{pending.pipeline_index, pending.probe.step};
    state_key +=
        fmt::format("/{}/{}/{}", pending.pipeline_index, pending.probe.step, rounds_.at(step));
  }
  return {pending.probe.path_key, std::move(state_key)};
}

arrow::Result<bool> ColumnLearner::MergeEncoded(const std::string& path_key,
                                                const std::string& state_key,
                                                const feature::EncodedState& encoded) {
  auto found = slots_.find({path_key, state_key});
  if (found == slots_.end()) return false;
  Slot& slot = found->second;
  ARROW_RETURN_NOT_OK(
      slot.analyzer->MergeEncoded(slot.state.get(), encoded, *slot.type, state_options_));
  return true;
}

arrow::Status ColumnLearner::Restore(const std::vector<plan::SavedState>& kept) {
  std::map<StateKey, const feature::EncodedState*> by_key;
  for (const plan::SavedState& state : kept)
    by_key[{state.path_key, state.state_key}] = &state.bytes;
  std::set<const Slot*> restored;
  for (const Pending& pending : pending_) {
    for (const auto& analyzer : pending.probe.analyzers) {
      const auto found = by_key.find(KeyOf(pending, *analyzer));
      if (found == by_key.end()) continue;
      Slot& slot = slots_.at(found->first);
      const bool is_new = std::ranges::any_of(scanning_, [&](const Scan& scan) {
        return std::ranges::find(scan.slots, &slot) != scan.slots.end();
      });
      if (!is_new || !restored.insert(&slot).second) continue;
      ARROW_RETURN_NOT_OK(slot.analyzer->MergeEncoded(slot.state.get(), *found->second, *slot.type,
                                                      state_options_));
    }
  }
  for (Scan& scan : scanning_)
    std::erase_if(scan.slots, [&](const Slot* slot) { return restored.contains(slot); });
  std::erase_if(scanning_, [](const Scan& scan) { return scan.slots.empty(); });
  return arrow::Status::OK();
}

int64_t ColumnLearner::num_states() const { return static_cast<int64_t>(slots_.size()); }

arrow::Status ColumnLearner::Update(const std::shared_ptr<arrow::Array>& values,
                                    const int64_t* weights, int64_t null_weight) {
  std::lock_guard lock(mutex_);
  for (const Scan& scan : scanning_)
    ARROW_RETURN_NOT_OK(UpdateScan(scan, values, weights, null_weight));
  return arrow::Status::OK();
}

arrow::Status ColumnLearner::MakeRoom() {
  std::lock_guard lock(mutex_);
  for (const Scan& scan : scanning_) {
    for (Slot* slot : scan.slots) ARROW_RETURN_NOT_OK(slot->state->Spill());
  }
  return arrow::Status::OK();
}

arrow::Status ColumnLearner::UpdateScan(const Scan& scan,
                                        const std::shared_ptr<arrow::Array>& values,
                                        const int64_t* weights, int64_t null_weight) {
  return VisitProbed(*scan.pipeline, scan.probe, values, weights, null_weight, pool_,
                     &weights_scratch_, [&](const WeightedValues& weighted) -> arrow::Status {
                       for (Slot* slot : scan.slots)
                         ARROW_RETURN_NOT_OK(slot->analyzer->Update(slot->state.get(), weighted));
                       return arrow::Status::OK();
                     });
}

arrow::Result<std::shared_ptr<const Statistic>> ColumnLearner::FinalizeProbe(
    const Pending& pending, const Analyzer& analyzer) const {
  const Probe& probe = pending.probe;
  const Slot& slot = slots_.at(KeyOf(pending, analyzer));
  if (probe.fill_step < 0) return analyzer.Finalize(*slot.state);
  ARROW_ASSIGN_OR_RAISE(Fill fill, pending.pipeline->FillFor(probe, pool_));
  // A fill of another type makes doubles of all values, which the step and later passes then see.
  const bool keeps_type = fill.value.values->type()->Equals(*slot.type);
  if (fill.weight == 0 && keeps_type) return analyzer.Finalize(*slot.state);
  // Other pipelines share the state, and it is saved as it is: the filled rows join a copy.
  const auto finalize_filled = [&]() -> arrow::Result<std::shared_ptr<const Statistic>> {
    ARROW_ASSIGN_OR_RAISE(auto filled, analyzer.MakeState(*slot.type, state_options_));
    ARROW_RETURN_NOT_OK(analyzer.Merge(filled.get(), *slot.state));
    WeightedValues weighted{*fill.value.values, &fill.weight, -fill.weight};
    ARROW_RETURN_NOT_OK(analyzer.Update(filled.get(), weighted));
    return analyzer.Finalize(*filled);
  };
  auto statistic = finalize_filled();
  if (!statistic.status().IsOutOfMemory()) return statistic;
  // The two of them do not fit: the state makes room for its copy.
  ARROW_RETURN_NOT_OK(slot.state->Spill());
  return finalize_filled();
}

// A step learns from what its analyzers say, and keeps a copy of it in its own form. Where memory
// is too short for that the states, which have been looked at and saved, make room.
arrow::Status ColumnLearner::Learn(
    const Pending& pending, const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  const arrow::Status status = pending.pipeline->Learn(pending.probe.step, statistics);
  if (!status.IsOutOfMemory()) return status;
  for (auto& [key, slot] : slots_) {
    if (slot.state != nullptr) ARROW_RETURN_NOT_OK(slot.state->Spill());
  }
  return pending.pipeline->Learn(pending.probe.step, statistics);
}

arrow::Result<bool> ColumnLearner::LearnOrRefine(const Pending& pending) {
  std::vector<std::shared_ptr<const Statistic>> statistics;
  Analyzers next;
  bool refines = false;
  for (const auto& analyzer : pending.probe.analyzers) {
    ARROW_ASSIGN_OR_RAISE(auto statistic, FinalizeProbe(pending, *analyzer));
    ARROW_ASSIGN_OR_RAISE(auto better, analyzer->Refine(*statistic));
    refines |= better != nullptr;
    next.push_back(better != nullptr ? std::move(better) : analyzer);
    statistics.push_back(std::move(statistic));
  }
  if (pending.refines) {
    for (const auto& analyzer : pending.probe.analyzers) slots_.erase(KeyOf(pending, *analyzer));
  }
  const StepKey step{pending.pipeline_index, pending.probe.step};
  if (refines) {
    refinements_[step] = std::move(next);
    ++rounds_[step];
    return false;
  }
  refinements_.erase(step);
  ARROW_RETURN_NOT_OK(Learn(pending, statistics));
  return true;
}

arrow::Status ColumnLearner::SaveStates(StateSpool* spool, std::vector<plan::SavedState>* saved,
                                        std::vector<plan::SavedState>* refined) {
  for (const Pending& pending : pending_) {
    std::vector<plan::SavedState>* const out = pending.refines ? refined : saved;
    if (out == nullptr) continue;
    for (const auto& analyzer : pending.probe.analyzers) {
      const StateKey key = KeyOf(pending, *analyzer);
      if (!saved_.insert(key).second) continue;
      ARROW_ASSIGN_OR_RAISE(auto encoded, spool->Encode(*analyzer, *slots_.at(key).state));
      out->push_back(plan::SavedState{column_, key.first, key.second, std::move(encoded)});
    }
  }
  return arrow::Status::OK();
}

arrow::Result<bool> ColumnLearner::FinishPass(StateSpool* spool,
                                              std::vector<plan::SavedState>* saved,
                                              std::vector<plan::SavedState>* refined) {
  // Before anything learns, for then states may have to make room.
  if (spool != nullptr) ARROW_RETURN_NOT_OK(SaveStates(spool, saved, refined));
  const Pipeline* waiting = nullptr;  // its later steps need what an earlier one has yet to learn
  for (const Pending& pending : pending_) {
    if (pending.pipeline == waiting) continue;
    const arrow::Result<bool> learned = LearnOrRefine(pending);
    if (leaves_unlearned_ && feature::IsLackOfValues(learned.status())) {
      unlearned_.insert(pending.pipeline);
    } else {
      ARROW_RETURN_NOT_OK(learned.status());
    }
    if (!learned.ok() || !*learned) waiting = pending.pipeline;
  }
  scanning_.clear();
  pending_.clear();
  return !std::all_of(pipelines_.begin(), pipelines_.end(),
                      [this](const Pipeline* p) { return p->learned() || unlearned_.contains(p); });
}

}  // namespace emberharmony::engine
