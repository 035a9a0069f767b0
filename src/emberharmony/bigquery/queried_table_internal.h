#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/remote_source.h"
#include "emberharmony/io/remote_tables.h"

namespace emberharmony::bigquery {

/// What is known of a table beside its name.
struct StoredTableTraits {
  bool in_order = false;  ///< its rows have an order, kept at the price of reading one stream
  bool is_result =
      false;  ///< of a query: written once, so that no later session sees another state
};

/// A table that the Storage Read API reads. `filter`: as io::RemoteOpener.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenStoredTable(
    Plugin* plugin, const RemoteSourceOptions& options, const TableName& name,
    StoredTableTraits traits, const std::string& filter, const io::StopCheck& check_stop);

/// What could not be opened as a table, if it is a view or a materialized view; else `fault`. The
/// query over it is run when rows are asked for, with their columns and filter.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenViewInstead(Plugin* plugin,
                                                                const RemoteSourceOptions& options,
                                                                const TableName& name,
                                                                const arrow::Status& fault,
                                                                const io::StopCheck& check_stop);

/// What, beside the location, says which rows are read: RemoteTable::identity of all tables here.
std::string IdentityOfRequest(const RemoteSourceOptions& options);

/// The column by ranges of which rows are read: the options' before the request's; empty: none.
const std::string& EffectiveUnitColumn(const RemoteSourceOptions& options,
                                       const io::RemoteRequest& request);

/// The result of the query of the options, which is run when rows are asked for. A dry run tells
/// its columns and costs; where it does not tell the columns, the query is run at once.
arrow::Result<std::unique_ptr<io::RemoteTable>> OpenQueryResult(Plugin* plugin,
                                                                const RemoteSourceOptions& options,
                                                                const io::StopCheck& check_stop);

/// Whether a query names an order. One in a comment or a subquery counts as well: an order kept for
/// nothing costs only speed.
bool MayHaveOrder(std::string_view sql);

}  // namespace emberharmony::bigquery
