#include "emberharmony/bigquery/jobs/jobs_client.h"
#include "emberharmony/bigquery/jobs/json_fields_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

using nlohmann::json;

/// BigQuery nests records at most 15 deep.
constexpr int kDepthMax = 20;

TableKind KindOf(const std::string& type) {
  if (type == "TABLE") return TableKind::kTable;
  if (type == "EXTERNAL") return TableKind::kExternal;
  if (type == "SNAPSHOT" || type == "CLONE") return TableKind::kSnapshot;
  if (type == "VIEW") return TableKind::kView;
  if (type == "MATERIALIZED_VIEW") return TableKind::kMaterializedView;
  return TableKind::kOther;
}

std::vector<TableField> FieldsOf(const json& schema, int depth) {
  std::vector<TableField> fields;
  const json* list = Member(schema, "fields");
  if (list == nullptr || !list->is_array() || depth > kDepthMax) return fields;
  for (const json& each : *list) {
    TableField field{TextAt(each, {"name"}), TextAt(each, {"type"}), TextAt(each, {"mode"}),
                     FieldsOf(each, depth + 1)};
    if (field.mode.empty()) field.mode = "NULLABLE";
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

std::vector<TableField> ReadFields(const json& schema) { return FieldsOf(schema, 0); }

TableInfo ReadTableInfo(const json& answer) {
  TableInfo info;
  info.type = TextAt(answer, {"type"});
  info.kind = KindOf(info.type);
  info.location = TextAt(answer, {"location"});
  const bool is_view = info.kind == TableKind::kView || info.kind == TableKind::kMaterializedView;
  if (!is_view) {
    info.num_rows = IntegerAt(answer, {"numRows"});
    info.num_bytes = IntegerAt(answer, {"numBytes"});
  }
  if (const json* schema = Member(answer, "schema")) info.fields = FieldsOf(*schema, 0);
  info.partition_column = TextAt(answer, {"timePartitioning", "field"});
  info.partition_type = TextAt(answer, {"timePartitioning", "type"});
  if (info.partition_type.empty() && Member(answer, "rangePartitioning") != nullptr) {
    info.partition_type = "RANGE";
    info.partition_column = TextAt(answer, {"rangePartitioning", "field"});
    const auto bound = [&](const char* name) {
      return IntegerAt(answer, {"rangePartitioning", "range", name});
    };
    // Without all three nothing is known of the ranges.
    if (bound("start") && bound("end") && bound("interval")) {
      info.integer_ranges = {*bound("start"), *bound("end"), *bound("interval")};
    }
  }
  info.num_partitions = IntegerAt(answer, {"numPartitions"});
  info.requires_partition_filter = FlagAt(answer, {"requirePartitionFilter"}) ||
                                   FlagAt(answer, {"timePartitioning", "requirePartitionFilter"});
  const json* columns = At(answer, {"clustering", "fields"});
  if (columns != nullptr && columns->is_array()) {
    for (const json& column : *columns) {
      if (column.is_string()) info.clustering_columns.push_back(column.get<std::string>());
    }
  }
  return info;
}

}  // namespace emberharmony::bigquery::jobs
