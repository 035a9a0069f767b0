#include "emberharmony/cli/bigquery_options.h"

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/remote_source.h"
#include "emberharmony/io/object_stores.h"
#include "emberharmony/io/remote_tables.h"

namespace emberharmony::cli {

void AddBigQueryOptions(CLI::App* command, CLI::Option* source, BigQueryArguments* arguments) {
  command
      ->add_option("--query", arguments->query,
                   "Instead of SOURCE: a SELECT that BigQuery runs, and whose result is read")
      ->type_name("SQL")
      ->each([source](const std::string&) { source->required(false); });
  command
      ->add_option("--bigquery-endpoint", arguments->endpoint,
                   "bigquery://: another Storage Read server, e.g. localhost:9060 (one on this "
                   "machine is spoken to without TLS and credentials)")
      ->type_name("HOST:PORT");
  command
      ->add_option("--bigquery-rest-endpoint", arguments->rest_endpoint,
                   "bigquery://, --query: another server of the REST API, which runs queries and "
                   "knows views")
      ->type_name("URL");
  command
      ->add_option("--project", arguments->project,
                   "bigquery://, --query: the project that pays (default: the table's; for a query "
                   "$GOOGLE_CLOUD_PROJECT)")
      ->type_name("PROJECT");
  command
      ->add_option(
          "--snapshot-time", arguments->snapshot_time,
          "bigquery://: the table as it was then, e.g. 2024-01-31T05:06:07Z (default: now)")
      ->type_name("TIME");
  command
      ->add_option("--unit-column", arguments->unit_column,
                   "bigquery://: read the table in ranges of this column, which outlive the "
                   "service's sessions and become the units (default: the plan's unit_column); "
                   "best the one it is partitioned or clustered by")
      ->type_name("NAME");
  command->add_flag("--no-split-streams", arguments->no_split_streams,
                    "bigquery://: do not have the service split long streams near the end of a "
                    "download");
}

arrow::Status RegisterBigQuery(const BigQueryArguments& arguments, std::string* source) {
  bigquery::RemoteSourceOptions options;
  if (arguments.query) {
    if (!source->empty()) {
      return base::UsageError("expected a source or --query, found both: leave out '" + *source +
                              "'");
    }
    options.query = *arguments.query;
    *source = bigquery::kQueryLocation;
  }
  options.connection.rest_endpoint = arguments.rest_endpoint;
  options.connection.storage_endpoint = arguments.endpoint;
  options.connection.billing_project = arguments.project;
  if (arguments.snapshot_time) {
    ARROW_ASSIGN_OR_RAISE(options.snapshot_micros,
                          bigquery::ParseSnapshotTime(*arguments.snapshot_time));
  }
  options.unit_column = arguments.unit_column;
  options.split_streams = !arguments.no_split_streams;
  bigquery::RegisterRemoteSource(options);
  if (!arguments.unit_column.empty() && io::RemoteScheme(*source).empty()) {
    return base::UsageError(
        "--unit-column divides tables of BigQuery alone, and files have units of their own: leave "
        "it out, or read a table (bigquery://); the source is '" +
        io::ShownLocation(*source) + "'");
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::cli
