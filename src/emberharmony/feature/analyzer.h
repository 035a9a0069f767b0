#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/encoded_state.h"

namespace emberharmony::feature {

/// Distinct (or not) values with the number of rows that hold each. What an analyzer learns from.
///
/// values are in source or numeric form (value_block.h). A null value, and a NaN in a
/// floating-point array, is missing: its weight counts as null. Rows that are null and have no
/// entry in values are counted by null_weight, which may be negative only to take back rows counted
/// as null before (nulls that were filled later).
struct WeightedValues {
  const arrow::Array& values;
  const int64_t* weights = nullptr;  ///< one each, >= 0; nullptr: 1 each
  int64_t null_weight = 0;
};

struct AnalyzerTraits {
  bool ordered = false;          ///< depends on row order
  bool exact = true;             ///< false: the statistic carries an error bound
  int64_t state_bytes_max = -1;  ///< -1: grows with the data (and spills)
};

/// Where a state may keep what it learns.
struct StateOptions {
  base::MemoryBudget* budget = nullptr;  ///< nullptr: unlimited
  std::string spill_dir;                 ///< empty: may not spill
  /// For what can be spilled: a budget that leaves headroom to all else; nullptr: `budget`.
  base::MemoryBudget* spillable = nullptr;
  /// Of what Finalize makes, which may outlive the state; nullptr: Arrow's default pool.
  arrow::MemoryPool* pool = nullptr;
  /// So much of `pool`, if that is a budget, may what is learned and could lie on disk take in
  /// memory, all together; 0: as much as there is.
  int64_t learned_bytes_max = 0;
};

/// What has been learned so far. One thread at a time.
class State {
 public:
  virtual ~State() = default;
  virtual int64_t memory_bytes() const = 0;
  /// Gives memory back where that is possible, by writing to StateOptions.spill_dir. What the state
  /// holds stays the same.
  virtual arrow::Status Spill() { return arrow::Status::OK(); }
};

/// What a finalized state says. Each analyzer's header declares its own kind. Immutable.
class Statistic {
 public:
  virtual ~Statistic() = default;
};

/// Learns from weighted values, independently of their order and grouping. Immutable and
/// thread-safe; states are not.
///
/// Update counts each value by its weight; Merge(into, from) gives the state of both multisets;
/// Finalize leaves the state as it was, so that it can be finalized again, under other parameters,
/// or merged on. Encode is canonical: equal multisets give equal bytes, whatever the updates and
/// merges. Decode checks everything: bytes may come from strangers.
class Analyzer {
 public:
  virtual ~Analyzer() = default;
  /// Analyzers with equal keys share a state ("moments", "value_histogram/65536", "value_counts",
  /// "distinct_count"); parameters that matter only in Finalize are not part of it.
  virtual std::string state_key() const = 0;
  virtual AnalyzerTraits traits() const = 0;
  /// TypeError-like UsageError when values of this type cannot be analyzed.
  virtual arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                          const StateOptions& options) const = 0;
  virtual arrow::Status Update(State* state, const WeightedValues& values) const = 0;
  virtual arrow::Status Merge(State* into, const State& from) const = 0;
  virtual arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const = 0;
  /// An analyzer that another pass over the same values makes a better statistic with, which takes
  /// the place of this one's; nullptr when `statistic`, this analyzer's, is as good as it gets. Its
  /// states are not saved.
  virtual arrow::Result<std::shared_ptr<const Analyzer>> Refine(
      const Statistic& /*statistic*/) const {
    return nullptr;
  }
  virtual arrow::Result<std::string> Encode(const State& state) const = 0;
  virtual arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes,
                                                       const arrow::DataType& type,
                                                       const StateOptions& options) const = 0;
  /// Encode, handed on piece by piece: states that grow with the data are never encoded whole in
  /// memory.
  virtual arrow::Status EncodeTo(const State& state, const ByteConsumer& out) const;
  /// Decode and Merge in one, reading piece by piece.
  virtual arrow::Status MergeEncoded(State* into, const EncodedState& encoded,
                                     const arrow::DataType& type,
                                     const StateOptions& options) const;
};

/// The analyzer whose states are saved under this state_key (for merging saved states): parameters
/// of Finalize are defaults.
arrow::Result<std::shared_ptr<const Analyzer>> AnalyzerForStateKey(const std::string& state_key);

}  // namespace emberharmony::feature
