#pragma once

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// The complex conjugates; a real tensor itself.
Tensor Conjugate(const Tensor& x);

}  // namespace emberharmony::ops
