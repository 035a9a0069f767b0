#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <vector>

#include "emberharmony/ops/operand.h"

namespace emberharmony::feature {

/// The smallest and the largest value of each column of a table: which fixed-point grid it gets.
/// They merge exactly, in any order. One thread at a time.
class ColumnRanges {
 public:
  explicit ColumnRanges(int64_t num_columns = 0);

  /// Takes in rows (n, num_columns) of float32 or float64. DataError for NaN and infinities, with
  /// the column, and the row counted from `first_row`; the ranges are then unchanged.
  arrow::Status Update(const ops::Tensor& rows, int64_t first_row);
  void Merge(const ColumnRanges& other);

  int64_t num_columns() const { return static_cast<int64_t>(smallest_.size()); }
  int64_t num_rows() const { return num_rows_; }
  /// Of columns without rows: infinity and -infinity.
  const std::vector<double>& smallest() const { return smallest_; }
  const std::vector<double>& largest() const { return largest_; }

 private:
  std::vector<double> smallest_;
  std::vector<double> largest_;
  int64_t num_rows_ = 0;
};

/// Integers that sums of products read behind the last row.
inline constexpr int64_t kQuantizedPadding = 8;

/// For each column a grid of 2^31 steps, a power of two each, around the middle of its range.
///
/// Values on a grid are integers of at most 2^30 in size, whose products can be added exactly, so
/// that no sum depends on an order. Integers that span less than 2^30 lie on their grid; other
/// values move by at most 2^-31 of the column's range. Immutable.
class FixedPointGrid {
 public:
  FixedPointGrid() = default;
  /// For values within these ranges. A column without rows has the grid of a column of zeros.
  explicit FixedPointGrid(const ColumnRanges& ranges);
  /// What centres() and exponents() were. DataError unless they are finite, and possible.
  static arrow::Result<FixedPointGrid> Make(std::vector<double> centres,
                                            std::vector<int32_t> exponents);

  int64_t num_columns() const { return static_cast<int64_t>(centres_.size()); }
  /// The value of integer 0.
  const std::vector<double>& centres() const { return centres_; }
  /// The base-2 logarithm of a step.
  const std::vector<int32_t>& exponents() const { return exponents_; }

  /// The integers of `num_rows` rows.
  void Quantize(const double* rows, int64_t num_rows, int64_t* out) const;
  /// The same; behind them lie kQuantizedPadding zeros.
  void Quantize(const std::vector<double>& rows, std::vector<int64_t>* out) const;

  friend bool operator==(const FixedPointGrid&, const FixedPointGrid&) = default;

 private:
  std::vector<double> centres_;
  std::vector<int32_t> exponents_;
  std::vector<double> inverse_steps_;
};

}  // namespace emberharmony::feature
