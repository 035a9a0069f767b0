// Sequences of evenly spaced numbers.
#include <fmt/format.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "emberharmony/ops/creation.h"

namespace emberharmony::ops {
namespace {

using Wide = __int128;

/// The value of an integer.
Wide WideOf(const Scalar& number) {
  if (number.default_dtype() == DType::kUInt64) {
    uint64_t value;
    number.Write(DType::kUInt64, &value, "arange");
    return value;
  }
  int64_t value;
  number.Write(DType::kInt64, &value, "arange");
  return value;
}

template <class T>
constexpr bool kIsComplexType = false;
template <class T>
constexpr bool kIsComplexType<std::complex<T>> = true;

/// The type that a floating-point element's number is rounded to.
template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};

[[noreturn]] void ThrowStep() {
  throw std::invalid_argument("arange: expected a step other than 0, found 0");
}

Tensor ArangeOfIntegers(Wide start, Wide stop, Wide step, DType dtype) {
  if (step == 0) ThrowStep();
  const Wide span = stop - start;
  Wide count =
      (span > 0) == (step > 0) && span != 0 ? (span + step - (step > 0 ? 1 : -1)) / step : 0;
  count = std::min<Wide>(count, std::numeric_limits<int64_t>::max());
  const Wide last = start + (count > 0 ? count - 1 : 0) * step;
  Tensor result;
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      using Limits = std::numeric_limits<T>;
      if (count > 0 &&
          (std::min(start, last) < Limits::min() || std::max(start, last) > Limits::max())) {
        throw DTypeError(
            fmt::format("arange: expected numbers that {} can hold, [{}, {}], found "
                        "{} to {}",
                        DTypeName(dtype), Limits::min(), Limits::max(), static_cast<double>(start),
                        static_cast<double>(last)));
      }
    }
    result = Tensor::Empty({static_cast<int64_t>(count)}, dtype);
    T* out = result.mutable_data_as<T>();
    if constexpr (std::is_integral_v<T>) {
      // Modulo 2^64, of which the element's bits are left.
      const uint64_t first = static_cast<uint64_t>(start);
      const uint64_t distance = static_cast<uint64_t>(step);
      for (int64_t i = 0; i < result.size(); ++i) {
        out[i] = static_cast<T>(first + static_cast<uint64_t>(i) * distance);
      }
    } else {
      using Real = typename RealOf<T>::type;
      for (int64_t i = 0; i < result.size(); ++i) out[i] = static_cast<Real>(start + i * step);
    }
  });
  return result;
}

/// A floating-point number as the integer that it is.
Wide WholeOf(double number, DType dtype) {
  if (std::trunc(number) != number || std::abs(number) > 0x1p64) {
    throw DTypeError(fmt::format("arange: expected whole numbers for the dtype {}, found {}",
                                 DTypeName(dtype), number));
  }
  return static_cast<Wide>(number);
}

Tensor ArangeOfFloats(double start, double stop, double step, DType dtype) {
  if (step == 0) ThrowStep();
  if (tensor::IsInteger(dtype)) {
    return ArangeOfIntegers(WholeOf(start, dtype), WholeOf(stop, dtype), WholeOf(step, dtype),
                            dtype);
  }
  double length = std::ceil((stop - start) / step);
  // The distance of the largest numbers is not a finite one.
  if (std::isinf(stop - start)) length = std::ceil(stop / step - start / step);
  if (!(length < 0x1p63)) {
    throw std::invalid_argument(fmt::format(
        "arange: expected a finite number of elements, found start {}, stop {}, step {}", start,
        stop, step));
  }
  Tensor result;
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Real = typename RealOf<T>::type;
    result = Tensor::Empty({length > 0 ? static_cast<int64_t>(length) : 0}, dtype);
    T* out = result.mutable_data_as<T>();
    for (int64_t i = 0; i < result.size(); ++i) {
      out[i] = static_cast<Real>(start + static_cast<double>(i) * step);
    }
  });
  return result;
}

/// The numbers of a linspace.
class Spacing {
 public:
  Spacing(double start, double stop, int64_t num, bool endpoint)
      : start_(start), stop_(stop), last_(endpoint ? num - 1 : -1) {
    intervals_ = static_cast<double>(endpoint ? num - 1 : num);
    if (intervals_ <= 0) return;
    distance_ = stop - start;
    step_ = distance_ / intervals_;
    // The distance of the largest numbers is not finite, the step may be.
    if (std::isinf(distance_)) step_ = stop / intervals_ - start / intervals_;
  }

  double At(int64_t i) const {
    if (i == 0) return start_;
    if (i == last_) return stop_;
    const double position = static_cast<double>(i);
    // A step that is too small for a number is made up for by multiplying first.
    if (step_ == 0) return start_ + position / intervals_ * distance_;
    return start_ + position * step_;
  }

 private:
  double start_;
  double stop_;
  int64_t last_;
  double intervals_ = 0;
  double distance_ = 0;
  double step_ = 0;
};

template <class T>
T LinspaceElement(const Spacing& real, const Spacing& imaginary, int64_t i) {
  if constexpr (kIsComplexType<T>) {
    using Real = typename T::value_type;
    return T(static_cast<Real>(real.At(i)), static_cast<Real>(imaginary.At(i)));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real.At(i));
  } else {
    const double number = std::floor(real.At(i));
    constexpr double kLow = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double kHigh = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    if (!(number >= kLow && number < kHigh)) {
      throw DTypeError(fmt::format("linspace: expected numbers that {} can hold, found {}",
                                   DTypeName(tensor::DTypeOf<T>()), number));
    }
    return static_cast<T>(number);
  }
}

}  // namespace

Tensor arange(Scalar stop, std::optional<DType> dtype) { return arange(0, stop, 1, dtype); }

Tensor arange(Scalar start, Scalar stop, Scalar step, std::optional<DType> dtype) {
  bool all_integers = true;
  DType widest = DType::kInt64;
  for (const Scalar* each : {&start, &stop, &step}) {
    const DType own = each->default_dtype();
    if (tensor::IsComplex(own)) {
      throw DTypeError(fmt::format("arange: expected real numbers, found {}", each->ToString()));
    }
    all_integers = all_integers && !tensor::IsRealFloating(own);
    if (own == DType::kUInt64) widest = DType::kUInt64;
  }
  if (!all_integers) widest = DType::kFloat64;
  const DType result = dtype.value_or(widest);
  if (tensor::IsBool(result)) {
    throw DTypeError("arange: expected a numeric dtype, found bool: compare a range with 0");
  }
  if (all_integers) return ArangeOfIntegers(WideOf(start), WideOf(stop), WideOf(step), result);
  return ArangeOfFloats(start.value().real(), stop.value().real(), step.value().real(), result);
}

Tensor linspace(Scalar start, Scalar stop, int64_t num, std::optional<DType> dtype, bool endpoint) {
  if (num < 0) {
    throw std::invalid_argument(fmt::format("linspace: num must not be negative, found {}", num));
  }
  const bool is_complex =
      tensor::IsComplex(start.default_dtype()) || tensor::IsComplex(stop.default_dtype());
  const DType result_dtype = dtype.value_or(is_complex ? DType::kComplex128 : DType::kFloat64);
  if (tensor::IsBool(result_dtype) || (is_complex && !tensor::IsComplex(result_dtype))) {
    throw DTypeError(fmt::format("linspace: expected a dtype that can hold {} to {}, found {}",
                                 start.ToString(), stop.ToString(), DTypeName(result_dtype)));
  }
  const Tensor result = Tensor::Empty({num}, result_dtype);
  const Spacing real(start.value().real(), stop.value().real(), num, endpoint);
  const Spacing imaginary(start.value().imag(), stop.value().imag(), num, endpoint);
  tensor::VisitAny(result_dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      T* out = result.mutable_data_as<T>();
      for (int64_t i = 0; i < num; ++i) out[i] = LinspaceElement<T>(real, imaginary, i);
    }
  });
  return result;
}

}  // namespace emberharmony::ops
