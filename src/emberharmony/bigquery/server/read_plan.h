#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/bigquery/server/served_table.h"
#include "emberharmony/bigquery/server/wire_message.h"
#include "emberharmony/bigquery/server/wire_schema.h"

namespace emberharmony::bigquery::server {

/// How large responses are.
struct ResponseSize {
  int64_t bytes = int64_t{1} << 20;  ///< of rows before compression, about
  int64_t rows = 0;                  ///< 0: as many as `bytes` are
};

/// What all streams of a session have in common: which rows, which columns, how they are sent.
/// Immutable and thread-safe.
struct ReadPlan {
  std::shared_ptr<const TableRows> rows;
  WireSchema schema;
  std::string schema_message;
  std::vector<int> columns;  ///< of the source, one for each field of the schema
  PayloadCompression compression = PayloadCompression::kNone;
  /// Responses end where the number of a unit's rows before them is a multiple of it, so that equal
  /// rows come in equal messages wherever a call begins.
  int64_t rows_per_response = 1;
  int64_t bytes_per_row = 1;       ///< about, before compression
  int64_t response_bytes_max = 0;  ///< a response that would exceed it is cut in halves
  /// Plans of equal keys send equal messages for equal rows.
  std::string key;

  static arrow::Result<std::shared_ptr<const ReadPlan>> Make(
      std::shared_ptr<const TableRows> rows, WireSchema schema, PayloadCompression compression,
      const ResponseSize& size, const std::string& restriction, arrow::MemoryPool* pool);
};

}  // namespace emberharmony::bigquery::server
