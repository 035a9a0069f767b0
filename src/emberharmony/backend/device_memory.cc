#include "emberharmony/backend/device_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend {
namespace {

using tensor::Device;
using tensor::Tensor;

/// The elements [first, last] of its storage that a tensor's elements lie between.
struct ElementRange {
  int64_t first = 0;
  int64_t last = 0;
};

ElementRange RangeOf(const Tensor& tensor) {
  ElementRange range{tensor.offset(), tensor.offset()};
  for (int i = 0; i < tensor.rank(); ++i) {
    const int64_t reach = tensor.strides()[i] * (tensor.shape()[i] - 1);
    (reach < 0 ? range.first : range.last) += reach;
  }
  return range;
}

char* AddressOf(const Tensor& tensor, int64_t element) {
  return static_cast<char*>(tensor.storage_data()) + element * tensor::ItemSize(tensor.dtype());
}

/// What lies between a tensor's first and last element, as a tensor of its strides on the CPU.
Tensor FetchRange(Backend& backend, const Tensor& from) {
  const ElementRange range = RangeOf(from);
  const Tensor fetched = Tensor::Empty({range.last - range.first + 1}, from.dtype());
  backend.CopyBytes(tensor::kCpuDevice, fetched.mutable_data(), from.device(),
                    AddressOf(from, range.first), fetched.size_bytes());
  return fetched.View(from.shape(), from.strides(), from.offset() - range.first);
}

}  // namespace

Backend& RequireBackendOf(Device device) {
  if (Backend* const backend = BackendOf(device)) return *backend;
  std::string names;
  for (const Device each : AvailableDevices()) {
    names += (names.empty() ? "" : ", ") + tensor::DeviceName(each);
  }
  throw std::invalid_argument(
      fmt::format("expected a device of a backend that is loaded ({}), found {}: load its backend "
                  "first",
                  names, tensor::DeviceName(device)));
}

Tensor EmptyOn(const tensor::Shape& shape, tensor::DType dtype, Device device) {
  if (device == tensor::kCpuDevice) return Tensor::Empty(shape, dtype);
  Backend& backend = RequireBackendOf(device);
  // Without memory of its own it only checks the shape.
  const int64_t bytes = Tensor::Wrap(nullptr, shape, dtype, nullptr).size_bytes();
  std::shared_ptr<void> storage = backend.Allocate(device, bytes);
  void* const data = storage.get();
  return Tensor::WrapMutable(data, shape, dtype, std::move(storage), device);
}

Tensor CopyToHost(const Tensor& from) {
  if (from.size() == 0) return Tensor::Empty(from.shape(), from.dtype());
  return FetchRange(RequireBackendOf(from.device()), from).Contiguous();
}

void CopyFromHost(const Tensor& from, const Tensor& to) {
  if (to.size() == 0) return;
  Backend& backend = RequireBackendOf(to.device());
  if (to.is_contiguous()) {
    backend.CopyBytes(to.device(), AddressOf(to, to.offset()), tensor::kCpuDevice, from.data(),
                      from.size_bytes());
    return;
  }
  // What lies between the elements is written back as it was.
  const Tensor fetched = FetchRange(backend, to);
  tensor::CopyElements(from, fetched);
  const ElementRange range = RangeOf(to);
  backend.CopyBytes(to.device(), AddressOf(to, range.first), tensor::kCpuDevice,
                    fetched.storage_data(),
                    (range.last - range.first + 1) * tensor::ItemSize(to.dtype()));
}

std::vector<Device> AvailableDevices() {
  std::vector<Device> devices = {tensor::kCpuDevice};
  for (const std::string& name : BackendNames()) {
    for (const Device device : FindBackend(name)->devices()) {
      if (std::find(devices.begin(), devices.end(), device) == devices.end()) {
        devices.push_back(device);
      }
    }
  }
  return devices;
}

}  // namespace emberharmony::backend
