#pragma once

#include <arrow/result.h>

#include <string>

namespace emberharmony::extractor {

/// What a text that names a table stands for.
enum class TableKind {
  kLocation,  ///< a file, a folder, a glob, an address of an object store
  kBigQuery,  ///< bigquery://PROJECT/DATASET/TABLE
  kQuery,     ///< a SELECT for BigQuery
};

struct ResolvedTable {
  TableKind kind = TableKind::kLocation;
  std::string text;  ///< a location, an address with the project, or the query's SQL
};

/// What `table_id` stands for. A text that begins with SELECT, WITH or FROM (comments and
/// parentheses may precede it) is a query. PROJECT.DATASET.TABLE, or DATASET.TABLE where there is a
/// `project`, is a table of BigQuery, unless a file of that name exists, or it ends or looks as a
/// path does; all else is a location.
ResolvedTable ResolveTableId(const std::string& table_id, const std::string& project);

}  // namespace emberharmony::extractor
