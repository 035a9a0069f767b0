#include "emberharmony/ops/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

double LossAt(const Tensor& x) { return x.item<double>(); }

Tensor Matrix(std::initializer_list<double> values, int64_t columns) {
  return reshape(asarray(values), {-1, columns});
}

const LossOptions kRows{.axis = {{-1}}};

// The examples of Keras's documentation, worked out by hand to more digits.
TEST(Losses, PublishedExamples) {
  const Tensor truth = Matrix({0, 1, 0, 0}, 2);
  EXPECT_THAT(ListOf(mse(truth, Matrix({1, 1, 1, 0}, 2), kRows)), ElementsAre(0.5, 0.5));
  EXPECT_EQ(LossAt(mean_absolute_error(truth, Matrix({1, 1, 1, 0}, 2))), 0.5);
  const Tensor p = Matrix({0.6, 0.4, 0.4, 0.6}, 2);
  EXPECT_NEAR(LossAt(huber_loss(truth, p)), (0.18 + 0.18 + 0.08 + 0.18) / 4, 1e-16);
  EXPECT_NEAR(LossAt(huber_loss(truth, p, 0.5)), (2 * 0.175 + 0.08 + 0.175) / 4, 1e-16);
  const double row0 = -(std::log(0.4) + std::log(0.4)) / 2;
  const double row1 = -(std::log(0.6) + std::log(0.4)) / 2;
  EXPECT_THAT(ListOf(binary_crossentropy(truth, p, false, kRows)),
              ElementsAre(DoubleNear(row0, 1e-15), DoubleNear(row1, 1e-15)));
  EXPECT_NEAR(LossAt(binary_crossentropy(truth, p)), (row0 + row1) / 2, 1e-15);
  EXPECT_NEAR(LossAt(log_cosh_loss(truth, Matrix({1, 1, 0, 0}, 2))), std::log(std::cosh(1.0)) / 4,
              1e-16);
  const Tensor classes = Matrix({0.05, 0.95, 0, 0.1, 0.8, 0.1}, 3);
  const Tensor one_hot = Matrix({0, 1, 0, 0, 0, 1}, 3);
  const auto costs =
      ElementsAre(DoubleNear(-std::log(0.95), 1e-15), DoubleNear(-std::log(0.1), 1e-15));
  EXPECT_THAT(ListOf(categorical_crossentropy(one_hot, classes, false, kRows)), costs);
  EXPECT_THAT(
      ListOf(sparse_categorical_crossentropy(asarray<int64_t>({1, 2}), classes, false, kRows)),
      costs);
  EXPECT_NEAR(LossAt(categorical_crossentropy(one_hot, classes)),
              -(std::log(0.95) + std::log(0.1)) / 2, 1e-15);
}

TEST(Losses, LogitsAreProbabilitiesWithoutLimits) {
  const Tensor logits = Matrix({-3, 0.5, 2, 1, 0, -1}, 3);
  const Tensor truth = Matrix({0, 1, 0, 0.5, 0.25, 0.25}, 3);
  EXPECT_NEAR(LossAt(binary_crossentropy(truth, logits, true)),
              LossAt(binary_crossentropy(truth, sigmoid(logits))), 1e-15);
  EXPECT_NEAR(LossAt(categorical_crossentropy(truth, logits, true)),
              LossAt(categorical_crossentropy(truth, softmax(logits))), 1e-15);
  EXPECT_EQ(LossAt(binary_crossentropy(asarray<double>({0}), asarray<double>({1000}), true)), 1000);
  EXPECT_EQ(LossAt(binary_crossentropy(asarray<double>({1}), asarray<double>({1000}), true)), 0);
  EXPECT_EQ(
      LossAt(sparse_categorical_crossentropy(asarray<int8_t>({1}), Matrix({0, -5000}, 2), true)),
      5000);
  // A probability of 0 counts as epsilon; one that is not asked for costs nothing.
  EXPECT_NEAR(LossAt(binary_crossentropy(asarray<double>({1}), asarray<double>({0}))),
              -std::log(1e-7), 1e-14);
  EXPECT_EQ(LossAt(categorical_crossentropy(Matrix({1, 0}, 2), Matrix({0, -HUGE_VAL}, 2), true)),
            0);
  // Probabilities that do not add up to 1 are divided by their sum.
  EXPECT_NEAR(LossAt(categorical_crossentropy(Matrix({1, 0}, 2), Matrix({2, 6}, 2))),
              -std::log(0.25), 1e-15);
}

TEST(Losses, LogCoshIsAccurateEverywhere) {
  for (double e : {1e-9, 1e-3, 0.3, 0.999, 1.0, 1.5, 20.0}) {
    const long double wide = e;
    const long double exact =
        e < 0.1L ? std::log1p(2 * std::pow(std::sinh(wide / 2), 2.0L)) : std::log(std::cosh(wide));
    const Tensor found = log_cosh_loss(asarray<double>({0}), asarray<double>({-e}));
    EXPECT_NEAR(LossAt(found) / static_cast<double>(exact), 1, 1e-15) << e;
  }
  EXPECT_DOUBLE_EQ(LossAt(log_cosh_loss(asarray<double>({0}), asarray<double>({1e300}))), 1e300);
}

TEST(Losses, AxesAndDTypes) {
  const Tensor truth = zeros({2, 3, 4}), prediction = ones({2, 3, 4});
  EXPECT_EQ(mse(truth, prediction, {.axis = {{0, 2}}}).shape().ToString(), "(3,)");
  EXPECT_EQ(mse(truth, prediction, {.axis = {{1}}, .keepdims = true}).shape().ToString(),
            "(2, 1, 4)");
  EXPECT_EQ(categorical_crossentropy(truth, prediction).rank(), 0);
  EXPECT_EQ(categorical_crossentropy(truth, prediction, false, {.axis = {{0}}}).shape().ToString(),
            "(3,)");
  EXPECT_EQ(categorical_crossentropy(truth, prediction, false, kRows).shape().ToString(), "(2, 3)");
  EXPECT_EQ(categorical_crossentropy(truth, prediction, false, {.axis = {{0}}, .keepdims = true})
                .shape()
                .ToString(),
            "(1, 3, 1)");
  EXPECT_EQ(mse(asarray<float>({1}), asarray<float>({2})).dtype(), DType::kFloat32);
  EXPECT_EQ(LossAt(mse(asarray<int64_t>({1, 2}), asarray<bool>({true, true}))), 0.5);
  EXPECT_EQ(LossAt(mse(asarray<double>({1, 2}), Tensor::Scalar(1.0))), 0.5);
  EXPECT_TRUE(std::isnan(LossAt(mse(zeros({0}), zeros({0})))));
  EXPECT_EQ(
      LossAt(sparse_categorical_crossentropy(Matrix({1, 1}, 1), Matrix({0, 0, 0, 0}, 2), true)),
      std::log(2.0));
}

TEST(Losses, MistakesAreRefused) {
  EXPECT_THROW(mse(zeros({3}), zeros({3, 1})), ShapeError);
  EXPECT_THROW(mse(zeros({3}), zeros({4})), ShapeError);
  EXPECT_THROW(mse(zeros({3}), zeros({3}, DType::kComplex64)), DTypeError);
  EXPECT_THROW(mse(zeros({3}), zeros({3}), {.axis = {{1}}}), ShapeError);
  EXPECT_THROW(huber_loss(zeros({3}), zeros({3}), 0), std::invalid_argument);
  EXPECT_THROW(categorical_crossentropy(zeros({3}), zeros({2, 3})), ShapeError);
  EXPECT_THROW(categorical_crossentropy(Tensor::Scalar(1.0), Tensor::Scalar(1.0)), ShapeError);
  EXPECT_THROW(categorical_crossentropy(zeros({2, 3}), zeros({2, 3}), false, {.axis = {{2}}}),
               ShapeError);
  const Tensor logits = zeros({2, 3});
  EXPECT_THROW(sparse_categorical_crossentropy(asarray<int64_t>({0, 3}), logits), IndexError);
  EXPECT_THROW(sparse_categorical_crossentropy(asarray<int64_t>({0, -1}), logits), IndexError);
  EXPECT_THROW(sparse_categorical_crossentropy(asarray<double>({0, 0.5}), logits), IndexError);
  EXPECT_THROW(sparse_categorical_crossentropy(asarray<int64_t>({0, 1, 1}), logits), ShapeError);
}

}  // namespace
}  // namespace emberharmony::ops
