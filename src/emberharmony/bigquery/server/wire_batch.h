#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/bigquery/server/wire_schema.h"
#include "emberharmony/io/batch.h"

namespace emberharmony::bigquery::server {

/// Makes record batches in BigQuery's types of what a source hands out. One thread at a time.
class WireBatchMaker {
 public:
  /// The schema must outlive it.
  WireBatchMaker(const WireSchema& schema, arrow::MemoryPool* pool);
  ~WireBatchMaker();

  /// The batch's columns are those of schema.fields, as a whole, in that order.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Make(const io::Batch& batch);

 private:
  arrow::Result<std::shared_ptr<arrow::Array>> MakeColumn(const io::Column& column,
                                                          int64_t num_rows, size_t index);
  arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(const io::Piece& piece, size_t index);

  const WireSchema& schema_;
  arrow::MemoryPool* const pool_;
  /// Of each column the last dictionary, converted: pages share them.
  struct KnownDictionary {
    uint64_t id = 0;
    std::shared_ptr<arrow::Array> values;
  };
  std::vector<KnownDictionary> dictionaries_;
};

}  // namespace emberharmony::bigquery::server
