#include "emberharmony/engine/transform_memory.h"

#include <algorithm>

#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {

namespace {

// An index, the values and pages of each output, and what counts rows by dictionary entry.
int64_t RowGroupBytes(const io::Unit& unit) {
  constexpr int64_t kRowBytes = 16 + kNumSplits * static_cast<int64_t>(sizeof(uint32_t));
  return std::min<int64_t>(unit.num_rows, io::RowGroupCutter::kMaxRows) * kRowBytes;
}

}  // namespace

int64_t GroupTaskBytes(const io::Source& source, const io::Unit& unit, int column) {
  return 2 * ScanBytes(source, unit, column) + RowGroupBytes(unit);
}

int64_t UnitTaskBytes(const io::Unit& unit, size_t num_columns, RunContext* context) {
  return 2 * ScanBatchesBytes(unit, num_columns, context) +
         static_cast<int64_t>(num_columns) * RowGroupBytes(unit);
}

int64_t ShardBytesMax(RunContext* context) {
  const int64_t sinks_in_flight = kNumSplits + context->num_threads();
  return std::max<int64_t>(1, context->budget()->limit_bytes() / 3 / sinks_in_flight);
}

}  // namespace emberharmony::engine
