#include "backends/mlx/mlx_memory.h"

#include <mlx/allocator.h>
#include <mlx/device.h>
#include <mlx/stream.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <variant>

namespace emberharmony::mlx_backend {
namespace {

/// What lies between a buffer's address and its memory on the CPU.
constexpr size_t kCountBytes = sizeof(size_t);

/// Memory on a device. What the library holds as its address is the address of this.
struct DeviceMemory {
  mx::allocator::Data data;
};

using Properties = std::unordered_map<std::string, std::variant<std::string, size_t>>;

size_t NumberOf(const Properties& properties, const char* key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return 0;
  const size_t* const number = std::get_if<size_t>(&found->second);
  return number != nullptr ? *number : 0;
}

EmberDeviceInfo DescribeGpu(int index) {
  const Properties& properties = mx::device_info(mx::Device(mx::Device::gpu, index));
  const bool is_cuda = properties.count("compute_capability_major") > 0;
  EmberDeviceInfo info{};
  info.device = {is_cuda ? EMBER_CUDA : EMBER_METAL, index};
  info.flags = EMBER_DEVICE_NO_FLOAT64;
  info.memory_bytes =
      std::max(NumberOf(properties, "total_memory"), NumberOf(properties, "memory_size"));
  const auto name = properties.find("device_name");
  const std::string* const text =
      name != properties.end() ? std::get_if<std::string>(&name->second) : nullptr;
  std::snprintf(info.name, sizeof(info.name), "%s",
                text != nullptr ? text->c_str() : (is_cuda ? "cuda" : "metal"));
  return info;
}

void* HostAddress(EmberDevice device, void* data) {
  return device.kind == EMBER_CPU ? data : BufferOf(data).raw_ptr();
}

}  // namespace

std::vector<EmberDeviceInfo> FindDevices() {
  std::vector<EmberDeviceInfo> devices(1);
  devices[0].device = {EMBER_CPU, 0};
  std::snprintf(devices[0].name, sizeof(devices[0].name), "cpu");
  const int num_gpus =
      mx::is_available(mx::Device(mx::Device::gpu)) ? mx::device_count(mx::Device::gpu) : 0;
  for (int i = 0; i < num_gpus; ++i) devices.push_back(DescribeGpu(i));
  return devices;
}

mx::Stream StreamOf(EmberDevice device) {
  // MLX's ordinary streams belong to the thread that makes them.
  static const mx::Stream cpu = mx::new_thread_unsafe_stream(mx::Device(mx::Device::cpu));
  if (device.kind == EMBER_CPU) return cpu;
  static std::vector<mx::Stream> gpus;
  while (static_cast<int32_t>(gpus.size()) <= device.index) {
    const auto index = static_cast<int>(gpus.size());
    gpus.push_back(mx::new_thread_unsafe_stream(mx::Device(mx::Device::gpu, index)));
  }
  return gpus[device.index];
}

void* AllocateOn(EmberDevice, uint64_t bytes) {
  // One byte at least: no two tensors share an address.
  return new DeviceMemory{mx::allocator::malloc(bytes + (bytes == 0))};
}

void ReleaseOn(void* memory) { delete static_cast<DeviceMemory*>(memory); }

mx::allocator::Buffer BufferOf(void* memory) {
  return static_cast<DeviceMemory*>(memory)->data.buffer();
}

void CopyBetween(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                 uint64_t bytes) {
  // The memory of MLX's devices is the CPU's as well; its results are complete when calls return.
  std::memcpy(HostAddress(to_device, to), HostAddress(from_device, const_cast<void*>(from)), bytes);
}

bool BuffersCanBeMade() {
  static const bool can = [] {
    const mx::allocator::Data memory = mx::allocator::malloc(48);
    mx::allocator::Buffer buffer = memory.buffer();
    return static_cast<char*>(buffer.raw_ptr()) == static_cast<char*>(buffer.ptr()) + kCountBytes;
  }();
  return can;
}

mx::allocator::Buffer BufferOver(const void* data) {
  // MLX reads the count only of memory that it owns.
  return mx::allocator::Buffer(static_cast<char*>(const_cast<void*>(data)) - kCountBytes);
}

}  // namespace emberharmony::mlx_backend
