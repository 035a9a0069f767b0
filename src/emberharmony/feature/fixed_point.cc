#include "emberharmony/feature/fixed_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/row_kernels_internal.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/statistics.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

constexpr int kGridBits = 30;
/// Below this step 1 / step would not be finite.
constexpr int32_t kGridExponentMin = -1000;
constexpr int32_t kGridExponentMax = 1024 - kGridBits;

/// The first value that is not finite, for a message.
arrow::Status RefuseNotFinite(const Tensor& rows, int64_t first_row) {
  const Tensor values = ops::astype(rows, ops::DType::kFloat64).Contiguous();
  const double* value = values.data_as<double>();
  const int64_t num_columns = rows.shape()[1];
  for (int64_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(value[i])) continue;
    return base::DataError(fmt::format(
        "column {} holds {} in row {} (both counted from 0): windows and components are of finite "
        "numbers; fill or drop missing values first",
        i % num_columns, std::isnan(value[i]) ? "NaN" : "an infinity",
        first_row + i / num_columns));
  }
  return arrow::Status::OK();
}

/// The middle of a range, and how far its ends are from it.
std::pair<double, double> MiddleOf(double smallest, double largest) {
  const double width = largest - smallest;
  const double centre = std::isfinite(width) ? smallest + width / 2 : smallest / 2 + largest / 2;
  return {centre, std::max(largest - centre, centre - smallest)};
}

}  // namespace

ColumnRanges::ColumnRanges(int64_t num_columns)
    : smallest_(num_columns, std::numeric_limits<double>::infinity()),
      largest_(num_columns, -std::numeric_limits<double>::infinity()) {}

arrow::Status ColumnRanges::Update(const Tensor& rows, int64_t first_row) {
  if (rows.shape()[0] == 0) return arrow::Status::OK();
  return ops::Catch([&]() -> arrow::Status {
    const ops::ReductionOptions down{.axis = 0};
    const Tensor smallest = ops::astype(ops::min(rows, down), ops::DType::kFloat64);
    const Tensor largest = ops::astype(ops::max(rows, down), ops::DType::kFloat64);
    const std::span<const double> low = smallest.values<double>();
    const std::span<const double> high = largest.values<double>();
    // The minimum and maximum of a column with NaN are NaN.
    const auto finite = [](double value) { return std::isfinite(value); };
    if (!std::all_of(low.begin(), low.end(), finite) ||
        !std::all_of(high.begin(), high.end(), finite)) {
      return RefuseNotFinite(rows, first_row);
    }
    for (size_t c = 0; c < low.size(); ++c) {
      // -0 counts as +0, or the order of rows could show.
      smallest_[c] = std::min(smallest_[c], low[c]) + 0.0;
      largest_[c] = std::max(largest_[c], high[c]) + 0.0;
    }
    num_rows_ += rows.shape()[0];
    return arrow::Status::OK();
  });
}

void ColumnRanges::Merge(const ColumnRanges& other) {
  for (size_t c = 0; c < smallest_.size(); ++c) {
    smallest_[c] = std::min(smallest_[c], other.smallest_[c]);
    largest_[c] = std::max(largest_[c], other.largest_[c]);
  }
  num_rows_ += other.num_rows_;
}

FixedPointGrid::FixedPointGrid(const ColumnRanges& ranges) {
  for (int64_t c = 0; c < ranges.num_columns(); ++c) {
    double centre = 0;
    int exponent = 0;
    if (ranges.num_rows() > 0) {
      double reach;
      std::tie(centre, reach) = MiddleOf(ranges.smallest()[c], ranges.largest()[c]);
      if (reach > 0) {
        std::frexp(reach, &exponent);  // reach < 2^exponent
        exponent = std::max(exponent - kGridBits, kGridExponentMin);
      }
    }
    centres_.push_back(centre);
    exponents_.push_back(exponent);
    inverse_steps_.push_back(std::ldexp(1.0, -exponent));
  }
}

arrow::Result<FixedPointGrid> FixedPointGrid::Make(std::vector<double> centres,
                                                   std::vector<int32_t> exponents) {
  FixedPointGrid grid;
  if (centres.size() != exponents.size()) {
    return base::DataError("the saved grid has unequal numbers of centres and steps");
  }
  for (size_t c = 0; c < centres.size(); ++c) {
    if (!std::isfinite(centres[c]) || exponents[c] < kGridExponentMin ||
        exponents[c] > kGridExponentMax) {
      return base::DataError(fmt::format("the saved grid of column {} is damaged", c));
    }
    grid.inverse_steps_.push_back(std::ldexp(1.0, -exponents[c]));
  }
  grid.centres_ = std::move(centres);
  grid.exponents_ = std::move(exponents);
  return grid;
}

void FixedPointGrid::Quantize(const double* rows, int64_t num_rows, int64_t* out) const {
  BestRowKernels().quantize(rows, num_rows, num_columns(), centres_.data(), inverse_steps_.data(),
                            out);
}

void FixedPointGrid::Quantize(const std::vector<double>& rows, std::vector<int64_t>* out) const {
  out->resize(rows.size() + kQuantizedPadding);
  Quantize(rows.data(), static_cast<int64_t>(rows.size()) / num_columns(), out->data());
  std::fill(out->end() - kQuantizedPadding, out->end(), 0);
}

}  // namespace emberharmony::feature
