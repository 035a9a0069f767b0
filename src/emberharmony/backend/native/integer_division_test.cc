// Quotients and remainders of integers, rounded down, against their definition.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class T>
class IntegerDivision : public ::testing::Test {};
using IntegerTypes =
    ::testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(IntegerDivision, IntegerTypes);

using Wide = __int128;

template <class T>
std::vector<T> Compute(Op op, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> result(x.size());
  const void* inputs[] = {x.data(), y.data()};
  ActiveKernels().Get(op, tensor::DTypeOf<T>())(inputs, result.data(),
                                                static_cast<int64_t>(x.size()));
  return result;
}

/// The same of one divisor, by the kernel for it if the instruction set has one.
template <class T>
void ExpectSameByNumber(Op op, const std::vector<T>& x, T y, const std::vector<T>& expected) {
  const Kernel by_number = ActiveKernels().ByNumber(ActiveKernels().Get(op, tensor::DTypeOf<T>()));
  if (by_number == nullptr) return;
  std::vector<T> result(x.size());
  const void* inputs[] = {x.data(), &y};
  by_number(inputs, result.data(), static_cast<int64_t>(x.size()));
  EXPECT_EQ(result, expected) << InfoOf(op).name << " by " << +y;
}

/// quotient y + remainder = x, the remainder between 0 and y or 0; both are 0 where y is, and wrap
/// around.
template <class T>
void ExpectDivided(const std::vector<T>& x, const std::vector<T>& y) {
  const std::vector<T> quotients = Compute(Op::kFloorDivide, x, y);
  const std::vector<T> remainders = Compute(Op::kRemainder, x, y);
  for (size_t i = 0; i < x.size(); ++i) {
    const Wide divisor = y[i], dividend = x[i];
    Wide quotient = 0, remainder = 0;
    if (divisor != 0) {
      quotient = dividend / divisor;
      remainder = dividend % divisor;
      if (remainder != 0 && (remainder < 0) != (divisor < 0)) {
        quotient -= 1;
        remainder += divisor;
      }
    }
    ASSERT_EQ(quotients[i], static_cast<T>(quotient)) << +x[i] << " // " << +y[i];
    ASSERT_EQ(remainders[i], static_cast<T>(remainder)) << +x[i] << " % " << +y[i];
  }
}

template <class T>
std::vector<T> Notable() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {0, 1, 2, 3, 7, 100, Limits::max(), Limits::max() - 1, Limits::max() / 2};
  if constexpr (sizeof(T) == 8) {
    for (int shift : {31, 32, 51, 52, 53, 62}) {
      for (int more : {-1, 0, 1}) values.push_back((T(1) << shift) + static_cast<T>(more));
    }
  }
  if constexpr (Limits::is_signed) {
    const size_t n = values.size();
    for (size_t i = 0; i < n; ++i) values.push_back(static_cast<T>(-values[i]));
    values.push_back(Limits::min());
  }
  return values;
}

TYPED_TEST(IntegerDivision, OfNotableAndRandomNumbers) {
  using T = TypeParam;
  std::mt19937_64 random(61);
  const std::vector<T> notable = Notable<T>();
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    std::vector<T> x, y;
    for (T dividend : notable) {
      for (T divisor : notable) {
        x.push_back(dividend);
        y.push_back(divisor);
      }
    }
    ExpectDivided(x, y);
    // Of few bits, so that whole pieces take the quick way, and multiples and their neighbours,
    // where a rounded quotient could be one off.
    for (int bits : {4, 20, 51, 52, 64}) {
      x.clear();
      y.clear();
      for (int i = 0; i < 4000; ++i) {
        const int divisor_bits = static_cast<int>(random() % bits) + 1;
        const auto any = static_cast<int64_t>(random());
        const auto divisor = static_cast<T>(any >> (64 - divisor_bits));
        const auto dividend = static_cast<T>(static_cast<int64_t>(random()) >> (64 - bits));
        x.push_back(dividend);
        y.push_back(divisor);
        if (divisor == 0 || divisor == static_cast<T>(-1)) continue;
        x.push_back(static_cast<T>(dividend - dividend % divisor));
        y.push_back(divisor);
        x.push_back(static_cast<T>(Wide{x.back()} - (x.back() > 0 ? 1 : -1)));
        y.push_back(divisor);
      }
      ExpectDivided(x, y);
    }
    ForceInstructionSet(std::nullopt);
  }
}

TYPED_TEST(IntegerDivision, OfOneDivisor) {
  using T = TypeParam;
  std::mt19937_64 random(67);
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    for (T divisor : Notable<T>()) {
      for (int bits : {20, 52, 64}) {
        std::vector<T> x = Notable<T>();
        if (bits < 64) x.clear();
        for (int i = 0; i < 700; ++i) {
          x.push_back(static_cast<T>(static_cast<int64_t>(random()) >> (64 - bits)));
          if (divisor != 0 && divisor != static_cast<T>(-1)) {
            x.push_back(static_cast<T>(x.back() - x.back() % divisor));
          }
        }
        const std::vector<T> divisors(x.size(), divisor);
        ExpectDivided(x, divisors);
        for (Op op : {Op::kFloorDivide, Op::kRemainder}) {
          ExpectSameByNumber(op, x, divisor, Compute(op, x, divisors));
        }
      }
    }
    ForceInstructionSet(std::nullopt);
  }
}

TEST(IntegerDivisionByNumber, HasAKernelForAllIntegersWhereRegistersAreWide) {
  if (ActiveInstructionSet() == InstructionSet::kScalar) return;
  for (auto dtype : {tensor::DType::kInt8, tensor::DType::kUInt32, tensor::DType::kInt64}) {
    EXPECT_NE(ActiveKernels().ByNumber(ActiveKernels().Get(Op::kFloorDivide, dtype)), nullptr);
    EXPECT_NE(ActiveKernels().ByNumber(ActiveKernels().Get(Op::kRemainder, dtype)), nullptr);
  }
  EXPECT_EQ(ActiveKernels().ByNumber(ActiveKernels().Get(Op::kAdd, tensor::DType::kInt8)), nullptr);
}

TEST(IntegerDivisionInPlace, TheOutputMayBeAnInput) {
  std::vector<int64_t> x, y;
  for (int64_t i = 0; i < 2000; ++i) {
    x.push_back(i * 7919 - 5000000);
    y.push_back(i % 2 == 0 ? i - 1000 : int64_t{1} << 60);
  }
  const std::vector<int64_t> expected = Compute(Op::kFloorDivide, x, y);
  const void* inputs[] = {x.data(), y.data()};
  ActiveKernels().Get(Op::kFloorDivide, tensor::DType::kInt64)(inputs, x.data(), 2000);
  EXPECT_EQ(x, expected);
}

}  // namespace
}  // namespace emberharmony::backend::native
