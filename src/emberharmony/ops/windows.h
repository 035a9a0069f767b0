#pragma once

#include <cstdint>
#include <string_view>

#include "emberharmony/ops/operand.h"

/// Windows: weights by which a piece of a signal is multiplied before it is transformed (Harris,
/// "On the use of windows for harmonic analysis with the discrete Fourier transform", 1978).
///
/// With N = n if periodic, else n - 1, element k is a function of k / N: a periodic window is a
/// symmetric one of n + 1 elements without its last, which is what short-time transforms want; a
/// symmetric one is for filters. One element is 1. All throw ShapeError for a negative n and
/// DTypeError unless the dtype is real floating-point.
namespace emberharmony::ops {

struct WindowOptions {
  bool periodic = true;
  DType dtype = DType::kFloat64;
};

/// 1.
Tensor boxcar_window(int64_t n, const WindowOptions& options = {});
/// A triangle: 1 - |2 k / N - 1|.
Tensor bartlett_window(int64_t n, const WindowOptions& options = {});
/// 0.5 - 0.5 cos(2 pi k / N).
Tensor hann_window(int64_t n, const WindowOptions& options = {});
/// 0.54 - 0.46 cos(2 pi k / N).
Tensor hamming_window(int64_t n, const WindowOptions& options = {});
/// 0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N).
Tensor blackman_window(int64_t n, const WindowOptions& options = {});
/// I0(beta sqrt(1 - (2 k / N - 1)^2)) / I0(beta), where I0 is the modified Bessel function of order
/// 0: from a boxcar (beta 0) to ever narrower bells. Throws std::invalid_argument unless beta is in
/// [0, 700].
Tensor kaiser_window(int64_t n, double beta = 12.0, const WindowOptions& options = {});

/// The window of that name: "boxcar", "bartlett", "hann", "hamming", "blackman" or "kaiser". Throws
/// std::invalid_argument for any other.
Tensor window(std::string_view name, int64_t n, const WindowOptions& options = {});

}  // namespace emberharmony::ops
