#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

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
  /// column once. _PARTITIONTIME: by the time of ingestion. Usage errors: another text, a column
  /// that is not there or of another type, a _PARTITIONTIME at which no partition begins.
  static arrow::Result<std::shared_ptr<const TablePartitions>> Make(const io::Source& source,
                                                                    const WireSchema& schema,
                                                                    std::string_view text,
                                                                    arrow::MemoryPool* pool);

  /// The rows of the partitions that a restriction leaves; empty: all rows.
  arrow::Result<int64_t> RowsLeft(std::string_view restriction) const;
  /// Whether a restriction is one that tables may require. A usage error if it does not parse.
  arrow::Result<bool> AreRestricted(std::string_view restriction) const;
  /// What such a restriction may look at, as BigQuery lists it: "'day'".
  std::string ColumnsText() const;
  /// Whether restrictions may name _PARTITIONTIME, and _PARTITIONDATE beside it.
  bool has_partition_time() const { return info_.partition_column.empty(); }
  bool has_partition_date() const { return has_partition_time() && info_.partition_type == "DAY"; }

 private:
  TablePartitions() = default;
  arrow::Status Count(const io::Source& source, const WireSchema& column, arrow::MemoryPool* pool);
  arrow::Status CountValues(const arrow::Array& values, int64_t first_row);

  TableInfo info_;                                    ///< as tables.get would tell of it
  std::map<std::string, int64_t, std::less<>> rows_;  ///< by the partition's name
  int64_t null_rows_ = 0;
};

}  // namespace emberharmony::bigquery::server
