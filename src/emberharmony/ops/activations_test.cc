#include "emberharmony/ops/activations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double At(const Tensor& x) { return x.item<double>(); }
Tensor Number(double x) { return Tensor::Scalar(x); }

TEST(Activations, SigmoidIsAccurateOnBothSides) {
  for (double x : {-740.0, -700.0, -37.0, -1.0, -1e-9, 0.0, 0.5, 3.0, 36.0, 800.0}) {
    const long double exact = 1 / (1 + std::exp(-static_cast<long double>(x)));
    EXPECT_NEAR(At(sigmoid(Number(x))) / static_cast<double>(exact), 1, x < -708 ? 1e-3 : 1e-15)
        << x;
  }
  EXPECT_EQ(At(sigmoid(Number(-kInf))), 0);
  EXPECT_EQ(At(sigmoid(Number(kInf))), 1);
  EXPECT_TRUE(std::isnan(At(sigmoid(Number(kNan)))));
  EXPECT_EQ(sigmoid(asarray<float>({0, 1})).dtype(), DType::kFloat32);
  EXPECT_EQ(At(sigmoid(Tensor::Scalar<int64_t>(0))), 0.5);
}

TEST(Activations, SoftmaxOfTheUsualExample) {
  const double expected[] = {0.09003057317038046, 0.24472847105479767, 0.6652409557748219};
  for (double shift : {0.0, 1000.0, -1e6}) {
    const auto found = ListOf<double>(softmax(add(asarray<double>({1, 2, 3}), shift)));
    const auto logs = ListOf<double>(log_softmax(add(asarray<double>({1, 2, 3}), shift)));
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(found[i], expected[i], 3e-16);
      EXPECT_NEAR(logs[i], std::log(expected[i]), 1e-15);
    }
  }
  const Tensor columns = softmax(reshape(asarray<double>({1, 5, 2, 5, 3, 5}), {3, 2}), 0);
  EXPECT_NEAR(ListOf<double>(columns)[4], expected[2], 3e-16);
  EXPECT_NEAR(ListOf<double>(columns)[5], 1.0 / 3, 1e-16);
  EXPECT_THAT(ListOf<double>(log_softmax(asarray<double>({0, -1000}))), ElementsAre(0, -1000));
  EXPECT_THAT(ListOf<double>(softmax(asarray<double>({0, -kInf}))), ElementsAre(1, 0));
  EXPECT_EQ(softmax(zeros({2, 0})).shape().ToString(), "(2, 0)");
  EXPECT_THROW(softmax(zeros({2}), 1), ShapeError);
  EXPECT_THROW(softmax(Number(1)), ShapeError);
}

TEST(Activations, SoftplusNeitherOverflowsNorCancels) {
  EXPECT_DOUBLE_EQ(At(softplus(Number(0))), std::log(2.0));
  EXPECT_EQ(At(softplus(Number(1000))), 1000);
  EXPECT_DOUBLE_EQ(At(softplus(Number(-50))), std::exp(-50.0));
  EXPECT_DOUBLE_EQ(At(softplus(Number(3))), std::log1p(std::exp(3.0)));
  EXPECT_EQ(At(softplus(Number(-kInf))), 0);
}

// Values of the defining formulas to 17 digits.
TEST(Activations, KnownValues) {
  EXPECT_NEAR(At(gelu(Number(1))), 0.84134474606854293, 2e-16);
  EXPECT_NEAR(At(gelu(Number(-1))), -0.15865525393145707, 2e-16);
  EXPECT_NEAR(At(gelu(Number(1), "tanh")), 0.84119199060827680, 3e-16);
  EXPECT_NEAR(At(silu(Number(1))), 0.73105857863000488, 2e-16);
  EXPECT_NEAR(At(elu(Number(-1), 2)), -1.2642411176571153, 3e-16);
  EXPECT_EQ(At(elu(Number(3))), 3);
  EXPECT_NEAR(At(elu(Number(-1e-10))), -1e-10, 1e-19);
  EXPECT_EQ(At(leaky_relu(Number(-2), 0.25)), -0.5);
  EXPECT_EQ(At(leaky_relu(Number(2), 0.25)), 2);
  EXPECT_TRUE(std::isnan(At(elu(Number(kNan)))));
  EXPECT_TRUE(std::isnan(At(leaky_relu(Number(kNan)))));
  EXPECT_THAT(ListOf<int32_t>(relu(asarray<int32_t>({-3, 0, 4}))), ElementsAre(0, 0, 4));
  EXPECT_THAT(ListOf<int64_t>(relu(asarray<bool>({true, false}))), ElementsAre(1, 0));
  EXPECT_TRUE(std::isnan(At(relu(Number(kNan)))));
  EXPECT_THROW(gelu(Number(1), "sigmoid"), std::invalid_argument);
  EXPECT_THROW(sigmoid(Tensor()), std::invalid_argument);
  EXPECT_THROW(relu(zeros({1}, DType::kComplex64)), DTypeError);
}

// Long tensors are computed part by part, whatever their layout.
TEST(Activations, PartsChangeNothing) {
  const Tensor wide = reshape(linspace(-20, 20, 60000), {20000, 3});
  const Tensor column = wide.Slice(1, 1, 2);
  for (auto* function : {&sigmoid, &softplus, &silu}) {
    const Tensor all = function(column);
    ASSERT_EQ(all.shape().ToString(), "(20000, 1)");
    for (int64_t i : {0, 1, 8191, 8192, 16384, 19999}) {
      EXPECT_EQ(ListOf<double>(all)[i],
                At(function(Number(column.Slice(0, i, i + 1).item<double>()))));
    }
  }
}

}  // namespace
}  // namespace emberharmony::ops
