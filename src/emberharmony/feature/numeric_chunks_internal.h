#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>

#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// UsageError unless values of this type can be measured: numbers (numeric_form.h), dates, times,
/// timestamps and durations (as their integers), and dictionaries of these.
arrow::Status CheckMeasurable(const arrow::DataType& type);

/// Calls visit(values, weights, n) for some of the values at a time (weights may be nullptr: 1
/// each): as the nearest doubles, NaN where a value is missing.
arrow::Status VisitDoubles(
    const WeightedValues& values,
    const std::function<arrow::Status(const double*, const int64_t*, int64_t)>& visit);

/// The same array for an array of dates, times, timestamps or durations, as integers; others as
/// they are.
arrow::Result<std::shared_ptr<arrow::Array>> TimesAsIntegers(const arrow::Array& values);

}  // namespace emberharmony::feature
