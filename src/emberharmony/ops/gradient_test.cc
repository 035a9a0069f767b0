#include "emberharmony/ops/gradient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

TEST(Gradient, OfEvenPoints) {
  const Tensor f = asarray({1.0, 2.0, 4.0, 7.0, 11.0});
  EXPECT_THAT(ListOf(gradient(f)[0]), ElementsAre(1, 1.5, 2.5, 3.5, 4));
  const Tensor two[] = {asarray(2.0)};
  EXPECT_THAT(ListOf(gradient(f, two)[0]), ElementsAre(0.5, 0.75, 1.25, 1.75, 2));
  const std::vector<Tensor> both = gradient(asarray<int64_t>({{1, 2, 6}, {3, 4, 5}}));
  EXPECT_THAT(ListOf(both[0]), ElementsAre(2, 2, -1, 2, 2, -1));
  EXPECT_THAT(ListOf(both[1]), ElementsAre(1, 2.5, 4, 1, 1, 1));
}

// Second-order formulas differentiate parabolas exactly, at the edges only with edge_order 2.
TEST(Gradient, OfParabolasIsExact) {
  const Tensor x = asarray({0.0, 1.0, 1.5, 3.5, 4.0, 6.0});
  const Tensor f = 3.0 * x * x - 2.0 * x + 1.0;
  const std::vector<double> exact = ListOf(6.0 * x - 2.0);
  const Tensor points[] = {x};
  EXPECT_THAT(ListOf(gradient(f, points, {.edge_order = 2})[0]),
              Pointwise(DoubleNear(1e-12), exact));
  const Tensor even = arange(6.0);
  EXPECT_THAT(ListOf(gradient(even * even, {}, {.edge_order = 2})[0]),
              Pointwise(DoubleNear(1e-12), ListOf(2.0 * even)));
  const Tensor rows = stack(std::vector<Tensor>{f, 2.0 * f}, 1);
  const Tensor along = gradient(rows, points, {.axes = std::vector<int>{0}, .edge_order = 2})[0];
  EXPECT_NEAR(along.values<double>()[5], 2 * exact[2], 1e-12);
}

TEST(Gradient, RefusesWhatDoesNotFit) {
  const Tensor f = arange(4.0);
  const Tensor three[] = {arange(3.0)};
  EXPECT_THROW(gradient(f, three), ShapeError);
  EXPECT_THROW(gradient(arange(1.0)), ShapeError);
  EXPECT_THROW(gradient(arange(2.0), {}, {.edge_order = 2}), ShapeError);
  EXPECT_THROW(gradient(f, {}, {.edge_order = 3}), std::invalid_argument);
  EXPECT_THROW(gradient(f, {}, {.axes = std::vector<int>{1}}), ShapeError);
  EXPECT_TRUE(gradient(asarray(1.0)).empty());
}

}  // namespace
}  // namespace emberharmony::ops
