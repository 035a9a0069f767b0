#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/bigquery/client/retry_policy.h"
#include "emberharmony/bigquery/client/rows_stream.h"
#include "emberharmony/bigquery/client/transport.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery::client {

/// A session as the service has made it.
struct ReadSession {
  SessionInfo info;
  SessionFacts facts;
  std::vector<std::string> streams;  ///< names
};

/// The request for a session. `billing_project`: empty for the table's own.
storage::CreateReadSessionRequest SessionRequest(const ReadRequest& request,
                                                 const std::string& billing_project);

/// Makes a session; what may pass is tried again for half a minute, and for a second or two where
/// nothing answers on this machine. Errors are RpcError's, and DataErrors for an answer that is
/// none. `patient`: for as long as readers wait for rows, for whoever has read much already.
arrow::Result<ReadSession> CreateSession(Transport* transport, Clock* clock,
                                         const ReadRequest& request, const ReadOptions& options,
                                         const StopCheck& check_stop, bool patient = false);

}  // namespace emberharmony::bigquery::client
