#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/bigquery/jobs.h"

namespace emberharmony::bigquery {

/// Partitions one after the other, by the names that BigQuery has for them: "2001", "200103",
/// "20010331" or "2001033114" (YEAR, MONTH, DAY, HOUR), or the first value of a range of integers.
struct PartitionRange {
  std::string first;  ///< empty: whichever is the first
  std::string last;   ///< empty: whichever is the last; of ranges of integers the first value, too

  bool operator==(const PartitionRange&) const = default;
};

/// Which partitions of a table can hold rows that pass a condition. It follows from the condition
/// and from how the table is partitioned, not from what is in it: some of them may not exist.
struct PartitionPruning {
  /// The column of the partitions; "_PARTITIONTIME" where that is the time of ingestion.
  std::string column;
  /// The condition says nothing of the column; all below is then as if it left none.
  bool leaves_all = false;
  /// Whether a term of the condition's outermost AND compares the column with constants, and looks
  /// at no other. A table may require that (TableInfo::requires_partition_filter): "There must be
  /// at least one predicate that only references one or more partition keys" (BigQuery's
  /// documentation of partitioned queries), and by which partitions can be left out.
  bool meets_requirement = false;
  /// Ascending, apart from each other.
  std::vector<PartitionRange> left = {};
  bool null_left = false;  ///< `__NULL__`, of rows without a value
  /// `__UNPARTITIONED__`: integers outside of all ranges; rows that were just streamed in, where
  /// the time of ingestion counts.
  bool others_left = false;
  /// How many partitions `left` can be at most; absent: as many as there are.
  std::optional<int64_t> count_max = {};

  /// How many partitions are left at most, `__NULL__` and `__UNPARTITIONED__` among them.
  std::optional<int64_t> left_max() const;
  /// Whether a partition by time is among those that are left.
  bool Holds(std::string_view name) const;
  /// The same for people: "20010301 to 20010331, __NULL__", "none", "all".
  std::string Text() const;
};

/// What a condition (io/filter/expression.h; empty: none) leaves of a table's partitions; nothing
/// for a table that is not partitioned. Comparisons, IN, BETWEEN, IS NULL and the like of the
/// partitions' column with constants count, and what has no column at all (FALSE, 1 = 0), with AND,
/// OR and NOT; whatever else stands in the condition is taken to pass or not. BigQuery itself may
/// leave out fewer partitions than that.
///
/// Usage errors: a condition that does not parse.
arrow::Result<std::optional<PartitionPruning>> FindPruning(const TableInfo& table,
                                                           std::string_view condition);

/// What a table partitioned by the time of ingestion calls that time: the beginning of a row's
/// partition, and for partitions of a day also the day. No schema has them; conditions may.
inline constexpr const char* kPartitionTime = "_PARTITIONTIME";
inline constexpr const char* kPartitionDate = "_PARTITIONDATE";

/// The name of the partition by `type` (DAY, HOUR, MONTH, YEAR) that holds a value: of a DATE the
/// days since 1970, of others the microseconds.
std::string TimePartitionName(const std::string& type, bool is_date, int64_t value);

}  // namespace emberharmony::bigquery
