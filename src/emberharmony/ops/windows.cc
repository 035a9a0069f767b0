#include "emberharmony/ops/windows.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "emberharmony/backend/roots_of_unity.h"
#include "emberharmony/base/shortened.h"

namespace emberharmony::ops {
namespace {

using backend::RootOfUnity;

/// Writes f(k, N) for each element k.
template <class F>
Tensor MakeWindow(const char* function, int64_t n, const WindowOptions& options, F f) {
  if (n < 0) {
    throw ShapeError(fmt::format("{}: expected a length of at least 0, found {}", function, n));
  }
  if (!tensor::IsRealFloating(options.dtype)) {
    throw DTypeError(fmt::format("{}: expected a real-valued floating-point dtype, found {}",
                                 function, DTypeName(options.dtype)));
  }
  const Tensor result = Tensor::Empty({n}, options.dtype);
  const int64_t period = options.periodic ? n : n - 1;
  const auto write = [&](auto* to) {
    for (int64_t k = 0; k < n; ++k) {
      to[k] = static_cast<std::remove_pointer_t<decltype(to)>>(n == 1 ? 1.0 : f(k, period));
    }
  };
  if (options.dtype == DType::kFloat32) {
    write(result.mutable_data_as<float>());
  } else {
    write(result.mutable_data_as<double>());
  }
  return result;
}

/// cos(2 pi k / n), symmetric to the bit.
double CosOfTurn(int64_t k, int64_t n) { return RootOfUnity(k % n, n).cos; }

/// The modified Bessel function of the first kind and order 0, by its power series, whose terms are
/// all positive, so that nothing cancels.
double BesselI0(double x) {
  const double quarter_square = 0.25 * x * x;
  double sum = 1;
  double term = 1;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= quarter_square / (static_cast<double>(k) * k);
    sum += term;
  }
  return sum;
}

}  // namespace

Tensor boxcar_window(int64_t n, const WindowOptions& options) {
  return MakeWindow("boxcar_window", n, options, [](int64_t, int64_t) { return 1.0; });
}

Tensor bartlett_window(int64_t n, const WindowOptions& options) {
  return MakeWindow("bartlett_window", n, options, [](int64_t k, int64_t period) {
    return 1.0 - std::abs(static_cast<double>(2 * k - period)) / static_cast<double>(period);
  });
}

Tensor hann_window(int64_t n, const WindowOptions& options) {
  return MakeWindow("hann_window", n, options,
                    [](int64_t k, int64_t period) { return 0.5 - 0.5 * CosOfTurn(k, period); });
}

Tensor hamming_window(int64_t n, const WindowOptions& options) {
  return MakeWindow("hamming_window", n, options,
                    [](int64_t k, int64_t period) { return 0.54 - 0.46 * CosOfTurn(k, period); });
}

Tensor blackman_window(int64_t n, const WindowOptions& options) {
  return MakeWindow("blackman_window", n, options, [](int64_t k, int64_t period) {
    return 0.42 - 0.5 * CosOfTurn(k, period) + 0.08 * CosOfTurn(2 * k, period);
  });
}

Tensor kaiser_window(int64_t n, double beta, const WindowOptions& options) {
  if (!(beta >= 0 && beta <= 700)) {
    throw std::invalid_argument(
        fmt::format("kaiser_window: expected a beta in [0, 700], found {}", beta));
  }
  const double top = BesselI0(beta);
  return MakeWindow("kaiser_window", n, options, [&](int64_t k, int64_t period) {
    // 1 - (2 k / N - 1)^2 = 4 k (N - k) / N^2, without the cancellation.
    const double share = 4.0 * static_cast<double>(k) * static_cast<double>(period - k) /
                         (static_cast<double>(period) * static_cast<double>(period));
    return BesselI0(beta * std::sqrt(share)) / top;
  });
}

Tensor window(std::string_view name, int64_t n, const WindowOptions& options) {
  if (name == "boxcar") return boxcar_window(n, options);
  if (name == "bartlett") return bartlett_window(n, options);
  if (name == "hann") return hann_window(n, options);
  if (name == "hamming") return hamming_window(n, options);
  if (name == "blackman") return blackman_window(n, options);
  if (name == "kaiser") return kaiser_window(n, 12.0, options);
  throw std::invalid_argument(
      fmt::format("window: expected boxcar, bartlett, hann, hamming, blackman or kaiser, found {}",
                  base::Shortened(name)));
}

}  // namespace emberharmony::ops
