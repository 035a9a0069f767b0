#pragma once

#include <array>
#include <span>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/backend_abi.h"

namespace emberharmony::backend {

/// The most tensors of an operation: three in, or one in and three out.
inline constexpr int kTensorsMax = 8;

bool HasNegativeStrides(const tensor::Tensor& tensor);

/// The dtypes that a query about this call holds (OpQuery), written to the array.
std::span<const tensor::DType> DTypesOf(Op op, Tensors inputs, Tensors outputs,
                                        tensor::DType (&dtypes)[kTensorsMax]);
/// The largest rank.
int RankOf(Tensors inputs, Tensors outputs);

/// A call of an operation as a plugin sees it. Refers to the tensors, which must outlive it.
class PluginCall {
 public:
  /// `flags`: what the plugin takes (EMBER_TAKES_...).
  PluginCall(Op op, Tensors inputs, Attributes attributes, Tensors outputs, uint32_t flags);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  const EmberCall* get() const { return &call_; }
  /// Whether the plugin takes only copies, which are made on the CPU alone: the call is not usable.
  bool needs_copies_off_cpu() const { return needs_copies_off_cpu_; }
  /// After the plugin has computed: copies what it computed apart to where it belongs.
  void Finish();

 private:
  struct Apart {
    tensor::Tensor computed;
    const tensor::Tensor* output;
  };

  void Describe(const tensor::Tensor& tensor, EmberTensor* description);
  /// The tensor, or one like it that the plugin takes.
  const tensor::Tensor& Input(const tensor::Tensor& tensor, const tensor::Shape* expanded,
                              uint32_t flags);

  EmberCall call_;
  EmberTensor tensors_[kTensorsMax];
  /// What was made for the call; allocated only where something is.
  std::vector<tensor::Tensor> made_;
  std::vector<Apart> apart_;
  bool needs_copies_off_cpu_ = false;
};

}  // namespace emberharmony::backend
