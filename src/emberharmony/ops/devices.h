#pragma once

#include <string_view>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Where tensors lie. Beside the CPU's there is the memory of the devices of backends that are
/// loaded (backend::LoadBackend). Elementwise functions, reductions, sorting, searching, take,
/// matrix products, decompositions and Fourier transforms take tensors on a device and leave their
/// result there; what its backend does not compute runs on the CPU, by way of copies, and counts as
/// a fallback. Other functions throw std::invalid_argument for a tensor that is not on the CPU.
/// Tensors on different devices do not mix, but for numbers, and tensors of rank 0 on the CPU.
namespace emberharmony::ops {

/// The tensor if it is there already, else a copy on that device. Throws std::invalid_argument for
/// a device that no loaded backend has, OutOfMemoryError.
Tensor to_device(const Tensor& x, Device device);

/// The device that a name like "cpu", "cuda" or "cuda:1" stands for. Throws std::invalid_argument,
/// with the names of those there are, for one that is not there.
Device parse_device(std::string_view name);

/// The CPU, and the devices of the backends that are loaded.
std::vector<Device> available_devices();

/// Waits until a device has done what it was given; the CPU has when a function returns.
void synchronize(Device device);

}  // namespace emberharmony::ops
