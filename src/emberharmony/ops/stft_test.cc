#include "emberharmony/ops/stft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

using C = std::complex<double>;

Tensor Noise(const Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const Tensor x = Tensor::Empty(shape, DType::kFloat64);
  for (int64_t i = 0; i < x.size(); ++i) x.mutable_data_as<double>()[i] = uniform(random);
  return x;
}

template <class T>
void ExpectNear(const Tensor& found, const std::vector<T>& expected, double tolerance) {
  ASSERT_EQ(found.size(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LE(std::abs(found.values<T>()[i] - expected[i]), tolerance) << i;
  }
}

TEST(Windows, KnownValues) {
  ExpectNear<double>(hann_window(4), {0, 0.5, 1, 0.5}, 1e-16);
  ExpectNear<double>(hann_window(5, {.periodic = false}), {0, 0.5, 1, 0.5, 0}, 1e-16);
  ExpectNear<double>(hamming_window(4), {0.08, 0.54, 1, 0.54}, 1e-15);
  ExpectNear<double>(blackman_window(4), {0, 0.34, 1, 0.34}, 1e-15);
  ExpectNear<double>(bartlett_window(4), {0, 0.5, 1, 0.5}, 1e-16);
  ExpectNear<double>(bartlett_window(4, {.periodic = false}), {0, 2.0 / 3, 2.0 / 3, 0}, 1e-15);
  ExpectNear<double>(boxcar_window(3), {1, 1, 1}, 0);
  // I0(14) = 129418.56270064856, and I0(14 sqrt(3/4)) / I0(14) (Abramowitz and Stegun's series).
  ExpectNear<double>(kaiser_window(5, 14.0, {.periodic = false}),
                     {7.72686684e-06, 1.64932188e-01, 1.0, 1.64932188e-01, 7.72686684e-06}, 1e-9);
  ExpectNear<double>(kaiser_window(3, 0.0), {1, 1, 1}, 0);
  ExpectNear<double>(hann_window(1, {.periodic = false}), {1}, 0);
  EXPECT_EQ(hann_window(0).size(), 0);
  EXPECT_EQ(hann_window(4, {.dtype = DType::kFloat32}).dtype(), DType::kFloat32);
  EXPECT_EQ(window("hamming", 4).values<double>()[1], hamming_window(4).values<double>()[1]);
  EXPECT_THROW(hann_window(-1), ShapeError);
  EXPECT_THROW(hann_window(3, {.dtype = DType::kInt32}), DTypeError);
  EXPECT_THROW(kaiser_window(3, -1.0), std::invalid_argument);
  EXPECT_THROW(kaiser_window(3, std::nan("")), std::invalid_argument);
  EXPECT_THROW(window("round", 3), std::invalid_argument);
}

TEST(Windows, PeriodicIsSymmetricWithoutItsLast) {
  for (const char* name : {"boxcar", "bartlett", "hann", "hamming", "blackman", "kaiser"}) {
    const Tensor periodic = window(name, 10);
    const Tensor symmetric = window(name, 11, {.periodic = false});
    for (int k = 0; k < 10; ++k) {
      EXPECT_DOUBLE_EQ(periodic.values<double>()[k], symmetric.values<double>()[k]) << name;
      EXPECT_EQ(symmetric.values<double>()[k], symmetric.values<double>()[10 - k]) << name;
    }
  }
}

TEST(Stft, ByItsDefinition) {
  const Tensor x = Noise({2, 50}, 1);
  const int64_t n_fft = 12, hop = 5;
  const Tensor weights = hamming_window(n_fft);
  const Tensor result = stft(x, n_fft, {.hop_length = hop, .window = weights, .center = false});
  ASSERT_EQ(result.shape().ToString(), "(2, 7, 8)");
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t k = 0; k < 7; ++k) {
      for (int64_t t = 0; t < 8; ++t) {
        C sum = 0;
        for (int64_t j = 0; j < n_fft; ++j) {
          const double angle = -2 * std::numbers::pi * static_cast<double>(j * k) / n_fft;
          sum += weights.values<double>()[j] * x.values<double>()[row * 50 + t * hop + j] *
                 C(std::cos(angle), std::sin(angle));
        }
        EXPECT_LT(std::abs(result.values<C>()[(row * 7 + k) * 8 + t] - sum), 1e-13);
      }
    }
  }
}

TEST(Stft, PaddingAndShortWindows) {
  const Tensor x = asarray({1.0, 2.0, 3.0, 4.0});
  // Element 0 of a piece's transform is its sum.
  const auto sums = [&](StftPadding padding) {
    const Tensor y = stft(x, 4, {.hop_length = 4, .window = boxcar_window(4), .padding = padding});
    EXPECT_EQ(y.shape().ToString(), "(3, 2)");
    return std::vector<double>{y.values<C>()[0].real(), y.values<C>()[1].real()};
  };
  EXPECT_EQ(sums(StftPadding::kReflect), (std::vector<double>{8, 12}));  // 3 2 1 2, 3 4 3 2
  EXPECT_EQ(sums(StftPadding::kConstant), (std::vector<double>{3, 7}));  // 0 0 1 2, 3 4 0 0
  EXPECT_EQ(sums(StftPadding::kEdge), (std::vector<double>{5, 15}));     // 1 1 1 2, 3 4 4 4
  EXPECT_EQ(sums(StftPadding::kWrap), (std::vector<double>{10, 10}));    // 3 4 1 2, 3 4 1 2
  // A window of 2 stands in the middle of 4.
  const Tensor y = stft(x, 4, {.window = boxcar_window(2), .center = false});
  EXPECT_EQ(y.values<C>()[0].real(), 5);
  const Tensor scaled =
      stft(x, 4, {.window = boxcar_window(4), .center = false, .normalized = true});
  EXPECT_EQ(scaled.values<C>()[0].real(), 5);
}

TEST(Stft, ComesBack) {
  const Tensor x = Noise({3, 101}, 2);
  for (int64_t n_fft : {7, 16, 20}) {
    for (int64_t hop : {1, 3, 5}) {
      for (bool normalized : {false, true}) {
        for (bool onesided : {false, true}) {
          const StftOptions options{
              .hop_length = hop, .normalized = normalized, .onesided = onesided, .length = 95};
          const Tensor back = istft(stft(x, n_fft, options), n_fft, options);
          ASSERT_EQ(back.shape().ToString(), "(3, 95)");
          EXPECT_EQ(back.dtype(), onesided ? DType::kFloat64 : DType::kComplex128);
          for (int64_t i = 0; i < 3; ++i) {
            for (int64_t j = 0; j < 95; ++j) {
              const double found = onesided ? back.values<double>()[i * 95 + j]
                                            : back.values<C>()[i * 95 + j].real();
              EXPECT_NEAR(found, x.values<double>()[i * 101 + j], 1e-14)
                  << n_fft << " " << hop << " " << j;
            }
          }
        }
      }
    }
  }
}

TEST(Stft, WithoutCenterTheEndsOfAHannWindowAreLost) {
  const Tensor x = add(Noise({32}, 3), 5.0);
  const StftOptions options{.hop_length = 4, .center = false};
  const Tensor back = istft(stft(x, 8, options), 8, options);
  ASSERT_EQ(back.size(), 32);
  EXPECT_EQ(back.values<double>()[0], 0);
  for (int64_t j = 1; j < 32; ++j) {
    EXPECT_NEAR(back.values<double>()[j], x.values<double>()[j], 1e-13) << j;
  }
}

TEST(Stft, DTypesAndErrors) {
  const Tensor x = Noise({16}, 4);
  EXPECT_EQ(stft(astype(x, DType::kFloat32), 8).dtype(), DType::kComplex64);
  EXPECT_EQ(istft(stft(astype(x, DType::kFloat32), 8), 8).dtype(), DType::kFloat32);
  EXPECT_EQ(stft(arange(16), 8).dtype(), DType::kComplex128);
  EXPECT_EQ(stft(astype(x, DType::kComplex64), 8).shape().ToString(), "(8, 9)");
  EXPECT_EQ(stft(zeros({0, 16}), 8).shape().ToString(), "(0, 5, 9)");
  EXPECT_EQ(istft(stft(zeros({0, 16}), 8), 8).shape().ToString(), "(0, 16)");
  EXPECT_THROW(stft(zeros({}), 8), ShapeError);
  EXPECT_THROW(stft(x, 0), ShapeError);
  EXPECT_THROW(stft(x, 8, {.hop_length = 0}), ShapeError);
  EXPECT_THROW(stft(x, 17, {.center = false}), ShapeError);
  EXPECT_THROW(stft(x, std::numeric_limits<int64_t>::max()), ShapeError);
  EXPECT_THROW(stft(x, 8, {.window = hann_window(9)}), ShapeError);
  EXPECT_THROW(stft(x, 8, {.window = zeros({2, 2})}), ShapeError);
  EXPECT_THROW(stft(astype(x, DType::kComplex128), 8, {.onesided = true}), DTypeError);
  EXPECT_THROW(istft(stft(x, 8), 10), ShapeError);
  EXPECT_THROW(istft(x, 8), ShapeError);
  EXPECT_THROW(istft(stft(x, 8), 8, {.hop_length = std::numeric_limits<int64_t>::max() / 2}),
               ShapeError);
}

}  // namespace
}  // namespace emberharmony::ops
