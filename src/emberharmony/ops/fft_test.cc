#include "emberharmony/ops/fft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <vector>

#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

using C = std::complex<double>;
using fft::Norm;

Tensor ComplexTensor(const std::vector<C>& values, const Shape& shape) {
  return Tensor::FromValues(std::span<const C>(values), shape);
}
Tensor ComplexTensor(const std::vector<C>& values) {
  return ComplexTensor(values, {static_cast<int64_t>(values.size())});
}

void ExpectNumbers(const Tensor& found, const std::vector<C>& expected) {
  ASSERT_EQ(found.size(), static_cast<int64_t>(expected.size()));
  const Tensor contiguous = found.Contiguous();
  for (size_t i = 0; i < expected.size(); ++i) {
    C number;
    if (found.dtype() == DType::kComplex128) {
      number = contiguous.values<C>()[i];
    } else if (found.dtype() == DType::kComplex64) {
      number = C(contiguous.values<std::complex<float>>()[i]);
    } else if (found.dtype() == DType::kFloat64) {
      number = contiguous.values<double>()[i];
    } else {
      number = contiguous.values<float>()[i];
    }
    EXPECT_LT(std::abs(number - expected[i]), 1e-6) << i << ": " << number;
  }
}

TEST(Fft, ByHand) {
  const Tensor x = ComplexTensor({1, 2, 3, 4});
  ExpectNumbers(fft::fft(x), {10, {-2, 2}, -2, {-2, -2}});
  ExpectNumbers(fft::ifft(x), {2.5, {-0.5, -0.5}, -0.5, {-0.5, 0.5}});
  ExpectNumbers(fft::fft(asarray({1.0, 2.0, 3.0, 4.0})), {10, {-2, 2}, -2, {-2, -2}});
  ExpectNumbers(fft::ifft(asarray({1.0, 2.0, 3.0, 4.0})), {2.5, {-0.5, -0.5}, -0.5, {-0.5, 0.5}});
  ExpectNumbers(fft::rfft(asarray({1.0, 2.0, 3.0, 4.0})), {10, {-2, 2}, -2});
  ExpectNumbers(fft::irfft(ComplexTensor({10, {-2, 2}, -2})), {1, 2, 3, 4});
  // The imaginary parts of the ends do not count.
  ExpectNumbers(fft::irfft(ComplexTensor({{10, 7}, {-2, 2}, {-2, 9}})), {1, 2, 3, 4});
  const double root = std::sqrt(0.75);
  ExpectNumbers(fft::fft(asarray({0.0, 1.0, 0.0})), {1, {-0.5, -root}, {-0.5, root}});
  ExpectNumbers(fft::irfft(ComplexTensor({6, {-1.5, root}}), {.n = 3}), {1, 2, 3});
  ExpectNumbers(fft::fft(ComplexTensor({{3, 4}})), {{3, 4}});
}

TEST(Fft, Norms) {
  const Tensor x = ComplexTensor({1, 2, 3, 4});
  ExpectNumbers(fft::fft(x, {.norm = Norm::kOrtho}), {5, {-1, 1}, -1, {-1, -1}});
  ExpectNumbers(fft::fft(x, {.norm = Norm::kForward}), {2.5, {-0.5, 0.5}, -0.5, {-0.5, -0.5}});
  ExpectNumbers(fft::ifft(x, {.norm = Norm::kOrtho}), {5, {-1, -1}, -1, {-1, 1}});
  ExpectNumbers(fft::ifft(x, {.norm = Norm::kForward}), {10, {-2, -2}, -2, {-2, 2}});
  const Tensor real = asarray({1.0, 2.0, 3.0, 4.0});
  ExpectNumbers(fft::rfft(real, {.norm = Norm::kOrtho}), {5, {-1, 1}, -1});
  ExpectNumbers(fft::irfft(fft::rfft(real, {.norm = Norm::kForward}), {.norm = Norm::kForward}),
                {1, 2, 3, 4});
  ExpectNumbers(
      fft::irfft(fft::rfft(real, {.n = 3, .norm = Norm::kOrtho}), {.n = 3, .norm = Norm::kOrtho}),
      {1, 2, 3});
}

TEST(Fft, Hermitian) {
  // x[-k] = conj(x[k]): the whole sequence is 1, 2 + i, 3, 2 - i.
  const Tensor half = ComplexTensor({1, {2, 1}, 3});
  const Tensor spectrum = fft::hfft(half);
  EXPECT_EQ(spectrum.dtype(), DType::kFloat64);
  ExpectNumbers(spectrum, {8, 0, 0, -4});
  ExpectNumbers(fft::fft(ComplexTensor({1, {2, 1}, 3, {2, -1}})), {8, 0, 0, -4});
  ExpectNumbers(fft::ihfft(spectrum), {1, {2, 1}, 3});
  for (Norm norm : {Norm::kBackward, Norm::kOrtho, Norm::kForward}) {
    ExpectNumbers(fft::ihfft(fft::hfft(half, {.norm = norm}), {.norm = norm}), {1, {2, 1}, 3});
    ExpectNumbers(fft::ihfft(fft::hfft(half, {.n = 5, .norm = norm}), {.norm = norm}),
                  {1, {2, 1}, 3});
  }
}

TEST(Fft, DTypes) {
  EXPECT_EQ(fft::fft(asarray<float>({1, 2})).dtype(), DType::kComplex64);
  EXPECT_EQ(fft::rfft(asarray<float>({1, 2})).dtype(), DType::kComplex64);
  EXPECT_EQ(fft::irfft(fft::rfft(asarray<float>({1, 2}))).dtype(), DType::kFloat32);
  EXPECT_EQ(fft::ihfft(asarray<float>({1, 2})).dtype(), DType::kComplex64);
  EXPECT_EQ(fft::fft(asarray<int8_t>({1, 2})).dtype(), DType::kComplex128);
  ExpectNumbers(fft::fft(asarray<bool>({true, false, true})),
                {2, {0.5, std::sqrt(0.75)}, {0.5, -std::sqrt(0.75)}});
  ExpectNumbers(fft::rfft(asarray<int64_t>({1, 2, 3, 4})), {10, {-2, 2}, -2});
  EXPECT_THROW(fft::rfft(ComplexTensor({1, 2})), DTypeError);
  EXPECT_THROW(fft::ihfft(ComplexTensor({1, 2})), DTypeError);
}

TEST(Fft, SeveralAxes) {
  const Tensor x = reshape(astype(arange(24), DType::kFloat64), {2, 3, 4});
  const Tensor by_hand = fft::fft(fft::fft(fft::fft(x, {.axis = 2}), {.axis = 1}), {.axis = 0});
  const std::vector<C> numbers(by_hand.values<C>().begin(), by_hand.values<C>().end());
  ExpectNumbers(fft::fftn(x), numbers);
  ExpectNumbers(fft::ifftn(fft::fftn(x)), {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                           12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
  const std::vector<C> values = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
  ExpectNumbers(fft::irfftn(fft::rfftn(x)), values);
  ExpectNumbers(fft::irfftn(fft::rfftn(x), {.s = {{2, 3, 4}}}), values);
  ExpectNumbers(fft::irfft2(fft::rfft2(x)), values);
  ExpectNumbers(fft::ifft2(fft::fft2(x)), values);
  EXPECT_EQ(fft::fft2(x, {.s = {{5, 6}}}).shape().ToString(), "(2, 5, 6)");
  EXPECT_EQ(fft::fftn(x, {.s = {{5, -1}}}).shape().ToString(), "(2, 5, 4)");
  EXPECT_EQ(fft::rfftn(x, {.axes = {{2, 0}}}).shape().ToString(), "(2, 3, 4)");
  EXPECT_EQ(fft::rfftn(x, {.axes = {{0, 2}}}).shape().ToString(), "(2, 3, 3)");
  EXPECT_EQ(fft::irfftn(x, {.s = {{7, 5}}, .axes = {{0, 1}}}).shape().ToString(), "(7, 5, 4)");
  ExpectNumbers(fft::fftn(asarray({1.0, 2.0}), {.axes = std::vector<int>{}}), {1, 2});
  // An axis that is named twice is transformed twice.
  ExpectNumbers(fft::fftn(asarray({1.0, 2.0, 3.0}), {.axes = {{0, 0}}}), {3, 9, 6});
}

TEST(Fft, Errors) {
  const Tensor x = asarray({1.0, 2.0});
  EXPECT_THROW(fft::fft(x, {.n = 0}), ShapeError);
  EXPECT_THROW(fft::fft(x, {.n = -3}), ShapeError);
  EXPECT_THROW(fft::fft(x, {.axis = 1}), ShapeError);
  EXPECT_THROW(fft::fft(x, {.axis = -2}), ShapeError);
  EXPECT_THROW(fft::fft(zeros({})), ShapeError);
  EXPECT_THROW(fft::fft(zeros({3, 0})), ShapeError);
  EXPECT_THROW(fft::irfft(ComplexTensor({1})), ShapeError);
  EXPECT_THROW(fft::hfft(ComplexTensor({1})), ShapeError);
  EXPECT_THROW(fft::fftn(x, {.s = {{1, 2}}}), ShapeError);
  EXPECT_THROW(fft::fftn(x, {.s = {{1, 2}}, .axes = {{0}}}), ShapeError);
  EXPECT_THROW(fft::fft2(x), ShapeError);
  EXPECT_THROW(fft::rfftn(x, {.axes = std::vector<int>{}}), ShapeError);
  EXPECT_THROW(fft::irfftn(x, {.axes = std::vector<int>{}}), ShapeError);
  EXPECT_THROW(fft::rfftn(zeros({})), ShapeError);
  EXPECT_THROW(fft::fft(x, {.n = std::numeric_limits<int64_t>::max()}), ShapeError);
  EXPECT_THROW(fft::rfft(x, {.n = std::numeric_limits<int64_t>::max()}), ShapeError);
  EXPECT_THROW(fft::irfft(x, {.n = std::numeric_limits<int64_t>::max()}), ShapeError);
  // Nothing to transform is no error, and nothing that is filled up is zeros.
  EXPECT_EQ(fft::fft(zeros({0, 3})).shape().ToString(), "(0, 3)");
  EXPECT_EQ(fft::rfft(zeros({0, 3})).shape().ToString(), "(0, 2)");
  ExpectNumbers(fft::fft(zeros({0}), {.n = 2}), {0, 0});
  ExpectNumbers(fft::rfft(zeros({0}), {.n = 3}), {0, 0});
}

TEST(Fft, Frequencies) {
  ExpectNumbers(fft::fftfreq(4), {0, 0.25, -0.5, -0.25});
  ExpectNumbers(fft::fftfreq(5, 0.1), {0, 2, 4, -4, -2});
  ExpectNumbers(fft::rfftfreq(4), {0, 0.25, 0.5});
  ExpectNumbers(fft::rfftfreq(5, 0.1), {0, 2, 4});
  ExpectNumbers(fft::fftfreq(1), {0});
  EXPECT_EQ(fft::fftfreq(4, 1.0, DType::kFloat32).dtype(), DType::kFloat32);
  EXPECT_THROW(fft::fftfreq(0), ShapeError);
  EXPECT_THROW(fft::rfftfreq(-1), ShapeError);
  EXPECT_THROW(fft::fftfreq(4, 1.0, DType::kInt64), DTypeError);
  EXPECT_THROW(fft::rfftfreq(4, 1.0, DType::kComplex128), DTypeError);
}

TEST(Fft, Shifts) {
  ExpectNumbers(fft::fftshift(asarray({0.0, 1.0, 2.0, 3.0, 4.0})), {3, 4, 0, 1, 2});
  ExpectNumbers(fft::ifftshift(asarray({3.0, 4.0, 0.0, 1.0, 2.0})), {0, 1, 2, 3, 4});
  ExpectNumbers(fft::fftshift(fft::fftfreq(4)), {-0.5, -0.25, 0, 0.25});
  const Tensor x = reshape(astype(arange(6), DType::kFloat64), {2, 3});
  ExpectNumbers(fft::fftshift(x), {5, 3, 4, 2, 0, 1});
  ExpectNumbers(fft::fftshift(x, {{-1}}), {2, 0, 1, 5, 3, 4});
  ExpectNumbers(fft::ifftshift(fft::fftshift(x)), {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(fft::fftshift(asarray<bool>({true, false})).values<bool>()[1], true);
  EXPECT_EQ(fft::fftshift(zeros({0, 2})).size(), 0);
  EXPECT_THROW(fft::fftshift(x, {{2}}), ShapeError);
  // A result is never the input itself.
  const Tensor one = asarray({1.0});
  EXPECT_NE(fft::fftshift(one).data(), one.data());
}

}  // namespace
}  // namespace emberharmony::ops
