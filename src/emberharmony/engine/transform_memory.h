#pragma once

#include <cstddef>
#include <cstdint>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// What writing the outputs of one source column of a unit takes of the run's memory at most,
/// beside the shards: reading, and the rows of a row group in each split until they are encoded.
int64_t GroupTaskBytes(const io::Source& source, const io::Unit& unit, int column);

/// The same for so many columns of a unit that are read together.
int64_t UnitTaskBytes(const io::Unit& unit, size_t num_columns, RunContext* context);

/// What a shard may hold in memory before its encoded bytes go to a temporary file: those of all
/// units in flight together may hold a third of the budget.
int64_t ShardBytesMax(RunContext* context);

}  // namespace emberharmony::engine
