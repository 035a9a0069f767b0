#include "emberharmony/bigquery/partition_filter.h"

#include <arrow/type.h>

#include "emberharmony/base/spelling.h"
#include "emberharmony/bigquery/partition_pruning.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery {

bool RequiresPartitionFilter(std::string_view message) {
  return message.find(kPartitionFilterRefusal) != std::string_view::npos;
}

std::string PartitionColumnOf(std::string_view message) {
  constexpr std::string_view kColumns = "column(s) ";
  // Listed with those of a table by the time of ingestion, and no name for conditions.
  constexpr std::string_view kLoadTime = "_PARTITION_LOAD_TIME";
  const size_t columns = message.find(kColumns);
  const size_t end = message.find(kPartitionFilterRefusal);
  if (columns == std::string_view::npos || end == std::string_view::npos || end < columns)
    return "";
  std::string_view names = message.substr(columns, end - columns);
  while (true) {
    const size_t begin = names.find('\'');
    const size_t close = begin == std::string_view::npos ? begin : names.find('\'', begin + 1);
    if (close == std::string_view::npos) return "";
    const std::string_view name = names.substr(begin + 1, close - begin - 1);
    if (!name.empty() && name != kLoadTime) return std::string(name);
    names.remove_prefix(close + 1);
  }
}

std::vector<std::string> ConditionsToShow(const std::string& condition) {
  constexpr size_t kConditionsMax = 16;  // each costs a call
  const auto expression = io::filter::ParseExpression(condition, "filter");
  if (!expression.ok()) return {};
  std::vector<std::string> conditions = {condition};
  if ((*expression)->kind != io::filter::ExpressionKind::kAnd) return conditions;
  for (const auto& term : (*expression)->children) {
    if (conditions.size() == kConditionsMax) break;
    conditions.push_back(io::filter::WriteSql(*term));
  }
  return conditions;
}

std::string ConditionOnPartitions(std::string_view refusal) {
  const std::string column = PartitionColumnOf(refusal);
  if (column.empty()) return "";
  io::filter::Expression name;
  name.kind = io::filter::ExpressionKind::kColumn;
  name.path = {column};
  return io::filter::WriteSql(name) + " IS NULL";
}

std::shared_ptr<arrow::Schema> WithPartitionTimes(const std::shared_ptr<arrow::Schema>& schema) {
  arrow::FieldVector fields = schema->fields();
  // BigQuery keeps the names for itself; other servers may not.
  for (const auto& field : schema->fields()) {
    const std::string name = base::LowerAscii(field->name());
    if (name == base::LowerAscii(kPartitionTime) || name == base::LowerAscii(kPartitionDate)) {
      return schema;
    }
  }
  fields.push_back(arrow::field(kPartitionTime, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
  fields.push_back(arrow::field(kPartitionDate, arrow::date32()));
  return arrow::schema(std::move(fields));
}

}  // namespace emberharmony::bigquery
