#pragma once

#include <optional>
#include <span>

#include "emberharmony/backend/backend.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// Throws DTypeError unless the operation takes this dtype.
void CheckKind(backend::Op op, DType dtype);

/// Runs an elementwise operation on inputs of one dtype (where: after the condition) that broadcast
/// to `shape`, on the current backend or, if it lacks it, natively. The result goes to *out if
/// given (see Options::out). `result_dtype` is needed for astype only.
Tensor RunElementwiseOp(backend::Op op, std::span<const Tensor* const> inputs, const Shape& shape,
                        Tensor* out, std::optional<DType> result_dtype = std::nullopt);

/// Runs any other operation into outputs that the caller has made, on the current backend or, if it
/// lacks it, natively. Shapes and dtypes have been checked (CheckKind). No output may share memory
/// with an input.
void RunOp(backend::Op op, backend::Tensors inputs, backend::Attributes attributes,
           backend::Tensors outputs);

}  // namespace emberharmony::ops
