#include "emberharmony/ops/statistics_quantile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "emberharmony/backend/native/order_statistics.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

using backend::native::OrderStatistics;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<std::string_view, 13> kMethodNames = {"inverted_cdf",
                                                           "averaged_inverted_cdf",
                                                           "closest_observation",
                                                           "interpolated_inverted_cdf",
                                                           "hazen",
                                                           "weibull",
                                                           "linear",
                                                           "median_unbiased",
                                                           "normal_unbiased",
                                                           "lower",
                                                           "higher",
                                                           "midpoint",
                                                           "nearest"};

/// A quantile as a mix of two order statistics: (1 - weight) * low + weight *
/// high.
struct Mix {
  int64_t low, high;
  double weight;
};

/// Between the neighbours of a place in [0, n - 1] that need not be whole.
Mix Between(double place, int64_t n) {
  const double last = static_cast<double>(n - 1);
  place = std::clamp(place, 0.0, last);
  const double low = std::floor(place);
  const double high = std::min(low + 1, last);
  return {static_cast<int64_t>(low), static_cast<int64_t>(high), place - low};
}
Mix At(double place, int64_t n) { return Between(std::floor(place), n); }

/// The place by the plotting positions (k - alpha) / (n + 1 - alpha - beta).
double PlaceOf(double q, double n, double alpha, double beta) {
  return n * q + (alpha + q * (1 - alpha - beta)) - 1;
}

Mix MixOf(QuantileMethod method, double q, int64_t count) {
  const double n = static_cast<double>(count);
  const double place = (n - 1) * q;
  switch (method) {
    case QuantileMethod::kInvertedCdf:
      return At(std::ceil(n * q - 1), count);
    case QuantileMethod::kAveragedInvertedCdf: {
      const double index = n * q - 1;
      if (index != std::floor(index)) return At(std::ceil(index), count);
      Mix mix = Between(index, count);
      if (index >= 0 && index < n - 1) mix.weight = 0.5;
      return mix;
    }
    case QuantileMethod::kClosestObservation: {
      const double index = n * q - 1.5;
      const double floor = std::floor(index);
      const bool stays = index == floor && std::fmod(std::fabs(floor), 2) == 1;
      return At(stays ? floor : floor + 1, count);
    }
    case QuantileMethod::kInterpolatedInvertedCdf:
      return Between(PlaceOf(q, n, 0, 1), count);
    case QuantileMethod::kHazen:
      return Between(PlaceOf(q, n, 0.5, 0.5), count);
    case QuantileMethod::kWeibull:
      return Between(PlaceOf(q, n, 0, 0), count);
    case QuantileMethod::kLinear:
      return Between(place, count);
    case QuantileMethod::kMedianUnbiased:
      return Between(PlaceOf(q, n, 1.0 / 3, 1.0 / 3), count);
    case QuantileMethod::kNormalUnbiased:
      return Between(PlaceOf(q, n, 3.0 / 8, 3.0 / 8), count);
    case QuantileMethod::kLower:
      return At(place, count);
    case QuantileMethod::kHigher:
      return At(std::ceil(place), count);
    case QuantileMethod::kMidpoint: {
      Mix mix = Between(place, count);
      if (mix.weight > 0) mix.weight = 0.5;
      return mix;
    }
    case QuantileMethod::kNearest:
      return At(std::nearbyint(place), count);
  }
  return {};
}

/// From either end, whichever is nearer, so that the result lies between them
/// and grows with the weight.
double Interpolate(double low, double high, double weight) {
  if (low == high || weight == 0) return low;
  const double span = high - low;
  return weight < 0.5 ? low + span * weight : high - span * (1 - weight);
}
/// The median of an even number of elements.
double Middle(double low, double high) {
  const double sum = low + high;
  return std::isinf(sum) && std::isfinite(low) && std::isfinite(high) ? low / 2 + high / 2
                                                                      : sum / 2;
}

/// What to find in rows of n elements, NaN last.
struct Search {
  std::vector<Mix> mixes;
  std::vector<int64_t> ranks;  // ascending, each once; the last one tells of NaN
  bool is_median = false;

  Search(QuantileMethod method, const std::vector<double>& quantiles, int64_t n, int64_t last,
         bool is_median)
      : is_median(is_median) {
    for (double q : quantiles) mixes.push_back(MixOf(method, q, n));
    for (const Mix& mix : mixes) ranks.insert(ranks.end(), {mix.low, mix.high});
    ranks.push_back(last);
    std::sort(ranks.begin(), ranks.end());
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  }

  /// The quantiles of a row, given its elements at the ranks.
  template <class T>
  double Value(size_t i, const T* found) const {
    const Mix& mix = mixes[i];
    const double low = found[Index(mix.low)];
    const double high = found[Index(mix.high)];
    if (is_median) return mix.weight == 0 ? low : Middle(low, high);
    return Interpolate(low, high, mix.weight);
  }
  size_t Index(int64_t rank) const {
    return std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin();
  }
};

/// x as a matrix: the axes to reduce together as the last one.
struct QuantileRows {
  Tensor matrix;
  Shape shape;  // what remains of x's, with keepdims
};

QuantileRows RowsOf(const char* function, const Tensor& x, const std::optional<Axes>& axis,
                    bool keepdims) {
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined tensor", function));
  }
  if (tensor::IsComplex(x.dtype())) {
    throw DTypeError(fmt::format("{}: expected a real-valued or bool dtype, found {}", function,
                                 DTypeName(x.dtype())));
  }
  const uint64_t mask = axis ? axis->MaskFor(function, x) : ~uint64_t{0};
  std::vector<int> order, reduced;
  QuantileRows rows;
  int64_t count = 1, length = 1;
  for (int i = 0; i < x.rank(); ++i) {
    const bool reduce = (mask >> i) & 1;
    (reduce ? reduced : order).push_back(i);
    int64_t& product = reduce ? length : count;
    // Of a tensor without elements the product may exceed 64 bits, and then says nothing.
    __builtin_mul_overflow(product, x.shape()[i], &product);
    if (!reduce || keepdims) rows.shape.Append(reduce ? 1 : x.shape()[i]);
  }
  order.insert(order.end(), reduced.begin(), reduced.end());
  const Tensor numbers = tensor::IsRealFloating(x.dtype()) ? x : astype(x, DType::kFloat64);
  rows.matrix = numbers.PermuteDims(order).Contiguous().Reshape({count, length});
  return rows;
}

/// Writes the quantiles of one row, of which `n` elements count, to column
/// `row` of the result.
template <class T>
void FillColumn(const Search& search, const T* found, bool has_nan, int64_t row, int64_t rows,
                T* result) {
  for (size_t i = 0; i < search.mixes.size(); ++i) {
    result[static_cast<int64_t>(i) * rows + row] =
        static_cast<T>(has_nan ? kNaN : search.Value(i, found));
  }
}

struct Question {
  const char* function;
  QuantileMethod method;
  bool skips_nan;
  bool is_median;
};

/// All rows at once: a row with a NaN, which is then its last element, has no
/// quantile.
template <class T>
void FillAll(const Question& question, const Tensor& x, const std::vector<double>& quantiles,
             T* result) {
  const int64_t rows = x.shape()[0], n = x.shape()[1];
  const Search search(question.method, quantiles, n, n - 1, question.is_median);
  const Tensor found = OrderStatistics(x, search.ranks);
  const int64_t width = static_cast<int64_t>(search.ranks.size());
  for (int64_t row = 0; row < rows; ++row) {
    const T* at = found.data_as<T>() + row * width;
    FillColumn(search, at, std::isnan(at[width - 1]), row, rows, result);
  }
}

/// Each row has its own number of elements that count, of which NaNs are not; rows up to this
/// length are sorted together.
constexpr int64_t kSortedTogetherMax = 256;

/// What to find in rows of which `count` elements count, made once for each number.
class Searches {
 public:
  Searches(const Question& question, const std::vector<double>& quantiles, int64_t most)
      : question_(question), quantiles_(quantiles), by_count_(most + 1) {}

  const Search& Of(int64_t count) {
    std::unique_ptr<Search>& search = by_count_[count];
    if (search == nullptr) {
      search = std::make_unique<Search>(question_.method, quantiles_, count, count - 1,
                                        question_.is_median);
    }
    return *search;
  }

 private:
  const Question& question_;
  const std::vector<double>& quantiles_;
  std::vector<std::unique_ptr<Search>> by_count_;
};

template <class T>
void FillSortedRows(const Question& question, const Tensor& x, const std::vector<double>& quantiles,
                    T* result) {
  const int64_t rows = x.shape()[0], n = x.shape()[1];
  Searches searches(question, quantiles, n);
  std::vector<int64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  const Tensor sorted = OrderStatistics(x, all);
  std::vector<T> found;
  for (int64_t row = 0; row < rows; ++row) {
    const T* elements = sorted.data_as<T>() + row * n;
    int64_t count = n;
    while (count > 0 && std::isnan(elements[count - 1])) --count;
    if (count == 0) {
      for (size_t i = 0; i < quantiles.size(); ++i) {
        result[static_cast<int64_t>(i) * rows + row] = static_cast<T>(kNaN);
      }
      continue;
    }
    const Search& search = searches.Of(count);
    found.clear();
    for (const int64_t rank : search.ranks) found.push_back(elements[rank]);
    FillColumn(search, found.data(), false, row, rows, result);
  }
}

/// Row by row: each has its own number of elements that count.
template <class T>
void FillRowByRow(const Question& question, const Tensor& x, const std::vector<double>& quantiles,
                  T* result) {
  const int64_t rows = x.shape()[0], n = x.shape()[1];
  if (n <= kSortedTogetherMax) return FillSortedRows(question, x, quantiles, result);
  for (int64_t row = 0; row < rows; ++row) {
    const T* elements = x.data_as<T>() + row * n;
    const int64_t count = std::count_if(elements, elements + n, [](T v) { return v == v; });
    if (count == 0) {
      for (size_t i = 0; i < quantiles.size(); ++i) {
        result[static_cast<int64_t>(i) * rows + row] = static_cast<T>(kNaN);
      }
      continue;
    }
    const Search search(question.method, quantiles, count, count - 1, question.is_median);
    const Tensor found = OrderStatistics(x.Slice(0, row, row + 1), search.ranks);
    FillColumn(search, found.data_as<T>(), false, row, rows, result);
  }
}

Tensor Quantiles(const Question& question, const Tensor& x, const std::vector<double>& quantiles,
                 const Shape& q_shape, const QuantileOptions& options) {
  RequireCpu(x);
  for (double q : quantiles) {
    if (!(q >= 0 && q <= 1)) {
      throw std::invalid_argument(
          fmt::format("{}: expected q in [0, {}], found {}", question.function,
                      std::string_view(question.function).ends_with("percentile") ? 100 : 1,
                      std::string_view(question.function).ends_with("percentile") ? q * 100 : q));
    }
  }
  const QuantileRows rows = RowsOf(question.function, x, options.axis, options.keepdims);
  Shape shape = q_shape;
  for (int64_t dim : rows.shape) shape.Append(dim);
  const Tensor result = Tensor::Empty(shape, rows.matrix.dtype());
  if (result.size() == 0) return result;
  tensor::VisitReal(result.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_floating_point_v<T>) {
      T* to = result.mutable_data_as<T>();
      if (rows.matrix.shape()[1] == 0) {
        std::fill_n(to, result.size(), static_cast<T>(kNaN));
      } else if (question.skips_nan) {
        FillRowByRow(question, rows.matrix, quantiles, to);
      } else {
        FillAll(question, rows.matrix, quantiles, to);
      }
    }
  });
  return result;
}

/// Of a list of q, each multiplied by `scale`.
Tensor QuantilesOf(const char* function, const Tensor& x, const Tensor& q, double divisor,
                   bool skips_nan, const QuantileOptions& options) {
  if (!q.defined() || tensor::IsComplex(q.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected q of a real-valued dtype, found a {}", function, q.Describe()));
  }
  const Tensor numbers = astype(q, DType::kFloat64).Contiguous();
  std::vector<double> quantiles;
  for (double each : numbers.values<double>()) quantiles.push_back(each / divisor);
  return Quantiles({function, options.method, skips_nan, false}, x, quantiles, q.shape(), options);
}

}  // namespace

QuantileMethod ParseQuantileMethod(std::string_view name) {
  const auto* found = std::find(kMethodNames.begin(), kMethodNames.end(), name);
  if (found == kMethodNames.end()) {
    std::string names;
    for (std::string_view each : kMethodNames)
      names += (names.empty() ? "" : ", ") + std::string(each);
    throw std::invalid_argument(fmt::format("quantile: expected a method among {}, found {}", names,
                                            base::Shortened(name)));
  }
  return static_cast<QuantileMethod>(found - kMethodNames.begin());
}

Tensor quantile(const Tensor& x, const Tensor& q, const QuantileOptions& options) {
  return QuantilesOf("quantile", x, q, 1, false, options);
}
Tensor percentile(const Tensor& x, const Tensor& q, const QuantileOptions& options) {
  return QuantilesOf("percentile", x, q, 100, false, options);
}
Tensor nanquantile(const Tensor& x, const Tensor& q, const QuantileOptions& options) {
  return QuantilesOf("nanquantile", x, q, 1, true, options);
}
Tensor nanpercentile(const Tensor& x, const Tensor& q, const QuantileOptions& options) {
  return QuantilesOf("nanpercentile", x, q, 100, true, options);
}
Tensor median(const Tensor& x, const std::optional<Axes>& axis, bool keepdims) {
  return Quantiles({"median", QuantileMethod::kLinear, false, true}, x, {0.5}, {},
                   {.axis = axis, .keepdims = keepdims});
}
Tensor nanmedian(const Tensor& x, const std::optional<Axes>& axis, bool keepdims) {
  return Quantiles({"nanmedian", QuantileMethod::kLinear, true, true}, x, {0.5}, {},
                   {.axis = axis, .keepdims = keepdims});
}

}  // namespace emberharmony::ops
