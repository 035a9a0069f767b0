#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/server.h"
#include "emberharmony/bigquery/server/session_store.h"

namespace emberharmony::bigquery::server {

/// Opens the tables and serves them. `clock` tells when sessions expire; null: the system's.
/// Usage errors for tables and columns that BigQuery could not have, data errors for files that
/// cannot be read and for a port that cannot be had.
arrow::Result<std::unique_ptr<Server>> StartStorageServer(const ServerOptions& options,
                                                          Clock clock = nullptr);

}  // namespace emberharmony::bigquery::server
