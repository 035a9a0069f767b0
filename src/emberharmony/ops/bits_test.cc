#include "emberharmony/ops/bits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

TEST(Bits, Rotations) {
  const Tensor x = asarray<uint8_t>({0b10010110, 0, 255, 1});
  EXPECT_THAT(ListOf<uint8_t>(rotate_left(x, 3)), ElementsAre(0b10110100, 0, 255, 8));
  EXPECT_THAT(ListOf<uint8_t>(rotate_right(x, 3)), ElementsAre(0b11010010, 0, 255, 0b00100000));
  EXPECT_THAT(ListOf<uint8_t>(rotate_left(x, -3)), ElementsAre(0b11010010, 0, 255, 0b00100000));
  EXPECT_THAT(ListOf<uint8_t>(rotate_left(x, 8)), ElementsAre(0b10010110, 0, 255, 1));
  EXPECT_THAT(ListOf<uint8_t>(rotate_left(x, 800003)), ElementsAre(0b10110100, 0, 255, 8));
  // The lower half only.
  EXPECT_THAT(ListOf<uint8_t>(rotate_left(x, 1, 4)), ElementsAre(0b10011100, 0, 255, 2));
  EXPECT_THAT(
      ListOf<int8_t>(rotate_left(asarray<int8_t>({1, -128, -2}), asarray<int64_t>({7, 1, 4}))),
      ElementsAre(-128, 1, -17));
  EXPECT_THAT(ListOf<int64_t>(rotate_right(asarray<int64_t>({1}), 1)), ElementsAre(INT64_MIN));
  EXPECT_EQ(rotate_left(uint64_t{3} << 62, 1).item<uint64_t>(), (uint64_t{1} << 63) | 1);
  EXPECT_THROW(rotate_left(x, 1, 9), std::invalid_argument);
  EXPECT_THROW(rotate_left(x, 1, -1), std::invalid_argument);
  EXPECT_THROW(rotate_left(asarray<double>({1}), 1), DTypeError);
  EXPECT_THROW(rotate_left(x, 0.5), DTypeError);
}

TEST(Bits, CountsAndPositions) {
  EXPECT_THAT(ListOf<int8_t>(count_zeros(asarray<int8_t>({0, -1, 5, -128}))),
              ElementsAre(8, 0, 6, 7));
  EXPECT_THAT(ListOf<uint64_t>(count_zeros(asarray<uint64_t>({0, UINT64_MAX}))),
              ElementsAre(64, 0));
  const Tensor x = asarray<int8_t>({0, -1, 5});
  EXPECT_THAT(ListOf<int8_t>(get_bit(x, 2)), ElementsAre(0, 1, 1));
  EXPECT_THAT(ListOf<int8_t>(get_bit(x, 7)), ElementsAre(0, 1, 0));
  EXPECT_THAT(ListOf<int8_t>(set_bit(x, 7)), ElementsAre(-128, -1, -123));
  EXPECT_THAT(ListOf<int8_t>(set_bit(x, 0, 0)), ElementsAre(0, -2, 4));
  EXPECT_THAT(ListOf<int8_t>(set_bit(x, asarray<uint8_t>({0, 1, 2}), asarray<int64_t>({1, 0, 0}))),
              ElementsAre(1, -3, 1));
  EXPECT_THAT(ListOf<int8_t>(toggle_bit(x, 2)), ElementsAre(4, -5, 1));
  EXPECT_EQ(get_bit(5, 2).item<int64_t>(), 1);
  EXPECT_EQ(set_bit(x, reshape(asarray<int32_t>({0, 1}), {2, 1})).shape().ToString(), "(2, 3)");
  EXPECT_THROW(get_bit(x, 8), IndexError);
  EXPECT_THROW(set_bit(x, -1), IndexError);
  EXPECT_THROW(toggle_bit(x, asarray<uint64_t>({UINT64_MAX})), IndexError);
  EXPECT_THROW(get_bit(asarray<bool>({true}), 0), DTypeError);
}

TEST(Bits, Waves) {
  const std::vector<Tensor> waves = {asarray<uint8_t>({0b1100}), asarray<uint8_t>({0b1010}),
                                     asarray<uint8_t>({0b1001})};
  EXPECT_EQ(binary_wave_interference(waves).item<uint8_t>(), 0b1111);
  EXPECT_EQ(binary_wave_interference(waves, "and").item<uint8_t>(), 0b1000);
  EXPECT_EQ(binary_wave_interference(waves, "or").item<uint8_t>(), 0b1111);
  EXPECT_THROW(binary_wave_interference({}, "or"), std::invalid_argument);
  EXPECT_THROW(binary_wave_interference(waves, "nand"), std::invalid_argument);
  EXPECT_THAT(
      ListOf<uint8_t>(binary_wave_propagate(asarray<uint8_t>({24, 24, 24, 24, 24}),
                                            asarray<int64_t>({0, 2, -3, 1000, INT64_MIN + 1}))),
      ElementsAre(24, 96, 3, 0, 0));
  EXPECT_THAT(ListOf<int8_t>(binary_wave_propagate(asarray<int8_t>({-8, 3}), -1)),
              ElementsAre(-4, 1));
  EXPECT_THAT(ListOf<int32_t>(create_duty_cycle(5, 0.5)), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(ListOf<int32_t>(create_duty_cycle(2, 1)), ElementsAre(1, 1));
  EXPECT_THROW(create_duty_cycle(0, 0.5), std::invalid_argument);
  EXPECT_THROW(create_duty_cycle(3, 1.5), std::invalid_argument);
  EXPECT_THAT(ListOf<int32_t>(generate_blocky_sin(7, 2)), ElementsAre(1, 1, 0, 0, 1, 1, 0));
  EXPECT_THROW(generate_blocky_sin(7, 0), std::invalid_argument);
}

TEST(Bits, ChudnovskysSeries) {
  const auto [p, q, t] = binary_split(0, 1);
  EXPECT_EQ(p.item<double>(), 1);
  EXPECT_EQ(q.item<double>(), 1);
  EXPECT_EQ(t.item<double>(), 13591409);
  for (int64_t n : {1, 2, 4}) {
    const auto series = binary_split(0, n);
    const double pi = 426880 * std::sqrt(10005.0) * std::get<1>(series).item<double>() /
                      std::get<2>(series).item<double>();
    EXPECT_NEAR(pi, std::acos(-1.0), n == 1 ? 1e-13 : 1e-15);
  }
  EXPECT_THROW(binary_split(2, 2), std::invalid_argument);
  EXPECT_THROW(binary_split(-1, 2), std::invalid_argument);
}

}  // namespace
}  // namespace emberharmony::ops
