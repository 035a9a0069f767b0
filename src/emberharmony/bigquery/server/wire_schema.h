#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

namespace emberharmony::bigquery::server {

/// A column of a served table, or a part of one, in the type in which BigQuery sends it.
struct WireField {
  std::shared_ptr<arrow::Field> field;
  /// Which column of the source it comes from; inside of a struct, which of its fields.
  int source_index = 0;
  /// Of a struct its fields, of a list its element, else empty.
  std::vector<WireField> children;
};

/// A table's columns as BigQuery would send them, or some of them. Immutable.
struct WireSchema {
  std::vector<WireField> fields;
  std::shared_ptr<arrow::Schema> schema;
};

/// What BigQuery makes of a table with these columns: integers are INT64, floats FLOAT64, decimals
/// NUMERIC, or BIGNUMERIC where they need it, timestamps DATETIME without a zone and TIMESTAMP with
/// one, in microseconds, lists and maps REPEATED (never null), structs RECORD. Metadata of a field
/// that call it JSON or GEOGRAPHY (`ARROW:extension:name`) hold.
///
/// A column of a type that BigQuery lacks (lists of lists, unions, durations, decimals of more than
/// 38 places on either side of the point) is a usage error with its name.
arrow::Result<WireSchema> MakeWireSchema(const arrow::Schema& schema);

/// The fields named, in the table's order: `column`, or `record.child` at any depth, also inside of
/// repeated records. Names match without regard to case. An empty list means all. Invalid with the
/// names that are not there.
arrow::Result<WireSchema> SelectFields(const WireSchema& schema,
                                       const std::vector<std::string>& names);

/// All fields but the one of this name, without regard to case. A usage error if none is left.
arrow::Result<WireSchema> WithoutField(const WireSchema& schema, const std::string& name);

}  // namespace emberharmony::bigquery::server
