#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/ranged_rows_internal.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery {

/// Reads a table range by range of request.unit_column, each in a session of its own, so that one
/// that expires costs a range that nobody has seen yet: a range waits on disk until it has come in
/// full, and is handed out then. StreamBatch::stream is the range's number; ranges come as they are
/// done, with num_readers 1 in the order of the column's values.
///
/// `rows_are_fixed`: nobody writes to the table, a query's result for one; else all sessions read
/// as of one instant. The values are counted in the background, before the first batch.
///
/// Usage errors: a column that is not there, or whose values have no order (UnitHistogram::Check).
arrow::Result<std::unique_ptr<TableReader>> OpenRangedReader(Plugin* plugin,
                                                             const ReadRequest& request,
                                                             const ReadOptions& options,
                                                             bool rows_are_fixed);

}  // namespace emberharmony::bigquery
