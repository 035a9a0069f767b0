#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// Receives the fingerprints of consecutive rows, from row 0 of a unit on. When row 0 comes again,
/// all that was handed on before is to be forgotten.
using FingerprintConsumer =
    std::function<arrow::Status(int64_t first_row, std::span<const uint64_t> fingerprints)>;

/// Row fingerprints (DESIGN section 5) over these columns of a unit, in order. Waits at the run's
/// gate.
///
/// All columns are read together, which holds a page and a dictionary of each. Where memory is too
/// short for that they are read one after the other, and the cells wait in a temporary file (eight
/// bytes each) in the run's spill folder, if there is one.
arrow::Status FingerprintUnit(const io::Source& source, const io::Unit& unit,
                              const std::vector<int>& columns, int64_t seed, RunContext* context,
                              const FingerprintConsumer& consumer);

/// How FingerprintUnit means to read a unit, and what that takes of the run's memory at most.
struct FingerprintReading {
  bool together = true;  ///< else column by column, by way of a temporary file
  int64_t bytes = 0;
};
FingerprintReading DecideFingerprintReading(const io::Source& source, const io::Unit& unit,
                                            const std::vector<int>& columns, RunContext* context);

/// The same, in the way that is told: for tests.
arrow::Status FingerprintTogether(const io::Source& source, const io::Unit& unit,
                                  const std::vector<int>& columns, int64_t seed,
                                  RunContext* context, const FingerprintConsumer& consumer);
arrow::Status FingerprintColumnByColumn(const io::Source& source, const io::Unit& unit,
                                        const std::vector<int>& columns, int64_t seed,
                                        RunContext* context, const FingerprintConsumer& consumer);

}  // namespace emberharmony::engine
