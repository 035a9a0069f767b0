#pragma once

#include <vector>

#include "backends/mlx/mlx_call.h"

/// Devices, their memory and streams. Errors are MLX's exceptions.
namespace emberharmony::mlx_backend {

/// The CPU first, then the GPUs that MLX was built for and finds.
std::vector<EmberDeviceInfo> FindDevices();

/// The stream that this plugin's work on a device goes to. Its work is done by one thread at a
/// time: hold StreamLock().
mx::Stream StreamOf(EmberDevice device);

void* AllocateOn(EmberDevice device, uint64_t bytes);
void ReleaseOn(void* memory);
void CopyBetween(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                 uint64_t bytes);
/// The buffer of what AllocateOn returned.
mx::allocator::Buffer BufferOf(void* memory);

/// Whether MLX's buffers on the CPU are a count of bytes and then the memory, so that memory of
/// others can stand for one. It is so in MLX without a GPU; elsewhere inputs are copied.
bool BuffersCanBeMade();
/// A buffer over memory of others.
mx::allocator::Buffer BufferOver(const void* data);

}  // namespace emberharmony::mlx_backend
