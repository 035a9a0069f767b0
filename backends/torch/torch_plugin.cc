// The plugin's table.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <torch/headeronly/version.h>

#include <string>
#include <vector>

#include "backends/torch/torch_call.h"
#include "backends/torch/torch_memory.h"
#include "backends/torch/torch_tensors.h"

// PyTorch's own word on its version, as a number; declared here since its header needs more.
extern "C" uint64_t aoti_torch_abi_version();

namespace emberharmony::torch_backend {
namespace {

/// Calls f; what PyTorch throws becomes a Failure, with its text without the stack that it adds.
template <class F>
auto Translated(F&& f) {
  try {
    return f();
  } catch (const c10::OutOfMemoryError& error) {
    throw plugin::Failure{EMBER_OUT_OF_MEMORY, error.what_without_backtrace()};
  } catch (const c10::NotImplementedError& error) {
    // The outputs are untouched: no kernel was found.
    throw plugin::Failure{EMBER_UNSUPPORTED, error.what_without_backtrace()};
  } catch (const c10::LinAlgError& error) {
    throw plugin::Failure{EMBER_NO_ANSWER, error.what_without_backtrace()};
  } catch (const c10::Error& error) {
    throw plugin::Failure{EMBER_FAILED, error.what_without_backtrace()};
  }
}

/// PyTorch takes its number of threads from the machine unless it is told, and each thread that
/// calls it is told by itself.
void SetThreads(int32_t num_threads) {
  thread_local int32_t known = 0;
  if (known == num_threads) return;
  at::set_num_threads(num_threads);
  known = num_threads;
}

void ExecuteCall(const EmberCall* call) {
  const TorchOp* const op = FindOp(call->op);
  if (op == nullptr) throw Refusal{"this plugin does not know the operation"};
  SetThreads(call->num_threads);
  const c10::InferenceMode inference;
  thread_local TorchTensors tensors;
  TorchCall torch{{call}, {}};
  tensors.Describe(*op, &torch);
  op->run(torch);
  if (!tensors.Finish(*op, torch)) {
    // Then the library's memory is as it was.
    throw Refusal{"PyTorch put the result elsewhere than it was told"};
  }
}

/// What plugin::Table makes a plugin of.
struct Torch {
  static std::vector<EmberDeviceInfo> Devices() { return FindDevices(); }

  static const char* WhyNot(const EmberQuery& query) {
    if (const char* const why = torch_backend::WhyNot(query)) return why;
    for (int32_t i = 0; query.device.kind == EMBER_METAL && i < query.num_dtypes; ++i) {
      if (query.dtypes[i] == EMBER_FLOAT64 || query.dtypes[i] == EMBER_COMPLEX128) {
        return "Metal has no float64";
      }
    }
    return nullptr;
  }

  static void Execute(const EmberCall* call) {
    Translated([&] { ExecuteCall(call); });
  }
  static void* Allocate(EmberDevice device, uint64_t bytes) {
    return Translated([&] { return AllocateOn(device, bytes); });
  }
  static void Release(EmberDevice device, void* data) { ReleaseOn(device, data); }
  static void Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                   uint64_t bytes) {
    Translated([&] { CopyBetween(to_device, to, from_device, from, bytes); });
  }
  static void Synchronize(EmberDevice device) {
    Translated([&] { SynchronizeWith(device); });
  }
};

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
    plugin::Say(EMBER_FAILED, text.c_str(), error, error_bytes);
    return nullptr;
  }
  static const std::string framework = "PyTorch " + found +
                                       (at::hasCUDA()  ? " with CUDA"
                                        : at::hasMPS() ? " with Metal"
                                                       : "");
  // TensorIterator takes 25 dimensions on CUDA.
  static const EmberBackend table = plugin::Table<Torch>::Make(
      "torch", framework.c_str(),
      EMBER_TAKES_STRIDES | EMBER_TAKES_NEGATIVE_STRIDES | EMBER_TAKES_BROADCAST, 25);
  return &table;
}

}  // namespace
}  // namespace emberharmony::torch_backend

extern "C" __attribute__((visibility("default"))) const EmberBackend* emberharmony_backend(
    const EmberHost*, char* error, uint64_t error_bytes) {
  const EmberBackend* table = nullptr;
  emberharmony::plugin::Guarded(error, error_bytes, [&] {
    table = emberharmony::torch_backend::Translated(
        [&] { return emberharmony::torch_backend::Start(error, error_bytes); });
  });
  return table;
}
