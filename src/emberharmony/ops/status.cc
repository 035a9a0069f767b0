#include "emberharmony/ops/status.h"

#include <new>
#include <stdexcept>

namespace emberharmony::ops {

arrow::Status ToStatus(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return arrow::Status::OutOfMemory(error.what());
  }
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr) {
    return arrow::Status::Invalid(error.what());
  }
  return arrow::Status::UnknownError(error.what());
}

}  // namespace emberharmony::ops
