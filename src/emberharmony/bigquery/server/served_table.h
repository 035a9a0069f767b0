#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/bigquery/server.h"
#include "emberharmony/bigquery/server/row_ranges.h"
#include "emberharmony/bigquery/server/table_partitions.h"
#include "emberharmony/bigquery/server/wire_schema.h"
#include "emberharmony/bigquery/table_name.h"
#include "emberharmony/io/filter/filter.h"
#include "emberharmony/io/source.h"

namespace emberharmony::bigquery::server {

/// A table that is served. Immutable and thread-safe.
struct Table {
  TableName name;
  std::shared_ptr<const io::Source> source;
  WireSchema schema;
  int64_t num_rows = 0;
  std::shared_ptr<const TablePartitions> partitions;  ///< null: it has none
  bool require_partition_filter = false;

  /// Opens the files. A usage error for names and columns that BigQuery could not have.
  static arrow::Result<std::shared_ptr<const Table>> Open(const ServedTable& served);
};

/// The rows of a table that pass a restriction, numbered from 0 in the table's order. Immutable and
/// thread-safe.
class TableRows {
 public:
  /// All rows.
  explicit TableRows(std::shared_ptr<const Table> table);
  /// Those that pass: the restriction's columns are scanned here, and at most a bit a row is kept.
  static arrow::Result<std::shared_ptr<const TableRows>> Restrict(
      std::shared_ptr<const Table> table, std::shared_ptr<const io::filter::Filter> filter,
      const std::function<arrow::Status()>& check_stop, arrow::MemoryPool* pool);

  const Table& table() const { return *table_; }
  const io::Source& source() const { return *source_; }
  int64_t num_rows() const { return unit_starts_.back(); }
  /// About what remembering which rows passed takes.
  int64_t held_bytes() const { return restricted_ ? table_->num_rows / 8 : 0; }
  /// Which unit holds a row, and how many rows come before the unit.
  size_t UnitOf(int64_t row) const;
  int64_t UnitStart(size_t unit) const { return unit_starts_[unit]; }
  int64_t UnitEnd(size_t unit) const { return unit_starts_[unit + 1]; }
  /// The rows among those at these positions of the table.
  RowRanges At(const RowRanges& positions) const;

 private:
  TableRows(std::shared_ptr<const Table> table, std::shared_ptr<const io::Source> source,
            bool restricted);
  /// For positions in ascending order, how many rows come before each.
  std::vector<int64_t> RanksOf(const std::vector<int64_t>& positions) const;

  std::shared_ptr<const Table> table_;
  std::shared_ptr<const io::Source> source_;
  bool restricted_ = false;
  std::vector<int64_t> unit_starts_;  ///< and the number of rows
};

}  // namespace emberharmony::bigquery::server
