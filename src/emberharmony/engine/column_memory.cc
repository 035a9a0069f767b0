#include "emberharmony/engine/column_memory.h"

#include <fmt/format.h>

namespace emberharmony::engine {

ColumnMemory::ColumnMemory(const arrow::Field& field, const char* what, RunContext* context)
    : context_(context),
      budget_(context->budget()->MakeChild(fmt::format("{}({})", what, field.name()))),
      spillable_(
          budget_->MakeChild("counts", /*limit_bytes=*/0, context->budget()->limit_bytes() / 4)) {}

feature::StateOptions ColumnMemory::options() const {
  feature::StateOptions options = context_->learned_memory(context_->options().spill_dir);
  options.budget = budget_.get();
  options.spillable = spillable_.get();
  return options;
}

}  // namespace emberharmony::engine
