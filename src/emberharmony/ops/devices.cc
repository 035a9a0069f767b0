#include "emberharmony/ops/devices.h"

#include <fmt/format.h>

#include "emberharmony/backend/device_memory.h"
#include "emberharmony/base/shortened.h"

namespace emberharmony::ops {

Tensor to_device(const Tensor& x, Device device) {
  if (!x.defined()) {
    throw std::invalid_argument("to_device: expected a tensor, found an undefined tensor");
  }
  if (x.device() == device) return x;
  const Tensor on_host = x.device() == tensor::kCpuDevice ? x.Contiguous() : backend::CopyToHost(x);
  if (device == tensor::kCpuDevice) return on_host;
  const Tensor result = backend::EmptyOn(x.shape(), x.dtype(), device);
  backend::CopyFromHost(on_host, result);
  return result;
}

Device parse_device(std::string_view name) {
  std::string names;
  for (const Device device : backend::AvailableDevices()) {
    const std::string full = tensor::DeviceName(device);
    if (name == full || (device.index == 0 && name == full.substr(0, full.find(':'))))
      return device;
    names += (names.empty() ? "" : ", ") + full;
  }
  throw std::invalid_argument(
      fmt::format("expected a device that is there ({}), found '{}': a backend that has it must be "
                  "loaded first",
                  names, base::Shortened(name)));
}

std::vector<Device> available_devices() { return backend::AvailableDevices(); }

void synchronize(Device device) {
  if (device == tensor::kCpuDevice) return;
  backend::RequireBackendOf(device).Synchronize(device);
}

}  // namespace emberharmony::ops
