#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/backend/plugin_backend.h"

/// Finds, loads and registers backend plugins: libraries named libemberharmony_backend_NAME.so.
///
/// A plugin is looked for, in this order, at a path that the caller gives; in the folders and files
/// of $EMBERHARMONY_BACKEND_PATH (absolute paths with ':' between them); in the folders that were
/// added (the Python package adds those of entry points); beside this library. Never in the current
/// directory. It is loaded with its symbols apart from all others (RTLD_LOCAL), and never unloaded.
/// What is wrong with one leaves the others, and the native backend, working.
///
/// The framework it stands on is taken as it is if the process has it loaded already; else from
/// $EMBERHARMONY_NAME_DIR (EMBERHARMONY_TORCH_DIR: the folder of the installed package torch), from
/// the package in one of the framework folders that were added (the Python package adds its
/// site-packages), or from where the plugin was built to find it.
///
/// Nothing here loads a framework unless it is asked for by name. All functions are thread-safe.
namespace emberharmony::backend {

/// One file that was tried.
struct PluginAttempt {
  std::string path;
  std::string fault;   ///< what is wrong with it; empty: it was loaded
  std::string remedy;  ///< what would help
};

/// What is known of a plugin that was looked for.
struct PluginReport {
  std::string name;
  const PluginBackend* backend = nullptr;  ///< null: it could not be loaded
  std::vector<PluginAttempt> attempts;     ///< of the last search, in order
};

/// The backend of that name, loading its plugin if need be. A usage error with everything that was
/// tried and what would help if there is none. A failed search is made anew by the next call.
arrow::Result<Backend*> LoadBackend(std::string_view name);
/// The same where none need be there: null, and the reason in the log.
Backend* LoadBackendIfThere(std::string_view name);
/// LoadBackend from one file, whatever its name.
arrow::Result<Backend*> LoadBackendFile(const std::string& path);

/// Adds a folder (an absolute path) in which plugins are looked for, after those that were added.
void AddPluginFolder(std::string folder);
/// Adds a folder with installed Python packages, in which frameworks are looked for.
void AddFrameworkFolder(std::string folder);

/// The names of plugins that are made for this library or that lie in one of the folders looked in,
/// sorted. Loads nothing.
std::vector<std::string> KnownPlugins();
/// What became of the plugins that were looked for so far, by name.
std::vector<PluginReport> PluginReports();

/// Whether this machine has a driver of an accelerator (NVIDIA's, AMD's, or Metal): found by its
/// files, without loading anything.
bool HasAcceleratorDriver();
/// The plugins that compute on accelerators, the one to be tried first ahead.
inline constexpr const char* kAcceleratorBackends[] = {"torch", "mlx"};

}  // namespace emberharmony::backend
