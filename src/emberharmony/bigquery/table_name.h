#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

namespace emberharmony::bigquery {

/// A table of BigQuery. The parts have passed the service's rules for names.
struct TableName {
  std::string project;
  std::string dataset;
  std::string table;

  /// Reads `bigquery://PROJECT/DATASET/TABLE`, `PROJECT.DATASET.TABLE` (of which a project with a
  /// domain, `example.com:project`, may hold points before its colon) and
  /// `projects/PROJECT/datasets/DATASET/tables/TABLE`. Backquotes around the second form are
  /// allowed. Decorators (partition, snapshot) are an error: the service takes neither in a name.
  static arrow::Result<TableName> Parse(std::string_view text);

  /// `projects/PROJECT/datasets/DATASET/tables/TABLE`, as requests name it.
  std::string Resource() const;
  /// `PROJECT.DATASET.TABLE`, as people do.
  std::string Text() const;

  bool operator==(const TableName&) const = default;
};

}  // namespace emberharmony::bigquery
