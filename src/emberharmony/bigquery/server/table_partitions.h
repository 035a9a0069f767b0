#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/server/wire_schema.h"
#include "emberharmony/io/source.h"

namespace emberharmony::bigquery::server {

/// How the rows of a served table are spread over partitions by time: what its sessions would scan
/// under a restriction. Immutable and thread-safe.
class TablePartitions {
 public:
  /// `text`: COLUMN, or COLUMN:DAY (HOUR, MONTH, YEAR), of DATE, DATETIME or TIMESTAMP. Reads the
  /// column once. Usage errors: another text, a column that is not there or of another type.
  static arrow::Result<std::shared_ptr<const TablePartitions>> Make(const io::Source& source,
                                                                    const WireSchema& schema,
                                                                    std::string_view text,
                                                                    arrow::MemoryPool* pool);

  /// The rows of the partitions that a restriction leaves; empty: all rows.
  arrow::Result<int64_t> RowsLeft(std::string_view restriction) const;

 private:
  TablePartitions() = default;
  arrow::Status Count(const io::Source& source, const WireSchema& column, arrow::MemoryPool* pool);

  TableInfo info_;                                    ///< as tables.get would tell of it
  std::map<std::string, int64_t, std::less<>> rows_;  ///< by the partition's name
  int64_t null_rows_ = 0;
};

}  // namespace emberharmony::bigquery::server
