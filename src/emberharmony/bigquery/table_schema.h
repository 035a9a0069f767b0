#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/bigquery/jobs.h"

namespace emberharmony::bigquery {

/// The columns that the Storage Read API sends for a table with these fields, as it maps BigQuery's
/// types to Arrow's: INTEGER int64, FLOAT double, NUMERIC decimal128(38, 9), BIGNUMERIC
/// decimal256(76, 38), DATE date32, TIME time64[us], DATETIME timestamp[us], TIMESTAMP
/// timestamp[us, UTC], RECORD a struct, REPEATED a list; GEOGRAPHY, JSON and others texts. A data
/// error for types that are not known.
arrow::Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const std::vector<TableField>& fields);

/// The fields of a table whose columns the Storage Read API sends so: the same the other way round.
/// DATETIME, GEOGRAPHY and JSON are told apart by the metadata `ARROW:extension:name`. A type that
/// BigQuery does not have is named as Arrow names it.
std::vector<TableField> TableFieldsOf(const arrow::Schema& schema);

/// The type of a column as GoogleSQL writes it, and users do: INT64, STRUCT, ARRAY<FLOAT64>. The
/// REST API has older names for some (INTEGER, RECORD, REPEATED FLOAT).
std::string SqlTypeName(const TableField& field);

}  // namespace emberharmony::bigquery
