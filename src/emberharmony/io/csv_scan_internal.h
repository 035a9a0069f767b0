#pragma once

#include <cstdint>

// Included by the instruction-set variants, which are compiled with flags of their own: only
// declarations, lest an inline function compiled for a newer CPU takes the place of another.

namespace emberharmony::io::internal {

/// How a CSV file is written.
struct CsvDialect {
  char delimiter = ',';
  /// With one column an empty line is a record (its field is null), with more it is skipped.
  bool one_column = false;
};

/// Where a scan stands between two bytes. The default is the start of a record.
///
/// A quote opens a quoted field only as its first byte; anywhere else in an unquoted field it is a
/// byte like any other. Inside of a quoted field two quotes are one, and one alone ends the quoted
/// part. A line ends with LF, CR or CRLF outside of quotes.
struct CsvScanState {
  bool quoted = false;
  bool quote_pending = false;  ///< the last byte was a quote that ends the field or is doubled
  bool after_break = true;     ///< a quote would open a field here
  bool after_newline = true;   ///< the last byte ended a line
  bool after_cr = false;       ///< the last byte was a CR that ended a line

  /// At the end of the data.
  bool in_quotes() const { return quoted && !quote_pending; }
};

/// What the bytes of a scan are like, gathered by bitwise or.
struct CsvByteKinds {
  bool has_nul = false;
  bool has_non_ascii = false;
};

/// The bytes that a scan may read beyond its end.
constexpr int64_t kCsvPadding = 64;

/// The loops over every byte of a CSV file, for one instruction set. All variants give the same
/// results.
struct CsvScanKernels {
  const char* name;
  /// The number of bytes of data[0, size) that end a record: the first byte of each line end (with
  /// more than one column: of each run of line ends). Advances *state over them and adds to *kinds.
  /// data is readable for kCsvPadding bytes beyond size.
  int64_t (*count_records)(const char* data, int64_t size, const CsvDialect& dialect,
                           CsvScanState* state, CsvByteKinds* kinds);
  /// The same, and writes the place of every byte that ends a field (a delimiter, or the end of a
  /// record), each plus `base`, to `ends`, which has room for size + 64 of them. *num_ends is set.
  int64_t (*find_fields)(const char* data, int64_t size, const CsvDialect& dialect, uint32_t base,
                         CsvScanState* state, CsvByteKinds* kinds, uint32_t* ends,
                         int64_t* num_ends);
};

const CsvScanKernels& PortableCsvScanKernels();
#ifdef __x86_64__
const CsvScanKernels& Avx2CsvScanKernels();  ///< requires avx2, bmi, bmi2, popcnt
#endif
/// The fastest that this CPU runs.
const CsvScanKernels& BestCsvScanKernels();

}  // namespace emberharmony::io::internal
