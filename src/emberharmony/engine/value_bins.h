#pragma once

#include <arrow/status.h>

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/engine/time_grid.h"

namespace emberharmony::engine {

/// Rows of each split.
using SplitCounts = std::array<int64_t, kNumSplits>;

/// Doubles as integers in the same order; -0 is 0, and neighbours differ by one.
inline int64_t OrderedForm(double value) {
  const auto bits = std::bit_cast<int64_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<int64_t>::min() - bits;
}
inline double FromOrderedForm(int64_t ordered) {
  return std::bit_cast<double>(ordered >= 0 ? ordered
                                            : std::numeric_limits<int64_t>::min() - ordered);
}

/// How often the finite numbers or the times of a column occur in each split, in bounded memory.
///
/// Keys stand for what is still told apart: at level 0 each number has its own; a number's key at
/// level n is its ordered form without the last n bits, a time's is the part of a TimeGrid's level.
/// The level rises by one whenever more than keys_max keys would remain. It depends on the set of
/// values alone, so equal multisets give equal bins in any order. One thread at a time.
class ValueBins {
 public:
  /// keys_max >= 128. Memory: at most 128 bytes a key, reserved in `budget` as it is taken. With a
  /// grid the values are times.
  ValueBins(int64_t keys_max, std::optional<TimeGrid> grid, base::MemoryBudget* budget);

  /// Adds rows in which a finite number stands. OutOfMemory leaves the bins unusable.
  arrow::Status Add(double value, const SplitCounts& rows) {
    return AddRows(value, OrderedForm(value) >> level_, rows);
  }
  /// Adds rows in which a time stands.
  arrow::Status AddTime(int64_t ticks, const SplitCounts& rows) {
    return AddRows(static_cast<double>(ticks), grid_->KeyAt(level_, ticks), rows);
  }
  /// Adds one row of a split.
  arrow::Status AddRow(double value, int split) {
    SeeExtremes(value);
    Slot* slot = Find(OrderedForm(value) >> level_);
    ++slot->rows[split];
    return slot == &new_slot_ ? Insert() : arrow::Status::OK();
  }

  struct Bin {
    int64_t key = 0;
    SplitCounts rows{};
  };
  /// Ascending by key; none is empty.
  std::vector<Bin> Sorted() const;
  /// Whether every value has a key of its own.
  bool exact() const { return level_ == 0; }
  int64_t num_keys() const { return num_keys_; }
  /// The smallest value that has the key, or would have it: where it begins.
  double LowerEdge(int64_t key) const;
  /// The key that begins nearest to a value.
  int64_t NearestKey(double value) const;
  /// The exact extremes of all splits; NaN without a value.
  double min() const { return min_; }
  double max() const { return max_; }

 private:
  struct Slot {
    int64_t key = 0;
    SplitCounts rows{};  ///< all 0: the slot is free
    bool free() const { return (rows[0] | rows[1] | rows[2]) == 0; }
  };

  arrow::Status AddRows(double value, int64_t key, const SplitCounts& rows) {
    if ((rows[0] | rows[1] | rows[2]) == 0) return arrow::Status::OK();
    SeeExtremes(value);
    Slot* slot = Find(key);
    for (int s = 0; s < kNumSplits; ++s) slot->rows[s] += rows[s];
    return slot == &new_slot_ ? Insert() : arrow::Status::OK();
  }
  void SeeExtremes(double value) {
    if (!(value >= min_)) min_ = value;
    if (!(value <= max_)) max_ = value;
  }
  /// The key's slot, or new_slot_, which holds its rows until Insert.
  Slot* Find(int64_t key) {
    if (slots_[last_].key == key && !slots_[last_].free()) return &slots_[last_];
    size_t at = Home(key);
    while (!slots_[at].free()) {
      if (slots_[at].key == key) {
        last_ = at;
        return &slots_[at];
      }
      at = (at + 1) & (slots_.size() - 1);
    }
    new_slot_ = {key, {}};
    return &new_slot_;
  }
  size_t Home(int64_t key) const {
    return static_cast<size_t>(static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ULL >> home_shift_);
  }
  arrow::Status Insert();
  arrow::Status Resize(size_t num_slots);
  void Place(const Slot& slot);
  arrow::Status Shorten();

  int64_t Coarser(int64_t key) const;

  const int64_t keys_max_;
  const std::optional<TimeGrid> grid_;
  base::MemoryReservation reservation_;
  std::vector<Slot> slots_;
  Slot new_slot_;
  int home_shift_ = 0;
  int level_ = 0;
  int64_t num_keys_ = 0;
  size_t last_ = 0;  ///< the slot found last: neighbours often share a key
  double min_ = std::numeric_limits<double>::quiet_NaN();
  double max_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace emberharmony::engine
