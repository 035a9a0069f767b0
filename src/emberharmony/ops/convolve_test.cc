#include "emberharmony/ops/convolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;
using C = std::complex<double>;

TEST(Convolve, ByHand) {
  const Tensor a = asarray({1.0, 2.0, 3.0});
  const Tensor v = asarray({0.0, 1.0, 0.5});
  EXPECT_THAT(ListOf<double>(convolve(a, v)), ElementsAre(0, 1, 2.5, 4, 1.5));
  EXPECT_THAT(ListOf<double>(convolve(a, v, ConvolveMode::kSame)), ElementsAre(1, 2.5, 4));
  EXPECT_THAT(ListOf<double>(convolve(a, v, ConvolveMode::kValid)), ElementsAre(2.5));
  EXPECT_THAT(ListOf<double>(correlate(a, v)), ElementsAre(3.5));
  EXPECT_THAT(ListOf<double>(correlate(a, v, ConvolveMode::kSame)), ElementsAre(2, 3.5, 3));
  EXPECT_THAT(ListOf<double>(correlate(a, v, ConvolveMode::kFull)), ElementsAre(0.5, 2, 3.5, 3, 0));
  // Of sequences of 2 and 4 elements: correlate counts the middle from the other side.
  const Tensor two = asarray({1.0, 10.0});
  const Tensor four = asarray({1.0, 2.0, 3.0, 4.0});
  EXPECT_THAT(ListOf<double>(convolve(two, four)), ElementsAre(1, 12, 23, 34, 40));
  EXPECT_THAT(ListOf<double>(convolve(two, four, ConvolveMode::kSame)), ElementsAre(1, 12, 23, 34));
  EXPECT_THAT(ListOf<double>(correlate(two, four, ConvolveMode::kFull)),
              ElementsAre(4, 43, 32, 21, 10));
  EXPECT_THAT(ListOf<double>(correlate(two, four, ConvolveMode::kSame)),
              ElementsAre(43, 32, 21, 10));
  EXPECT_THAT(ListOf<double>(correlate(four, two, ConvolveMode::kSame)),
              ElementsAre(10, 21, 32, 43));
}

TEST(Convolve, DTypesAndErrors) {
  EXPECT_THAT(ListOf<int8_t>(convolve(asarray<int8_t>({100, 1}), asarray<int8_t>({2}))),
              ElementsAre(-56, 2));
  EXPECT_THAT(ListOf<int64_t>(convolve(asarray<bool>({true, true}), asarray<bool>({true, true}))),
              ElementsAre(1, 2, 1));
  EXPECT_EQ(convolve(asarray<float>({1}), asarray({1.0})).dtype(), DType::kFloat64);
  const Tensor z = asarray<C>({C(0, 1)});
  EXPECT_THAT(ListOf<C>(correlate(z, z)), ElementsAre(C(1, 0)));
  EXPECT_THAT(ListOf<C>(convolve(z, z)), ElementsAre(C(-1, 0)));
  EXPECT_THROW(convolve(zeros({0}), z), ShapeError);
  EXPECT_THROW(convolve(z, zeros({2, 2})), ShapeError);
  EXPECT_THROW(correlate(zeros({}), z), ShapeError);
  EXPECT_THROW(convolve(asarray<uint64_t>({1}), asarray<int64_t>({1})), DTypeError);
}

TEST(Convolve, LongOnesByTheirDefinition) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> a(1000), v(300);
  for (double& x : a) x = uniform(random);
  for (double& x : v) x = uniform(random);
  const Tensor real = convolve(asarray(a), asarray(v));
  const Tensor complex = convolve(astype(asarray(a), DType::kComplex128), asarray(v));
  ASSERT_EQ(real.size(), 1299);
  for (int64_t k = 0; k < 1299; ++k) {
    long double sum = 0;
    for (int64_t j = std::max<int64_t>(0, k - 999); j <= std::min<int64_t>(k, 299); ++j) {
      sum += static_cast<long double>(a[k - j]) * v[j];
    }
    // The norms' product is about 180.
    EXPECT_NEAR(real.values<double>()[k], static_cast<double>(sum), 2e-14);
    EXPECT_LT(std::abs(complex.values<C>()[k] - C(static_cast<double>(sum))), 2e-14);
  }
}

}  // namespace
}  // namespace emberharmony::ops
