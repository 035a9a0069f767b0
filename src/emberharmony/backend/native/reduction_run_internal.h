#pragma once

#include "emberharmony/backend/native/reduction_internal.h"
#include "emberharmony/backend/native/reduction_layout_internal.h"

namespace emberharmony::backend::native {

/// Reduces the layout's sequences, of at least one element each, on up to NumThreads() threads:
/// accumulator i of `accs` is that of kept position i. `centers` (may be null) has one number per
/// kept position. The same bits for any number of threads and any strides.
void RunReduction(const ReductionKernel& kernel, const ReductionLayout& layout,
                  const double* centers, void* accs);

}  // namespace emberharmony::backend::native
