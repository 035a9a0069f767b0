#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
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
  /// Fills call->tensors for the operation. What PyTorch does not take (negative strides, elements
  /// that are not aligned, wide unsigned integers in order) is copied first. Calls do not nest.
  void Describe(const TorchOp& op, TorchCall* call);
  /// Whether PyTorch has left the outputs where they were. Then they are complete, and the copies
  /// are freed.
  bool Finish(const TorchOp& op, const TorchCall& call);

 private:
  struct Slot {
    at::Tensor tensor;
    EmberDevice device{0, 0};
  };

  at::Tensor* Describe(const EmberTensor& from, WideUnsigned wide, int place);
  at::Tensor* DescribeInput(const EmberTensor& from, WideUnsigned wide, int place);
  /// A tensor that lives until Finish.
  at::Tensor* Keep(at::Tensor tensor);

  /// By place in the call and dtype.
  Slot slots_[kTensorsMax][EMBER_COMPLEX128 + 1];
  std::deque<at::Tensor> copies_;  // references into it stay valid
};

}  // namespace emberharmony::torch_backend
