#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::feature {

/// The pool that an array's memory came from; Arrow's default pool when its buffers don't say.
arrow::MemoryPool* PoolOf(const arrow::Array& array);

/// That pool, when it is a budget; else nullptr. What is made from an array for as long as the
/// array is kept is accounted for where the array is.
base::MemoryBudget* BudgetOf(const arrow::Array& array);

}  // namespace emberharmony::feature
