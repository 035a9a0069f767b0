#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::bigquery {

/// How BigQuery's refusals end of reads without a condition on the partitions of a table that
/// requires one; its code is INVALID_ARGUMENT, as of any other mistake in a condition.
inline constexpr std::string_view kPartitionFilterRefusal =
    "that can be used for partition elimination";

/// Whether BigQuery, or the local server, refuses for that reason.
bool RequiresPartitionFilter(std::string_view message);

/// The column that such a refusal asks a condition on; "" where it names none.
std::string PartitionColumnOf(std::string_view message);

/// Conditions to try one after the other, so that a table which requires one is shown: the whole
/// condition, and the terms of its outermost AND, a few at most. Where another term is wrong, the
/// one of the partitions still does. Nothing for what does not parse.
std::vector<std::string> ConditionsToShow(const std::string& condition);

/// A condition on the column that such a refusal names, by which a table shows its columns whatever
/// else is asked for; "" where the refusal names none. What is wrong with a condition can then be
/// told: a misspelt name of the partitions' column is the reason why it restricts none.
std::string ConditionOnPartitions(std::string_view refusal);

/// A table's columns with _PARTITIONTIME and _PARTITIONDATE, which conditions on a table that is
/// partitioned by the time of ingestion may name and no schema has. Whether a table is, its schema
/// does not tell: the service refuses the names where it is not.
std::shared_ptr<arrow::Schema> WithPartitionTimes(const std::shared_ptr<arrow::Schema>& schema);

}  // namespace emberharmony::bigquery
