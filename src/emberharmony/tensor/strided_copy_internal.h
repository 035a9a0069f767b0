#pragma once

#include <cstdint>

namespace emberharmony::tensor::internal {

/// One axis of a copy: its length, at least 1, and the steps in items on both sides.
struct CopyAxis {
  int64_t length;
  int64_t from_stride;
  int64_t to_stride;
};

/// Copies items of `item_bytes` (1, 2, 4, 8 or 16) between layouts that do not overlap. The axes
/// may come in any order and are rearranged. Where one side runs along another axis than the other,
/// as in a transposition, the copy goes by tiles, so that every cache line is read and written
/// once.
void CopyStrided(int64_t item_bytes, const void* from, void* to, CopyAxis* axes, int num_axes);

}  // namespace emberharmony::tensor::internal
