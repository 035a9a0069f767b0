#pragma once

#include <string>
#include <utility>
#include <vector>

#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/query_plan.h"

namespace emberharmony::bigquery {

/// What people should know of the costs of reading a table, as (name, value): how it is partitioned
/// and clustered, and the bytes that the columns and rows would be billed for, found by a dry run,
/// out of those of the whole table. What cannot be found out is left out: a reader may lack the
/// permissions. Status::Cancelled if it was stopped.
arrow::Result<std::vector<std::pair<std::string, std::string>>> DescribeCosts(
    Jobs* jobs, const TableQuery& query);

}  // namespace emberharmony::bigquery
