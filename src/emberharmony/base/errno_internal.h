#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::base::internal {

/// An IOError "cannot write '/data/out/part-00000.parquet': permission denied", with advice where
/// there is some (a full disk). `what` says what failed, `error` is an errno value.
arrow::Status ErrnoStatus(const std::string& what, const std::string& path, int error);

}  // namespace emberharmony::base::internal
