#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/random_internal.h"
#include "emberharmony/ops/random_math_internal.h"

namespace emberharmony::ops::random {
namespace {

bool IsProbability(double x) { return x >= 0 && x <= 1; }
bool IsCount(double x) { return x >= 0 && x <= 0x1p53 && x == std::floor(x); }
bool IsRate(double x) { return x >= 0 && x <= 0x1p62; }

/// Means below it are drawn by inversion.
constexpr double kInversionBelow = 10;

/// The smallest k whose cumulative probability exceeds u: p0 is that of 0, next(p, k) that of k + 1
/// from that of k. `most` ends the search where rounding keeps the sum below u.
template <class Next>
double Invert(double u, double p0, double most, const Next& next) {
  double k = 0;
  double p = p0;
  double sum = p0;
  while (u >= sum && k < most) {
    p = next(p, k);
    if (p < 0x1p-1000) break;
    k += 1;
    sum += p;
  }
  return k;
}

double SmallPoisson(double u, double lam) {
  return Invert(u, Exp(-lam), 1000, [lam](double p, double k) { return p * (lam / (k + 1)); });
}

/// Hoermann's PTRS, lam >= 10.
double LargePoisson(double lam, const ElementBlocks& blocks) {
  const double root = std::sqrt(lam);
  const double b = 0.931 + 2.53 * root;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (uint32_t attempt = 0;; ++attempt) {
    const auto [first, second] = blocks(attempt);
    const double u = Fraction(first) + 0x1p-54 - 0.5;
    const double v = Fraction(second) + 0x1p-54;
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + lam + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Log(v * inverse_alpha / (a / (us * us) + b)) <= LogPoisson(k, lam)) return k;
  }
}

/// p <= 1/2 and n p < 10.
double SmallBinomial(double u, double n, double p) {
  const double odds = p / (1 - p);
  return Invert(u, Exp(n * Log1p(-p)), n,
                [=](double q, double k) { return q * ((n - k) / (k + 1) * odds); });
}

/// Hoermann's BTRS, p <= 1/2 and n p >= 10.
double LargeBinomial(double n, double p, const ElementBlocks& blocks) {
  const double spq = std::sqrt(n * p * (1 - p));
  const double b = 1.15 + 2.53 * spq;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = n * p + 0.5;
  const double v_r = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * spq;
  const double at_mode = LogBinomial(std::floor((n + 1) * p), n, p);
  for (uint32_t attempt = 0;; ++attempt) {
    const auto [first, second] = blocks(attempt);
    const double u = Fraction(first) + 0x1p-54 - 0.5;
    const double v = Fraction(second) + 0x1p-54;
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || k > n) continue;
    if (Log(v * alpha / (a / (us * us) + b)) <= LogBinomial(k, n, p) - at_mode) return k;
  }
}

double BinomialVariate(double n, double p, const ElementBlocks& blocks) {
  const double rare = p <= 0.5 ? p : 1 - p;
  double k = 0;
  if (n * rare >= kInversionBelow) {
    k = LargeBinomial(n, rare, blocks);
  } else if (n * rare > 0) {
    k = SmallBinomial(Fraction(blocks(0)[0]), n, rare);
  }
  return p <= 0.5 ? k : n - k;
}

/// Bounds of integers: exact in all of int64 and uint64.
class IntegerParameter {
 public:
  IntegerParameter(const char* name, const Operand& operand, const Shape& shape) {
    if (operand.is_none() || (operand.is_tensor() && !operand.tensor().defined())) {
      throw std::invalid_argument(
          fmt::format("integers: expected an integer or a tensor as {}, found nothing", name));
    }
    const DType dtype =
        operand.is_tensor() ? operand.tensor().dtype() : operand.scalar().default_dtype();
    if (!tensor::IsInteger(dtype)) {
      throw DTypeError(fmt::format(
          "integers: expected an integer as {}, found {}", name,
          operand.is_tensor() ? operand.tensor().Describe() : operand.scalar().ToString()));
    }
    unsigned_ = dtype == DType::kUInt64;
    if (!operand.is_tensor()) {
      operand.scalar().Write(dtype, &number_, "integers");
      return;
    }
    Shape together = shape;
    if (!tensor::BroadcastInto(&together, operand.tensor().shape()) || !(together == shape)) {
      throw ShapeError(
          fmt::format("integers: expected a {} that broadcasts to the shape {}, found a {}", name,
                      shape.ToString(), operand.tensor().Describe()));
    }
    values_ = astype(operand.tensor(), unsigned_ ? DType::kUInt64 : DType::kInt64, /*copy=*/false)
                  .BroadcastTo(shape)
                  .Contiguous();
    data_ = static_cast<const uint64_t*>(values_.data());
    stride_ = 1;
  }
  IntegerParameter(const IntegerParameter&) = delete;
  IntegerParameter& operator=(const IntegerParameter&) = delete;

  bool is_number() const { return stride_ == 0; }
  __int128 At(int64_t i) const {
    const uint64_t bits = data_[i * stride_];
    return unsigned_ ? static_cast<__int128>(bits) : static_cast<int64_t>(bits);
  }

 private:
  uint64_t number_ = 0;
  Tensor values_;
  const uint64_t* data_ = &number_;
  int64_t stride_ = 0;
  bool unsigned_ = false;
};

std::string ToText(__int128 number) {
  return number < 0 ? fmt::format("{}", static_cast<int64_t>(number))
                    : fmt::format("{}", static_cast<uint64_t>(number));
}

void CheckIntegerBounds(const IntegerParameter& low, const IntegerParameter& high, int64_t n,
                        DType dtype, bool endpoint) {
  __int128 smallest = 0, largest = 0;
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      smallest = std::numeric_limits<T>::min();
      largest = std::numeric_limits<T>::max();
    }
  });
  for (int64_t i = 0; i < (low.is_number() && high.is_number() ? 1 : n); ++i) {
    const __int128 last = high.At(i) - (endpoint ? 0 : 1);
    if (low.At(i) <= last && low.At(i) >= smallest && last <= largest) continue;
    throw std::invalid_argument(
        fmt::format("integers: expected low {} high, both within {}'s [{}, {}], found low {} and "
                    "high {}",
                    endpoint ? "<=" : "<", DTypeName(dtype), ToText(smallest), ToText(largest),
                    ToText(low.At(i)), ToText(high.At(i))));
  }
}

}  // namespace

uint64_t BelowRange(const Sequence& sequence, uint64_t position, uint64_t wide, uint64_t range) {
  if (range == 0) return wide;
  unsigned __int128 product = static_cast<unsigned __int128>(wide) * range;
  // What is uneven is less than range: mostly there is no need to divide.
  if (static_cast<uint64_t>(product) < range) {
    const uint64_t uneven = -range % range;  // 2^64 modulo range
    const ElementBlocks blocks(sequence, position, nullptr, 0, 0);
    for (uint32_t attempt = 1; static_cast<uint64_t>(product) < uneven; ++attempt) {
      product = static_cast<unsigned __int128>(blocks(attempt)[0]) * range;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

Tensor integers(const Shape& shape, const Operand& low, const Operand& high, const Options& options,
                bool endpoint) {
  const DType dtype = options.dtype.value_or(DType::kInt64);
  if (!tensor::IsInteger(dtype)) {
    throw DTypeError(
        fmt::format("integers: expected an integer dtype, found {}", DTypeName(dtype)));
  }
  const IntegerParameter first("low", low, shape), last("high", high, shape);
  const Tensor result = Tensor::Empty(shape, DType::kUInt64);
  CheckIntegerBounds(first, last, result.size(), dtype, endpoint);
  const Sequence sequence = NextSequence("integers", options);
  Draw(backend::Op::kRandomBits, sequence, 0, 0, result);
  uint64_t* out = result.mutable_data_as<uint64_t>();
  const auto one = [&](int64_t i, uint64_t base, uint64_t range) {
    out[i] = base + BelowRange(sequence, i, out[i], range);
  };
  const auto range_at = [&](int64_t i) {
    return static_cast<uint64_t>(last.At(i) - first.At(i) + (endpoint ? 1 : 0));
  };
  const bool numbers = first.is_number() && last.is_number();
  backend::ParallelRanges(result.size(), 32768, [&](int64_t begin, int64_t end) {
    const uint64_t base = static_cast<uint64_t>(first.At(begin)), range = range_at(begin);
    if (numbers) {
      for (int64_t i = begin; i < end; ++i) one(i, base, range);
    } else {
      for (int64_t i = begin; i < end; ++i) one(i, static_cast<uint64_t>(first.At(i)), range_at(i));
    }
  });
  // Modulo 2^64 the bits are those of int64 already; narrower ones hold the numbers.
  return astype(result, dtype, /*copy=*/false);
}

Tensor bernoulli(const Shape& shape, const Operand& p, const Options& options) {
  const DType dtype = options.dtype == DType::kBool || !options.dtype
                          ? DType::kBool
                          : DiscreteDType("bernoulli", options);
  const Parameter probability("bernoulli", "p", p, shape);
  probability.Check(&IsProbability, "to be from 0 to 1");
  const Tensor fractions = Tensor::Empty(shape, DType::kFloat64);
  Draw(backend::Op::kRandomUniform, NextSequence("bernoulli", options), 0, 1, fractions);
  const Tensor result = probability.is_number() ? less(fractions, probability.At(0))
                                                : less(fractions, probability.tensor());
  return astype(result, dtype, /*copy=*/false);
}

Tensor binomial(const Shape& shape, const Operand& n, const Operand& p, const Options& options) {
  const DType dtype = DiscreteDType("binomial", options);
  const Tensor result = Tensor::Empty(shape, DType::kInt64);
  const Parameter trials("binomial", "n", n, shape);
  const Parameter probability("binomial", "p", p, shape);
  trials.Check(&IsCount, "to be a whole number from 0 to 2^53");
  probability.Check(&IsProbability, "to be from 0 to 1");
  int64_t* out = result.mutable_data_as<int64_t>();
  ForElements<1>(
      NextSequence("binomial", options), result.size(),
      [&](int64_t i, const ElementBlocks& blocks) {
        out[i] = static_cast<int64_t>(BinomialVariate(trials.At(i), probability.At(i), blocks));
      });
  return Converted(result, dtype);
}

Tensor poisson(const Shape& shape, const Operand& lam, const Options& options) {
  const DType dtype = DiscreteDType("poisson", options);
  const Tensor result = Tensor::Empty(shape, DType::kInt64);
  const Parameter mean("poisson", "lam", lam, shape);
  mean.Check(&IsRate, "to be from 0 to 2^62");
  int64_t* out = result.mutable_data_as<int64_t>();
  ForElements<1>(
      NextSequence("poisson", options), result.size(), [&](int64_t i, const ElementBlocks& blocks) {
        const double rate = mean.At(i);
        out[i] =
            static_cast<int64_t>(rate < kInversionBelow ? SmallPoisson(Fraction(blocks(0)[0]), rate)
                                                        : LargePoisson(rate, blocks));
      });
  return Converted(result, dtype);
}

}  // namespace emberharmony::ops::random
