#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <span>

#include "emberharmony/io/csv_types_internal.h"

namespace emberharmony::io::internal {

/// The values of fields as an array of the type. A null field is null; so is, unless the type is
/// string, a quoted one without content. *conflict is the first field that is not of the type (the
/// array is then worth nothing), or -1.
arrow::Result<std::shared_ptr<arrow::Array>> ConvertCsvFields(const char* text,
                                                              std::span<const CsvField> fields,
                                                              CsvType type, arrow::MemoryPool* pool,
                                                              int64_t* conflict);

}  // namespace emberharmony::io::internal
