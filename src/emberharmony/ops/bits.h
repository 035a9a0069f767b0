#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>

#include "emberharmony/ops/operand.h"

/// Bits of integers (of their two's complement), and binary waves. Functions of x and a distance,
/// position or value take tensors that broadcast, or numbers, all of integer dtypes (else
/// DTypeError); the result has x's dtype (of a number: int64).
namespace emberharmony::ops {

/// bitwise_left_shift and bitwise_right_shift by their short names.
Tensor left_shift(const Operand& x, const Operand& shifts);
Tensor right_shift(const Operand& x, const Operand& shifts);
/// The lowest bit_width bits of x (0: all that its dtype has) rotated by `shifts` places, modulo
/// bit_width; a negative distance rotates the other way. Bits above stay where they are. Throws
/// std::invalid_argument for a bit_width below 0 or beyond the dtype's.
Tensor rotate_left(const Operand& x, const Operand& shifts, int bit_width = 0);
Tensor rotate_right(const Operand& x, const Operand& shifts, int bit_width = 0);
/// The number of zeros among x's bits.
Tensor count_zeros(const Operand& x);

// Positions count from 0, the lowest bit. Those that x's dtype does not have throw IndexError.

/// 0 or 1.
Tensor get_bit(const Operand& x, const Operand& position);
/// x with the bit 1, or 0 where `value` is 0.
Tensor set_bit(const Operand& x, const Operand& position, const Operand& value = 1);
Tensor toggle_bit(const Operand& x, const Operand& position);

/// The waves combined bit by bit by `mode`, "xor", "and" or "or". Throws std::invalid_argument for
/// no waves or another mode.
Tensor binary_wave_interference(std::span<const Tensor> waves, std::string_view mode = "xor");
/// The wave's bits shifted to the left by `shift` places, or to the right where it is negative.
Tensor binary_wave_propagate(const Operand& wave, const Operand& shift);
/// `length` int32 elements, the first round(length duty_cycle) of them 1 (halves to even), the
/// others 0. Throws std::invalid_argument for a length below 1 or a duty cycle outside of [0, 1].
Tensor create_duty_cycle(int64_t length, double duty_cycle);
/// `length` int32 elements: half_period ones, half_period zeros, and so on. Throws
/// std::invalid_argument for a length or half_period below 1.
Tensor generate_blocky_sin(int64_t length, int64_t half_period);

/// P, Q and T of the terms a to b - 1 of Chudnovsky's series by binary splitting, as float64
/// tensors of rank 0: pi = 426880 sqrt(10005) Q / T of binary_split(0, n), to some 14 n digits, as
/// far as float64 holds them. Throws std::invalid_argument unless 0 <= a < b.
std::tuple<Tensor, Tensor, Tensor> binary_split(int64_t a, int64_t b);

}  // namespace emberharmony::ops
