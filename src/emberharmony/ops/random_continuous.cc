#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/random_internal.h"
#include "emberharmony/ops/random_math_internal.h"

namespace emberharmony::ops::random {
namespace {

using backend::Op;

bool IsFinite(double x) { return std::isfinite(x); }
bool IsPositive(double x) { return x > 0 && std::isfinite(x); }
bool IsNotNegative(double x) { return x >= 0 && std::isfinite(x); }

/// Bounds that differ from element to element, by the formula of the operation.
template <class T>
void ScaleUniform(const Parameter& low, const Parameter& high, const Tensor& unit) {
  T* values = unit.mutable_data_as<T>();
  backend::ParallelRanges(unit.size(), 32768, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T a = static_cast<T>(low.At(i)), b = static_cast<T>(high.At(i));
      const T below = a < b ? std::nextafter(b, -std::numeric_limits<T>::infinity()) : a;
      const T value = a + (b - a) * values[i];
      values[i] = value < below ? value : below;
    }
  });
}

void CheckBounds(const Parameter& low, const Parameter& high, int64_t n, DType dtype) {
  const double largest = dtype == DType::kFloat32 ? std::numeric_limits<float>::max()
                                                  : std::numeric_limits<double>::max();
  for (int64_t i = 0; i < (low.is_number() && high.is_number() ? 1 : n); ++i) {
    const double range = high.At(i) - low.At(i);
    const double magnitude = std::max(std::fabs(low.At(i)), std::fabs(high.At(i)));
    if (range >= 0 && range <= largest && magnitude <= largest) continue;
    throw std::invalid_argument(
        fmt::format("uniform: expected low <= high, and both and their difference within {}'s "
                    "range, found low {} and high {}",
                    DTypeName(dtype), low.At(i), high.At(i)));
  }
}

/// Marsaglia and Tsang's d * v of shape parameter alpha >= 1; tries use blocks 2k and 2k + 1.
class StandardGamma {
 public:
  explicit StandardGamma(double alpha) : d_(alpha - 1.0 / 3), c_(1 / std::sqrt(9 * d_)) {}

  /// The last 64 bits of the last block are left over.
  double operator()(const ElementBlocks& blocks, uint32_t first_try, uint64_t* left_over) const {
    for (uint32_t k = first_try;; k += 2) {
      const auto [first, second] = blocks(k);
      const auto [third, fourth] = blocks(k + 1);
      double x, unused;
      NormalPair(first, second, &x, &unused);
      *left_over = fourth;
      double result;
      if (Try(x, third, &result)) return result;
    }
  }
  /// One try with a normal number and random bits.
  bool Try(double x, uint64_t bits, double* result) const {
    const double root = 1 + c_ * x;
    if (root <= 0) return false;
    const double v = root * root * root;
    const double u = Fraction(bits) + 0x1p-54;
    const double square = x * x;
    *result = d_ * v;
    if (u < 1 - 0.0331 * square * square) return true;
    return Log(u) < 0.5 * square + d_ * (1 - v + Log(v));
  }

 private:
  double d_, c_;
};

/// log of a gamma variate, which for a small alpha may be far below the smallest number.
double LogGammaVariate(double alpha, const ElementBlocks& blocks, uint32_t first_try) {
  uint64_t left_over;
  if (alpha >= 1) return Log(StandardGamma(alpha)(blocks, first_try, &left_over));
  const double larger = StandardGamma(alpha + 1)(blocks, first_try, &left_over);
  return Log(larger) + Log(Fraction(left_over) + 0x1p-54) / alpha;
}

/// A gamma variate of shape alpha < 1 from one of shape alpha + 1 and 64 bits: times a uniform
/// number to the power of 1 / alpha.
double Lessened(double larger, uint64_t left_over, double alpha) {
  return larger * Exp(Log(Fraction(left_over) + 0x1p-54) / alpha);
}

/// Gamma variates [first, first + count) of a sequence, count at most kGammaBatch. The normal
/// numbers of the first tries come out of the vectorized kernels.
constexpr int64_t kGammaBatch = 256;
void FillGamma(const Sequence& sequence, int64_t first, int64_t count, const Parameter& form,
               const Parameter& scale, double* out) {
  double normals[2 * kGammaBatch];
  uint64_t bits[2 * kGammaBatch];
  const auto position = 2 * static_cast<uint64_t>(first);
  Draw(Op::kRandomNormal, sequence, 0, 1,
       Tensor::WrapMutable(normals, {2 * count}, DType::kFloat64, nullptr), position, 0);
  DrawBits(sequence, position, 2 * count, bits, 1);
  double alpha = form.At(first);
  StandardGamma distribution(alpha >= 1 ? alpha : alpha + 1);
  for (int64_t i = 0; i < count; ++i) {
    if (!form.is_number()) {
      alpha = form.At(first + i);
      distribution = StandardGamma(alpha >= 1 ? alpha : alpha + 1);
    }
    uint64_t left_over = bits[2 * i + 1];
    double variate;
    if (!distribution.Try(normals[2 * i], bits[2 * i], &variate)) {
      const ElementBlocks blocks(sequence, first + i, nullptr, 0, 0);
      variate = distribution(blocks, 2, &left_over);
    }
    if (alpha < 1) variate = Lessened(variate, left_over, alpha);
    out[i] = variate * scale.At(first + i);
  }
}

}  // namespace

Tensor bits(const Shape& shape, const Options& options) {
  const DType dtype = options.dtype.value_or(DType::kUInt64);
  if (dtype != DType::kUInt64 && dtype != DType::kUInt32) {
    throw DTypeError(
        fmt::format("bits: expected dtype uint64 or uint32, found {}", DTypeName(dtype)));
  }
  const Tensor result = Tensor::Empty(shape, dtype);
  Draw(Op::kRandomBits, NextSequence("bits", options), 0, 0, result);
  return result;
}

Tensor uniform(const Shape& shape, const Operand& low, const Operand& high,
               const Options& options) {
  const DType dtype = FloatingDType("uniform", options);
  const Tensor result = Tensor::Empty(shape, dtype);
  const Parameter low_bound("uniform", "low", low, shape);
  const Parameter high_bound("uniform", "high", high, shape);
  low_bound.Check(&IsFinite, "to be finite");
  high_bound.Check(&IsFinite, "to be finite");
  CheckBounds(low_bound, high_bound, result.size(), dtype);
  const Sequence sequence = NextSequence("uniform", options);
  if (low_bound.is_number() && high_bound.is_number()) {
    Draw(Op::kRandomUniform, sequence, low_bound.At(0), high_bound.At(0), result);
    return result;
  }
  Draw(Op::kRandomUniform, sequence, 0, 1, result);
  if (dtype == DType::kFloat32) {
    ScaleUniform<float>(low_bound, high_bound, result);
  } else {
    ScaleUniform<double>(low_bound, high_bound, result);
  }
  return result;
}

Tensor normal(const Shape& shape, const Operand& mean, const Operand& std, const Options& options) {
  const DType dtype = FloatingDType("normal", options);
  Tensor result = Tensor::Empty(shape, dtype);
  const Parameter center("normal", "mean", mean, shape);
  const Parameter deviation("normal", "std", std, shape);
  center.Check(&IsFinite, "to be finite");
  deviation.Check(&IsNotNegative, "to be finite and at least 0");
  const Sequence sequence = NextSequence("normal", options);
  if (center.is_number() && deviation.is_number()) {
    Draw(Op::kRandomNormal, sequence, center.At(0), deviation.At(0), result);
    return result;
  }
  Draw(Op::kRandomNormal, sequence, 0, 1, result);
  const auto of = [&](const Parameter& parameter) {
    return astype(parameter.is_number() ? Tensor::Scalar(parameter.At(0)) : parameter.tensor(),
                  dtype, /*copy=*/false);
  };
  multiply(result, of(deviation), {.out = &result});
  return add(of(center), result, {.out = &result});
}

Tensor exponential(const Shape& shape, const Operand& scale, const Options& options) {
  Tensor result = Tensor::Empty(shape, FloatingDType("exponential", options));
  const Parameter mean("exponential", "scale", scale, shape);
  mean.Check(&IsNotNegative, "to be finite and at least 0");
  Draw(Op::kRandomExponential, NextSequence("exponential", options),
       mean.is_number() ? mean.At(0) : 1, 0, result);
  if (mean.is_number()) return result;
  return multiply(result, astype(mean.tensor(), result.dtype(), /*copy=*/false), {.out = &result});
}

Tensor gamma(const Shape& shape, const Operand& alpha, const Operand& beta,
             const Options& options) {
  const DType dtype = FloatingDType("gamma", options);
  const Tensor result = Tensor::Empty(shape, DType::kFloat64);
  const Parameter form("gamma", "alpha", alpha, shape);
  const Parameter scale("gamma", "beta", beta, shape);
  form.Check(&IsPositive, "to be finite and above 0");
  scale.Check(&IsNotNegative, "to be finite and at least 0");
  double* out = result.mutable_data_as<double>();
  const Sequence sequence = NextSequence("gamma", options);
  backend::ParallelRanges(result.size(), 16 * kGammaBatch, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kGammaBatch) {
      FillGamma(sequence, at, std::min(kGammaBatch, end - at), form, scale, out + at);
    }
  });
  return Converted(result, dtype);
}

Tensor beta(const Shape& shape, const Operand& a, const Operand& b, const Options& options) {
  const DType dtype = FloatingDType("beta", options);
  const Tensor result = Tensor::Empty(shape, DType::kFloat64);
  const Parameter first("beta", "a", a, shape);
  const Parameter second("beta", "b", b, shape);
  first.Check(&IsPositive, "to be finite and above 0");
  second.Check(&IsPositive, "to be finite and above 0");
  double* out = result.mutable_data_as<double>();
  // x / (x + y) of two gamma variates, out of their logarithms, since for small parameters both may
  // underflow; the second one's tries are the upper half.
  ForElements<2>(NextSequence("beta", options), result.size(),
                 [&](int64_t i, const ElementBlocks& blocks) {
                   const double x = LogGammaVariate(first.At(i), blocks, 0);
                   const double y = LogGammaVariate(second.At(i), blocks, kTriesMax / 2);
                   out[i] = x > y ? 1 / (1 + Exp(y - x)) : Exp(x - y) / (1 + Exp(x - y));
                 });
  return Converted(result, dtype);
}

Tensor laplace(const Shape& shape, const Operand& loc, const Operand& scale,
               const Options& options) {
  const DType dtype = FloatingDType("laplace", options);
  const Tensor result = Tensor::Empty(shape, DType::kFloat64);
  const Parameter center("laplace", "loc", loc, shape);
  const Parameter spread("laplace", "scale", scale, shape);
  center.Check(&IsFinite, "to be finite");
  spread.Check(&IsNotNegative, "to be finite and at least 0");
  double* out = result.mutable_data_as<double>();
  ForElements<1>(NextSequence("laplace", options), result.size(),
                 [&](int64_t i, const ElementBlocks& blocks) {
                   const auto [magnitude, sign] = blocks(0);
                   const double distance = -Log(Fraction(magnitude) + 0x1p-54) * spread.At(i);
                   out[i] = center.At(i) + (sign >> 63 != 0 ? -distance : distance);
                 });
  return Converted(result, dtype);
}

}  // namespace emberharmony::ops::random
