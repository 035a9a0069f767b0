#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/client/transport.h"
#include "emberharmony/bigquery/table_download.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery::client {

/// Makes a session and begins to read it.
arrow::Result<std::unique_ptr<TableReader>> OpenTable(std::shared_ptr<Transport> transport,
                                                      Clock* clock, const ReadRequest& request,
                                                      const ReadOptions& options);

/// Makes a session; reads when told to.
arrow::Result<std::unique_ptr<TableDownload>> OpenDownload(std::shared_ptr<Transport> transport,
                                                           Clock* clock, const ReadRequest& request,
                                                           const ReadOptions& options);

/// Connections as the options want them.
arrow::Result<std::shared_ptr<Transport>> Connect(const ReadOptions& options);

}  // namespace emberharmony::bigquery::client
