#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "emberharmony/backend/framework_search_internal.h"

namespace emberharmony::backend {
namespace {

// libtorch.so only names what else there is: in a build for CUDA, its kernels.
constexpr const char* kTorchLibraries[] = {"lib/libc10.so", "lib/libtorch_cpu.so",
                                           "lib/libtorch.so"};
constexpr const char* kMlxLibraries[] = {"lib/libmlx.so"};

constexpr Framework kFrameworks[] = {
    {"torch", "torch", "EMBERHARMONY_TORCH_DIR", "pip install torch", kTorchLibraries},
    {"mlx", "mlx", "EMBERHARMONY_MLX_DIR", "pip install mlx mlx-cpu", kMlxLibraries},
};

/// Whether the process has a library of that file name loaded, from wherever.
bool IsLoaded(const char* library) {
  const std::string name = std::filesystem::path(library).filename();
  void* const handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  dlclose(handle);
  return true;
}

/// What went wrong; empty for nothing.
std::string LoadAll(const Framework& framework, const std::string& folder) {
  for (const char* library : framework.libraries) {
    const std::string path = folder + "/" + library;
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) return dlerror();
  }
  return "";
}

}  // namespace

const Framework* FindFramework(std::string_view plugin) {
  for (const Framework& framework : kFrameworks) {
    if (framework.plugin == plugin) return &framework;
  }
  return nullptr;
}

std::vector<std::string> FrameworkPlugins() {
  std::vector<std::string> names;
  for (const Framework& framework : kFrameworks) names.emplace_back(framework.plugin);
  return names;
}

std::vector<std::string> LoadFramework(const Framework& framework,
                                       std::span<const std::string> package_folders) {
  std::vector<std::string> faults;
  if (IsLoaded(framework.libraries.back())) return faults;
  std::vector<std::string> folders;
  const std::string variable(framework.folder_variable);
  if (const char* folder = std::getenv(variable.c_str()); folder != nullptr && *folder == '/') {
    folders.push_back(folder);
  } else if (folder != nullptr && *folder != '\0') {
    faults.push_back(fmt::format("{}={}: expected an absolute path", variable, folder));
  }
  for (const std::string& each : package_folders) {
    std::string folder = fmt::format("{}/{}", each, framework.package);
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) folders.push_back(std::move(folder));
  }
  for (const std::string& folder : folders) {
    std::string fault = LoadAll(framework, folder);
    if (fault.empty()) return faults;
    faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace emberharmony::backend
