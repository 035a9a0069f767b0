// Quantiles, NaN-skipping reductions, histograms, covariances and the like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "emberharmony/backend/threads.h"
#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

Tensor Q(double q) { return full({}, q); }

TEST(Quantile, TheDefinitionsOfHyndmanAndFan) {
  // Of 1, 2, 3, 4 and q = 0.4, by hand: n q = 1.6, (n - 1) q = 1.2, (n + 1) q = 2.
  const Tensor x = asarray<double>({4, 1, 3, 2});
  const std::pair<const char*, double> expected[] = {{"inverted_cdf", 2},
                                                     {"averaged_inverted_cdf", 2},
                                                     {"closest_observation", 2},
                                                     {"hazen", 2.1},
                                                     {"weibull", 2.0},
                                                     {"linear", 2.2},
                                                     {"lower", 2},
                                                     {"higher", 3},
                                                     {"midpoint", 2.5},
                                                     {"nearest", 2},
                                                     {"interpolated_inverted_cdf", 1.6},
                                                     {"median_unbiased", 1.0 / 3 + 0.4 / 3 + 1.6},
                                                     {"normal_unbiased", 3.0 / 8 + 0.1 + 1.6}};
  for (const auto& [name, value] : expected) {
    EXPECT_DOUBLE_EQ(quantile(x, Q(0.4), {.method = ParseQuantileMethod(name)}).item<double>(),
                     value)
        << name;
  }
  // Where n q is whole the discontinuous ones differ: 2, the mean of 2 and 3, the even one.
  EXPECT_EQ(quantile(x, Q(0.5), {.method = QuantileMethod::kInvertedCdf}).item<double>(), 2);
  EXPECT_EQ(quantile(x, Q(0.5), {.method = QuantileMethod::kAveragedInvertedCdf}).item<double>(),
            2.5);
  EXPECT_EQ(quantile(x, Q(0.5), {.method = QuantileMethod::kClosestObservation}).item<double>(), 2);
  EXPECT_THROW(ParseQuantileMethod("cubic"), std::invalid_argument);
}

TEST(Quantile, ShapesAndErrors) {
  const Tensor x = reshape(arange(24), {2, 3, 4});
  EXPECT_EQ(quantile(x, asarray<double>({0, 0.5, 1}), {.axis = 1}).shape().ToString(), "(3, 2, 4)");
  EXPECT_EQ(percentile(x, Q(50), {.axis = {{0, 2}}, .keepdims = true}).shape().ToString(),
            "(1, 3, 1)");
  EXPECT_THAT(ListOf<double>(median(x, {{0, 2}})), ElementsAre(7.5, 11.5, 15.5));
  EXPECT_EQ(median(asarray<float>({1, 2, 4})).dtype(), DType::kFloat32);
  EXPECT_TRUE(std::isnan(median(zeros({0})).item<double>()));
  EXPECT_TRUE(std::isnan(median(asarray<double>({1, kNaN, 2})).item<double>()));
  EXPECT_EQ(nanmedian(asarray<double>({1, kNaN, 2})).item<double>(), 1.5);
  EXPECT_TRUE(std::isnan(nanmedian(asarray<double>({kNaN})).item<double>()));
  EXPECT_EQ(median(full({2}, std::numeric_limits<double>::max())).item<double>(),
            std::numeric_limits<double>::max());
  EXPECT_THROW(quantile(x, Q(1.5)), std::invalid_argument);
  EXPECT_THROW(quantile(x, Q(kNaN)), std::invalid_argument);
  EXPECT_THROW(quantile(x, Q(0.5), {.axis = 3}), ShapeError);
  EXPECT_THROW(median(zeros({2}, DType::kComplex64)), DTypeError);
}

// Long rows are selected from in buckets: against sorting, for spread, equal and close numbers,
// with infinities and NaN, for several numbers of threads.
TEST(Quantile, SelectionAgreesWithSorting) {
  const int before = backend::NumThreads();
  std::mt19937_64 random(77);
  const std::vector<double> quantiles = {0, 0.001, 0.25, 0.5, 0.9, 0.999, 1};
  for (int kind = 0; kind < 5; ++kind) {
    std::vector<double> x(700001);
    for (double& value : x) {
      const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
      if (kind == 0) value = uniform - 0.5;
      if (kind == 1) value = std::floor(uniform * 3);
      if (kind == 2) value = 1e9 + std::floor(uniform * 1e6);
      if (kind == 3) value = std::exp(40 * uniform) * (random() % 2 ? 1 : -1);
      if (kind == 4) value = uniform < 0.1 ? INFINITY : uniform < 0.2 ? -INFINITY : -0.0;
    }
    std::vector<double> sorted = x;
    std::sort(sorted.begin(), sorted.end());
    for (int threads : {1, 3}) {
      backend::SetNumThreads(threads);
      const Tensor found =
          quantile(asarray(x), asarray(quantiles), {.method = QuantileMethod::kLower});
      for (size_t i = 0; i < quantiles.size(); ++i) {
        const auto rank = static_cast<size_t>(std::floor(quantiles[i] * (x.size() - 1)));
        EXPECT_EQ(found.data_as<double>()[i], sorted[rank]) << kind << " " << quantiles[i];
      }
    }
    x[5] = kNaN;
    EXPECT_TRUE(std::isnan(quantile(asarray(x), Q(0)).item<double>()));
    EXPECT_EQ(nanquantile(asarray(x), Q(1)).item<double>(), sorted.back());
    std::vector<float> narrow(x.begin(), x.end());
    std::vector<float> narrow_sorted(sorted.begin(), sorted.end());
    narrow[5] = narrow[6];
    std::sort(narrow.begin(), narrow.end());
    EXPECT_EQ(quantile(asarray(narrow), Q(0.5), {.method = QuantileMethod::kLower}).item<float>(),
              narrow[350000]);
  }
  backend::SetNumThreads(before);
}

/// Rows that are sorted many at a time, one by one, and split around brackets of a sample, against
/// the standard library; the signs of zeros too.
TEST(Quantile, RowsOfAnyLength) {
  std::mt19937_64 random(78);
  const std::vector<double> quantiles = {0, 0.001, 0.02, 0.25, 0.5, 0.75, 0.999, 1};
  for (int64_t n : {1, 2, 10, 100, 511, 512, 513, 1000, 3000, 20000}) {
    const int64_t rows = n < 600 ? 37 : 5;
    for (int kind = 0; kind < 5; ++kind) {
      std::vector<double> x(rows * n);
      for (double& value : x) {
        const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
        if (kind == 0) value = uniform - 0.5;
        if (kind == 1) value = std::floor(uniform * 3);
        if (kind == 2) value = std::exp(400 * (uniform - 0.5));
        if (kind == 3) value = uniform < 0.2 ? -1 : uniform < 0.4 ? -0.0 : 0.0;
        if (kind == 4) value = uniform < 0.999 ? 7 : uniform < 0.9995 ? INFINITY : -INFINITY;
      }
      const Tensor found = quantile(reshape(asarray(x), {rows, n}), asarray(quantiles),
                                    {.axis = 1, .method = QuantileMethod::kLower});
      for (int64_t row = 0; row < rows; ++row) {
        std::vector<double> sorted(x.begin() + row * n, x.begin() + (row + 1) * n);
        std::sort(sorted.begin(), sorted.end(), [](double a, double b) {
          return a < b || (a == b && std::signbit(a) && !std::signbit(b));
        });
        for (size_t i = 0; i < quantiles.size(); ++i) {
          const double expected =
              sorted[static_cast<size_t>(std::floor(quantiles[i] * static_cast<double>(n - 1)))];
          const double value = found.data_as<double>()[static_cast<int64_t>(i) * rows + row];
          ASSERT_EQ(value, expected) << n << " " << kind << " " << quantiles[i];
          ASSERT_EQ(std::signbit(value), std::signbit(expected)) << n << " " << kind;
        }
      }
    }
  }
}

TEST(NanReductions, SkipNaN) {
  const Tensor x = reshape(asarray<double>({1, kNaN, 3, kNaN, kNaN, kNaN}), {2, 3});
  EXPECT_THAT(ListOf<double>(nansum(x, {.axis = 1})), ElementsAre(4, 0));
  EXPECT_THAT(ListOf<double>(nanprod(x, {.axis = 1})), ElementsAre(3, 1));
  EXPECT_EQ(nanmean(x).item<double>(), 2);
  EXPECT_EQ(nanmin(x).item<double>(), 1);
  EXPECT_EQ(nanmax(x, {.keepdims = true}).shape().ToString(), "(1, 1)");
  EXPECT_EQ(nanvar(x).item<double>(), 1);
  EXPECT_EQ(nanstd(x, {.correction = 1}).item<double>(), std::sqrt(2.0));
  EXPECT_TRUE(std::isnan(nanmax(x, {.axis = 1}).data_as<double>()[1]));
  EXPECT_TRUE(std::isnan(nanmean(x, {.axis = 1}).data_as<double>()[1]));
  EXPECT_TRUE(std::isnan(nanvar(x, {.axis = 1, .correction = 2}).data_as<double>()[0]));
  EXPECT_EQ(nansum(asarray<int32_t>({1, 2})).item<int64_t>(), 3);
}

TEST(Histogram, BinsHoldTheirLowerEdge) {
  const Histogram found =
      histogram(asarray<double>({0, 1, 1, 2.5, 4, kNaN}), 4, {.range = {{0, 4}}});
  EXPECT_THAT(ListOf<int64_t>(found.counts), ElementsAre(1, 2, 1, 1));
  EXPECT_THAT(ListOf<double>(found.edges), ElementsAre(0, 1, 2, 3, 4));
  const Tensor edges = asarray<double>({0, 1, 5});
  const Tensor x = asarray<int64_t>({-1, 0, 1, 5, 6});
  EXPECT_THAT(ListOf<int64_t>(histogram(x, edges).counts), ElementsAre(1, 2));
  const Tensor weights = asarray<double>({8, 0.5, 1, 2, 8});
  EXPECT_THAT(ListOf<double>(histogram(x, edges, {.weights = &weights}).counts),
              ElementsAre(0.5, 3));
  EXPECT_THAT(ListOf<double>(histogram(x, edges, {.density = true}).counts),
              ElementsAre(DoubleEq(1.0 / 3), DoubleEq(2.0 / 12)));
  EXPECT_THAT(ListOf<double>(histogram(full({3}, 2.0), 1).edges), ElementsAre(1.5, 2.5));
  EXPECT_EQ(histogram(zeros({0}), 3).counts.size(), 3);
  EXPECT_THROW(histogram(x, int64_t{0}), std::invalid_argument);
  EXPECT_THROW(histogram(asarray<double>({1, INFINITY}), 3), std::invalid_argument);
  EXPECT_THROW(histogram(x, asarray<double>({2, 1})), std::invalid_argument);
  EXPECT_THROW(histogram(x, edges, {.weights = &edges}), ShapeError);
}

// An edge that is not exact must not lose or move the elements that equal it.
TEST(Histogram, EdgesThatAreNotExact) {
  for (int64_t bins : {3, 7, 10, 49}) {
    const Histogram even = histogram(linspace(0.1, 0.7, 1000), bins);
    EXPECT_EQ(sum(even.counts).item<int64_t>(), 1000);
    const Histogram at_edges = histogram(even.edges, even.edges);
    for (int64_t i = 0; i + 1 < bins; ++i) EXPECT_EQ(at_edges.counts.data_as<int64_t>()[i], 1) << i;
    EXPECT_TRUE(
        all(equal(histogram(even.edges, bins, {.range = {{0.1, 0.7}}}).counts, at_edges.counts))
            .item<bool>());
  }
}

TEST(BinCount, CountsIntegers) {
  EXPECT_THAT(ListOf<int64_t>(bincount(asarray<int32_t>({3, 0, 3}))), ElementsAre(1, 0, 0, 2));
  EXPECT_THAT(ListOf<int64_t>(bincount(zeros({0}, DType::kInt64), nullptr, 2)), ElementsAre(0, 0));
  const Tensor weights = asarray<float>({0.5F, 2, 1});
  EXPECT_THAT(ListOf<double>(bincount(asarray<int32_t>({1, 0, 1}), &weights)), ElementsAre(2, 1.5));
  EXPECT_THROW(bincount(asarray<int32_t>({-1})), std::invalid_argument);
  EXPECT_THROW(bincount(asarray<double>({1})), DTypeError);
  EXPECT_THROW(bincount(asarray<int64_t>({std::numeric_limits<int64_t>::max()})), ShapeError);
}

TEST(Derived, AveragesSpreadsAndCovariances) {
  const Tensor x = reshape(asarray<double>({1, 2, 3, 5}), {2, 2});
  const Tensor weights = asarray<double>({1, 3});
  EXPECT_THAT(ListOf<double>(average(x, Axes(0), &weights)), ElementsAre(2.5, 4.25));
  EXPECT_EQ(average(x).item<double>(), 2.75);
  const Tensor none = zeros({2});
  EXPECT_THROW(average(x, Axes(0), &none), std::invalid_argument);
  EXPECT_THROW(average(x, std::nullopt, &weights), ShapeError);
  EXPECT_THAT(ListOf<double>(ptp(x, Axes(1))), ElementsAre(1, 2));
  // Two variables, three observations: by hand.
  const Tensor y = reshape(asarray<double>({1, 2, 3, 2, 4, 9}), {2, 3});
  EXPECT_THAT(ListOf<double>(cov(y)), ElementsAre(1, 3.5, 3.5, 13));
  EXPECT_THAT(ListOf<double>(corrcoef(y)), ElementsAre(1, DoubleNear(3.5 / std::sqrt(13), 1e-15),
                                                       DoubleNear(3.5 / std::sqrt(13), 1e-15), 1));
  EXPECT_EQ(cov(asarray<double>({1, 3})).item<double>(), 2);
  EXPECT_THROW(cov(zeros({2, 2, 2})), ShapeError);
  EXPECT_DOUBLE_EQ(logsumexp(asarray<double>({1000, 1000})).item<double>(), 1000 + std::log(2.0));
  EXPECT_EQ(logsumexp(asarray<double>({-INFINITY, -INFINITY})).item<double>(), -INFINITY);
  EXPECT_EQ(logsumexp(zeros({2, 0}), Axes(1)).data_as<double>()[0], -INFINITY);
  EXPECT_DOUBLE_EQ(gaussian(asarray<int64_t>({3}), 1, 2).item<double>(),
                   std::exp(-0.5) / (2 * std::sqrt(2 * 3.14159265358979323846)));
}

TEST(Cumulative, SumsProductsAndDifferences) {
  EXPECT_THAT(ListOf<int64_t>(cumulative_sum(asarray<int8_t>({100, 100, -1}))),
              ElementsAre(100, 200, 199));
  EXPECT_THAT(ListOf<int64_t>(cumulative_prod(asarray<int8_t>({2, 3}), {.include_initial = true})),
              ElementsAre(1, 2, 6));
  EXPECT_THAT(ListOf<int64_t>(cumulative_sum(asarray<bool>({true, true}))), ElementsAre(1, 2));
  const Tensor x = reshape(arange(6), {2, 3});
  EXPECT_THAT(ListOf<int64_t>(cumulative_sum(x, {.axis = 0})), ElementsAre(0, 1, 2, 3, 5, 7));
  EXPECT_THAT(ListOf<int64_t>(cumulative_sum(x, {.axis = 0, .include_initial = true})),
              ElementsAre(0, 0, 0, 0, 1, 2, 3, 5, 7));
  EXPECT_THROW(cumulative_sum(x), ShapeError);
  using Complex = std::complex<float>;
  EXPECT_THAT(ListOf<Complex>(cumulative_prod(asarray<Complex>({{0, 1}, {0, 1}}))),
              ElementsAre(Complex(0, 1), Complex(-1, 0)));
  // Kept in double precision: 2^24 and then ones, of which float32 would lose each.
  const Tensor ones_after = asarray<float>({16777216, 1, 1});
  EXPECT_THAT(ListOf<float>(cumulative_sum(ones_after)), ElementsAre(16777216, 16777216, 16777218));
  EXPECT_THAT(ListOf<int64_t>(diff(x, {.axis = 0})), ElementsAre(3, 3, 3));
  EXPECT_THAT(ListOf<int64_t>(diff(asarray<int64_t>({1, 4, 9, 16}), {.n = 2})), ElementsAre(2, 2));
  const Tensor first = asarray<int64_t>({0});
  EXPECT_THAT(ListOf<int64_t>(diff(asarray<int64_t>({1, 4}), {.prepend = &first})),
              ElementsAre(1, 3));
  EXPECT_EQ(diff(first, {.n = 5}).size(), 0);
  // No step for each of a trillion differences of nothing.
  const Tensor no_elements = zeros({0, int64_t{1} << 62}, DType::kBool);
  EXPECT_EQ(diff(no_elements, {.n = int64_t{1} << 40}).shape(),
            (Shape{0, (int64_t{1} << 62) - (int64_t{1} << 40)}));
  EXPECT_EQ(diff(zeros({0, 3}), {.n = 5}).shape(), (Shape{0, 0}));
  EXPECT_THAT(ListOf<bool>(diff(asarray<bool>({true, false, false}))), ElementsAre(true, false));
}

// Rows four at a time, columns and single rows add in the same order.
TEST(Cumulative, DoesNotDependOnLayoutOrThreads) {
  const int before = backend::NumThreads();
  std::mt19937_64 random(2);
  const Tensor x = Tensor::Empty({7, 5000}, DType::kFloat64);
  for (int64_t i = 0; i < x.size(); ++i) {
    x.mutable_data_as<double>()[i] =
        std::ldexp(static_cast<double>(random() >> 11), -static_cast<int>(random() % 60));
  }
  const int order[] = {1, 0};
  for (int threads : {1, 3}) {
    backend::SetNumThreads(threads);
    const Tensor rows = cumulative_sum(x, {.axis = 1});
    const Tensor columns = cumulative_sum(permute_dims(x, order).Copy(), {.axis = 0});
    EXPECT_TRUE(all(equal(permute_dims(columns, order), rows)).item<bool>());
    for (int64_t row = 0; row < 7; ++row) {
      double total = 0;
      for (int64_t i = 0; i < 5000; ++i) {
        total += x.data_as<double>()[row * 5000 + i];
        ASSERT_EQ(rows.data_as<double>()[row * 5000 + i], total);
      }
    }
  }
  backend::SetNumThreads(before);
}

}  // namespace
}  // namespace emberharmony::ops
