#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>

#include "emberharmony/plan/plan.h"

namespace emberharmony::plan {

/// Where a time split (DESIGN section 5) cuts, in the units of its column: rows from test_from on
/// are test, others from validation_from on validation, others train. A cut that no row can reach
/// is absent.
struct TimeCuts {
  std::optional<int64_t> validation_from;
  std::optional<int64_t> test_from;
  bool operator==(const TimeCuts&) const = default;
};

/// OK for types whose values are instants: dates and timestamps (a dictionary's values count), else
/// a UsageError without the column's name.
arrow::Status CheckTimeType(const arrow::DataType& type);

/// The cuts that the plan gives as instants; nullopt when it gives shares. UsageError when an
/// instant does not fit the column's type: a time of day for a date, an offset from UTC for a
/// timestamp without a zone. An instant between two values of the type's unit cuts at the later.
arrow::Result<std::optional<TimeCuts>> GivenCuts(const SplitSpec& split,
                                                 const arrow::DataType& type);

/// A value of the type as plans write instants: "2001-01-31", "2001-01-31 05:06:07.250", with "+00"
/// at the end for a zoned timestamp.
std::string InstantText(int64_t value, const arrow::DataType& type);

}  // namespace emberharmony::plan
