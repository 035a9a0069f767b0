// Bits of integers, and binary waves.
#include "emberharmony/ops/bits.h"

#include <tuple>

#include "bindings/function.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::python {

EMBER_ALIAS(left_shift, "bitwise_left_shift")
EMBER_ALIAS(right_shift, "bitwise_right_shift")

#define EMBER_ROTATE_ARGS \
  "(x: Tensor | Number, shifts: Tensor | Number, bit_width: int = 0) -> Tensor"
#define EMBER_ROTATE_DOC                                                                          \
  "\n"                                                                                            \
  "Args:\n"                                                                                       \
  "  x: An integer or a tensor of an integer dtype.\n"                                            \
  "  shifts: How many places, modulo the width; negative: the other way. The shapes broadcast.\n" \
  "  bit_width: How many of the lowest bits are rotated; 0 for all that the dtype has.\n"         \
  "\n"                                                                                            \
  "Returns:\n"                                                                                    \
  "  A tensor of x's dtype; bits above bit_width are as they were.\n"                             \
  "\n"                                                                                            \
  "Raises:\n"                                                                                     \
  "  ValueError: A bit_width that the dtype does not have, or shapes that do not broadcast.\n"    \
  "  TypeError: A dtype that is no integer's.\n"

EMBER_FUNCTION(rotate_left, EMBER_ROTATE_ARGS,
               "The bits of x rotated to the left.\n" EMBER_ROTATE_DOC) {
  const ops::Operand x = args.operand(0), shifts = args.operand(1);
  const int bit_width = args.axis(2);
  return args.Run([&] { return ops::rotate_left(x, shifts, bit_width); });
}

EMBER_FUNCTION(rotate_right, EMBER_ROTATE_ARGS,
               "The bits of x rotated to the right.\n" EMBER_ROTATE_DOC) {
  const ops::Operand x = args.operand(0), shifts = args.operand(1);
  const int bit_width = args.axis(2);
  return args.Run([&] { return ops::rotate_right(x, shifts, bit_width); });
}

EMBER_FUNCTION(count_ones, "(x: Tensor | Number, /) -> Tensor",
               R"(The number of ones among the bits of an integer (of its two's complement).

Args:
  x: An integer or a tensor of an integer dtype.

Returns:
  A tensor of x's shape and dtype.

Raises:
  TypeError: A dtype that is no integer's.
)") {
  const ops::Operand x = args.operand(0);
  return args.Run([&] { return ops::count_ones(x); });
}

EMBER_FUNCTION(count_zeros, "(x: Tensor | Number, /) -> Tensor",
               R"(The number of zeros among the bits of an integer.

Args:
  x: An integer or a tensor of an integer dtype.

Returns:
  A tensor of x's shape and dtype.

Raises:
  TypeError: A dtype that is no integer's.
)") {
  const ops::Operand x = args.operand(0);
  return args.Run([&] { return ops::count_zeros(x); });
}

#define EMBER_BIT_DOC                                  \
  "\n"                                                 \
  "Args:\n"                                            \
  "  x: An integer or a tensor of an integer dtype.\n" \
  "  position: Which bit, from 0, the lowest; the shapes broadcast.\n"
#define EMBER_BIT_END_DOC                                    \
  "\n"                                                       \
  "Returns:\n"                                               \
  "  A tensor of x's dtype.\n"                               \
  "\n"                                                       \
  "Raises:\n"                                                \
  "  IndexError: A position that x's dtype does not have.\n" \
  "  ValueError: The shapes do not broadcast.\n"             \
  "  TypeError: A dtype that is no integer's.\n"

EMBER_FUNCTION(get_bit, "(x: Tensor | Number, position: Tensor | Number) -> Tensor",
               "One bit of each integer: 0 or 1.\n" EMBER_BIT_DOC EMBER_BIT_END_DOC) {
  const ops::Operand x = args.operand(0), position = args.operand(1);
  return args.Run([&] { return ops::get_bit(x, position); });
}

EMBER_FUNCTION(set_bit,
               "(x: Tensor | Number, position: Tensor | Number, value: Tensor | Number = 1) "
               "-> Tensor",
               "Integers with one bit set to a value.\n" EMBER_BIT_DOC
               "  value: 0 for 0, anything else for 1.\n" EMBER_BIT_END_DOC) {
  const ops::Operand x = args.operand(0), position = args.operand(1), value = args.operand(2);
  return args.Run([&] { return ops::set_bit(x, position, value); });
}

EMBER_FUNCTION(toggle_bit, "(x: Tensor | Number, position: Tensor | Number) -> Tensor",
               "Integers with one bit inverted.\n" EMBER_BIT_DOC EMBER_BIT_END_DOC) {
  const ops::Operand x = args.operand(0), position = args.operand(1);
  return args.Run([&] { return ops::toggle_bit(x, position); });
}

EMBER_FUNCTION(binary_wave_interference,
               "(waves: list[Tensor] | tuple[Tensor, ...], mode: str = \"xor\") -> Tensor",
               R"(Binary waves combined bit by bit.

Args:
  waves: Tensors of integer dtypes; the shapes broadcast.
  mode: "xor", "and" or "or".

Returns:
  A tensor of the promoted dtype.

Raises:
  ValueError: No waves, another mode, or shapes that do not broadcast.
  TypeError: A dtype that is no integer's.
)") {
  const std::vector<ops::Tensor> waves = args.tensors(0);
  const std::string_view mode = args.text(1);
  return args.Run([&] { return ops::binary_wave_interference(waves, mode); });
}

EMBER_FUNCTION(binary_wave_propagate, "(wave: Tensor | Number, shift: Tensor | Number) -> Tensor",
               R"(A binary wave whose bits are shifted.

Args:
  wave: An integer or a tensor of an integer dtype.
  shift: How many places to the left; negative: to the right. The shapes broadcast.

Returns:
  A tensor of the wave's dtype.

Raises:
  ValueError: The shapes do not broadcast.
  TypeError: A dtype that is no integer's.
)") {
  const ops::Operand wave = args.operand(0), shift = args.operand(1);
  return args.Run([&] { return ops::binary_wave_propagate(wave, shift); });
}

EMBER_FUNCTION(create_duty_cycle, "(length: int, duty_cycle: float) -> Tensor",
               R"(Ones, then zeros.

Args:
  length: How many elements, at least 1.
  duty_cycle: The share of ones, from 0 to 1; their number is rounded, halves to even.

Returns:
  A tensor of dtype int32.

Raises:
  ValueError: An argument out of range.
)") {
  const int64_t length = args.integer(0);
  const double duty_cycle = args.number(1);
  args.AddWork(length);
  return args.Run([&] { return ops::create_duty_cycle(length, duty_cycle); });
}

EMBER_FUNCTION(generate_blocky_sin, "(length: int, half_period: int) -> Tensor",
               R"(A square wave: half_period ones, half_period zeros, and so on.

Args:
  length: How many elements, at least 1.
  half_period: How many alike follow each other, at least 1.

Returns:
  A tensor of dtype int32.

Raises:
  ValueError: An argument out of range.
)") {
  const int64_t length = args.integer(0);
  const int64_t half_period = args.integer(1);
  args.AddWork(length);
  return args.Run([&] { return ops::generate_blocky_sin(length, half_period); });
}

EMBER_FUNCTION(binary_split, "(a: int, b: int) -> tuple[Tensor, Tensor, Tensor]",
               R"(P, Q and T of the terms a to b - 1 of Chudnovsky's series for pi.

pi is 426880 sqrt(10005) Q / T of binary_split(0, n), to some 14 n digits, as far as float64 holds
them.

Args:
  a: The first term, at least 0.
  b: The end, above a.

Returns:
  Three float64 tensors of rank 0.

Raises:
  ValueError: Arguments out of range.
)") {
  const int64_t a = args.integer(0), b = args.integer(1);
  return args.Run([&] {
    auto [p, q, t] = ops::binary_split(a, b);
    return std::vector<ops::Tensor>{p, q, t};
  });
}

}  // namespace emberharmony::python
