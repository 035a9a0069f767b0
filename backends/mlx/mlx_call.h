#pragma once

#include <mlx/array.h>
#include <mlx/utils.h>

#include <cstdint>
#include <span>
#include <vector>

#include "backends/plugin_support.h"

namespace emberharmony::mlx_backend {

namespace mx = mlx::core;

/// A call of an operation with its inputs as MLX sees them.
struct MlxCall : plugin::Call {
  mx::Stream stream;
  std::vector<mx::array> inputs;

  const mx::array& in(int i = 0) const { return inputs[i]; }
  const EmberTensor& out(int i = 0) const { return call->outputs[i]; }
};

using plugin::Bit;
using plugin::DTypes;
using plugin::kBools;
using plugin::kFloats;
using plugin::NoAnswer;
using plugin::Refusal;

inline constexpr DTypes kSigned =
    Bit(EMBER_INT8) | Bit(EMBER_INT16) | Bit(EMBER_INT32) | Bit(EMBER_INT64);
inline constexpr DTypes kUnsigned =
    Bit(EMBER_UINT8) | Bit(EMBER_UINT16) | Bit(EMBER_UINT32) | Bit(EMBER_UINT64);
inline constexpr DTypes kInts = kSigned | kUnsigned;
inline constexpr DTypes kFloat32 = Bit(EMBER_FLOAT32);
inline constexpr DTypes kReals = kInts | kFloats;
/// MLX has no complex128.
inline constexpr DTypes kComplexes = Bit(EMBER_COMPLEX64);
inline constexpr DTypes kAllDTypes = kBools | kReals | kComplexes;

/// An operation that MLX computes with the library's semantics.
struct MlxOp {
  uint32_t op;
  DTypes dtypes;  ///< that the first input may have
  /// The result, not evaluated yet, of as many elements as the output and of a dtype that the
  /// output's takes without loss.
  mx::array (*run)(const MlxCall&);
  /// Why other dtypes are not among them; null for the usual reasons.
  const char* why_not = nullptr;
};

std::span<const MlxOp> ElementwiseOps();
std::span<const MlxOp> ReductionOps();
std::span<const MlxOp> OrderOps();
std::span<const MlxOp> MatrixOps();

/// Whether the operation may run on these dtypes, from the query; null for yes, else why not.
const char* WhyNot(const EmberQuery& query);
/// The operation, or null.
const MlxOp* FindOp(uint32_t op);

}  // namespace emberharmony::mlx_backend
