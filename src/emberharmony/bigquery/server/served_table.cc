#include "emberharmony/bigquery/server/served_table.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "emberharmony/base/thread_pool.h"
#include "emberharmony/bigquery/partition_pruning.h"
#include "emberharmony/io/field_metadata.h"
#include "emberharmony/io/filtered_source.h"

namespace emberharmony::bigquery::server {

using arrow::Result;

namespace {

/// The schema of a source with the metadata that its files have for its fields.
std::shared_ptr<arrow::Schema> WithMetadata(std::shared_ptr<arrow::Schema> shown,
                                            const std::shared_ptr<arrow::Schema>& stored) {
  if (stored == nullptr) return shown;
  arrow::FieldVector fields;
  for (const auto& field : shown->fields()) {
    const int index = stored->GetFieldIndex(field->name());
    const bool same = index >= 0 && stored->field(index)->type()->Equals(*field->type());
    fields.push_back(same ? stored->field(index)->WithNullable(field->nullable()) : field);
  }
  return arrow::schema(std::move(fields));
}

}  // namespace

Result<std::shared_ptr<const Table>> Table::Open(const ServedTable& served) {
  const auto& [name, location, partition, require_partition_filter] = served;
  auto table = std::make_shared<Table>();
  ARROW_ASSIGN_OR_RAISE(table->name, TableName::Parse(name));
  ARROW_ASSIGN_OR_RAISE(table->source, io::OpenSource(location));
  ARROW_ASSIGN_OR_RAISE(const auto stored, io::ReadFieldMetadata(location));
  Result<WireSchema> schema = MakeWireSchema(*WithMetadata(table->source->schema(), stored));
  if (!schema.ok()) {
    return schema.status().WithMessage(
        fmt::format("{} cannot be served as {}: {}", location, name, schema.status().message()));
  }
  table->schema = *std::move(schema);
  table->num_rows = table->source->num_rows();
  if (!partition.empty()) {
    auto partitions = TablePartitions::Make(*table->source, table->schema, partition,
                                            arrow::default_memory_pool());
    if (!partitions.ok()) {
      return partitions.status().WithMessage(
          fmt::format("--partition {}: {}", name, partitions.status().message()));
    }
    table->partitions = *std::move(partitions);
    table->require_partition_filter = require_partition_filter;
    // The table's partitions tell it, and no column.
    if (table->partitions->has_partition_time()) {
      ARROW_ASSIGN_OR_RAISE(table->schema, WithoutField(table->schema, kPartitionTime));
    }
  }
  return table;
}

TableRows::TableRows(std::shared_ptr<const Table> table)
    : TableRows(table, table->source, /*restricted=*/false) {}

TableRows::TableRows(std::shared_ptr<const Table> table, std::shared_ptr<const io::Source> source,
                     bool restricted)
    : table_(std::move(table)), source_(std::move(source)), restricted_(restricted) {
  int64_t start = 0;
  for (const io::Unit& unit : source_->units()) {
    unit_starts_.push_back(start);
    start += unit.num_rows;
  }
  unit_starts_.push_back(start);
}

Result<std::shared_ptr<const TableRows>> TableRows::Restrict(
    std::shared_ptr<const Table> table, std::shared_ptr<const io::filter::Filter> filter,
    const std::function<arrow::Status()>& check_stop, arrow::MemoryPool* pool) {
  io::FilterOptions options;
  options.num_threads = base::AvailableCores();
  options.pool = pool;
  options.progress = [&check_stop](int64_t) { return check_stop(); };
  // The source is immutable: what is made of it shares it.
  const auto source = std::const_pointer_cast<io::Source>(table->source);
  ARROW_ASSIGN_OR_RAISE(auto passing, io::FilterRows(source, std::move(filter), options));
  return std::shared_ptr<const TableRows>(
      new TableRows(std::move(table), std::move(passing), /*restricted=*/true));
}

size_t TableRows::UnitOf(int64_t row) const {
  const auto after = std::upper_bound(unit_starts_.begin(), unit_starts_.end(), row);
  return static_cast<size_t>(after - unit_starts_.begin() - 1);
}

std::vector<int64_t> TableRows::RanksOf(const std::vector<int64_t>& positions) const {
  if (!restricted_) return positions;
  std::vector<int64_t> ranks(positions.size(), num_rows());
  const std::vector<io::Unit>& units = source_->units();
  const std::vector<io::Unit>& whole = table_->source->units();
  size_t next = 0;
  int64_t whole_end = 0;
  // Units that no row passed stay, so the table's units are these.
  for (size_t unit = 0; unit < whole.size() && next < positions.size(); ++unit) {
    whole_end += whole[unit].num_rows;
    if (positions[next] >= whole_end) continue;
    int64_t rank = unit_starts_[unit];
    source_->VisitPositions(units[unit], [&](int64_t first, int64_t count) {
      while (next < positions.size() && positions[next] < first + count) {
        ranks[next] = rank + std::max<int64_t>(0, positions[next] - first);
        ++next;
      }
      rank += count;
    });
    while (next < positions.size() && positions[next] < whole_end) ranks[next++] = rank;
  }
  return ranks;
}

RowRanges TableRows::At(const RowRanges& positions) const {
  std::vector<int64_t> borders;
  for (const io::RowRun& run : positions.runs()) {
    borders.push_back(run.begin);
    borders.push_back(run.end);
  }
  const std::vector<int64_t> ranks = RanksOf(borders);
  std::vector<io::RowRun> runs;
  for (size_t i = 0; i + 1 < ranks.size(); i += 2) runs.push_back({ranks[i], ranks[i + 1]});
  return RowRanges(runs);
}

}  // namespace emberharmony::bigquery::server
