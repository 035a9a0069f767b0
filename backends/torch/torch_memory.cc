#include "backends/torch/torch_memory.h"

#include <ATen/Context.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Allocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdio>

#include "backends/torch/torch_tensors.h"

namespace emberharmony::torch_backend {
namespace {

/// Appends the devices of one type. PyTorch's generic interface serves every accelerator, so this
/// plugin, compiled against a build for the CPU, runs with one for CUDA.
void AppendDevices(c10::DeviceType type, int32_t kind, uint32_t flags,
                   std::vector<EmberDeviceInfo>* devices) {
  if (!c10::impl::hasDeviceGuardImpl(type)) return;
  const c10::impl::VirtualGuardImpl guard(type);
  for (int32_t i = 0; i < guard.deviceCount(); ++i) {
    EmberDeviceInfo info{};
    info.device = {kind, i};
    info.flags = flags;
    std::snprintf(info.name, sizeof(info.name), "%s",
                  c10::Device(type, static_cast<c10::DeviceIndex>(i)).str().c_str());
    devices->push_back(info);
  }
}

}  // namespace

std::vector<EmberDeviceInfo> FindDevices() {
  std::vector<EmberDeviceInfo> devices(1);
  devices[0].device = {EMBER_CPU, 0};
  std::snprintf(devices[0].name, sizeof(devices[0].name), "cpu");
  if (at::hasCUDA()) AppendDevices(c10::DeviceType::CUDA, EMBER_CUDA, 0, &devices);
  if (at::hasMPS()) {
    AppendDevices(c10::DeviceType::MPS, EMBER_METAL, EMBER_DEVICE_NO_FLOAT64, &devices);
  }
  return devices;
}

void* AllocateOn(EmberDevice device, uint64_t bytes) {
  const c10::DeviceGuard guard(DeviceOf(device));
  // One byte at least: no two tensors share an address.
  return c10::GetAllocator(DeviceOf(device).type())->raw_allocate(bytes + (bytes == 0));
}

void ReleaseOn(EmberDevice device, void* data) {
  const c10::DeviceGuard guard(DeviceOf(device));
  c10::GetAllocator(DeviceOf(device).type())->raw_deallocate(data);
}

void CopyBetween(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                 uint64_t bytes) {
  const auto tensor_of = [bytes](const void* data, EmberDevice device) {
    return at::from_blob(const_cast<void*>(data), {static_cast<int64_t>(bytes)},
                         at::TensorOptions().dtype(at::kByte).device(DeviceOf(device)));
  };
  tensor_of(to, to_device).copy_(tensor_of(from, from_device), /*non_blocking=*/false);
  if (to_device.kind != EMBER_CPU) SynchronizeWith(to_device);
}

void SynchronizeWith(EmberDevice device) {
  if (device.kind == EMBER_CPU) return;
  const c10::Device where = DeviceOf(device);
  c10::impl::VirtualGuardImpl(where.type()).synchronizeDevice(where.index());
}

}  // namespace emberharmony::torch_backend
