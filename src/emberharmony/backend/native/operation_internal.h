#pragma once

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend::native {

/// An operation that is neither elementwise nor made of row kernels: a sort, a matrix product, a
/// Fourier transform. Both functions follow the contract of Backend's methods.
struct Operation {
  bool (*supports)(std::span<const tensor::DType> dtypes);
  void (*execute)(Tensors inputs, Attributes attributes, Tensors outputs);
};

/// Makes `operation` the native implementation of `op`, before `main`: as
///   const bool registered = RegisterOperation(Op::kSort, {&SupportsSort, &Sort});
/// in the file that implements it. Each op is registered once.
bool RegisterOperation(Op op, Operation operation);

/// The registered implementation, or null.
const Operation* FindOperation(Op op);

}  // namespace emberharmony::backend::native
