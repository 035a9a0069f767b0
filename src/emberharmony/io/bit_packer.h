#pragma once

#include <cstdint>

namespace emberharmony::io {

/// Bytes that PackBits writes for n values.
constexpr int64_t PackedBytes(int64_t n, int bit_width) { return (n + 7) / 8 * bit_width; }

/// The bits needed for the values 0 .. count - 1; at least 1, which every reader of Parquet
/// accepts.
constexpr int IndexBitWidth(int64_t count) {
  int width = 1;
  while (width < 32 && (int64_t{1} << width) < count) ++width;
  return width;
}

/// Packs n values of bit_width bits (1 to 32) each, least significant bit first, as Parquet's
/// RLE/bit-packing hybrid wants them (Parquet format, Encodings.md); the last group of 8 is filled
/// up with zeros. Writes PackedBytes(n, bit_width) bytes. Each value must be below 2^bit_width. The
/// same bytes on every CPU. Thread-safe.
void PackBits(const int32_t* values, int64_t n, int bit_width, uint8_t* out);

}  // namespace emberharmony::io
