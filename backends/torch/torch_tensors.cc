#include "backends/torch/torch_tensors.h"

#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/view_as_real.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/TensorImpl.h>

#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace emberharmony::torch_backend {
namespace {

constexpr at::ScalarType kTypes[] = {at::kBool,         at::kChar,  at::kShort,  at::kInt,
                                     at::kLong,         at::kByte,  at::kUInt16, at::kUInt32,
                                     at::kUInt64,       at::kFloat, at::kDouble, at::kComplexFloat,
                                     at::kComplexDouble};

/// The ABI's number of a data type.
int NumberOf(EmberDataType type) {
  constexpr int8_t kSigned[] = {EMBER_INT8, EMBER_INT16, -1, EMBER_INT32, -1, -1, -1, EMBER_INT64};
  constexpr int8_t kUnsigned[] = {EMBER_UINT8, EMBER_UINT16, -1, EMBER_UINT32,
                                  -1,          -1,           -1, EMBER_UINT64};
  switch (type.code) {
    case 0:
      return kSigned[type.bits / 8 - 1];
    case 1:
      return kUnsigned[type.bits / 8 - 1];
    case 2:
      return type.bits == 32 ? EMBER_FLOAT32 : EMBER_FLOAT64;
    case 5:
      return type.bits == 64 ? EMBER_COMPLEX64 : EMBER_COMPLEX128;
    default:
      return EMBER_BOOL;
  }
}

bool IsWide(int number) { return (Bit(number) & kWideUnsigned) != 0; }

/// The number of the signed integers of the same width.
int SignedOf(int number) { return number - EMBER_UINT16 + EMBER_INT16; }
static_assert(EMBER_INT32 - EMBER_INT16 == EMBER_UINT32 - EMBER_UINT16);
static_assert(EMBER_INT64 - EMBER_INT16 == EMBER_UINT64 - EMBER_UINT16);

/// A signed integer with the uppermost bit alone, of a tensor's dtype.
at::Scalar UppermostBit(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kShort:
      return std::numeric_limits<int16_t>::min();
    case at::kInt:
      return std::numeric_limits<int32_t>::min();
    default:
      return std::numeric_limits<int64_t>::min();
  }
}

void* AddressOf(const EmberTensor& tensor) {
  return static_cast<char*>(tensor.data) + tensor.byte_offset;
}

/// The bytes from the first element to behind the last.
size_t BytesOf(const EmberTensor& tensor, size_t item_bytes) {
  int64_t last = 0;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    if (tensor.shape[i] == 0) return 0;
    last += (tensor.shape[i] - 1) * tensor.strides[i];
  }
  return static_cast<size_t>(last + 1) * item_bytes;
}

}  // namespace

c10::Device DeviceOf(EmberDevice device) {
  switch (device.kind) {
    case EMBER_CPU:
      return c10::Device(c10::DeviceType::CPU);
    case EMBER_CUDA:
    case EMBER_ROCM:  // which PyTorch calls CUDA
      return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device.index));
    case EMBER_METAL:
      return c10::Device(c10::DeviceType::MPS, static_cast<c10::DeviceIndex>(device.index));
    default:
      throw std::runtime_error("PyTorch has no device of kind " + std::to_string(device.kind));
  }
}

at::Tensor PartsOf(const at::Tensor& tensor) {
  return tensor.is_complex() ? at::view_as_real(tensor) : tensor;
}

at::Tensor* TorchTensors::Keep(at::Tensor tensor) {
  return &copies_.emplace_back(std::move(tensor));
}

at::Tensor* TorchTensors::Describe(const EmberTensor& from, WideUnsigned wide, int place) {
  int number = NumberOf(from.type);
  if (wide != WideUnsigned::kNot && IsWide(number)) number = SignedOf(number);
  Slot& slot = slots_[place][number];
  const bool known = slot.tensor.defined() && slot.device.kind == from.device.kind &&
                     slot.device.index == from.device.index && slot.tensor.use_count() == 1 &&
                     slot.tensor.storage().use_count() == 1;
  if (!known) {
    slot.tensor =
        at::empty({0}, at::TensorOptions().dtype(kTypes[number]).device(DeviceOf(from.device)));
    slot.device = from.device;
  }
  // PyTorch's complex numbers are aligned to their size, and its instructions rely on that.
  if (reinterpret_cast<uintptr_t>(AddressOf(from)) % slot.tensor.itemsize() != 0) {
    throw Refusal{"memory that is not aligned to the size of its elements"};
  }
  at::TensorImpl* const impl = slot.tensor.unsafeGetTensorImpl();
  c10::StorageImpl* const storage = impl->unsafe_storage().unsafeGetStorageImpl();
  storage->set_data_ptr_noswap(c10::DataPtr(AddressOf(from), storage->device()));
  storage->set_nbytes(BytesOf(from, slot.tensor.itemsize()));
  const at::IntArrayRef shape(from.shape, from.rank);
  const at::IntArrayRef strides(from.strides, from.rank);
  if (impl->sizes() != shape || impl->strides() != strides) {
    impl->set_sizes_and_strides(shape, strides);
  }
  return &slot.tensor;
}

at::Tensor* TorchTensors::DescribeInput(const EmberTensor& from, WideUnsigned wide, int place) {
  EmberTensor forward = from;
  std::vector<int64_t> backwards;
  std::vector<int64_t> strides;
  const int64_t item_bytes = from.type.bits / 8;
  for (int32_t i = 0; i < from.rank; ++i) {
    if (from.strides[i] >= 0) continue;
    if (backwards.empty()) strides.assign(from.strides, from.strides + from.rank);
    backwards.push_back(i);
    strides[i] = -from.strides[i];
    forward.byte_offset -= static_cast<uint64_t>(strides[i] * (from.shape[i] - 1) * item_bytes);
  }
  if (!backwards.empty()) forward.strides = strides.data();
  const bool is_aligned =
      item_bytes == 0 || reinterpret_cast<uintptr_t>(AddressOf(forward)) % item_bytes == 0;
  if (!is_aligned && from.device.kind == EMBER_CPU) {
    const size_t bytes = BytesOf(forward, item_bytes);
    at::Tensor* const copy =
        Keep(at::empty({static_cast<int64_t>(bytes)}, at::TensorOptions().dtype(at::kByte)));
    std::memcpy(copy->mutable_data_ptr(), AddressOf(forward), bytes);
    forward.data = copy->mutable_data_ptr();
    forward.byte_offset = 0;
  }
  at::Tensor* tensor = Describe(forward, wide, place);
  if (!backwards.empty()) tensor = Keep(at::flip(*tensor, backwards));
  if (wide == WideUnsigned::kOrder && IsWide(NumberOf(from.type))) {
    tensor = Keep(at::bitwise_xor(*tensor, UppermostBit(*tensor)));
  }
  return tensor;
}

void TorchTensors::Describe(const TorchOp& op, TorchCall* call) {
  const EmberCall& from = *call->call;
  if (from.num_inputs + from.num_outputs > kTensorsMax)
    throw Refusal{"more tensors than are known"};
  copies_.clear();  // of a call that did not end
  int place = 0;
  for (int32_t i = 0; i < from.num_inputs; ++i, ++place) {
    call->tensors[place] = DescribeInput(from.inputs[i], op.wide, place);
  }
  for (int32_t i = 0; i < from.num_outputs; ++i, ++place) {
    const EmberTensor& output = from.outputs[i];
    for (int32_t axis = 0; axis < output.rank; ++axis) {
      if (output.strides[axis] < 0) throw Refusal{"a result with negative strides"};
    }
    call->tensors[place] = Describe(output, op.wide, place);
  }
}

bool TorchTensors::Finish(const TorchOp& op, const TorchCall& call) {
  copies_.clear();
  for (int32_t i = 0; i < call.call->num_outputs; ++i) {
    const EmberTensor& wanted = call.call->outputs[i];
    const at::Tensor& found = call.out(i);
    if (found.unsafeGetTensorImpl()->unsafe_storage().data() != AddressOf(wanted)) return false;
    if (found.sizes() != at::IntArrayRef(wanted.shape, wanted.rank)) return false;
    if (op.wide == WideUnsigned::kOrder && IsWide(NumberOf(wanted.type))) {
      at::bitwise_xor_out(call.out(i), found, UppermostBit(found));
    }
  }
  return true;
}

}  // namespace emberharmony::torch_backend
