#include "emberharmony/feature/array_pool.h"

#include <arrow/buffer.h>
#include <arrow/device.h>

namespace emberharmony::feature {

arrow::MemoryPool* PoolOf(const arrow::Array& array) {
  for (const auto& buffer : array.data()->buffers) {
    if (buffer == nullptr || buffer->memory_manager() == nullptr) continue;
    const auto* manager = dynamic_cast<arrow::CPUMemoryManager*>(buffer->memory_manager().get());
    if (manager != nullptr && manager->pool() != nullptr) return manager->pool();
  }
  return arrow::default_memory_pool();
}

base::MemoryBudget* BudgetOf(const arrow::Array& array) {
  return dynamic_cast<base::MemoryBudget*>(PoolOf(array));
}

}  // namespace emberharmony::feature
