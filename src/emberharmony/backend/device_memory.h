#pragma once

#include "emberharmony/backend/backend.h"

/// Tensors on devices other than the CPU. All functions throw std::invalid_argument where no
/// backend that is loaded has the device, and OutOfMemoryError; all are thread-safe.
namespace emberharmony::backend {

/// The backend that has a device other than the CPU; std::invalid_argument, with the devices there
/// are, if none that is loaded has it.
Backend& RequireBackendOf(tensor::Device device);

/// An uninitialized, C-contiguous tensor on any device.
tensor::Tensor EmptyOn(const tensor::Shape& shape, tensor::DType dtype, tensor::Device device);

/// A C-contiguous copy on the CPU of a tensor on another device, whatever its strides.
tensor::Tensor CopyToHost(const tensor::Tensor& from);
/// Copies a C-contiguous tensor on the CPU into one of its shape and dtype on another device,
/// whatever its strides.
void CopyFromHost(const tensor::Tensor& from, const tensor::Tensor& to);

/// The CPU, and the devices of the backends that are loaded, each once.
std::vector<tensor::Device> AvailableDevices();

}  // namespace emberharmony::backend
