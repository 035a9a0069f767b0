#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

namespace emberharmony::feature {

/// DataError unless `count` rows have a value: "column 'x' has no values to take a median of ...".
arrow::Status CheckHasValues(const std::string& column, const std::string& purpose, int64_t count,
                             int64_t null_count);

/// Whether a status is that of CheckHasValues for rows that are all null: other rows of the same
/// table may have values.
bool IsLackOfValues(const arrow::Status& status);

/// DataError, which proposes steps against them, when there are infinities.
arrow::Status CheckFinite(const std::string& column, const std::string& step,
                          int64_t infinity_count);

/// "step 'scale' was given other statistics than it asked for": a fault of this program.
arrow::Status WrongStatistics(const std::string& step);

}  // namespace emberharmony::feature
