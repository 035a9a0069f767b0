#include "emberharmony/base/saturating.h"

#include <gtest/gtest.h>

namespace emberharmony::base {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(Saturating, StaysAtTheLargestNumber) {
  EXPECT_EQ(SaturatingAdd(2, 3), 5);
  EXPECT_EQ(SaturatingAdd(kMax - 1, 1), kMax);
  EXPECT_EQ(SaturatingAdd(kMax, kMax), kMax);
  EXPECT_EQ(SaturatingMultiply(6, 7), 42);
  EXPECT_EQ(SaturatingMultiply(int64_t{1} << 32, int64_t{1} << 31), kMax);
  EXPECT_EQ(SaturatingMultiply(kMax, 0), 0);
}

TEST(Saturating, ScalesThroughWhatSixtyFourBitsCannotHold) {
  EXPECT_EQ(SaturatingScale(10, 1, 3), 3);
  EXPECT_EQ(SaturatingScale(kMax, 1000, 1000), kMax);
  EXPECT_EQ(SaturatingScale(kMax, 1, 2), kMax / 2);
  EXPECT_EQ(SaturatingScale(kMax, 3, 2), kMax);
}

}  // namespace
}  // namespace emberharmony::base
