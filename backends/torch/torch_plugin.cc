// The plugin's table. Each function turns what PyTorch throws into a status and a text.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "backends/torch/torch_call.h"
#include "backends/torch/torch_memory.h"
#include "backends/torch/torch_tensors.h"

// PyTorch's own word on its version, as a number; declared here since its header needs more.
extern "C" uint64_t aoti_torch_abi_version();

namespace emberharmony::torch_backend {
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
  } catch (const c10::OutOfMemoryError& exception) {
    return Say(EMBER_OUT_OF_MEMORY, exception.what_without_backtrace(), error, error_bytes);
  } catch (const c10::NotImplementedError& exception) {
    // The outputs are untouched: no kernel was found.
    return Say(EMBER_UNSUPPORTED, exception.what_without_backtrace(), error, error_bytes);
  } catch (const c10::LinAlgError& exception) {
    return Say(EMBER_NO_ANSWER, exception.what_without_backtrace(), error, error_bytes);
  } catch (const c10::Error& exception) {
    return Say(EMBER_FAILED, exception.what_without_backtrace(), error, error_bytes);
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
  if (query->device.kind == EMBER_METAL) {
    for (int32_t i = 0; i < query->num_dtypes; ++i) {
      if (query->dtypes[i] == EMBER_FLOAT64 || query->dtypes[i] == EMBER_COMPLEX128) {
        return Say(EMBER_UNSUPPORTED, "Metal has no float64", reason, reason_bytes);
      }
    }
  }
  return EMBER_OK;
}

/// PyTorch takes its number of threads from the machine unless it is told, and each thread that
/// calls it is told by itself.
void SetThreads(int32_t num_threads) {
  thread_local int32_t known = 0;
  if (known == num_threads) return;
  at::set_num_threads(num_threads);
  known = num_threads;
}

int32_t Execute(const EmberCall* call, char* error, uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] {
    const TorchOp* const op = FindOp(call->op);
    if (op == nullptr) throw Refusal{"this plugin does not know the operation"};
    SetThreads(call->num_threads);
    const c10::InferenceMode inference;
    thread_local TorchTensors tensors;
    TorchCall torch{call, {}};
    tensors.Describe(&torch);
    op->run(torch);
    if (!tensors.Check(torch)) {
      // Then the library's memory is as it was.
      throw Refusal{"PyTorch put the result elsewhere than it was told"};
    }
  });
}

int32_t Allocate(EmberDevice device, uint64_t bytes, void** data, char* error,
                 uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] { *data = AllocateOn(device, bytes); });
}

void Release(EmberDevice device, void* data) {
  try {
    ReleaseOn(device, data);
  } catch (...) {
    // A device that has failed keeps its memory; there is no one to tell.
  }
}

int32_t Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
             uint64_t bytes, char* error, uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] { CopyBetween(to_device, to, from_device, from, bytes); });
}

int32_t Synchronize(EmberDevice device, char* error, uint64_t error_bytes) {
  return Guarded(error, error_bytes, [&] { SynchronizeWith(device); });
}

/// "2.13.0", from the bytes of the number.
std::string VersionFound() {
  const uint64_t version = aoti_torch_abi_version();
  return std::to_string(version >> 56) + "." + std::to_string((version >> 48) & 0xFF) + "." +
         std::to_string((version >> 40) & 0xFF);
}

std::string VersionBuilt() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

EmberBackend MakeTable(const std::string* framework) {
  EmberBackend table{};
  table.size = sizeof(table);
  table.abi_version = EMBER_BACKEND_ABI_VERSION;
  table.name = "torch";
  table.version = "1";
  table.framework = framework->c_str();
  table.flags = EMBER_TAKES_STRIDES | EMBER_TAKES_BROADCAST;
  table.rank_max = 25;  // of TensorIterator on CUDA
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
  static const std::string found = VersionFound();
  // PyTorch's C++ interface changes with minor versions, also where all symbols are still there.
  const std::string built = VersionBuilt();
  const auto minor = [](const std::string& version) {
    return version.substr(0, version.rfind('.'));
  };
  if (minor(found) != minor(built)) {
    const std::string text = "the plugin is built for PyTorch " + minor(built) + ", found " +
                             found + ": install torch==" + built + ", or build the plugin anew";
    Say(EMBER_FAILED, text.c_str(), error, error_bytes);
    return nullptr;
  }
  static const std::string framework = "PyTorch " + found +
                                       (at::hasCUDA()  ? " with CUDA"
                                        : at::hasMPS() ? " with Metal"
                                                       : "");
  static const EmberBackend table = MakeTable(&framework);
  return &table;
}

}  // namespace
}  // namespace emberharmony::torch_backend

extern "C" __attribute__((visibility("default"))) const EmberBackend* emberharmony_backend(
    const EmberHost*, char* error, uint64_t error_bytes) {
  const EmberBackend* table = nullptr;
  emberharmony::torch_backend::Guarded(
      error, error_bytes, [&] { table = emberharmony::torch_backend::Start(error, error_bytes); });
  return table;
}
