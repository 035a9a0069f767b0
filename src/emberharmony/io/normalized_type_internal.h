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

/// A column, or a struct's field, as it is handed out: of NormalizedType, without its metadata, but
/// marked where IsDeclaredCategory (io/declared_category.h). `stored` is how its writer had it: the
/// field itself, or that of the Arrow schema that is kept in a Parquet file, which restores
/// dictionaries of strings only.
std::shared_ptr<arrow::Field> NormalizedField(const arrow::Field& field,
                                              const arrow::Field& stored);
inline std::shared_ptr<arrow::Field> NormalizedField(const arrow::Field& field) {
  return NormalizedField(field, field);
}

}  // namespace emberharmony::io::internal
