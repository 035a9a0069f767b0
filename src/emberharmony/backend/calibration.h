#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "emberharmony/backend/cost_table.h"

/// Measures what operations cost here, and keeps it in a file.
namespace emberharmony::backend {

/// Most of what a calibration that nobody asked for takes, beside the loading of frameworks. What
/// there is no time for is left to later ones, the rarer operations first.
inline constexpr double kCalibrationSeconds = 0.1;
/// Most of what one takes that was asked for: it ends when all that it measures is settled.
inline constexpr double kWholeCalibrationSeconds = 10;

/// Measures the native backend and these, on all of their devices, for at most `seconds`, again and
/// again until it is settled. What `before` has, of the same machine, is gone on from: what it
/// lacks comes first. Operations that only native computes are not measured.
CostTable Calibrate(const std::vector<Backend*>& backends, double seconds = kCalibrationSeconds,
                    const CostTable* before = nullptr);
/// Whether going on measuring is worth it: not everything is settled, and it has not been tried
/// often already.
bool IsWorthGoingOn(const CostTable& table);

/// What measurements hold for: processor, instruction set, cores that the process may use (the CPU
/// quota in it), threads, the version of the library, and the backends with their versions and
/// devices.
nlohmann::json MachineKey(const std::vector<Backend*>& backends);

/// Where measurements are kept: calibration-KEY.json in emberharmony/ in $XDG_CACHE_HOME, or in
/// $HOME/.cache, KEY a hash of the machine's key. Empty where neither is an absolute path.
std::string CalibrationPath(const nlohmann::json& machine);

/// The measurements in a file. IOError or DataError where there are none, or, if `machine` is
/// given, those of another machine. Reads at most 4 MiB.
arrow::Result<CostTable> ReadCostTable(const std::string& path, const nlohmann::json* machine);

/// Writes them, so that they are there as a whole or not at all, making the folder. IOError.
arrow::Status WriteCostTable(const CostTable& table, const std::string& path);

}  // namespace emberharmony::backend
