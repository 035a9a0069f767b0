#include "emberharmony/bigquery/table_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/utf8.h"

namespace emberharmony::bigquery {
namespace {

constexpr size_t kProjectBytesMax = 100;  // with the domain of an organization
constexpr size_t kNameCharactersMax = 1024;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// "" or what is wrong with it. Projects are lower case letters, digits and hyphens, after the
/// domain of an organization where they have one.
std::string ProjectFault(std::string_view project) {
  if (project.empty()) return "the project is empty";
  if (project.size() > kProjectBytesMax) return "the project's name is too long";
  const size_t colon = project.rfind(':');
  const std::string_view domain = colon == std::string_view::npos ? "" : project.substr(0, colon);
  const std::string_view name =
      colon == std::string_view::npos ? project : project.substr(colon + 1);
  const auto is_part = [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_part) || name.front() == '-') {
    return "a project's name has lower case letters, digits and hyphens";
  }
  const auto is_domain = [&](char c) { return is_part(c) || c == '.'; };
  if ((colon != std::string_view::npos && domain.empty()) ||
      !std::all_of(domain.begin(), domain.end(), is_domain)) {
    return "a project's domain has lower case letters, digits, hyphens and points";
  }
  return "";
}

std::string DatasetFault(std::string_view dataset) {
  if (dataset.empty()) return "the dataset is empty";
  if (dataset.size() > kNameCharactersMax) return "the dataset's name is too long";
  const auto fits = [](char c) {
    return IsLower(c) || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '-';
  };
  if (!std::all_of(dataset.begin(), dataset.end(), fits)) {
    return "a dataset's name has letters, digits and underscores";
  }
  return "";
}

/// Tables may have letters of any alphabet, and so any byte of a character beyond ASCII.
std::string TableFault(std::string_view table) {
  if (table.empty()) return "the table is empty";
  if (table.size() > kNameCharactersMax) return "the table's name is too long";
  if (table.find('$') != std::string_view::npos || table.find('@') != std::string_view::npos) {
    return "decorators ($partition, @snapshot) are no part of a name; use a filter on the "
           "partitioning column, or --snapshot-time";
  }
  const auto fits = [](char c) {
    return IsLower(c) || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '-' || c == ' ' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (!std::all_of(table.begin(), table.end(), fits) || !base::IsUtf8(table)) {
    return "a table's name has letters, digits, underscores, hyphens and spaces";
  }
  return "";
}

/// Takes the text before `separator` off the front of `rest`.
bool TakeUntil(std::string_view* rest, std::string_view separator, std::string* part) {
  const size_t at = rest->find(separator);
  if (at == std::string_view::npos) return false;
  *part = rest->substr(0, at);
  rest->remove_prefix(at + separator.size());
  return true;
}

bool ParseResource(std::string_view rest, TableName* name) {
  if (!TakeUntil(&rest, "/datasets/", &name->project)) return false;
  if (!TakeUntil(&rest, "/tables/", &name->dataset)) return false;
  name->table = rest;
  return rest.find('/') == std::string_view::npos;
}

bool ParseUrl(std::string_view rest, TableName* name) {
  if (!TakeUntil(&rest, "/", &name->project)) return false;
  if (!TakeUntil(&rest, "/", &name->dataset)) return false;
  name->table = rest;
  return rest.find('/') == std::string_view::npos;
}

/// PROJECT.DATASET.TABLE, of which the project may have points before its colon.
bool ParseDotted(std::string_view text, TableName* name) {
  const size_t colon = text.find(':');
  const size_t first = text.find('.', colon == std::string_view::npos ? 0 : colon);
  if (first == std::string_view::npos) return false;
  name->project = text.substr(0, first);
  std::string_view rest = text.substr(first + 1);
  if (!TakeUntil(&rest, ".", &name->dataset)) return false;
  name->table = rest;
  return rest.find('.') == std::string_view::npos;
}

/// Backquotes stand around the whole or around each part.
std::string WithoutBackquotes(std::string_view text) {
  std::string result(text);
  if (text.find('`') == std::string_view::npos) return result;
  if (std::count(text.begin(), text.end(), '`') % 2 != 0) return result;
  std::erase(result, '`');
  return result;
}

}  // namespace

arrow::Result<TableName> TableName::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "bigquery://";
  constexpr std::string_view kProjects = "projects/";
  TableName name;
  bool parsed = false;
  if (text.starts_with(kScheme)) {
    parsed = ParseUrl(text.substr(kScheme.size()), &name);
  } else if (text.starts_with(kProjects)) {
    parsed = ParseResource(text.substr(kProjects.size()), &name);
  } else {
    parsed = ParseDotted(WithoutBackquotes(text), &name);
  }
  if (!parsed) {
    return base::UsageError(
        fmt::format("expected a table such as bigquery://PROJECT/DATASET/TABLE or "
                    "PROJECT.DATASET.TABLE, found '{}'",
                    text));
  }
  for (const std::string& fault :
       {ProjectFault(name.project), DatasetFault(name.dataset), TableFault(name.table)}) {
    if (!fault.empty()) {
      return base::UsageError(fmt::format("'{}' is no table of BigQuery: {}", text, fault));
    }
  }
  return name;
}

std::string TableName::Resource() const {
  return fmt::format("projects/{}/datasets/{}/tables/{}", project, dataset, table);
}

std::string TableName::Text() const { return fmt::format("{}.{}.{}", project, dataset, table); }

}  // namespace emberharmony::bigquery
