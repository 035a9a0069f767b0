#include "emberharmony/ops/stft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <vector>

#include "emberharmony/backend/threads.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/fft.h"
#include "emberharmony/ops/windows.h"

namespace emberharmony::ops {
namespace {

/// Elements of pieces that keep a thread busy for longer than it takes to wake it.
constexpr int64_t kGrain = int64_t{1} << 16;
/// Sums of squares of windows below this share of the largest count as 0.
constexpr double kNothing = 1e-11;

/// Where the pieces of a signal lie, and their weights.
struct Pieces {
  int64_t length;  ///< n_fft
  int64_t hop;
  int64_t count;
  int64_t margin;              ///< elements the signal is filled up by at each end
  std::vector<double> window;  ///< `length` elements
};

std::vector<double> WindowOf(const char* function, const Tensor& given, int64_t n_fft) {
  const Tensor window = given.defined() ? given : hann_window(n_fft);
  if (window.rank() != 1 || window.size() > n_fft || window.size() < 1) {
    throw ShapeError(
        fmt::format("{}: expected a window of shape (n,) with n from 1 to {}, found a {}", function,
                    n_fft, window.Describe()));
  }
  if (tensor::IsComplex(window.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected a real window, found a {}", function, window.Describe()));
  }
  const Tensor numbers = astype(window, DType::kFloat64, /*copy=*/false).Contiguous();
  std::vector<double> result(n_fft, 0.0);
  std::copy_n(numbers.data_as<double>(), window.size(),
              result.begin() + (n_fft - window.size()) / 2);
  return result;
}

Pieces PiecesOf(const char* function, int64_t n_fft, const StftOptions& options) {
  const int64_t hop = options.hop_length.value_or(std::max<int64_t>(1, n_fft / 4));
  // Sums with lengths of tensors must not leave 64 bits.
  constexpr int64_t kLengthMax = int64_t{1} << 61;
  if (n_fft < 1 || n_fft > kLengthMax || hop < 1) {
    throw ShapeError(fmt::format("{}: expected n_fft and hop_length of 1 to 2^61, found {} and {}",
                                 function, n_fft, hop));
  }
  return {n_fft, hop, 0, options.center ? n_fft / 2 : 0, {}};
}

/// The element that stands `at` in the filled-up signal, 0 being the signal's first; -1 for a zero.
int64_t PaddedIndex(int64_t at, int64_t length, StftPadding padding) {
  if (at >= 0 && at < length) return at;
  switch (padding) {
    case StftPadding::kConstant:
      return -1;
    case StftPadding::kEdge:
      return at < 0 ? 0 : length - 1;
    case StftPadding::kWrap:
      return (at % length + length) % length;
    case StftPadding::kReflect:
      break;
  }
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t within = (at % period + period) % period;
  return std::min(within, period - within);
}

template <class T>
struct PartOf {
  using type = T;
};
template <class T>
struct PartOf<std::complex<T>> {
  using type = T;
};

/// The weighted pieces of signals, [signals][time], as [signals][pieces][n_fft].
template <class T>
void CutPieces(const Tensor& signals, const Pieces& pieces, StftPadding padding,
               const Tensor& result) {
  using Part = typename PartOf<T>::type;
  const int64_t time = signals.shape()[1];
  const std::vector<Part> window(pieces.window.begin(), pieces.window.end());
  const T* from = signals.data_as<T>();
  T* to = result.mutable_data_as<T>();
  backend::ParallelRanges(
      signals.shape()[0] * pieces.count, std::max<int64_t>(1, kGrain / pieces.length),
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T* signal = from + i / pieces.count * time;
          const int64_t start = i % pieces.count * pieces.hop - pieces.margin;
          T* piece = to + i * pieces.length;
          const bool is_inside = start >= 0 && start + pieces.length <= time;
          for (int64_t j = 0; j < pieces.length; ++j) {
            const int64_t at = is_inside ? start + j : PaddedIndex(start + j, time, padding);
            piece[j] = at < 0 ? T(0) : signal[at] * window[j];
          }
        }
      });
}

/// Adds up weighted pieces, [signals][pieces][n_fft], to signals, [signals][time], in the order of
/// the pieces.
template <class T>
void AddPieces(const Tensor& from, const Pieces& pieces, int64_t time,
               const std::vector<double>& inverse_weights, const Tensor& result) {
  using Part = typename PartOf<T>::type;
  const std::vector<Part> window(pieces.window.begin(), pieces.window.end());
  const T* all = from.data_as<T>();
  T* to = result.mutable_data_as<T>();
  backend::ParallelRanges(from.shape()[0], 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* signal = to + i * time;
      std::fill(signal, signal + time, T(0));
      for (int64_t t = 0; t < pieces.count; ++t) {
        const T* piece = all + (i * pieces.count + t) * pieces.length;
        const int64_t start = t * pieces.hop - pieces.margin;
        const int64_t from_j = std::max<int64_t>(0, -start);
        const int64_t to_j = std::min(pieces.length, time - start);
        for (int64_t j = from_j; j < to_j; ++j) signal[start + j] += piece[j] * window[j];
      }
      for (int64_t k = 0; k < time; ++k) signal[k] *= static_cast<Part>(inverse_weights[k]);
    }
  });
}

/// 1 / the sum of the squares of the windows at each element, 0 where that is 0.
std::vector<double> InverseWeights(const Pieces& pieces, int64_t time) {
  std::vector<double> weights(time, 0.0);
  for (int64_t t = 0; t < pieces.count; ++t) {
    const int64_t start = t * pieces.hop - pieces.margin;
    const int64_t from_j = std::max<int64_t>(0, -start);
    const int64_t to_j = std::min(pieces.length, time - start);
    for (int64_t j = from_j; j < to_j; ++j) {
      weights[start + j] += pieces.window[j] * pieces.window[j];
    }
  }
  const double largest = time > 0 ? *std::max_element(weights.begin(), weights.end()) : 0.0;
  for (double& weight : weights) weight = weight > kNothing * largest ? 1 / weight : 0.0;
  return weights;
}

/// Calls f with an element of the dtype, which is floating-point or complex.
template <class F>
void VisitFloating(DType dtype, F f) {
  if (dtype == DType::kFloat32) return f(float{});
  if (dtype == DType::kFloat64) return f(double{});
  if (dtype == DType::kComplex64) return f(std::complex<float>{});
  f(std::complex<double>{});
}

void CheckRank(const char* function, const Tensor& x, int rank) {
  if (x.rank() >= rank) return;
  throw ShapeError(
      fmt::format("{}: expected at least {} axes, found a {}", function, rank, x.Describe()));
}

DType FloatingDTypeOf(const Tensor& x) {
  const bool is_floating = tensor::IsRealFloating(x.dtype()) || tensor::IsComplex(x.dtype());
  return is_floating ? x.dtype() : DType::kFloat64;
}

/// x, which has elements, in a floating-point dtype, all axes before the last `rank` made one.
Tensor Flattened(const Tensor& x, int rank) {
  int64_t leading = 1;
  for (int i = 0; i < x.rank() - rank; ++i) leading *= x.shape()[i];
  Shape shape = {leading};
  for (int i = x.rank() - rank; i < x.rank(); ++i) shape.Append(x.shape()[i]);
  return astype(x, FloatingDTypeOf(x), /*copy=*/false).Reshape(shape).Contiguous();
}

/// The leading axes of x, then others.
Shape WithLeadingAxes(const Tensor& x, int num_others, std::initializer_list<int64_t> others) {
  Shape shape;
  for (int i = 0; i < x.rank() - num_others; ++i) shape.Append(x.shape()[i]);
  for (int64_t dim : others) shape.Append(dim);
  return shape;
}

}  // namespace

Tensor stft(const Tensor& x, int64_t n_fft, const StftOptions& options) {
  Pieces pieces = PiecesOf("stft", n_fft, options);
  CheckRank("stft", x, 1);
  const bool is_complex = tensor::IsComplex(x.dtype());
  const bool onesided = options.onesided.value_or(!is_complex);
  if (onesided && is_complex) {
    throw DTypeError(
        fmt::format("stft: expected a real signal, whose transform has one side that determines "
                    "the other, found a {}: pass onesided = false",
                    x.Describe()));
  }
  const int64_t time = x.shape()[x.rank() - 1];
  if (time < 1 || time + 2 * pieces.margin < n_fft) {
    throw ShapeError(
        fmt::format("stft: expected at least {} elements along the last axis, found a {}",
                    std::max<int64_t>(1, n_fft - 2 * pieces.margin), x.Describe()));
  }
  pieces.count = 1 + (time + 2 * pieces.margin - n_fft) / pieces.hop;
  pieces.window = WindowOf("stft", options.window, n_fft);
  const int64_t frequencies = onesided ? n_fft / 2 + 1 : n_fft;
  const Shape shape = WithLeadingAxes(x, 1, {frequencies, pieces.count});
  if (x.size() == 0) return Tensor::Empty(shape, tensor::ComplexOf(FloatingDTypeOf(x)));
  const Tensor signals = Flattened(x, 1);

  const Tensor cut = Tensor::Empty({signals.shape()[0], pieces.count, n_fft}, signals.dtype());
  VisitFloating(signals.dtype(), [&](auto element) {
    CutPieces<decltype(element)>(signals, pieces, options.padding, cut);
  });
  const fft::FftOptions transform{.norm = options.normalized ? fft::Norm::kOrtho
                                                             : fft::Norm::kBackward};
  const Tensor spectra = onesided ? fft::rfft(cut, transform) : fft::fft(cut, transform);
  const int order[] = {0, 2, 1};
  return spectra.PermuteDims(order).Contiguous().Reshape(shape);
}

Tensor istft(const Tensor& x, int64_t n_fft, const StftOptions& options) {
  Pieces pieces = PiecesOf("istft", n_fft, options);
  CheckRank("istft", x, 2);
  const int64_t frequencies = x.shape()[x.rank() - 2];
  const bool onesided = options.onesided.value_or(frequencies == n_fft / 2 + 1);
  if (frequencies != (onesided ? n_fft / 2 + 1 : n_fft)) {
    throw ShapeError(
        fmt::format("istft: expected {} frequencies along the last axis but one for an "
                    "n_fft of {}, found a {}",
                    onesided ? n_fft / 2 + 1 : n_fft, n_fft, x.Describe()));
  }
  pieces.count = x.shape()[x.rank() - 1];
  if (pieces.count < 1 || options.length.value_or(0) < 0) {
    throw ShapeError(
        fmt::format("istft: expected at least one piece along the last axis and a length "
                    "of at least 0, found a {} and a length of {}",
                    x.Describe(), options.length.value_or(0)));
  }
  // No product with the hop may leave 64 bits.
  int64_t covered;
  if (__builtin_mul_overflow(pieces.hop, pieces.count, &covered) ||
      __builtin_add_overflow(covered, n_fft, &covered)) {
    throw ShapeError(fmt::format("istft: {} pieces {} elements apart would cover more than 2^63",
                                 pieces.count, pieces.hop));
  }
  const int64_t inside = std::max<int64_t>(0, covered - pieces.hop - 2 * pieces.margin);
  const int64_t time = options.length.value_or(inside);
  const DType dtype =
      onesided ? tensor::RealPartOf(FloatingDTypeOf(x)) : tensor::ComplexOf(FloatingDTypeOf(x));
  const Tensor result = Tensor::Empty(WithLeadingAxes(x, 2, {time}), dtype);
  if (x.size() == 0 || time == 0) return result;
  pieces.window = WindowOf("istft", options.window, n_fft);

  const int order[] = {0, 2, 1};
  const Tensor spectra = Flattened(x, 2).PermuteDims(order);
  const fft::FftOptions transform{
      .n = n_fft, .norm = options.normalized ? fft::Norm::kOrtho : fft::Norm::kBackward};
  const Tensor parts = onesided ? fft::irfft(spectra, transform) : fft::ifft(spectra, transform);
  const std::vector<double> inverse_weights = InverseWeights(pieces, time);
  VisitFloating(parts.dtype(), [&](auto element) {
    AddPieces<decltype(element)>(parts, pieces, time, inverse_weights, result);
  });
  return result;
}

}  // namespace emberharmony::ops
