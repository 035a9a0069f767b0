#pragma once

#include <cstdint>
#include <string>

namespace emberharmony::tensor {

/// Where memory lives. The numbers are DLPack's.
enum class DeviceKind : int32_t { kCpu = 1, kCuda = 2, kMetal = 8, kRocm = 10 };

/// A device: its kind and its index among those of that kind.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int32_t index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device kCpuDevice{};

/// "cpu:0"
inline std::string DeviceName(Device device) {
  const char* kind = "unknown";
  switch (device.kind) {
    case DeviceKind::kCpu:
      kind = "cpu";
      break;
    case DeviceKind::kCuda:
      kind = "cuda";
      break;
    case DeviceKind::kMetal:
      kind = "metal";
      break;
    case DeviceKind::kRocm:
      kind = "rocm";
      break;
  }
  return std::string(kind) + ":" + std::to_string(device.index);
}

}  // namespace emberharmony::tensor
