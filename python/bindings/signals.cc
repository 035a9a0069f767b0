// Windows and short-time Fourier transforms.
#include <fmt/format.h>

#include <stdexcept>

#include "bindings/function.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

using Window = ops::Tensor (*)(int64_t, const ops::WindowOptions&);

PyObject* RunWindow(Arguments& args, Window window) {
  const int64_t n = args.integer(0);
  const ops::WindowOptions options{.periodic = args.boolean(1),
                                   .dtype = args.dtype(2).value_or(ops::DType::kFloat64)};
  args.check_device(3);
  return args.Run([&] { return window(n, options); });
}

ops::StftPadding PaddingOf(const Arguments& args, int i) {
  const std::string_view text = args.text(i);
  if (text == "reflect") return ops::StftPadding::kReflect;
  if (text == "constant") return ops::StftPadding::kConstant;
  if (text == "edge") return ops::StftPadding::kEdge;
  if (text == "wrap") return ops::StftPadding::kWrap;
  throw std::invalid_argument(
      fmt::format("{}: expected a pad_mode of 'reflect', 'constant', 'edge' or 'wrap', found '{}'",
                  args.function(), base::Shortened(text)));
}

ops::ConvolveMode ModeOf(const Arguments& args, int i) {
  const std::string_view text = args.text(i);
  if (text == "full") return ops::ConvolveMode::kFull;
  if (text == "same") return ops::ConvolveMode::kSame;
  if (text == "valid") return ops::ConvolveMode::kValid;
  throw std::invalid_argument(
      fmt::format("{}: expected a mode of 'full', 'same' or 'valid', found '{}'", args.function(),
                  base::Shortened(text)));
}

/// A window of `length` elements by its name, or a tensor.
ops::Tensor WindowOf(Arguments& args, int i, int64_t length) {
  if (args.is_none(i)) return ops::boxcar_window(length);
  if (PyUnicode_Check(args.object(i))) return ops::window(args.text(i), length);
  return args.tensor(i);
}

}  // namespace

#define EMBER_WINDOW                                                       \
  "(n: int, /, *, periodic: bool = True, dtype: DTypeLike | None = None, " \
  "device: Device | None = None) -> Tensor"

EMBER_FUNCTION(boxcar_window, EMBER_WINDOW, R"(A window whose elements are all 1.

Args:
  n: Its length.
  periodic: Makes no difference here.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative.
)") {
  return RunWindow(args, &ops::boxcar_window);
}

EMBER_FUNCTION(bartlett_window, EMBER_WINDOW, R"(A triangle: 1 - |2 k / N - 1|.

Args:
  n: Its length.
  periodic: Whether N is n, as short-time transforms want it, or n - 1, so that it is symmetric.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative.
)") {
  return RunWindow(args, &ops::bartlett_window);
}

EMBER_FUNCTION(hann_window, EMBER_WINDOW, R"(The Hann window: 0.5 - 0.5 cos(2 pi k / N).

Args:
  n: Its length.
  periodic: Whether N is n, as short-time transforms want it, or n - 1, so that it is symmetric.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative.
)") {
  return RunWindow(args, &ops::hann_window);
}

EMBER_FUNCTION(hamming_window, EMBER_WINDOW, R"(The Hamming window: 0.54 - 0.46 cos(2 pi k / N).

Args:
  n: Its length.
  periodic: Whether N is n, as short-time transforms want it, or n - 1, so that it is symmetric.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative.
)") {
  return RunWindow(args, &ops::hamming_window);
}

EMBER_FUNCTION(blackman_window, EMBER_WINDOW,
               R"(The Blackman window: 0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N).

Args:
  n: Its length.
  periodic: Whether N is n, as short-time transforms want it, or n - 1, so that it is symmetric.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative.
)") {
  return RunWindow(args, &ops::blackman_window);
}

EMBER_FUNCTION(kaiser_window,
               "(n: int, /, *, beta: float = 12.0, periodic: bool = True, "
               "dtype: DTypeLike | None = None, device: Device | None = None) -> Tensor",
               R"(The Kaiser window: I0(beta sqrt(1 - (2 k / N - 1)^2)) / I0(beta).

Args:
  n: Its length.
  beta: From 0, a boxcar, to 700: the larger, the narrower.
  periodic: Whether N is n, as short-time transforms want it, or n - 1, so that it is symmetric.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,).

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is negative; beta is not in [0, 700].
)") {
  const int64_t n = args.integer(0);
  const double beta = args.number(1);
  const ops::WindowOptions options{.periodic = args.boolean(2),
                                   .dtype = args.dtype(3).value_or(ops::DType::kFloat64)};
  args.check_device(4);
  return args.Run([&] { return ops::kaiser_window(n, beta, options); });
}

EMBER_FUNCTION(stft,
               "(x: Tensor, /, n_fft: int, hop_length: int | None = None, "
               "win_length: int | None = None, window: Tensor | str | None = 'hann', *, "
               "center: bool = True, pad_mode: str = 'reflect', normalized: bool = False, "
               "onesided: bool | None = None) -> Tensor",
               R"(Transforms the pieces of a signal, one after the other.

Element (k, t) is the sum over j of window[j] x[t hop_length + j] exp(-2 pi i j k / n_fft).

Args:
  x: Signals, shape (..., time); integers are computed in float64.
  n_fft: Elements of a piece.
  hop_length: Elements from the start of a piece to that of the next. None: n_fft // 4.
  win_length: Elements of a window given by name. None: n_fft.
  window: The weights of a piece's elements: a tensor of at most n_fft elements, which is filled up
    with zeros on both sides; the name of a periodic window: 'boxcar', 'bartlett', 'hann',
    'hamming', 'blackman', 'kaiser'; None for 'boxcar'.
  center: Whether the signal is filled up by n_fft // 2 elements at both ends, so that piece t is
    centered at element t hop_length.
  pad_mode: What with: 'reflect', 'constant' (zeros), 'edge' or 'wrap'.
  normalized: Whether to divide by the root of n_fft.
  onesided: Only the frequencies 0 to n_fft // 2. None: if x is real.

Returns:
  A complex tensor of shape (..., frequencies, pieces).

Raises:
  TypeError: A complex window; onesided with complex x.
  ValueError: A signal shorter than a piece; lengths below 1; a window that does not fit.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t n_fft = args.integer(1);
  ops::StftOptions options{.hop_length = args.optional_integer(2),
                           .center = args.boolean(5),
                           .padding = PaddingOf(args, 6),
                           .normalized = args.boolean(7)};
  if (!args.is_none(8)) options.onesided = args.boolean(8);
  const int64_t window_length = args.optional_integer(3).value_or(n_fft);
  options.window = WindowOf(args, 4, window_length);
  args.AddWork(8 * x.size());
  return args.Run([&] { return ops::stft(x, n_fft, options); });
}

EMBER_FUNCTION(istft,
               "(x: Tensor, /, n_fft: int, hop_length: int | None = None, "
               "win_length: int | None = None, window: Tensor | str | None = 'hann', *, "
               "center: bool = True, normalized: bool = False, onesided: bool | None = None, "
               "length: int | None = None) -> Tensor",
               R"(The signals of which x is the result of stft with the same arguments.

Gives back what stft was given wherever a window that is not 0 was laid on it; 0 elsewhere. Of x
that is no signal's transform, the signal nearest to it (Griffin and Lim, 1984).

Args:
  x: Transforms, shape (..., frequencies, pieces).
  n_fft: Elements of a piece.
  hop_length: Elements from the start of a piece to that of the next. None: n_fft // 4.
  win_length: Elements of a window given by name. None: n_fft.
  window: As for stft.
  center: Whether the n_fft // 2 elements at both ends are left out, which stft filled up with.
  normalized: Whether stft divided by the root of n_fft.
  onesided: Whether x has the frequencies 0 to n_fft // 2 only. None: if it has so many.
  length: Elements of the result, which is cut, or filled up with zeros.

Returns:
  A tensor of shape (..., time), real if onesided.

Raises:
  TypeError: A complex window.
  ValueError: Another number of frequencies; no pieces; lengths below 1; a window that does not
    fit.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t n_fft = args.integer(1);
  ops::StftOptions options{.hop_length = args.optional_integer(2),
                           .center = args.boolean(5),
                           .normalized = args.boolean(6),
                           .length = args.optional_integer(8)};
  if (!args.is_none(7)) options.onesided = args.boolean(7);
  const int64_t window_length = args.optional_integer(3).value_or(n_fft);
  options.window = WindowOf(args, 4, window_length);
  args.AddWork(8 * x.size());
  return args.Run([&] { return ops::istft(x, n_fft, options); });
}

EMBER_FUNCTION(convolve, "(a: Tensor, v: Tensor, mode: str = 'full') -> Tensor",
               R"(The convolution of two sequences: element k is the sum over j of a[k - j] v[j].

Args:
  a: A tensor of shape (m,) of a numeric or bool dtype.
  v: A tensor of shape (n,). Dtypes are promoted; bools count in int64.
  mode: 'full': all m + n - 1 elements; 'same': the middle max(m, n); 'valid': those to which every
    element of the shorter one contributes.

Returns:
  A tensor of rank 1. Long floating-point sequences are multiplied as Fourier transforms.

Raises:
  TypeError: Dtypes that do not promote.
  ValueError: Another rank; no elements; an unknown mode.
)") {
  const ops::Tensor& a = args.tensor(0);
  const ops::Tensor& v = args.tensor(1);
  const ops::ConvolveMode mode = ModeOf(args, 2);
  args.AddWork(8 * (a.size() + v.size()));
  return args.Run([&] { return ops::convolve(a, v, mode); });
}

EMBER_FUNCTION(correlate, "(a: Tensor, v: Tensor, mode: str = 'valid') -> Tensor",
               R"(The cross-correlation of two sequences: the sums over j of a[j + k] conj(v[j]).

Args:
  a: A tensor of shape (m,) of a numeric or bool dtype.
  v: A tensor of shape (n,). Dtypes are promoted; bools count in int64.
  mode: 'full': all k from 1 - n on; 'same': the middle max(m, n); 'valid': those to which every
    element of the shorter one contributes.

Returns:
  A tensor of rank 1. Long floating-point sequences are multiplied as Fourier transforms.

Raises:
  TypeError: Dtypes that do not promote.
  ValueError: Another rank; no elements; an unknown mode.
)") {
  const ops::Tensor& a = args.tensor(0);
  const ops::Tensor& v = args.tensor(1);
  const ops::ConvolveMode mode = ModeOf(args, 2);
  args.AddWork(8 * (a.size() + v.size()));
  return args.Run([&] { return ops::correlate(a, v, mode); });
}

}  // namespace emberharmony::python
