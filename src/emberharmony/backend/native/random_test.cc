#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/base/philox.h"

namespace emberharmony::backend {
namespace {

using native::InstructionSet;
using tensor::DType;
using tensor::Tensor;
using ::testing::ElementsAre;

constexpr uint64_t kSeed = 0x299f31d0a4093822;
constexpr uint64_t kStream = 0x0370734413198a2e;

struct Request {
  Op op;
  int64_t first = 0;
  int64_t n = 0;
  double low = 0, high = 1;
  uint64_t seed = kSeed, stream = kStream;
};

template <class T>
std::vector<T> Draw(const Request& request) {
  const Tensor result = Tensor::Empty({request.n}, tensor::DTypeOf<T>());
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kSeed, static_cast<int64_t>(request.seed)),
      Attribute::Integer(AttributeKey::kStream, static_cast<int64_t>(request.stream)),
      Attribute::Integer(AttributeKey::kFirst, request.first),
      Attribute::Number(AttributeKey::kLow, request.low),
      Attribute::Number(AttributeKey::kHigh, request.high)};
  const Tensor* const outputs[] = {&result};
  Native().Execute(request.op, {}, attributes, outputs);
  const auto values = result.values<T>();
  return {values.begin(), values.end()};
}

/// The bits of element i by the layout that random_internal.h states.
uint64_t WideAt(uint64_t i) {
  const uint64_t block = i / 2;
  const auto words =
      base::Philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                        static_cast<uint32_t>(kStream), static_cast<uint32_t>(kStream >> 32)},
                       {static_cast<uint32_t>(kSeed), static_cast<uint32_t>(kSeed >> 32)});
  return words[2 * (i % 2)] | static_cast<uint64_t>(words[2 * (i % 2) + 1]) << 32;
}

uint32_t WordAt(uint64_t i) { return static_cast<uint32_t>(WideAt(i / 2) >> (32 * (i % 2))); }

class RandomKernels : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!native::IsSupported(GetParam())) GTEST_SKIP();
    native::ForceInstructionSet(GetParam());
  }
  void TearDown() override { native::ForceInstructionSet(std::nullopt); }
};

INSTANTIATE_TEST_SUITE_P(InstructionSets, RandomKernels,
                         ::testing::Values(InstructionSet::kScalar, InstructionSet::kAvx2,
                                           InstructionSet::kAvx512),
                         [](const auto& info) {
                           return std::string(native::InstructionSetName(info.param));
                         });

// The third known answer of Random123's kat_vectors: counter and key are digits of pi.
TEST_P(RandomKernels, KnownAnswer) {
  const auto words =
      Draw<uint32_t>({.op = Op::kRandomBits, .first = int64_t{0x05a308d3243f6a88} * 4, .n = 4});
  // The counter's upper block word is 0x05a308d3 here instead of 0x85a308d3, since positions are
  // below 2^63 and there are four words in a block; so the answer is Philox4x32's own.
  const auto expected =
      base::Philox4x32({0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  EXPECT_THAT(words, ElementsAre(expected[0], expected[1], expected[2], expected[3]));
  EXPECT_THAT(Draw<uint32_t>({.op = Op::kRandomBits, .n = 4, .seed = 0, .stream = 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
}

TEST_P(RandomKernels, ElementsAreTakenByPosition) {
  for (int64_t first : {int64_t{0}, int64_t{1}, int64_t{31}, int64_t{33}, (int64_t{1} << 34) - 5}) {
    for (int64_t n : {0, 1, 2, 30, 32, 33, 64, 100}) {
      const auto wide = Draw<uint64_t>({.op = Op::kRandomBits, .first = first, .n = n});
      const auto word = Draw<uint32_t>({.op = Op::kRandomBits, .first = first, .n = n});
      for (int64_t i = 0; i < n; ++i) {
        ASSERT_EQ(wide[i], WideAt(first + i)) << first << " + " << i;
        ASSERT_EQ(word[i], WordAt(first + i)) << first << " + " << i;
      }
    }
  }
}

TEST_P(RandomKernels, UniformIsTheStatedFormula) {
  const auto unit = Draw<double>({.op = Op::kRandomUniform, .n = 500});
  const auto wide = Draw<double>({.op = Op::kRandomUniform, .n = 500, .low = -3, .high = 7.5});
  const auto unit32 = Draw<float>({.op = Op::kRandomUniform, .n = 500});
  for (int i = 0; i < 500; ++i) {
    const double u = static_cast<double>(WideAt(i) >> 11) * 0x1p-53;
    EXPECT_EQ(unit[i], u);
    EXPECT_EQ(wide[i], -3 + 10.5 * u);
    EXPECT_EQ(unit32[i], static_cast<float>(WordAt(i) >> 8) * 0x1p-24F);
  }
}

// Half of the products round up to the bound.
TEST_P(RandomKernels, UniformStaysBelowTheBound) {
  for (float value :
       Draw<float>({.op = Op::kRandomUniform, .n = 1000, .low = 0x1p24, .high = 0x1p24 + 2})) {
    EXPECT_EQ(value, 0x1p24F);
  }
  for (double value :
       Draw<double>({.op = Op::kRandomUniform, .n = 1000, .low = -0x1p-1073, .high = 0})) {
    EXPECT_LT(value, 0);
    EXPECT_GE(value, -0x1p-1073);
  }
  for (double value : Draw<double>({.op = Op::kRandomUniform, .n = 100, .low = 4, .high = 4})) {
    EXPECT_EQ(value, 4);
  }
}

TEST_P(RandomKernels, NormalIsBoxAndMullers) {
  constexpr int kN = 4000;
  const auto found = Draw<double>({.op = Op::kRandomNormal, .n = kN, .low = 0, .high = 1});
  const auto found32 = Draw<float>({.op = Op::kRandomNormal, .n = kN, .low = 0, .high = 1});
  const long double quarter = std::acos(-1.0L) / 2;
  for (int i = 0; i < kN; i += 2) {
    const long double v = (static_cast<long double>(WideAt(i) >> 12) + 0.5L) * 0x1p-52L;
    const long double r = std::sqrt(-2 * std::log(v));
    const uint64_t angle = WideAt(i + 1);
    const long double x = static_cast<long double>((angle << 2) >> 12) * 0x1p-52L - 0.5L;
    const long double t = quarter * (static_cast<long double>(angle >> 62) + x);
    ASSERT_NEAR(found[i], static_cast<double>(r * std::cos(t)), 4e-15) << i;
    ASSERT_NEAR(found[i + 1], static_cast<double>(r * std::sin(t)), 4e-15) << i;

    const long double v32 = static_cast<float>((WordAt(i) >> 1) | 1) * 0x1p-31L;
    const long double r32 = std::sqrt(-2 * std::log(v32));
    const uint32_t angle32 = WordAt(i + 1);
    const long double x32 = static_cast<int32_t>(angle32 << 2) * 0x1p-32L;
    const long double t32 = quarter * (static_cast<long double>(angle32 >> 30) + x32);
    ASSERT_NEAR(found32[i], static_cast<double>(r32 * std::cos(t32)), 2e-6) << i;
    ASSERT_NEAR(found32[i + 1], static_cast<double>(r32 * std::sin(t32)), 2e-6) << i;
  }
}

TEST_P(RandomKernels, ExponentialIsMinusTheLogarithm) {
  const auto found = Draw<double>({.op = Op::kRandomExponential, .n = 4000, .low = 2.5});
  const auto found32 = Draw<float>({.op = Op::kRandomExponential, .n = 4000, .low = 2.5});
  for (int i = 0; i < 4000; ++i) {
    const long double v = (static_cast<long double>(WideAt(i) >> 12) + 0.5L) * 0x1p-52L;
    const double expected = static_cast<double>(-std::log(v) * 2.5L);
    ASSERT_NEAR(found[i], expected, 6e-16 * std::fabs(expected)) << i;
    const long double v32 = static_cast<float>((WordAt(i) >> 1) | 1) * 0x1p-31L;
    const double expected32 = static_cast<double>(-std::log(v32) * 2.5L);
    ASSERT_NEAR(found32[i], expected32, 4e-7 * std::fabs(expected32) + 1e-12) << i;
  }
}

/// The same bits in every set, and in every number of threads, wherever the parts begin.
TEST_P(RandomKernels, SameBitsEverywhere) {
  const auto expect_equal = [](const auto& a, const auto& b) {
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])), 0);
  };
  for (Op op : {Op::kRandomUniform, Op::kRandomNormal, Op::kRandomExponential}) {
    const Request request{.op = op, .first = 13, .n = 200001, .low = 0.3, .high = 1.7};
    native::ForceInstructionSet(InstructionSet::kScalar);
    SetNumThreads(1);
    const auto expected = Draw<double>(request);
    const auto expected32 = Draw<float>(request);
    native::ForceInstructionSet(GetParam());
    for (int num_threads : {1, 2, 7}) {
      SetNumThreads(num_threads);
      expect_equal(Draw<double>(request), expected);
      expect_equal(Draw<float>(request), expected32);
    }
  }
}

}  // namespace
}  // namespace emberharmony::backend
