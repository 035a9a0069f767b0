#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Discrete Fourier transforms, as the Array API standard's extension `fft` defines them:
///   X[k] = sum over j of x[j] exp(-2 pi i j k / n),
/// of any length n in O(n log n). Single precision stays single precision. Where a complex input is
/// expected, a real one is taken as such; integers and bools are computed in float64.
///
/// The transform of a sequence depends on the sequence and its length alone: its bits are the same
/// for any number of threads, any instruction set, any memory layout, and in any batch. The
/// relative error (in the Euclidean norm) is about 1e-16 (float32: 6e-8) times the root of log2 n,
/// for lengths with a prime factor above 200 up to three times that.
///
/// All throw ShapeError for an axis that does not exist and for a length below 1, which is also
/// what an axis without elements has unless n is given, and OutOfMemoryError.
namespace emberharmony::ops::fft {

/// Which direction divides by the number of elements: backward ones, both by its square root, or
/// forward ones.
enum class Norm { kBackward, kOrtho, kForward };

struct FftOptions {
  /// Elements transformed: x is cut, or filled up with zeros at its end. Default: the axis's
  /// length; for irfft and hfft, whose result it is the length of, 2 (length - 1).
  std::optional<int64_t> n = std::nullopt;
  /// Counts from the back if negative.
  int axis = -1;
  Norm norm = Norm::kBackward;
};

/// Complex, of x's shape but for n elements along the axis.
Tensor fft(const Tensor& x, const FftOptions& options = {});
Tensor ifft(const Tensor& x, const FftOptions& options = {});
/// Of real x (else DTypeError): elements 0 .. n / 2 of its transform, which determine the others.
Tensor rfft(const Tensor& x, const FftOptions& options = {});
/// The inverse of rfft: real. Uses elements 0 .. n / 2 of x; the imaginary part of the first, and
/// for even n of the last, is ignored.
Tensor irfft(const Tensor& x, const FftOptions& options = {});
/// The transform of a sequence with x[-k] = conj(x[k]), of which x has the elements 0 .. n / 2:
/// real. Its inverse is ihfft, of real x (else DTypeError).
Tensor hfft(const Tensor& x, const FftOptions& options = {});
Tensor ihfft(const Tensor& x, const FftOptions& options = {});

struct FftnOptions {
  /// Elements transformed along each axis; -1: all there are. As n of FftOptions, for the last
  /// axis.
  std::optional<std::vector<int64_t>> s = std::nullopt;
  /// Default: the last ones, as many as s has; without s all.
  std::optional<std::vector<int>> axes = std::nullopt;
  Norm norm = Norm::kBackward;
};

/// The same along several axes, one after the other. The real one is the last: first transformed
/// forwards, last backwards; rfftn and irfftn need at least one axis. ShapeError if s and axes
/// differ in length.
Tensor fftn(const Tensor& x, const FftnOptions& options = {});
Tensor ifftn(const Tensor& x, const FftnOptions& options = {});
Tensor rfftn(const Tensor& x, const FftnOptions& options = {});
Tensor irfftn(const Tensor& x, const FftnOptions& options = {});

/// Along the last two axes unless others are given.
Tensor fft2(const Tensor& x, const FftnOptions& options = {});
Tensor ifft2(const Tensor& x, const FftnOptions& options = {});
Tensor rfft2(const Tensor& x, const FftnOptions& options = {});
Tensor irfft2(const Tensor& x, const FftnOptions& options = {});

/// The frequencies that the elements of a transform of n elements belong to, in cycles per unit of
/// the sample spacing d: 0, 1, ..., (n - 1) / 2, -(n / 2), ..., -1, each divided by n d. Throws
/// ShapeError for n below 1, DTypeError unless dtype is real floating-point.
Tensor fftfreq(int64_t n, double d = 1.0, DType dtype = DType::kFloat64);
/// Those of rfft: 0, 1, ..., n / 2, each divided by n d.
Tensor rfftfreq(int64_t n, double d = 1.0, DType dtype = DType::kFloat64);

/// Rotates the axes (default: all) so that the element of frequency 0 comes to the middle, position
/// length / 2, and back. Any dtype.
Tensor fftshift(const Tensor& x, const std::optional<std::vector<int>>& axes = std::nullopt);
Tensor ifftshift(const Tensor& x, const std::optional<std::vector<int>>& axes = std::nullopt);

}  // namespace emberharmony::ops::fft
