#include "emberharmony/backend/native/reduction_arg_kernels_internal.h"

namespace emberharmony::backend::native::scalar {

void AddArgReductions(ReductionTable* table) { AddArgColumns(table, RealTypes{}); }

}  // namespace emberharmony::backend::native::scalar
