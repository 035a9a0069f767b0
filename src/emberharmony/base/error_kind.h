#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::base {

/// Why something failed, in the terms of the command's exit status. Carried in an arrow::Status as
/// a StatusDetail, so a library function can say what kind of failure its Status is.
enum class ErrorKind {
  kData = 1,  ///< missing, unreadable or corrupt input, bad values, I/O
  kUsage =
      2,  ///< wrong options or plan, unknown column or target, existing output, resume mismatch
  kInterrupted = 3,  ///< stopped on request; can be resumed
  kMemory = 4,       ///< the memory limit
};

/// A usage error (kUsage) with this message.
arrow::Status UsageError(std::string message);
/// A data error (kData) with this message.
arrow::Status DataError(std::string message);
arrow::Status InterruptedError(std::string message);

/// The kind a status carries; without a detail OutOfMemory is kMemory, Cancelled is kInterrupted,
/// all else kData.
ErrorKind KindOf(const arrow::Status& status);

}  // namespace emberharmony::base
