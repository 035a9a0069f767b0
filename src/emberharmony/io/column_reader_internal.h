#pragma once

#include <arrow/status.h>

#include <cstdint>

#include "emberharmony/io/batch.h"

namespace emberharmony::io::internal {

/// Reads one column of a unit, front to back. One thread at a time; after an error it must not be
/// used.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;
  /// Passes over the next n rows.
  virtual arrow::Status Skip(int64_t n) = 0;
  /// Appends the next n rows to out->pieces. There must be that many.
  virtual arrow::Status Read(int64_t n, Column* out) = 0;
};

}  // namespace emberharmony::io::internal
