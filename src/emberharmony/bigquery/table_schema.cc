#include "emberharmony/bigquery/table_schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
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

/// "DATETIME" of google:sqlType:datetime; empty where a field does not tell.
std::string SqlTypeOf(const arrow::Field& field) {
  constexpr std::string_view kPrefix = "google:sqlType:";
  if (field.metadata() == nullptr) return "";
  const auto name = field.metadata()->Get("ARROW:extension:name");
  if (!name.ok() || !std::string_view(*name).starts_with(kPrefix)) return "";
  std::string type = name->substr(kPrefix.size());
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return type;
}

std::string TypeNameOf(const DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT64:
      return "INTEGER";
    case arrow::Type::DOUBLE:
      return "FLOAT";
    case arrow::Type::BOOL:
      return "BOOLEAN";
    case arrow::Type::STRING:
      return "STRING";
    case arrow::Type::BINARY:
      return "BYTES";
    case arrow::Type::DATE32:
      return "DATE";
    case arrow::Type::TIME64:
      return "TIME";
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "DATETIME"
                                                                               : "TIMESTAMP";
    case arrow::Type::DECIMAL128:
      return "NUMERIC";
    case arrow::Type::DECIMAL256:
      return "BIGNUMERIC";
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return "INTERVAL";
    case arrow::Type::STRUCT:
      return "RECORD";
    default:
      return type.ToString();
  }
}

TableField TableFieldOf(const arrow::Field& field) {
  TableField result{field.name(), SqlTypeOf(field), field.nullable() ? "NULLABLE" : "REQUIRED", {}};
  const DataType* type = field.type().get();
  if (type->id() == arrow::Type::LIST) {
    result.mode = "REPEATED";
    const auto& item = *static_cast<const arrow::ListType*>(type)->value_field();
    if (result.type.empty()) result.type = SqlTypeOf(item);
    type = item.type().get();
  }
  if (result.type.empty()) result.type = TypeNameOf(*type);
  if (type->id() == arrow::Type::STRUCT) {
    for (const auto& child : type->fields()) result.fields.push_back(TableFieldOf(*child));
  }
  return result;
}

}  // namespace

std::vector<TableField> TableFieldsOf(const arrow::Schema& schema) {
  std::vector<TableField> fields;
  for (const auto& field : schema.fields()) fields.push_back(TableFieldOf(*field));
  return fields;
}

std::string SqlTypeName(const TableField& field) {
  std::string name = field.type;
  if (name == "FLOAT") name = "FLOAT64";
  if (name == "INTEGER") name = "INT64";
  if (name == "BOOLEAN") name = "BOOL";
  if (name == "RECORD") name = "STRUCT";
  return field.mode == "REPEATED" ? "ARRAY<" + name + ">" : name;
}

arrow::Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const std::vector<TableField>& fields) {
  arrow::FieldVector columns;
  for (const TableField& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto column, FieldOf(field, 0));
    columns.push_back(std::move(column));
  }
  return arrow::schema(std::move(columns));
}

}  // namespace emberharmony::bigquery
