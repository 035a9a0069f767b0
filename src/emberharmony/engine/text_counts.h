#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/value_bins.h"

namespace emberharmony::engine {

/// Rows of each split by text, as long as there are few distinct texts. One thread at a time.
///
/// With more than distinct_max of them nothing is kept but that there are more, whatever the order.
class TextCounts {
 public:
  /// Memory: at most some 300 bytes a text, reserved in `budget`.
  TextCounts(int64_t distinct_max, base::MemoryBudget* budget)
      : distinct_max_(distinct_max), reservation_(budget) {}

  arrow::Status Add(std::string_view text, const SplitCounts& rows);
  /// Whether there are more texts than are counted.
  bool too_many() const { return too_many_; }
  int64_t distinct_max() const { return distinct_max_; }

  struct Entry {
    std::string text;  ///< a long one's beginning, its length, and its fingerprint
    SplitCounts rows{};
  };
  /// By rows of all splits, descending, then by the bytes of the text.
  std::vector<Entry> Sorted() const;

 private:
  const int64_t distinct_max_;
  base::MemoryReservation reservation_;
  std::unordered_map<std::string, SplitCounts> rows_;
  int64_t text_bytes_ = 0;
  bool too_many_ = false;
};

}  // namespace emberharmony::engine
