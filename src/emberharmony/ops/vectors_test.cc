#include "emberharmony/ops/vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

double ValueAt(const Tensor& x) { return x.item<double>(); }

TEST(Vectors, CloseAsNumPySays) {
  const double nan = std::nan(""), inf = HUGE_VAL;
  EXPECT_FALSE(allclose(asarray<double>({1e10, 1e-7}), asarray<double>({1.00001e10, 1e-8})));
  EXPECT_TRUE(allclose(asarray<double>({1e10, 1e-8}), asarray<double>({1.00001e10, 1e-9})));
  EXPECT_THAT(ListOf<bool>(isclose(asarray<double>({nan, inf, inf, -inf, 1}),
                                   asarray<double>({nan, inf, -inf, 1, inf}))),
              ElementsAre(false, true, false, false, false));
  EXPECT_TRUE(isclose(nan, nan, 0, 0, /*equal_nan=*/true).item<bool>());
  EXPECT_TRUE(allclose(asarray<float>({0.1F}), 0.1, 0, 0));  // a number takes the tensor's dtype
  EXPECT_TRUE(allclose(asarray<int64_t>({1000000}), asarray<int32_t>({1000001})));
  EXPECT_FALSE(allclose(asarray<int64_t>({10}), 11));
  EXPECT_TRUE(allclose(zeros({0}), zeros({0})));
  EXPECT_TRUE(allclose(1.0, ones({2, 3}).PermuteDims(std::vector<int>{1, 0})));
  EXPECT_EQ(isclose(zeros({2, 1}), zeros({3})).shape().ToString(), "(2, 3)");
  EXPECT_THROW(isclose(zeros({2}), zeros({3})), ShapeError);
}

TEST(Vectors, LengthsNeitherOverflowNorUnderflow) {
  for (double scale : {1.0, 1e200, 1e-200}) {
    EXPECT_THAT(ListOf(normalize_vector(asarray<double>({3 * scale, 4 * scale}))),
                ElementsAre(DoubleNear(0.6, 2e-16), DoubleNear(0.8, 2e-16)));
    EXPECT_DOUBLE_EQ(ValueAt(euclidean_distance(asarray<double>({scale, scale}),
                                                asarray<double>({4 * scale, -3 * scale}))),
                     5 * scale);
  }
  EXPECT_THAT(ListOf(normalize_vector(zeros({2}))), ElementsAre(0, 0));
  EXPECT_EQ(normalize_vector(zeros({0})).size(), 0);
  const Tensor rows = normalize_vector(reshape(asarray<double>({3, 4, 0, 0, 0, -2}), {3, 2}), 1);
  EXPECT_THAT(ListOf(rows),
              ElementsAre(DoubleNear(0.6, 2e-16), DoubleNear(0.8, 2e-16), 0, 0, 0, -1));
  EXPECT_EQ(normalize_vector(asarray<float>({3, 4})).dtype(), DType::kFloat32);
  EXPECT_THAT(ListOf(euclidean_distance(reshape(arange(4), {2, 2}), zeros({2}), -1)),
              ElementsAre(1, DoubleNear(std::sqrt(13.0), 1e-15)));
  EXPECT_EQ(ValueAt(euclidean_distance(zeros({0}), zeros({0}))), 0);
  EXPECT_THROW(normalize_vector(zeros({2}), 1), ShapeError);
  EXPECT_THROW(normalize_vector(zeros({2}, DType::kComplex128)), DTypeError);
}

TEST(Vectors, Cosines) {
  const Tensor x = asarray<double>({1, 2, 3});
  EXPECT_EQ(ValueAt(cosine_similarity(x, multiply(x, 1e-180))), 1);
  EXPECT_EQ(ValueAt(cosine_similarity(x, negative(x))), -1);
  EXPECT_EQ(ValueAt(cosine_similarity(asarray<double>({1, 0}), asarray<double>({0, 5}))), 0);
  EXPECT_EQ(ValueAt(cosine_similarity(x, zeros({3}))), 0);
  EXPECT_NEAR(ValueAt(cosine_similarity(asarray<double>({1, 0}), asarray<double>({1, 1}))),
              std::sqrt(0.5), 2e-16);
  EXPECT_EQ(cosine_similarity(zeros({4, 1, 3}), zeros({2, 3}), -1).shape().ToString(), "(4, 2)");
  EXPECT_THROW(cosine_similarity(zeros({2}), zeros({3})), ShapeError);
  EXPECT_THAT(ListOf(exponential_decay(8.0, asarray<double>({0, std::log(2.0)}), 3)),
              ElementsAre(8, DoubleNear(1, 1e-15)));
}

Tensor Tone(int64_t n, double cycles, double delay, double amplitude = 1) {
  std::vector<double> samples;
  for (int64_t i = 0; i < n; ++i) {
    samples.push_back(amplitude *
                      std::sin(2 * std::numbers::pi * cycles * static_cast<double>(i) / n - delay));
  }
  return asarray(samples);
}

TEST(Waves, EnergyStability) {
  EXPECT_EQ(compute_energy_stability(ones({250})), 1);
  EXPECT_EQ(compute_energy_stability(zeros({250})), 1);
  EXPECT_EQ(compute_energy_stability(ones({199})), 1);
  std::vector<double> wave(300, 1.0);
  std::fill(wave.begin() + 100, wave.begin() + 200, 2.0);
  // Energies 100 and 400, the half window at the end does not count: mean 250, variance 22,500.
  EXPECT_DOUBLE_EQ(compute_energy_stability(asarray(wave).Slice(0, 0, 250)), 1.0 / 91);
  EXPECT_THROW(compute_energy_stability(ones({4}), 0), std::invalid_argument);
  EXPECT_THROW(compute_energy_stability(ones({2, 2})), ShapeError);
}

// A tone against itself delayed by d: the correlation is cos(d), the phase difference d.
TEST(Waves, InterferenceStrength) {
  const Tensor tone = Tone(128, 5, 0);
  for (double d : {0.0, 0.3, 1.0, 2.0, 3.0}) {
    EXPECT_NEAR(compute_interference_strength(tone, Tone(128, 5, d, 7)),
                std::cos(d) * (1 - d / std::numbers::pi), 1e-12)
        << d;
  }
  EXPECT_NEAR(compute_interference_strength(tone, Tone(200, 5, 0).Slice(0, 0, 128)),
              compute_interference_strength(tone, Tone(200, 5, 0)), 0);
  EXPECT_EQ(compute_interference_strength(tone, ones({128})), 0);
  EXPECT_TRUE(std::isnan(compute_interference_strength(tone, zeros({0}))));
}

TEST(Waves, PhaseCoherence) {
  // Two tones: both turned by 0.8 at their own frequency, or only one of them.
  const Tensor wave = add(Tone(128, 5, 0), Tone(128, 20, 0));
  const Tensor both = add(Tone(128, 5, 0.8), Tone(128, 20, 0.8));
  const Tensor one = add(Tone(128, 5, 0.8), Tone(128, 20, 0));
  EXPECT_NEAR(compute_phase_coherence(wave, both), 1, 1e-12);
  EXPECT_NEAR(compute_phase_coherence(wave, one), std::cos(0.4), 1e-12);
  EXPECT_NEAR(compute_phase_coherence(wave, one, {{0.1, 0.2}}), 1, 1e-12);
  EXPECT_EQ(compute_phase_coherence(wave, one, {{0.3, 0.4}}), 0);
  EXPECT_EQ(compute_phase_coherence(zeros({0}), zeros({0})), 0);
}

TEST(Waves, PartialInterferenceIsThatOfEachWindow) {
  const Tensor wave1 = random::normal({60}, 0, 1, {.seed = 1});
  const Tensor wave2 = random::normal({70}, 0, 1, {.seed = 2});
  const Tensor found = partial_interference(wave1, wave2, 16);
  ASSERT_EQ(found.size(), 45);
  for (int64_t i : {0, 7, 44}) {
    EXPECT_EQ(ListOf(found)[i],
              compute_interference_strength(wave1.Slice(0, i, i + 16), wave2.Slice(0, i, i + 16)));
  }
  EXPECT_THROW(partial_interference(wave1, wave2, 61), std::invalid_argument);
  EXPECT_THROW(partial_interference(wave1, wave2, 0), std::invalid_argument);
}

}  // namespace
}  // namespace emberharmony::ops
