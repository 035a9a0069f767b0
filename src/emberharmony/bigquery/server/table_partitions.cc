#include "emberharmony/bigquery/server/table_partitions.h"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/partition_pruning.h"
#include "emberharmony/bigquery/server/wire_batch.h"
#include "emberharmony/bigquery/table_schema.h"

namespace emberharmony::bigquery::server {
namespace {

arrow::Status CheckPartitioning(const TableField& field, const std::string& type) {
  const bool is_date = field.type == "DATE";
  const bool is_time = is_date || field.type == "DATETIME" || field.type == "TIMESTAMP";
  if (!is_time || field.mode == "REPEATED") {
    return base::UsageError(
        fmt::format("tables are partitioned by a column of DATE, DATETIME or TIMESTAMP here, '{}' "
                    "is {}",
                    field.name, field.type));
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
    return base::UsageError(
        fmt::format("expected COLUMN or COLUMN:DAY by which the table is partitioned, found '{}'{}",
                    text, selected.ok() ? "" : ": " + selected.status().message()));
  }
  std::shared_ptr<TablePartitions> partitions(new TablePartitions);
  TableInfo& info = partitions->info_;
  info.fields = TableFieldsOf(*selected->schema);
  info.partition_column = info.fields[0].name;
  info.partition_type = type;
  ARROW_RETURN_NOT_OK(CheckPartitioning(info.fields[0], type));
  ARROW_RETURN_NOT_OK(partitions->Count(source, *selected, pool));
  return partitions;
}

arrow::Status TablePartitions::Count(const io::Source& source, const WireSchema& column,
                                     arrow::MemoryPool* pool) {
  WireBatchMaker maker(column, pool);
  io::BatchOptions options;
  options.pool = pool;
  for (const io::Unit& unit : source.units()) {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          source.Open(unit, {column.fields[0].source_index}, options));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch) break;
      ARROW_ASSIGN_OR_RAISE(const auto rows, maker.Make(*batch));
      const auto& values = *rows->column(0);
      const bool is_date = values.type_id() == arrow::Type::DATE32;
      for (int64_t i = 0; i < values.length(); ++i) {
        if (values.IsNull(i)) {
          ++null_rows_;
          continue;
        }
        const int64_t value = is_date ? static_cast<const arrow::Date32Array&>(values).Value(i)
                                      : static_cast<const arrow::TimestampArray&>(values).Value(i);
        ++rows_[TimePartitionName(info_.partition_type, is_date, value)];
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Result<int64_t> TablePartitions::RowsLeft(std::string_view restriction) const {
  ARROW_ASSIGN_OR_RAISE(const auto pruning, FindPruning(info_, restriction));
  int64_t rows = pruning->leaves_all || pruning->null_left ? null_rows_ : 0;
  for (const auto& [name, count] : rows_) {
    if (pruning->Holds(name)) rows += count;
  }
  return rows;
}

}  // namespace emberharmony::bigquery::server
