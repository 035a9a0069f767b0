#include "emberharmony/ops/sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <map>
#include <random>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

TEST(Unique, SmallTensors) {
  const Tensor x = reshape(asarray<int64_t>({3, 1, 3, 2, 1, 3}), {2, 3});
  const UniqueAll found = unique_all(x);
  EXPECT_THAT(ListOf<int64_t>(found.values), ElementsAre(1, 2, 3));
  EXPECT_THAT(ListOf<int64_t>(found.indices), ElementsAre(1, 3, 0));
  EXPECT_THAT(ListOf<int64_t>(found.counts), ElementsAre(2, 1, 3));
  EXPECT_EQ(found.inverse_indices.shape().ToString(), "(2, 3)");
  EXPECT_THAT(ListOf<int64_t>(found.inverse_indices), ElementsAre(2, 0, 2, 1, 0, 2));
  EXPECT_THAT(ListOf<bool>(unique_values(asarray<bool>({true, false, true}))),
              ElementsAre(false, true));
  EXPECT_EQ(unique_values(zeros({0})).size(), 0);
  EXPECT_EQ(unique_values(full({}, 2.5)).shape().ToString(), "(1,)");
}

TEST(Unique, NaNsDifferAndZerosDoNot) {
  const double nan = std::nan("");
  const Tensor x = asarray<double>({nan, -0.0, 0.0, nan, -1});
  const UniqueAll found = unique_all(x);
  EXPECT_EQ(found.values.size(), 4);
  EXPECT_TRUE(std::signbit(found.values.data_as<double>()[1]));
  EXPECT_THAT(ListOf<int64_t>(found.counts), ElementsAre(1, 2, 1, 1));
  EXPECT_THAT(ListOf<int64_t>(found.indices), ElementsAre(4, 1, 0, 3));
  EXPECT_THAT(ListOf<int64_t>(unique_counts(x).counts), ElementsAre(1, 2, 1, 1));
  using Complex = std::complex<float>;
  const Tensor z = asarray<Complex>({{1, 2}, {0, 5}, {1, -2}, {1, 2}});
  EXPECT_THAT(ListOf<Complex>(unique_values(z)),
              ElementsAre(Complex(0, 5), Complex(1, -2), Complex(1, 2)));
}

// By counting, by sorting and by position: all against std::map.
TEST(Unique, AgreesWithAMap) {
  std::mt19937_64 random(12);
  for (uint64_t range : {uint64_t{7}, uint64_t{1000}, uint64_t{1} << 40}) {
    std::vector<int64_t> x(3000);
    for (auto& value : x) value = static_cast<int64_t>(random() % range) - 50;
    std::map<int64_t, std::pair<int64_t, int64_t>> expected;  // first index, count
    for (size_t i = 0; i < x.size(); ++i) {
      ++expected.try_emplace(x[i], static_cast<int64_t>(i), 0).first->second.second;
    }
    std::vector<int64_t> values, indices, counts;
    for (const auto& [value, entry] : expected) {
      values.push_back(value);
      indices.push_back(entry.first);
      counts.push_back(entry.second);
    }
    for (DType dtype : {DType::kInt64, DType::kFloat64}) {
      const Tensor tensor = astype(asarray(x), dtype);
      const UniqueAll found = unique_all(tensor);
      EXPECT_EQ(ListOf<int64_t>(astype(found.values, DType::kInt64)), values);
      EXPECT_EQ(ListOf<int64_t>(found.indices), indices);
      EXPECT_EQ(ListOf<int64_t>(found.counts), counts);
      const UniqueCounts counted = unique_counts(tensor);
      EXPECT_EQ(ListOf<int64_t>(astype(counted.values, DType::kInt64)), values);
      EXPECT_EQ(ListOf<int64_t>(counted.counts), counts);
      const UniqueInverse inverse = unique_inverse(tensor);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(values[inverse.inverse_indices.data_as<int64_t>()[i]], x[i]);
      }
    }
  }
}

TEST(IsIn, LooksUpElements) {
  const double nan = std::nan("");
  EXPECT_THAT(ListOf<bool>(isin(asarray<double>({1, nan, -0.0, 3}), asarray<double>({0, nan, 3}))),
              ElementsAre(false, false, true, true));
  EXPECT_THAT(ListOf<bool>(isin(asarray<int32_t>({1, 2, 3}), asarray<int64_t>({2, 1LL << 40}))),
              ElementsAre(false, true, false));
  EXPECT_THAT(ListOf<bool>(isin(asarray<int32_t>({1, 2, 3}), asarray<int8_t>({2, 3}), true)),
              ElementsAre(true, false, false));
  EXPECT_THAT(ListOf<bool>(isin(asarray<bool>({true, false}), asarray<bool>({true}))),
              ElementsAre(true, false));
  EXPECT_THAT(ListOf<bool>(isin(asarray<int64_t>({1}), zeros({0}, DType::kInt64))),
              ElementsAre(false));
  using Complex = std::complex<double>;
  EXPECT_THAT(ListOf<bool>(isin(asarray<Complex>({{1, 2}, {1, nan}, {2, 1}}),
                                asarray<Complex>({{1, nan}, {2, 1}}))),
              ElementsAre(false, false, true));
}

}  // namespace
}  // namespace emberharmony::ops
