#include "emberharmony/ops/searching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

TEST(ArgMax, FindsTheFirst) {
  EXPECT_EQ(argmax(asarray<int64_t>({3, 9, 2, 9})).item<int64_t>(), 1);
  EXPECT_EQ(argmin(asarray<double>({3, -1, kNaN, -2, kNaN})).item<int64_t>(), 2);
  EXPECT_EQ(argmax(asarray<bool>({false, true, true})).item<int64_t>(), 1);
  const Tensor x = reshape(asarray<float>({1, 5, 2, 7, 0, 7}), {2, 3});
  EXPECT_THAT(ListOf<int64_t>(argmax(x, {.axis = 0})), ElementsAre(1, 0, 1));
  EXPECT_THAT(ListOf<int64_t>(argmin(x, {.axis = -1})), ElementsAre(0, 1));
  EXPECT_EQ(argmax(x).item<int64_t>(), 3);
  EXPECT_EQ(argmax(x, {.keepdims = true}).shape().ToString(), "(1, 1)");
  EXPECT_EQ(argmax(x, {.axis = 0, .keepdims = true}).shape().ToString(), "(1, 3)");
  EXPECT_EQ(argmax(full({}, 3.0)).item<int64_t>(), 0);
  EXPECT_THROW(argmax(zeros({0})), ShapeError);
  EXPECT_EQ(argmax(zeros({0, 3}), {.axis = 1}).size(), 0);
  EXPECT_THROW(argmax(zeros({2}, DType::kComplex128)), DTypeError);
}

// Against a plain loop, at lengths around the blocks of the search.
TEST(ArgMax, LongRowsAndColumns) {
  std::mt19937_64 random(3);
  for (int64_t n : {65, 1023, 1024, 1025, 2048, 5000, 70000}) {
    std::vector<double> values(3 * n);
    for (double& value : values) value = static_cast<double>(random() % 50);
    if (n == 5000) values[4321] = kNaN;
    const Tensor rows = reshape(asarray(values), {3, n});
    const Tensor found = argmax(rows, {.axis = 1});
    const int order[] = {1, 0};
    const Tensor columns = permute_dims(rows, order).Copy();
    EXPECT_EQ(ListOf<int64_t>(argmax(columns, {.axis = 0})), ListOf<int64_t>(found)) << n;
    for (int row = 0; row < 3; ++row) {
      int64_t best = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double value = values[row * n + i], at_best = values[row * n + best];
        if (value > at_best || (std::isnan(value) && !std::isnan(at_best))) best = i;
      }
      EXPECT_EQ(found.data_as<int64_t>()[row], best) << n;
    }
  }
}

/// Many rows at a time, of every dtype: the first of equal ones, the first NaN.
TEST(ArgMax, ManyRows) {
  std::mt19937_64 random(4);
  for (DType dtype : {DType::kInt8, DType::kUInt16, DType::kInt32, DType::kUInt64, DType::kFloat32,
                      DType::kFloat64}) {
    for (int64_t n : {1, 2, 9, 31, 32, 33, 48, 49, 63, 64, 100, 1024}) {
      const int64_t rows = n < 100 ? 301 : 17;
      std::vector<double> values(rows * n);
      for (double& value : values) value = static_cast<double>(random() % 40);
      if (tensor::IsRealFloating(dtype)) {
        for (int64_t k = 0; k < rows; k += 3) values[k * n + random() % n] = kNaN;
        for (int64_t k = 1; k < rows; k += 3) values[k * n + random() % n] = -INFINITY;
      }
      const Tensor x = astype(reshape(asarray(values), {rows, n}), dtype);
      const std::vector<int64_t> largest = ListOf<int64_t>(argmax(x, {.axis = 1}));
      const std::vector<int64_t> smallest = ListOf<int64_t>(argmin(x, {.axis = 1}));
      for (int64_t row = 0; row < rows; ++row) {
        const double* at = values.data() + row * n;
        int64_t most = 0, least = 0;
        for (int64_t i = 0; i < n; ++i) {
          if (at[i] > at[most] || (std::isnan(at[i]) && !std::isnan(at[most]))) most = i;
          if (at[i] < at[least] || (std::isnan(at[i]) && !std::isnan(at[least]))) least = i;
        }
        ASSERT_EQ(largest[row], most) << DTypeName(dtype) << " n " << n << " row " << row;
        ASSERT_EQ(smallest[row], least) << DTypeName(dtype) << " n " << n << " row " << row;
      }
    }
  }
}

TEST(Nonzero, GivesIndicesPerDimension) {
  const Tensor x = reshape(asarray<double>({0, 1, -0.0, kNaN, 2, 0}), {2, 3});
  const std::vector<Tensor> found = nonzero(x);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(ListOf<int64_t>(found[0]), ElementsAre(0, 1, 1));
  EXPECT_THAT(ListOf<int64_t>(found[1]), ElementsAre(1, 0, 1));
  EXPECT_THROW(nonzero(full({}, 1.0)), ShapeError);
  EXPECT_EQ(nonzero(zeros({0, 3}))[1].size(), 0);
  std::mt19937_64 random(4);
  const Tensor flags = Tensor::Empty({1003}, DType::kBool);
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < flags.size(); ++i) {
    flags.mutable_data_as<bool>()[i] = random() % 20 == 0 || i == 1002;
    if (flags.data_as<bool>()[i]) expected.push_back(i);
  }
  EXPECT_EQ(ListOf<int64_t>(nonzero(flags)[0]), expected);
}

TEST(SearchSorted, BothSidesWithNaNLast) {
  const Tensor x = asarray<double>({-1, 0, 0, 3, kNaN, kNaN});
  const Tensor wanted = asarray<double>({-2, -0.0, 2, 3, INFINITY, kNaN});
  EXPECT_THAT(ListOf<int64_t>(searchsorted(x, wanted)), ElementsAre(0, 1, 3, 3, 4, 4));
  EXPECT_THAT(ListOf<int64_t>(searchsorted(x, wanted, Side::kRight)),
              ElementsAre(0, 3, 3, 4, 4, 6));
  const Tensor shuffled = asarray<int32_t>({30, 10, 20});
  const Tensor sorter = argsort(shuffled);
  EXPECT_EQ(searchsorted(shuffled, full({}, 15.0), Side::kLeft, &sorter).item<int64_t>(), 1);
  EXPECT_EQ(searchsorted(zeros({0}), full({2, 2}, 1.0)).shape().ToString(), "(2, 2)");
  EXPECT_THROW(searchsorted(zeros({2, 2}), x), ShapeError);
  const Tensor beyond = asarray<int64_t>({0, 1, 3});
  EXPECT_THROW(searchsorted(shuffled, x, Side::kLeft, &beyond), ShapeError);
}

TEST(SearchSorted, AgreesWithTheStandardLibrary) {
  std::mt19937_64 random(8);
  for (int64_t n : {1, 2, 3, 7, 8, 100, 1000}) {
    std::vector<int64_t> sorted(n), wanted(501);
    for (auto& value : sorted) value = static_cast<int64_t>(random() % 200);
    for (auto& value : wanted) value = static_cast<int64_t>(random() % 202) - 1;
    std::sort(sorted.begin(), sorted.end());
    const Tensor left = searchsorted(asarray(sorted), asarray(wanted));
    const Tensor right = searchsorted(asarray(sorted), asarray(wanted), Side::kRight);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), wanted[i]);
      EXPECT_EQ(left.data_as<int64_t>()[i], low - sorted.begin());
      EXPECT_EQ(right.data_as<int64_t>()[i], high - sorted.begin());
    }
  }
}

}  // namespace
}  // namespace emberharmony::ops
