#pragma once

#include "emberharmony/backend/op.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// Throws DTypeError unless elements of this dtype have an order: real ones and
/// bool.
void CheckOrdered(backend::Op op, DType dtype);
/// `axis` counted from the front; throws ShapeError, beginning with the
/// operation's name, unless x has it.
int CheckAxis(backend::Op op, const Tensor& x, int axis);

}  // namespace emberharmony::ops
