#include "emberharmony/extractor/run_connection.h"

#include <mutex>
#include <string>

#include "emberharmony/io/remote_tables.h"

namespace emberharmony::extractor {
namespace {

thread_local const bigquery::RemoteSourceOptions* run_options = nullptr;

bigquery::RemoteSourceOptions OptionsOfThisRun() {
  return run_options == nullptr ? bigquery::RemoteSourceOptions() : *run_options;
}

void RegisterOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    io::RegisterRemoteTables(
        bigquery::kTableScheme, [](const std::string& location, const std::string& filter,
                                   const io::StopCheck& check_stop) {
          return bigquery::TableOpener(OptionsOfThisRun())(location, filter, check_stop);
        });
    io::RegisterRemoteTables(
        bigquery::kQueryScheme, [](const std::string& location, const std::string& filter,
                                   const io::StopCheck& check_stop) {
          return bigquery::QueryOpener(OptionsOfThisRun())(location, filter, check_stop);
        });
  });
}

}  // namespace

RunConnection::RunConnection(const bigquery::RemoteSourceOptions* options) : earlier_(run_options) {
  RegisterOnce();
  run_options = options;
}

RunConnection::~RunConnection() { run_options = earlier_; }

}  // namespace emberharmony::extractor
