#pragma once

#include <cstdint>
#include <string>

namespace emberharmony::bigquery {

/// "2024-01-31 05:06:07 UTC" of microseconds since 1970.
std::string InstantText(int64_t micros);

/// Foretells, from how fast rows come, whether a table has come before its session ends: what has
/// not by then cannot be had any more, and what has is of no use without it.
///
/// Times are microseconds since 1970 UTC. One thread at a time.
class ExpiryForecast {
 public:
  /// `estimated_rows`: of those that are to come; 0, like an `expire_micros` of 0: not known, and
  /// nothing is foretold.
  ExpiryForecast(int64_t begin_micros, int64_t expire_micros, int64_t estimated_rows)
      : begin_micros_(begin_micros),
        expire_micros_(expire_micros),
        estimated_rows_(estimated_rows) {}

  /// When `rows` have come: a warning if the rest will come too late, once; else "". The first
  /// minute tells nothing yet.
  std::string Look(int64_t now_micros, int64_t rows);

 private:
  const int64_t begin_micros_;
  const int64_t expire_micros_;
  const int64_t estimated_rows_;
  bool has_warned_ = false;
};

}  // namespace emberharmony::bigquery
