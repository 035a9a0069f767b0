#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/remote_source.h"
#include "emberharmony/io/remote_tables.h"

namespace emberharmony::bigquery {

/// A table that the Storage Read API reads. `in_order`: its rows have an order, which is kept at
/// the price of reading one stream.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenStoredTable(Plugin* plugin,
                                                                const RemoteSourceOptions& options,
                                                                const TableName& name,
                                                                bool in_order,
                                                                const io::StopCheck& check_stop);

/// What could not be opened as a table, if it is a view or a materialized view; else `fault`. The
/// query over it is run when rows are asked for, with their columns and filter.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenViewInstead(Plugin* plugin,
                                                                const RemoteSourceOptions& options,
                                                                const TableName& name,
                                                                const arrow::Status& fault,
                                                                const io::StopCheck& check_stop);

/// The result of the query of the options, which is run when rows are asked for. A dry run tells
/// its columns and costs; where it does not tell the columns, the query is run at once.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenQueryResult(Plugin* plugin,
                                                                const RemoteSourceOptions& options,
                                                                const io::StopCheck& check_stop);

/// Whether a query names an order. One in a comment or a subquery counts as well: an order kept for
/// nothing costs only speed.
bool MayHaveOrder(std::string_view sql);

}  // namespace emberharmony::bigquery
