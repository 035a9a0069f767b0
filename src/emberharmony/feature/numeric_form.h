#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <limits>
#include <memory>
#include <string>

#include "emberharmony/feature/value_block.h"

namespace emberharmony::feature {

/// Whether values of this type are numbers: booleans (0 and 1), integers, floats, decimals (the
/// nearest double), and null.
bool HasNumericForm(const arrow::DataType& type);

/// UsageError, which proposes what fits, unless a numeric step can take the column.
arrow::Status CheckNumeric(const std::string& step, const ColumnInfo& input);

/// The numeric form of a block of a type with one: a float64 array of block.length() entries
/// without validity, in which nulls, NaNs and the null slot are `missing`. Shares the input's
/// memory where that is the numeric form already and `missing` is NaN. Conversions round to nearest
/// even.
arrow::Result<std::shared_ptr<arrow::DoubleArray>> ToNumeric(
    const ValueBlock& block, arrow::MemoryPool* pool,
    double missing = std::numeric_limits<double>::quiet_NaN());

/// Numeric form cast to `type` (a number or bool): NaN becomes null. Floats round to nearest even
/// (beyond their range: an infinity, as in IEEE 754). Integers are cut towards zero; what their
/// range does not hold is a DataError that begins with "value V". Entries under nulls are zero.
arrow::Result<std::shared_ptr<arrow::Array>> FromNumeric(
    const arrow::DoubleArray& values, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool);

/// The ColumnInfo of `input` in numeric form.
ColumnInfo NumericInfo(const ColumnInfo& input);

/// A number as messages and column names show it: shortest form that reads back, "3" for 3.0.
std::string NumberText(double value);

}  // namespace emberharmony::feature
