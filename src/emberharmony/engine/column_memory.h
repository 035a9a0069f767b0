#pragma once

#include <arrow/type.h>

#include <memory>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/feature/analyzer.h"

namespace emberharmony::engine {

/// Where the states of a column may keep what they learn: in budgets that carry its name. What they
/// can spill leaves a quarter of the run's memory to what cannot. Outlives the states.
class ColumnMemory {
 public:
  /// `what` the run does with the column, for messages.
  ColumnMemory(const arrow::Field& field, const char* what, RunContext* context);

  feature::StateOptions options() const;

 private:
  RunContext* context_;
  std::shared_ptr<base::MemoryBudget> budget_;
  std::shared_ptr<base::MemoryBudget> spillable_;  // of budget_
};

}  // namespace emberharmony::engine
