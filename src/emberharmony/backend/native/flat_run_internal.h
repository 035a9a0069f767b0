#pragma once

#include <cstdint>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {

/// Elements per block where a kernel does not run over its operands as they lie: 4 KiB of doubles.
inline constexpr int64_t kBlock = 512;

/// Elements per block where the largest of any operand has so many bytes: as many bytes of smaller
/// ones, so that what a kernel does once for each block counts little.
constexpr int64_t BlockOf(int64_t item_bytes) {
  return item_bytes < 8 ? kBlock * 8 / item_bytes : kBlock;
}

/// An input of a flat run: memory that is walked through, or a block that is read again and again.
/// Where elements have no bytes, the kernel is always given the same place.
struct FlatInput {
  const char* data;
  int64_t item_bytes;
  bool repeats;
};

/// Bytes moved by one operation from which several threads share it: starting them must be a small
/// part of the whole.
inline constexpr int64_t kParallelBytes = int64_t{6} << 20;

/// Runs a kernel over n elements that lie in memory one after the other; inputs that repeat are
/// blocks of BlockOf(the largest element of any operand) equal elements. Large runs are shared
/// among threads, and very large ones write past the caches, which then need not read what is
/// overwritten.
void RunFlat(Kernel kernel, const FlatInput* inputs, int num_inputs, char* output,
             int64_t output_item_bytes, int64_t n);

}  // namespace emberharmony::backend::native
