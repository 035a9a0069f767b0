#include "emberharmony/backend/automatic_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "emberharmony/backend/calibration.h"
#include "emberharmony/backend/choice_internal.h"
#include "emberharmony/backend/moved_backend_internal.h"
#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"

namespace emberharmony::backend {
namespace {

/// Work from which on it pays to look for measurements, and to load an accelerator's framework.
constexpr double kWorthPreparing = 1e6;
/// How much of native's time another may take: estimates err, and native's bits are the ones that
/// everybody knows.
constexpr double kClearlyLess = 0.9;
constexpr const char* kCalibrationVariable = "EMBERHARMONY_CALIBRATION";

enum class CalibrationMode { kAuto, kOn, kRead, kOff, kFile };

CalibrationMode ModeOfEnvironment() {
  const char* value = std::getenv(kCalibrationVariable);
  const std::string_view text = value != nullptr ? value : "";
  if (text.starts_with("/")) return CalibrationMode::kFile;
  if (text == "on") return CalibrationMode::kOn;
  if (text == "read") return CalibrationMode::kRead;
  if (text == "off") return CalibrationMode::kOff;
  return CalibrationMode::kAuto;
}

/// Measurements and who they are of. Never freed once calls may use it.
struct LiveCosts {
  CostTable table;
  std::vector<Backend*> backends;  ///< by candidate; null: not loaded
};

struct AutomaticState {
  std::mutex mutex;
  std::atomic<const LiveCosts*> live{nullptr};
  std::vector<std::unique_ptr<LiveCosts>> all;       // guarded by mutex
  std::vector<std::unique_ptr<MovedBackend>> moved;  // guarded by mutex
  bool is_asked_for = false;                         // guarded by mutex: CalibrateNow
};

/// Never destroyed, as the registry.
AutomaticState& TheState() {
  static AutomaticState* state = new AutomaticState;
  return *state;
}

std::vector<Backend*> LoadedPlugins() {
  std::vector<Backend*> plugins;
  for (const std::string& name : BackendNames()) {
    Backend* const found = FindBackend(name);
    if (dynamic_cast<PluginBackend*>(found) != nullptr) plugins.push_back(found);
  }
  return plugins;
}

void LoadAccelerators() {
  if (!HasAcceleratorDriver()) return;
  for (const char* name : kAcceleratorBackends) LoadBackendIfThere(name);
}

/// The backend that a candidate's calls are given to; null where it is not there. Those that a file
/// names which the user has named are loaded.
Backend* PlaceOf(const CostCandidate& candidate, AutomaticState* state) {
  Backend* backend = FindBackend(candidate.backend);
  if (backend == nullptr && ModeOfEnvironment() == CalibrationMode::kFile) {
    const auto loaded = LoadBackend(candidate.backend);
    if (loaded.ok()) backend = *loaded;
  }
  if (backend == nullptr) return nullptr;
  const std::vector<tensor::Device> devices = backend->devices();
  if (std::find(devices.begin(), devices.end(), candidate.device) == devices.end()) return nullptr;
  if (candidate.device.kind == tensor::DeviceKind::kCpu) return backend;
  state->moved.push_back(std::make_unique<MovedBackend>(*backend, candidate.device));
  return state->moved.back().get();
}

/// Begins to use measurements. With the mutex held.
const LiveCosts* UseCosts(CostTable table, AutomaticState* state) {
  auto live = std::make_unique<LiveCosts>();
  live->table = std::move(table);
  for (const CostCandidate& candidate : live->table.candidates) {
    live->backends.push_back(PlaceOf(candidate, state));
  }
  state->all.push_back(std::move(live));
  state->live.store(state->all.back().get(), std::memory_order_release);
  return state->all.back().get();
}

/// What the environment asks for: from a file, or measured. Nothing: native.
std::optional<CostTable> FindCosts(CalibrationMode mode) {
  if (mode == CalibrationMode::kOff) return std::nullopt;
  LoadAccelerators();
  if (mode == CalibrationMode::kFile) {
    return ReadCostTable(std::getenv(kCalibrationVariable), nullptr);
  }
  const std::vector<Backend*> plugins = LoadedPlugins();
  if (plugins.empty()) return std::nullopt;
  const nlohmann::json machine = MachineKey(plugins);
  const std::string path = CalibrationPath(machine);
  if (auto kept = ReadCostTable(path, &machine)) return kept;
  if (mode == CalibrationMode::kRead) return std::nullopt;
  CostTable measured = Calibrate(plugins);
  if (!path.empty()) {
    const arrow::Status written = WriteCostTable(measured, path);
    if (!written.ok()) base::Log(base::LogLevel::kInfo, "calibration: {}", written.message());
  }
  return measured;
}

/// The measurements to choose by; null where there are none: then native computes, without being
/// asked, until ChooseAutomatically is called again.
const LiveCosts* PrepareCosts() {
  AutomaticState& state = TheState();
  std::lock_guard lock(state.mutex);
  if (const LiveCosts* const live = state.live.load(std::memory_order_acquire)) return live;
  std::optional<CostTable> found = FindCosts(ModeOfEnvironment());
  if (found) return UseCosts(*std::move(found), &state);
  StopChoosingByCost();
  return nullptr;
}

struct CopiedBytes {
  double to_device = 0;
  double from_device = 0;
};

/// With the copies there and back.
double CostOf(const CostCandidate& candidate, Op op, int dtype, double work,
              const CopiedBytes& bytes) {
  const CostCurve& curve = candidate.curves[static_cast<size_t>(op)][static_cast<size_t>(dtype)];
  if (!curve.is_known()) return -1;
  double cost = curve.At(work, CostPointsOf(op));
  if (candidate.device.kind != tensor::DeviceKind::kCpu) {
    cost += candidate.to_device.call_ns + candidate.to_device.byte_ns * bytes.to_device;
    cost += candidate.from_device.call_ns + candidate.from_device.byte_ns * bytes.from_device;
  }
  return cost;
}

/// The candidate that a call goes to.
size_t CheapestOf(const LiveCosts& live, const OpQuery& query, int dtype, double work,
                  const CopiedBytes& bytes) {
  const std::vector<CostCandidate>& candidates = live.table.candidates;
  const double native = CostOf(candidates[0], query.op, dtype, work, bytes);
  if (native < 0) return 0;
  size_t cheapest = 0;
  double least = kClearlyLess * native;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (live.backends[i] == nullptr) continue;
    const double cost = CostOf(candidates[i], query.op, dtype, work, bytes);
    if (cost < 0 || cost >= least || !live.backends[i]->Supports(query)) continue;
    cheapest = i;
    least = cost;
  }
  return cheapest;
}

[[maybe_unused]] const bool begins_automatically = [] {
  ChooseAutomatically();
  return true;
}();

}  // namespace

Backend& CheapestFor(const OpQuery& query, Tensors inputs, const tensor::Shape& shape) {
  const std::optional<int> dtype =
      query.dtypes.empty() ? std::nullopt : CostDType(query.dtypes.back());
  if (!dtype) return Native();
  const double work = WorkOf(query.op, inputs, shape);
  const LiveCosts* live = TheState().live.load(std::memory_order_acquire);
  if (live == nullptr) {
    if (work < kWorthPreparing) return Native();
    live = PrepareCosts();
    if (live == nullptr) return Native();
  }
  CopiedBytes bytes;
  const auto item_bytes = static_cast<double>(tensor::ItemSize(query.dtypes.back()));
  for (const tensor::Tensor* input : inputs) {
    bytes.to_device += item_bytes * static_cast<double>(input->size());
  }
  bytes.from_device = item_bytes * static_cast<double>(shape.num_elements());
  const size_t cheapest = CheapestOf(*live, query, *dtype, work, bytes);
  return cheapest == 0 ? Native() : *live->backends[cheapest];
}

void ChooseAutomatically() {
  const CalibrationMode mode = ModeOfEnvironment();
  bool has_choice = mode != CalibrationMode::kAuto || HasAcceleratorDriver();
  if (mode == CalibrationMode::kOff) has_choice = false;
  if (!has_choice) {
    std::lock_guard lock(TheState().mutex);
    has_choice = TheState().is_asked_for;
  }
  SetAutomatic(has_choice);
}

arrow::Result<CalibrationSummary> CalibrateNow() {
  const CalibrationMode mode = ModeOfEnvironment();
  if (mode == CalibrationMode::kOff) {
    return base::UsageError(
        fmt::format("{} says off: unset it to calibrate", kCalibrationVariable));
  }
  LoadAccelerators();
  const std::vector<Backend*> plugins = LoadedPlugins();
  const auto begin = std::chrono::steady_clock::now();
  CostTable measured = Calibrate(plugins);
  CalibrationSummary summary;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const CostCandidate& candidate : measured.candidates) {
    summary.backends.push_back(
        fmt::format("{} {}", candidate.backend, tensor::DeviceName(candidate.device)));
    for (const auto& curves : candidate.curves) {
      summary.num_measured += static_cast<int>(
          std::count_if(curves.begin(), curves.end(), [](const auto& c) { return c.is_known(); }));
    }
  }
  if (mode == CalibrationMode::kAuto || mode == CalibrationMode::kOn) {
    summary.path = CalibrationPath(measured.machine);
    if (!summary.path.empty()) ARROW_RETURN_NOT_OK(WriteCostTable(measured, summary.path));
  }
  {
    AutomaticState& state = TheState();
    std::lock_guard lock(state.mutex);
    state.is_asked_for = true;
    UseCosts(std::move(measured), &state);
  }
  if (ChoosesAutomatically()) ChooseAutomatically();
  return summary;
}

std::vector<CostEstimate> EstimateCosts(Op op, tensor::DType dtype, const tensor::Shape& shape) {
  const std::optional<int> slot = CostDType(dtype);
  if (!ChoosesByCost() || !slot) return {};
  const LiveCosts* live = TheState().live.load(std::memory_order_acquire);
  if (live == nullptr) live = PrepareCosts();
  if (live == nullptr) return {};
  const auto num_elements = static_cast<double>(shape.num_elements());
  double work = num_elements;
  if (op == Op::kMatmul && shape.rank() > 0) {
    work *= static_cast<double>(shape[shape.rank() - 1]);
  }
  const double bytes = num_elements * static_cast<double>(tensor::ItemSize(dtype));
  const CopiedBytes copied{bytes * InfoOf(op).num_inputs, bytes};
  const std::vector<tensor::DType> dtypes(op == Op::kMatmul ? 2 : 1, dtype);
  const size_t cheapest = CheapestOf(*live, {op, dtypes, shape.rank()}, *slot, work, copied);
  std::vector<CostEstimate> estimates;
  for (size_t i = 0; i < live->table.candidates.size(); ++i) {
    if (live->backends[i] == nullptr) continue;
    const CostCandidate& candidate = live->table.candidates[i];
    estimates.push_back({candidate.backend, candidate.device,
                         CostOf(candidate, op, *slot, work, copied), i == cheapest});
  }
  return estimates;
}

}  // namespace emberharmony::backend
