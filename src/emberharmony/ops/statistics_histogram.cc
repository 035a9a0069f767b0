#include "emberharmony/ops/statistics_histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/searching.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

void CheckRealSample(const char* function, const Tensor& x) {
  if (!x.defined()) {
    throw std::invalid_argument(
        fmt::format("{}: expected a tensor, found an undefined one", function));
  }
  if (tensor::IsComplex(x.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected a real-valued dtype, found {}", function, DTypeName(x.dtype())));
  }
}

Tensor Numbers(const Tensor& x) {
  RequireCpu(x);
  return astype(x, DType::kFloat64, /*copy=*/false).Reshape({x.size()}).Contiguous();
}

/// The weights as one row; undefined without.
Tensor SampleWeights(const char* function, const Tensor& x, const Tensor* weights) {
  if (weights == nullptr) return {};
  CheckRealSample(function, *weights);
  if (!(weights->shape() == x.shape())) {
    throw ShapeError(fmt::format("{}: expected weights of the shape of x, {}, found a {}", function,
                                 x.shape().ToString(), weights->Describe()));
  }
  return Numbers(*weights);
}

/// Adds up what falls into each place.
class Bins {
 public:
  Bins(int64_t size, const Tensor& weights)
      : totals_(Tensor::Empty({size}, weights.defined() ? DType::kFloat64 : DType::kInt64)),
        weights_(weights.defined() ? weights.data_as<double>() : nullptr) {
    std::fill_n(static_cast<char*>(totals_.mutable_data()), totals_.size_bytes(), 0);
    counts_ = weights_ == nullptr ? totals_.mutable_data_as<int64_t>() : nullptr;
    sums_ = weights_ != nullptr ? totals_.mutable_data_as<double>() : nullptr;
  }
  /// Element i falls into a bin.
  void Add(int64_t bin, int64_t i) {
    if (counts_ != nullptr) {
      ++counts_[bin];
    } else {
      sums_[bin] += weights_[i];
    }
  }
  const Tensor& totals() const { return totals_; }

 private:
  Tensor totals_;
  const double* weights_;
  int64_t* counts_ = nullptr;
  double* sums_ = nullptr;
};

std::pair<double, double> RangeFor(const Tensor& numbers, const HistogramOptions& options) {
  std::pair<double, double> range = {0, 1};
  if (options.range) {
    range = *options.range;
  } else if (numbers.size() > 0) {
    range = {min(numbers).item<double>(), max(numbers).item<double>()};
  }
  if (!std::isfinite(range.first) || !std::isfinite(range.second)) {
    throw std::invalid_argument(fmt::format("histogram: expected a finite range, found [{}, {}]",
                                            range.first, range.second));
  }
  if (range.first > range.second) {
    throw std::invalid_argument(fmt::format(
        "histogram: expected a range that ascends, found [{}, {}]", range.first, range.second));
  }
  if (range.first == range.second) return {range.first - 0.5, range.second + 0.5};
  return range;
}

/// `bins` + 1 numbers evenly spaced; the first and last are the range's.
Tensor EvenEdges(const std::pair<double, double>& range, int64_t bins) {
  const Tensor edges = Tensor::Empty({bins + 1}, DType::kFloat64);
  double* to = edges.mutable_data_as<double>();
  const double step = (range.second - range.first) / static_cast<double>(bins);
  for (int64_t i = 0; i < bins; ++i) to[i] = range.first + static_cast<double>(i) * step;
  to[bins] = range.second;
  return edges;
}

/// The bin is guessed by a division, then held against its edges, so that an edge belongs where it
/// should.
void CountEven(const Tensor& numbers, const Tensor& edges, Bins* bins) {
  const double* edge = edges.data_as<double>();
  const int64_t count = edges.size() - 1;
  const double low = edge[0], high = edge[count];
  const double scale = static_cast<double>(count) / (high - low);
  const double* x = numbers.data_as<double>();
  for (int64_t i = 0; i < numbers.size(); ++i) {
    if (!(x[i] >= low && x[i] <= high)) continue;
    int64_t bin = std::clamp<int64_t>(static_cast<int64_t>((x[i] - low) * scale), 0, count - 1);
    if (x[i] < edge[bin]) --bin;
    if (bin + 1 < count && x[i] >= edge[bin + 1]) ++bin;
    bins->Add(bin, i);
  }
}

void CountBetween(const Tensor& numbers, const Tensor& edges, Bins* bins) {
  const int64_t count = edges.size() - 1;
  const double low = edges.data_as<double>()[0], high = edges.data_as<double>()[count];
  const Tensor places = searchsorted(edges, numbers, Side::kRight);
  const int64_t* place = places.data_as<int64_t>();
  const double* x = numbers.data_as<double>();
  for (int64_t i = 0; i < numbers.size(); ++i) {
    if (x[i] >= low && x[i] <= high) bins->Add(std::min(place[i], count) - 1, i);
  }
}

Tensor DensityOf(const Tensor& totals, const Tensor& edges) {
  const Tensor counts = astype(totals, DType::kFloat64);
  const int64_t n = edges.size();
  const Tensor widths = subtract(edges.Slice(0, 1, n), edges.Slice(0, 0, n - 1));
  return divide(divide(counts, widths), sum(counts));
}

Histogram FinishHistogram(const Bins& bins, const Tensor& edges, const HistogramOptions& options) {
  return {options.density ? DensityOf(bins.totals(), edges) : bins.totals(), edges};
}

}  // namespace

Histogram histogram(const Tensor& x, int64_t bins, const HistogramOptions& options) {
  CheckRealSample("histogram", x);
  if (bins < 1) {
    throw std::invalid_argument(
        fmt::format("histogram: expected at least one bin, found {}", bins));
  }
  const Tensor weights = SampleWeights("histogram", x, options.weights);
  const Tensor numbers = Numbers(x);
  const std::pair<double, double> range = RangeFor(numbers, options);
  Bins counted(bins, weights);  // throws for a number that no memory has room for
  // Edges have the precision of the elements, as in NumPy, and elements are held against those.
  const DType dtype = x.dtype() == DType::kFloat32 ? DType::kFloat32 : DType::kFloat64;
  const Tensor rounded = astype(EvenEdges(range, bins), dtype, /*copy=*/false);
  const Tensor edges = astype(rounded, DType::kFloat64, /*copy=*/false);
  CountEven(numbers, edges, &counted);
  Histogram result = FinishHistogram(counted, edges, options);
  result.edges = rounded;
  return result;
}

Histogram histogram(const Tensor& x, const Tensor& edges, const HistogramOptions& options) {
  CheckRealSample("histogram", x);
  CheckRealSample("histogram", edges);
  if (edges.rank() != 1 || edges.size() < 2) {
    throw ShapeError(fmt::format("histogram: expected edges of rank 1, at least two, found a {}",
                                 edges.Describe()));
  }
  const Tensor weights = SampleWeights("histogram", x, options.weights);
  const Tensor between = Numbers(edges);
  const double* edge = between.data_as<double>();
  for (int64_t i = 0; i + 1 < between.size(); ++i) {
    if (!(edge[i] <= edge[i + 1])) {
      throw std::invalid_argument(fmt::format(
          "histogram: expected edges that ascend, found {} before {}", edge[i], edge[i + 1]));
    }
  }
  Bins counted(between.size() - 1, weights);
  CountBetween(Numbers(x), between, &counted);
  return FinishHistogram(counted, between, options);
}

Tensor bincount(const Tensor& x, const Tensor* weights, int64_t minlength) {
  CheckRealSample("bincount", x);
  if (x.rank() != 1) {
    throw ShapeError(
        fmt::format("bincount: expected a tensor of rank 1, found a {}", x.Describe()));
  }
  if (tensor::IsRealFloating(x.dtype()) || x.dtype() == DType::kUInt64) {
    throw DTypeError(
        fmt::format("bincount: expected an integer dtype that fits int64, or bool, found {}",
                    DTypeName(x.dtype())));
  }
  if (minlength < 0) {
    throw std::invalid_argument(
        fmt::format("bincount: expected a minlength of 0 or more, found {}", minlength));
  }
  const Tensor row = SampleWeights("bincount", x, weights);
  const Tensor places = astype(x, DType::kInt64, /*copy=*/false).Contiguous();
  int64_t size = minlength;
  if (x.size() > 0) {
    const int64_t least = min(places).item<int64_t>();
    const int64_t largest = max(places).item<int64_t>();
    if (least < 0) {
      throw std::invalid_argument(
          fmt::format("bincount: expected elements of 0 or more, found {}", least));
    }
    if (largest == std::numeric_limits<int64_t>::max()) {
      throw ShapeError(
          fmt::format("bincount: a count for each number up to {} is too much", largest));
    }
    size = std::max(size, largest + 1);
  }
  Bins bins(size, row);
  const int64_t* place = places.data_as<int64_t>();
  for (int64_t i = 0; i < places.size(); ++i) bins.Add(place[i], i);
  return bins.totals();
}

}  // namespace emberharmony::ops
