#include "emberharmony/base/plugin_search.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace emberharmony::base {

std::string LibraryFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&FindPlugin), &info) == 0 || !info.dli_fname) return "";
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(info.dli_fname, error);
  return error ? "" : path.parent_path().string();
}

PluginSearch FindPlugin(
    const std::string& file_name, const char* entry_name,
    const std::function<std::string(void* entry, const std::string& path)>& fault_of) {
  std::vector<std::string> folders;
  if (const char* folder = std::getenv("EMBERHARMONY_PLUGIN_DIR"); folder && *folder) {
    folders.push_back(folder);
  }
  if (std::string own = LibraryFolder(); !own.empty()) folders.push_back(std::move(own));
  PluginSearch search;
  for (const std::string& folder : folders) {
    search.path = folder + "/" + file_name;
    void* const library = dlopen(search.path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    std::string fault;
    if (library == nullptr) {
      fault = dlerror();
    } else if (void* const entry = dlsym(library, entry_name); entry == nullptr) {
      fault = fmt::format("{} has no function {}", search.path, entry_name);
    } else {
      fault = fault_of(entry, search.path);
      if (fault.empty()) {
        search.entry = entry;
        return search;
      }
    }
    search.tried += (search.tried.empty() ? "" : "; ") + fault;
  }
  return search;
}

}  // namespace emberharmony::base
