#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/csv_file_internal.h"

namespace emberharmony::io::internal {

/// The first record of a file.
struct CsvHeader {
  CsvDialect dialect;
  std::vector<std::string> names;
  int64_t end = 0;  ///< where the records begin, in the file's uncompressed bytes
};

/// The delimiter of a file whose name ends with .tsv or .tsv.gz is the tab. Else it is the one of
/// ',' ';' tab '|' that occurs most often outside of quotes in the header; the first of them among
/// equals; ',' where none occurs. A UTF-8 byte order mark is skipped, and a column without a name
/// is called column_N, counted from 1. DataError for an empty file, another encoding than UTF-8,
/// two columns of one name, or a header longer than record_bytes_max.
arrow::Result<CsvHeader> ReadCsvHeader(const CsvFile& file, const CsvSizes& sizes);

/// Bytes [begin, end) of a file: whole records.
struct CsvRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t num_records = 0;
};

/// Reads every byte behind the header once. Cuts after the record with which a range reaches
/// unit_bytes. Ranges without records are left out. DataError for invalid
/// UTF-8, a NUL, or quotes that are not closed.
arrow::Result<std::vector<CsvRange>> FindCsvRanges(const CsvFile& file, const CsvHeader& header,
                                                   const CsvSizes& sizes);

}  // namespace emberharmony::io::internal
