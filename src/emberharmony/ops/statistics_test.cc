#include "emberharmony/ops/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

TEST(Statistics, ReduceTheAxesAskedFor) {
  const Tensor x = reshape(arange(24), {2, 3, 4});
  EXPECT_EQ(sum(x).item<int64_t>(), 276);
  EXPECT_THAT(ListOf<int64_t>(sum(x, {.axis = {{0, 2}}})), ElementsAre(60, 92, 124));
  EXPECT_THAT(ListOf<int64_t>(max(x, {.axis = {{1}}})), ElementsAre(8, 9, 10, 11, 20, 21, 22, 23));
  EXPECT_THAT(ListOf<int64_t>(min(x, {.axis = {{-1, 1}}})), ElementsAre(0, 12));
  EXPECT_EQ(sum(x, {.axis = {{1}}, .keepdims = true}).shape().ToString(), "(2, 1, 4)");
  EXPECT_EQ(sum(x, {.keepdims = true}).shape().ToString(), "(1, 1, 1)");
  EXPECT_THAT(ListOf<double>(mean(astype(x, DType::kFloat64), {.axis = {{0}}})),
              ElementsAre(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17));
  EXPECT_THROW(sum(x, {.axis = {{3}}}), ShapeError);
  EXPECT_THROW(sum(x, {.axis = {{0, -3}}}), ShapeError);
  EXPECT_EQ(mean(x).item<double>(), 11.5);
  EXPECT_EQ(sum(x, {.axis = 2, .keepdims = true}).shape().ToString(), "(2, 3, 1)");
  EXPECT_EQ(sum(x, {.axis = std::vector<int>{}}).shape().ToString(), "(2, 3, 4)");
}

TEST(Statistics, DTypesAndEmptyInputs) {
  EXPECT_EQ(sum(asarray<int8_t>({100, 100})).item<int64_t>(), 200);
  EXPECT_EQ(sum(asarray<uint8_t>({200, 100})).item<uint64_t>(), 300u);
  EXPECT_EQ(sum(asarray<float>({1, 2})).dtype(), DType::kFloat32);
  EXPECT_EQ(sum(asarray<float>({1, 2}), {.dtype = DType::kFloat64}).item<double>(), 3);
  EXPECT_EQ(sum(zeros({0})).item<double>(), 0);
  EXPECT_THAT(ListOf<double>(sum(zeros({2, 0}), {.axis = {{1}}})), ElementsAre(0, 0));
  EXPECT_TRUE(std::isnan(mean(zeros({0})).item<double>()));
  EXPECT_THROW(max(zeros({0})), ShapeError);
  EXPECT_EQ(max(zeros({0, 3}), {.axis = {{1}}}).size(), 0);
  EXPECT_EQ(sum(asarray<bool>({true, false, true})).item<int64_t>(), 2);
  EXPECT_THROW(sum(asarray<float>({1}), {.dtype = DType::kBool}), DTypeError);
  // One rounding: 2^24 + 1 in steps of one is beyond float32's sums.
  EXPECT_EQ(sum(ones({(1 << 24) + 4}, DType::kFloat32)).item<float>(), 16777220.0F);
}

/// The same elements with gaps between them, for which there is no short way.
Tensor WithGaps(const Tensor& x) {
  Shape wider = x.shape();
  wider.Append(2);
  const Tensor apart = zeros(wider, x.dtype());
  tensor::CopyElements(x, apart.Select(x.rank(), 0));
  return apart.Select(x.rank(), 0);
}

TEST(Statistics, SmallTensorsGiveTheBitsOfLargeOnes) {
  using Reduction = Tensor (*)(const Tensor&, const ReductionOptions&);
  const auto uniform = [](const Shape& shape) { return random::uniform(shape, -1, 1); };
  random::set_seed(3);
  for (const DType dtype : {DType::kBool, DType::kInt8, DType::kUInt32, DType::kInt64,
                            DType::kFloat32, DType::kFloat64, DType::kComplex128}) {
    for (const Shape& shape : {Shape{1}, Shape{8}, Shape{33}, Shape{512}, Shape{3, 5}, Shape{9, 40},
                               Shape{2, 3, 4}, Shape{1, 7, 1}, Shape{}}) {
      const Tensor numbers = add(multiply(uniform(shape), 100), dtype == DType::kUInt32 ? 101 : 0);
      const Tensor x = astype(numbers, dtype);
      for (const Reduction reduce :
           {Reduction(&sum), Reduction(&prod), Reduction(&mean), Reduction(&min), Reduction(&max),
            Reduction(&any), Reduction(&all), Reduction(&count_nonzero)}) {
        const bool ordered = reduce == Reduction(&min) || reduce == Reduction(&max);
        if (ordered && tensor::IsComplex(dtype)) continue;
        for (const bool keepdims : {false, true}) {
          std::vector<std::optional<Axes>> all_axes = {std::nullopt};
          if (x.rank() > 0) all_axes.insert(all_axes.end(), {Axes(-1), Axes(0)});
          if (x.rank() > 2) all_axes.push_back(Axes{1, 2});
          for (const std::optional<Axes>& axes : all_axes) {
            const Tensor found = reduce(x, {.axis = axes, .keepdims = keepdims});
            const Tensor expected = reduce(WithGaps(x), {.axis = axes, .keepdims = keepdims});
            ASSERT_EQ(found.Describe(), expected.Describe());
            EXPECT_EQ(std::memcmp(found.data(), expected.data(), found.size_bytes()), 0)
                << x.Describe() << " reduced to " << found.Describe();
          }
        }
      }
    }
  }
}

TEST(Statistics, NaNWinsInMinAndMax) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int at : {0, 1, 40, 1500, 2999}) {
    std::vector<double> values(3000, 1.0);
    values[at] = nan;
    EXPECT_TRUE(std::isnan(min(asarray(values)).item<double>()));
    EXPECT_TRUE(std::isnan(max(asarray(values)).item<double>()));
  }
}

// Against long double, with the bound of pairwise summation; the layout in memory must not matter.
TEST(Statistics, SumsAreAccurateAndIndependentOfLayout) {
  std::mt19937_64 random(21);
  for (int64_t n : {1, 7, 33, 1024, 1025, 4097, 100000}) {
    std::vector<double> values(n);
    long double exact = 0, magnitude = 0;
    for (double& value : values) {
      value = (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5) * std::exp2(random() % 20);
      exact += value;
      magnitude += std::fabs(value);
    }
    const Tensor x = asarray(values);
    const double found = sum(x).item<double>();
    EXPECT_LE(std::fabs(found - static_cast<double>(exact)), 60 * 0x1p-53 * magnitude) << n;
    Tensor spread = zeros({n, 3});
    Tensor column = spread.Slice(1, 1, 2);
    astype(reshape(x, {n, 1}), DType::kFloat64, true, {.out = &column});
    EXPECT_EQ(sum(column).item<double>(), found) << n;
    EXPECT_EQ(ListOf<double>(sum(spread, {.axis = {{0}}}))[1], found) << n;
  }
}

TEST(Statistics, ProductsAndLogic) {
  EXPECT_EQ(prod(asarray<int8_t>({100, 100, -2})).item<int64_t>(), -20000);
  EXPECT_EQ(prod(asarray<uint8_t>({200, 200}), {.dtype = DType::kUInt8}).item<uint8_t>(),
            40000 % 256);
  EXPECT_EQ(prod(zeros({0})).item<double>(), 1);
  // (1 + 2i)(3 - i) = 5 + 5i.
  using Complex = std::complex<double>;
  EXPECT_EQ(prod(asarray<Complex>({{1, 2}, {3, -1}})).item<Complex>(), Complex(5, 5));
  EXPECT_EQ(sum(asarray<Complex>({{1, 2}, {3, -1}})).item<Complex>(), Complex(4, 1));
  EXPECT_EQ(mean(asarray<Complex>({{1, 2}, {3, -1}})).item<Complex>(), Complex(2, 0.5));
  const Tensor x = asarray<double>({0, -0.0, std::nan(""), 3});
  EXPECT_EQ(count_nonzero(x).item<int64_t>(), 2);
  EXPECT_TRUE(any(x).item<bool>());
  EXPECT_FALSE(all(x).item<bool>());
  EXPECT_FALSE(any(zeros({0})).item<bool>());
  EXPECT_TRUE(all(zeros({0})).item<bool>());
  EXPECT_EQ(count_nonzero(asarray<Complex>({{0, 0}, {0, 1}, {2, 0}})).item<int64_t>(), 2);
  EXPECT_TRUE(max(asarray<bool>({false, true})).item<bool>());
  EXPECT_FALSE(min(asarray<bool>({false, true})).item<bool>());
  EXPECT_THROW(max(asarray<Complex>({{0, 0}})), DTypeError);
}

TEST(Statistics, VarianceDoesNotCancel) {
  const Tensor x = asarray<double>({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(var(x).item<double>(), 4);
  EXPECT_EQ(std_(x).item<double>(), 2);
  EXPECT_DOUBLE_EQ(var(x, {.correction = 1}).item<double>(), 32.0 / 7);
  EXPECT_EQ(var(reshape(arange(6), {2, 3}), {.axis = 0}).shape().ToString(), "(3,)");
  // Seconds since 1970 that alternate by 2: the variance is 1, which E[x^2] - E[x]^2 loses.
  std::vector<double> seconds(10000);
  for (size_t i = 0; i < seconds.size(); ++i) seconds[i] = 1.7e9 + (i % 2 == 0 ? -1 : 1);
  EXPECT_EQ(var(asarray(seconds)).item<double>(), 1);
  // A constant whose sum cannot be exact.
  EXPECT_EQ(var(full({1003}, 0.1)).item<double>(), 0);
  EXPECT_TRUE(std::isnan(var(zeros({0})).item<double>()));
  EXPECT_TRUE(std::isnan(var(ones({1}), {.correction = 1}).item<double>()));
  EXPECT_EQ(var(asarray<float>({1, 3})).dtype(), DType::kFloat32);
  using Complex = std::complex<double>;
  EXPECT_EQ(var(asarray<Complex>({{1, 2}, {3, -2}})).item<double>(), 1 + 4);
}

}  // namespace
}  // namespace emberharmony::ops
