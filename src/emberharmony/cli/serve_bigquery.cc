#include "emberharmony/cli/serve_bigquery.h"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/bigquery/plugin.h"

namespace emberharmony::cli {
namespace {

constexpr int64_t kNumberMax = int64_t{1} << 40;

arrow::Result<int64_t> Size(const char* option, const std::string& text, int64_t min) {
  arrow::Result<int64_t> bytes = base::ParseByteSize(text);
  if (!bytes.ok()) {
    return base::UsageError(fmt::format("{}: {}", option, bytes.status().message()));
  }
  if (*bytes < min) {
    return base::UsageError(
        fmt::format("{}: expected at least {} bytes, found {}", option, min, *bytes));
  }
  return bytes;
}

arrow::Result<bigquery::ServerOptions> Parsed(const ServeOptions& options) {
  bigquery::ServerOptions parsed;
  for (const std::string& table : options.tables) {
    const size_t equals = table.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == table.size()) {
      return base::UsageError(
          fmt::format("--table: expected PROJECT.DATASET.TABLE=FILE, found '{}'", table));
    }
    parsed.tables.push_back({table.substr(0, equals), table.substr(equals + 1)});
  }
  for (const std::string& text : options.partitions) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto table = std::find_if(parsed.tables.begin(), parsed.tables.end(),
                                    [&](const auto& each) { return each.name == name; });
    if (equals == std::string::npos || equals + 1 == text.size() || table == parsed.tables.end()) {
      return base::UsageError(
          fmt::format("--partition: expected PROJECT.DATASET.TABLE=COLUMN[:TYPE] of "
                      "a table that --table names, "
                      "found '{}'",
                      text));
    }
    table->partition = text.substr(equals + 1);
  }
  for (const std::string& name : options.partition_filters) {
    const auto table = std::find_if(parsed.tables.begin(), parsed.tables.end(),
                                    [&](const auto& each) { return each.name == name; });
    if (table == parsed.tables.end()) {
      return base::UsageError(
          fmt::format("--require-partition-filter: expected PROJECT.DATASET.TABLE of a table that "
                      "--table names, found '{}'",
                      name));
    }
    if (table->partition.empty()) {
      return base::UsageError(fmt::format(
          "--require-partition-filter: the table '{0}' has no partitions; say by which column it "
          "is partitioned, too: --partition {0}=COLUMN",
          name));
    }
    table->require_partition_filter = true;
  }
  for (const std::string& fault : options.faults) {
    ARROW_ASSIGN_OR_RAISE(bigquery::ServerFault made, bigquery::ServerFault::Parse(fault));
    parsed.faults.faults.push_back(std::move(made));
  }
  parsed.host = options.host;
  parsed.port = options.port;
  ARROW_ASSIGN_OR_RAISE(parsed.response_bytes, Size("--response-bytes", options.response_bytes, 1));
  ARROW_ASSIGN_OR_RAISE(parsed.stream_bytes, Size("--stream-bytes", options.stream_bytes, 1));
  ARROW_ASSIGN_OR_RAISE(parsed.cache_bytes, Size("--cache", options.cache, 0));
  ARROW_ASSIGN_OR_RAISE(parsed.send_bytes, Size("--send-bytes", options.send_bytes, 1));
  parsed.response_rows = options.response_rows;
  parsed.session_seconds = options.session_seconds;
  parsed.num_threads = options.threads;
  return parsed;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

/// Waits for one of the signals, which every thread must have blocked before.
void AwaitSignal(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
}

}  // namespace

void AddServeCommand(CLI::App* app, ServeOptions* options) {
  CLI::App* serve = app->add_subcommand(
      "serve-bigquery", "Serve tables as BigQuery's Storage Read API does, on this machine");
  serve
      ->add_option("--table", options->tables,
                   "A table and its Parquet, Arrow or CSV: a file, a folder or a glob")
      ->type_name("PROJECT.DATASET.TABLE=FILE")
      ->required();
  serve
      ->add_option(
          "--partition", options->partitions,
          "A table and the column by which it is partitioned, TYPE being DAY (the default), HOUR, "
          "MONTH or YEAR: "
          "sessions estimate only what their restriction leaves. _PARTITIONTIME: by the time of "
          "ingestion, which a column of that name tells, hidden from readers as in BigQuery")
      ->type_name("PROJECT.DATASET.TABLE=COLUMN[:TYPE]");
  serve
      ->add_option("--require-partition-filter", options->partition_filters,
                   "A table of --partition that, as BigQuery's tables with that option, is only "
                   "read with a restriction on its partitions")
      ->type_name("PROJECT.DATASET.TABLE");
  serve->add_option("--port", options->port, "Where to listen; 0: any port that is free")
      ->type_name("PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  serve
      ->add_option("--host", options->host,
                   "The address to listen on; without encryption and for everyone who reaches it")
      ->capture_default_str();
  serve
      ->add_option("--response-bytes", options->response_bytes,
                   "Rows of a response before compression, about")
      ->type_name("SIZE")
      ->capture_default_str();
  serve
      ->add_option("--response-rows", options->response_rows,
                   "Rows of a response (default: as many as --response-bytes are)")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kNumberMax));
  serve
      ->add_option("--stream-bytes", options->stream_bytes,
                   "A table has at most one stream for so many bytes")
      ->type_name("SIZE")
      ->capture_default_str();
  serve
      ->add_option("--cache", options->cache,
                   "Keep so much of what was encoded for those who ask for it again")
      ->type_name("SIZE")
      ->capture_default_str();
  serve
      ->add_option("--send-bytes", options->send_bytes,
                   "What all calls together may have ready for slow clients")
      ->type_name("SIZE")
      ->capture_default_str();
  serve
      ->add_option("--session-seconds", options->session_seconds,
                   "How long a session lives after it was made")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, kNumberMax))
      ->capture_default_str();
  serve
      ->add_option("--threads", options->threads,
                   "Threads that read and encode (default: the cores the process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  serve
      ->add_option("--fault", options->faults,
                   "Something to do wrong on purpose, KIND:KEY=VALUE,...: cut, stall, throttle, "
                   "duplicate, missing, row-count, truncate, corrupt, schema, expire, uneven, "
                   "session, split, with after, stream, times, status, message, retry-delay-ms, "
                   "value")
      ->type_name("FAULT");
  serve->footer(
      "Prints 'listening on HOST:PORT' when it can be called; SIGINT or SIGTERM ends it.\n\n"
      "Examples:\n"
      "  ember serve-bigquery --table demo.flights.all=flights.parquet --port 9060\n"
      "  ember serve-bigquery --table demo.d.t='logs/*.parquet' --response-rows 1024\n"
      "  ember serve-bigquery --table demo.d.t=t.parquet --fault cut:after=3,times=2 \\\n"
      "      --fault throttle:value=30");
}

arrow::Status Serve(const ServeOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const bigquery::ServerOptions parsed, Parsed(options));
  // Blocked before any thread is made, so that only AwaitSignal takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ARROW_ASSIGN_OR_RAISE(bigquery::Plugin * plugin, bigquery::LoadPlugin());
  ARROW_ASSIGN_OR_RAISE(const auto server, plugin->StartServer(parsed));
  if (!IsLoopback(options.host)) {
    fmt::print(stderr,
               "ember: warning: {} can be reached from other machines, without encryption and "
               "without a password\n",
               options.host);
  }
  fmt::print("listening on {}:{}\n", options.host, server->port());
  if (std::fflush(stdout) != 0) return base::DataError("cannot write to standard output");
  AwaitSignal(signals);
  server->Stop();
  return arrow::Status::OK();
}

}  // namespace emberharmony::cli
