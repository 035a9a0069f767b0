#pragma once

#include <functional>
#include <string>

namespace emberharmony::base {

/// A library that is loaded when first needed, and what was looked for.
struct PluginSearch {
  void* entry = nullptr;  ///< the function it exports; null: there is no usable one
  std::string path;       ///< of what was found
  std::string tried;      ///< each path with what was wrong with it
};

/// The folder of the library that this code is in, as an absolute path; empty if it cannot be told.
std::string LibraryFolder();

/// Loads `file_name` from $EMBERHARMONY_PLUGIN_DIR, else from the folder of this library, and finds
/// the function `entry_name` in it. `fault_of` is given that function and the path, and returns
/// what is wrong with the library (its version, say), or "". What was loaded stays loaded, apart
/// from the symbols of the rest of the process (RTLD_LOCAL).
PluginSearch FindPlugin(
    const std::string& file_name, const char* entry_name,
    const std::function<std::string(void* entry, const std::string& path)>& fault_of);

}  // namespace emberharmony::base
