#include "emberharmony/extractor/table_id.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "emberharmony/bigquery/table_name.h"

namespace emberharmony::extractor {
namespace {

constexpr std::string_view kScheme = "bigquery://";
constexpr std::array<std::string_view, 9> kFileEndings = {
    ".parquet", ".parq", ".pq", ".arrow", ".arrows", ".feather", ".ipc", ".csv", ".tsv"};

std::string_view WithoutComments(std::string_view sql) {
  while (!sql.empty()) {
    size_t skipped = 1;
    if (sql.starts_with("--")) {
      skipped = sql.find('\n');
    } else if (sql.starts_with("/*")) {
      const size_t end = sql.find("*/");
      skipped = end == std::string_view::npos ? end : end + 2;
    } else if (std::isspace(static_cast<unsigned char>(sql[0])) == 0 && sql[0] != '(') {
      return sql;
    }
    sql.remove_prefix(std::min(skipped, sql.size()));
  }
  return sql;
}

bool IsQuery(std::string_view text) {
  const std::string_view sql = WithoutComments(text);
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto end = std::find_if_not(sql.begin(), sql.end(), is_letter);
  // A word and nothing more, or more of a name, is no query.
  if (end == sql.end() || std::string_view("._-/").find(*end) != std::string_view::npos) {
    return false;
  }
  std::string word(sql.begin(), end);
  for (char& letter : word) letter = static_cast<char>(std::tolower(letter));
  return word == "select" || word == "with" || word == "from";
}

bool LooksLikeFile(std::string_view text) {
  if (text.find_first_of("/\\*?[") != std::string_view::npos || text == "-") return true;
  if (text.ends_with(".gz")) return true;
  return std::any_of(kFileEndings.begin(), kFileEndings.end(),
                     [&](std::string_view ending) { return text.ends_with(ending); });
}

}  // namespace

ResolvedTable ResolveTableId(const std::string& table_id, const std::string& project) {
  if (table_id.starts_with(kScheme)) return {TableKind::kBigQuery, table_id};
  std::error_code error;
  if (std::filesystem::exists(table_id, error)) return {TableKind::kLocation, table_id};
  if (IsQuery(table_id)) return {TableKind::kQuery, table_id};
  if (LooksLikeFile(table_id)) return {TableKind::kLocation, table_id};
  std::string name = table_id;
  std::erase(name, '`');
  if (!project.empty() && std::count(name.begin(), name.end(), '.') == 1) {
    name = project + "." + name;
  }
  const auto table = bigquery::TableName::Parse(name);
  if (!table.ok()) return {TableKind::kLocation, table_id};
  return {TableKind::kBigQuery,
          std::string(kScheme) + table->project + "/" + table->dataset + "/" + table->table};
}

}  // namespace emberharmony::extractor
