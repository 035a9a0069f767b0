// The plugin's table. Each function turns what MLX throws into a status and a text.
#include <mlx/ops.h>
#include <mlx/transforms.h>
#include <mlx/version.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <mutex>
#include <new>
#include <string>

#include "backends/mlx/mlx_arrays.h"
#include "backends/mlx/mlx_memory.h"

namespace emberharmony::mlx_backend {
namespace {

int32_t Say(int32_t status, const char* what, char* text, uint64_t text_bytes) {
  std::snprintf(text, text_bytes, "%s", what);
  return status;
}

/// Calls f; what leaves it becomes a status.
template <class F>
int32_t Guarded(char* error, uint64_t error_bytes, F&& f) {
  try {
    f();
    return EMBER_OK;
  } catch (const Refusal& refusal) {
    return Say(EMBER_UNSUPPORTED, refusal.reason, error, error_bytes);
  } catch (const NoAnswer& no_answer) {
    return Say(EMBER_NO_ANSWER, no_answer.reason, error, error_bytes);
  } catch (const std::bad_alloc&) {
    return Say(EMBER_OUT_OF_MEMORY, "no memory is left", error, error_bytes);
  } catch (const std::exception& exception) {
    return Say(EMBER_FAILED, exception.what(), error, error_bytes);
  } catch (...) {
    return Say(EMBER_FAILED, "an exception of an unknown type", error, error_bytes);
  }
}

int32_t Devices(EmberDeviceInfo* devices, int32_t capacity) {
  try {
    const std::vector<EmberDeviceInfo> found = FindDevices();
    std::copy_n(found.begin(), std::min<size_t>(found.size(), capacity), devices);
    return static_cast<int32_t>(found.size());
  } catch (...) {
    return 0;
  }
}

int32_t Supports(const EmberQuery* query, char* reason, uint64_t reason_bytes) {
  if (query->op >= EMBER_NUM_OPS) {
    return Say(EMBER_UNSUPPORTED, "the plugin is older than the operation", reason, reason_bytes);
  }
  if (const char* const why = WhyNot(*query)) {
    return Say(EMBER_UNSUPPORTED, why, reason, reason_bytes);
  }
  for (int32_t i = 0; query->device.kind != EMBER_CPU && i < query->num_dtypes; ++i) {
    if (query->dtypes[i] == EMBER_FLOAT64) {
      return Say(EMBER_UNSUPPORTED, "MLX has float64 on the CPU only", reason, reason_bytes);
    }
  }
  return EMBER_OK;
}

/// MLX's streams take work from one thread at a time.
std::mutex& StreamLock() {
  static std::mutex lock;
  return lock;
}

int32_t Execute(const EmberCall* call, char* error, uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] {
    const MlxOp* const op = FindOp(call->op);
    if (op == nullptr) throw Refusal{"this plugin does not know the operation"};
    const EmberTensor& output = call->outputs[0];
    if (NumElements(output) == 0) return;
    const std::lock_guard lock(StreamLock());
    MlxCall mlx{call, StreamOf(output.device), {}};
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
  });
}

int32_t Allocate(EmberDevice device, uint64_t bytes, void** data, char* error,
                 uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] { *data = AllocateOn(device, bytes); });
}

void Release(EmberDevice, void* data) {
  try {
    ReleaseOn(data);
  } catch (...) {
    // A device that has failed keeps its memory; there is no one to tell.
  }
}

int32_t Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
             uint64_t bytes, char* error, uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] { CopyBetween(to_device, to, from_device, from, bytes); });
}

int32_t Synchronize(EmberDevice, char*, uint64_t) {
  // Execute has waited.
  return EMBER_OK;
}

EmberBackend MakeTable(const std::string* framework) {
  EmberBackend table{};
  table.size = sizeof(table);
  table.abi_version = EMBER_BACKEND_ABI_VERSION;
  table.name = "mlx";
  table.version = "1";
  table.framework = framework->c_str();
  table.flags = EMBER_TAKES_STRIDES | EMBER_TAKES_NEGATIVE_STRIDES | EMBER_TAKES_BROADCAST;
  table.rank_max = 64;
  table.devices = &Devices;
  table.supports = &Supports;
  table.execute = &Execute;
  table.allocate = &Allocate;
  table.release = &Release;
  table.copy = &Copy;
  table.synchronize = &Synchronize;
  return table;
}

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
    Say(EMBER_FAILED, text.c_str(), error, error_bytes);
    return nullptr;
  }
  static const std::string framework = "MLX " + found;
  static const EmberBackend table = MakeTable(&framework);
  return &table;
}

}  // namespace
}  // namespace emberharmony::mlx_backend

extern "C" __attribute__((visibility("default"))) const EmberBackend* emberharmony_backend(
    const EmberHost*, char* error, uint64_t error_bytes) {
  const EmberBackend* table = nullptr;
  emberharmony::mlx_backend::Guarded(
      error, error_bytes, [&] { table = emberharmony::mlx_backend::Start(error, error_bytes); });
  return table;
}
