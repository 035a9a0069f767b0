#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Elementwise, ArithmeticOfArraysAndNumbers) {
  const Tensor x = asarray<double>({1, 2, 3});
  const Tensor y = asarray<double>({10, 20, 30});
  EXPECT_THAT(ListOf<double>(x + y), ElementsAre(11, 22, 33));
  EXPECT_THAT(ListOf<double>(y - 1), ElementsAre(9, 19, 29));
  EXPECT_THAT(ListOf<double>(6.0 / x), ElementsAre(6, 3, 2));
  EXPECT_THAT(ListOf<double>(-x * 2), ElementsAre(-2, -4, -6));
  EXPECT_THAT(ListOf<bool>(x < 2.5), ElementsAre(true, true, false));
  EXPECT_THAT(ListOf<bool>(2.0 <= x), ElementsAre(false, true, true));
  EXPECT_THAT(ListOf<bool>((x == 1.0) | (x == 3.0)), ElementsAre(true, false, true));
  EXPECT_THAT(ListOf<double>(where(x > 1.5, x, 0.0)), ElementsAre(0, 2, 3));
  EXPECT_THAT(ListOf<double>(where(x > 1.5, 1.0, kInf)), ElementsAre(kInf, 1, 1));
  EXPECT_EQ(where(x > 1.5, 1, 0).dtype(), DType::kInt64);
}

TEST(Elementwise, DTypesPromoteAndNumbersAdapt) {
  const Tensor i8 = asarray<int8_t>({1, -2});
  const Tensor u8 = asarray<uint8_t>({255, 3});
  const Tensor f4 = asarray<float>({0.5F, 1.5F});
  const Tensor f8 = asarray<double>({0.1, 0.2});
  EXPECT_EQ((i8 + u8).dtype(), DType::kInt16);
  EXPECT_THAT(ListOf<int16_t>(i8 + u8), ElementsAre(256, 1));
  EXPECT_EQ((f4 * f8).dtype(), DType::kFloat64);
  EXPECT_EQ((f4 + 1).dtype(), DType::kFloat32);
  EXPECT_EQ((f4 + 0.1).dtype(), DType::kFloat32);
  EXPECT_EQ((i8 + 1).dtype(), DType::kInt8);
  EXPECT_EQ((i8 + f8).dtype(), DType::kFloat64);
  EXPECT_THAT(ListOf<float>(i8 + f4), ElementsAre(1.5F, -0.5F));
  EXPECT_THAT(ListOf<double>(i8 + 0.5), ElementsAre(1.5, -1.5));
  EXPECT_THAT(ListOf<double>(i8 / u8), ElementsAre(1 / 255.0, -2 / 3.0));
  EXPECT_EQ((asarray<bool>({true}) + 2).dtype(), DType::kInt64);
  EXPECT_THAT(ListOf<int8_t>(asarray<bool>({true, false}) + i8), ElementsAre(2, -2));
  EXPECT_THAT(ListOf<double>(sqrt(asarray<bool>({true, false}))), ElementsAre(1, 0));
  EXPECT_THAT(ListOf<double>(exp(asarray<int64_t>({0}))), ElementsAre(1));
  EXPECT_EQ(MessageOf([&] { asarray<uint64_t>({1}) + i8; }),
            "add: uint64 and int8 have no common dtype that holds both: convert one with astype");
  EXPECT_EQ(MessageOf([&] { full({1}, 0.5, DType::kInt8); }),
            "full: the number 0.5 cannot become an element of dtype int8: convert the array with "
            "astype");
  EXPECT_EQ(
      MessageOf([&] { u8 + 256; }),
      "add: expected a number that uint8 can hold, [0, 255], found 256: convert the array to a "
      "wider dtype with astype");
  EXPECT_THAT(MessageOf([&] { u8 + -1; }), HasSubstr("found -1"));
  EXPECT_EQ(MessageOf([&] { less(asarray<std::complex<double>>({1.0}), 2); }),
            "less: expected a real-valued or bool dtype, found complex128: convert with astype");
  EXPECT_THROW(subtract(asarray<bool>({true}), true), DTypeError);
  EXPECT_THROW(add(Tensor(), f8), std::invalid_argument);
}

TEST(Elementwise, TruthValuesAreAddedAndMultiplied) {
  const Tensor a = asarray<bool>({true, true, false, false});
  const Tensor b = asarray<bool>({true, false, true, false});
  EXPECT_THAT(ListOf<bool>(a + b), ElementsAre(true, true, true, false));
  EXPECT_THAT(ListOf<bool>(a * b), ElementsAre(true, false, false, false));
  EXPECT_THAT(ListOf<bool>(a + true), ElementsAre(true, true, true, true));
  EXPECT_THAT(ListOf<bool>(abs(a)), ElementsAre(true, true, false, false));
  EXPECT_EQ((a + 1).dtype(), DType::kInt64);
  Tensor sum = a.Copy();
  sum += b;
  EXPECT_THAT(ListOf<bool>(sum), ElementsAre(true, true, true, false));
}

TEST(Elementwise, WhateverIsNotZeroIsACondition) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(ListOf<int64_t>(where(asarray({0.0, -0.0, 0.5, kNaN}), 1, 2)),
              ElementsAre(2, 2, 1, 1));
  EXPECT_THAT(ListOf<int64_t>(where(asarray<int8_t>({0, -1}), 1, 2)), ElementsAre(2, 1));
  EXPECT_THAT(ListOf<int64_t>(where(asarray<std::complex<double>>({{0, 0}, {0, 1}}), 1, 2)),
              ElementsAre(2, 1));
  EXPECT_THAT(ListOf<int64_t>(where(2, asarray<int64_t>({1}), 2)), ElementsAre(1));
}

TEST(Elementwise, ShapesBroadcast) {
  const Tensor x = reshape(arange(6), {2, 3});
  const Tensor column = reshape(asarray<int64_t>({10, 20}), {2, 1});
  EXPECT_THAT(ListOf<int64_t>(x + column), ElementsAre(10, 11, 12, 23, 24, 25));
  EXPECT_THAT(ListOf<int64_t>(x + asarray<int64_t>({1, 2, 3})), ElementsAre(1, 3, 5, 4, 6, 8));
  EXPECT_EQ(
      MessageOf([&] { x + asarray<int64_t>({1, 2}); }),
      "add: shapes (2, 3) and (2,) do not broadcast: aligned from the right, dimensions must be "
      "equal or 1");
  EXPECT_THAT(MessageOf([&] { where(x > 1, x, arange(4)); }),
              HasSubstr("where: shapes (2, 3), (2, 3) and (4,) do not broadcast"));
  EXPECT_EQ((zeros({0, 3}) + 1.0).size(), 0);
}

TEST(Elementwise, OutputsAreReused) {
  const Tensor x = asarray<double>({1, 2, 3});
  Tensor out;
  const Tensor first = add(x, 1, {.out = &out});
  EXPECT_EQ(first.data(), out.data());
  const void* memory = out.data();
  multiply(out, out, {.out = &out});
  EXPECT_EQ(out.data(), memory);
  EXPECT_THAT(ListOf<double>(out), ElementsAre(4, 9, 16));
  EXPECT_EQ(MessageOf([&] { isnan(x, {.out = &out}); }),
            "isnan: expected an output of dtype bool, found a float64 tensor of shape (3,)");
  EXPECT_THAT(MessageOf([&] { add(zeros({2, 3}), x, {.out = &out}); }),
              HasSubstr("add: expected an output of shape (2, 3), found a float64"));
  Tensor readonly = Tensor::Wrap(memory, {3}, DType::kFloat64, out.owner());
  EXPECT_THAT(MessageOf([&] { add(x, 1, {.out = &readonly}); }), HasSubstr("is read-only"));
}

TEST(Elementwise, OutputsMayOverlapInputs) {
  Tensor x = asarray<double>({1, 2, 3, 4, 5});
  Tensor tail = x.Slice(0, 1, 5);
  add(x.Slice(0, 0, 4), tail, {.out = &tail});
  EXPECT_THAT(ListOf<double>(x), ElementsAre(1, 3, 5, 7, 9));
  Tensor y = asarray<double>({1, 2, 3, 4});
  Tensor reversed = y.Slice(0, 3, -5, -1);
  negative(y, {.out = &reversed});
  EXPECT_THAT(ListOf<double>(y), ElementsAre(-4, -3, -2, -1));
}

TEST(Elementwise, ClipKeepsNaNAndTheDType) {
  const Tensor x = asarray<double>({-3, -0.0, 2, 7, kNaN, kInf, -kInf});
  EXPECT_THAT(ListOf<double>(clip(x, 0.0, 5)), ElementsAre(0, 0, 2, 5, ::testing::IsNan(), 5, 0));
  EXPECT_THAT(ListOf<double>(clip(x, 0)), ElementsAre(0, 0, 2, 7, ::testing::IsNan(), kInf, 0));
  EXPECT_TRUE(std::signbit(ListOf<double>(clip(x, 0))[1]));
  EXPECT_THAT(ListOf<double>(clip(x, {}, 1.5)),
              ElementsAre(-3, 0, 1.5, 1.5, ::testing::IsNan(), 1.5, -kInf));
  const Tensor ints = asarray<int32_t>({-5, 5, 50});
  EXPECT_THAT(ListOf<int32_t>(clip(ints, -1, 10)), ElementsAre(-1, 5, 10));
  EXPECT_THAT(ListOf<int32_t>(clip(ints, asarray<int8_t>({0, 6, 7}))), ElementsAre(0, 6, 50));
  EXPECT_THROW(clip(ints, asarray<int64_t>({0})), DTypeError);
  EXPECT_THAT(ListOf<double>(clip(ints, 0.5)), ElementsAre(0.5, 5, 50));
}

TEST(Elementwise, IntegersWrapAround) {
  const int64_t low = std::numeric_limits<int64_t>::min();
  const int64_t high = std::numeric_limits<int64_t>::max();
  const Tensor x = asarray<int64_t>({low, high, -7, 7});
  EXPECT_THAT(ListOf<int64_t>(x + 1), ElementsAre(low + 1, low, -6, 8));
  EXPECT_THAT(ListOf<int64_t>(x * 2), ElementsAre(0, -2, -14, 14));
  EXPECT_THAT(ListOf<int64_t>(-x), ElementsAre(low, -high, 7, -7));
  EXPECT_THAT(ListOf<int64_t>(abs(x)), ElementsAre(low, high, 7, 7));
  EXPECT_THAT(ListOf<int64_t>(floor_divide(x, -1)), ElementsAre(low, -high, 7, -7));
  EXPECT_THAT(ListOf<int64_t>(floor_divide(x, 2)), ElementsAre(low / 2, high / 2, -4, 3));
  EXPECT_THAT(ListOf<int64_t>(remainder(x, -3)), ElementsAre(-2, -2, -1, -2));
  EXPECT_THAT(ListOf<int64_t>(remainder(x, 0)), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(ListOf<int64_t>(floor_divide(x, 0)), ElementsAre(0, 0, 0, 0));
  const Tensor u2 = asarray<uint16_t>({65535, 40000});
  EXPECT_THAT(ListOf<uint16_t>(u2 * u2), ElementsAre(1, 40000ull * 40000 % 65536));
  EXPECT_THAT(ListOf<uint16_t>(u2 + 1), ElementsAre(0, 40001));
  EXPECT_THAT(
      ListOf<int64_t>(pow(asarray<int64_t>({3, -2, 0, -1, 2}), asarray<int64_t>({4, 3, 0, 3, 1}))),
      ElementsAre(81, -8, 1, -1, 2));
  EXPECT_THROW(pow(asarray<int64_t>({3}), asarray<int64_t>({-1})), std::invalid_argument);
  EXPECT_THROW(pow(asarray<int64_t>({3}), -1), std::invalid_argument);
  EXPECT_THAT(ListOf<int8_t>(sign(asarray<int8_t>({-128, 0, 5}))), ElementsAre(-1, 0, 1));
}

// The special cases the standard lists for floor_divide and remainder.
TEST(Elementwise, FloorDivideAndRemainderAtSpecialValues) {
  struct Case {
    double x1, x2, quotient, remainder;
  };
  const Case cases[] = {
      {7, 2, 3, 1},
      {-7, 2, -4, 1},
      {7, -2, -4, -1},
      {-7, -2, 3, -1},
      {0.7, 0.1, 6, std::fmod(0.7, 0.1)},
      {0.0, 2, 0.0, 0.0},
      {-0.0, 2, -0.0, 0.0},
      {0.0, -2, -0.0, -0.0},
      {-0.0, -2, 0.0, -0.0},
      {5, 0.0, kInf, kNaN},
      {5, -0.0, -kInf, kNaN},
      {-5, 0.0, -kInf, kNaN},
      {0.0, 0.0, kNaN, kNaN},
      {kInf, kInf, kNaN, kNaN},
      {kInf, 2, kInf, kNaN},
      {kInf, -2, -kInf, kNaN},
      {-kInf, 2, -kInf, kNaN},
      {-kInf, -2, kInf, kNaN},
      {3, kInf, 0.0, 3},
      {3, -kInf, -0.0, -kInf},
      {-3, kInf, -0.0, kInf},
      {-3, -kInf, 0.0, -3},
      {kNaN, 1, kNaN, kNaN},
      {1, kNaN, kNaN, kNaN},
  };
  const auto expect_same = [](double found, double expected, const Case& c) {
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << c.x1 << " by " << c.x2 << " gave " << found;
    } else {
      EXPECT_EQ(found, expected) << c.x1 << " by " << c.x2;
      EXPECT_EQ(std::signbit(found), std::signbit(expected)) << c.x1 << " by " << c.x2;
    }
  };
  for (const Case& c : cases) {
    expect_same(floor_divide(asarray<double>({c.x1}), c.x2).item<double>(), c.quotient, c);
    expect_same(remainder(asarray<double>({c.x1}), c.x2).item<double>(), c.remainder, c);
  }
}

TEST(Elementwise, PredicatesAndRounding) {
  const Tensor x = asarray<double>({kNaN, kInf, -kInf, -0.0, 5e-324, -2.5, 3.5});
  EXPECT_THAT(ListOf<bool>(isnan(x)), ElementsAre(true, false, false, false, false, false, false));
  EXPECT_THAT(ListOf<bool>(isinf(x)), ElementsAre(false, true, true, false, false, false, false));
  EXPECT_THAT(ListOf<bool>(isfinite(x)), ElementsAre(false, false, false, true, true, true, true));
  EXPECT_THAT(ListOf<bool>(isnan(arange(2))), ElementsAre(false, false));
  EXPECT_THAT(ListOf<bool>(isfinite(arange(2))), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(equal(x, x)), ElementsAre(false, true, true, true, true, true, true));
  const Tensor y = asarray<double>({-2.5, 3.5, 0.5, 1.2, -1.7});
  EXPECT_THAT(ListOf<double>(round(y)), ElementsAre(-2, 4, 0, 1, -2));
  EXPECT_THAT(ListOf<double>(floor(y)), ElementsAre(-3, 3, 0, 1, -2));
  EXPECT_THAT(ListOf<double>(ceil(y)), ElementsAre(-2, 4, 1, 2, -1));
  EXPECT_THAT(ListOf<double>(trunc(y)), ElementsAre(-2, 3, 0, 1, -1));
  EXPECT_THAT(ListOf<int64_t>(floor(arange(3))), ElementsAre(0, 1, 2));
  EXPECT_THAT(ListOf<double>(sign(asarray<double>({-3, -0.0, 4, kNaN}))),
              ElementsAre(-1, 0, 1, ::testing::IsNan()));
  EXPECT_THAT(ListOf<double>(minimum(asarray<double>({1, kNaN, 3}), asarray<double>({2, 2, kNaN}))),
              ElementsAre(1, ::testing::IsNan(), ::testing::IsNan()));
  EXPECT_THAT(ListOf<bool>(logical_not(x > 0.0)),
              ElementsAre(true, false, true, true, false, true, false));
}

TEST(Elementwise, WhereTakesNaNAsAValue) {
  const Tensor x = asarray<double>({1, kNaN, 3});
  EXPECT_THAT(ListOf<double>(where(isnan(x), 0.0, x)), ElementsAre(1, 0, 3));
  EXPECT_THAT(ListOf<double>(where(x > 2.0, kNaN, x)),
              ElementsAre(1, ::testing::IsNan(), ::testing::IsNan()));
}

TEST(Elementwise, ConversionsSaturate) {
  const Tensor x = asarray<double>({kNaN, kInf, -kInf, 1e30, -1e30, 2.9, -2.9, 4294967296.5});
  const int32_t low = std::numeric_limits<int32_t>::min();
  const int32_t high = std::numeric_limits<int32_t>::max();
  EXPECT_THAT(ListOf<int32_t>(astype(x, DType::kInt32)),
              ElementsAre(0, high, low, high, low, 2, -2, high));
  EXPECT_THAT(ListOf<uint8_t>(astype(x, DType::kUInt8)), ElementsAre(0, 255, 0, 255, 0, 2, 0, 255));
  const int64_t max64 = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(ListOf<int64_t>(astype(x, DType::kInt64)),
              ElementsAre(0, max64, -max64 - 1, max64, -max64 - 1, 2, -2, 4294967296));
  EXPECT_THAT(ListOf<uint64_t>(astype(x, DType::kUInt64)),
              ElementsAre(0u, ~uint64_t{0}, 0u, ~uint64_t{0}, 0u, 2u, 0u, 4294967296u));
  EXPECT_THAT(ListOf<bool>(astype(asarray<double>({0, -0.0, kNaN, 0.1}), DType::kBool)),
              ElementsAre(false, false, true, true));
  EXPECT_THAT(ListOf<double>(astype(asarray<bool>({true, false}), DType::kFloat64)),
              ElementsAre(1, 0));
  EXPECT_THAT(ListOf<int8_t>(astype(asarray<int32_t>({300, -129}), DType::kInt8)),
              ElementsAre(44, 127));
  EXPECT_EQ(astype(asarray<int64_t>({(1 << 24) + 1}), DType::kFloat32).item<float>(), 16777216.0F);
  EXPECT_EQ(astype(x, DType::kFloat64, /*copy=*/false).data(), x.data());
  EXPECT_NE(astype(x, DType::kFloat64).data(), x.data());
}

TEST(Elementwise, BitsOfIntegers) {
  const Tensor x = asarray<int8_t>({-128, -1, 5, 127});
  EXPECT_THAT(ListOf<int8_t>(x & 12), ElementsAre(0, 12, 4, 12));
  EXPECT_THAT(ListOf<int8_t>(x | 1), ElementsAre(-127, -1, 5, 127));
  EXPECT_THAT(ListOf<int8_t>(x ^ x), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(ListOf<int8_t>(~x), ElementsAre(127, 0, -6, -128));
  EXPECT_THAT(ListOf<int8_t>(x << 1), ElementsAre(0, -2, 10, -2));
  EXPECT_THAT(ListOf<int8_t>(x >> 1), ElementsAre(-64, -1, 2, 63));
  for (int distance : {8, 100, -1}) {
    EXPECT_THAT(ListOf<int8_t>(x << distance), ElementsAre(0, 0, 0, 0)) << distance;
    EXPECT_THAT(ListOf<int8_t>(x >> distance), ElementsAre(-1, -1, 0, 0)) << distance;
  }
  EXPECT_THAT(ListOf<uint64_t>(asarray<uint64_t>({1, ~uint64_t{0}}) << 63),
              ElementsAre(uint64_t{1} << 63, uint64_t{1} << 63));
  EXPECT_THAT(ListOf<uint64_t>(asarray<uint64_t>({1, ~uint64_t{0}}) << 64), ElementsAre(0u, 0u));
  EXPECT_THAT(ListOf<int8_t>(count_ones(x)), ElementsAre(1, 8, 2, 7));
  EXPECT_THAT(ListOf<int64_t>(count_ones(asarray<int64_t>({-1}))), ElementsAre(64));
  EXPECT_THAT(ListOf<bool>(~asarray<bool>({true, false})), ElementsAre(false, true));
  EXPECT_EQ(MessageOf([&] { asarray<double>({1}) & x; }),
            "bitwise_and: expected an integer or bool dtype, found float64: convert with astype");
  EXPECT_THROW(asarray<bool>({true}) << true, DTypeError);
}

TEST(Elementwise, BoolsHaveAnOrder) {
  const Tensor x = asarray<bool>({false, true}), y = asarray<bool>({true, true});
  EXPECT_THAT(ListOf<bool>(x < y), ElementsAre(true, false));
  EXPECT_THAT(ListOf<bool>(maximum(x, y)), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(minimum(x, y)), ElementsAre(false, true));
  EXPECT_THAT(ListOf<bool>(isfinite(x)), ElementsAre(true, true));
  EXPECT_THROW(x - y, DTypeError);
}

TEST(Elementwise, ComparisonsBeyondAnIntegersRangeAreExact) {
  const Tensor x = asarray<uint8_t>({0, 255});
  EXPECT_THAT(ListOf<bool>(x < 256), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(x >= -1), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(x == 256), ElementsAre(false, false));
  EXPECT_THAT(ListOf<bool>(x != -1), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(greater(-1, x)), ElementsAre(false, false));
  EXPECT_THAT(ListOf<bool>(less(-1, x)), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(asarray<int8_t>({-128, 127}) <= 127), ElementsAre(true, true));
  EXPECT_THAT(ListOf<bool>(asarray<int8_t>({-128, 127}) <= -128), ElementsAre(true, false));
  EXPECT_THAT(ListOf<bool>(asarray<int8_t>({-128, 127}) < -129), ElementsAre(false, false));
}

TEST(Elementwise, PartsOfComplexNumbers) {
  using F = std::complex<float>;
  const Tensor x = asarray<F>({{1, 2}, {-3, -0.0F}});
  EXPECT_THAT(ListOf<float>(real(x)), ElementsAre(1, -3));
  EXPECT_THAT(ListOf<float>(imag(x)), ElementsAre(2, 0));
  EXPECT_THAT(ListOf<F>(conj(x)), ElementsAre(F(1, -2), F(-3, 0)));
  EXPECT_THAT(ListOf<int64_t>(real(arange(2))), ElementsAre(0, 1));
  EXPECT_THAT(ListOf<int64_t>(imag(arange(2))), ElementsAre(0, 0));
  EXPECT_THAT(ListOf<F>(reciprocal(asarray<F>({{0, 2}}))), ElementsAre(F(0, -0.5F)));
  EXPECT_THAT(ListOf<bool>(signbit(imag(x))), ElementsAre(false, true));
  const Tensor zeros = imag(asarray<double>({-1, -0.0, NAN, -INFINITY}));
  EXPECT_THAT(ListOf<double>(zeros), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(ListOf<bool>(signbit(zeros)), ElementsAre(false, false, false, false));
}

TEST(Elementwise, AssignmentKeepsTheMemoryThatNoOtherHas) {
  Tensor x = asarray<double>({1, 2});
  const void* const memory = x.data();
  x += 1;
  x *= asarray<double>({10, 100});
  EXPECT_EQ(x.data(), memory);
  EXPECT_THAT(ListOf<double>(x), ElementsAre(20, 300));
  EXPECT_THROW(x += asarray<std::complex<double>>({1.0}), DTypeError);
  EXPECT_THROW(x += zeros({2, 2}), ShapeError);
  Tensor bits = asarray<int32_t>({1});
  bits <<= 3;
  EXPECT_EQ(bits.item<int32_t>(), 8);
  double numbers[] = {1, 2};
  Tensor theirs = Tensor::WrapMutable(numbers, Shape{2}, DType::kFloat64, nullptr);
  theirs += 1;
  EXPECT_EQ(numbers[1], 3);
}

TEST(Elementwise, AssignmentLeavesCopiesAndViewsAsTheyAre) {
  Tensor x = asarray<double>({1, 2});
  const Tensor copy = x, view = x.Slice(0, 1, 2);
  x += 1;
  EXPECT_THAT(ListOf<double>(x), ElementsAre(2, 3));
  EXPECT_THAT(ListOf<double>(copy), ElementsAre(1, 2));
  EXPECT_THAT(ListOf<double>(view), ElementsAre(2));
  const auto double_it = [](Tensor given) { return given *= 2; };
  EXPECT_THAT(ListOf<double>(double_it(x)), ElementsAre(4, 6));
  EXPECT_THAT(ListOf<double>(x), ElementsAre(2, 3));
  x += x;
  EXPECT_THAT(ListOf<double>(x), ElementsAre(4, 6));
  Tensor part = x.Slice(0, 0, 1);
  part -= 1;
  EXPECT_THAT(ListOf<double>(part), ElementsAre(3));
  EXPECT_THAT(ListOf<double>(x), ElementsAre(4, 6));
  // A failure changes nothing.
  Tensor same = x;
  EXPECT_THROW(same += zeros({2, 2}), ShapeError);
  EXPECT_EQ(same.data(), x.data());
  Tensor read_only = x.ReadOnly();
  EXPECT_THROW(read_only += 1, std::invalid_argument);
}

TEST(Elementwise, ResultTypesOfTensorsAndNumbers) {
  const Tensor b = asarray<bool>({true}), i2 = asarray<int16_t>({1}), f4 = asarray<float>({1});
  using Complex = std::complex<double>;
  EXPECT_EQ(result_type({b, 1}), DType::kInt64);
  EXPECT_EQ(result_type({1, b, 0.5}), DType::kFloat64);
  EXPECT_EQ(result_type({i2, 0.5}), DType::kFloat64);
  EXPECT_EQ(result_type({0.5, i2, f4}), DType::kFloat32);
  EXPECT_EQ(result_type({f4, Complex(0, 1)}), DType::kComplex64);
  EXPECT_EQ(result_type({i2, Complex(0, 1)}), DType::kComplex128);
  EXPECT_EQ(result_type({true, 2}), DType::kInt64);
  EXPECT_EQ(result_type({uint64_t{1} << 63}), DType::kUInt64);
  EXPECT_EQ(result_type({i2, true}), DType::kInt16);
  EXPECT_THROW(result_type({}), std::invalid_argument);
}

TEST(Elementwise, LogicTakesAnyDType) {
  const Tensor x = asarray<double>({0, -0.0, kNaN, 3});
  EXPECT_THAT(ListOf<bool>(logical_not(x)), ElementsAre(true, true, false, false));
  EXPECT_THAT(ListOf<bool>(logical_and(x, 2)), ElementsAre(false, false, true, true));
  EXPECT_THAT(ListOf<bool>(logical_xor(asarray<uint64_t>({0, 5}), asarray<int64_t>({0, 0}))),
              ElementsAre(false, true));
}

TEST(Elementwise, ComplexArithmetic) {
  using C = std::complex<double>;
  using F = std::complex<float>;
  const Tensor x = asarray<C>({{1, 2}, {-3, 0.5}});
  const Tensor y = asarray<C>({{0, -1}, {2, 2}});
  EXPECT_THAT(ListOf<C>(x + y), ElementsAre(C(1, 1), C(-1, 2.5)));
  EXPECT_THAT(ListOf<C>(x - 1), ElementsAre(C(0, 2), C(-4, 0.5)));
  EXPECT_THAT(ListOf<C>(x * y), ElementsAre(C(2, -1), C(-7, -5)));
  EXPECT_THAT(ListOf<C>(x / y), ElementsAre(C(-2, 1), C(-0.625, 0.875)));
  EXPECT_THAT(ListOf<C>(x * C(0, 1)), ElementsAre(C(-2, 1), C(-0.5, -3)));
  EXPECT_THAT(ListOf<F>(asarray<float>({1, 2}) * C(0, 1)), ElementsAre(F(0, 1), F(0, 2)));
  EXPECT_EQ((asarray<int8_t>({1}) + asarray<F>({{0, 1}})).dtype(), DType::kComplex64);
  EXPECT_THAT(ListOf<bool>(x == y), ElementsAre(false, false));
  EXPECT_THAT(ListOf<bool>(x != x), ElementsAre(false, false));
  EXPECT_THAT(ListOf<C>(where(asarray<bool>({true, false}), x, y)), ElementsAre(C(1, 2), C(2, 2)));
  EXPECT_THAT(ListOf<double>(abs(asarray<C>({{3, -4}, {-kInf, kNaN}}))), ElementsAre(5, kInf));
  // The parts are divided by the larger one first: nothing overflows.
  EXPECT_THAT(ListOf<C>(asarray<C>({{1e300, 1e300}}) / asarray<C>({{1e300, 1e300}})),
              ElementsAre(C(1, 0)));
}

TEST(Elementwise, ComplexConversions) {
  using C = std::complex<double>;
  using F = std::complex<float>;
  const Tensor x = asarray<double>({0.5, -2});
  EXPECT_THAT(ListOf<F>(astype(x, DType::kComplex64)), ElementsAre(F(0.5), F(-2)));
  const Tensor c = asarray<C>({{0, 0}, {0, 1}, {kNaN, 0}});
  EXPECT_THAT(ListOf<bool>(astype(c, DType::kBool)), ElementsAre(false, true, true));
  EXPECT_THAT(ListOf<C>(astype(asarray<bool>({true}), DType::kComplex128)), ElementsAre(C(1)));
  EXPECT_THAT(MessageOf([&] { astype(c, DType::kFloat64); }),
              HasSubstr("astype: complex numbers do not become float64"));
  EXPECT_THROW(astype(c, DType::kInt8), DTypeError);
  EXPECT_THAT(ListOf<C>(full({1}, C(1, 2))), ElementsAre(C(1, 2)));
}

// Any strides, against element-by-element evaluation through Select.
TEST(Elementwise, StridedAndBroadcastInputsMatchANaiveLoop) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const int rank = 1 + static_cast<int>(random() % 4);
    Shape shape;
    for (int i = 0; i < rank; ++i)
      shape.Append(1 + static_cast<int64_t>(random() % (rank == 1 ? 3000 : 23)));
    const auto make = [&] {
      // A larger tensor, sliced, perhaps reversed, perhaps transposed in memory, perhaps of length
      // 1 in some axes.
      Shape larger;
      std::vector<int> order(rank), back(rank);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      for (int i = 0; i < rank; ++i) back[order[i]] = i;
      Shape own = shape;
      for (int i = 0; i < rank; ++i) {
        if (random() % 4 == 0) own[i] = 1;
      }
      for (int i = 0; i < rank; ++i) larger.Append(own[order[i]] * 2 + 1);
      std::vector<double> values(larger.num_elements());
      for (double& value : values) value = static_cast<double>(random() % 1000);
      Tensor x = Tensor::FromValues(std::span<const double>(values), larger).PermuteDims(back);
      for (int i = 0; i < rank; ++i) {
        switch (random() % 3) {
          case 0:
            x = x.Slice(i, 1, 1 + own[i]);
            break;
          case 1:
            x = x.Slice(i, 0, 2 * own[i], 2);
            break;
          default:
            x = x.Slice(i, own[i] - 1, -(2 * own[i] + 2), -1);
            break;
        }
      }
      return x;
    };
    const Tensor x = make(), y = make(), z = make();
    const Tensor sum = x - y * 2.0;
    const Tensor chosen = where(x < y, z, x);
    Shape result = x.shape();
    ASSERT_TRUE(tensor::BroadcastInto(&result, y.shape()));
    ASSERT_EQ(sum.shape().ToString(), result.ToString());
    ASSERT_TRUE(tensor::BroadcastInto(&result, z.shape()));
    const Tensor wide_x = x.BroadcastTo(result), wide_y = y.BroadcastTo(result);
    const Tensor wide_z = z.BroadcastTo(result), wide_sum = sum.BroadcastTo(result);
    Tensor strided = Tensor::Empty(result, DType::kFloat64);
    std::vector<int64_t> at(rank);
    for (int64_t i = 0; i < result.num_elements(); ++i) {
      const auto element = [&](const Tensor& t) {
        int64_t offset = 0;
        for (int axis = 0; axis < rank; ++axis) offset += at[axis] * t.strides()[axis];
        return t.data_as<double>()[offset];
      };
      const double a = element(wide_x), b = element(wide_y), c = element(wide_z);
      ASSERT_EQ(element(wide_sum), a - b * 2.0);
      ASSERT_EQ(element(chosen), a < b ? c : a);
      for (int axis = rank - 1; axis >= 0 && ++at[axis] == result[axis]; --axis) at[axis] = 0;
    }
  }
}

TEST(Elementwise, StridedOutputs) {
  Tensor target = zeros({700, 3});
  Tensor column = target.Slice(1, 1, 2);
  const Tensor x = reshape(arange(0.0, 700.0), {700, 1});
  sqrt(x, {.out = &column});
  for (int64_t i = 0; i < 700; ++i) {
    ASSERT_EQ(target.values<double>()[i * 3], 0.0);
    ASSERT_EQ(target.values<double>()[i * 3 + 1], std::sqrt(static_cast<double>(i)));
    ASSERT_EQ(target.values<double>()[i * 3 + 2], 0.0);
  }
}

}  // namespace
}  // namespace emberharmony::ops
