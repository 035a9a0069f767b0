#pragma once

#include <cstdint>

namespace emberharmony::io {

// Loops over a row group's indices. All give the same result on every CPU.

/// Copies n indices, each plus `base`. Returns false if one is outside [0, null_index]; adds to
/// *num_nulls the number of those equal to null_index.
bool CopyIndices(const int32_t* indices, int64_t n, int32_t null_index, int32_t base, int32_t* out,
                 int64_t* num_nulls);

/// Sets used[slots[i]] to 1 for each i.
void MarkUsed(const int32_t* slots, int64_t n, uint8_t* used);

/// out[i] = map[slots[i]].
void Remap(const int32_t* slots, int64_t n, const int32_t* map, int32_t* out);

/// Moves the values that are not negative together (in place) and sets bit i of `valid` where value
/// i stays; the other bits of the (n + 7) / 8 bytes are 0. Returns how many stay.
int64_t DropNegative(int32_t* values, int64_t n, uint8_t* valid);

/// Writes base + i for each i in [0, n) with used[i] == 1, in order, and returns how many. `out`
/// has room for n values.
int64_t ListUsed(const uint8_t* used, int64_t n, int32_t base, int32_t* out);

/// Packs n bytes of 0 or 1 into bits, least significant first; the last byte is filled up with
/// zeros.
void PackBytesToBits(const uint8_t* bytes, int64_t n, uint8_t* bits);

/// Sets bit i to table[bytes[i]] & 1 for i in [0, n); the last byte is filled up with zeros.
void LookUpBits(const uint8_t* bytes, int64_t n, const uint8_t table[256], uint8_t* bits);

/// The kernels that have a form for wider registers. They process whole vectors and return how far
/// they came; the portable form does the rest.
struct IndexKernels {
  int64_t (*copy_indices)(const int32_t* indices, int64_t n, int32_t null_index, int32_t base,
                          int32_t* out, int64_t* num_nulls, bool* in_range);
  int64_t (*drop_negative)(int32_t* values, int64_t n, uint8_t* valid, int64_t* kept);
  int64_t (*list_used)(const uint8_t* used, int64_t n, int32_t base, int32_t* out, int64_t* count);
  /// bit i: whether bytes[i] == value, inverted on request.
  int64_t (*equal_bits)(const uint8_t* bytes, int64_t n, uint8_t value, bool invert, uint8_t* bits);
};

/// Null when this CPU lacks the instructions.
const IndexKernels* IndexKernelsAvx2();

}  // namespace emberharmony::io
