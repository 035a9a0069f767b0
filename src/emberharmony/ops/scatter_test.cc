#include "emberharmony/ops/scatter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(Scatter, CollectsRows) {
  const Tensor src = asarray({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  const Tensor index = asarray<int32_t>({2, 0, 2});
  EXPECT_THAT(ListOf<double>(scatter_add(src, index)), ElementsAre(3, 4, 0, 0, 6, 8));
  EXPECT_THAT(ListOf<double>(scatter_max(src, index)), ElementsAre(3, 4, 0, 0, 5, 6));
  EXPECT_THAT(ListOf<double>(scatter_min(src, index, 3)), ElementsAre(3, 4, 0, 0, 1, 2));
  EXPECT_THAT(ListOf<double>(scatter_mean(src, index)), ElementsAre(3, 4, 0, 0, 3, 4));
  EXPECT_THAT(ListOf<double>(scatter(src, index, std::nullopt, "mul")),
              ElementsAre(3, 4, 1, 1, 5, 12));
  EXPECT_THAT(ListOf<double>(scatter(src, index, 3, "set")), ElementsAre(3, 4, 0, 0, 5, 6));
  EXPECT_EQ(scatter_add(src, index, 5).shape(), (Shape{5, 2}));
  EXPECT_THAT(ListOf<double>(scatter_add(src, asarray<int64_t>({-1, 0, 0}), 2)),
              ElementsAre(8, 10, 1, 2));
}

TEST(Scatter, AlongTheLastAxisAndPerElement) {
  const Tensor src = arange(1, 7).Reshape({2, 3});
  EXPECT_THAT(ListOf<int64_t>(scatter_add(src, asarray<int64_t>({1, 0, 1}), 2, 1)),
              ElementsAre(2, 4, 5, 10));
  const Tensor places = asarray<int64_t>({{0, 1, 0}, {1, 1, 0}});
  EXPECT_THAT(ListOf<int64_t>(scatter_add(src, places, 2, 0)), ElementsAre(1, 0, 9, 4, 7, 0));
  EXPECT_THAT(ListOf<int64_t>(scatter_add(src, places, 2, 1)), ElementsAre(4, 2, 6, 9));
  EXPECT_THAT(ListOf<int64_t>(scatter_add(transpose(src), transpose(places), 2, 0)),
              ElementsAre(4, 6, 2, 9));
}

TEST(Scatter, SpecialValuesAndDTypes) {
  const Tensor index = asarray<int64_t>({0, 0, 1});
  EXPECT_TRUE(std::isnan(scatter_max(asarray({kNaN, 1.0, 2.0}), index).values<double>()[0]));
  EXPECT_TRUE(std::isnan(scatter_min(asarray({1.0, kNaN, 2.0}), index).values<double>()[0]));
  EXPECT_THAT(ListOf<double>(scatter_max(asarray({-3.0, -kInf, -1.0}), index, 3)),
              ElementsAre(-3, -1, 0));
  EXPECT_THAT(ListOf<int8_t>(scatter_add(asarray<int8_t>({100, 100, 1}), index)),
              ElementsAre(-56, 1));
  EXPECT_THAT(ListOf<double>(scatter_mean(asarray<int8_t>({100, 101, 1}), index)),
              ElementsAre(100.5, 1));
  EXPECT_EQ(scatter_mean(ones({3}, DType::kFloat32), index).dtype(), DType::kFloat32);
  EXPECT_THAT(ListOf<bool>(scatter_max(asarray({true, false, false}), index)),
              ElementsAre(true, false));
  EXPECT_THROW(scatter_add(asarray({true, false, false}), index), DTypeError);
  EXPECT_THROW(scatter_max(ones({3}, DType::kComplex64), index), DTypeError);
}

TEST(Scatter, SoftmaxWithinPlaces) {
  const Tensor src = asarray({0.0, std::log(3.0), 1000.0, 1000.0});
  const Tensor shares = scatter_softmax(src, asarray<int64_t>({0, 0, 1, 1}));
  EXPECT_THAT(ListOf<double>(shares), ElementsAre(DoubleEq(0.25), DoubleEq(0.75), 0.5, 0.5));
}

TEST(Scatter, RefusesWhatDoesNotFit) {
  const Tensor src = zeros({3, 2});
  EXPECT_THROW(scatter_add(src, asarray<int64_t>({0, 1})), ShapeError);
  EXPECT_THROW(scatter_add(src, asarray<int64_t>({0, 1, 3}), 3), IndexError);
  EXPECT_THROW(scatter_add(src, asarray<int64_t>({0, 1, -1})), IndexError);
  EXPECT_THROW(scatter_add(src, asarray({0.0, 1.0, 2.0})), DTypeError);
  EXPECT_THROW(scatter_add(src, asarray<int64_t>({0, 1, 2}), 3, 2), ShapeError);
  EXPECT_THROW(scatter_add(src, asarray<int64_t>({0, 1, 2}), -1), ShapeError);
  EXPECT_THROW(scatter(src, asarray<int64_t>({0, 1, 2}), 3, "median"), std::invalid_argument);
  EXPECT_EQ(scatter_add(zeros({0, 2}), zeros({0}, DType::kInt64)).shape(), (Shape{0, 2}));
}

TEST(ScatterNd, SumsAndReplaces) {
  const Tensor indices = asarray<int64_t>({{1, 0}, {0, 1}, {1, 0}});
  EXPECT_THAT(ListOf<int64_t>(scatter_nd(indices, asarray<int64_t>({5, 6, 7}), {2, 2})),
              ElementsAre(0, 6, 12, 0));
  const Tensor rows = asarray<int64_t>({{2}, {0}});
  const Tensor updates = asarray<int64_t>({{1, 2}, {3, 4}});
  EXPECT_THAT(ListOf<int64_t>(scatter_nd(rows, updates, {3, 2})), ElementsAre(3, 4, 0, 0, 1, 2));
  const Tensor x = zeros({2, 2}, DType::kInt64);
  EXPECT_THAT(ListOf<int64_t>(tensor_scatter_nd_update(x, indices, asarray<int64_t>({5, 6, 7}))),
              ElementsAre(0, 6, 7, 0));
  EXPECT_EQ(x.values<int64_t>()[1], 0);
  EXPECT_THROW(scatter_nd(indices, asarray<int64_t>({5, 6}), {2, 2}), ShapeError);
  EXPECT_THROW(scatter_nd(indices, asarray<int64_t>({5, 6, 7}), {2}), ShapeError);
  EXPECT_THROW(scatter_nd(indices, asarray<int64_t>({5, 6, 7}), {1, 2}), IndexError);
  EXPECT_THROW(scatter_nd(rows, updates, {3, -2}), ShapeError);
}

}  // namespace
}  // namespace emberharmony::ops
