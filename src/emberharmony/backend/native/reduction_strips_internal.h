#pragma once

#include "emberharmony/backend/native/reduction_internal.h"
#include "emberharmony/backend/native/reduction_layout_internal.h"

namespace emberharmony::backend::native {

/// Whether the reduced sequence runs along long columns of a matrix in memory, one after the other,
/// as the elements of a transposed matrix do, and the reduction has kernels for that.
bool RunsAlongColumns(const ReductionKernel& kernel, const Sequence& reduced);

/// Reduces the blocks [begin, end) of such a sequence; accumulator i of `accs` is that of block
/// begin + i. `data` is the sequence's first element. Memory is read row by row, nearly once.
void ReduceStrips(const ReductionKernel& kernel, const char* data, int64_t item_bytes,
                  const Sequence& reduced, int64_t begin, int64_t end, char* accs);

}  // namespace emberharmony::backend::native
