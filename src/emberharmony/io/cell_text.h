#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <cstdint>
#include <string>

namespace emberharmony::io {

/// Appends a cell as GoogleSQL's CAST(value AS STRING) writes it (DESIGN section 5, "hash with a
/// key"): STRING as is; INT64 decimal; BOOL true/false; DATE 2001-01-31; DATETIME 2001-01-31
/// 05:06:07 with 3 or 6 fraction digits if not zero; TIMESTAMP the same in UTC plus "+00"; FLOAT64
/// %.15g, else %.17g. The cell must not be null. A type that has no such text: UsageError.
///
/// Fractions finer than a microsecond are cut (floor); -0 is "0". The writer of a dictionary type
/// takes arrays of its value type. Immutable and thread-safe.
class CellTextWriter {
 public:
  static arrow::Result<CellTextWriter> Make(const std::shared_ptr<arrow::DataType>& type);
  /// values has the type given to Make (a dictionary's value type).
  void Append(const arrow::Array& values, int64_t i, std::string* out) const;

 private:
  using AppendFunction = void (*)(const arrow::Array&, int64_t, std::string*);
  AppendFunction append_ = nullptr;
};

/// The text of a FLOAT64 alone.
void AppendDoubleText(double value, std::string* out);

}  // namespace emberharmony::io
