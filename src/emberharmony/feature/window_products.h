#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/feature/fixed_point.h"
#include "emberharmony/feature/window_layout.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::feature {

/// Mean and covariance of the windows of one stride, each rounded from exact sums.
struct WindowMoments {
  int64_t num_windows = 0;
  std::vector<double> mean;  ///< of each feature
  ops::Tensor covariance;    ///< (features, features) of float64, divided by num_windows - 1
};

/// Consecutive rows of one sequence on the grid. Behind the last one kQuantizedPadding more
/// integers can be read, whatever they are.
struct QuantizedRun {
  const int64_t* rows;
  int64_t num_rows;
  int64_t position;  ///< of the first row in its sequence
};

/// The sums of the products of any two features over all windows of a layout, in integers of 128
/// bits: the same in whatever order, parts and threads they are added. With windows of one row
/// this is the plain sum of products of columns.
///
/// Windows overlap, so a product of two rows that lie d rows apart occurs in many of them. It is
/// computed once: the rows are told apart by their number modulo the strides' common multiple, the
/// products of each kind are added for each d, and every sum over windows is one of these, or one
/// for an earlier pair of rows in the window, plus products at the ends of sequences. So a stride
/// of 1 costs window_size products of rows for each row, instead of half its square, and further
/// strides cost nothing.
///
/// A state is used by one thread at a time; several are merged.
class WindowProducts {
 public:
  /// The layout is one that CheckWindowLayout accepts and has the grid's columns.
  WindowProducts(const WindowLayout& layout, const FixedPointGrid& grid);
  WindowProducts(WindowProducts&&) noexcept;
  WindowProducts& operator=(WindowProducts&&) noexcept;
  ~WindowProducts();

  const WindowLayout& layout() const;
  const FixedPointGrid& grid() const;

  /// Adds the windows that lie in the runs as a whole, but for AddHead and AddTail. Runs of a
  /// sequence overlap by window_size - 1 rows, so that each window lies in one. Throws what ops
  /// throws.
  void AddRuns(std::span<const QuantizedRun> runs);
  /// Once for each sequence of at least window_size rows: its first window_size rows, on the grid.
  void AddHead(const int64_t* rows);
  /// Once for each such sequence: its last window_size - 1 rows, and how many rows it had.
  void AddTail(const int64_t* rows, int64_t num_rows);

  /// Adds the windows of another state. UsageError unless layout and grid are the same.
  arrow::Status Merge(const WindowProducts& other);
  /// How many windows of a stride of the layout there are so far.
  int64_t NumWindows(int64_t stride) const;
  /// What was learned of that stride. DataError unless there are two windows at least.
  arrow::Result<WindowMoments> Finalize(int64_t stride) const;

  /// Equal windows give equal bytes. Version 1.
  std::string Encode() const;
  /// DataError for what Encode cannot have given.
  static arrow::Result<WindowProducts> Decode(std::string_view bytes);

  int64_t memory_bytes() const;

 private:
  struct Sums;
  std::unique_ptr<Sums> sums_;
};

}  // namespace emberharmony::feature
