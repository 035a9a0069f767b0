#include "emberharmony/ops/bits.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::ops {
namespace {

/// The operand as a tensor of an integer dtype.
Tensor IntegerInput(const char* function, const char* name, const Operand& operand) {
  if (operand.is_none() || (operand.is_tensor() && !operand.tensor().defined())) {
    throw std::invalid_argument(
        fmt::format("{}: expected an integer or a tensor as {}, found nothing", function, name));
  }
  const Tensor result = operand.is_tensor() ? operand.tensor() : full({}, operand.scalar());
  if (tensor::IsInteger(result.dtype())) return result;
  throw DTypeError(fmt::format("{}: expected an integer dtype of {}, found a {}", function, name,
                               result.Describe()));
}

int WidthOf(DType dtype) { return static_cast<int>(8 * tensor::ItemSize(dtype)); }

/// An unsigned dtype of the same width: shifts to the right fill with zeros.
DType UnsignedOf(DType dtype) {
  switch (tensor::ItemSize(dtype)) {
    case 1:
      return DType::kUInt8;
    case 2:
      return DType::kUInt16;
    case 4:
      return DType::kUInt32;
    default:
      return DType::kUInt64;
  }
}

/// ShiftDistances as elements of x's dtype, after `reduce` has made them small.
template <class Reduce>
Tensor ShiftDistances(const Tensor& shifts, DType dtype, const Reduce& reduce) {
  const Tensor wide = tensor::IsUnsignedInteger(shifts.dtype())
                          ? astype(shifts, DType::kUInt64, /*copy=*/false)
                          : astype(shifts, DType::kInt64, /*copy=*/false);
  return astype(reduce(wide), dtype, /*copy=*/false);
}

/// Positions, all below the width.
Tensor Positions(const char* function, const Operand& position, DType dtype) {
  const Tensor positions = IntegerInput(function, "position", position);
  const int width = WidthOf(dtype);
  return ShiftDistances(positions, dtype, [&](const Tensor& wide) {
    RequireCpu(wide);
    const Tensor flat = wide.Contiguous();
    for (int64_t i = 0; i < flat.size(); ++i) {
      // A negative one is large as an unsigned number.
      const uint64_t at = static_cast<const uint64_t*>(flat.data())[i];
      if (at < static_cast<uint64_t>(width)) continue;
      throw IndexError(fmt::format("{}: expected positions from 0 to {}, the bits of {}, found {}",
                                   function, width - 1, DTypeName(dtype),
                                   tensor::IsUnsignedInteger(wide.dtype())
                                       ? fmt::format("{}", at)
                                       : fmt::format("{}", static_cast<int64_t>(at))));
    }
    return wide;
  });
}

Tensor Rotate(const char* function, const Operand& x, const Operand& shifts, int bit_width,
              bool left) {
  const Tensor given = IntegerInput(function, "x", x);
  const Tensor distances = IntegerInput(function, "shifts", shifts);
  const int width = bit_width == 0 ? WidthOf(given.dtype()) : bit_width;
  if (width < 1 || width > WidthOf(given.dtype())) {
    throw std::invalid_argument(
        fmt::format("{}: expected a bit_width from 1 to {}, the bits of {}, or 0 for all, found {}",
                    function, WidthOf(given.dtype()), DTypeName(given.dtype()), bit_width));
  }
  const DType dtype = UnsignedOf(given.dtype());
  const Tensor bits = astype(given, dtype, /*copy=*/false);
  const Tensor forth =
      ShiftDistances(distances, dtype, [&](const Tensor& wide) { return remainder(wide, width); });
  const Tensor back = remainder(subtract(width, forth), width);
  const Tensor mask = astype(
      full({}, width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1, DType::kUInt64), dtype);
  const Tensor low = bitwise_and(bits, mask);
  const Tensor rotated = bitwise_or(bitwise_left_shift(low, left ? forth : back),
                                    bitwise_right_shift(low, left ? back : forth));
  const Tensor result =
      bitwise_or(bitwise_and(rotated, mask), bitwise_and(bits, bitwise_invert(mask)));
  return astype(result, given.dtype(), /*copy=*/false);
}

Tensor Int32Pattern(int64_t length) { return Tensor::Empty({length}, DType::kInt32); }

struct Series {
  double p, q, t;
};

Series SplitSeries(int64_t a, int64_t b) {
  if (b - a == 1) {
    const double k = static_cast<double>(a);
    const double p = a == 0 ? 1 : (6 * k - 5) * (2 * k - 1) * (6 * k - 1);
    const double q = a == 0 ? 1 : k * k * k * 10939058860032000.0;  // 640320^3 / 24
    const double t = p * (13591409 + 545140134 * k);
    return {p, q, a % 2 == 1 ? -t : t};
  }
  const int64_t middle = a + (b - a) / 2;
  const Series left = SplitSeries(a, middle), right = SplitSeries(middle, b);
  return {left.p * right.p, left.q * right.q, right.q * left.t + left.p * right.t};
}

}  // namespace

Tensor left_shift(const Operand& x, const Operand& shifts) { return bitwise_left_shift(x, shifts); }
Tensor right_shift(const Operand& x, const Operand& shifts) {
  return bitwise_right_shift(x, shifts);
}

Tensor rotate_left(const Operand& x, const Operand& shifts, int bit_width) {
  return Rotate("rotate_left", x, shifts, bit_width, /*left=*/true);
}

Tensor rotate_right(const Operand& x, const Operand& shifts, int bit_width) {
  return Rotate("rotate_right", x, shifts, bit_width, /*left=*/false);
}

Tensor count_zeros(const Operand& x) {
  const Tensor bits = IntegerInput("count_zeros", "x", x);
  return count_ones(bitwise_invert(bits));
}

Tensor get_bit(const Operand& x, const Operand& position) {
  const Tensor bits = IntegerInput("get_bit", "x", x);
  return bitwise_and(bitwise_right_shift(bits, Positions("get_bit", position, bits.dtype())), 1);
}

Tensor set_bit(const Operand& x, const Operand& position, const Operand& value) {
  const Tensor bits = IntegerInput("set_bit", "x", x);
  const Tensor one = full({}, 1, bits.dtype());
  const Tensor mask = bitwise_left_shift(one, Positions("set_bit", position, bits.dtype()));
  const Tensor is_set = not_equal(IntegerInput("set_bit", "value", value), 0);
  return where(is_set, bitwise_or(bits, mask), bitwise_and(bits, bitwise_invert(mask)));
}

Tensor toggle_bit(const Operand& x, const Operand& position) {
  const Tensor bits = IntegerInput("toggle_bit", "x", x);
  const Tensor one = full({}, 1, bits.dtype());
  return bitwise_xor(bits,
                     bitwise_left_shift(one, Positions("toggle_bit", position, bits.dtype())));
}

Tensor binary_wave_interference(std::span<const Tensor> waves, std::string_view mode) {
  constexpr const char* kName = "binary_wave_interference";
  if (waves.empty()) {
    throw std::invalid_argument(fmt::format("{}: expected at least one wave, found none", kName));
  }
  if (mode != "xor" && mode != "and" && mode != "or") {
    throw std::invalid_argument(
        fmt::format("{}: expected mode \"xor\", \"and\" or \"or\", found \"{}\"", kName,
                    base::Shortened(mode)));
  }
  Tensor result = IntegerInput(kName, "waves", waves[0]);
  for (const Tensor& each : waves.subspan(1)) {
    const Tensor wave = IntegerInput(kName, "waves", each);
    result = mode == "xor"   ? bitwise_xor(result, wave)
             : mode == "and" ? bitwise_and(result, wave)
                             : bitwise_or(result, wave);
  }
  return result;
}

Tensor binary_wave_propagate(const Operand& wave, const Operand& shift) {
  constexpr const char* kName = "binary_wave_propagate";
  const Tensor bits = IntegerInput(kName, "wave", wave);
  const Tensor shifts = IntegerInput(kName, "shift", shift);
  const int width = WidthOf(bits.dtype());
  // A distance of the width shifts everything out, as any larger one does.
  const Tensor left = ShiftDistances(shifts, bits.dtype(),
                                     [&](const Tensor& wide) { return clip(wide, 0, width); });
  if (tensor::IsUnsignedInteger(shifts.dtype())) return bitwise_left_shift(bits, left);
  const Tensor right = ShiftDistances(
      shifts, bits.dtype(), [&](const Tensor& wide) { return negative(clip(wide, -width, 0)); });
  return where(less(shifts, 0), bitwise_right_shift(bits, right), bitwise_left_shift(bits, left));
}

Tensor create_duty_cycle(int64_t length, double duty_cycle) {
  if (length < 1 || !(duty_cycle >= 0 && duty_cycle <= 1)) {
    throw std::invalid_argument(
        fmt::format("create_duty_cycle: expected a length of at least 1 and a duty cycle from 0 to "
                    "1, found {} and {}",
                    length, duty_cycle));
  }
  const Tensor pattern = Int32Pattern(length);
  const auto ones = static_cast<int64_t>(std::nearbyint(static_cast<double>(length) * duty_cycle));
  int32_t* out = pattern.mutable_data_as<int32_t>();
  for (int64_t i = 0; i < length; ++i) out[i] = i < ones ? 1 : 0;
  return pattern;
}

Tensor generate_blocky_sin(int64_t length, int64_t half_period) {
  if (length < 1 || half_period < 1) {
    throw std::invalid_argument(
        fmt::format("generate_blocky_sin: expected a length and a half_period of at least 1, found "
                    "{} and {}",
                    length, half_period));
  }
  const Tensor pattern = Int32Pattern(length);
  int32_t* out = pattern.mutable_data_as<int32_t>();
  for (int64_t i = 0; i < length; ++i) out[i] = i / half_period % 2 == 0 ? 1 : 0;
  return pattern;
}

std::tuple<Tensor, Tensor, Tensor> binary_split(int64_t a, int64_t b) {
  // Beyond a hundred terms every product has left float64's range.
  if (a < 0 || b <= a || b - a > 1000000) {
    throw std::invalid_argument(
        fmt::format("binary_split: expected 0 <= a < b <= a + 1000000, found a {} and b {}", a, b));
  }
  const Series series = SplitSeries(a, b);
  return {Tensor::Scalar(series.p), Tensor::Scalar(series.q), Tensor::Scalar(series.t)};
}

}  // namespace emberharmony::ops
