#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

namespace emberharmony::io {

/// The rows of a matrix as a sink of MakeMatrixSink (io/sink.h) writes them: a fixed-size list of
/// `element` (float32 or float64) of one value for each of `features`, nulls as NaN. `features` are
/// the first columns of `schema`, of equal lengths, at least one. Errors as there.
arrow::Result<std::shared_ptr<arrow::Array>> MakeMatrix(
    const arrow::Schema& schema, const std::vector<std::shared_ptr<arrow::Array>>& features,
    const std::shared_ptr<arrow::DataType>& element, arrow::MemoryPool* pool);

}  // namespace emberharmony::io
