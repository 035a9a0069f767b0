#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "emberharmony/bigquery/server/wire_schema.h"

namespace emberharmony::bigquery::server {

/// The values of a column of a source (in the types of io::OpenSource) as `field` has them, and no
/// more fields of records than it has. What is equal in both is shared, not copied.
///
/// Nanoseconds below a microsecond are cut off towards the past; a list that is null becomes empty.
/// Invalid for a value that BigQuery's type cannot hold: an unsigned integer above 2^63 - 1, a
/// decimal or time out of range.
arrow::Result<std::shared_ptr<arrow::Array>> ToWire(const std::shared_ptr<arrow::Array>& values,
                                                    const WireField& field,
                                                    arrow::MemoryPool* pool);

}  // namespace emberharmony::bigquery::server
