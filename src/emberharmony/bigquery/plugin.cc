#include "emberharmony/bigquery/plugin.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "emberharmony/base/plugin_search.h"
#include "emberharmony/bigquery/plugin_version_internal.h"

namespace emberharmony::bigquery {
namespace {

constexpr const char* kFileName = "libemberharmony_bigquery.so";

struct Found {
  Plugin* plugin = nullptr;
  std::string tried;
};

Found FindBigQuery() {
  Plugin* plugin = nullptr;
  const auto fault_of = [&plugin](void* entry, const std::string& path) {
    const char* version = "";
    plugin = reinterpret_cast<EmberBigQueryEntry>(entry)(&version);
    return std::string_view(version) == kPluginVersion
               ? ""
               : fmt::format("{} is of version {}, expected {}", path, version, kPluginVersion);
  };
  const base::PluginSearch search = base::FindPlugin(kFileName, EMBER_BIGQUERY_ENTRY, fault_of);
  return {search.entry == nullptr ? nullptr : plugin, search.tried};
}

}  // namespace

arrow::Result<Plugin*> LoadPlugin() {
  static const Found search = FindBigQuery();
  if (search.plugin != nullptr) {
    search.plugin->SetLogLevel(base::internal::log_level.load());
    return search.plugin;
  }
  return arrow::Status::IOError(
      fmt::format("BigQuery needs the plugin {}, which was not found: put it beside the library or "
                  "set EMBERHARMONY_PLUGIN_DIR to its folder; tried: {}",
                  kFileName, search.tried));
}

}  // namespace emberharmony::bigquery
