#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "emberharmony/engine/row_spool.h"
#include "emberharmony/feature/projection.h"
#include "emberharmony/feature/window_products.h"
#include "emberharmony/feature/windows.h"

namespace emberharmony::engine {

/// Some rows of a pass.
struct RowBlock {
  ops::Tensor rows;
  std::vector<int64_t> sequences;
  bool has_sequences = false;
  bool begins_anew = false;  ///< they follow none before

  const int64_t* numbers() const { return has_sequences ? sequences.data() : nullptr; }
};

/// Gives the blocks of a pass in order; false at the end.
using RowBlocks = std::function<arrow::Result<bool>(RowBlock* block)>;

/// All blocks of a spool, from `first` on.
RowBlocks BlocksOf(const RowSpool& spool);
/// Rows in memory, cut into blocks for several threads. Both live as long as the blocks are asked
/// for.
RowBlocks BlocksOf(const ops::Tensor& rows, const int64_t* sequences, int num_threads);

/// How a pass is carried out.
struct PassOptions {
  int num_threads = 1;
  std::function<arrow::Status()> keep_going = {};  ///< asked on the calling thread
};

/// A block cut into windows.
struct CutBlock {
  RowBlock block;
  feature::WindowRuns runs;
  /// Of each stride: the number of windows before this block's.
  std::vector<int64_t> first_places;
  /// The sequences that ended before this block.
  feature::SequenceWindows::Sequences ended;
};

/// Hands blocks to several threads; they are read and cut one at a time, because each goes on where
/// the one before has ended. Thread-safe.
class WindowFeed {
 public:
  WindowFeed(RowBlocks blocks, feature::SequenceWindows* windows);
  /// False at the end.
  arrow::Result<bool> Next(CutBlock* out);

 private:
  std::mutex mutex_;
  RowBlocks blocks_;
  feature::SequenceWindows* windows_;
  std::vector<int64_t> num_windows_;
};

/// The products of all windows of the spool's rows. `windows` is empty at first and stands behind
/// the last row at the end.
arrow::Result<feature::WindowProducts> LearnProducts(const RowSpool& spool,
                                                     const feature::FixedPointGrid& grid,
                                                     const PassOptions& options,
                                                     feature::SequenceWindows* windows);

/// Projects the windows of a block: projections, which have one shift, and outputs are of the
/// layout's strides. Natively, or by who the caller's scope names: then the rows are moved to the
/// scope's device once for all strides.
void ProjectBlock(const CutBlock& block, const feature::WindowLayout& layout,
                  const std::vector<feature::Projection>& projections,
                  const std::vector<ops::Tensor>& outputs, std::vector<double>* centred);

/// Projects all windows of the blocks into tensors that have a row for each.
arrow::Status ProjectWindows(RowBlocks blocks, feature::SequenceWindows* windows,
                             const std::vector<feature::Projection>& projections,
                             const std::vector<ops::Tensor>& outputs, const PassOptions& options);

}  // namespace emberharmony::engine
