#include "emberharmony/ops/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

template <class T>
std::vector<T> ListOf(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

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
  EXPECT_THROW(mean(x), DTypeError);
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
  EXPECT_THROW(sum(asarray<bool>({true})), DTypeError);
  // One rounding: 2^24 + 1 in steps of one is beyond float32's sums.
  EXPECT_EQ(sum(ones({(1 << 24) + 4}, DType::kFloat32)).item<float>(), 16777220.0F);
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

}  // namespace
}  // namespace emberharmony::ops
