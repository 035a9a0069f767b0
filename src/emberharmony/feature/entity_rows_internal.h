#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/io/cell_text.h"

namespace emberharmony::feature {

/// The columns that `by` names: one, or a list; none without it.
std::vector<std::string> EntityColumns(const nlohmann::json& options);
/// What the option `by` (nullptr without it) says, as EntityColumns does; faults are noted.
std::vector<std::string> ReadEntityColumns(const nlohmann::json* by, StepOptions* reader);

/// Writers of the texts by which the values of a step's inputs from `first` on tell entities apart.
/// UsageError for a type that has no such text.
arrow::Result<std::vector<io::CellTextWriter>> EntityWriters(const std::string& step,
                                                             const RowContext& context);

/// Numbers the entities of rows in the order in which they come: rows with the same values in all
/// `by` columns are of one entity, null being a value like others; without such columns all rows
/// are. What entities take, and `entity_bytes` more for each, is accounted for in the budget:
/// OutOfMemory. One thread at a time.
class EntityNumbers {
 public:
  EntityNumbers(std::string step, const std::vector<io::CellTextWriter>& writers,
                int64_t entity_bytes, base::MemoryBudget* budget);

  /// The entities of rows: columns[first] and those behind it are the `by` columns.
  arrow::Status NumberRows(const RowBlock& rows, size_t first, std::vector<int64_t>* numbers);
  int64_t size() const { return size_; }

 private:
  const std::string step_;
  const std::vector<io::CellTextWriter>& writers_;
  const int64_t entity_bytes_;
  base::MemoryReservation reservation_;
  std::unordered_map<std::string, int64_t> numbers_;
  int64_t size_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace emberharmony::feature
