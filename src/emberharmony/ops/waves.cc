#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "emberharmony/ops/activations_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/fft.h"
#include "emberharmony/ops/statistics.h"
#include "emberharmony/ops/vectors.h"

namespace emberharmony::ops {
namespace {

using Complex = std::complex<double>;

/// The wave in float64.
Tensor Wave(const char* function, const Tensor& wave) {
  const Tensor values =
      astype(Floating(function, wave), DType::kFloat64, /*copy=*/false).Contiguous();
  if (values.rank() == 1) return values;
  throw ShapeError(
      fmt::format("{}: expected a wave of rank 1, found a {}", function, wave.Describe()));
}

/// Two waves cut to one length.
struct Waves {
  Waves(const char* function, const Tensor& wave1, const Tensor& wave2)
      : first(Wave(function, wave1)), second(Wave(function, wave2)) {
    const int64_t n = std::min(first.size(), second.size());
    first = first.Slice(0, 0, n);
    second = second.Slice(0, 0, n);
  }
  int64_t size() const { return first.size(); }

  Tensor first, second;
};

/// r of n samples each; 0 where one does not vary.
double Correlation(const double* x, const double* y, int64_t n) {
  double mean_x = 0, mean_y = 0;
  for (int64_t i = 0; i < n; ++i) {
    mean_x += x[i];
    mean_y += y[i];
  }
  mean_x /= static_cast<double>(n);
  mean_y /= static_cast<double>(n);
  double xx = 0, yy = 0, xy = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  const double product = std::sqrt(xx) * std::sqrt(yy);
  return product > 0 ? std::clamp(xy / product, -1.0, 1.0) : product == 0 ? 0 : product;
}

double LargestAmplitude(const Complex* spectrum, int64_t n) {
  double largest = 0;
  for (int64_t k = 0; k < n; ++k) {
    largest = std::max({largest, std::fabs(spectrum[k].real()), std::fabs(spectrum[k].imag())});
  }
  return largest;
}

/// The directions (of amplitude 1) of the second spectrum against the first at the frequencies that
/// both have; `counts(k)` says which are asked for.
template <class Counts>
std::vector<Complex> PhaseDifferences(const Complex* first, const Complex* second, int64_t n,
                                      const Counts& counts) {
  constexpr double kShare = 0x1p-30;
  const double least_first = kShare * LargestAmplitude(first, n);
  const double least_second = kShare * LargestAmplitude(second, n);
  std::vector<Complex> directions;
  for (int64_t k = 0; k < n; ++k) {
    const double size_first = std::sqrt(std::norm(first[k]));
    const double size_second = std::sqrt(std::norm(second[k]));
    if (!counts(k) || !(size_first > least_first) || !(size_second > least_second)) continue;
    const Complex a = first[k] / size_first, b = second[k] / size_second;
    directions.emplace_back(a.real() * b.real() + a.imag() * b.imag(),
                            a.imag() * b.real() - a.real() * b.imag());
  }
  return directions;
}

double MeanAngle(const std::vector<Complex>& directions) {
  if (directions.empty()) return 0;
  const auto n = static_cast<int64_t>(directions.size());
  const Tensor real = Tensor::Empty({n}, DType::kFloat64),
               imaginary = Tensor::Empty({n}, DType::kFloat64);
  for (int64_t i = 0; i < n; ++i) {
    real.mutable_data_as<double>()[i] = directions[i].real();
    imaginary.mutable_data_as<double>()[i] = directions[i].imag();
  }
  // ops' own function: the C library's last bit differs from one CPU to the next.
  return mean(abs(atan2(imaginary, real))).item<double>();
}

/// compute_interference_strength of rows of n samples, (rows, n).
void Strengths(const Tensor& first, const Tensor& second, double* out) {
  const int64_t rows = first.shape()[0], n = first.shape()[1];
  const Tensor spectrum1 = fft::fft(first), spectrum2 = fft::fft(second);
  for (int64_t row = 0; row < rows; ++row) {
    const double r =
        Correlation(first.data_as<double>() + row * n, second.data_as<double>() + row * n, n);
    const double angle = MeanAngle(PhaseDifferences(spectrum1.data_as<Complex>() + row * n,
                                                    spectrum2.data_as<Complex>() + row * n, n,
                                                    [](int64_t) { return true; }));
    out[row] = r * (1 - angle / std::numbers::pi);
  }
}

/// Rows start, start + 1, ... of the windows, copied.
Tensor Windows(const Tensor& wave, int64_t start, int64_t rows, int64_t window_size) {
  const Tensor windows = Tensor::Empty({rows, window_size}, DType::kFloat64);
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(wave.data_as<double>() + start + row, window_size,
                windows.mutable_data_as<double>() + row * window_size);
  }
  return windows;
}

void CheckWindow(const char* function, int64_t window_size, int64_t largest) {
  if (window_size >= 1 && window_size <= largest) return;
  throw std::invalid_argument(fmt::format("{}: expected a window_size from 1 to {}, found {}",
                                          function, largest, window_size));
}

}  // namespace

double compute_energy_stability(const Tensor& wave, int64_t window_size) {
  constexpr const char* kName = "compute_energy_stability";
  const Tensor samples = Wave(kName, wave);
  CheckWindow(kName, window_size, std::numeric_limits<int64_t>::max());
  const int64_t num_windows = samples.size() / window_size;
  if (num_windows < 2) return 1;
  const Tensor windows =
      samples.Slice(0, 0, num_windows * window_size).Reshape({num_windows, window_size});
  const Tensor energies = sum(square(windows), {.axis = {{1}}});
  const double center = mean(energies).item<double>();
  if (center == 0) return 1;
  const double variance = mean(square(subtract(energies, center))).item<double>();
  return 1 / (1 + variance / center);
}

double compute_interference_strength(const Tensor& wave1, const Tensor& wave2) {
  const Waves waves("compute_interference_strength", wave1, wave2);
  if (waves.size() == 0) return std::nan("");
  double strength = 0;
  Strengths(waves.first.Reshape({1, waves.size()}), waves.second.Reshape({1, waves.size()}),
            &strength);
  return strength;
}

double compute_phase_coherence(const Tensor& wave1, const Tensor& wave2,
                               std::optional<std::pair<double, double>> freq_range) {
  const Waves waves("compute_phase_coherence", wave1, wave2);
  const int64_t n = waves.size();
  if (n == 0) return 0;
  // A delay turns the phases of a frequency and of its negative in opposite directions, so of real
  // waves only the frequencies from 0 on can tell.
  const Tensor spectrum1 = fft::rfft(waves.first), spectrum2 = fft::rfft(waves.second);
  const auto counts = [&](int64_t k) {
    const double frequency = static_cast<double>(k) / static_cast<double>(n);
    return !freq_range || (frequency >= freq_range->first && frequency <= freq_range->second);
  };
  const std::vector<Complex> directions = PhaseDifferences(
      spectrum1.data_as<Complex>(), spectrum2.data_as<Complex>(), n / 2 + 1, counts);
  if (directions.empty()) return 0;
  Complex total = 0;
  for (const Complex& direction : directions) total += direction;
  total /= static_cast<double>(directions.size());
  return std::min(1.0, std::sqrt(std::norm(total)));
}

Tensor partial_interference(const Tensor& wave1, const Tensor& wave2, int64_t window_size) {
  const Waves waves("partial_interference", wave1, wave2);
  CheckWindow("partial_interference", window_size, waves.size());
  const int64_t n = waves.size() - window_size + 1;
  const Tensor result = Tensor::Empty({n}, DType::kFloat64);
  const int64_t rows_max = std::max<int64_t>(1, (1 << 16) / window_size);
  for (int64_t start = 0; start < n; start += rows_max) {
    const int64_t rows = std::min(rows_max, n - start);
    Strengths(Windows(waves.first, start, rows, window_size),
              Windows(waves.second, start, rows, window_size),
              result.mutable_data_as<double>() + start);
  }
  return result;
}

}  // namespace emberharmony::ops
