#include "emberharmony/ops/status.h"

#include <stdexcept>

#include "emberharmony/base/allocation_failure.h"

namespace emberharmony::ops {

arrow::Status ToStatus(const std::exception& error) {
  ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr) {
    return arrow::Status::Invalid(error.what());
  }
  return arrow::Status::UnknownError(error.what());
}

}  // namespace emberharmony::ops
