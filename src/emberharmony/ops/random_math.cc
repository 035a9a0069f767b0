#include "emberharmony/backend/native/random_math.h"

#include <cmath>

#include "emberharmony/ops/random_math_internal.h"

namespace emberharmony::ops::random {
namespace {

using backend::native::BitsAs;

constexpr double kLog2Pi = 1.837877066409345483560659;

double TwoTo(int64_t exponent) {
  return BitsAs<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

/// log(k!) - (log(sqrt(2 pi k)) + k log(k) - k), the error of Stirling's formula; k a whole number.
double StirlingError(double k) {
  constexpr double kSmall[16] = {0,
                                 0x1.4c071bcda0a5bp-4,
                                 0x1.52a9b923ea649p-5,
                                 0x1.c579a268d80b3p-6,
                                 0x1.54a2662fd78a9p-6,
                                 0x1.10b4e513fcbedp-6,
                                 0x1.c6b167bebdf36p-7,
                                 0x1.85d4d612e4a86p-7,
                                 0x1.552805e7b3076p-7,
                                 0x1.2f4871b12ab64p-7,
                                 0x1.10f9d4c0743a7p-7,
                                 0x1.f0593088014f8p-8,
                                 0x1.c7018733aa9c6p-8,
                                 0x1.a40514700f36cp-8,
                                 0x1.86076c002d4a7p-8,
                                 0x1.6c08f6f194a10p-8};
  if (k < 16) return kSmall[static_cast<int>(k)];
  const double z = 1 / (k * k);
  double sum = 1.0 / 1188;
  sum = 1.0 / 1680 - sum * z;
  sum = 1.0 / 1260 - sum * z;
  sum = 1.0 / 360 - sum * z;
  sum = 1.0 / 12 - sum * z;
  return sum / k;
}

/// x log(x / mean) + mean - x, without cancellation where x is near the mean.
double Deviance(double x, double mean) {
  const double difference = x - mean;
  if (std::fabs(difference) < 0.1 * (x + mean)) {
    const double v = difference / (x + mean);
    double sum = difference * v;
    double term = 2 * x * v;
    const double square = v * v;
    for (int j = 1; j < 1000; ++j) {
      term = term * square;
      const double next = sum + term / (2 * j + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  return x * Log(x / mean) + mean - x;
}

}  // namespace

double Log(double x) { return backend::native::Log64<double, uint64_t>(x); }

double Exp(double x) {
  if (!(x > -745.2)) return 0;
  if (x > 709.79) return HUGE_VAL;
  // The nearest whole multiple of log(2), by rounding at the end of the significand.
  const double k = (x * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52;
  const double r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
  double p = r * 0x1.1f8b96dc9a828p-29 + 0x1.af4e560b08750p-26;
  p = p * r + 0x1.27e4cca1ef561p-22;
  p = p * r + 0x1.71de01fd53ee9p-19;
  p = p * r + 0x1.a01a01ad0cf64p-16;
  p = p * r + 0x1.a01a01abf8814p-13;
  p = p * r + 0x1.6c16c16c151cbp-10;
  p = p * r + 0x1.11111111100bdp-7;
  p = p * r + 0x1.5555555555558p-5;
  p = p * r + 0x1.5555555555557p-3;
  p = p * r + 0x1.0000000000000p-1;
  const double result = 1 + (r + r * r * p);
  // In two steps: 2^k may lie outside of the normal numbers.
  const auto whole = static_cast<int64_t>(k);
  const int64_t half = whole / 2;
  return result * TwoTo(half) * TwoTo(whole - half);
}

double Log1p(double x) {
  const double sum = 1 + x;
  // Corrected for what the sum lost.
  return sum == 1 ? x : Log(sum) + (x - (sum - 1)) / sum;
}

void NormalPair(uint64_t first, uint64_t second, double* cosine, double* sine) {
  backend::native::BoxMuller64<double, uint64_t>(
      first, second, [](double x) { return std::sqrt(x); }, cosine, sine);
}

double LogPoisson(double k, double lam) {
  if (k == 0) return -lam;
  return -0.5 * (kLog2Pi + Log(k)) - StirlingError(k) - Deviance(k, lam);
}

double LogBinomial(double k, double n, double p) {
  const double q = 1 - p;
  if (k == 0) return n * Log1p(-p);
  if (k == n) return n * Log(p);
  const double error = StirlingError(n) - StirlingError(k) - StirlingError(n - k);
  return 0.5 * (Log(n / (n - k)) - kLog2Pi - Log(k)) + error - Deviance(k, n * p) -
         Deviance(n - k, n * q);
}

}  // namespace emberharmony::ops::random
