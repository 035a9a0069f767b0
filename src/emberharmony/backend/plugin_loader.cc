#include "emberharmony/backend/plugin_loader.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>

#include "emberharmony/backend/framework_search_internal.h"
#include "emberharmony/backend/plugin_table_internal.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/plugin_search.h"
#include "emberharmony/base/shortened.h"

namespace emberharmony::backend {
namespace {

constexpr std::string_view kPrefix = "libemberharmony_backend_";
#ifdef __APPLE__
constexpr std::string_view kSuffix = ".dylib";
#else
constexpr std::string_view kSuffix = ".so";
#endif
constexpr const char* kPathVariable = "EMBERHARMONY_BACKEND_PATH";
/// More than a path is ever meant to have.
constexpr size_t kPathEntriesMax = 64;

struct Loader {
  std::mutex mutex;
  std::vector<std::string> plugin_folders;                   // guarded by mutex
  std::vector<std::string> framework_folders;                // guarded by mutex
  std::map<std::string, PluginReport, std::less<>> reports;  // guarded by mutex
};

/// Never destroyed: plugins are never unloaded.
Loader& TheLoader() {
  static Loader* loader = new Loader;
  return *loader;
}

std::string FileName(std::string_view name) {
  return fmt::format("{}{}{}", kPrefix, name, kSuffix);
}

/// The plugin's name in the name of its file, or "".
std::string NameIn(const std::string& file_name) {
  std::string_view name = file_name;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return "";
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  return std::string(name);
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// The entries of $EMBERHARMONY_BACKEND_PATH.
std::vector<std::string> PathEntries() {
  std::vector<std::string> entries;
  const char* const path = std::getenv(kPathVariable);
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty() && entries.size() < kPathEntriesMax) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) entries.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return entries;
}

/// Where a plugin may be, in the order to look. The loader's mutex is held.
std::vector<std::string> Candidates(const Loader& loader, std::string_view name,
                                    std::vector<PluginAttempt>* attempts) {
  const std::string file_name = FileName(name);
  std::vector<std::string> paths;
  for (const std::string& entry : PathEntries()) {
    if (entry.front() != '/') {
      attempts->push_back({entry, fmt::format("{} has a path that is not absolute", kPathVariable),
                           "write it from the root on: the current directory is never looked in"});
    } else if (entry.ends_with(kSuffix)) {
      if (std::filesystem::path(entry).filename() == file_name) paths.push_back(entry);
    } else {
      paths.push_back(entry + "/" + file_name);
    }
  }
  for (const std::string& folder : loader.plugin_folders) paths.push_back(folder + "/" + file_name);
  if (const std::string own = base::LibraryFolder(); !own.empty()) {
    paths.push_back(own + "/" + file_name);
  }
  return paths;
}

std::string InstallHint(std::string_view name) {
  const Framework* const framework = FindFramework(name);
  if (framework == nullptr) {
    return fmt::format("install what brings the plugin, or name its folder in {}", kPathVariable);
  }
  return fmt::format(
      "install an emberharmony that was built with {}, or name the folder of the "
      "plugin in {}",
      framework->package, kPathVariable);
}

/// What would help against an error of the system's loader.
std::string RemedyFor(std::string_view name, std::string_view fault) {
  const Framework* const framework = FindFramework(name);
  if (framework == nullptr) return "see what the plugin needs";
  if (fault.find("undefined symbol") != std::string_view::npos) {
    return fmt::format(
        "the {} found is of another version than the plugin was built for: install "
        "that one, or build the plugin anew",
        framework->package);
  }
  return fmt::format("{}, or set {} to the folder of the installed package {}", framework->install,
                     framework->folder_variable, framework->package);
}

/// Loads one file; its backend, or null with the fault and the remedy in *attempt.
std::unique_ptr<PluginBackend> TryFile(const Loader& loader, std::string_view name,
                                       PluginAttempt* attempt) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(attempt->path, error)) {
    attempt->fault = "there is no such file";
    attempt->remedy = InstallHint(name);
    return nullptr;
  }
  std::vector<std::string> framework_faults;
  if (const Framework* const framework = FindFramework(name)) {
    framework_faults = LoadFramework(*framework, loader.framework_folders);
  }
  void* const library = dlopen(attempt->path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    attempt->fault = dlerror();
    for (const std::string& fault : framework_faults) attempt->fault += "; " + fault;
    attempt->remedy = RemedyFor(name, attempt->fault);
    return nullptr;
  }
  void* const entry = dlsym(library, EMBER_BACKEND_ENTRY);
  if (entry == nullptr) {
    attempt->fault = fmt::format("it has no function {}", EMBER_BACKEND_ENTRY);
    attempt->remedy = "it is no backend plugin: remove it from the folder";
    return nullptr;
  }
  EmberHost host{};
  host.size = sizeof(host);
  host.abi_version = EMBER_BACKEND_ABI_VERSION;
  host.num_ops = kNumOps;
  host.library_version = "0.1.0";
  char text[1024] = "";
  const EmberBackend* table = nullptr;
  const auto start = [&]() -> int32_t {
    table = reinterpret_cast<EmberBackendEntry>(entry)(&host, text, sizeof(text));
    return EMBER_OK;
  };
  if (GuardedCall(start, text, sizeof(text)) != EMBER_OK || (table == nullptr && *text != '\0')) {
    attempt->fault = text;
    attempt->remedy = RemedyFor(name, attempt->fault);
    return nullptr;
  }
  auto backend = PluginBackend::Make(table, attempt->path);
  if (!backend.ok()) {
    attempt->fault = backend.status().message();
    attempt->remedy = "install a plugin that is made for this emberharmony";
    return nullptr;
  }
  return *std::move(backend);
}

/// Registers what was loaded; null with the fault in *attempt if its name is another or taken.
Backend* Register(std::unique_ptr<PluginBackend> backend, std::string_view name,
                  PluginAttempt* attempt) {
  if (!name.empty() && backend->name() != name) {
    attempt->fault = fmt::format("it calls itself '{}', expected '{}'", backend->name(), name);
    attempt->remedy = "give the file the name of the plugin that it is";
    return nullptr;
  }
  Backend* const registered = backend.get();
  if (!RegisterBackend(std::move(backend))) {
    attempt->fault = "a backend of its name is there already";
    attempt->remedy = "use that one";
    return nullptr;
  }
  return registered;
}

std::string DescribeAttempts(const std::vector<PluginAttempt>& attempts) {
  std::string text;
  for (const PluginAttempt& attempt : attempts) {
    text += fmt::format("{}{}: {} ({})", text.empty() ? "" : "; ", attempt.path, attempt.fault,
                        attempt.remedy);
  }
  return text;
}

}  // namespace

arrow::Result<Backend*> LoadBackend(std::string_view name) {
  if (Backend* const known = FindBackend(name)) return known;
  if (!IsPlainName(name)) {
    return base::UsageError(fmt::format(
        "expected the name of a backend, lower-case letters, digits and underscores, found '{}'",
        base::Shortened(name)));
  }
  Loader& loader = TheLoader();
  std::lock_guard lock(loader.mutex);
  if (Backend* const known = FindBackend(name)) return known;
  PluginReport report{std::string(name), nullptr, {}};
  for (std::string& path : Candidates(loader, name, &report.attempts)) {
    PluginAttempt& attempt = report.attempts.emplace_back(PluginAttempt{std::move(path), "", ""});
    std::unique_ptr<PluginBackend> found = TryFile(loader, name, &attempt);
    if (found == nullptr) continue;
    const PluginBackend* const plugin = found.get();
    if (Backend* const backend = Register(std::move(found), name, &attempt)) {
      report.backend = plugin;
      loader.reports[report.name] = std::move(report);
      return backend;
    }
  }
  arrow::Status status = base::UsageError(
      fmt::format("there is no usable backend '{}'; loaded are {} (`ember backends` lists what can "
                  "be); tried: {}",
                  name, fmt::join(BackendNames(), ", "), DescribeAttempts(report.attempts)));
  loader.reports[report.name] = std::move(report);
  return status;
}

Backend* LoadBackendIfThere(std::string_view name) {
  const auto found = LoadBackend(name);
  if (found.ok()) return *found;
  base::Log(base::LogLevel::kInfo, "backend {}: {}", name, found.status().message());
  return nullptr;
}

arrow::Result<Backend*> LoadBackendFile(const std::string& path) {
  Loader& loader = TheLoader();
  std::lock_guard lock(loader.mutex);
  std::string name = NameIn(std::filesystem::path(path).filename());
  PluginAttempt attempt{path, "", ""};
  if (path.empty() || path.front() != '/') {
    attempt.fault = "it is no absolute path";
    attempt.remedy = "write it from the root on: the current directory is never looked in";
  } else if (std::unique_ptr<PluginBackend> found = TryFile(loader, name, &attempt)) {
    const PluginBackend* const plugin = found.get();
    if (Backend* const backend = Register(std::move(found), "", &attempt)) {
      const std::string key(backend->name());
      loader.reports[key] = {key, plugin, {std::move(attempt)}};
      return backend;
    }
  }
  const std::string key = name.empty() ? path : name;
  arrow::Status status = base::UsageError(fmt::format(
      "the backend plugin {} cannot be used: {} ({})", path, attempt.fault, attempt.remedy));
  loader.reports[key] = {key, nullptr, {std::move(attempt)}};
  return status;
}

void AddPluginFolder(std::string folder) {
  if (folder.empty() || folder.front() != '/') return;
  Loader& loader = TheLoader();
  std::lock_guard lock(loader.mutex);
  std::vector<std::string>& folders = loader.plugin_folders;
  if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
    folders.push_back(std::move(folder));
  }
}

void AddFrameworkFolder(std::string folder) {
  if (folder.empty() || folder.front() != '/') return;
  Loader& loader = TheLoader();
  std::lock_guard lock(loader.mutex);
  std::vector<std::string>& folders = loader.framework_folders;
  if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
    folders.push_back(std::move(folder));
  }
}

std::vector<std::string> KnownPlugins() {
  std::set<std::string> names;
  for (std::string& name : FrameworkPlugins()) names.insert(std::move(name));
  std::vector<std::string> folders;
  for (std::string& entry : PathEntries()) {
    if (entry.front() != '/') continue;
    if (entry.ends_with(kSuffix)) {
      names.insert(NameIn(std::filesystem::path(entry).filename()));
    } else {
      folders.push_back(std::move(entry));
    }
  }
  Loader& loader = TheLoader();
  {
    std::lock_guard lock(loader.mutex);
    folders.insert(folders.end(), loader.plugin_folders.begin(), loader.plugin_folders.end());
  }
  if (std::string own = base::LibraryFolder(); !own.empty()) folders.push_back(std::move(own));
  for (const std::string& folder : folders) {
    std::error_code error;
    std::filesystem::directory_iterator each(folder, error);
    for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
      names.insert(NameIn(each->path().filename()));
    }
  }
  std::erase_if(names, [](const std::string& name) { return !IsPlainName(name); });
  return {names.begin(), names.end()};
}

std::vector<PluginReport> PluginReports() {
  Loader& loader = TheLoader();
  std::lock_guard lock(loader.mutex);
  std::vector<PluginReport> reports;
  for (const auto& [name, report] : loader.reports) reports.push_back(report);
  return reports;
}

bool HasAcceleratorDriver() {
#ifdef __APPLE__
  return true;  // Metal is part of the system
#else
  std::error_code error;
  for (const char* path : {"/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd"}) {
    if (std::filesystem::exists(path, error)) return true;
  }
  return false;
#endif
}

}  // namespace emberharmony::backend
