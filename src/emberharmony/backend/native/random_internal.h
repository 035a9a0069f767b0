#pragma once

#include <array>
#include <cstdint>

#include "emberharmony/base/philox.h"

/// The native random numbers: what every instruction set computes, bit for bit.
///
/// All come from Philox4x32-10 (base/philox.h). The key is the seed, low word first. The counter
/// is {block, low word; block, high word; stream, low word; stream, high word}. A block is four
/// words of 32 bits, w0 to w3. A sequence (seed, stream) of 32-bit elements takes element i from
/// word i % 4 of block i / 4; of 64-bit elements from words 2 * (i % 2) (low half) and
/// 2 * (i % 2) + 1 (high half) of block i / 2. So an element depends on the seed, the stream and
/// its position alone. With `word` and `wide` for the 32 or 64 bits of an element:
///
/// - bits: them.
/// - uniform in [low, high): u = (word >> 8) * 2^-24 or (wide >> 11) * 2^-53; low + (high - low) *
///   u in the result's dtype, and the largest number below high if that rounds up to high.
/// - exponential: -log(v) * scale, where v = ((word >> 1) | 1) * 2^-31 or ((wide >> 12) + 0.5) *
///   2^-52.
/// - normal: elements 2k and 2k + 1 are mean + std * r * cos(t) and mean + std * r * sin(t) (Box
///   and Muller 1958) with r = sqrt(-2 log(v)), v from element 2k as above; t = pi / 2 * (q + x)
///   from element 2k + 1: q its two highest bits, x the others as a signed fraction in [-0.5, 0.5)
///   (int32(word << 2) * 2^-32; ((wide << 2) >> 12) * 2^-52 - 0.5).
///
/// log, cos and sin are those of random_math_internal.h in the result's dtype: additions,
/// multiplications, divisions and square roots in a fixed order, each rounded once, so that any
/// device with IEEE arithmetic (and no contraction to fused multiply-adds) gives the same bits.
namespace emberharmony::backend::native {

/// Elements that kernels make at a time.
inline constexpr int64_t kRandomChunk = 32;

/// A sequence, with what only depends on the seed computed in advance.
struct RandomSequence {
  RandomSequence(uint64_t seed, uint64_t stream);

  /// The key's words of the ten rounds, each in the lower half.
  std::array<uint64_t, 10> keys0, keys1;
  uint64_t stream;
};

/// Writes num_chunks * kRandomChunk elements, the first of which is word 0 of `first_block`.
template <class T>
using BitsKernel = void (*)(const RandomSequence& sequence, uint64_t first_block,
                            int64_t num_chunks, T* out);
/// The same with two parameters: low and high, mean and std, or scale and nothing.
template <class T>
using RandomKernel = void (*)(const RandomSequence& sequence, uint64_t first_block,
                              int64_t num_chunks, T a, T b, T* out);

struct RandomKernels {
  BitsKernel<uint32_t> bits32;
  BitsKernel<uint64_t> bits64;
  RandomKernel<float> uniform32, normal32, exponential32;
  RandomKernel<double> uniform64, normal64, exponential64;
};

#define EMBER_DECLARE_RANDOM_KERNELS(set) \
  namespace set {                         \
  RandomKernels MakeRandomKernels();      \
  }
EMBER_DECLARE_RANDOM_KERNELS(scalar)
EMBER_DECLARE_RANDOM_KERNELS(avx2)
EMBER_DECLARE_RANDOM_KERNELS(avx512)
#undef EMBER_DECLARE_RANDOM_KERNELS

}  // namespace emberharmony::backend::native
