#include "emberharmony/bigquery/table_schema.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery {
namespace {

using arrow::DataType;

/// Records are nested at most 15 deep.
constexpr int kDepthMax = 20;

/// The names of the REST API and of GoogleSQL.
const std::unordered_map<std::string, std::shared_ptr<DataType>>& SimpleTypes() {
  static const auto* const types = new std::unordered_map<std::string, std::shared_ptr<DataType>>{
      {"INTEGER", arrow::int64()},
      {"INT64", arrow::int64()},
      {"FLOAT", arrow::float64()},
      {"FLOAT64", arrow::float64()},
      {"BOOLEAN", arrow::boolean()},
      {"BOOL", arrow::boolean()},
      {"STRING", arrow::utf8()},
      {"BYTES", arrow::binary()},
      {"DATE", arrow::date32()},
      {"TIME", arrow::time64(arrow::TimeUnit::MICRO)},
      {"DATETIME", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"TIMESTAMP", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
      {"NUMERIC", arrow::decimal128(38, 9)},
      {"BIGNUMERIC", arrow::decimal256(76, 38)},
      {"GEOGRAPHY", arrow::utf8()},
      {"JSON", arrow::utf8()},
      {"INTERVAL", arrow::month_day_nano_interval()},
  };
  return *types;
}

arrow::Result<std::shared_ptr<arrow::Field>> FieldOf(const TableField& field, int depth) {
  std::shared_ptr<DataType> type;
  if (field.type == "RECORD" || field.type == "STRUCT") {
    if (depth == kDepthMax) return base::DataError("records are nested too deeply");
    arrow::FieldVector children;
    for (const TableField& child : field.fields) {
      ARROW_ASSIGN_OR_RAISE(auto each, FieldOf(child, depth + 1));
      children.push_back(std::move(each));
    }
    type = arrow::struct_(std::move(children));
  } else if (const auto found = SimpleTypes().find(field.type); found != SimpleTypes().end()) {
    type = found->second;
  } else {
    return base::DataError(
        fmt::format("column '{}' is of the type {}, which is not known here: leave it out of the "
                    "query",
                    field.name, field.type));
  }
  if (field.mode == "REPEATED") {
    return arrow::field(field.name, arrow::list(arrow::field("item", type)), false);
  }
  return arrow::field(field.name, type, field.mode != "REQUIRED");
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const std::vector<TableField>& fields) {
  arrow::FieldVector columns;
  for (const TableField& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto column, FieldOf(field, 0));
    columns.push_back(std::move(column));
  }
  return arrow::schema(std::move(columns));
}

}  // namespace emberharmony::bigquery
