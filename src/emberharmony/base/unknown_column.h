#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::base {

/// A usage error (base/error_kind.h) that callers can tell from others: a column that the table has
/// not.
arrow::Status UnknownColumnError(std::string message);

/// Whether UnknownColumnError has made the status, in whichever library.
bool IsUnknownColumn(const arrow::Status& status);

}  // namespace emberharmony::base
