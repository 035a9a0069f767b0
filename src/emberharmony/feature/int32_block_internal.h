#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <limits>
#include <memory>

#include "emberharmony/feature/value_block.h"

namespace emberharmony::feature {

/// What stands for a missing entry while a step computes int32 values; no step yields it.
inline constexpr int32_t kMissingInt32 = std::numeric_limits<int32_t>::min();

/// The block of `n` int32 values that a buffer of as many holds, those that are kMissingInt32 being
/// null (and zero in memory). A null slot stays one.
arrow::Result<ValueBlock> Int32Block(std::shared_ptr<arrow::Buffer> values, int64_t n,
                                     bool null_slot, arrow::MemoryPool* pool);

}  // namespace emberharmony::feature
