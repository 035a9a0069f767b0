#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::bigquery {

/// A data error (base/error_kind.h) that callers can tell from others: a table, view or dataset is
/// not there.
arrow::Status NotFoundError(std::string message);

/// Whether NotFoundError has made the status, on either side of the plugin's boundary.
bool IsNotFound(const arrow::Status& status);

}  // namespace emberharmony::bigquery
