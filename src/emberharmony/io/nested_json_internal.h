#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

namespace emberharmony::io {

/// The cells of an array as canonical JSON, the bytes that a nested cell's fingerprint covers.
/// Equal cells give equal text, whatever the width, unit or layout of their types. No blanks; in
/// short:
///
/// - struct: an object, its fields in the schema's order; list of any kind: an array; map: an array
///   of {"key":..,"value":..} in stored order;
/// - null: null; booleans: true, false; integers: decimal digits; decimals: digits without exponent
///   and without trailing zeros after the point;
/// - floats: as doubles, in ECMAScript's Number::toString (RFC 8785), -0 as 0; "NaN", "Infinity",
///   "-Infinity";
/// - strings: escaped as RFC 8785 does (only '"', '\\' and characters below U+0020), any other byte
///   as it is; bytes: base64 with padding, as a string;
/// - dates "2001-01-31"; timestamps "2001-01-31 05:06:07" in UTC, with 3 or 6 digits of a fraction
///   where it is not 0, without a zone; times of day and durations: microseconds, floored, as
///   integers;
/// - dictionary and extension arrays: their values and storage.
///
/// Thread-safe.
class JsonCells {
 public:
  virtual ~JsonCells() = default;
  /// Appends cell i, "null" where it is null.
  virtual void Append(int64_t i, std::string* out) const = 0;

  /// `values` must outlive the result. UsageError for types without a form: unions, intervals,
  /// run-end encoded ones, and anything nested deeper than 256 levels.
  static arrow::Result<std::unique_ptr<JsonCells>> Make(const arrow::Array& values);
};

}  // namespace emberharmony::io
