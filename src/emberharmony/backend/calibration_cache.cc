#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "emberharmony/backend/calibration.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/base/thread_pool.h"

namespace emberharmony::backend {
namespace {

constexpr int64_t kCalibrationBytesMax = int64_t{4} << 20;

/// The processor as the system calls it; empty where it does not tell.
std::string ProcessorName() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    return colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return "";
}

std::string CacheFolder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/emberharmony";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/emberharmony";
  return "";
}

nlohmann::json BackendKey(const Backend& backend) {
  nlohmann::json devices = nlohmann::json::array();
  for (const tensor::Device device : backend.devices()) {
    devices.push_back(tensor::DeviceName(device));
  }
  return {{"name", backend.name()},
          {"version", backend.version()},
          {"framework", backend.framework()},
          {"devices", std::move(devices)}};
}

}  // namespace

nlohmann::json MachineKey(const std::vector<Backend*>& backends) {
  nlohmann::json key = {{"processor", ProcessorName()},
                        {"cores", base::AvailableCores()},
                        {"threads", NumThreads()},
                        {"library", EMBER_VERSION}};
  key["backends"] = {BackendKey(Native())};
  for (const Backend* backend : backends) key["backends"].push_back(BackendKey(*backend));
  return key;
}

std::string CalibrationPath(const nlohmann::json& machine) {
  const std::string folder = CacheFolder();
  if (folder.empty()) return "";
  return fmt::format("{}/calibration-{:016x}.json", folder,
                     base::Fingerprint64(base::CanonicalJson(machine)));
}

arrow::Result<CostTable> ReadCostTable(const std::string& path, const nlohmann::json* machine) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(path, kCalibrationBytesMax));
  ARROW_ASSIGN_OR_RAISE(CostTable table, CostTable::Parse(text));
  if (machine != nullptr && table.machine != *machine) {
    return base::DataError(path + ": measurements of another machine");
  }
  return table;
}

arrow::Status WriteCostTable(const CostTable& table, const std::string& path) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(folder, error);
  // A name of its own: processes that calibrate at the same time must not write into one file.
  const std::string unnamed = fmt::format("{}.{}", path, getpid());
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically(unnamed, table.ToJson()));
  std::filesystem::rename(unnamed, path, error);
  if (!error) return arrow::Status::OK();
  std::remove(unnamed.c_str());
  return base::DataError(fmt::format("{}: {}", path, error.message()));
}

}  // namespace emberharmony::backend
