#pragma once

#include <arrow/result.h>

#include <map>
#include <string>
#include <vector>

#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/manifest.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/engine/transform.h"

namespace emberharmony::engine {

/// The name of a unit's shard in the folder of its split; `ending` with its dot.
std::string ShardFileName(int64_t unit, std::string_view ending);
/// The path of a unit's shard as the manifest has it.
std::string ShardPath(const ShardFolders& folders, int split, int64_t unit,
                      std::string_view ending);

/// The shards, by unit, that an interrupted run has left complete: those that its checkpoint lists,
/// one for each split, with as many rows as the splits say, and whose files are what they were.
/// Files of all other shards are removed.
arrow::Result<std::map<int64_t, std::vector<ShardEntry>>> FindCommittedShards(
    const Checkpoint& checkpoint, const SplitVectors& splits, int64_t num_units,
    const ShardFolders& folders, std::string_view ending, RunContext* context);

}  // namespace emberharmony::engine
