#include <cstring>

#include "emberharmony/io/bit_unpack_internal.h"

namespace emberharmony::io::internal {
namespace {

uint32_t UnpackScalar(const uint8_t* data, int64_t size, int bit_offset, int bit_width, int64_t n,
                      uint32_t* out) {
  const uint64_t mask = (uint64_t{1} << bit_width) - 1;
  uint64_t bit = static_cast<uint64_t>(bit_offset);
  uint32_t largest = 0;
  int64_t i = 0;
  // A value touches at most 5 bytes (7 + 32 bits), so one load of 8 holds it.
  for (; i < n && static_cast<int64_t>(bit >> 3) + 8 <= size; ++i, bit += bit_width) {
    uint64_t word;
    std::memcpy(&word, data + (bit >> 3), sizeof(word));
    const auto value = static_cast<uint32_t>((word >> (bit & 7)) & mask);
    out[i] = value;
    largest = value > largest ? value : largest;
  }
  for (; i < n; ++i, bit += bit_width) {
    const auto first = static_cast<int64_t>(bit >> 3);
    const int64_t count = size - first < 8 ? size - first : 8;
    uint64_t word = 0;
    std::memcpy(&word, data + first, static_cast<size_t>(count));
    const auto value = static_cast<uint32_t>((word >> (bit & 7)) & mask);
    out[i] = value;
    largest = value > largest ? value : largest;
  }
  return largest;
}

void ExpandScalar(const uint32_t* dense, const uint8_t* valid_bits, int64_t n, uint32_t null_value,
                  uint32_t* out) {
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t valid = (valid_bits[i >> 3] >> (i & 7)) & 1;
    out[i] = valid != 0 ? *dense : null_value;
    dense += valid;
  }
}

}  // namespace

const BitUnpackKernels& ScalarBitUnpackKernels() {
  static constexpr BitUnpackKernels kernels{"scalar", UnpackScalar, ExpandScalar};
  return kernels;
}

#if defined(__x86_64__)
bool CpuHasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt");
}

bool CpuHasAvx512Vbmi() {
  return CpuHasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512cd");
}
#endif

const BitUnpackKernels& BestBitUnpackKernels() {
#if defined(__x86_64__)
  if (CpuHasAvx512Vbmi()) return Avx512BitUnpackKernels();
  if (CpuHasAvx2()) return Avx2BitUnpackKernels();
#endif
  return ScalarBitUnpackKernels();
}

}  // namespace emberharmony::io::internal
