#include "emberharmony/ops/creation.h"

#include <fmt/format.h>

#include <cmath>

#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

/// Writes 0, 1 or another number in the kind that fits the dtype.
Scalar NumberOf(int value, DType dtype) {
  return tensor::IsBool(dtype) ? Scalar(value != 0) : Scalar(value);
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype) { return Tensor::Empty(shape, dtype); }

Tensor full(const Shape& shape, Scalar value, std::optional<DType> dtype) {
  uint64_t element[2] = {};
  const DType result = dtype.value_or(value.default_dtype());
  value.Write(result, element, "full");
  const Tensor single = Tensor::Wrap(element, Shape{}, result, nullptr);
  const Tensor* inputs[] = {&single};
  return RunElementwiseOp(backend::Op::kCopy, inputs, shape, nullptr);
}

Tensor zeros(const Shape& shape, DType dtype) { return full(shape, NumberOf(0, dtype), dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, NumberOf(1, dtype), dtype); }

Tensor full_like(const Tensor& x, Scalar value, std::optional<DType> dtype) {
  return full(x.shape(), value, dtype.value_or(x.dtype()));
}
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype) {
  return zeros(x.shape(), dtype.value_or(x.dtype()));
}
Tensor ones_like(const Tensor& x, std::optional<DType> dtype) {
  return ones(x.shape(), dtype.value_or(x.dtype()));
}

namespace {

Tensor ArangeInt64(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) throw std::invalid_argument("arange: the step must not be 0");
  const __int128 span = static_cast<__int128>(stop) - start;
  const __int128 wide = step;
  __int128 count = (span + wide + (wide > 0 ? -1 : 1)) / wide;
  if (count < 0 || (span > 0) != (wide > 0) || span == 0) count = 0;
  if (count > INT64_MAX) count = INT64_MAX;
  Tensor result = Tensor::Empty({static_cast<int64_t>(count)}, DType::kInt64);
  int64_t* out = result.mutable_data_as<int64_t>();
  for (int64_t i = 0; i < result.size(); ++i) out[i] = start + i * step;
  return result;
}

Tensor ArangeFloat64(double start, double stop, double step) {
  const double length = std::ceil((stop - start) / step);
  if (!(length < 9e18)) {
    throw std::invalid_argument(fmt::format(
        "arange: expected finite bounds and a step other than 0, found start {}, stop {}, step {}",
        start, stop, step));
  }
  const int64_t count = length > 0 ? static_cast<int64_t>(length) : 0;
  Tensor result = Tensor::Empty({count}, DType::kFloat64);
  double* out = result.mutable_data_as<double>();
  for (int64_t i = 0; i < count; ++i) out[i] = start + static_cast<double>(i) * step;
  return result;
}

}  // namespace

Tensor arange(Scalar stop) { return arange(0, stop); }

Tensor arange(Scalar start, Scalar stop, Scalar step) {
  bool all_integers = true;
  for (const Scalar* each : {&start, &stop, &step}) {
    all_integers = all_integers && each->kind() != Scalar::Kind::kFloating;
  }
  const auto read = [](const Scalar& scalar, DType dtype, auto* number) {
    scalar.Write(dtype, number, "arange");
  };
  if (all_integers) {
    int64_t numbers[3];
    read(start, DType::kInt64, &numbers[0]);
    read(stop, DType::kInt64, &numbers[1]);
    read(step, DType::kInt64, &numbers[2]);
    return ArangeInt64(numbers[0], numbers[1], numbers[2]);
  }
  double numbers[3];
  read(start, DType::kFloat64, &numbers[0]);
  read(stop, DType::kFloat64, &numbers[1]);
  read(step, DType::kFloat64, &numbers[2]);
  return ArangeFloat64(numbers[0], numbers[1], numbers[2]);
}

Tensor linspace(double start, double stop, int64_t num, DType dtype, bool endpoint) {
  if (num < 0) {
    throw std::invalid_argument(fmt::format("linspace: num must not be negative, found {}", num));
  }
  CheckKind(backend::Op::kSqrt, dtype);
  Tensor result = Tensor::Empty({num}, DType::kFloat64);
  double* out = result.mutable_data_as<double>();
  const double intervals = static_cast<double>(endpoint ? num - 1 : num);
  const double step = intervals > 0 ? (stop - start) / intervals : 0.0;
  for (int64_t i = 0; i < num; ++i) out[i] = start + static_cast<double>(i) * step;
  if (endpoint && num > 1) out[num - 1] = stop;
  return astype(result, dtype, /*copy=*/false);
}

}  // namespace emberharmony::ops
