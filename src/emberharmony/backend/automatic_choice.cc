#include "emberharmony/backend/automatic_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
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
/// everybody knows. Less where one of the two was disturbed while it was measured.
constexpr double kClearlyLess = 0.95;
constexpr double kClearlyLessUnsettled = 0.8;
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
  /// The least work with which another than native may be first: calls of less, which are most,
  /// are native without estimating anything.
  std::array<std::array<double, tensor::kNumDTypes>, kNumOps> least_work{};
};

/// What is chosen by; null: nothing yet. Apart from the rest of the state, since every call asks.
constinit std::atomic<const LiveCosts*> live_costs{nullptr};

struct AutomaticState {
  std::mutex mutex;
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

double ClearlyLess(const CostTable& table, size_t candidate, Op op, int dtype) {
  const bool is_settled =
      table.CurveOf(0, op, dtype).is_settled() && table.CurveOf(candidate, op, dtype).is_settled();
  return is_settled ? kClearlyLess : kClearlyLessUnsettled;
}

/// How far a candidate's line is below what it must be below (ClearlyLess) at some work, copies
/// left out but for what each call of them takes.
double LeadAt(const LiveCosts& live, size_t candidate, Op op, int dtype, double work) {
  const std::array<double, kCostPoints>& points = CostPointsOf(MeasuredAs(op));
  const CostCandidate& other = live.table.candidates[candidate];
  double cost = live.table.CurveOf(candidate, op, dtype).At(work, points);
  if (other.device.kind != tensor::DeviceKind::kCpu) {
    cost += other.to_device.call_ns + other.from_device.call_ns;
  }
  return ClearlyLess(live.table, candidate, op, dtype) *
             live.table.CurveOf(0, op, dtype).At(work, points) -
         cost;
}

/// The least work with which a candidate is ahead of native; infinity for none. Both costs are
/// straight between the points, and behind them.
double LeastWorkOf(const LiveCosts& live, size_t candidate, Op op, int dtype) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  const bool is_known = live.table.CurveOf(0, op, dtype).is_known() &&
                        live.table.CurveOf(candidate, op, dtype).is_known();
  if (!is_known || live.backends[candidate] == nullptr) return kNone;
  const std::array<double, kCostPoints>& points = CostPointsOf(MeasuredAs(op));
  double from = points[0];
  double lead = LeadAt(live, candidate, op, dtype, from);
  if (lead > 0) return 0;
  // Behind the last point one step shows where the lines go: 2 to the 40th is more than there is.
  for (const double to : {points[1], points[2], points[3], points[3] * 0x1p40}) {
    const double next = LeadAt(live, candidate, op, dtype, to);
    if (next > 0) return from + (to - from) * (lead / (lead - next));
    from = to;
    lead = next;
  }
  return kNone;
}

void FindLeastWork(LiveCosts* live) {
  for (int i = 0; i < kNumOps; ++i) {
    const Op op = static_cast<Op>(i);
    for (int d = 0; d < tensor::kNumDTypes; ++d) {
      double least = std::numeric_limits<double>::infinity();
      const std::optional<int> slot = CostDType(op, static_cast<tensor::DType>(d));
      for (size_t c = 1; slot && c < live->backends.size(); ++c) {
        least = std::min(least, LeastWorkOf(*live, c, op, *slot));
      }
      live->least_work[static_cast<size_t>(i)][static_cast<size_t>(d)] = least;
    }
  }
}

/// Begins to use measurements. With the mutex held.
const LiveCosts* UseCosts(CostTable table, AutomaticState* state) {
  auto live = std::make_unique<LiveCosts>();
  live->table = std::move(table);
  for (const CostCandidate& candidate : live->table.candidates) {
    live->backends.push_back(PlaceOf(candidate, state));
  }
  FindLeastWork(live.get());
  state->all.push_back(std::move(live));
  live_costs.store(state->all.back().get(), std::memory_order_release);
  return state->all.back().get();
}

/// Those in the file that the environment names; without them a warning, and native.
std::optional<CostTable> FixedCosts() {
  arrow::Result<CostTable> fixed = ReadCostTable(std::getenv(kCalibrationVariable), nullptr);
  if (fixed.ok()) return *std::move(fixed);
  base::Log(base::LogLevel::kWarning, "{}", CalibrationFault());
  return std::nullopt;
}

/// What the environment asks for: from a file, or measured. Nothing: native.
std::optional<CostTable> FindCosts(CalibrationMode mode) {
  if (mode == CalibrationMode::kOff) return std::nullopt;
  LoadAccelerators();
  if (mode == CalibrationMode::kFile) return FixedCosts();
  const std::vector<Backend*> plugins = LoadedPlugins();
  if (plugins.empty()) return std::nullopt;
  const nlohmann::json machine = MachineKey(plugins);
  const std::string path = CalibrationPath(machine);
  arrow::Result<CostTable> kept = ReadCostTable(path, &machine);
  if (mode == CalibrationMode::kRead && !kept.ok()) return std::nullopt;
  if (kept.ok() && (mode == CalibrationMode::kRead || !IsWorthGoingOn(*kept))) {
    return *std::move(kept);
  }
  CostTable measured = Calibrate(plugins, kCalibrationSeconds, kept.ok() ? &*kept : nullptr);
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
  if (const LiveCosts* const live = live_costs.load(std::memory_order_acquire)) return live;
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
double CostOf(const CostTable& table, size_t index, Op op, int dtype, double work,
              const CopiedBytes& bytes) {
  const CostCandidate& candidate = table.candidates[index];
  const CostCurve& curve = table.CurveOf(index, op, dtype);
  if (!curve.is_known()) return -1;
  double cost = curve.At(work, CostPointsOf(MeasuredAs(op)));
  if (candidate.device.kind != tensor::DeviceKind::kCpu) {
    cost += candidate.to_device.call_ns + candidate.to_device.byte_ns * bytes.to_device;
    cost += candidate.from_device.call_ns + candidate.from_device.byte_ns * bytes.from_device;
  }
  return cost;
}

/// The candidate that a call goes to.
size_t CheapestOf(const LiveCosts& live, const OpQuery& query, int dtype, double work,
                  const CopiedBytes& bytes) {
  const double native = CostOf(live.table, 0, query.op, dtype, work, bytes);
  if (native < 0) return 0;
  size_t cheapest = 0;
  double least = native;
  for (size_t i = 1; i < live.backends.size(); ++i) {
    if (live.backends[i] == nullptr) continue;
    const double cost = CostOf(live.table, i, query.op, dtype, work, bytes);
    const double most = ClearlyLess(live.table, i, query.op, dtype) * native;
    if (cost < 0 || cost >= std::min(least, most) || !live.backends[i]->Supports(query)) continue;
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
  if (query.dtypes.empty()) return Native();
  const auto first = static_cast<size_t>(query.dtypes.front());
  const double work = WorkOf(query.op, inputs, shape);
  const LiveCosts* live = live_costs.load(std::memory_order_acquire);
  if (live == nullptr) {
    if (work < kWorthPreparing) return Native();
    live = PrepareCosts();
    if (live == nullptr) return Native();
  }
  if (work < live->least_work[static_cast<size_t>(query.op)][first]) return Native();
  const std::optional<int> dtype = CostDType(query.op, query.dtypes.front());
  if (!dtype) return Native();
  CopiedBytes bytes;
  for (const tensor::Tensor* input : inputs) {
    bytes.to_device +=
        static_cast<double>(tensor::ItemSize(input->dtype())) * static_cast<double>(input->size());
  }
  bytes.from_device = static_cast<double>(tensor::ItemSize(query.dtypes.front())) *
                      static_cast<double>(shape.num_elements());
  const size_t cheapest = CheapestOf(*live, query, *dtype, work, bytes);
  return cheapest == 0 ? Native() : *live->backends[cheapest];
}

std::string CalibrationFault() {
  if (ModeOfEnvironment() != CalibrationMode::kFile) return "";
  const char* const path = std::getenv(kCalibrationVariable);
  const arrow::Status status = ReadCostTable(path, nullptr).status();
  if (status.ok()) return "";
  return fmt::format(
      "{}={}: {}; native computes: name a file that ops.calibrate() has written, or unset it",
      kCalibrationVariable, path, status.message());
}

std::string DescribeAutomaticChoice() {
  switch (ModeOfEnvironment()) {
    case CalibrationMode::kOff:
      return fmt::format("native: {} says off", kCalibrationVariable);
    case CalibrationMode::kFile: {
      const std::string fault = CalibrationFault();
      if (!fault.empty()) return fault;
      return fmt::format("by the costs in {}", std::getenv(kCalibrationVariable));
    }
    case CalibrationMode::kAuto:
      if (!HasAcceleratorDriver()) return "native: there is no driver of an accelerator";
      break;
    default:
      break;
  }
  const std::vector<Backend*> plugins = LoadedPlugins();
  if (plugins.empty()) return "native: no other backend is loaded";
  const nlohmann::json machine = MachineKey(plugins);
  const std::string path = CalibrationPath(machine);
  const arrow::Result<CostTable> kept = ReadCostTable(path, &machine);
  if (!kept.ok()) return "by costs, which are measured with the first call of a million elements";
  return fmt::format("by the costs in {}, measured {} times, {:.0f} % of them settled", path,
                     kept->num_calibrations, 100 * kept->settled);
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
  CostTable measured = Calibrate(plugins, kWholeCalibrationSeconds);
  CalibrationSummary summary;
  summary.settled = measured.settled;
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
  const std::optional<int> slot = CostDType(op, dtype);
  if (!ChoosesByCost() || !slot) return {};
  const LiveCosts* live = live_costs.load(std::memory_order_acquire);
  if (live == nullptr) live = PrepareCosts();
  if (live == nullptr) return {};
  const double bytes =
      static_cast<double>(shape.num_elements()) * static_cast<double>(tensor::ItemSize(dtype));
  const double work = WorkOf(op, shape);
  const CopiedBytes copied{bytes * InfoOf(op).num_inputs, bytes};
  const std::vector<tensor::DType> dtypes = UsualDTypes(op, dtype);
  const size_t cheapest = CheapestOf(*live, {op, dtypes, shape.rank()}, *slot, work, copied);
  std::vector<CostEstimate> estimates;
  for (size_t i = 0; i < live->table.candidates.size(); ++i) {
    if (live->backends[i] == nullptr) continue;
    const CostCandidate& candidate = live->table.candidates[i];
    estimates.push_back({candidate.backend, candidate.device,
                         CostOf(live->table, i, op, *slot, work, copied), i == cheapest});
  }
  return estimates;
}

}  // namespace emberharmony::backend
