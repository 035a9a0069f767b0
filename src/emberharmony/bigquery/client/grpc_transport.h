#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "emberharmony/bigquery/client/transport.h"
#include "emberharmony/bigquery/connection.h"

namespace emberharmony::bigquery::client {

/// How connections are made.
struct GrpcOptions {
  /// Connections of their own for so many readers; gRPC would let them share one.
  int num_channels = 1;
  /// Bytes that may be under way for each call while nobody takes them.
  int64_t lookahead_bytes = int64_t{64} << 20;
};

/// The service through gRPC. DataError when there are no usable credentials.
arrow::Result<std::shared_ptr<Transport>> MakeGrpcTransport(const Connection& connection,
                                                            const GrpcOptions& options);

}  // namespace emberharmony::bigquery::client
