// The plugin's table.
#include <mlx/ops.h>
#include <mlx/transforms.h>
#include <mlx/version.h>

#include <mutex>
#include <string>
#include <vector>

#include "backends/mlx/mlx_arrays.h"
#include "backends/mlx/mlx_memory.h"

namespace emberharmony::mlx_backend {
namespace {

/// MLX's streams take work from one thread at a time.
std::mutex& StreamLock() {
  static std::mutex lock;
  return lock;
}

/// What plugin::Table makes a plugin of. MLX throws standard exceptions.
struct Mlx {
  static std::vector<EmberDeviceInfo> Devices() { return FindDevices(); }

  static const char* WhyNot(const EmberQuery& query) {
    if (const char* const why = mlx_backend::WhyNot(query)) return why;
    for (int32_t i = 0; query.device.kind != EMBER_CPU && i < query.num_dtypes; ++i) {
      if (query.dtypes[i] == EMBER_FLOAT64) return "MLX has float64 on the CPU only";
    }
    return nullptr;
  }

  static void Execute(const EmberCall* call) {
    const MlxOp* const op = FindOp(call->op);
    if (op == nullptr) throw Refusal{"this plugin does not know the operation"};
    const EmberTensor& output = call->outputs[0];
    if (NumElements(output) == 0) return;
    const std::lock_guard lock(StreamLock());
    MlxCall mlx{{call}, StreamOf(output.device), {}};
    mlx.inputs.reserve(call->num_inputs);
    for (int32_t i = 0; i < call->num_inputs; ++i) {
      mlx.inputs.push_back(ArrayOf(call->inputs[i], mlx.stream));
    }
    mx::array result = op->run(mlx);
    if (result.dtype() != DTypeOf(output.type)) throw Refusal{"MLX's result has another dtype"};
    if (static_cast<int64_t>(result.size()) < NumElements(output)) {
      result = mx::broadcast_to(result, ShapeOf(output), mlx.stream);
    }
    result.eval();
    CopyTo(output, result);
  }

  static void* Allocate(EmberDevice device, uint64_t bytes) { return AllocateOn(device, bytes); }
  static void Release(EmberDevice, void* data) { ReleaseOn(data); }
  static void Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                   uint64_t bytes) {
    CopyBetween(to_device, to, from_device, from, bytes);
  }
  static void Synchronize(EmberDevice) {}  // Execute has waited
};

const EmberBackend* Start(char* error, uint64_t error_bytes) {
  static const std::string found = mx::version();
  // MLX's C++ interface changes with minor versions, also where all symbols are still there.
  const std::string minor =
      std::to_string(MLX_VERSION_MAJOR) + "." + std::to_string(MLX_VERSION_MINOR) + ".";
  if (!found.starts_with(minor)) {
    const std::string built = minor + std::to_string(MLX_VERSION_PATCH);
    const std::string text = "the plugin is built for MLX " + minor + "x, found " + found +
                             ": install mlx==" + built + " mlx-cpu==" + built +
                             ", or build the plugin anew";
    plugin::Say(EMBER_FAILED, text.c_str(), error, error_bytes);
    return nullptr;
  }
  static const std::string framework = "MLX " + found;
  static const EmberBackend table = plugin::Table<Mlx>::Make(
      "mlx", framework.c_str(),
      EMBER_TAKES_STRIDES | EMBER_TAKES_NEGATIVE_STRIDES | EMBER_TAKES_BROADCAST, 64);
  return &table;
}

}  // namespace
}  // namespace emberharmony::mlx_backend

extern "C" __attribute__((visibility("default"))) const EmberBackend* emberharmony_backend(
    const EmberHost*, char* error, uint64_t error_bytes) {
  const EmberBackend* table = nullptr;
  emberharmony::plugin::Guarded(
      error, error_bytes, [&] { table = emberharmony::mlx_backend::Start(error, error_bytes); });
  return table;
}
