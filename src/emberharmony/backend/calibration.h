#pragma once

#include <arrow/result.h>

#include <optional>
#include <string>
#include <vector>

#include "emberharmony/backend/cost_table.h"

/// Measures what operations cost here, and keeps it in a file.
namespace emberharmony::backend {

/// Most of what a calibration takes, beside the loading of frameworks. What there is no time for
/// stays unknown, the rarer operations first.
inline constexpr double kCalibrationSeconds = 0.1;

/// Measures the native backend and these, on all of their devices, for at most `seconds`.
CostTable Calibrate(const std::vector<Backend*>& backends, double seconds = kCalibrationSeconds);

/// What measurements hold for: processor, instruction set, cores that the process may use (the CPU
/// quota in it), threads, the version of the library, and the backends with their versions and
/// devices.
nlohmann::json MachineKey(const std::vector<Backend*>& backends);

/// Where measurements are kept: calibration-KEY.json in emberharmony/ in $XDG_CACHE_HOME, or in
/// $HOME/.cache, KEY a hash of the machine's key. Empty where neither is an absolute path.
std::string CalibrationPath(const nlohmann::json& machine);

/// The measurements in a file; nothing where there is none, or none that can be read, or, if
/// `machine` is given, those of another machine. Reads at most 4 MiB.
std::optional<CostTable> ReadCostTable(const std::string& path, const nlohmann::json* machine);

/// Writes them, so that they are there as a whole or not at all, making the folder. IOError.
arrow::Status WriteCostTable(const CostTable& table, const std::string& path);

}  // namespace emberharmony::backend
