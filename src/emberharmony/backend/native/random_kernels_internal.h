// Bodies of the kernels of random numbers; see random_internal.h for what they compute and
// loops_internal.h for why everything has internal linkage.
//
// The file that includes this one defines EMBER_VECTOR_BYTES, the size of its registers.
#pragma once

#include "emberharmony/backend/native/random_internal.h"
#include "emberharmony/backend/native/random_math.h"
#include "emberharmony/backend/native/random_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Lanes hold one block each, so two vectors of 64-bit elements or four of 32-bit ones come of it.
struct Words {
  U64 w0, w1, w2, w3;  // the upper halves of the lanes hold no meaning
};

[[gnu::always_inline]] inline Words Philox(const RandomSequence& sequence, U64 block) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  Words words{block, block >> 32, U64{} + sequence.stream, U64{} + (sequence.stream >> 32)};
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const U64 product0 = Multiply32(words.w0, kMultiplier0);
    const U64 product1 = Multiply32(words.w2, kMultiplier1);
    words = {Xor3(product1 >> 32, words.w1, U64{} + sequence.keys0[round]), product1,
             Xor3(product0 >> 32, words.w3, U64{} + sequence.keys1[round]), product0};
  }
  return words;
}

/// 64-bit elements 2k (first) and 2k + 1 (second).
struct Wides {
  U64 first, second;
};

[[gnu::always_inline]] inline Wides WidesOf(const Words& words) {
  constexpr uint64_t kLow = 0xFFFFFFFF;
  return {(words.w0 & kLow) | (words.w1 << 32), (words.w2 & kLow) | (words.w3 << 32)};
}

/// 32-bit elements 2k (even) and 2k + 1 (odd), in order.
struct Narrows {
  U32 even, odd;
};

[[gnu::always_inline]] inline Narrows NarrowsOf(const Words& words) {
  constexpr uint64_t kLow = 0xFFFFFFFF;
  return {BitsAs<U32>((words.w0 & kLow) | (words.w2 << 32)),
          BitsAs<U32>((words.w1 & kLow) | (words.w3 << 32))};
}

/// Calls make(words, out) for each kLanes blocks of the run; it writes kLanes * per_block elements.
template <class T, class Make>
[[gnu::always_inline]] inline void ForBlocks(const RandomSequence& sequence, uint64_t first_block,
                                             int64_t num_chunks, T* out, Make make) {
  constexpr int kPerBlock = 16 / sizeof(T);
  static_assert(kRandomChunk % (kLanes * kPerBlock) == 0);
  const RandomSequence copy = sequence;  // whose address nobody else has: it stays in registers
  const int64_t steps = num_chunks * (kRandomChunk / (kLanes * kPerBlock));
  U64 block = first_block + LaneNumbers();
  for (int64_t step = 0; step < steps; ++step) {
    make(Philox(copy, block), out);
    block += kLanes;
    out += kLanes * kPerBlock;
  }
}

void Bits32(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks,
            uint32_t* out) {
  ForBlocks(sequence, first_block, num_chunks, out, [](const Words& words, uint32_t* to) {
    const Narrows narrows = NarrowsOf(words);
    StoreInterleaved(narrows.even, narrows.odd, to);
  });
}

void Bits64(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks,
            uint64_t* out) {
  ForBlocks(sequence, first_block, num_chunks, out, [](const Words& words, uint64_t* to) {
    const Wides wides = WidesOf(words);
    StoreInterleaved(wides.first, wides.second, to);
  });
}

[[gnu::always_inline]] inline F64 Uniform(U64 wide, double low, double range, double below) {
  // The 53 bits in two exact halves: no instruction before AVX-512 converts 64-bit integers.
  const U64 bits = wide >> 11;
  const F64 high_part = BitsAs<F64>((bits >> 32) | 0x4530000000000000) - (0x1p84 + 0x1p52);
  const F64 low_part = BitsAs<F64>((bits & 0xFFFFFFFF) | 0x4330000000000000);
  const F64 result = low + range * ((high_part + low_part) * 0x1p-53);
  return result < below ? result : F64{} + below;
}

[[gnu::always_inline]] inline F32 Uniform(U32 word, float low, float range, float below) {
  const F32 result = low + range * (Converted(word >> 8) * 0x1p-24f);
  return result < below ? result : F32{} + below;
}

/// What a uniform number never exceeds: the number below `high`, or low where that is higher.
template <class T, class Integer>
inline T Below(T low, T high) {
  if (!(low < high)) return low;
  // The next number towards minus infinity; of zero the smallest negative one.
  Integer bits = BitsAs<Integer>(high);
  bits = high > 0 ? bits - 1 : high < 0 ? bits + 1 : (Integer{1} << (sizeof(T) * 8 - 1)) | 1;
  return BitsAs<T>(bits);
}

void Uniform64(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks, double low,
               double high, double* out) {
  const double range = high - low, below = Below<double, uint64_t>(low, high);
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, double* to) {
    const Wides wides = WidesOf(words);
    StoreInterleaved(Uniform(wides.first, low, range, below),
                     Uniform(wides.second, low, range, below), to);
  });
}

void Uniform32(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks, float low,
               float high, float* out) {
  const float range = high - low, below = Below<float, uint32_t>(low, high);
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, float* to) {
    const Narrows narrows = NarrowsOf(words);
    StoreInterleaved(Uniform(narrows.even, low, range, below),
                     Uniform(narrows.odd, low, range, below), to);
  });
}

[[gnu::always_inline]] inline F32 OpenFraction32(U32 word) {
  return Converted((word >> 1) | 1) * 0x1p-31f;
}

void Exponential64(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks,
                   double scale, double, double* out) {
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, double* to) {
    const Wides wides = WidesOf(words);
    StoreInterleaved(-Log64<F64, U64>(OpenFraction64<F64, U64>(wides.first)) * scale,
                     -Log64<F64, U64>(OpenFraction64<F64, U64>(wides.second)) * scale, to);
  });
}

void Exponential32(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks,
                   float scale, float, float* out) {
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, float* to) {
    const Narrows narrows = NarrowsOf(words);
    StoreInterleaved(-Log32<F32, U32>(OpenFraction32(narrows.even)) * scale,
                     -Log32<F32, U32>(OpenFraction32(narrows.odd)) * scale, to);
  });
}

void Normal64(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks, double mean,
              double deviation, double* out) {
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, double* to) {
    const Wides wides = WidesOf(words);
    F64 cosine, sine;
    BoxMuller64<F64, U64>(wides.first, wides.second, [](F64 x) { return Sqrt(x); }, &cosine, &sine);
    StoreInterleaved(mean + deviation * cosine, mean + deviation * sine, to);
  });
}

void Normal32(const RandomSequence& sequence, uint64_t first_block, int64_t num_chunks, float mean,
              float deviation, float* out) {
  constexpr uint32_t kSign = 0x80000000;
  ForBlocks(sequence, first_block, num_chunks, out, [=](const Words& words, float* to) {
    const Narrows narrows = NarrowsOf(words);
    const F32 r = Sqrt(-2.0f * Log32<F32, U32>(OpenFraction32(narrows.even)));
    const F32 x = Converted(narrows.odd << 2) * 0x1p-32f;
    const F32 s = SinQuarter32(x);
    const F32 c = CosQuarter32(x);
    const auto odd = (narrows.odd & 0x40000000) != 0;
    const U32 cosine_sign = (narrows.odd ^ (narrows.odd << 1)) & kSign;
    const F32 cosine = r * BitsAs<F32>(BitsAs<U32>(odd ? s : c) ^ cosine_sign);
    const F32 sine = r * BitsAs<F32>(BitsAs<U32>(odd ? c : s) ^ (narrows.odd & kSign));
    StoreInterleaved(mean + deviation * cosine, mean + deviation * sine, to);
  });
}

RandomKernels MakeKernels() {
  return {&Bits32,        &Bits64,    &Uniform32, &Normal32,
          &Exponential32, &Uniform64, &Normal64,  &Exponential64};
}

}  // namespace
}  // namespace emberharmony::backend::native
