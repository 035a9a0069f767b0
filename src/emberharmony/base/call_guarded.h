#pragma once

#include <arrow/status.h>

#include <exception>

#include "emberharmony/base/allocation_failure.h"

namespace emberharmony::base {

/// function()'s status, or that of an exception it throws: OutOfMemory when memory was the reason,
/// else UnknownError. What a thread runs, and what others wait for, goes through this.
template <typename Function>
arrow::Status CallGuarded(const Function& function) {
  try {
    return function();
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(AllocationFailureOf(error));
    return arrow::Status::UnknownError("unexpected exception: ", error.what());
  }
}

}  // namespace emberharmony::base
