#include "emberharmony/ops/fft.h"

#include <fmt/format.h>

#include <cmath>
#include <complex>
#include <cstring>

#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops::fft {
namespace {

using backend::Attribute;
using backend::AttributeKey;
using backend::Op;

/// One transform along one axis.
struct Step {
  const char* function;
  int axis;
  int64_t n;
  Norm norm;
  bool inverse;

  /// What every result is multiplied by.
  double scale() const {
    if (norm == Norm::kOrtho) return 1 / std::sqrt(static_cast<double>(n));
    return inverse == (norm == Norm::kBackward) ? 1 / static_cast<double>(n) : 1.0;
  }
};

int CheckedFftAxis(const char* function, const Tensor& x, int axis) {
  if (axis < -x.rank() || axis >= x.rank()) {
    throw AxisError(fmt::format("{}: expected an axis in [{}, {}) of a {}, found {}", function,
                                -x.rank(), x.rank(), x.Describe(), axis));
  }
  return axis < 0 ? axis + x.rank() : axis;
}

void CheckLength(const char* function, const Tensor& x, int64_t n) {
  if (n >= 1) return;
  throw ShapeError(
      fmt::format("{}: expected at least one element to transform of a {}, found a length of {}",
                  function, x.Describe(), n));
}

/// `halved`: the default length is that of the sequence of which x has the first half.
Step StepOf(const char* function, const Tensor& x, const FftOptions& options, bool inverse,
            bool halved = false) {
  const int axis = CheckedFftAxis(function, x, options.axis);
  const int64_t length = x.shape()[axis];
  const int64_t n = options.n.value_or(halved ? 2 * (length - 1) : length);
  CheckLength(function, x, n);
  return {function, axis, n, options.norm, inverse};
}

/// Integers and bools in float64; floating-point x as it is.
Tensor FloatingOf(const Tensor& x) {
  const bool is_floating = tensor::IsRealFloating(x.dtype()) || tensor::IsComplex(x.dtype());
  return is_floating ? x : astype(x, DType::kFloat64);
}

/// Real x of a real transform.
Tensor RealInput(const char* function, const Tensor& x) {
  if (tensor::IsComplex(x.dtype())) {
    throw DTypeError(
        fmt::format("{}: expected a real dtype, found {}: use fft, or take the real part", function,
                    DTypeName(x.dtype())));
  }
  return FloatingOf(x);
}

/// The same numbers with imaginary parts of 0.
Tensor ComplexOf(const Tensor& x) {
  const Tensor real = FloatingOf(x);
  if (tensor::IsComplex(real.dtype())) return real;
  return astype(real, tensor::ComplexOf(real.dtype()));
}

Tensor RunFft(Op op, const Tensor& x, const Step& step, int64_t result_length, DType result_dtype) {
  Shape shape = x.shape();
  shape[step.axis] = result_length;
  const Tensor result = NewResultOf(x, shape, result_dtype);
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kAxis, step.axis),
      Attribute::Integer(AttributeKey::kInverse, op == Op::kFft && step.inverse),
      Attribute::Integer(AttributeKey::kLength, step.n),
      Attribute::Number(AttributeKey::kScale, step.scale())};
  const Tensor* const inputs[] = {&x};
  const Tensor* const outputs[] = {&result};
  RunOp(op, inputs, attributes, outputs);
  return result;
}

/// Rows 0 .. n / 2 of `half` along `axis`, and from these the others, which are their conjugates in
/// reverse order. `conjugated`: all the other way round.
template <class T>
void FillUp(const Tensor& half, int axis, bool conjugated, const Tensor& whole) {
  using C = std::complex<T>;
  const int64_t n = whole.shape()[axis];
  const int64_t given = half.shape()[axis];
  int64_t inner = 1;
  for (int i = axis + 1; i < whole.rank(); ++i) inner *= whole.shape()[i];
  const int64_t outer = whole.size() / (n * inner);
  RequireCpu(half);
  const C* from = half.data_as<C>();
  C* to = whole.mutable_data_as<C>();
  for (int64_t i = 0; i < outer; ++i, from += given * inner, to += n * inner) {
    for (int64_t k = 0; k < n; ++k) {
      const bool mirrored = k >= given;
      const C* row = from + (mirrored ? n - k : k) * inner;
      C* result = to + k * inner;
      if (mirrored == conjugated) {
        std::memcpy(result, row, inner * sizeof(C));
      } else {
        for (int64_t j = 0; j < inner; ++j) result[j] = {row[j].real(), -row[j].imag()};
      }
    }
  }
}

/// fft and ifft.
Tensor AsComplex(const Tensor& x, const Step& step) {
  const Tensor floating = FloatingOf(x);
  if (tensor::IsComplex(floating.dtype())) {
    return RunFft(Op::kFft, floating, step, step.n, floating.dtype());
  }
  // The transform of real numbers is half the work. Backwards it is the conjugate of forwards.
  const DType dtype = tensor::ComplexOf(floating.dtype());
  const Tensor half = RunFft(Op::kRfft, floating, step, step.n / 2 + 1, dtype);
  Shape shape = x.shape();
  shape[step.axis] = step.n;
  const Tensor whole = Tensor::Empty(shape, dtype);
  if (whole.size() == 0) return whole;
  if (dtype == DType::kComplex64) {
    FillUp<float>(half, step.axis, step.inverse, whole);
  } else {
    FillUp<double>(half, step.axis, step.inverse, whole);
  }
  return whole;
}

Tensor Real(const Tensor& x, const Step& step) {
  const Tensor real = RealInput(step.function, x);
  return RunFft(Op::kRfft, real, step, step.n / 2 + 1, tensor::ComplexOf(real.dtype()));
}

Tensor Hermitian(const Tensor& x, const Step& step) {
  const Tensor complex = ComplexOf(x);
  return RunFft(Op::kIrfft, complex, step, step.n, tensor::RealPartOf(complex.dtype()));
}

/// The conjugate, in place: x is a result that nobody else has seen.
Tensor Conjugated(const Tensor& x) {
  const int64_t n = x.size();
  if (x.dtype() == DType::kComplex64) {
    auto* numbers = reinterpret_cast<float*>(x.mutable_data_as<std::complex<float>>());
    for (int64_t i = 0; i < n; ++i) numbers[2 * i + 1] = -numbers[2 * i + 1];
  } else {
    auto* numbers = reinterpret_cast<double*>(x.mutable_data_as<std::complex<double>>());
    for (int64_t i = 0; i < n; ++i) numbers[2 * i + 1] = -numbers[2 * i + 1];
  }
  return x;
}

/// Forward transforms with the norm of backward ones, and the other way round.
FftOptions WithNormSwapped(FftOptions options) {
  if (options.norm == Norm::kBackward) {
    options.norm = Norm::kForward;
  } else if (options.norm == Norm::kForward) {
    options.norm = Norm::kBackward;
  }
  return options;
}

/// The steps of an n-dimensional transform, in the order of `axes`. `halved`: see StepOf, for the
/// last.
std::vector<Step> StepsOf(const char* function, const Tensor& x, const FftnOptions& options,
                          bool inverse, bool halved = false) {
  std::vector<int> axes;
  if (options.axes) {
    axes = *options.axes;
  } else {
    const auto count = options.s ? static_cast<int64_t>(options.s->size()) : x.rank();
    if (count > x.rank()) {
      throw ShapeError(fmt::format("{}: expected at most {} lengths for a {}, found {}", function,
                                   x.rank(), x.Describe(), count));
    }
    for (int64_t i = -count; i < 0; ++i) axes.push_back(static_cast<int>(i));
  }
  if (options.s && options.s->size() != axes.size()) {
    throw ShapeError(fmt::format("{}: expected as many lengths as axes, found {} and {}", function,
                                 options.s->size(), axes.size()));
  }
  std::vector<Step> steps;
  for (size_t i = 0; i < axes.size(); ++i) {
    FftOptions one{.axis = axes[i], .norm = options.norm};
    if (options.s && (*options.s)[i] != -1) one.n = (*options.s)[i];
    steps.push_back(StepOf(function, x, one, inverse, halved && i + 1 == axes.size()));
  }
  return steps;
}

void CheckNotEmpty(const char* function, const std::vector<Step>& steps) {
  if (steps.empty()) {
    throw ShapeError(fmt::format("{}: expected at least one axis, found none", function));
  }
}

Tensor ComplexAlongAll(const Tensor& x, const std::vector<Step>& steps) {
  if (steps.empty()) return ComplexOf(x).Copy();
  Tensor result = x;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    // An axis that is named twice has the length its first transform gave it.
    result = AsComplex(result, *step);
  }
  return result;
}

FftnOptions WithLastTwoAxes(FftnOptions options) {
  if (!options.axes) options.axes = std::vector<int>{-2, -1};
  return options;
}

Tensor RfftAlongAll(const char* function, const Tensor& x, const FftnOptions& options) {
  const std::vector<Step> steps = StepsOf(function, x, options, /*inverse=*/false);
  CheckNotEmpty(function, steps);
  Tensor result = Real(x, steps.back());
  for (auto step = steps.rbegin() + 1; step != steps.rend(); ++step)
    result = AsComplex(result, *step);
  return result;
}

Tensor IrfftAlongAll(const char* function, const Tensor& x, const FftnOptions& options) {
  const std::vector<Step> steps = StepsOf(function, x, options, /*inverse=*/true, /*halved=*/true);
  CheckNotEmpty(function, steps);
  Tensor result = x;
  for (size_t i = 0; i + 1 < steps.size(); ++i) result = AsComplex(result, steps[i]);
  return Hermitian(result, steps.back());
}

/// The numbers first, first + 1, ... of `count` places from `at` on, each divided by `divisor`.
template <class T>
void WriteFrequencies(T* to, int64_t count, int64_t first, double divisor) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<T>(static_cast<double>(first + i) / divisor);
  }
}

/// `positive` frequencies from 0 on, then `negative` ones up to -1.
Tensor Frequencies(const char* function, int64_t n, double d, DType dtype, int64_t positive,
                   int64_t negative) {
  if (n < 1) {
    throw ShapeError(fmt::format("{}: expected a length of at least 1, found {}", function, n));
  }
  if (!tensor::IsRealFloating(dtype)) {
    throw DTypeError(fmt::format("{}: expected a real-valued floating-point dtype, found {}",
                                 function, DTypeName(dtype)));
  }
  const Tensor result = Tensor::Empty({positive + negative}, dtype);
  const double divisor = static_cast<double>(n) * d;
  const auto write = [&](auto* to) {
    WriteFrequencies(to, positive, 0, divisor);
    WriteFrequencies(to + positive, negative, -negative, divisor);
  };
  if (dtype == DType::kFloat32) {
    write(result.mutable_data_as<float>());
  } else {
    write(result.mutable_data_as<double>());
  }
  return result;
}

/// Element i of each axis goes to position i + shift(length), modulo the length.
Tensor Rotated(const char* function, const Tensor& x, const std::optional<std::vector<int>>& axes,
               int64_t (*shift)(int64_t)) {
  std::vector<int> all;
  for (int i = 0; i < x.rank(); ++i) all.push_back(i);
  for (int axis : axes.value_or(all)) CheckedFftAxis(function, x, axis);
  Tensor result = x;
  for (int axis : axes.value_or(all)) {
    const int64_t n = x.shape()[CheckedFftAxis(function, x, axis)];
    const int64_t by = shift(n);
    if (by == 0 || result.size() == 0) continue;
    const Tensor rotated = Tensor::Empty(x.shape(), x.dtype());
    CopyElements(result.Slice(axis, 0, n - by), rotated.Slice(axis, by, n));
    CopyElements(result.Slice(axis, n - by, n), rotated.Slice(axis, 0, by));
    result = rotated;
  }
  return result.storage_data() == x.storage_data() ? result.Copy() : result;
}

}  // namespace

Tensor fft(const Tensor& x, const FftOptions& options) {
  return AsComplex(x, StepOf("fft", x, options, /*inverse=*/false));
}

Tensor ifft(const Tensor& x, const FftOptions& options) {
  return AsComplex(x, StepOf("ifft", x, options, /*inverse=*/true));
}

Tensor rfft(const Tensor& x, const FftOptions& options) {
  return Real(x, StepOf("rfft", x, options, /*inverse=*/false));
}

Tensor irfft(const Tensor& x, const FftOptions& options) {
  return Hermitian(x, StepOf("irfft", x, options, /*inverse=*/true, /*halved=*/true));
}

Tensor hfft(const Tensor& x, const FftOptions& options) {
  const Tensor complex = Conjugated(ComplexOf(x).Copy());
  return Hermitian(complex, StepOf("hfft", x, WithNormSwapped(options), true, true));
}

Tensor ihfft(const Tensor& x, const FftOptions& options) {
  return Conjugated(Real(x, StepOf("ihfft", x, WithNormSwapped(options), /*inverse=*/false)));
}

Tensor fftn(const Tensor& x, const FftnOptions& options) {
  return ComplexAlongAll(x, StepsOf("fftn", x, options, /*inverse=*/false));
}

Tensor ifftn(const Tensor& x, const FftnOptions& options) {
  return ComplexAlongAll(x, StepsOf("ifftn", x, options, /*inverse=*/true));
}

Tensor rfftn(const Tensor& x, const FftnOptions& options) {
  return RfftAlongAll("rfftn", x, options);
}

Tensor irfftn(const Tensor& x, const FftnOptions& options) {
  return IrfftAlongAll("irfftn", x, options);
}

Tensor fft2(const Tensor& x, const FftnOptions& options) {
  return ComplexAlongAll(x, StepsOf("fft2", x, WithLastTwoAxes(options), /*inverse=*/false));
}

Tensor ifft2(const Tensor& x, const FftnOptions& options) {
  return ComplexAlongAll(x, StepsOf("ifft2", x, WithLastTwoAxes(options), /*inverse=*/true));
}

Tensor rfft2(const Tensor& x, const FftnOptions& options) {
  return RfftAlongAll("rfft2", x, WithLastTwoAxes(options));
}

Tensor irfft2(const Tensor& x, const FftnOptions& options) {
  return IrfftAlongAll("irfft2", x, WithLastTwoAxes(options));
}

Tensor fftfreq(int64_t n, double d, DType dtype) {
  return Frequencies("fftfreq", n, d, dtype, (n - 1) / 2 + 1, n / 2);
}

Tensor rfftfreq(int64_t n, double d, DType dtype) {
  return Frequencies("rfftfreq", n, d, dtype, n / 2 + 1, 0);
}

Tensor fftshift(const Tensor& x, const std::optional<std::vector<int>>& axes) {
  return Rotated("fftshift", x, axes, [](int64_t n) { return n / 2; });
}

Tensor ifftshift(const Tensor& x, const std::optional<std::vector<int>>& axes) {
  return Rotated("ifftshift", x, axes, [](int64_t n) { return n - n / 2; });
}

}  // namespace emberharmony::ops::fft
