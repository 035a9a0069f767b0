#pragma once

#include <vector>

#include "emberharmony/backend/backend_abi.h"

/// Memory of PyTorch's devices. Errors are PyTorch's exceptions.
namespace emberharmony::torch_backend {

/// The CPU first, then what accelerators PyTorch was built for and finds.
std::vector<EmberDeviceInfo> FindDevices();

void* AllocateOn(EmberDevice device, uint64_t bytes);
void ReleaseOn(EmberDevice device, void* data);
void CopyBetween(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                 uint64_t bytes);
void SynchronizeWith(EmberDevice device);

}  // namespace emberharmony::torch_backend
