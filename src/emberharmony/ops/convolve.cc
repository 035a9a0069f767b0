#include "emberharmony/ops/convolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <complex>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/fft.h"

namespace emberharmony::ops {
namespace {

/// Up to this length of the shorter sequence adding up costs less than transforming.
constexpr int64_t kDirectMax = 128;

/// What elements are added up in: integers in the unsigned type, which may wrap around.
template <class T>
struct SumType {
  using type = T;
};
template <class T>
  requires std::is_integral_v<T>
struct SumType<T> {
  using type = std::make_unsigned_t<T>;
};

/// All elements of the convolution of x, which is not the shorter, and y.
template <class T>
void AddUp(const Tensor& x, const Tensor& y, const Tensor& full) {
  using Sum = typename SumType<T>::type;
  RequireCpu(x);
  RequireCpu(y);
  const T* a = x.data_as<T>();
  const T* v = y.data_as<T>();
  auto* to = reinterpret_cast<Sum*>(full.mutable_data_as<T>());
  std::memset(static_cast<void*>(to), 0, full.size_bytes());
  for (int64_t j = 0; j < y.size(); ++j) {
    const auto factor = static_cast<Sum>(v[j]);
    for (int64_t i = 0; i < x.size(); ++i) to[i + j] += static_cast<Sum>(a[i]) * factor;
  }
}

/// The next length that transforms well: a power of two, or three quarters of one.
int64_t TransformLength(int64_t n) {
  int64_t length = 1;
  while (length < n) length *= 2;
  return length / 4 * 3 >= n ? length / 4 * 3 : length;
}

Tensor ByTransforms(const Tensor& x, const Tensor& y, int64_t full_length) {
  const fft::FftOptions options{.n = TransformLength(full_length)};
  const bool is_complex = tensor::IsComplex(x.dtype());
  const auto transform = [&](const Tensor& z) {
    return is_complex ? fft::fft(z, options) : fft::rfft(z, options);
  };
  const Tensor product = multiply(transform(x), transform(y));
  const Tensor back = is_complex ? fft::ifft(product, options) : fft::irfft(product, options);
  return back.Slice(0, 0, full_length);
}

Tensor Full(const Tensor& x, const Tensor& y) {
  const int64_t length = x.size() + y.size() - 1;
  const bool is_floating = tensor::IsRealFloating(x.dtype()) || tensor::IsComplex(x.dtype());
  if (is_floating && y.size() > kDirectMax) return ByTransforms(x, y, length);
  const Tensor full = Tensor::Empty({length}, x.dtype());
  tensor::VisitAny(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) AddUp<T>(x, y, full);
  });
  return full;
}

void CheckSequence(const char* function, const Tensor& x) {
  if (x.rank() == 1 && x.size() > 0) return;
  throw ShapeError(fmt::format("{}: expected a shape (n,) with n of at least 1, found a {}",
                               function, x.Describe()));
}

DType DTypeOfBoth(const char* function, const Tensor& a, const Tensor& v) {
  const std::optional<DType> dtype = tensor::PromoteTypes(a.dtype(), v.dtype());
  if (!dtype) {
    throw DTypeError(fmt::format("{}: {} and {} do not promote: convert one with astype", function,
                                 DTypeName(a.dtype()), DTypeName(v.dtype())));
  }
  return *dtype == DType::kBool ? DType::kInt64 : *dtype;
}

Tensor InDType(const Tensor& x, DType dtype) {
  return astype(x, dtype, /*copy=*/false).Contiguous();
}

/// `full` cut to what the mode asks for. `start` is the middle's first element.
Tensor CutMode(const Tensor& full, int64_t longer, int64_t shorter, ConvolveMode mode,
               int64_t start) {
  switch (mode) {
    case ConvolveMode::kSame:
      return full.Slice(0, start, start + longer).Copy();
    case ConvolveMode::kValid:
      return full.Slice(0, shorter - 1, longer).Copy();
    case ConvolveMode::kFull:
      break;
  }
  return full.Contiguous();
}

}  // namespace

Tensor convolve(const Tensor& a, const Tensor& v, ConvolveMode mode) {
  CheckSequence("convolve", a);
  CheckSequence("convolve", v);
  const DType dtype = DTypeOfBoth("convolve", a, v);
  Tensor x = InDType(a, dtype);
  Tensor y = InDType(v, dtype);
  if (x.size() < y.size()) std::swap(x, y);
  return CutMode(Full(x, y), x.size(), y.size(), mode, (y.size() - 1) / 2);
}

Tensor correlate(const Tensor& a, const Tensor& v, ConvolveMode mode) {
  CheckSequence("correlate", a);
  CheckSequence("correlate", v);
  const DType dtype = DTypeOfBoth("correlate", a, v);
  Tensor x = InDType(a, dtype);
  Tensor y = InDType(v, dtype);
  if (tensor::IsComplex(dtype)) y = conj(y);
  // Backwards; a stop of -n - 1 is before the first.
  y = y.Slice(0, y.size() - 1, -y.size() - 1, -1).Contiguous();
  // The middle of an even number of elements is where NumPy takes it to be.
  const bool is_longer = x.size() >= y.size();
  if (!is_longer) std::swap(x, y);
  const int64_t start = is_longer ? (y.size() - 1) / 2 : y.size() / 2;
  return CutMode(Full(x, y), x.size(), y.size(), mode, start);
}

}  // namespace emberharmony::ops
