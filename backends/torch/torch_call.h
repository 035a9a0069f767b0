#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>

#include "backends/plugin_support.h"

namespace emberharmony::torch_backend {

/// The most tensors of a call.
inline constexpr int kTensorsMax = 8;

/// A call of an operation with its tensors as PyTorch sees them.
struct TorchCall : plugin::Call {
  at::Tensor* tensors[kTensorsMax];  ///< inputs, then outputs

  const at::Tensor& in(int i) const { return *tensors[i]; }
  at::Tensor& out(int i = 0) const { return *tensors[call->num_inputs + i]; }
};

using plugin::Bit;
using plugin::DTypes;
using plugin::kBools;
using plugin::kFloats;
using plugin::NoAnswer;
using plugin::Refusal;

/// PyTorch computes little of the wider unsigned integers.
inline constexpr DTypes kInts =
    Bit(EMBER_INT8) | Bit(EMBER_INT16) | Bit(EMBER_INT32) | Bit(EMBER_INT64) | Bit(EMBER_UINT8);
inline constexpr DTypes kWideUnsigned = Bit(EMBER_UINT16) | Bit(EMBER_UINT32) | Bit(EMBER_UINT64);
inline constexpr DTypes kComplexes = Bit(EMBER_COMPLEX64) | Bit(EMBER_COMPLEX128);

/// What PyTorch sees of unsigned integers of more than 8 bits, of which it computes little: bits
/// that are taken for signed integers, as they are where sums and products wrap around the same
/// way; or with their uppermost bit turned over, so that their order is that of signed integers.
enum class WideUnsigned : uint8_t { kNot, kBits, kOrder };

/// An operation that PyTorch computes with the library's semantics.
struct TorchOp {
  uint32_t op;
  DTypes dtypes;  ///< that the first input may have, beside the wide unsigned ones
  void (*run)(const TorchCall&);
  /// Why other dtypes are not among them; null for the usual reasons.
  const char* why_not = nullptr;
  WideUnsigned wide = WideUnsigned::kNot;

  DTypes all_dtypes() const;
};

inline DTypes TorchOp::all_dtypes() const {
  return wide == WideUnsigned::kNot ? dtypes : dtypes | kWideUnsigned;
}

/// Complex numbers as pairs of real ones, along a last axis more: what is done to their parts
/// alone.
at::Tensor PartsOf(const at::Tensor& tensor);

std::span<const TorchOp> ElementwiseOps();
std::span<const TorchOp> ReductionOps();
std::span<const TorchOp> OrderOps();
std::span<const TorchOp> MatrixOps();

/// Whether the operation may run on these dtypes, from the query; null for yes, else why not.
const char* WhyNot(const EmberQuery& query);
/// The operation, or null.
const TorchOp* FindOp(uint32_t op);

}  // namespace emberharmony::torch_backend
