#include "emberharmony/engine/index_partition_internal.h"

namespace emberharmony::engine::internal {

void PartitionIndices(const int32_t* indices, const uint8_t* splits, int64_t n,
                      int32_t* const parts[3], int64_t sizes[3]) {
  sizes[0] = sizes[1] = sizes[2] = 0;
  int64_t i = 0;
#if defined(__x86_64__)
  static const PartitionKernel wide = PartitionKernelAvx2();
  if (wide != nullptr) i = wide(indices, splits, n, parts, sizes);
#endif
  for (; i < n; ++i) {
    if (splits[i] < 3) parts[splits[i]][sizes[splits[i]]++] = indices[i];
  }
}

}  // namespace emberharmony::engine::internal
