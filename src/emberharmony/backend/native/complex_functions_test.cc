#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using C = std::complex<double>;
using F = std::complex<float>;
using Wide = std::complex<long double>;
using tensor::DType;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846;

C Compute(Op op, C x, C y = 0) {
  C result;
  const void* inputs[] = {&x, &y};
  ActiveKernels().Get(op, DType::kComplex128)(inputs, &result, 1);
  return result;
}

void ExpectSamePart(double found, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << what << " gave " << found;
  } else {
    EXPECT_DOUBLE_EQ(found, expected) << what;
    EXPECT_EQ(std::signbit(found), std::signbit(expected)) << what << ": the sign of " << found;
  }
}

// Rows of the standard's tables (those where implementations are known to differ, and some of each
// function), and their mirror images: f(conj x) = conj f(x).
TEST(ComplexFunctions, SpecialCasesOfTheStandard) {
  struct Case {
    Op op;
    C x, expected;
  };
  const Case cases[] = {
      {Op::kExp, {-0.0, 0.0}, {1, 0.0}},
      {Op::kExp, {kInf, 0.0}, {kInf, 0.0}},
      {Op::kExp, {-kInf, 2.0}, {-0.0, 0.0}},
      {Op::kExp, {3, kInf}, {kNaN, kNaN}},
      {Op::kExp, {kNaN, 0.0}, {kNaN, 0.0}},
      {Op::kExpm1, {-0.0, 0.0}, {0.0, 0.0}},
      {Op::kExpm1, {1, kInf}, {kNaN, kNaN}},
      {Op::kExpm1, {kInf, 0.0}, {kInf, 0.0}},
      {Op::kExpm1, {-kInf, 1.0}, {-1, 0.0}},
      {Op::kExpm1, {kInf, 1.0}, {kInf, kInf}},
      {Op::kExpm1, {-kInf, kNaN}, {-1, 0.0}},
      {Op::kExpm1, {kInf, kNaN}, {kInf, kNaN}},
      {Op::kExpm1, {kNaN, 0.0}, {kNaN, 0.0}},
      {Op::kExpm1, {kNaN, 1.0}, {kNaN, kNaN}},
      {Op::kLog, {-0.0, 0.0}, {-kInf, kPi}},
      {Op::kLog, {-kInf, kInf}, {kInf, 3 * kPi / 4}},
      {Op::kLog, {kNaN, kInf}, {kInf, kNaN}},
      {Op::kLog1p, {-1, 0.0}, {-kInf, 0.0}},
      {Op::kLog1p, {5, kInf}, {kInf, kPi / 2}},
      {Op::kLog1p, {-kInf, 1.0}, {kInf, kPi}},
      {Op::kLog1p, {kInf, 1.0}, {kInf, 0.0}},
      {Op::kLog1p, {kInf, kNaN}, {kInf, kNaN}},
      {Op::kLog1p, {1, kNaN}, {kNaN, kNaN}},
      {Op::kLog2, {-kInf, 1.0}, {kInf, kPi / std::log(2.0)}},
      {Op::kLog10, {0.0, 0.0}, {-kInf, 0.0}},
      {Op::kSqrt, {-0.0, 0.0}, {0.0, 0.0}},
      {Op::kSqrt, {kNaN, kInf}, {kInf, kInf}},
      {Op::kSqrt, {-kInf, 2.0}, {0.0, kInf}},
      {Op::kSinh, {0.0, kInf}, {0.0, kNaN}},
      {Op::kSinh, {kInf, 0.0}, {kInf, 0.0}},
      {Op::kCosh, {kInf, 0.0}, {kInf, 0.0}},
      {Op::kTanh, {0.0, kInf}, {0.0, kNaN}},
      {Op::kTanh, {2.0, kInf}, {kNaN, kNaN}},
      {Op::kTanh, {0.0, kNaN}, {0.0, kNaN}},
      {Op::kTanh, {kInf, 2.0}, {1, 0.0}},
      {Op::kTanh, {kInf, kInf}, {1, 0.0}},
      {Op::kTanh, {kNaN, 0.0}, {kNaN, 0.0}},
      {Op::kTan, {0.0, 2000.0}, {0.0, 1}},
      {Op::kAcos, {0.0, 0.0}, {kPi / 2, -0.0}},
      {Op::kAcos, {0.0, kNaN}, {kPi / 2, kNaN}},
      {Op::kAcos, {-kInf, 3.0}, {kPi, -kInf}},
      {Op::kAcosh, {0.0, 0.0}, {0.0, kPi / 2}},
      {Op::kAcosh, {-kInf, kInf}, {kInf, 3 * kPi / 4}},
      {Op::kAsinh, {1.0, kInf}, {kInf, kPi / 2}},
      {Op::kAsinh, {kInf, kNaN}, {kInf, kNaN}},
      {Op::kAtanh, {1.0, 0.0}, {kInf, 0.0}},
      {Op::kAtanh, {kInf, 4.0}, {0.0, kPi / 2}},
      {Op::kSign, {-0.0, -0.0}, {0.0, 0.0}},
      {Op::kSign, {kNaN, 0.0}, {kNaN, kNaN}},
      {Op::kSign, {3e-320, -4e-320}, {0.6, -0.8}},
      {Op::kSign, {1.5e308, -1.5e308}, {std::sqrt(0.5), -std::sqrt(0.5)}},
      {Op::kRound, {-2.5, 3.5}, {-2, 4}},
  };
  for (const Case& c : cases) {
    const std::string what = std::string(InfoOf(c.op).name) + " of (" + std::to_string(c.x.real()) +
                             ", " + std::to_string(c.x.imag()) + ")";
    const C found = Compute(c.op, c.x);
    ExpectSamePart(found.real(), c.expected.real(), what + ", real");
    ExpectSamePart(found.imag(), c.expected.imag(), what + ", imag");
    if (c.op == Op::kSign) continue;
    const C mirrored = Compute(c.op, std::conj(c.x));
    ExpectSamePart(mirrored.real(), c.expected.real(), what + ", conjugate, real");
    ExpectSamePart(mirrored.imag(), -c.expected.imag(), what + ", conjugate, imag");
  }
}

TEST(ComplexFunctions, PowAtZeroAndWholeExponents) {
  EXPECT_EQ(Compute(Op::kPow, {kNaN, 1}, 0), C(1));
  EXPECT_EQ(Compute(Op::kPow, 0, 2), C(0));
  EXPECT_EQ(Compute(Op::kPow, 0, {2, 3}), C(0));
  EXPECT_TRUE(std::isnan(Compute(Op::kPow, 0, {0, 3}).real()));
  EXPECT_TRUE(std::isnan(Compute(Op::kPow, 0, -1).real()));
  EXPECT_EQ(Compute(Op::kPow, {1, 2}, 3), C(-11, -2));
  EXPECT_EQ(Compute(Op::kPow, {0, 2}, -2), C(-0.25, 0));
  const C half = Compute(Op::kPow, {0, 2}, 0.5);
  EXPECT_NEAR(std::abs(half - C(1, 1)), 0, 1e-15);
}

/// Parts of any size from 2^-60 to 2^60 and sometimes near -1.
C RandomNumber(std::mt19937_64& random) {
  const auto part = [&] {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
    return std::ldexp(unit, random() % 2 ? 0 : static_cast<int>(random() % 120) - 60);
  };
  const C x(part(), part());
  return random() % 4 == 0 ? x * 1e-3 - 1.0 : x;
}

// Formulas in extended precision that cancel nowhere near the arguments.
TEST(ComplexFunctions, Expm1AndLog1pAreAccurateWhereSumsCancel) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const C x = RandomNumber(random);
    const Wide wide(x.real(), x.imag());
    const auto expect_close = [&](C found, Wide exact, const char* what) {
      const auto error = std::abs(Wide(found.real(), found.imag()) - exact) / std::abs(exact);
      ASSERT_LE(error, 4e-16L) << what << " of " << x << " gave " << found;
    };
    if (std::abs(x) < 700) {
      expect_close(Compute(Op::kExpm1, x), 2.0L * std::sinh(wide / 2.0L) * std::exp(wide / 2.0L),
                   "expm1");
    }
    if (std::abs(x) < 0.5) {
      expect_close(Compute(Op::kLog1p, x), 2.0L * std::atanh(wide / (2.0L + wide)), "log1p");
    } else {
      expect_close(Compute(Op::kLog1p, x), std::log(1.0L + wide), "log1p");
    }
  }
}

TEST(ComplexFunctions, AreTheInversesAndDerivativesOfEachOther) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 5000; ++i) {
    const C x = RandomNumber(random);
    if (std::abs(x) < 1e-3 || std::abs(x) > 30 || std::abs(std::abs(x) - 1) < 1e-2) continue;
    const auto expect_x = [&](C found, const char* what) {
      ASSERT_LE(std::abs(found - x), 1e-12 * std::abs(x)) << what << " of " << x << ": " << found;
    };
    expect_x(Compute(Op::kExp, Compute(Op::kLog, x)), "exp(log)");
    expect_x(Compute(Op::kSquare, Compute(Op::kSqrt, x)), "square(sqrt)");
    expect_x(Compute(Op::kSin, Compute(Op::kAsin, x)), "sin(asin)");
    expect_x(Compute(Op::kCos, Compute(Op::kAcos, x)), "cos(acos)");
    expect_x(Compute(Op::kSinh, Compute(Op::kAsinh, x)), "sinh(asinh)");
    expect_x(Compute(Op::kCosh, Compute(Op::kAcosh, x)), "cosh(acosh)");
    if (std::abs(x) > 10) continue;
    expect_x(Compute(Op::kTan, Compute(Op::kAtan, x)), "tan(atan)");
    expect_x(Compute(Op::kTanh, Compute(Op::kAtanh, x)), "tanh(atanh)");
    expect_x(Compute(Op::kExp, Compute(Op::kLog2, x) * std::log(2.0)), "exp(log2)");
    expect_x(Compute(Op::kPow, 10.0, Compute(Op::kLog10, x)), "10^log10");
  }
}

TEST(ComplexFunctions, OddOnesAreExactlyOddAndAllCommuteWithConjugation) {
  std::mt19937_64 random(5);
  const Op odd[] = {Op::kSinh, Op::kTanh, Op::kAsinh, Op::kAtanh,
                    Op::kSin,  Op::kTan,  Op::kAsin,  Op::kAtan};
  const Op all[] = {Op::kExp,  Op::kExpm1, Op::kLog,   Op::kLog1p, Op::kLog2, Op::kLog10, Op::kSqrt,
                    Op::kCosh, Op::kSinh,  Op::kTanh,  Op::kCos,   Op::kSin,  Op::kTan,   Op::kAcos,
                    Op::kAsin, Op::kAtan,  Op::kAcosh, Op::kAsinh, Op::kAtanh};
  for (int i = 0; i < 3000; ++i) {
    const C x = RandomNumber(random);
    for (Op op : odd) ASSERT_EQ(Compute(op, -x), -Compute(op, x)) << InfoOf(op).name << " of " << x;
    for (Op op : all) {
      ASSERT_EQ(Compute(op, std::conj(x)), std::conj(Compute(op, x)))
          << InfoOf(op).name << " of " << x;
    }
  }
}

TEST(ComplexFunctions, SinglePrecisionIsRoundedOnce) {
  const F x(1.25F, -0.75F);
  F result;
  const void* inputs[] = {&x};
  ActiveKernels().Get(Op::kTanh, DType::kComplex64)(inputs, &result, 1);
  EXPECT_EQ(result, F(std::tanh(C(x))));
  float abs;
  const F large(3e38F, 0);
  inputs[0] = &large;
  ActiveKernels().Get(Op::kAbs, DType::kComplex64)(inputs, &abs, 1);
  EXPECT_EQ(abs, 3e38F);
}

}  // namespace
}  // namespace emberharmony::backend::native
