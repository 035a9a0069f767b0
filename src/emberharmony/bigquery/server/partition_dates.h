#pragma once

#include <arrow/result.h>

#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery::server {

/// A restriction that says with _PARTITIONTIME what the given one says with _PARTITIONDATE, of a
/// table whose partitions are days: there a time is the midnight with which its day begins.
///
/// _PARTITIONDATE may stand beside constants alone, and in IS NULL: Invalid for other columns
/// beside it, and for instants, which BigQuery does not compare with a DATE.
arrow::Result<io::filter::ExpressionPtr> WithoutPartitionDates(
    const io::filter::ExpressionPtr& restriction);

}  // namespace emberharmony::bigquery::server
