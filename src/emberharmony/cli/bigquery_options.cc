#include "emberharmony/cli/bigquery_options.h"

#include "emberharmony/bigquery/remote_source.h"

namespace emberharmony::cli {

void AddBigQueryOptions(CLI::App* command, BigQueryArguments* arguments) {
  command
      ->add_option("--bigquery-endpoint", arguments->endpoint,
                   "bigquery://: another Storage Read server, e.g. localhost:9060 (one on this "
                   "machine is spoken to without TLS and credentials)")
      ->type_name("HOST:PORT");
  command
      ->add_option("--project", arguments->project,
                   "bigquery://: the project that pays for reading (default: the table's)")
      ->type_name("PROJECT");
  command
      ->add_option(
          "--snapshot-time", arguments->snapshot_time,
          "bigquery://: the table as it was then, e.g. 2024-01-31T05:06:07Z (default: now)")
      ->type_name("TIME");
}

arrow::Status RegisterBigQuery(const BigQueryArguments& arguments) {
  bigquery::RemoteSourceOptions options;
  options.connection.storage_endpoint = arguments.endpoint;
  options.connection.billing_project = arguments.project;
  if (arguments.snapshot_time) {
    ARROW_ASSIGN_OR_RAISE(options.snapshot_micros,
                          bigquery::ParseSnapshotTime(*arguments.snapshot_time));
  }
  bigquery::RegisterRemoteSource(options);
  return arrow::Status::OK();
}

}  // namespace emberharmony::cli
