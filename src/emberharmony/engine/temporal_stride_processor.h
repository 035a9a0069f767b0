#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/ops/operand.h"

namespace emberharmony::engine {

struct TemporalStrideOptions {
  /// Consecutive rows of a window.
  int64_t window_size = 5;
  /// Rows from one window to the next: for stride s windows start at rows 0, s, 2s, ...
  std::vector<int64_t> stride_perspectives = {1, 3, 5};
  /// Components for each stride: at most as many as a window has numbers, and as there are windows
  /// less one. Default: half of a window's numbers, at most 32.
  std::optional<int64_t> pca_components = std::nullopt;
  /// Windows in a batch of results (TemporalResults::Reader). No result depends on it.
  int64_t batch_size = 10000;
  int num_threads = 0;         ///< 0: the cores that the process may use
  std::string spill_dir = {};  ///< of the rows on disk; empty: the system's temporary folder
  /// Who projects windows: "native", "auto" (native, unless an accelerator is there) or the name of
  /// another backend (engine/numeric_backends.h). Bases are learned natively, and are the same
  /// whoever is named; windows that another projects differ in their last bits, and may depend on
  /// how rows come in batches.
  std::string backend = "auto";
  /// Asked between blocks of rows, on the calling thread; an error ends the call. For Ctrl-C.
  std::function<arrow::Status()> keep_going = {};
};

/// Where a data set outlives the process.
struct TemporalKeeping {
  /// Takes the rows, once all have come, and what was learned of them, in the place of a temporary
  /// file. Results read from it, so it goes when whoever named it removes it. Empty: nothing is
  /// kept.
  std::string folder = {};
  /// Goes on with what is in the folder: rows that are kept there are taken as they are, and `next`
  /// is not called; what was learned of them for such windows is not learned again. Without, the
  /// folder must be empty or absent.
  bool resume = false;
};

/// Some rows of a table.
struct TemporalBatch {
  /// (n, columns), any real dtype or bool. float32 stays so, all others count as float64. Values
  /// are finite; NaN is a DataError that names the cell.
  ops::Tensor rows = {};
  /// (n) of int64: which sequence (entity) a row belongs to. Undefined: all rows are one sequence.
  ops::Tensor sequences = {};
};
/// Gives one batch after the other, then nothing.
using TemporalBatches = std::function<arrow::Result<std::optional<TemporalBatch>>()>;

/// What was learned for one stride. Features are the numbers of a window, row by row.
struct TemporalBasis {
  int64_t num_windows = 0;
  ops::Tensor mean = {};                      ///< (features)
  ops::Tensor components = {};                ///< (components, features), directions of length 1
  ops::Tensor explained_variance = {};        ///< (components), divided by num_windows - 1
  ops::Tensor explained_variance_ratio = {};  ///< (components), shares of the total variance
};

/// The components of all windows of a data set, computed when they are asked for from its rows on
/// disk, which go with the last copy of this. Immutable; any thread may call anything.
class TemporalResults {
 public:
  class Reader;

  const std::vector<int64_t>& strides() const;
  /// UsageError for a stride that is not among those.
  arrow::Result<int64_t> NumWindows(int64_t stride) const;
  arrow::Result<int64_t> NumComponents(int64_t stride) const;

  /// All windows of a stride: (windows, components), of the rows' dtype, float32 or float64.
  /// Windows are ordered by their last rows.
  arrow::Result<ops::Tensor> Read(int64_t stride) const;
  /// The same for all strides, in one pass over the rows.
  arrow::Result<std::map<int64_t, ops::Tensor>> ReadAll() const;
  /// The windows of a stride in batches, in memory that does not depend on their number.
  arrow::Result<std::unique_ptr<Reader>> Open(int64_t stride) const;

 private:
  friend class TerabyteTemporalStrideProcessor;
  struct State;
  explicit TemporalResults(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// One thread at a time.
class TemporalResults::Reader {
 public:
  virtual ~Reader() = default;
  /// The next batch_size windows, of the last batch perhaps fewer; an undefined tensor at the end.
  virtual arrow::Result<ops::Tensor> Next() = 0;
};

/// Windows of rows at several strides, in terms of their principal components.
///
/// One basis for each stride is learned from the whole data set, from an exact covariance
/// (feature/window_products.h), so it depends neither on batches nor on threads; what a window
/// becomes depends on its own rows and the basis alone. Each window is made once, also where
/// batches meet, and none sees a row behind its last one. Rows with numbers of sequences (entities)
/// are windowed for each sequence, in the order in which they come.
///
/// Memory: some blocks of rows for each thread, window_size - 1 rows for each sequence, and
/// matrices of a window's numbers squared, of which there are at most 4,096. Rows are kept on disk,
/// in the precision in which they came, until they are projected.
///
/// One thread at a time. After an error everything is as it was before the call.
class TerabyteTemporalStrideProcessor {
 public:
  /// UsageError for windows, strides or numbers that cannot be, and for a backend that is not
  /// there.
  static arrow::Result<std::unique_ptr<TerabyteTemporalStrideProcessor>> Make(
      const TemporalStrideOptions& options = {});
  ~TerabyteTemporalStrideProcessor();

  /// Takes a whole data set: writes its rows to disk, learns a basis for each stride, and gives
  /// what projects them. With `maintain_state` all batches are one table, and ProcessBatch goes on
  /// behind its last row. Without, each batch stands for itself: no window reaches from one to the
  /// next, and results depend on where they are cut.
  ///
  /// DataError for values that are not finite and for fewer than two windows of some stride;
  /// UsageError for batches of different columns or dtypes; IOError; what `next` gives. With a
  /// folder that keeps the data set (TemporalKeeping) also UsageError for one that holds anything
  /// else, that another process is at, or whose rows came with another `maintain_state`.
  arrow::Result<TemporalResults> ProcessLargeDataset(const TemporalBatches& next,
                                                     bool maintain_state = true,
                                                     const TemporalKeeping& keeping = {});
  /// The windows that end in these rows, which follow those given before, in terms of the learned
  /// basis: for each stride (windows, components), perhaps of no windows. UsageError before a basis
  /// has been learned, else errors as above.
  arrow::Result<std::map<int64_t, ops::Tensor>> ProcessBatch(const TemporalBatch& batch);
  /// Forgets the rows that are kept for the next batch's windows, not what was learned.
  void ResetState();

  bool is_learned() const;
  /// UsageError for a stride of others, and before a basis has been learned: these three.
  arrow::Result<TemporalBasis> Basis(int64_t stride) const;
  /// The sum of the components' shares in the variance: 0 to 1.
  arrow::Result<double> GetExplainedVariance(int64_t stride) const;
  /// (features): the sums of the sizes of each feature's loadings.
  arrow::Result<ops::Tensor> GetFeatureImportance(int64_t stride) const;

  const TemporalStrideOptions& options() const;

 private:
  struct State;
  explicit TerabyteTemporalStrideProcessor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace emberharmony::engine
