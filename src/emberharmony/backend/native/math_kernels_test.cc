// The kernels of sqrt and the transcendental functions against long double (x87: 64 bits of
// mantissa), on every instruction set this machine has.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DTypeOf;

class Forced {
 public:
  explicit Forced(InstructionSet set) { ForceInstructionSet(set); }
  ~Forced() { ForceInstructionSet(std::nullopt); }
};

struct Function {
  Op op;
  long double (*exact)(long double);
  double low, high;  // where it is tested densely
};

const Function kFunctions[] = {
    {Op::kExp, std::exp, -745, 710},   {Op::kExpm1, std::expm1, -40, 710},
    {Op::kLog, std::log, 0, 10},       {Op::kLog1p, std::log1p, -1, 10},
    {Op::kLog2, std::log2, 0, 10},     {Op::kLog10, std::log10, 0, 10},
    {Op::kSin, std::sin, -100, 100},   {Op::kCos, std::cos, -100, 100},
    {Op::kTan, std::tan, -100, 100},   {Op::kTanh, std::tanh, -20, 20},
    {Op::kSqrt, std::sqrt, 0, 1e6},    {Op::kSinh, std::sinh, -711, 711},
    {Op::kCosh, std::cosh, -711, 711}, {Op::kAsin, std::asin, -1, 1},
    {Op::kAcos, std::acos, -1, 1},     {Op::kAtan, std::atan, -10, 10},
    {Op::kAsinh, std::asinh, -10, 10}, {Op::kAcosh, std::acosh, 1, 3},
    {Op::kAtanh, std::atanh, -1, 1},   {Op::kErf, std::erf, -6, 6},
};

template <class T>
T FromBits(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class T>
std::vector<T> SpecialValues() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {T(0),
                           Limits::denorm_min(),
                           Limits::min() / 2,
                           Limits::min(),
                           Limits::epsilon(),
                           T(0.5),
                           T(1),
                           T(1) - Limits::epsilon() / 2,
                           T(1) + Limits::epsilon(),
                           T(2),
                           T(10),
                           T(1e10),
                           T(1e30),
                           Limits::max() / 2,
                           Limits::max(),
                           Limits::infinity(),
                           T(88.722839),
                           T(709.782712893384),
                           T(745.2),
                           T(87.3365),
                           T(103.9721),
                           T(708.3964185322641)};
  const size_t n = values.size();
  for (size_t i = 0; i < n; ++i) values.push_back(-values[i]);
  values.push_back(Limits::quiet_NaN());
  return values;
}

/// Special values, dense random numbers in [low, high], and numbers of any exponent.
template <class T>
std::vector<T> Arguments(double low, double high, int num_each, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values = SpecialValues<T>();
  for (int i = 0; i < num_each; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    values.push_back(static_cast<T>(low + (high - low) * unit));
    // Near zero, where differences cancel.
    values.push_back(static_cast<T>((unit - 0.5) * std::pow(10.0, -static_cast<int>(i % 20))));
    const T any = FromBits<T>(random());
    if (!std::isnan(any)) values.push_back(any);
  }
  return values;
}

/// The error of `found` in units of the last place of type T at `exact`.
template <class T>
double ErrorInUlps(T found, long double exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact)) return std::isnan(found) ? 0.0 : 1e30;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(rounded) || std::isinf(found)) {
    if (found == rounded) return 0.0;
    // One step short of, or beyond, the overflow threshold is one ulp.
    return std::fabs(found) == Limits::max() || std::fabs(rounded) == Limits::max() ? 1.0 : 1e30;
  }
  if (std::isnan(found)) return 1e30;
  int exponent;
  std::frexp(exact, &exponent);
  const int lowest = Limits::min_exponent - 1;
  const long double ulp = std::ldexp(1.0L, std::max(exponent - 1, lowest) - (Limits::digits - 1));
  return static_cast<double>(std::fabs(static_cast<long double>(found) - exact) / ulp);
}

template <class T>
std::vector<T> Compute(Op op, const std::vector<T>& x, const std::vector<T>* y = nullptr) {
  std::vector<T> result(x.size());
  const void* inputs[] = {x.data(), y != nullptr ? y->data() : nullptr};
  ActiveKernels().Get(op, DTypeOf<T>())(inputs, result.data(), static_cast<int64_t>(x.size()));
  return result;
}

template <class T>
void ExpectSameBits(const std::vector<T>& found, const std::vector<T>& expected,
                    const std::vector<T>& x, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(found[i]) && std::isnan(expected[i])) continue;
    ASSERT_EQ(std::memcmp(&found[i], &expected[i], sizeof(T)), 0)
        << what << " of " << std::hexfloat << x[i] << ": " << found[i] << " and " << expected[i];
  }
}

template <class T>
class MathKernels : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(MathKernels, FloatTypes);

TYPED_TEST(MathKernels, WithinOneUlpWithSignsOfZero) {
  using T = TypeParam;
  for (const Function& function : kFunctions) {
    const std::string name(InfoOf(function.op).name);
    const std::vector<T> x = Arguments<T>(function.low, function.high, 40000, 11);
    const std::vector<T> found = Compute(function.op, x);
    double worst = -1;
    size_t worst_at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = function.exact(static_cast<long double>(x[i]));
      const double error = ErrorInUlps(found[i], exact);
      if (error > worst) {
        worst = error;
        worst_at = i;
      }
      if (found[i] == T(0) && exact == 0) {
        ASSERT_EQ(std::signbit(found[i]), std::signbit(exact)) << name << " of " << x[i];
      }
    }
    EXPECT_LE(worst, 1.0) << name << " of " << std::hexfloat << x[worst_at] << " ("
                          << std::defaultfloat << x[worst_at] << ") gave " << found[worst_at];
    if (function.op == Op::kSqrt) {
      EXPECT_LE(worst, 0.5);
    }
    this->RecordProperty("worst_" + name, std::to_string(worst));
  }
}

TYPED_TEST(MathKernels, PowIsWithinOneUlpAndKnowsItsSpecialCases) {
  using T = TypeParam;
  std::mt19937_64 random(5);
  std::vector<T> x, y;
  for (T base : SpecialValues<T>()) {
    for (T exponent : SpecialValues<T>()) {
      x.push_back(base);
      y.push_back(exponent);
    }
    for (T exponent : {T(-3), T(-2), T(-1), T(-0.5), T(0.5), T(3), T(4), T(1001), T(-1001)}) {
      x.push_back(base);
      y.push_back(exponent);
    }
  }
  for (int i = 0; i < 40000; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    x.push_back(static_cast<T>(std::exp2(unit * 40 - 20)));
    y.push_back(static_cast<T>(static_cast<double>(random() >> 11) * 0x1p-53 * 60 - 30));
    x.push_back(static_cast<T>(-1000 * unit));
    y.push_back(static_cast<T>(static_cast<int>(random() % 41) - 20));
  }
  const std::vector<T> found = Compute(Op::kPow, x, &y);
  for (size_t i = 0; i < x.size(); ++i) {
    const long double exact =
        std::pow(static_cast<long double>(x[i]), static_cast<long double>(y[i]));
    ASSERT_LE(ErrorInUlps(found[i], exact), 1.0)
        << x[i] << " to the power of " << y[i] << " gave " << found[i] << ", not "
        << static_cast<double>(exact);
    if (found[i] == T(0) && exact == 0) {
      ASSERT_EQ(std::signbit(found[i]), std::signbit(exact)) << x[i] << " to the power of " << y[i];
    }
  }
}

/// Pairs of special values, of numbers of like size, and of any.
template <class T>
void Pairs(std::vector<T>* x, std::vector<T>* y) {
  std::mt19937_64 random(8);
  for (T first : SpecialValues<T>()) {
    for (T second : SpecialValues<T>()) {
      x->push_back(first);
      y->push_back(second);
    }
  }
  for (int i = 0; i < 40000; ++i) {
    const auto any = [&] {
      const T value = FromBits<T>(random());
      return std::isnan(value) ? T(1) : value;
    };
    const auto unit = [&] {
      return static_cast<T>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
    };
    x->push_back(i % 3 == 0 ? any() : unit());
    y->push_back(i % 3 == 0 ? any() : (i % 3 == 1 ? unit() : T(1e-3) * unit()));
  }
}

TYPED_TEST(MathKernels, FunctionsOfTwoNumbersAreWithinOneUlp) {
  using T = TypeParam;
  struct BinaryFunction {
    Op op;
    long double (*exact)(long double, long double);
  };
  const BinaryFunction functions[] = {
      {Op::kAtan2, std::atan2},
      {Op::kHypot, std::hypot},
      {Op::kNextAfter,
       [](long double x, long double y) {
         return static_cast<long double>(std::nextafter(static_cast<T>(x), static_cast<T>(y)));
       }},
      {Op::kCopySign, std::copysign},
  };
  std::vector<T> x, y;
  Pairs(&x, &y);
  for (const BinaryFunction& function : functions) {
    const std::string name(InfoOf(function.op).name);
    const std::vector<T> found = Compute(function.op, x, &y);
    for (size_t i = 0; i < x.size(); ++i) {
      const long double exact = function.exact(x[i], y[i]);
      const double bound = function.op == Op::kNextAfter || function.op == Op::kCopySign ? 0 : 1;
      ASSERT_LE(ErrorInUlps(found[i], exact), bound)
          << name << " of " << std::hexfloat << x[i] << " and " << y[i] << " gave " << found[i]
          << ", not " << exact;
      if (found[i] == T(0) && exact == 0) {
        ASSERT_EQ(std::signbit(found[i]), std::signbit(exact)) << name << x[i] << " " << y[i];
      }
    }
  }
}

TYPED_TEST(MathKernels, LogAddExpNeitherOverflowsNorCancels) {
  using T = TypeParam;
  std::vector<T> x, y;
  Pairs(&x, &y);
  const std::vector<T> found = Compute(Op::kLogAddExp, x, &y);
  for (size_t i = 0; i < x.size(); ++i) {
    const long double wide_x = x[i], wide_y = y[i];
    const long double larger = std::max(wide_x, wide_y), smaller = std::min(wide_x, wide_y);
    long double exact =
        larger + (larger == smaller ? std::log(2.0L) : std::log1p(std::exp(smaller - larger)));
    if (std::isnan(x[i]) || std::isnan(y[i])) {
      exact = std::numeric_limits<long double>::quiet_NaN();
    } else if (std::fabs(wide_x) < 5000 && std::fabs(wide_y) < 5000) {
      // log(1 + (e^x + e^y - 1)), whose sum is exact enough where it is small.
      exact = std::fabs(larger) < 1 ? std::log1p(std::expm1(larger) + std::exp(smaller))
                                    : std::log(std::exp(wide_x) + std::exp(wide_y));
    }
    if (std::fabs(exact) < 1e-3L && sizeof(T) == 8) continue;
    ASSERT_LE(ErrorInUlps(found[i], exact), 1.0)
        << "logaddexp of " << x[i] << " and " << y[i] << " gave " << found[i];
  }
}

TEST(MathKernelsNearOverflow, ExpAndPowReachTheTopOfTheRange) {
  std::mt19937_64 random(6);
  std::vector<double> x, base, exponent;
  for (int i = 0; i < 20000; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    x.push_back(709.7827 + unit * 1.3e-5);
    base.push_back(1.0 + unit * 1e6);
    exponent.push_back(x.back() / std::log(base.back()));
  }
  const std::vector<double> exp = Compute(Op::kExp, x);
  const std::vector<double> pow = Compute(Op::kPow, base, &exponent);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(ErrorInUlps(exp[i], std::exp(static_cast<long double>(x[i]))), 1.0)
        << std::hexfloat << x[i];
    const long double exact =
        std::pow(static_cast<long double>(base[i]), static_cast<long double>(exponent[i]));
    ASSERT_LE(ErrorInUlps(pow[i], exact), 1.0) << std::hexfloat << base[i] << " " << exponent[i];
  }
}

TYPED_TEST(MathKernels, EveryInstructionSetGivesTheSameBits) {
  using T = TypeParam;
  for (const Function& function : kFunctions) {
    const std::vector<T> x = Arguments<T>(function.low, function.high, 20000, 3);
    std::vector<T> expected;
    for (InstructionSet set : SupportedInstructionSets()) {
      Forced forced(set);
      const std::vector<T> found = Compute(function.op, x);
      if (expected.empty()) expected = found;
      ExpectSameBits(
          found, expected, x,
          std::string(InfoOf(function.op).name) + " with " + std::string(InstructionSetName(set)));
    }
  }
  const std::vector<T> x = Arguments<T>(0, 100, 20000, 4);
  std::vector<T> y = Arguments<T>(-30, 30, 20000, 5);
  y.resize(x.size(), T(1.5));
  std::vector<T> expected;
  for (InstructionSet set : SupportedInstructionSets()) {
    Forced forced(set);
    const std::vector<T> found = Compute(Op::kPow, x, &y);
    if (expected.empty()) expected = found;
    ExpectSameBits(found, expected, x, "pow with " + std::string(InstructionSetName(set)));
  }
}

TYPED_TEST(MathKernels, AnElementsBitsDoNotDependOnPositionOrLength) {
  using T = TypeParam;
  for (InstructionSet set : SupportedInstructionSets()) {
    Forced forced(set);
    for (const Function& function : kFunctions) {
      const std::vector<T> x = Arguments<T>(function.low, function.high, 30, 17);
      const std::vector<T> expected = Compute(function.op, x);
      for (size_t start = 0; start < 40; ++start) {
        for (size_t length = 1; length < 40; ++length) {
          const std::vector<T> part(x.begin() + start, x.begin() + start + length);
          ExpectSameBits(
              Compute(function.op, part),
              std::vector<T>(expected.begin() + start, expected.begin() + start + length), part,
              std::string(InfoOf(function.op).name));
        }
      }
    }
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
