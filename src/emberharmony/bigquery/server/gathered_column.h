#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::bigquery::server {

/// Some rows of a column: the values themselves, or a dictionary without nulls and indices into it,
/// of which values->length() stands for null.
struct GatheredPiece {
  std::shared_ptr<arrow::Array> values;
  const int32_t* indices = nullptr;
  int64_t num_rows = 0;
};

/// One array of `num_rows` rows out of pieces of the same flat type: booleans, values of a fixed
/// width, strings and bytes. Invalid when texts exceed the 2 GiB of an array.
arrow::Result<std::shared_ptr<arrow::Array>> GatherColumn(
    const std::vector<GatheredPiece>& pieces, const std::shared_ptr<arrow::DataType>& type,
    int64_t num_rows, arrow::MemoryPool* pool);

}  // namespace emberharmony::bigquery::server
