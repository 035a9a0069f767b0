#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace emberharmony::feature {

/// A value as model.json holds it, so that ValuesFromJson gives it back exactly: booleans, numbers;
/// dates, times and durations as their integer in the type's unit; decimals as text; strings and
/// bytes as text, or {"hex": "ff00"} where they are not UTF-8. The value must not be null; floats
/// must be finite. UsageError for a type without such a form (nested ones).
arrow::Result<nlohmann::json> ValueToJson(const arrow::Array& values, int64_t i);

/// An array of `type` from such values. DataError, without a subject, when one does not belong to
/// the type.
arrow::Result<std::shared_ptr<arrow::Array>> ValuesFromJson(
    const std::vector<nlohmann::json>& values, const std::shared_ptr<arrow::DataType>& type);

/// The value that a plan writes for a column of `type` (impute's constant) as an array of one:
/// true, 3, 2.5, text, 2001-01-31, "2001-01-31 05:06:07"; decimals as numbers or as text, integers
/// beyond 2^53 also as text. UsageError, without a subject, when it does not belong to the type.
arrow::Result<std::shared_ptr<arrow::Array>> ValueFromPlan(
    const nlohmann::json& value, const std::shared_ptr<arrow::DataType>& type);

/// A value as it stands in a column's name (one_hot): false, -3, 0.5, text as it is, bytes that are
/// not UTF-8 as 0xff00, dates and times in ISO 8601.
std::string ValueText(const arrow::Array& values, int64_t i);
/// Whether ValueText shows the value itself, and not the digits of bytes that are no text.
bool HasText(const arrow::Array& values, int64_t i);
/// A string or bytes as 0x and hexadecimal digits.
std::string HexText(const arrow::Array& values, int64_t i);

/// Positions of the values in ascending order: numbers by value, strings by bytes, false before
/// true. No nulls.
std::vector<int64_t> AscendingOrder(const arrow::Array& values);

}  // namespace emberharmony::feature
