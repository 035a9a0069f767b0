#pragma once

#include <cstdint>
#include <optional>

#include "emberharmony/ops/operand.h"

/// Short-time Fourier transforms: of the pieces of a signal, one after the other.
namespace emberharmony::ops {

/// How a signal is filled up at both ends so that its first and last elements are in the middle of
/// a piece: mirrored without repeating the end (reflect), with zeros (constant), with the end's
/// value (edge), or with the other end (wrap).
enum class StftPadding { kReflect, kConstant, kEdge, kWrap };

struct StftOptions {
  /// Elements from the start of a piece to that of the next. Default: n_fft / 4, at least 1.
  std::optional<int64_t> hop_length = std::nullopt;
  /// The weights of a piece's elements, of rank 1, real, with at most n_fft elements: shorter ones
  /// are filled up with zeros on both sides. Undefined (the default): a periodic Hann window of
  /// n_fft elements.
  Tensor window = {};
  /// Fills the signal up by n_fft / 2 elements at both ends, so that piece t is centered at element
  /// t hop_length.
  bool center = true;
  StftPadding padding = StftPadding::kReflect;
  /// Divides by the root of n_fft.
  bool normalized = false;
  /// Only the frequencies 0 .. n_fft / 2. Default: if the signal is real, which it must then be.
  std::optional<bool> onesided = std::nullopt;
  /// istft only: elements of the result, which is cut or filled up with zeros. Default: all that
  /// the pieces cover (if center: without the n_fft / 2 at both ends).
  std::optional<int64_t> length = std::nullopt;
};

/// Transforms the pieces of n_fft elements of x, shape (..., time), into shape (..., frequencies,
/// pieces), complex: element (k, t) is the sum over j of window[j] x[t hop + j] exp(-2 pi i j k /
/// n_fft). There are 1 + (time - n_fft) / hop pieces (of the filled-up signal); what is left over
/// is not transformed. Integers are computed in float64. Throws ShapeError for a signal shorter
/// than a piece, rank 0, lengths below 1 and a window that does not fit; DTypeError for a complex
/// window and for onesided with a complex signal.
Tensor stft(const Tensor& x, int64_t n_fft, const StftOptions& options = {});

/// The signal of which x, shape (..., frequencies, pieces), is the transform with the same options:
/// the sum of the inversely transformed pieces, each times the window, divided by the sum of the
/// squares of the windows that meet there (Griffin and Lim, 1984), which gives back what stft was
/// given wherever that sum is not 0; where it is, the result is 0. x that no signal has as
/// transform gives the signal nearest to it. Real if onesided (the default if x has n_fft / 2 + 1
/// frequencies), else complex. Throws as stft does, ShapeError also for other numbers of
/// frequencies.
Tensor istft(const Tensor& x, int64_t n_fft, const StftOptions& options = {});

}  // namespace emberharmony::ops
