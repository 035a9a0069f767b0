#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/random_internal.h"
#include "emberharmony/ops/random_math_internal.h"
#include "emberharmony/ops/range_error.h"

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

/// The same for many u and one distribution: the cumulative probabilities, as Invert adds them up,
/// are kept.
class InversionTable {
 public:
  template <class Next>
  InversionTable(double p0, double most, const Next& next) : sums_{p0} {
    double p = p0;
    // Every u is below 1.
    for (double k = 0; sums_.back() < 1 && k < most; ++k) {
      p = next(p, k);
      if (p < 0x1p-1000) break;
      sums_.push_back(sums_.back() + p);
    }
    size_t k = 0;
    for (int i = 0; i < kStarts; ++i) {
      while (k + 1 < sums_.size() && sums_[k] <= static_cast<double>(i) / kStarts) ++k;
      starts_[i] = static_cast<int32_t>(k);
    }
  }

  int64_t Find(double u) const {
    const auto last = static_cast<int64_t>(sums_.size()) - 1;
    int64_t k = starts_[static_cast<int>(u * kStarts)];
    while (u >= sums_[k] && k < last) ++k;
    return k;
  }

 private:
  /// Where the search begins, by the first bits of u.
  static constexpr int kStarts = 256;

  std::vector<double> sums_;
  int32_t starts_[kStarts];
};

double SmallPoisson(double u, double lam) {
  return Invert(u, Exp(-lam), 1000, [lam](double p, double k) { return p * (lam / (k + 1)); });
}
InversionTable SmallPoissonTable(double lam) {
  return InversionTable(Exp(-lam), 1000, [lam](double p, double k) { return p * (lam / (k + 1)); });
}

/// A function of the whole numbers near a distribution's middle, which most tries that are not
/// accepted at once ask for: computed ahead, where many elements are drawn.
class MiddleValues {
 public:
  template <class F>
  void Prepare(double mean, double deviation, double most, int64_t num_elements, const F& f) {
    constexpr double kDeviations = 6, kReachMax = 1 << 15, kElementsPerValue = 16;
    const double worth_it = static_cast<double>(num_elements) / (2 * kElementsPerValue);
    const double reach = std::min({kDeviations * deviation, worth_it, kReachMax});
    first_ = std::max(std::floor(mean - reach), 0.0);
    const double count = std::min(std::floor(mean + reach), most) - first_ + 1;
    for (double i = 0; i < count; ++i) values_.push_back(f(first_ + i));
  }

  template <class F>
  double At(double k, const F& f) const {
    const double i = k - first_;
    if (i >= 0 && i < static_cast<double>(values_.size())) return values_[static_cast<size_t>(i)];
    return f(k);
  }

 private:
  double first_ = 0;
  std::vector<double> values_;
};

/// Hoermann's PTRS, lam >= 10.
class LargePoisson {
 public:
  explicit LargePoisson(double lam) : lam_(lam) {
    b_ = 0.931 + 2.53 * std::sqrt(lam);
    a_ = -0.059 + 0.02483 * b_;
    inverse_alpha_ = 1.1239 + 1.1328 / (b_ - 3.4);
    v_r_ = 0.9277 - 3.6224 / (b_ - 2);
  }

  /// For that many elements, which get the values that they would get without.
  void PrepareFor(int64_t num_elements) {
    logs_.Prepare(lam_, std::sqrt(lam_), HUGE_VAL, num_elements,
                  [this](double k) { return LogPoisson(k, lam_); });
  }

  double operator()(const ElementBlocks& blocks) const {
    for (uint32_t attempt = 0;; ++attempt) {
      const auto [first, second] = blocks(attempt);
      const double u = Fraction(first) + 0x1p-54 - 0.5;
      const double v = Fraction(second) + 0x1p-54;
      const double us = 0.5 - std::fabs(u);
      const double k = std::floor((2 * a_ / us + b_) * u + lam_ + 0.43);
      if (us >= 0.07 && v <= v_r_) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const double log = logs_.At(k, [this](double at) { return LogPoisson(at, lam_); });
      if (Log(v * inverse_alpha_ / (a_ / (us * us) + b_)) <= log) return k;
    }
  }

 private:
  double lam_, a_, b_, inverse_alpha_, v_r_;
  MiddleValues logs_;
};

/// p <= 1/2 and n p < 10.
double SmallBinomial(double u, double n, double p) {
  const double odds = p / (1 - p);
  return Invert(u, Exp(n * Log1p(-p)), n,
                [=](double q, double k) { return q * ((n - k) / (k + 1) * odds); });
}
InversionTable SmallBinomialTable(double n, double p) {
  const double odds = p / (1 - p);
  return InversionTable(Exp(n * Log1p(-p)), n,
                        [=](double q, double k) { return q * ((n - k) / (k + 1) * odds); });
}

/// Hoermann's BTRS, p <= 1/2 and n p >= 10.
class LargeBinomial {
 public:
  LargeBinomial(double n, double p) : n_(n), p_(p) {
    const double spq = std::sqrt(n * p * (1 - p));
    b_ = 1.15 + 2.53 * spq;
    a_ = -0.0873 + 0.0248 * b_ + 0.01 * p;
    c_ = n * p + 0.5;
    v_r_ = 0.92 - 4.2 / b_;
    alpha_ = (2.83 + 5.1 / b_) * spq;
    at_mode_ = LogBinomial(std::floor((n + 1) * p), n, p);
  }

  /// For that many elements, which get the values that they would get without.
  void PrepareFor(int64_t num_elements) {
    logs_.Prepare(n_ * p_, std::sqrt(n_ * p_ * (1 - p_)), n_, num_elements,
                  [this](double k) { return LogBinomial(k, n_, p_); });
  }

  double operator()(const ElementBlocks& blocks) const {
    for (uint32_t attempt = 0;; ++attempt) {
      const auto [first, second] = blocks(attempt);
      const double u = Fraction(first) + 0x1p-54 - 0.5;
      const double v = Fraction(second) + 0x1p-54;
      const double us = 0.5 - std::fabs(u);
      const double k = std::floor((2 * a_ / us + b_) * u + c_);
      if (us >= 0.07 && v <= v_r_) return k;
      if (k < 0 || k > n_) continue;
      const double log = logs_.At(k, [this](double at) { return LogBinomial(at, n_, p_); });
      if (Log(v * alpha_ / (a_ / (us * us) + b_)) <= log - at_mode_) return k;
    }
  }

 private:
  double n_, p_, a_, b_, c_, v_r_, alpha_, at_mode_;
  MiddleValues logs_;
};

double BinomialVariate(double n, double p, const ElementBlocks& blocks) {
  const double rare = p <= 0.5 ? p : 1 - p;
  double k = 0;
  if (n * rare >= kInversionBelow) {
    k = LargeBinomial(n, rare)(blocks);
  } else if (n * rare > 0) {
    k = SmallBinomial(Fraction(blocks(0)[0]), n, rare);
  }
  return p <= 0.5 ? k : n - k;
}

/// Elements of one distribution from which on making its table pays.
constexpr int64_t kTableMin = 256;

/// n elements of Bin(trials, p).
void FillBinomial(const Sequence& sequence, double trials, double p, int64_t n, int64_t* out) {
  const double rare = p <= 0.5 ? p : 1 - p;
  const auto whole = static_cast<int64_t>(trials);
  const int64_t base = p <= 0.5 ? 0 : whole, sign = p <= 0.5 ? 1 : -1;
  if (!(trials * rare > 0)) {
    std::fill_n(out, n, base);
  } else if (trials * rare >= kInversionBelow) {
    LargeBinomial distribution(trials, rare);
    distribution.PrepareFor(n);
    ForElements<1>(sequence, n, [&](int64_t i, const ElementBlocks& blocks) {
      out[i] = base + sign * static_cast<int64_t>(distribution(blocks));
    });
  } else {
    const InversionTable table = SmallBinomialTable(trials, rare);
    ForElements<1>(sequence, n, [&](int64_t i, const ElementBlocks& blocks) {
      out[i] = base + sign * table.Find(Fraction(blocks(0)[0]));
    });
  }
}

/// n elements of Poisson's distribution.
void FillPoisson(const Sequence& sequence, double rate, int64_t n, int64_t* out) {
  if (rate >= kInversionBelow) {
    LargePoisson distribution(rate);
    distribution.PrepareFor(n);
    ForElements<1>(sequence, n, [&](int64_t i, const ElementBlocks& blocks) {
      out[i] = static_cast<int64_t>(distribution(blocks));
    });
  } else {
    const InversionTable table = SmallPoissonTable(rate);
    ForElements<1>(sequence, n, [&](int64_t i, const ElementBlocks& blocks) {
      out[i] = table.Find(Fraction(blocks(0)[0]));
    });
  }
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
      smallest = +std::numeric_limits<T>::min();
      largest = +std::numeric_limits<T>::max();
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

/// Numbers of trials: none of the successes may be beyond the dtype, whichever are drawn.
void CheckTrialsFit(const Parameter& trials, int64_t n, DType dtype) {
  for (int64_t i = 0; i < (trials.is_number() ? 1 : n); ++i) {
    CheckMayBeDrawn("binomial", static_cast<int64_t>(trials.At(i)), dtype);
  }
}

/// Poisson's distribution has no largest number, so what was drawn is looked at.
void CheckWasDrawn(const Tensor& drawn, DType dtype) {
  const int64_t largest = LargestWhole(dtype);
  if (drawn.size() == 0 || largest == std::numeric_limits<int64_t>::max()) return;
  const int64_t* const numbers = drawn.data_as<int64_t>();
  const int64_t most = *std::max_element(numbers, numbers + drawn.size());
  if (most <= largest) return;
  throw RangeError(
      fmt::format("poisson: expected numbers of at most {}, the largest {}, drew {}; take a wider "
                  "dtype",
                  largest, DTypeName(dtype), most));
}

}  // namespace

uint64_t BelowUnevenRange(const Sequence& sequence, uint64_t position, uint64_t wide,
                          uint64_t range) {
  const uint64_t uneven = -range % range;  // 2^64 modulo range
  const ElementBlocks blocks(sequence, position, nullptr, 0, 0);
  unsigned __int128 product = static_cast<unsigned __int128>(wide) * range;
  for (uint32_t attempt = 1; static_cast<uint64_t>(product) < uneven; ++attempt) {
    product = static_cast<unsigned __int128>(blocks(attempt)[0]) * range;
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
  uint64_t* out = result.mutable_data_as<uint64_t>();
  const auto range_at = [&](int64_t i) {
    return static_cast<uint64_t>(last.At(i) - first.At(i) + (endpoint ? 1 : 0));
  };
  const bool numbers = first.is_number() && last.is_number();
  backend::ParallelRanges(result.size(), 32768, [&](int64_t begin, int64_t end) {
    // Bits are made into integers while they are in the first-level cache.
    constexpr int64_t kBatch = 2048;
    for (int64_t at = begin; at < end; at += kBatch) {
      const int64_t stop = std::min(end, at + kBatch);
      DrawBits(sequence, at, stop - at, out + at);
      uint64_t base = static_cast<uint64_t>(first.At(at)), range = range_at(at);
      for (int64_t i = at; i < stop; ++i) {
        if (!numbers) {
          base = static_cast<uint64_t>(first.At(i));
          range = range_at(i);
        }
        out[i] = base + BelowRange(sequence, i, out[i], range);
      }
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
  CheckTrialsFit(trials, result.size(), dtype);
  int64_t* out = result.mutable_data_as<int64_t>();
  const Sequence sequence = NextSequence("binomial", options);
  if (trials.is_number() && probability.is_number() && result.size() >= kTableMin) {
    FillBinomial(sequence, trials.At(0), probability.At(0), result.size(), out);
    return Converted(result, dtype);
  }
  ForElements<1>(sequence, result.size(), [&](int64_t i, const ElementBlocks& blocks) {
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
  const Sequence sequence = NextSequence("poisson", options);
  if (mean.is_number() && result.size() >= kTableMin) {
    FillPoisson(sequence, mean.At(0), result.size(), out);
    CheckWasDrawn(result, dtype);
    return Converted(result, dtype);
  }
  ForElements<1>(sequence, result.size(), [&](int64_t i, const ElementBlocks& blocks) {
    const double rate = mean.At(i);
    out[i] =
        static_cast<int64_t>(rate < kInversionBelow ? SmallPoisson(Fraction(blocks(0)[0]), rate)
                                                    : LargePoisson(rate)(blocks));
  });
  CheckWasDrawn(result, dtype);
  return Converted(result, dtype);
}

}  // namespace emberharmony::ops::random
