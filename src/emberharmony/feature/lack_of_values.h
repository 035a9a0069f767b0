#pragma once

#include <arrow/status.h>

namespace emberharmony::feature {

/// The same error as one that IsLackOfValues (learn_checks.h) tells: other rows of the same table
/// may have values.
arrow::Status AsLackOfValues(const arrow::Status& status);

}  // namespace emberharmony::feature
