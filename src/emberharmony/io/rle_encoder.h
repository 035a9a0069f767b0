#pragma once

#include <cstdint>

namespace emberharmony::io {

/// The most bytes that either function below can write for n values.
int64_t HybridBytesMax(int64_t n, int bit_width);

/// Encodes n values, each below 2^bit_width, in Parquet's RLE/bit-packing hybrid (format
/// specification, Encodings.md), without the length in front: runs long enough to be shorter that
/// way as (count, value), all else bit-packed. Returns the bytes written, a function of the values
/// alone.
int64_t EncodeHybrid(const int32_t* values, int64_t n, int bit_width, uint8_t* out);

/// The same for values of one bit that are given as a bitmap (least significant bit first, starting
/// at bit 0).
int64_t EncodeHybridBits(const uint8_t* bits, int64_t n, uint8_t* out);

/// One run of n equal values.
int64_t EncodeRun(int64_t n, uint32_t value, int bit_width, uint8_t* out);

}  // namespace emberharmony::io
