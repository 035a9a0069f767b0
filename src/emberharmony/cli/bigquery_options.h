#pragma once

#include <arrow/status.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace emberharmony::cli {

/// What the command line says of BigQuery.
struct BigQueryArguments {
  std::string endpoint;
  std::string rest_endpoint;
  std::string project;
  std::optional<std::string> query;
  std::optional<std::string> snapshot_time;
  std::string unit_column;
  bool no_split_streams = false;
};

/// --query, --bigquery-endpoint, --bigquery-rest-endpoint, --project, --snapshot-time,
/// --unit-column and --no-split-streams of a command that reads `source`, which need not be given
/// where there is a query.
void AddBigQueryOptions(CLI::App* command, CLI::Option* source, BigQueryArguments* arguments);

/// Lets the run read bigquery:// as the options say, and makes the query's result the source where
/// there is one. UsageError for values that are none, and for a query beside a source.
arrow::Status RegisterBigQuery(const BigQueryArguments& arguments, std::string* source);

}  // namespace emberharmony::cli
