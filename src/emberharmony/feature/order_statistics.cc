#include <algorithm>
#include <cmath>
#include <limits>

#include "emberharmony/feature/order_statistics_internal.h"

namespace emberharmony::feature {
namespace {

constexpr double kNoStatistic = std::numeric_limits<double>::quiet_NaN();

// NumPy's "virtual index" of q among n values: the order statistic before it and the way to the
// next.
struct Position {
  int64_t index;
  double fraction;  // 0 when the last value is meant
};

Position PositionOf(double q, int64_t n) {
  const auto last = static_cast<double>(n - 1);
  const double position = std::clamp(q, 0.0, 1.0) * last;
  if (position >= last) return {n - 1, 0};
  const double floor = std::floor(position);
  return {static_cast<int64_t>(floor), position - floor};
}

// With room for the rounding of an interpolation.
double Bound(double value, double error) {
  return error == 0 ? 0 : error + std::fabs(value) * 0x1p-52;
}

}  // namespace

std::vector<int64_t> RanksOfQuantile(double q, int64_t n) {
  const Position position = PositionOf(q, n);
  if (position.index == n - 1) return {n - 1};
  return {position.index, position.index + 1};
}

std::vector<int64_t> RanksOfMedian(int64_t n) { return {(n - 1) / 2, n / 2}; }

QuantileEstimate OrderStatistics::Quantile(double q) const {
  const int64_t n = num_finite();
  if (n == 0) return {kNoStatistic, 0};
  const Position position = PositionOf(q, n);
  if (position.fraction == 0) return OrderStatistic(position.index);
  // NumPy's _lerp starts from the nearer of the two neighbours; of integers the difference is
  // exact.
  const QuantileEstimate a = OrderStatistic(position.index);
  const QuantileEstimate b = OrderStatistic(position.index + 1);
  const double t = position.fraction;
  const double difference = a.whole ? static_cast<double>(*b.whole - *a.whole) : b.value - a.value;
  const bool from_b = t >= 0.5;
  const double way = from_b ? difference * (1 - t) : difference * t;
  const double value = from_b ? b.value - way : a.value + way;
  QuantileEstimate estimate{value, Bound(value, std::max(a.error_bound, b.error_bound))};
  if (a.whole) {
    estimate.whole = from_b ? *b.whole - static_cast<WholeNumber>(std::ceil(way))
                            : *a.whole + static_cast<WholeNumber>(std::floor(way));
  }
  return estimate;
}

QuantileEstimate OrderStatistics::Median() const {
  const int64_t n = num_finite();
  if (n == 0) return {kNoStatistic, 0};
  const QuantileEstimate a = OrderStatistic((n - 1) / 2);
  const QuantileEstimate b = OrderStatistic(n / 2);
  const double error = std::max(a.error_bound, b.error_bound);
  if (a.whole) {
    const WholeNumber whole_sum = *a.whole + *b.whole;
    const double value = static_cast<double>(whole_sum) / 2;  // the halving is exact
    return {value, Bound(value, error), whole_sum >> 1};
  }
  // The sum or the halving may round, never both: where a half has fewer bits, sums are exact.
  const double sum = a.value + b.value;
  const double value = std::isfinite(sum) ? sum / 2 : a.value / 2 + b.value / 2;
  return {value, Bound(value, error)};
}

}  // namespace emberharmony::feature
