#include "emberharmony/base/exact_sum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/moment_kernels_internal.h"

namespace emberharmony::base {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Numbers that are easy to repeat elsewhere (splitmix64), since the expected values below come from
// Python's fractions.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t operator()() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // Any sign and fraction, the exponent in [low, low + bits].
  double Spread(int bits, int low) {
    const uint64_t fraction = (*this)() & 0x800FFFFFFFFFFFFF;
    const uint64_t exponent =
        (*this)() % static_cast<uint64_t>(bits + 1) + static_cast<uint64_t>(low + 1023);
    return std::bit_cast<double>(fraction | exponent << 52);
  }

 private:
  uint64_t state_;
};

ExactMoments Of(const std::vector<double>& values) {
  ExactMoments moments;
  moments.AddMany(values.data(), nullptr, static_cast<int64_t>(values.size()));
  return moments;
}

struct Expected {
  int bits, low;  // the exponents' range, which decides on the way of summing
  double sum, mean, variance, sample_variance;
};

// Python: fractions.Fraction for all arithmetic, float() at the end.
const Expected kExpected[] = {
    {0, 0, 0x1.1105044263d38p+5, 0x1.74c343f025fe0p-7, 0x1.2c686adffa328p+1, 0x1.2c820f92ccb29p+1},
    {12, -8, -0x1.737e0fe14ac94p+6, -0x1.fb3603eea6476p-6, 0x1.efbbef249b8dbp+5,
     0x1.efe6403b27c50p+5},
    {18, 30, 0x1.08be7244fe029p+52, 0x1.6976b5f511149p+40, 0x1.407ec238f8390p+93,
     0x1.409a1de1684cdp+93},
    {25, -200, -0x1.912ca71103a95p-171, -0x1.11de4fead8db6p-182, 0x1.dbcf745808a6bp-354,
     0x1.dbf8120bbfed0p-354},
    {38, -390, 0x1.f0d7491393f73p-349, 0x1.532d40390e500p-360, 0x1.59c9edde39303p-708,
     0x1.59e7724215de1p-708},
    {39, 0, -0x1.781ddaebc28c1p+40, -0x1.00c324cf5de61p+29, 0x1.7734d69eb58a2p+74,
     0x1.7754dddca63c3p+74},
    {60, -30, 0x1.2dceba6e939eap+31, 0x1.9c1160d8828d8p+19, 0x1.c7ed9774521f4p+55,
     0x1.c81482ad35e50p+55},
    {200, -100, 0x1.d2b022bf7999fp+94, 0x1.3e97a508842a5p+83, 0x1.4f8bdfbea707ap+194,
     0x1.4fa8844fbee6cp+194},
    {2, 398, 0x1.b0cbbbfe9549ep+405, 0x1.27748dfdaadd1p+394, 0x1.01822c4e38ed2p+800,
     0x1.0198278a41fe6p+800},
    {10, -405, -0x1.9adbe6226e027p-393, -0x1.187acf9f5acd1p-404, 0x1.106d3e43e1064p-792,
     0x1.10847f809807ap-792},
    {2044, -1022, -0x1.3e91c5585b667p+1023, -0x1.b2f414f3844d1p+1011, kInfinity, kInfinity},
};

std::vector<double> ValuesOf(const Expected& expected) {
  Random random(static_cast<uint64_t>(expected.bits * 1000 + expected.low + 5000));
  std::vector<double> values(3000);
  for (double& value : values) value = random.Spread(expected.bits, expected.low);
  return values;
}

TEST(ExactMoments, EqualFractionsRoundedOnce) {
  for (const Expected& expected : kExpected) {
    SCOPED_TRACE(testing::Message() << expected.bits << " bits from 2^" << expected.low);
    const ExactMoments moments = Of(ValuesOf(expected));
    EXPECT_EQ(moments.count(), 3000);
    EXPECT_EQ(moments.Sum(), expected.sum);
    EXPECT_EQ(moments.Mean(), expected.mean);
    EXPECT_EQ(moments.Variance(), expected.variance);
    EXPECT_EQ(moments.Variance(1), expected.sample_variance);
  }
}

TEST(ExactMoments, SubnormalsEqualFractions) {
  Random random(1);
  std::vector<double> values(500);
  for (double& value : values) value = std::bit_cast<double>(random() & 0x800FFFFFFFFFFFFF);
  EXPECT_EQ(Of(values).Sum(), 0x1.37663320908fap-1018);
  EXPECT_EQ(Of(values).Mean(), 0x0.09f6fb7df8568p-1022);
  EXPECT_EQ(Of(values).Variance(), 0);
}

TEST(ExactMoments, LargeWeightsEqualFractions) {
  Random random(2);
  ExactMoments moments;
  for (int i = 0; i < 200; ++i) {
    const double value = random.Spread(40, -20);
    const uint64_t bits = random();
    moments.Add(value, static_cast<int64_t>(bits >> (10 + random() % 54)));
  }
  // Python evaluates r() >> (10 + r() % 54) from left to right as well.
  EXPECT_EQ(moments.count(), 69682637315801828);
  EXPECT_EQ(moments.Sum(), 0x1.01cc176757ba0p+72);
  EXPECT_EQ(moments.Mean(), 0x1.0a9566cb09de2p+16);
  EXPECT_EQ(moments.Variance(), 0x1.6205c5ebd1671p+34);
}

template <typename Integer>
ExactMoments OfIntegers(uint64_t seed, int value_shift, int weight_shift) {
  Random random(seed);
  std::vector<Integer> values(1000);
  std::vector<int64_t> weights(1000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<Integer>(random()) >> value_shift;
    if (weight_shift > 0) weights[i] = static_cast<int64_t>(random() >> weight_shift);
  }
  ExactMoments moments;
  moments.AddMany(values.data(), weight_shift > 0 ? weights.data() : nullptr, 1000);
  return moments;
}

TEST(ExactMoments, IntegersEqualFractions) {
  const ExactMoments plain = OfIntegers<int64_t>(3, 0, 0);
  EXPECT_EQ(plain.count(), 1000);
  EXPECT_EQ(plain.Sum(), 0x1.37b442f948c33p+65);
  EXPECT_EQ(plain.Mean(), 0x1.3f2f5f3483da5p+55);
  EXPECT_EQ(plain.Variance(), 0x1.5277551b671d0p+124);
  EXPECT_EQ(plain.Variance(1), 0x1.52ce11072f9bep+124);
  const ExactMoments weighted = OfIntegers<int64_t>(4, 0, 12);
  EXPECT_EQ(weighted.count(), 2201434333065069117);
  EXPECT_EQ(weighted.Sum(), -0x1.708b060551b46p+117);
  EXPECT_EQ(weighted.Mean(), -0x1.8205ac625ccaap+56);
  EXPECT_EQ(weighted.Variance(), 0x1.529f49cee21afp+124);
  const ExactMoments without_sign = OfIntegers<uint64_t>(5, 0, 12);
  EXPECT_EQ(without_sign.count(), 2223310054781100194);
  EXPECT_EQ(without_sign.Sum(), 0x1.ef28b6f74176dp+123);
  EXPECT_EQ(without_sign.Mean(), 0x1.00c5242a97c30p+63);
  EXPECT_EQ(without_sign.Variance(), 0x1.58139a0f52dfep+124);
  const ExactMoments small = OfIntegers<int64_t>(6, 40, 50);
  EXPECT_EQ(small.Sum(), -0x1.29004dff4c000p+41);
  EXPECT_EQ(small.Mean(), -0x1.3637cf231b3eap+18);
  EXPECT_EQ(small.Variance(1), 0x1.49619d8aacb5cp+44);
}

TEST(ExactMoments, EpochSecondsOfVarianceOne) {
  std::vector<double> values(10000000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 1.7e9 + static_cast<double>(i % 2 * 2);
  EXPECT_EQ(Of(values).Mean(), 1700000001.0);
  EXPECT_EQ(Of(values).Variance(), 1.0);
  EXPECT_EQ(Of(values).Variance(1), 10000000.0 / 9999999.0);
}

TEST(ExactMoments, HardCases) {
  EXPECT_EQ(Of({1e308, 1e308}).Sum(), kInfinity);
  EXPECT_EQ(Of({1e308, 1e308}).Mean(), 1e308);
  EXPECT_EQ(Of({1e308, 1e308}).Variance(), 0);
  EXPECT_EQ(Of({1e308, -1e308}).Variance(), kInfinity);
  EXPECT_EQ(Of({1e308, 1e308, -1e308, -1e308, 5e-324}).Sum(), 5e-324);
  EXPECT_EQ(Of({5e-324}).Mean(), 5e-324);
  EXPECT_EQ(Of({5e-324}).Variance(), 0);
  EXPECT_EQ(Of({5e-324, 0}).Mean(), 0);                       // half of the smallest goes to even
  EXPECT_EQ(Of({5e-324, 5e-324, 5e-324, 0}).Mean(), 5e-324);  // three quarters
  EXPECT_EQ(Of({1e-200, 3e-200}).Variance(), 0);              // 1e-400
  EXPECT_EQ(Of({0x1p-530, 0x1p-529}).Variance(),
            0x1p-1062);  // half the distance, squared: subnormal, exact
  EXPECT_EQ(Of({1e16, 1, -1e16}).Sum(), 1);
  EXPECT_EQ(Of({1e100, 1, -1e100, 1e-100}).Sum(), 1);
  EXPECT_EQ(Of({0x1p53, 1}).Sum(), 0x1p53);              // a tie goes to even
  EXPECT_EQ(Of({0x1p53, 1, 5e-324}).Sum(), 0x1p53 + 2);  // and a little more than a tie up
  EXPECT_EQ(Of({-0x1p53, -1, -5e-324}).Sum(), -0x1p53 - 2);
  EXPECT_EQ(Of({std::numeric_limits<double>::max(), 0x1p969}).Sum(),
            std::numeric_limits<double>::max());
  EXPECT_EQ(Of({std::numeric_limits<double>::max(), 0x1p970}).Sum(), kInfinity);
  const int64_t largest = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> integers = {largest, largest};
  ExactMoments moments;
  moments.AddMany(integers.data(), nullptr, 2);
  EXPECT_EQ(moments.Mean(), 0x1p63);
  EXPECT_EQ(moments.Sum(), 0x1p64);
  EXPECT_EQ(moments.Variance(), 0);
}

TEST(ExactMoments, EmptyAndOne) {
  const ExactMoments empty;
  EXPECT_EQ(empty.count(), 0);
  EXPECT_EQ(empty.Sum(), 0);
  EXPECT_TRUE(std::isnan(empty.Mean()));
  EXPECT_TRUE(std::isnan(empty.Variance()));
  EXPECT_EQ(Of({3}).Variance(0), 0);
  EXPECT_TRUE(std::isnan(Of({3}).Variance(1)));
  EXPECT_FALSE(std::signbit(Of({-0.0}).Sum()));
  EXPECT_FALSE(std::signbit(Of({-0.0}).Mean()));
  EXPECT_EQ(Of({-0.0}).Encode(), Of({0.0}).Encode());
}

TEST(ExactMoments, SkipsNaN) {
  for (const size_t size : {5, 63, 64, 1000, 1025, 3000}) {
    Random random(size);
    std::vector<double> with, without;
    for (size_t i = 0; i < size; ++i) {
      with.push_back(random() % 3 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                       : random.Spread(10, 0));
      if (!std::isnan(with.back())) without.push_back(with.back());
    }
    EXPECT_EQ(Of(with).Encode(), Of(without).Encode());
    EXPECT_EQ(Of(with).count(), static_cast<int64_t>(without.size()));
  }
  EXPECT_EQ(Of(std::vector<double>(1000, std::nan(""))).Encode(), ExactMoments().Encode());
  EXPECT_EQ(Of(std::vector<double>(1000, 0.0)).count(), 1000);
}

TEST(ExactMoments, WeightsAreCopies) {
  for (const uint64_t weight_max : {1, 2, 9}) {
    Random random(weight_max);
    std::vector<double> values, copies;
    std::vector<int64_t> weights;
    for (int i = 0; i < 2500; ++i) {
      values.push_back(i % 7 == 0 ? std::nan("") : random.Spread(12, -3));
      weights.push_back(static_cast<int64_t>(random() % (weight_max + 1)));
      if (!std::isnan(values.back()))
        copies.insert(copies.end(), static_cast<size_t>(weights.back()), values.back());
    }
    ExactMoments weighted;
    weighted.AddMany(values.data(), weights.data(), 2500);
    EXPECT_EQ(weighted.count(), static_cast<int64_t>(copies.size()));
    EXPECT_EQ(weighted.Encode(), Of(copies).Encode());
  }
}

TEST(ExactMoments, IntegersAndDoublesOfTheSameValuesAreEqual) {
  std::vector<double> doubles;
  std::vector<int64_t> integers;
  std::vector<int64_t> weights;
  Random random(11);
  for (int i = 0; i < 500; ++i) {
    integers.push_back(static_cast<int64_t>(random()) >> 11);  // 53 bits
    doubles.push_back(static_cast<double>(integers.back()));
    weights.push_back(static_cast<int64_t>(random() >> 20));
  }
  ExactMoments a, b;
  a.AddMany(integers.data(), weights.data(), 500);
  b.AddMany(doubles.data(), weights.data(), 500);
  EXPECT_EQ(a.Encode(), b.Encode());
}

// Any order, grouping and merge tree, encoded in between or not, gives the same bytes.
TEST(ExactMoments, OrderAndMergesDoNotMatter) {
  std::mt19937_64 shuffle(5);
  for (const Expected& expected : kExpected) {
    std::vector<double> values = ValuesOf(expected);
    const std::string whole = Of(values).Encode();
    for (int round = 0; round < 5; ++round) {
      std::shuffle(values.begin(), values.end(), shuffle);
      std::vector<ExactMoments> states;
      for (size_t begin = 0; begin < values.size();) {
        const size_t length = std::min<size_t>(values.size() - begin, 1 + shuffle() % 700);
        ExactMoments state;
        if (shuffle() % 2 == 0) {
          state.AddMany(values.data() + begin, nullptr, static_cast<int64_t>(length));
        } else {
          for (size_t i = begin; i < begin + length; ++i) state.Add(values[i]);
        }
        states.push_back(state);
        begin += length;
      }
      while (states.size() > 1) {
        const size_t into = shuffle() % (states.size() - 1);
        if (shuffle() % 2 == 0) states[into] = *ExactMoments::Decode(states[into].Encode());
        states[into].Merge(states.back());
        states.pop_back();
      }
      EXPECT_EQ(states[0].Encode(), whole);
      EXPECT_EQ(states[0].Mean(), expected.mean);
    }
  }
}

TEST(ExactMoments, EveryKernelGivesTheSameBits) {
  std::vector<const internal::MomentKernels*> kernels = {&internal::PortableMomentKernels()};
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    kernels.push_back(&internal::Avx2MomentKernels());
#endif
  for (const auto& [bits, low] : {std::pair{18, -9}, {0, 400}, {18, -400}, {3, 0}}) {
    Random random(static_cast<uint64_t>(bits + 1));
    std::vector<double> values(1021);
    for (double& value : values) value = random.Spread(bits, low);
    std::vector<internal::MomentSums> sums2(2), sums3(2);
    std::vector<internal::MomentBlock> blocks(2);
    for (size_t i = 0; i < kernels.size(); ++i) {
      kernels[i]->prepare(values.data(), nullptr, 1021, &blocks[i]);
      kernels[i]->sum2(blocks[i], std::ilogb(blocks[i].largest), &sums2[i]);
      kernels[i]->sum3(blocks[i], std::ilogb(blocks[i].largest), &sums3[i]);
      EXPECT_EQ(blocks[i].count, 1021);
      EXPECT_EQ(std::memcmp(blocks[i].values, blocks[0].values, sizeof blocks[0].values), 0);
      EXPECT_EQ(std::memcmp(&sums2[i], &sums2[0], sizeof sums2[0]), 0);
      EXPECT_EQ(std::memcmp(&sums3[i], &sums3[0], sizeof sums3[0]), 0);
      // And they are exact: their total is what adding value by value gives.
      long double total = 0;
      for (const auto& part : sums2[i].values) {
        for (double lane : part) total += lane;
      }
      ExactMoments moments;
      for (double value : values) moments.Add(value);
      EXPECT_NEAR(static_cast<double>(total), moments.Sum(), std::fabs(moments.Sum()) * 1e-15);
    }
  }
}

TEST(ExactMoments, CarriesAreTakenInTime) {
  // 2^30 additions would overflow chunks without carries; merging reaches that number quickly.
  ExactMoments moments = Of({std::numeric_limits<double>::max(), -1.5, 0x1.FFFFFFFFFFFFFp-1});
  for (int doubling = 0; doubling < 40; ++doubling) moments.Merge(ExactMoments(moments));
  ExactMoments weighted;
  const int64_t copies = int64_t{1} << 40;
  weighted.Add(std::numeric_limits<double>::max(), copies);
  weighted.Add(-1.5, copies);
  weighted.Add(0x1.FFFFFFFFFFFFFp-1, copies);
  EXPECT_EQ(moments.Encode(), weighted.Encode());
  EXPECT_EQ(moments.count(), 3 * copies);
}

TEST(ExactMoments, TheLargestTotalsFit) {
  const int64_t most = int64_t{1} << 62;
  for (const double value :
       {std::numeric_limits<double>::max(), -std::numeric_limits<double>::max(), 5e-324}) {
    ExactMoments moments;
    moments.Add(value, most);
    EXPECT_EQ(moments.Mean(), value);
    EXPECT_EQ(moments.Variance(), 0);
    EXPECT_EQ(ExactMoments::Decode(moments.Encode())->Mean(), value);
  }
  const std::vector<uint64_t> values = {std::numeric_limits<uint64_t>::max()};
  ExactMoments moments;
  moments.AddMany(values.data(), &most, 1);
  EXPECT_EQ(moments.Mean(), 0x1p64);
  EXPECT_EQ(moments.Variance(), 0);
}

TEST(ExactMoments, DecodeRefusesDamage) {
  const std::string bytes = Of({1.5, -3, 1e-300, 7e200}).Encode();
  EXPECT_EQ(ExactMoments::Decode(bytes)->Encode(), bytes);
  EXPECT_EQ(ExactMoments::Decode(ExactMoments().Encode())->Encode(), ExactMoments().Encode());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto decoded = ExactMoments::Decode(bytes.substr(0, length));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(KindOf(decoded.status()), ErrorKind::kData);
  }
  EXPECT_FALSE(ExactMoments::Decode(bytes + '\0').ok());
  EXPECT_THAT(ExactMoments::Decode("\x02" + bytes.substr(1)).status().message(),
              testing::HasSubstr("found 2"));
  // Flipped bits are refused or decode to a state that encodes to the same bytes again and has
  // finite statistics.
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto decoded = ExactMoments::Decode(flipped);
    if (!decoded.ok()) continue;
    EXPECT_EQ(decoded->Encode(), flipped);
    EXPECT_GE(decoded->Variance(), 0);
  }
}

TEST(ExactMoments, StandardDeviationWhereTheVarianceIsBeyondADouble) {
  for (double size : {1e-310, 1e-200, 1.0, 1e200, 1e308}) {
    ExactMoments moments;
    moments.Add(size, 3);
    moments.Add(-size, 3);
    EXPECT_DOUBLE_EQ(moments.StandardDeviation(), size);
    EXPECT_DOUBLE_EQ(moments.StandardDeviation(1), size * std::sqrt(6.0 / 5.0));
  }
  ExactMoments one;
  EXPECT_TRUE(std::isnan(one.StandardDeviation()));
  one.Add(7.5);
  EXPECT_EQ(one.StandardDeviation(), 0);
  EXPECT_TRUE(std::isnan(one.StandardDeviation(1)));
  one.Add(8.25, 5);
  EXPECT_EQ(one.StandardDeviation(), std::sqrt(one.Variance()));
}

}  // namespace
}  // namespace emberharmony::base
