#pragma once

#include <arrow/result.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/engine/column_distribution.h"
#include "emberharmony/engine/manifest.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

class Checkpoint;

/// Where shards go: one folder for each split, or one for all rows.
struct ShardFolders {
  std::string root;                                 ///< where the output is built
  std::array<std::string, kNumSplits> relative;     ///< below root; "" is root itself
  std::array<std::string, kNumSplits> split_names;  ///< as the manifest calls them
};

/// Applies the model to every row of the source and writes one shard for each unit and each split
/// that exists.
///
/// (unit, column) tasks run on the run's threads; a unit's shards are committed, as a whole, when
/// its last column is done. The returned shards are in order of split, then unit.
///
/// On its way it counts what the report shows of each column: *distributions becomes one for each
/// pipeline of the model, in their order, and one for the target where there is one; nullptr for
/// those that yield nothing, whose columns are not read.
///
/// With a checkpoint each unit is noted there once its shards are on disk, and those that an
/// interrupted run has left are not made again, nor are their rows counted.
///
/// `source` is the table that the model is bound to, with its derived columns (engine/row_steps.h).
arrow::Result<std::vector<ShardEntry>> TransformSource(
    const io::Source& source, const plan::FittedPlan::Binding& binding, const SplitVectors& splits,
    const plan::FittedPlan& model, const ShardFolders& folders, RunContext* context,
    SourceDistributions* distributions, Checkpoint* checkpoint = nullptr);

/// The content checksum of one split (DESIGN section 6): the sum modulo 2^128 of the row
/// fingerprints, seed 0, over the output columns, as 32 hexadecimal digits; read back from the
/// shards.
arrow::Result<std::string> ContentChecksum(const std::vector<std::string>& shard_paths,
                                           RunContext* context);

}  // namespace emberharmony::engine
