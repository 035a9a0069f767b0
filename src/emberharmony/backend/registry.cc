#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/backend/choice_internal.h"
#include "emberharmony/backend/native/native_backend_internal.h"
#include "emberharmony/base/inherited_context.h"

namespace emberharmony::backend {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Backend>> backends;  // guarded by mutex

  Registry() { backends.push_back(native::MakeNativeBackend()); }
};

/// What the process has chosen; null: native.
constinit std::atomic<Backend*> chosen{nullptr};

/// How it was chosen.
constinit std::atomic<Choice> choice{Choice::kAutomaticNative};

/// Scopes that live, and one more while the process has chosen another than native, or chooses by
/// cost: while it is 0 native computes everything, and asking costs one load.
constinit std::atomic<int64_t> num_choices{0};

std::mutex& ChoiceMutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

/// With the mutex held.
void SetChoice(Backend* backend, Choice how) {
  const auto counts = [](Backend* who, Choice by) {
    return int64_t{who != nullptr || by == Choice::kByCost};
  };
  const int64_t before = counts(chosen.load(), choice.load());
  chosen.store(backend, std::memory_order_release);
  choice.store(how, std::memory_order_release);
  num_choices.fetch_add(counts(backend, how) - before, std::memory_order_acq_rel);
}

const BackendScope* InnermostScope() {
  return static_cast<const BackendScope*>(base::InheritedContext());
}

/// Whether the process chooses by cost and no scope lives: then nobody has to look for one, which
/// costs as much as all the rest of choosing.
bool IsByCostAlone(int64_t choices) {
  return choices == 1 && choice.load(std::memory_order_acquire) == Choice::kByCost;
}

/// The backend that is given what this thread asks for; null: native.
Backend* ChosenHere() {
  const int64_t choices = num_choices.load(std::memory_order_acquire);
  if (choices == 0 || IsByCostAlone(choices)) return nullptr;
  if (const BackendScope* const scope = InnermostScope()) {
    return &scope->backend() == &Native() ? nullptr : &scope->backend();
  }
  return chosen.load(std::memory_order_acquire);
}

/// Never destroyed: backends may be used while other static objects are torn down.
Registry& TheRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

bool HasDevice(const Backend& backend, tensor::Device device) {
  const std::vector<tensor::Device> devices = backend.devices();
  return std::find(devices.begin(), devices.end(), device) != devices.end();
}

}  // namespace

Backend& Native() {
  static Backend& native = *TheRegistry().backends.front();
  return native;
}

bool RegisterBackend(std::unique_ptr<Backend> backend) {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  for (const auto& known : registry.backends) {
    if (known->name() == backend->name()) return false;
  }
  registry.backends.push_back(std::move(backend));
  return true;
}

Backend* FindBackend(std::string_view name) {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  for (const auto& known : registry.backends) {
    if (known->name() == name) return known.get();
  }
  return nullptr;
}

std::vector<std::string> BackendNames() {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  std::vector<std::string> names;
  for (const auto& known : registry.backends) names.emplace_back(known->name());
  return names;
}

bool IsNativeCurrent() { return ChosenHere() == nullptr; }

Backend& CurrentBackend() {
  Backend* const backend = ChosenHere();
  return backend != nullptr ? *backend : Native();
}

void SetCurrentBackend(Backend* backend) {
  std::lock_guard lock(ChoiceMutex());
  SetChoice(backend == &Native() ? nullptr : backend, Choice::kNamed);
}

void SetAutomatic(bool by_cost) {
  std::lock_guard lock(ChoiceMutex());
  SetChoice(nullptr, by_cost ? Choice::kByCost : Choice::kAutomaticNative);
}

void StopChoosingByCost() {
  std::lock_guard lock(ChoiceMutex());
  if (choice.load() == Choice::kByCost) SetChoice(nullptr, Choice::kAutomaticNative);
}

bool ChoosesAutomatically() { return choice.load(std::memory_order_acquire) != Choice::kNamed; }

bool ChoosesByCost() { return choice.load(std::memory_order_acquire) == Choice::kByCost; }

Backend& ChooseFor(const OpQuery& query, Tensors inputs, const tensor::Shape& shape) {
  if (query.device.kind != tensor::DeviceKind::kCpu) return BackendFor(query);
  const int64_t choices = num_choices.load(std::memory_order_acquire);
  if (choices == 0) return Native();
  const bool by_cost = IsByCostAlone(choices) || (InnermostScope() == nullptr && ChoosesByCost());
  return by_cost ? CheapestFor(query, inputs, shape) : BackendFor(query);
}

BackendScope::BackendScope(Backend& backend, tensor::Device device, tensor::DType dtype)
    : backend_(backend), device_(device), dtype_(dtype), outer_(base::InheritedContext()) {
  base::SetInheritedContext(this);
  num_choices.fetch_add(1, std::memory_order_acq_rel);
}

BackendScope::~BackendScope() {
  num_choices.fetch_sub(1, std::memory_order_acq_rel);
  base::SetInheritedContext(outer_);
}

tensor::Device ScopeDevice() {
  const BackendScope* const scope = InnermostScope();
  return scope != nullptr ? scope->device() : tensor::kCpuDevice;
}

tensor::DType ScopeDType() {
  const BackendScope* const scope = InnermostScope();
  return scope != nullptr ? scope->dtype() : tensor::DType::kFloat64;
}

Backend* BackendOf(tensor::Device device) {
  if (Backend* const current = ChosenHere()) {
    if (HasDevice(*current, device)) return current;
  }
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  for (const auto& known : registry.backends) {
    if (HasDevice(*known, device)) return known.get();
  }
  return nullptr;
}

Backend& BackendFor(const OpQuery& query) {
  if (query.device.kind != tensor::DeviceKind::kCpu) {
    if (Backend* const owner = BackendOf(query.device)) return *owner;
    throw std::invalid_argument(
        fmt::format("{}: no backend that is loaded has the device {}: load the one that made the "
                    "tensor, with set_backend",
                    InfoOf(query.op).name, tensor::DeviceName(query.device)));
  }
  Backend* const current = ChosenHere();
  if (current == nullptr) return Native();
  if (current->Supports(query)) return *current;
  current->CountFallback(query.op, current->WhyNot(query));
  return Native();
}

}  // namespace emberharmony::backend
