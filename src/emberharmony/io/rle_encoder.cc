#include "emberharmony/io/rle_encoder.h"

#include <cstring>

#include "emberharmony/io/bit_packer.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kVarintBytesMax = 10;

uint8_t* PutVarint(uint64_t value, uint8_t* out) {
  while (value >= 0x80) {
    *out++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<uint8_t>(value);
  return out;
}

uint8_t* PutRun(int64_t count, uint32_t value, int bit_width, uint8_t* out) {
  out = PutVarint(static_cast<uint64_t>(count) << 1, out);
  for (int bit = 0; bit < bit_width; bit += 8) *out++ = static_cast<uint8_t>(value >> bit);
  return out;
}

/// The header of a bit-packed run of n values, the last group of 8 perhaps filled up.
uint8_t* PutPackedHeader(int64_t n, uint8_t* out) {
  return PutVarint(static_cast<uint64_t>((n + 7) / 8) << 1 | 1, out);
}

uint8_t* PutPacked(const int32_t* values, int64_t n, int bit_width, uint8_t* out) {
  if (n == 0) return out;
  out = PutPackedHeader(n, out);
  PackBits(values, n, bit_width, out);
  return out + PackedBytes(n, bit_width);
}

/// A run interrupts a bit-packed one: it costs two headers (up to 3 bytes each at page size) and
/// the value, and saves bit_width bytes per 8 values. Short runs also cost readers more than they
/// save.
int64_t ShortestRun(int bit_width) {
  const int64_t cost_bytes = 6 + (bit_width + 7) / 8;
  const int64_t groups = (cost_bytes + bit_width - 1) / bit_width;
  return groups < 2 ? 16 : 8 * groups;
}

uint64_t LoadPair(const int32_t* values) {
  uint64_t pair;
  std::memcpy(&pair, values, sizeof(pair));
  return pair;
}

/// Whether values[0] to values[8] are equal: each pair equals the pair one further on. Without
/// branches, for in skewed data neighbours are often equal and long runs are rare all the same.
bool AllEqual9(const int32_t* values) {
  return ((LoadPair(values) ^ LoadPair(values + 1)) |
          (LoadPair(values + 2) ^ LoadPair(values + 3)) |
          (LoadPair(values + 4) ^ LoadPair(values + 5)) |
          (LoadPair(values + 6) ^ LoadPair(values + 7))) == 0;
}

}  // namespace

int64_t HybridBytesMax(int64_t n, int bit_width) {
  // Every run is shorter than its bit-packed form, so one packed run of everything and two headers
  // are the most.
  return PackedBytes(n, bit_width) + 2 * kVarintBytesMax + 8;
}

int64_t EncodeHybrid(const int32_t* values, int64_t n, int bit_width, uint8_t* out) {
  const uint8_t* const begin = out;
  const int64_t shortest_run = ShortestRun(bit_width);
  int64_t packed_begin = 0;
  int64_t i = 0;  // a multiple of 8 beyond packed_begin
  // Runs of 8 and fewer are never worth it, so the last 8 values need not start one.
  while (i + 9 <= n) {
    if (!AllEqual9(values + i)) {
      i += 8;
      continue;
    }
    int64_t end = i + 8;
    while (end < n && values[end] == values[i]) ++end;
    if (end - i < shortest_run) {
      i += (end - i) / 8 * 8;
      continue;
    }
    out = PutPacked(values + packed_begin, i - packed_begin, bit_width, out);
    out = PutRun(end - i, static_cast<uint32_t>(values[i]), bit_width, out);
    packed_begin = i = end;
  }
  out = PutPacked(values + packed_begin, n - packed_begin, bit_width, out);
  return out - begin;
}

int64_t EncodeHybridBits(const uint8_t* bits, int64_t n, uint8_t* out) {
  const uint8_t* const begin = out;
  constexpr int64_t kShortestRunBytes = 8;
  const int64_t whole_bytes = n / 8;
  const auto put_packed = [&](int64_t from, int64_t to) {
    if (from == to) return;
    out = PutPackedHeader(8 * (to - from), out);
    std::memcpy(out, bits + from, to - from);
    out += to - from;
  };
  int64_t packed_begin = 0;
  int64_t i = 0;
  while (i < whole_bytes) {
    if (bits[i] != 0x00 && bits[i] != 0xFF) {
      ++i;
      continue;
    }
    int64_t end = i + 1;
    while (end < whole_bytes && bits[end] == bits[i]) ++end;
    int64_t run = 8 * (end - i);
    // A partial last byte whose bits all continue the run belongs to it.
    if (end == whole_bytes && n % 8 != 0) {
      const uint8_t mask = static_cast<uint8_t>((1 << n % 8) - 1);
      if (((bits[end] ^ bits[i]) & mask) == 0) run += n % 8;
    }
    if (end - i >= kShortestRunBytes || run == n) {
      put_packed(packed_begin, i);
      out = PutRun(run, bits[i] & 1, 1, out);
      packed_begin = end;
      if (8 * i + run == n) return out - begin;
    }
    i = end;
  }
  const int64_t rest = n % 8;
  if (rest == 0) {
    put_packed(packed_begin, whole_bytes);
  } else {
    out = PutPackedHeader(n - 8 * packed_begin, out);
    std::memcpy(out, bits + packed_begin, whole_bytes - packed_begin);
    out += whole_bytes - packed_begin;
    *out++ = static_cast<uint8_t>(bits[whole_bytes] & ((1 << rest) - 1));
  }
  return out - begin;
}

int64_t EncodeRun(int64_t n, uint32_t value, int bit_width, uint8_t* out) {
  return PutRun(n, value, bit_width, out) - out;
}

}  // namespace emberharmony::io
