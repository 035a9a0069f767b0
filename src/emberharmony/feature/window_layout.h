#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <vector>

namespace emberharmony::feature {

/// Windows of `window_size` consecutive rows of a sequence, flattened to window_size * num_columns
/// features, row by row. For stride s they start at rows 0, s, 2s, ... of the sequence and lie in
/// it as a whole.
struct WindowLayout {
  int64_t window_size = 1;
  int64_t num_columns = 1;
  std::vector<int64_t> strides = {1};

  int64_t num_features() const { return window_size * num_columns; }
  /// How many windows a sequence of that many rows has.
  int64_t NumWindows(int64_t num_rows, int64_t stride) const {
    return num_rows < window_size ? 0 : (num_rows - window_size) / stride + 1;
  }
  friend bool operator==(const WindowLayout&, const WindowLayout&) = default;
};

/// A basis needs a matrix of features by features: with more it would be of gigabytes.
inline constexpr int64_t kWindowFeaturesMax = 4096;

/// UsageError unless the window size and the strides are positive (and up to 2^31), no stride
/// repeats, there are 1 to 64 of them, and a window has at most kWindowFeaturesMax features.
arrow::Status CheckWindowLayout(const WindowLayout& layout);

/// Which products of two rows have to be added up for the windows of some strides. Rows are told
/// apart by their number in the sequence modulo `period`, of which each stride is a divisor.
struct LagGroup {
  struct Residue {
    int64_t residue;
    int64_t num_lags;  ///< products with the rows 0, 1, ... num_lags - 1 further on
    int64_t first;     ///< number of the first of these among the group's
  };
  int64_t period;
  std::vector<int64_t> strides;
  std::vector<Residue> residues;
  int64_t num_lags;  ///< of all residues
};

/// Groups of strides that share their products, each stride in one of them. A function of the
/// layout alone.
std::vector<LagGroup> LagGroupsOf(const WindowLayout& layout);

}  // namespace emberharmony::feature
