// ops.fft: the Fourier transforms.
#include <fmt/format.h>

#include <stdexcept>

#include "bindings/function.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

ops::fft::Norm NormOf(const Arguments& args, int i) {
  if (args.is_none(i)) return ops::fft::Norm::kBackward;
  const std::string_view text = args.text(i);
  if (text == "backward") return ops::fft::Norm::kBackward;
  if (text == "ortho") return ops::fft::Norm::kOrtho;
  if (text == "forward") return ops::fft::Norm::kForward;
  throw std::invalid_argument(
      fmt::format("{}: expected a norm of 'backward', 'ortho' or 'forward', found '{}'",
                  args.function(), base::Shortened(text)));
}

/// A transform costs more than reading its elements.
constexpr int64_t kWorkPerElement = 4;

using Along = ops::Tensor (*)(const ops::Tensor&, const ops::fft::FftOptions&);
using AlongSeveral = ops::Tensor (*)(const ops::Tensor&, const ops::fft::FftnOptions&);

PyObject* RunAlong(Arguments& args, Along transform) {
  const ops::Tensor& x = args.tensor(0);
  const ops::fft::FftOptions options{
      .n = args.optional_integer(1), .axis = args.axis(2), .norm = NormOf(args, 3)};
  args.AddWork((kWorkPerElement - 1) * x.size() + options.n.value_or(0));
  return args.Run([&] { return transform(x, options); });
}

PyObject* RunAlongSeveral(Arguments& args, AlongSeveral transform) {
  const ops::Tensor& x = args.tensor(0);
  ops::fft::FftnOptions options{.axes = args.axes(2), .norm = NormOf(args, 3)};
  if (!args.is_none(1)) options.s = args.integers(1);
  args.AddWork((kWorkPerElement - 1) * x.size());
  return args.Run([&] { return transform(x, options); });
}

}  // namespace

#define EMBER_ALONG \
  "(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = 'backward') -> Tensor"
#define EMBER_ALONG_SEVERAL                                                               \
  "(x: Tensor, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, " \
  "norm: str = 'backward') -> Tensor"
#define EMBER_ALONG_TWO                                                                       \
  "(x: Tensor, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = (-2, -1), " \
  "norm: str = 'backward') -> Tensor"

EMBER_FUNCTION_IN(fft, fft, EMBER_ALONG,
                  R"(The discrete Fourier transform along an axis.

Element k is the sum over j of x[j] exp(-2 pi i j k / n). Any length takes O(n log n) steps.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  n: Elements to transform: x is cut, or filled up with zeros at its end. None: all there are.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64, of the shape of x with n along the axis.

Raises:
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::fft);
}

EMBER_FUNCTION_IN(fft, ifft, EMBER_ALONG,
                  R"(The inverse of fft along an axis.

Element j is the sum over k of x[k] exp(2 pi i j k / n), divided by n.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  n: Elements to transform: x is cut, or filled up with zeros at its end. None: all there are.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64, of the shape of x with n along the axis.

Raises:
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::ifft);
}

EMBER_FUNCTION_IN(fft, rfft, EMBER_ALONG,
                  R"(The first half of the discrete Fourier transform of real numbers.

The other half of their transform is its mirror image, conjugated.

Args:
  x: A tensor of a real or bool dtype; integers and bools are computed in float64.
  n: Elements to transform: x is cut, or filled up with zeros at its end. None: all there are.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.

Returns:
  A complex tensor, complex64 for float32, with n // 2 + 1 elements along the axis.

Raises:
  TypeError: x is complex.
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::rfft);
}

EMBER_FUNCTION_IN(fft, irfft, EMBER_ALONG,
                  R"(The inverse of rfft along an axis.

Args:
  x: The first half of the transform of real numbers. The imaginary part of the first element and,
    for even n, of the last is ignored.
  n: Elements of the result; x is cut, or filled up with zeros, to n // 2 + 1. None: twice as many
    as x has, less 2.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.

Returns:
  A real tensor, float32 for float32 and complex64, with n elements along the axis.

Raises:
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::irfft);
}

EMBER_FUNCTION_IN(fft, hfft, EMBER_ALONG,
                  R"(The transform of a sequence that equals its mirror image, conjugated.

Args:
  x: The first half of the sequence.
  n: Elements of the result; x is cut, or filled up with zeros, to n // 2 + 1. None: twice as many
    as x has, less 2.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.
    This one is a forward transform.

Returns:
  A real tensor, float32 for float32 and complex64, with n elements along the axis.

Raises:
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::hfft);
}

EMBER_FUNCTION_IN(fft, ihfft, EMBER_ALONG,
                  R"(The inverse of hfft along an axis.

Args:
  x: A tensor of a real or bool dtype; integers and bools are computed in float64.
  n: Elements to transform: x is cut, or filled up with zeros at its end. None: all there are.
  axis: The axis to transform along.
  norm: What divides by n: 'backward' transforms, 'forward' ones, or 'ortho', both, by its root.
    This one is a backward transform.

Returns:
  A complex tensor, complex64 for float32, with n // 2 + 1 elements along the axis.

Raises:
  TypeError: x is complex.
  ValueError: No such axis or norm; a length below 1.
)") {
  return RunAlong(args, &ops::fft::ihfft);
}

EMBER_FUNCTION_IN(fft, fftn, EMBER_ALONG_SEVERAL,
                  R"(The discrete Fourier transform along several axes.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along. None: the last ones, as many as s has; without s all.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64.

Raises:
  ValueError: No such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::fftn);
}

EMBER_FUNCTION_IN(fft, ifftn, EMBER_ALONG_SEVERAL,
                  R"(The inverse of fftn.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along. None: the last ones, as many as s has; without s all.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64.

Raises:
  ValueError: No such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::ifftn);
}

EMBER_FUNCTION_IN(
    fft, rfftn, EMBER_ALONG_SEVERAL,
    R"(The transform of real numbers along several axes: rfft along the last, fft along the others.

Args:
  x: A tensor of a real or bool dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along. None: the last ones, as many as s has; without s all.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32, with n // 2 + 1 elements along the last of the axes.

Raises:
  TypeError: x is complex.
  ValueError: No axis; no such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::rfftn);
}

EMBER_FUNCTION_IN(fft, irfftn, EMBER_ALONG_SEVERAL,
                  R"(The inverse of rfftn.

Args:
  x: A tensor that rfftn may have returned.
  s: Elements of the result along each axis. -1 or None: all there are; along the last axis twice
    as many, less 2.
  axes: The axes to transform along. None: the last ones, as many as s has; without s all.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A real tensor, float32 for float32 and complex64.

Raises:
  ValueError: No axis; no such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::irfftn);
}

EMBER_FUNCTION_IN(fft, fft2, EMBER_ALONG_TWO,
                  R"(The discrete Fourier transform along two axes: fftn with other defaults.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64.

Raises:
  ValueError: No such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::fft2);
}

EMBER_FUNCTION_IN(fft, ifft2, EMBER_ALONG_TWO,
                  R"(The inverse of fft2: ifftn with other defaults.

Args:
  x: A tensor of any dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32 and complex64.

Raises:
  ValueError: No such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::ifft2);
}

EMBER_FUNCTION_IN(fft, rfft2, EMBER_ALONG_TWO,
                  R"(The transform of real numbers along two axes: rfftn with other defaults.

Args:
  x: A tensor of a real or bool dtype; integers and bools are computed in float64.
  s: Elements to transform along each axis; -1 or None: all there are.
  axes: The axes to transform along.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A complex tensor, complex64 for float32, with n // 2 + 1 elements along the last of the axes.

Raises:
  TypeError: x is complex.
  ValueError: No axis; no such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::rfft2);
}

EMBER_FUNCTION_IN(fft, irfft2, EMBER_ALONG_TWO,
                  R"(The inverse of rfft2: irfftn with other defaults.

Args:
  x: A tensor that rfft2 may have returned.
  s: Elements of the result along each axis. -1 or None: all there are; along the last axis twice
    as many, less 2.
  axes: The axes to transform along.
  norm: What divides by the number of elements: 'backward' transforms, 'forward' ones, or 'ortho',
    both, by its root.

Returns:
  A real tensor, float32 for float32 and complex64.

Raises:
  ValueError: No axis; no such axis or norm; a length below 1; s and axes differ in length.
)") {
  return RunAlongSeveral(args, &ops::fft::irfft2);
}

EMBER_FUNCTION_IN(fft, fftfreq,
                  "(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, "
                  "device: Device | None = None) -> Tensor",
                  R"(The frequencies of the elements of a transform, in cycles per unit of d.

Args:
  n: Elements of the transform.
  d: Distance of the samples.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n,): 0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1, divided by n d.

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is below 1.
)") {
  const int64_t n = args.integer(0);
  const double d = args.number(1);
  const ops::DType dtype = args.dtype(2).value_or(ops::DType::kFloat64);
  args.check_device(3);
  return args.Run([&] { return ops::fft::fftfreq(n, d, dtype); });
}

EMBER_FUNCTION_IN(fft, rfftfreq,
                  "(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, "
                  "device: Device | None = None) -> Tensor",
                  R"(The frequencies of the elements of rfft's result, in cycles per unit of d.

Args:
  n: Elements that are transformed.
  d: Distance of the samples.
  dtype: float32 or float64, the default.
  device: Where the result lies; None: the CPU.

Returns:
  A tensor of shape (n // 2 + 1,): 0, 1, ..., n // 2, divided by n d.

Raises:
  TypeError: The dtype is not real-valued floating-point.
  ValueError: n is below 1.
)") {
  const int64_t n = args.integer(0);
  const double d = args.number(1);
  const ops::DType dtype = args.dtype(2).value_or(ops::DType::kFloat64);
  args.check_device(3);
  return args.Run([&] { return ops::fft::rfftfreq(n, d, dtype); });
}

EMBER_FUNCTION_IN(fft, fftshift,
                  "(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor",
                  R"(Rotates axes so that the element of frequency 0 comes to the middle.

Args:
  x: A tensor of any dtype and shape.
  axes: The axes to rotate; None for all.

Returns:
  A tensor like x, with element 0 at position length // 2.

Raises:
  ValueError: No such axis.
)") {
  const ops::Tensor& x = args.tensor(0);
  const auto axes = args.axes(1);
  return args.Run([&] { return ops::fft::fftshift(x, axes); });
}

EMBER_FUNCTION_IN(fft, ifftshift,
                  "(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor",
                  R"(Undoes fftshift.

Args:
  x: A tensor of any dtype and shape.
  axes: The axes to rotate; None for all.

Returns:
  A tensor like x, with the element at position length // 2 first.

Raises:
  ValueError: No such axis.
)") {
  const ops::Tensor& x = args.tensor(0);
  const auto axes = args.axes(1);
  return args.Run([&] { return ops::fft::ifftshift(x, axes); });
}

}  // namespace emberharmony::python
