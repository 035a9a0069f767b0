#include "emberharmony/bigquery/query_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery {
namespace {

/// A name in backquotes, in which GoogleSQL has the escapes of string literals ("Lexical structure
/// and syntax", quoted identifiers).
std::string Quoted(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '`' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '`';
}

arrow::Status CheckColumn(const std::string& column) {
  const bool empty_part = column.empty() || column.front() == '.' || column.back() == '.' ||
                          column.find("..") != std::string::npos;
  if (empty_part || !base::IsUtf8(column)) {
    return base::UsageError(
        fmt::format("expected a column's name, or struct.child, found '{}'", column));
  }
  return arrow::Status::OK();
}

/// Whether `column` is `other` or a part of it.
bool IsWithin(const std::string& column, const std::string& other) {
  return column == other || column.starts_with(other + ".");
}

/// In the order given, each once, without parts of what is there as a whole.
std::vector<std::string> Reduced(const std::vector<std::string>& columns) {
  std::vector<std::string> reduced;
  for (size_t i = 0; i < columns.size(); ++i) {
    bool covered = false;
    for (size_t j = 0; j < columns.size() && !covered; ++j) {
      const bool same = columns[i] == columns[j];
      covered = j != i && IsWithin(columns[i], columns[j]) && (!same || j < i);
    }
    if (!covered) reduced.push_back(columns[i]);
  }
  return reduced;
}

std::string SelectList(const std::vector<std::string>& columns) {
  std::vector<std::string> wholes;
  for (const std::string& column : columns) {
    std::string whole = Quoted(column.substr(0, column.find('.')));
    if (std::find(wholes.begin(), wholes.end(), whole) == wholes.end()) {
      wholes.push_back(std::move(whole));
    }
  }
  return wholes.empty() ? "*" : fmt::format("{}", fmt::join(wholes, ", "));
}

arrow::Result<std::string> CanonicalFilter(std::string_view filter) {
  if (filter.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::string();
  ARROW_ASSIGN_OR_RAISE(const io::filter::ExpressionPtr expression,
                        io::filter::ParseExpression(filter, "filter"));
  return io::filter::WriteSql(*expression);
}

std::string FromWhere(const TableName& table, const std::string& filter) {
  return fmt::format("FROM {}{}{}", Quoted(table.Text()), filter.empty() ? "" : " WHERE ", filter);
}

}  // namespace

arrow::Result<QueryPlan> PlanQuery(const TableQuery& query) {
  for (const std::string& column : query.columns) ARROW_RETURN_NOT_OK(CheckColumn(column));
  if (query.limit && *query.limit < 0) {
    return base::UsageError(fmt::format("expected a limit of 0 or more, found {}", *query.limit));
  }
  QueryPlan plan;
  plan.columns = Reduced(query.columns);
  plan.limit = query.limit;
  ARROW_ASSIGN_OR_RAISE(plan.row_restriction, CanonicalFilter(query.filter));
  plan.sql = fmt::format("SELECT {} {}", SelectList(plan.columns),
                         FromWhere(query.table, plan.row_restriction));
  if (plan.limit) plan.sql += fmt::format(" LIMIT {}", *plan.limit);
  return plan;
}

arrow::Result<std::string> CountSql(const TableName& table, std::string_view filter) {
  ARROW_ASSIGN_OR_RAISE(const std::string condition, CanonicalFilter(filter));
  return "SELECT COUNT(*) AS n " + FromWhere(table, condition);
}

}  // namespace emberharmony::bigquery
