#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {

/// PyTorch's name of a device.
c10::Device DeviceOf(EmberDevice device);

/// The tensors of calls on one thread, over memory that is not theirs. Making a tensor costs
/// PyTorch more than adding eight numbers, so those of earlier calls are given the new addresses.
///
/// PyTorch may keep none of them: that is so under c10::InferenceMode, in which they are made and
/// used, since nothing is recorded for gradients.
class TorchTensors {
 public:
  /// Fills call->tensors. Calls do not nest.
  void Describe(TorchCall* call);
  /// Whether PyTorch has left the outputs where they were; then forgets the memory.
  bool Check(const TorchCall& call) const;

 private:
  struct Slot {
    at::Tensor tensor;
    EmberDevice device{0, 0};
  };

  at::Tensor* Describe(const EmberTensor& from, int place);

  /// By place in the call and dtype.
  Slot slots_[kTensorsMax][EMBER_COMPLEX128 + 1];
};

}  // namespace emberharmony::torch_backend
