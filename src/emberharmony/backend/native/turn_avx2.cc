#include "emberharmony/backend/native/turn_internal.h"
#include "emberharmony/backend/native/turn_kernels_internal.h"

namespace emberharmony::backend::native::avx2 {
namespace {

template <class T>
void TurnElements(const void* from, int64_t from_stride, int64_t rows, int64_t n, void* to,
                  int64_t to_stride) {
  Turn(static_cast<const T*>(from), from_stride, rows, n, static_cast<T*>(to), to_stride);
}

}  // namespace

TurnKernel TurnOf(int64_t item_bytes) {
  return item_bytes == 8   ? &TurnElements<uint64_t>
         : item_bytes == 4 ? &TurnElements<uint32_t>
                           : nullptr;
}

}  // namespace emberharmony::backend::native::avx2
