#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::engine {

/// The status with the column's name before its message. Unchanged when it is OK, when it names the
/// column already, and when the run was interrupted, which is no fault of the column.
arrow::Status WithColumn(const arrow::Status& status, const std::string& column);

}  // namespace emberharmony::engine
