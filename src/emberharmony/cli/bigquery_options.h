#pragma once

#include <arrow/status.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace emberharmony::cli {

/// What the command line says of BigQuery.
struct BigQueryArguments {
  std::string endpoint;
  std::string project;
  std::optional<std::string> snapshot_time;
};

/// --bigquery-endpoint, --project and --snapshot-time of a command that reads a source.
void AddBigQueryOptions(CLI::App* command, BigQueryArguments* arguments);

/// Lets the run read bigquery:// as the options say. UsageError for values that are none.
arrow::Status RegisterBigQuery(const BigQueryArguments& arguments);

}  // namespace emberharmony::cli
