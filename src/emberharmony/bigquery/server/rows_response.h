#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <memory>
#include <string>

#include "emberharmony/bigquery/server/wire_message.h"

namespace emberharmony::bigquery::server {

/// What a ReadRowsResponse holds beside its rows.
struct ResponseFields {
  int64_t row_count = 0;
  double progress_at_start = 0;
  double progress_at_end = 0;
  int throttle_percent = 0;
  std::string schema;  ///< the schema's IPC message; empty: none, as from the second response on
};

/// A ReadRowsResponse, written by hand: the rows are handed to gRPC where they lie, and stay alive
/// with it, as does `companion`. Rows and companion may be null.
grpc::ByteBuffer MakeRowsResponse(const ResponseFields& fields,
                                  const std::shared_ptr<const WireMessage>& rows,
                                  const std::shared_ptr<void>& companion = nullptr);

}  // namespace emberharmony::bigquery::server
