#include "emberharmony/io/remote_tables.h"

#include <map>
#include <mutex>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, RemoteOpener> openers;  // guarded by mutex
};

Registry& Openers() {
  static Registry registry;
  return registry;
}

RemoteOpener FindOpener(const std::string& location, std::string* scheme) {
  const size_t end = location.find("://");
  if (end == std::string::npos) return nullptr;
  Registry& registry = Openers();
  const std::lock_guard lock(registry.mutex);
  const auto found = registry.openers.find(location.substr(0, end));
  if (found == registry.openers.end()) return nullptr;
  *scheme = found->first;
  return found->second;
}

}  // namespace

void RegisterRemoteTables(const std::string& scheme, RemoteOpener opener) {
  Registry& registry = Openers();
  const std::lock_guard lock(registry.mutex);
  registry.openers[scheme] = std::move(opener);
}

std::string RemoteScheme(const std::string& location) {
  std::string scheme;
  FindOpener(location, &scheme);
  return scheme;
}

arrow::Result<std::unique_ptr<RemoteTable>> OpenRemoteTable(const std::string& location,
                                                            const std::string& filter,
                                                            const StopCheck& check_stop) {
  std::string scheme;
  const RemoteOpener opener = FindOpener(location, &scheme);
  if (opener == nullptr) {
    return base::UsageError("nothing here reads tables from '" + location + "'");
  }
  return opener(location, filter, check_stop);
}

}  // namespace emberharmony::io
