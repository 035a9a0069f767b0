#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

inline constexpr int kNumSplits = 3;
inline constexpr std::array<const char*, kNumSplits> kSplitNames = {"train", "validation", "test"};

/// The split of every row of a unit: 0 train, 1 validation, 2 test.
using SplitVector = std::vector<uint8_t>;

/// Which split each row of a source belongs to (DESIGN section 5, methods `hash` with and without a
/// key).
///
/// Computed once for all units, in parallel, and kept at two bits a row, within the run's budget.
/// When a share is 1 nothing is read and there are no vectors. Immutable and thread-safe after
/// Make.
class SplitVectors {
 public:
  /// Every row in one split.
  static std::shared_ptr<const SplitVectors> Uniform(const io::Source& source, int split);
  static arrow::Result<std::shared_ptr<const SplitVectors>> Make(const io::Source& source,
                                                                 const plan::SplitSpec& spec,
                                                                 RunContext* context);

  /// -1, or the split that every row is in.
  int uniform_split() const { return uniform_split_; }
  /// The rows of unit `unit`; nullptr when every row is in one split.
  std::shared_ptr<const SplitVector> Unpack(int64_t unit) const;
  /// Rows of each split in a unit.
  const std::array<int64_t, kNumSplits>& counts(int64_t unit) const { return counts_[unit]; }
  /// Whether a split exists at all, i.e. has a share above 0.
  bool has_split(int split) const { return present_[split]; }
  std::array<int64_t, kNumSplits> total_counts() const;

 private:
  int uniform_split_ = -1;
  std::array<bool, kNumSplits> present_{};
  std::vector<std::array<int64_t, kNumSplits>> counts_;
  std::vector<int64_t> num_rows_;
  std::vector<std::vector<uint8_t>> packed_;  ///< four rows a byte
  base::MemoryReservation reservation_;
};

}  // namespace emberharmony::engine
