#include "emberharmony/bigquery/server/table_partitions.h"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/bigquery/expiry_forecast.h"
#include "emberharmony/bigquery/partition_pruning.h"
#include "emberharmony/bigquery/server/wire_batch.h"
#include "emberharmony/bigquery/table_schema.h"

namespace emberharmony::bigquery::server {
namespace {

bool IsPartitionTime(const std::string& name) {
  return base::LowerAscii(name) == base::LowerAscii(kPartitionTime);
}

arrow::Status CheckPartitioning(const TableField& field, const std::string& type) {
  const bool is_date = field.type == "DATE";
  if (IsPartitionTime(field.name) && field.type != "TIMESTAMP") {
    return base::UsageError(fmt::format("{} must be a TIMESTAMP (with a time zone), found {}",
                                        kPartitionTime, SqlTypeName(field)));
  }
  const bool is_time = is_date || field.type == "DATETIME" || field.type == "TIMESTAMP";
  if (!is_time || field.mode == "REPEATED") {
    return base::UsageError(
        fmt::format("tables are partitioned by a column of DATE, DATETIME or TIMESTAMP here, '{}' "
                    "is {}",
                    field.name, SqlTypeName(field)));
  }
  const bool known = type == "DAY" || type == "MONTH" || type == "YEAR";
  if (known || (type == "HOUR" && !is_date)) return arrow::Status::OK();
  return base::UsageError(fmt::format("expected partitions of {}DAY, MONTH or YEAR, found '{}'",
                                      is_date ? "" : "HOUR, ", type));
}

}  // namespace

arrow::Result<std::shared_ptr<const TablePartitions>> TablePartitions::Make(
    const io::Source& source, const WireSchema& schema, std::string_view text,
    arrow::MemoryPool* pool) {
  const size_t colon = text.rfind(':');
  const std::string name(text.substr(0, colon));
  const std::string type(colon == std::string_view::npos ? "DAY" : text.substr(colon + 1));
  const auto selected = SelectFields(schema, {name});
  if (name.empty() || !selected.ok()) {
    return base::UsageError(fmt::format(
        "expected COLUMN or COLUMN:DAY by which the table is partitioned, found '{}'{}{}", text,
        selected.ok() ? "" : ": " + selected.status().message(),
        base::DidYouMean(name, schema.schema->field_names())));
  }
  std::shared_ptr<TablePartitions> partitions(new TablePartitions);
  TableInfo& info = partitions->info_;
  info.fields = TableFieldsOf(*selected->schema);
  if (!IsPartitionTime(info.fields[0].name)) info.partition_column = info.fields[0].name;
  info.partition_type = type;
  ARROW_RETURN_NOT_OK(CheckPartitioning(info.fields[0], type));
  ARROW_RETURN_NOT_OK(partitions->Count(source, *selected, pool));
  return partitions;
}

arrow::Status TablePartitions::Count(const io::Source& source, const WireSchema& column,
                                     arrow::MemoryPool* pool) {
  WireBatchMaker maker(column, pool);
  int64_t row = 0;
  io::BatchOptions options;
  options.pool = pool;
  for (const io::Unit& unit : source.units()) {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          source.Open(unit, {column.fields[0].source_index}, options));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch) break;
      ARROW_ASSIGN_OR_RAISE(const auto rows, maker.Make(*batch));
      ARROW_RETURN_NOT_OK(CountValues(*rows->column(0), row));
      row += rows->num_rows();
    }
  }
  return arrow::Status::OK();
}

arrow::Status TablePartitions::CountValues(const arrow::Array& values, int64_t first_row) {
  const std::string& type = info_.partition_type;
  const bool is_date = values.type_id() == arrow::Type::DATE32;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      ++null_rows_;
      continue;
    }
    const int64_t value = is_date ? static_cast<const arrow::Date32Array&>(values).Value(i)
                                  : static_cast<const arrow::TimestampArray&>(values).Value(i);
    const std::string name = TimePartitionName(type, is_date, value);
    if (has_partition_time() && TimePartitionName(type, is_date, value - 1) == name) {
      return base::UsageError(
          fmt::format("{} is when a row's partition begins, and {} in row {} is not when a {} "
                      "begins: truncate the column in the file",
                      kPartitionTime, InstantText(value), first_row + i, type));
    }
    ++rows_[name];
  }
  return arrow::Status::OK();
}

arrow::Result<int64_t> TablePartitions::RowsLeft(std::string_view restriction) const {
  ARROW_ASSIGN_OR_RAISE(const auto pruning, FindPruning(info_, restriction));
  const bool null_left = pruning->null_left || (has_partition_time() && pruning->others_left);
  int64_t rows = pruning->leaves_all || null_left ? null_rows_ : 0;
  for (const auto& [name, count] : rows_) {
    if (pruning->Holds(name)) rows += count;
  }
  return rows;
}

arrow::Result<bool> TablePartitions::AreRestricted(std::string_view restriction) const {
  ARROW_ASSIGN_OR_RAISE(const auto pruning, FindPruning(info_, restriction));
  return pruning->meets_requirement;
}

std::string TablePartitions::ColumnsText() const {
  if (!has_partition_time()) return "'" + info_.partition_column + "'";
  return fmt::format("'_PARTITION_LOAD_TIME', {}'{}'",
                     has_partition_date() ? fmt::format("'{}', ", kPartitionDate) : "",
                     kPartitionTime);
}

}  // namespace emberharmony::bigquery::server
