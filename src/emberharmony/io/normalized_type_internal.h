#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace emberharmony::io::internal {

/// The type in which a column is handed out, whatever its file calls it, at every depth: dictionary
/// and run-end-encoded types become their value type, large and view strings (bytes) utf8 (binary),
/// extension types their storage, decimals decimal128 up to 38 digits and decimal256 above, lists
/// of every kind but maps list; what is inside of nested types is nullable. Unions stay as they
/// are.
///
/// Recursion is bounded by what Arrow reads of a file: 100 levels of a Parquet schema, 128 of a
/// FlatBuffer's tables.
std::shared_ptr<arrow::DataType> NormalizedType(const std::shared_ptr<arrow::DataType>& type);

}  // namespace emberharmony::io::internal
