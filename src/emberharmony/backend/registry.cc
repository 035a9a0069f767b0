#include <atomic>
#include <mutex>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/native/native_backend_internal.h"

namespace emberharmony::backend {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Backend>> backends;  // guarded by mutex
  std::atomic<Backend*> current{nullptr};

  Registry() {
    backends.push_back(native::MakeNativeBackend());
    current = backends.front().get();
  }
};

/// Never destroyed: backends may be used while other static objects are torn down.
Registry& TheRegistry() {
  static Registry* registry = new Registry;
  return *registry;
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

Backend& CurrentBackend() { return *TheRegistry().current.load(std::memory_order_acquire); }

void SetCurrentBackend(Backend* backend) {
  TheRegistry().current.store(backend != nullptr ? backend : &Native(), std::memory_order_release);
}

Backend& BackendFor(Op op, std::span<const tensor::DType> dtypes) {
  Backend& current = CurrentBackend();
  return current.Supports(op, dtypes) ? current : Native();
}

}  // namespace emberharmony::backend
