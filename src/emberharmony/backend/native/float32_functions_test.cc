// Our own functions of float32 against double, whose errors count for nothing beside float32's.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Function {
  Op op;
  double (*exact)(double);
  // Bits of positive floats between which the largest errors lie, and the largest of them: trying
  // every float, or of some functions every float near, found these. An error beyond means that a
  // constant or a step is not what it was.
  uint32_t dense_low, dense_high;
  double worst;
};

const Function kFunctions[] = {
    {Op::kExpm1, std::expm1, 0x3e800000, 0x3f000000, 0.95},
    {Op::kSinh, std::sinh, 0x40c00000, 0x41200000, 0.95},
    {Op::kCosh, std::cosh, 0x3e800000, 0x3f800000, 0.80},
    {Op::kTanh, std::tanh, 0x40f00000, 0x41200000, 0.93},
    {Op::kLog, std::log, 0x3f000000, 0x40000000, 0.91},
    {Op::kLog2, std::log2, 0x3f000000, 0x40000000, 0.98},
    {Op::kLog10, std::log10, 0x3f000000, 0x40000000, 0.99},
    {Op::kLog1p, std::log1p, 0x3e800000, 0x3f800000, 0.89},
    {Op::kSin, std::sin, 0x3f800000, 0x41000000, 0.61},
    {Op::kCos, std::cos, 0x3c000000, 0x41000000, 0.61},
    {Op::kTan, std::tan, 0x3f000000, 0x40a00000, 0.92},
    {Op::kAsin, std::asin, 0x3f000000, 0x3f800000, 0.71},
    {Op::kAcos, std::acos, 0x3f000000, 0x3f800000, 0.69},
    {Op::kAtan, std::atan, 0x3f000000, 0x40000000, 0.96},
    {Op::kAsinh, std::asinh, 0x3e800000, 0x3f800000, 0.72},
    {Op::kAcosh, std::acosh, 0x3f800000, 0x40000000, 0.88},
    {Op::kAtanh, std::atanh, 0x3c800000, 0x3d800000, 0.79},
};

float FromBits(uint64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }

/// Every `step`-th float, of both signs, with infinities and NaN, and those of the dense interval.
std::vector<float> ArgumentsOf(const Function& function, uint32_t step) {
  std::vector<float> x = {0.0f, -0.0f, 1.0f, -1.0f, kInfinity, -kInfinity, kNan};
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += step) x.push_back(FromBits(bits));
  for (uint64_t bits = function.dense_low; bits < function.dense_high; bits += step / 64) {
    x.push_back(FromBits(bits));
    x.push_back(-FromBits(bits));
  }
  return x;
}

double ErrorInUlps(float found, double exact) {
  if (std::isnan(exact) || std::isnan(found)) {
    return std::isnan(exact) && std::isnan(found) ? 0.0 : kInfinity;
  }
  const float rounded = static_cast<float>(exact);
  if (std::isinf(rounded) || std::isinf(found)) return found == rounded ? 0.0 : kInfinity;
  if (exact == 0) return found == 0 && std::signbit(found) == std::signbit(exact) ? 0.0 : kInfinity;
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::fabs(static_cast<double>(found) - exact) / std::ldexp(1.0, exponent - 23);
}

std::vector<float> Compute(Op op, const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<float> result(x.size());
  const void* inputs[] = {x.data(), y.data()};
  ActiveKernels().Get(op, tensor::DType::kFloat32)(inputs, result.data(),
                                                   static_cast<int64_t>(x.size()));
  return result;
}

bool SameBits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

TEST(Float32Functions, ErrorsAreWhatTheyWereWithEveryFloat) {
  for (const Function& function : kFunctions) {
    const std::vector<float> x = ArgumentsOf(function, 20011);
    const std::vector<float> found = Compute(function.op, x, {});
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(ErrorInUlps(found[i], function.exact(x[i])), function.worst)
          << InfoOf(function.op).name << " of " << std::hexfloat << x[i] << " gave " << found[i];
    }
  }
}

TEST(Float32Functions, SineCosineAndTangentKeepTheirAccuracyBesideTheirZeros) {
  std::vector<float> x;
  for (int64_t k = 1; k <= (int64_t{1} << 41); k += 1 + k / 97) {
    const float near = static_cast<float>(static_cast<double>(k) * 1.5707963267948966);
    for (float value : {near, std::nextafter(near, 0.0f), std::nextafter(near, kInfinity)}) {
      x.push_back(value);
      x.push_back(-value);
    }
  }
  for (const Function& function : kFunctions) {
    if (function.op != Op::kSin && function.op != Op::kCos && function.op != Op::kTan) continue;
    const std::vector<float> found = Compute(function.op, x, {});
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(ErrorInUlps(found[i], function.exact(x[i])), function.worst)
          << InfoOf(function.op).name << " of " << std::hexfloat << x[i] << " gave " << found[i];
    }
  }
}

/// Bases within 2^-octaves of 1, or of 2^octaves at most, with powers up to beyond overflow.
void PowersNear(double octaves, bool near_one, std::vector<float>* x, std::vector<float>* y) {
  std::mt19937_64 random(43);
  const auto signed_unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
  for (int i = 0; i < 20000; ++i) {
    const double base =
        near_one ? 1 + std::exp2(-octaves) * signed_unit() : std::exp2(octaves * signed_unit());
    x->push_back(static_cast<float>(base));
    const double size = std::max(std::fabs(std::log2(static_cast<double>(x->back()))), 1e-7);
    y->push_back(static_cast<float>(signed_unit() * 155 / size));
  }
}

TEST(Float32Functions, PowersOfAllSizesAreWithinNineTenthsOfAnUlp) {
  std::vector<float> x, y;
  PowersNear(5, true, &x, &y);
  PowersNear(20, true, &x, &y);
  PowersNear(1, false, &x, &y);
  PowersNear(140, false, &x, &y);
  const std::vector<float> found = Compute(Op::kPow, x, y);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::pow(static_cast<double>(x[i]), static_cast<double>(y[i]));
    ASSERT_LE(ErrorInUlps(found[i], exact), 0.9)
        << std::hexfloat << x[i] << " to the power of " << y[i] << " gave " << found[i];
  }
}

TEST(Float32Functions, PowersThatAreFloatsAreExact) {
  std::vector<float> x, y;
  std::vector<double> exact;
  const auto add = [&](double base, int power) {
    double product = 1;
    for (int i = 0; i < std::abs(power); ++i) product *= base;
    if (power < 0) product = 1 / product;
    if (static_cast<double>(static_cast<float>(product)) != product) return;
    x.push_back(static_cast<float>(base));
    y.push_back(static_cast<float>(power));
    exact.push_back(product);
  };
  for (int base = -5000; base <= 5000; ++base) {
    for (int power = 1; power <= 24; ++power) add(base * 0.125, power);
  }
  for (int exponent = -20; exponent <= 20; ++exponent) {
    for (int power = -9; power <= 9; ++power) add(std::ldexp(1.0, exponent), power);
  }
  // 0 and below have another way than the others; each in registers of its own and mixed.
  ASSERT_GT(x.size(), 20000u);
  std::vector<float> with_zeros, powers;
  for (size_t i = 0; i < x.size(); ++i) {
    with_zeros.insert(with_zeros.end(), {x[i], 0.0f});
    powers.insert(powers.end(), {y[i], 2.0f});
  }
  const std::vector<float> found = Compute(Op::kPow, x, y);
  const std::vector<float> mixed = Compute(Op::kPow, with_zeros, powers);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(static_cast<double>(found[i]), exact[i]) << x[i] << " to the power of " << y[i];
    ASSERT_EQ(static_cast<double>(mixed[2 * i]), exact[i]) << x[i] << " to the power of " << y[i];
  }
}

TEST(Float32Functions, AnglesOfPointsAllAroundAreWithinOneUlp) {
  std::mt19937_64 random(7);
  const auto signed_unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
  std::vector<float> x, y;
  for (int i = 0; i < 200000; ++i) {
    x.push_back(static_cast<float>(signed_unit() * std::exp2(70 * signed_unit())));
    const double ratio = i % 2 == 0 ? std::exp2(30 * signed_unit()) : 1 + signed_unit() / 16;
    y.push_back(static_cast<float>(x.back() * (signed_unit() < 0 ? -ratio : ratio)));
  }
  const std::vector<float> found = Compute(Op::kAtan2, y, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::atan2(static_cast<double>(y[i]), static_cast<double>(x[i]));
    ASSERT_LE(ErrorInUlps(found[i], exact), 0.98)
        << std::hexfloat << y[i] << ", " << x[i] << " gave " << found[i];
  }
}

// Vectors with unusual elements take other ways than those without.
float PythonsQuotient(float x, float y) {
  const float quotient = x / y;
  if (!std::isfinite(x) || !std::isfinite(y) || y == 0) return std::floor(quotient);
  const float remainder = std::fmod(x, y);
  float exact = (x - remainder) / y;
  if (remainder != 0 && (remainder < 0) != (y < 0)) exact -= 1;
  if (exact == 0) return std::copysign(0.0f, quotient);
  const float rounded = std::floor(exact);
  return exact - rounded > 0.5f ? rounded + 1 : rounded;
}
float PythonsRemainder(float x, float y) {
  const float remainder = std::fmod(x, y);
  if (remainder == 0) return std::copysign(0.0f, y);
  return (remainder < 0) != (y < 0) ? remainder + y : remainder;
}

TEST(Float32Functions, QuotientsAndRemaindersArePythons) {
  std::mt19937_64 random(71);
  std::vector<float> x, y;
  const float notable[] = {0.0f,      -0.0f,     1.0f,  -1.0f,   0.1f,           3.0f,      7.0f,
                           0x1p-149f, 0x1p-126f, 1e38f, 0x1p20f, 0x1.fffffep19f, kInfinity, kNan};
  for (float first : notable) {
    for (float second : notable) {
      for (float sign : {1.0f, -1.0f}) {
        x.push_back(first * sign);
        y.push_back(second);
      }
    }
  }
  for (int i = 0; i < 400'000; ++i) {
    const float divisor = FromBits(random());
    const auto whole = static_cast<float>(static_cast<int32_t>(random()) >> (random() % 32));
    // Quotients of all sizes, those that are nearly whole among them.
    const float product = whole * divisor;
    x.push_back(i % 3 == 0   ? FromBits(random())
                : i % 3 == 1 ? product
                             : std::nextafter(product, 0.0f));
    y.push_back(divisor);
  }
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const std::vector<float> quotients = Compute(Op::kFloorDivide, x, y);
    const std::vector<float> remainders = Compute(Op::kRemainder, x, y);
    for (size_t i = 0; i < x.size(); ++i) {
      const float quotient = PythonsQuotient(x[i], y[i]), rest = PythonsRemainder(x[i], y[i]);
      const bool same = (std::isnan(quotients[i]) && std::isnan(quotient)) ||
                        std::bit_cast<uint32_t>(quotients[i]) == std::bit_cast<uint32_t>(quotient);
      ASSERT_TRUE(same) << x[i] << " // " << y[i] << ": " << quotients[i] << ", not " << quotient;
      const bool same_rest =
          (std::isnan(remainders[i]) && std::isnan(rest)) ||
          std::bit_cast<uint32_t>(remainders[i]) == std::bit_cast<uint32_t>(rest);
      ASSERT_TRUE(same_rest) << x[i] << " % " << y[i] << ": " << remainders[i] << ", not " << rest;
    }
    ForceInstructionSet(std::nullopt);
  }
}

TEST(Float32Functions, AnElementsBitsDoNotDependOnItsNeighbours) {
  const float unusual[] = {kNan, kInfinity, -kInfinity, 0.0f, -1.0f, 1e-45f, 3e38f, -3e38f, 88.5f};
  for (const Function& function : kFunctions) {
    const std::vector<float> x = ArgumentsOf(function, 2000003);
    const std::vector<float> y(x.size(), 0.75f);
    std::vector<float> mixed, mixed_y;
    for (size_t i = 0; i < x.size(); ++i) {
      mixed.insert(mixed.end(), {x[i], unusual[i % std::size(unusual)]});
      mixed_y.insert(mixed_y.end(), {0.75f, unusual[i / 7 % std::size(unusual)]});
    }
    for (Op op : {function.op, Op::kPow, Op::kAtan2, Op::kLogAddExp}) {
      const std::vector<float> alone = Compute(op, x, y), found = Compute(op, mixed, mixed_y);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(SameBits(alone[i], found[2 * i]))
            << InfoOf(op).name << " of " << std::hexfloat << x[i] << " gave " << alone[i] << " and "
            << found[2 * i];
      }
    }
  }
}

TEST(Float32Functions, EveryInstructionSetGivesTheSameBitsAllOverTheRange) {
  for (const Function& function : kFunctions) {
    const std::vector<float> x = ArgumentsOf(function, 200003);
    std::vector<float> y = x;
    std::shuffle(y.begin(), y.end(), std::mt19937_64(3));
    for (Op op : {function.op, Op::kPow, Op::kAtan2, Op::kLogAddExp}) {
      ForceInstructionSet(InstructionSet::kScalar);
      const std::vector<float> expected = Compute(op, x, y);
      for (InstructionSet set : SupportedInstructionSets()) {
        ForceInstructionSet(set);
        const std::vector<float> found = Compute(op, x, y);
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

/// The error of a result, without the cases that ErrorInUlps knows, in a few steps.
double QuickErrorInUlps(float found, double exact) {
  const auto exponent = static_cast<int64_t>(std::bit_cast<uint64_t>(exact) >> 52 & 0x7ff);
  const auto inverse = static_cast<uint64_t>(2046 + 23 - std::max<int64_t>(exponent, 1023 - 126));
  return std::fabs(static_cast<double>(found) - exact) * std::bit_cast<double>(inverse << 52);
}

/// For `make exhaustive`: each function of every float. One of FLOAT32_FUNCTIONS' names, if set.
TEST(Float32Functions, DISABLED_EveryFloatIsWithinOneUlp) {
  const char* const wanted = std::getenv("FLOAT32_FUNCTIONS");
  constexpr int64_t kPiece = 1 << 16;
  std::vector<float> x(kPiece);
  for (const Function& function : kFunctions) {
    const std::string name(InfoOf(function.op).name);
    if (wanted != nullptr &&
        (" " + std::string(wanted) + " ").find(" " + name + " ") == std::string::npos)
      continue;
    double worst = 0;
    float where = 0;
    for (int64_t bits = 0; bits <= 0xffffffff; bits += kPiece) {
      for (int64_t i = 0; i < kPiece; ++i) x[i] = FromBits(static_cast<uint64_t>(bits + i));
      const std::vector<float> found = Compute(function.op, x, x);
      for (int64_t i = 0; i < kPiece; ++i) {
        const double exact = function.exact(static_cast<double>(x[i]));
        const double magnitude = std::fabs(exact);
        const bool usual = magnitude > 0 && magnitude < 0x1p127 && std::isfinite(found[i]);
        const double error =
            usual ? QuickErrorInUlps(found[i], exact) : ErrorInUlps(found[i], exact);
        if (error > worst) {
          worst = error;
          where = x[i];
        }
      }
    }
    std::printf("%s: %.4f ulp at %a\n", name.c_str(), worst, where);
    std::fflush(stdout);
    EXPECT_LE(worst, 1.0) << name << " of " << where;
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
