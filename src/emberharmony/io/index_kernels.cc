#include <cstring>

#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io {

namespace {

const IndexKernels* WideKernels() {
#if defined(__x86_64__)
  static const IndexKernels* const kernels = IndexKernelsAvx2();
  return kernels;
#else
  return nullptr;
#endif
}

}  // namespace

bool CopyIndices(const int32_t* indices, int64_t n, int32_t null_index, int32_t base, int32_t* out,
                 int64_t* num_nulls) {
  bool in_range = true;
  int64_t i = 0;
  if (const IndexKernels* wide = WideKernels()) {
    i = wide->copy_indices(indices, n, null_index, base, out, num_nulls, &in_range);
  }
  const auto limit = static_cast<uint32_t>(null_index);
  for (; i < n; ++i) {
    const auto index = static_cast<uint32_t>(indices[i]);
    in_range &= index <= limit;
    *num_nulls += index == limit;
    out[i] = static_cast<int32_t>(index + static_cast<uint32_t>(base));
  }
  return in_range;
}

void MarkUsed(const int32_t* slots, int64_t n, uint8_t* used) {
  for (int64_t i = 0; i < n; ++i) used[slots[i]] = 1;
}

void Remap(const int32_t* slots, int64_t n, const int32_t* map, int32_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = map[slots[i]];
}

int64_t DropNegative(int32_t* values, int64_t n, uint8_t* valid) {
  if (n > 0) std::memset(valid, 0, (n + 7) / 8);
  int64_t kept = 0;
  int64_t i = 0;
  if (const IndexKernels* wide = WideKernels()) i = wide->drop_negative(values, n, valid, &kept);
  for (; i < n; ++i) {
    const int32_t value = values[i];
    const int64_t stays = value >= 0;
    values[kept] = value;
    kept += stays;
    valid[i >> 3] = static_cast<uint8_t>(valid[i >> 3] | stays << (i & 7));
  }
  return kept;
}

int64_t ListUsed(const uint8_t* used, int64_t n, int32_t base, int32_t* out) {
  int64_t count = 0;
  int64_t i = 0;
  if (const IndexKernels* wide = WideKernels()) i = wide->list_used(used, n, base, out, &count);
  for (; i < n; ++i) {
    if (used[i] != 0) out[count++] = base + static_cast<int32_t>(i);
  }
  return count;
}

void PackBytesToBits(const uint8_t* bytes, int64_t n, uint8_t* bits) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i, 8);
    // The product moves the lowest bit of byte k to bit 56 + k without carries.
    bits[i / 8] = static_cast<uint8_t>((eight * 0x0102040810204080u) >> 56);
  }
  if (i == n) return;
  uint8_t last = 0;
  for (int64_t k = i; k < n; ++k) last = static_cast<uint8_t>(last | bytes[k] << (k - i));
  bits[i / 8] = last;
}

void LookUpBits(const uint8_t* bytes, int64_t n, const uint8_t table[256], uint8_t* bits) {
  int64_t i = 0;
  // A column of a one-hot is 1 for a single byte: a comparison instead of a table.
  int ones = 0;
  for (int value = 0; value < 256; ++value) ones += table[value] & 1;
  const IndexKernels* wide = WideKernels();
  if (wide != nullptr && (ones == 1 || ones == 255)) {
    uint8_t rare = 0;
    while ((table[rare] & 1) != (ones == 1)) ++rare;
    i = wide->equal_bits(bytes, n, rare, ones == 255, bits);
  }
  for (; i < n; i += 8) {
    uint8_t eight = 0;
    for (int64_t k = i; k < n && k < i + 8; ++k) {
      eight = static_cast<uint8_t>(eight | (table[bytes[k]] & 1) << (k - i));
    }
    bits[i / 8] = eight;
  }
}

}  // namespace emberharmony::io
