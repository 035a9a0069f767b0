#pragma once

#include <mlx/array.h>
#include <mlx/utils.h>

#include <cstdint>
#include <span>
#include <vector>

#include "emberharmony/backend/backend_abi.h"

namespace emberharmony::mlx_backend {

namespace mx = mlx::core;

/// A call of an operation with its inputs as MLX sees them.
struct MlxCall {
  const EmberCall* call;
  mx::Stream stream;
  std::vector<mx::array> inputs;

  const mx::array& in(int i = 0) const { return inputs[i]; }
  const EmberTensor& out(int i = 0) const { return call->outputs[i]; }

  const EmberAttribute* Find(uint32_t key) const {
    for (int32_t i = 0; i < call->num_attributes; ++i) {
      if (call->attributes[i].key == key) return &call->attributes[i];
    }
    return nullptr;
  }
  int64_t Integer(uint32_t key, int64_t absent) const {
    const EmberAttribute* attribute = Find(key);
    return attribute != nullptr ? attribute->value.integer : absent;
  }
  double Number(uint32_t key, double absent) const {
    const EmberAttribute* attribute = Find(key);
    return attribute != nullptr ? attribute->value.number : absent;
  }
};

/// Thrown by an operation for what a query does not tell; the library then computes natively.
struct Refusal {
  const char* reason;
};

/// Thrown where a matrix has no answer.
struct NoAnswer {
  const char* reason;
};

/// A set of the ABI's element types, one bit each.
using DTypes = uint32_t;
constexpr DTypes Bit(int dtype) { return DTypes{1} << dtype; }
inline constexpr DTypes kBools = Bit(EMBER_BOOL);
inline constexpr DTypes kSigned =
    Bit(EMBER_INT8) | Bit(EMBER_INT16) | Bit(EMBER_INT32) | Bit(EMBER_INT64);
inline constexpr DTypes kUnsigned =
    Bit(EMBER_UINT8) | Bit(EMBER_UINT16) | Bit(EMBER_UINT32) | Bit(EMBER_UINT64);
inline constexpr DTypes kInts = kSigned | kUnsigned;
inline constexpr DTypes kFloat32 = Bit(EMBER_FLOAT32);
inline constexpr DTypes kFloats = Bit(EMBER_FLOAT32) | Bit(EMBER_FLOAT64);
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
