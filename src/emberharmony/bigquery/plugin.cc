#include "emberharmony/bigquery/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "emberharmony/bigquery/plugin_version_internal.h"

namespace emberharmony::bigquery {
namespace {

constexpr const char* kFileName = "libemberharmony_bigquery.so";

struct Search {
  Plugin* plugin = nullptr;
  std::string tried;  ///< each path with what was wrong with it
};

/// The folder of the library this function is in, or "".
std::string OwnFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&LoadPlugin), &info) == 0 || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// Sets *fault to what is wrong if there is no usable plugin at `path`.
Plugin* Load(const std::string& path, std::string* fault) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    *fault = dlerror();
    return nullptr;
  }
  void* const entry = dlsym(library, EMBER_BIGQUERY_ENTRY);
  if (entry == nullptr) {
    *fault = fmt::format("{} has no function {}", path, EMBER_BIGQUERY_ENTRY);
    return nullptr;
  }
  const char* version = "";
  Plugin* const plugin = reinterpret_cast<EmberBigQueryEntry>(entry)(&version);
  if (std::string_view(version) != kPluginVersion) {
    *fault = fmt::format("{} is of version {}, expected {}", path, version, kPluginVersion);
    return nullptr;
  }
  return plugin;
}

Search SearchPlugin() {
  std::vector<std::string> folders;
  if (const char* folder = std::getenv("EMBERHARMONY_PLUGIN_DIR"); folder && *folder) {
    folders.push_back(folder);
  }
  if (std::string own = OwnFolder(); !own.empty()) folders.push_back(std::move(own));
  Search search;
  for (const std::string& folder : folders) {
    std::string fault;
    search.plugin = Load(folder + "/" + kFileName, &fault);
    if (search.plugin != nullptr) return search;
    search.tried += (search.tried.empty() ? "" : "; ") + fault;
  }
  return search;
}

}  // namespace

arrow::Result<Plugin*> LoadPlugin() {
  static const Search search = SearchPlugin();
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
