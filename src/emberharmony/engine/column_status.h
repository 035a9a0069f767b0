#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::engine {

/// The status with the column's name before its message, unless the message has it already. A
/// pipeline begins its messages with the step's number ("step 0: "), for who binds a plan to look
/// up its place; here it is left out, since the message itself names the step. Unchanged when the
/// status is OK, and when the run was interrupted, which is no fault of the column.
arrow::Status WithColumn(const arrow::Status& status, const std::string& column);

}  // namespace emberharmony::engine
