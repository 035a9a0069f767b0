#pragma once

#include "emberharmony/tensor/errors.h"

namespace emberharmony::ops {

/// An integer beyond the range of the dtype that it should become an element of. In Python this is
/// OverflowError, not DTypeError's TypeError. Nothing was changed.
class RangeError : public tensor::DTypeError {
 public:
  using tensor::DTypeError::DTypeError;
};

}  // namespace emberharmony::ops
