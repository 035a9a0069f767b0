#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/native/native_backend_internal.h"

namespace emberharmony::backend {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Backend>> backends;  // guarded by mutex

  Registry() { backends.push_back(native::MakeNativeBackend()); }
};

/// Null while native computes, so that asking costs one load.
constinit std::atomic<Backend*> chosen{nullptr};

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

bool IsNativeCurrent() { return chosen.load(std::memory_order_acquire) == nullptr; }

Backend& CurrentBackend() {
  Backend* const backend = chosen.load(std::memory_order_acquire);
  return backend != nullptr ? *backend : Native();
}

void SetCurrentBackend(Backend* backend) {
  chosen.store(backend == &Native() ? nullptr : backend, std::memory_order_release);
}

Backend* BackendOf(tensor::Device device) {
  if (Backend* const current = chosen.load(std::memory_order_acquire)) {
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
  Backend* const current = chosen.load(std::memory_order_acquire);
  if (current == nullptr) return Native();
  if (current->Supports(query)) return *current;
  current->CountFallback(query.op, current->WhyNot(query));
  return Native();
}

}  // namespace emberharmony::backend
