// A backend plugin for tests. The name of its file says what it does: NAME in
// libemberharmony_backend_NAME.so is "fake" for a good one, or a fault of kFaults.
//
// The good one copies and adds float64, on the CPU and on a device whose memory is the machine's
// under addresses that no processor takes: reading it by mistake ends the program. "steps" has also
// what steps of a run ask for, and computes it rightly; "narrow" is the same in float32 only.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "emberharmony/backend/backend_abi.h"

#ifdef EMBER_TESTING_UNRESOLVED
extern "C" int ember_testing_framework();
#endif

namespace {

/// Set in the addresses of the device's memory: a user's addresses have 47 bits.
constexpr uintptr_t kDeviceBit = uintptr_t{1} << 62;
constexpr int32_t kDeviceKind = EMBER_ROCM;

std::string plugin_name;

bool Is(const char* fault) { return plugin_name == fault; }
bool IsOfSteps() { return Is("steps") || Is("narrow"); }

int32_t Say(int32_t status, const char* what, char* text, uint64_t text_bytes) {
  std::snprintf(text, text_bytes, "%s", what);
  return status;
}

char* HostAddress(const void* data, EmberDevice device) {
  uintptr_t address = reinterpret_cast<uintptr_t>(data);
  if (device.kind != EMBER_CPU) address &= ~kDeviceBit;
  return reinterpret_cast<char*>(address);
}

int32_t Devices(EmberDeviceInfo* devices, int32_t capacity) {
  if (Is("no_devices")) return 0;
  const int32_t count = Is("fake") || Is("no_memory") || IsOfSteps() ? 2 : 1;
  for (int32_t i = 0; i < count && i < capacity; ++i) {
    devices[i] = {};
    devices[i].device = {i == 0 ? static_cast<int32_t>(EMBER_CPU) : kDeviceKind, 0};
    std::snprintf(devices[i].name, sizeof(devices[i].name), "testing device %d", i);
  }
  return count;
}

bool IsKnown(uint32_t op) {
  switch (op) {
    case EMBER_OP_kAdd:
    case EMBER_OP_kCopy:
      return true;
    case EMBER_OP_kSubtract:
    case EMBER_OP_kDivide:
    case EMBER_OP_kMaximum:
    case EMBER_OP_kMatmul:
      return IsOfSteps();
    default:
      return false;
  }
}

int32_t Supports(const EmberQuery* query, char* reason, uint64_t reason_bytes) {
  if (!IsKnown(query->op)) {
    return Say(EMBER_UNSUPPORTED, IsOfSteps() ? "it is not a step's" : "only copy and add", reason,
               reason_bytes);
  }
  const int wanted = Is("narrow") ? EMBER_FLOAT32 : EMBER_FLOAT64;
  if (query->dtypes[0] != wanted) {
    return Say(EMBER_UNSUPPORTED, Is("narrow") ? "only float32" : "only float64", reason,
               reason_bytes);
  }
  return EMBER_OK;
}

template <class T>
T* ElementAt(const EmberTensor& tensor, const int64_t* index, int32_t rank) {
  int64_t place = 0;
  const int32_t skipped = rank - tensor.rank;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    if (tensor.shape[i] != 1) place += index[skipped + i] * tensor.strides[i];
  }
  char* const begin = HostAddress(tensor.data, tensor.device) + tensor.byte_offset;
  return reinterpret_cast<T*>(begin) + place;
}

/// Off by a quarter where it is "fake", so that it is seen who added.
template <class T>
T ComputeOne(uint32_t op, T left, T right) {
  switch (op) {
    case EMBER_OP_kAdd:
      return left + right + (IsOfSteps() ? 0 : static_cast<T>(0.25));
    case EMBER_OP_kSubtract:
      return left - right;
    case EMBER_OP_kDivide:
      return left / right;
    case EMBER_OP_kMaximum:
      return left >= right || left != left ? left : right;
    default:
      return left;
  }
}

template <class T>
void ComputeElements(const EmberCall& call) {
  const EmberTensor& output = call.outputs[0];
  int64_t size = 1;
  for (int32_t i = 0; i < output.rank; ++i) size *= output.shape[i];
  for (int64_t n = 0; n < size; ++n) {
    int64_t index[64];
    int64_t rest = n;
    for (int32_t i = output.rank - 1; i >= 0; --i) {
      index[i] = rest % output.shape[i];
      rest /= output.shape[i];
    }
    const T left = *ElementAt<T>(call.inputs[0], index, output.rank);
    const T right = call.num_inputs > 1 ? *ElementAt<T>(call.inputs[1], index, output.rank) : T{};
    *ElementAt<T>(output, index, output.rank) = ComputeOne(call.op, left, right);
  }
}

template <class T>
void Multiply(const EmberCall& call) {
  const EmberTensor& output = call.outputs[0];
  const int64_t length = call.inputs[0].shape[1];
  for (int64_t i = 0; i < output.shape[0]; ++i) {
    for (int64_t j = 0; j < output.shape[1]; ++j) {
      T sum = 0;
      for (int64_t k = 0; k < length; ++k) {
        const int64_t left[] = {i, k};
        const int64_t right[] = {k, j};
        sum += *ElementAt<T>(call.inputs[0], left, 2) * *ElementAt<T>(call.inputs[1], right, 2);
      }
      const int64_t at[] = {i, j};
      *ElementAt<T>(output, at, 2) = sum;
    }
  }
}

template <class T>
void Compute(const EmberCall& call) {
  call.op == EMBER_OP_kMatmul ? Multiply<T>(call) : ComputeElements<T>(call);
}

int32_t Execute(const EmberCall* call, char* error, uint64_t error_bytes) {
  if (Is("refuses")) return Say(EMBER_UNSUPPORTED, "not on Fridays", error, error_bytes);
  if (Is("fails")) return Say(EMBER_FAILED, "the device is on fire", error, error_bytes);
  if (Is("runs_out")) return Say(EMBER_OUT_OF_MEMORY, "2 bytes are left", error, error_bytes);
  if (Is("no_answer")) return Say(EMBER_NO_ANSWER, "it is singular", error, error_bytes);
  if (Is("throws")) throw std::runtime_error("thrown at work");
  if (call->op == EMBER_OP_kMatmul && call->outputs[0].rank != 2) {
    return Say(EMBER_UNSUPPORTED, "only matrices", error, error_bytes);
  }
  Is("narrow") ? Compute<float>(*call) : Compute<double>(*call);
  return EMBER_OK;
}

int32_t Allocate(EmberDevice, uint64_t bytes, void** data, char* error, uint64_t error_bytes) {
  if (bytes > (uint64_t{1} << 30)) {
    return Say(EMBER_OUT_OF_MEMORY, "at most a GiB", error, error_bytes);
  }
  const auto address = reinterpret_cast<uintptr_t>(std::malloc(bytes + 1));
  *data = reinterpret_cast<void*>(address | kDeviceBit);
  return EMBER_OK;
}

void Release(EmberDevice device, void* data) { std::free(HostAddress(data, device)); }

int32_t Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
             uint64_t bytes, char*, uint64_t) {
  std::memcpy(HostAddress(to, to_device), HostAddress(from, from_device), bytes);
  return EMBER_OK;
}

int32_t Synchronize(EmberDevice, char*, uint64_t) { return EMBER_OK; }

std::string NameOfThisFile() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&Supports), &info) == 0) return "";
  const std::string path = info.dli_fname;
  const std::string prefix = "libemberharmony_backend_";
  const size_t begin = path.rfind(prefix);
  if (begin == std::string::npos) return "";
  return path.substr(begin + prefix.size(), path.rfind(".so") - begin - prefix.size());
}

EmberBackend table;

}  // namespace

extern "C" __attribute__((visibility("default"))) const EmberBackend* emberharmony_backend(
    const EmberHost* host, char* error, uint64_t error_bytes) {
#ifdef EMBER_TESTING_UNRESOLVED
  if (ember_testing_framework() == 0) return nullptr;
#endif
  plugin_name = NameOfThisFile();
  if (Is("throws_at_start")) throw std::runtime_error("thrown at start");
  if (Is("throws_a_number")) throw 7;
  if (Is("no_table")) return nullptr;
  if (Is("no_table_but_why") || host->num_ops == 0) {
    Say(EMBER_FAILED, "the licence has run out: renew it", error, error_bytes);
    return nullptr;
  }
  table.size = Is("short_table") ? 16 : sizeof(table);
  table.abi_version = Is("other_version") ? 99 : EMBER_BACKEND_ABI_VERSION;
  table.name = Is("bad_name") ? "../Bad" : Is("other_name") ? "else" : plugin_name.c_str();
  table.version = Is("no_version") ? nullptr : "1";
  table.framework = "testing 1.0";
  table.flags = Is("contiguous") ? 0 : EMBER_TAKES_STRIDES | EMBER_TAKES_BROADCAST;
  table.rank_max = Is("no_ranks") ? 0 : 5;
  table.devices = &Devices;
  table.supports = &Supports;
  table.execute = Is("no_functions") ? nullptr : &Execute;
  table.allocate = Is("no_memory") ? nullptr : &Allocate;
  table.release = &Release;
  table.copy = &Copy;
  table.synchronize = &Synchronize;
  return &table;
}
