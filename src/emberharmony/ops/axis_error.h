#pragma once

#include "emberharmony/tensor/errors.h"

namespace emberharmony::ops {

/// An axis that the tensor does not have. In Python this is both a ValueError and an IndexError, as
/// NumPy's AxisError is: the array API standard wants the latter of expand_dims. Nothing was
/// changed.
class AxisError : public tensor::ShapeError {
 public:
  using tensor::ShapeError::ShapeError;
};

}  // namespace emberharmony::ops
