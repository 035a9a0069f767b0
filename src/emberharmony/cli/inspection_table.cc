#include "emberharmony/cli/inspection_table.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/plural.h"
#include "emberharmony/cli/text_table.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::cli {

namespace {

using engine::InspectedColumn;
using engine::ShownText;

constexpr size_t kInspectedNameBytesMax = 32;
constexpr size_t kInspectedTypeBytesMax = 24;
constexpr size_t kValueBytesMax = 30;  // a timestamp of nanoseconds in UTC

using Row = TableRow;

bool IsTimeText(const std::string& text) {
  const size_t point = text.find('.');
  return point != std::string::npos && point >= 8 && text[point - 3] == ':' &&
         text.find_first_not_of("0123456789", point + 1) == std::string::npos;
}

// Texts are in quotes where one could not tell that there is one, or where it begins and ends.
std::string TextShown(const engine::InspectedValue& value, const std::string& text) {
  const std::string shown = ShownText(text, kValueBytesMax);
  if (!value.value.is_string()) return shown;
  const bool is_plain = !text.empty() && text.front() != ' ' && text.back() != ' ';
  return is_plain ? shown : "'" + shown + "'";
}

std::string ValueShown(const std::optional<engine::InspectedValue>& value) {
  if (!value) return "";
  // Numbers of a double's precision are cut for the eye; all digits are in the JSON.
  if (value->value.is_number_float()) return engine::ShownNumber(value->value.get<double>());
  std::string text = value->text;
  // A fraction of a second that ends in zeros.
  if (IsTimeText(text)) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return TextShown(*value, text);
}

Row ColumnRow(const InspectedColumn& column) {
  Row row = {ShownText(column.name, kInspectedNameBytesMax),
             ShownText(column.type->ToString(), kInspectedTypeBytesMax)};
  if (!column.read) return row;
  const double rows = static_cast<double>(column.count) + static_cast<double>(column.null_count);
  row.push_back(rows > 0 ? engine::ShownShare(static_cast<double>(column.null_count) / rows) : "");
  row.push_back((column.distinct_exact ? "" : "~") + engine::ShownCount(column.distinct_count));
  row.push_back(ValueShown(column.min));
  std::string median, mean;
  for (const auto& quantile : column.quantiles) {
    if (quantile.q != 0.5) continue;
    median = (quantile.error_bound > 0 ? "~" : "") + ValueShown(quantile.at);
  }
  if (column.moments && column.count > column.moments->infinity_count) {
    mean = engine::ShownNumber(column.moments->mean);
  }
  row.push_back(median);
  row.push_back(ValueShown(column.max));
  row.push_back(mean);
  return row;
}

std::string MostFrequent(const InspectedColumn& column) {
  if (!column.top_known) return column.top_unknown;
  std::string text;
  const double rows = static_cast<double>(column.count) + static_cast<double>(column.null_count);
  for (const auto& value : column.top) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", TextShown(value, value.text),
                        engine::ShownShare(static_cast<double>(value.count) / rows));
  }
  return text;
}

}  // namespace

std::string InspectionTable(const engine::Inspection& inspection) {
  std::string out =
      fmt::format("{} {}, {}, {}, {} in {}\n\n", engine::ShownCount(inspection.num_rows),
                  base::Plural(inspection.num_rows, "row"),
                  base::Counted(static_cast<int64_t>(inspection.columns.size()), "column"),
                  base::Counted(inspection.num_units, "unit"),
                  base::FormatByteSize(inspection.num_bytes), ShownText(inspection.source));
  std::vector<Row> figures = {
      {"column", "type", "nulls", "distinct", "min", "median", "max", "mean"}};
  std::vector<Row> frequent = {{"column", "most frequent values"}};
  std::vector<Row> steps = {{"column", "suggested steps"}};
  for (const InspectedColumn& column : inspection.columns) {
    const std::string name = ShownText(column.name, kInspectedNameBytesMax);
    figures.push_back(ColumnRow(column));
    if (column.read && column.count > 0) frequent.push_back({name, MostFrequent(column)});
    steps.push_back({name, column.steps.empty() ? "left out: " + column.reason : column.steps});
  }
  out += AlignedTable(figures, 2);
  if (frequent.size() > 1) out += "\n" + AlignedTable(frequent, 2);
  return out + "\n" + AlignedTable(steps, 2);
}

}  // namespace emberharmony::cli
