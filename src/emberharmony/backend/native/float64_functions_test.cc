// Our own functions of float64 against long double (x87: 64 bits of mantissa).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Range {
  Op op;
  long double (*exact)(long double);
  double low, high;                // dense arguments
  double low_octave, high_octave;  // arguments of any exponent in between
  bool positive = false;
};

// By function, all of what it distinguishes: where results are small beside their terms, where
// tables change, where results are subnormal or about to overflow.
const Range kRanges[] = {
    {Op::kExp, std::exp, -745.2, 709.8, -60, 9.4},
    {Op::kExp, std::exp, 707.9, 709.79, -1074, 0},
    {Op::kExp, std::exp, -746, -707.9, -5, 0},
    {Op::kExpm1, std::expm1, -40, 709.8, -1074, 9.4},
    {Op::kExpm1, std::expm1, -0.2, 0.2, -10, 0},
    {Op::kSinh, std::sinh, -711, 711, -1074, 9.4},
    {Op::kSinh, std::sinh, -0.2, 0.2, -10, 2},
    {Op::kCosh, std::cosh, -711, 711, -60, 9.4},
    {Op::kCosh, std::cosh, 707.9, 710.5, -5, 2},
    {Op::kTanh, std::tanh, -23, 23, -1074, 10},
    {Op::kTanh, std::tanh, -0.2, 0.2, -10, 2},
    {Op::kLog, std::log, 0.5, 2, -1074, 1024, true},
    {Op::kLog, std::log, 0.95, 1.1, -0.02, 0.02, true},
    {Op::kLog1p, std::log1p, -1, 10, -1000, 1024, true},
    {Op::kLog2, std::log2, 0.5, 2, -1074, 1024, true},
    {Op::kLog2, std::log2, 0.95, 1.1, -0.02, 0.02, true},
    {Op::kLog10, std::log10, 0.5, 2, -1074, 1024, true},
    {Op::kLog10, std::log10, 0.95, 1.1, -0.02, 0.02, true},
    {Op::kTan, std::tan, -8300, 8300, -1074, 1024},
    {Op::kTan, std::tan, -4, 4, -5, 2},
    {Op::kAsin, std::asin, -1, 1, -1074, 0},
    {Op::kAsin, std::asin, 0.45, 0.55, -1.1, 0},
    {Op::kAcos, std::acos, -1, 1, -1074, 0},
    {Op::kAcos, std::acos, 0.9, 1, -1.1, 0},
    {Op::kAtan, std::atan, -20, 20, -1074, 1024},
    {Op::kAtan, std::atan, -2, 2, -5, 5},
    {Op::kAsinh, std::asinh, -20, 20, -1074, 1024},
    {Op::kAsinh, std::asinh, -0.3, 0.3, -4, 34},
    {Op::kAcosh, std::acosh, 1, 20, 0, 1024, true},
    {Op::kAcosh, std::acosh, 1, 1.1, 0, 0.001, true},
    {Op::kAtanh, std::atanh, -1, 1, -1074, 0},
    {Op::kAtanh, std::atanh, 0.999999, 1, -6, -4},
};

std::vector<double> ArgumentsOf(const Range& range, int num_each, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<double> x;
  for (int i = 0; i < num_each; ++i) {
    x.push_back(range.low + (range.high - range.low) * unit());
    const double octave = range.low_octave + (range.high_octave - range.low_octave) * unit();
    const double any = std::min(std::exp2(octave), std::numeric_limits<double>::max());
    x.push_back(!range.positive && random() % 2 == 0 ? -any : any);
  }
  return x;
}

double ErrorInUlps(double found, long double exact) {
  if (std::isnan(exact) || std::isnan(found)) {
    return std::isnan(exact) && std::isnan(found) ? 0.0 : kInfinity;
  }
  const double rounded = static_cast<double>(exact);
  if (std::isinf(rounded) || std::isinf(found)) return found == rounded ? 0.0 : kInfinity;
  int exponent = -1021;
  if (exact != 0) std::frexp(exact, &exponent);
  const long double ulp = std::ldexp(1.0L, std::max(exponent, -1021) - 53);
  return static_cast<double>(std::fabs(static_cast<long double>(found) - exact) / ulp);
}

std::vector<double> Compute(Op op, const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> result(x.size());
  const void* inputs[] = {x.data(), y.data()};
  ActiveKernels().Get(op, tensor::DType::kFloat64)(inputs, result.data(),
                                                   static_cast<int64_t>(x.size()));
  return result;
}

bool SameBits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof(double)) == 0;
}

TEST(Float64Functions, ErrorsAreBelowEightTenthsOfAnUlp) {
  for (const Range& range : kRanges) {
    const std::vector<double> x = ArgumentsOf(range, 20000, 41);
    const std::vector<double> found = Compute(range.op, x, {});
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(ErrorInUlps(found[i], range.exact(x[i])), 0.8)
          << InfoOf(range.op).name << " of " << std::hexfloat << x[i] << " gave " << found[i];
    }
  }
}

TEST(Float64Functions, TanKeepsItsAccuracyBesideMultiplesOfHalfPi) {
  std::vector<double> x;
  for (int k = 1; k <= 5300; ++k) {
    const double near = static_cast<double>(k * 1.57079632679489661923132169163975L);
    for (double value : {near, std::nextafter(near, 0.0), std::nextafter(near, kInfinity)}) {
      x.push_back(value);
      x.push_back(-value);
    }
  }
  const std::vector<double> found = Compute(Op::kTan, x, {});
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(ErrorInUlps(found[i], std::tan(static_cast<long double>(x[i]))), 0.8)
        << std::hexfloat << x[i] << " gave " << found[i];
  }
}

void PowersNear(double base_octaves, double largest_exponent, std::vector<double>* x,
                std::vector<double>* y) {
  std::mt19937_64 random(43);
  const auto signed_unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
  for (int i = 0; i < 20000; ++i) {
    const double octaves = base_octaves * signed_unit();
    x->push_back(std::exp2(octaves));
    y->push_back(signed_unit() *
                 std::min(largest_exponent, 1075 / std::max(std::fabs(octaves), 1e-6)));
  }
}

TEST(Float64Functions, PowersOfAllSizesAreWithinEightTenthsOfAnUlp) {
  std::vector<double> x, y;
  PowersNear(0.03, 1e9, &x, &y);  // bases near 1 to large exponents
  PowersNear(1, 1e9, &x, &y);
  PowersNear(1074, 1e9, &x, &y);
  PowersNear(4, 3, &x, &y);
  const std::vector<double> found = Compute(Op::kPow, x, y);
  for (size_t i = 0; i < x.size(); ++i) {
    const long double exact =
        std::pow(static_cast<long double>(x[i]), static_cast<long double>(y[i]));
    ASSERT_LE(ErrorInUlps(found[i], exact), 0.8)
        << std::hexfloat << x[i] << " to the power of " << y[i] << " gave " << found[i];
  }
}

TEST(Float64Functions, AnglesOfAllQuadrantsAreWithinEightTenthsOfAnUlp) {
  std::mt19937_64 random(71);
  const auto signed_unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
  std::vector<double> y, x;
  for (double octaves : {1.0, 6.0, 60.0, 390.0, 1000.0}) {
    for (int i = 0; i < 20000; ++i) {
      const double size = i % 2 == 0 ? 1 : std::exp2(octaves * signed_unit() / 20);
      y.push_back(std::copysign(size * std::exp2(octaves * signed_unit()), signed_unit()));
      x.push_back(signed_unit() * size);
    }
  }
  const std::vector<double> found = Compute(Op::kAtan2, y, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const long double exact =
        std::atan2(static_cast<long double>(y[i]), static_cast<long double>(x[i]));
    ASSERT_LE(ErrorInUlps(found[i], exact), 0.8)
        << std::hexfloat << y[i] << ", " << x[i] << " gave " << found[i];
  }
}

/// Python's divmod: by fmod, which is exact, and steps that round once.
void ExpectDivided(double x, double y, double quotient, double remainder) {
  double rest = std::fmod(x, y);
  double expected = (x - rest) / y;
  if (rest != 0 && (rest < 0) != (y < 0)) {
    rest += y;
    expected -= 1;
  }
  const double floor = std::floor(expected);
  expected = expected == 0 ? std::copysign(0.0, x / y) : floor + (expected - floor > 0.5 ? 1 : 0);
  rest = rest == 0 ? std::copysign(0.0, y) : rest;
  ASSERT_TRUE(SameBits(remainder, rest))
      << std::hexfloat << x << " % " << y << " gave " << remainder << ", not " << rest;
  if (y == 0 || std::isinf(x) || std::isinf(y)) return;
  ASSERT_TRUE(SameBits(quotient, expected))
      << std::hexfloat << x << " // " << y << " gave " << quotient << ", not " << expected;
}

TEST(Float64Functions, QuotientsAndRemaindersArePythons) {
  std::mt19937_64 random(79);
  const auto any = [&] {
    const auto mantissa = static_cast<double>(random() >> 11) * 0x1p-53;
    const double value = std::ldexp(1 + mantissa, static_cast<int>(random() % 100) - 50);
    return random() % 2 == 0 ? value : -value;
  };
  const double notable[] = {0.0,  -0.0,   1.0,   -1.0,      0.1,        1e-300, 5e-324, 1e300, 3.0,
                            -7.0, 0x1p50, 1e-20, kInfinity, -kInfinity, 1e-310, 2.5,    kNan};
  std::vector<double> x, y;
  for (double first : notable) {
    for (double second : notable) {
      x.push_back(first);
      y.push_back(second);
    }
  }
  for (int i = 0; i < 40000; ++i) {
    const double divisor = any();
    y.insert(y.end(), 3, divisor);
    x.push_back(any());
    // Multiples and their neighbours, where a rounded quotient is one off.
    const double multiple = divisor * static_cast<double>(random() % 1000);
    x.push_back(multiple);
    x.push_back(std::nextafter(multiple, random() % 2 == 0 ? kInfinity : -kInfinity));
  }
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const std::vector<double> quotients = Compute(Op::kFloorDivide, x, y);
    const std::vector<double> remainders = Compute(Op::kRemainder, x, y);
    ForceInstructionSet(std::nullopt);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NO_FATAL_FAILURE(ExpectDivided(x[i], y[i], quotients[i], remainders[i]));
    }
  }
}

// Models that were learned contain its results, so it keeps the bits of SLEEF 3.5.1's, from which
// the number below comes.
TEST(Float64Functions, Log1pKeepsItsBits) {
  std::mt19937_64 random(83);
  std::vector<double> x = {0.0, -0.0, 5e-324, -5e-324, 1e300, 1.5e300, kInfinity, -1.0};
  for (int i = 0; i < 50000; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    x.push_back(unit * 11 - 1);
    x.push_back(-unit);
    x.push_back(static_cast<double>(random() % 1000000));
    const double any = std::ldexp(1 + unit, static_cast<int>(random() % 2098) - 1074);
    x.push_back(any);
    if (any < 1) x.push_back(-any);
  }
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const std::vector<double> found = Compute(Op::kLog1p, x, {});
    ForceInstructionSet(std::nullopt);
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a of the numbers' bits
    for (double value : found) {
      uint64_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      hash = (hash ^ bits) * 0x100000001b3;
    }
    EXPECT_EQ(hash, uint64_t{0xa80c7f200bd14c4b}) << InstructionSetName(set);
  }
}

// Vectors with unusual elements take other ways than those without.
TEST(Float64Functions, AnElementsBitsDoNotDependOnItsNeighbours) {
  const double unusual[] = {kNan, kInfinity, -kInfinity, 0.0, -1.0, 5e-324, 1e300, -1e300, 709.5};
  for (const Range& range : kRanges) {
    const std::vector<double> x = ArgumentsOf(range, 1000, 47);
    const std::vector<double> y(x.size(), 0.75);
    std::vector<double> mixed, mixed_y;
    for (size_t i = 0; i < x.size(); ++i) {
      mixed.insert(mixed.end(), {x[i], unusual[i % std::size(unusual)]});
      mixed_y.insert(mixed_y.end(), {0.75, unusual[i / 7 % std::size(unusual)]});
    }
    for (Op op : {range.op, Op::kPow, Op::kAtan2}) {
      const std::vector<double> alone = Compute(op, x, y), found = Compute(op, mixed, mixed_y);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(SameBits(alone[i], found[2 * i]))
            << InfoOf(op).name << " of " << std::hexfloat << x[i] << " gave " << alone[i] << " and "
            << found[2 * i];
      }
    }
  }
}

TEST(Float64Functions, EveryInstructionSetGivesTheSameBitsInAllRanges) {
  for (const Range& range : kRanges) {
    const std::vector<double> x = ArgumentsOf(range, 5000, 53);
    std::vector<double> y = x;
    std::shuffle(y.begin(), y.end(), std::mt19937_64(3));
    for (Op op : {range.op, Op::kPow, Op::kAtan2}) {
      ForceInstructionSet(InstructionSet::kScalar);
      const std::vector<double> expected = Compute(op, x, y);
      for (InstructionSet set : SupportedInstructionSets()) {
        ForceInstructionSet(set);
        const std::vector<double> found = Compute(op, x, y);
        ForceInstructionSet(std::nullopt);
        for (size_t i = 0; i < x.size(); ++i) {
          ASSERT_TRUE(SameBits(found[i], expected[i]))
              << InfoOf(op).name << " of " << std::hexfloat << x[i] << " with "
              << InstructionSetName(set) << ": " << found[i] << " and " << expected[i];
        }
      }
    }
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
