#pragma once

#include <cstdint>

#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/op.h"

namespace emberharmony::backend::native {

/// Computes n elements; inputs and output are contiguous. The output is apart from every input or
/// the same memory. An element's result depends on its inputs alone, not on its position or n.
using Kernel = void (*)(const void* const* inputs, void* output, int64_t n);

/// Reduces each of `rows` contiguous rows of n > 0 elements to one element of the output.
using RowKernel = void (*)(const void* input, void* output, int64_t rows, int64_t n);

/// The kernels of one instruction set, null where there is none.
struct KernelTable {
  /// By operation and dtype of the inputs (where: of the values).
  Kernel elementwise[kNumOps][tensor::kNumDTypes] = {};
  /// By dtype of the input and of the result.
  Kernel cast[tensor::kNumDTypes][tensor::kNumDTypes] = {};
  /// Reductions by operation and dtype.
  RowKernel reduce[kNumOps][tensor::kNumDTypes] = {};

  void Set(Op op, tensor::DType dtype, Kernel kernel) {
    elementwise[static_cast<int>(op)][static_cast<int>(dtype)] = kernel;
  }
  Kernel Get(Op op, tensor::DType dtype) const {
    return elementwise[static_cast<int>(op)][static_cast<int>(dtype)];
  }

  /// Kernels that do the same as another one, but whose second input is one element for all n: for
  /// operations that then have to find something out only once. Null for other kernels.
  Kernel ByNumber(Kernel kernel) const {
    for (int i = 0; i < num_by_number_; ++i) {
      if (by_number_[i].general == kernel) return by_number_[i].by_number;
    }
    return nullptr;
  }
  void SetByNumber(Kernel general, Kernel by_number) {
    by_number_[num_by_number_++] = {general, by_number};
  }

 private:
  struct WithNumber {
    Kernel general, by_number;
  };
  static constexpr int kByNumberMax = 16;  // two kinds of division, of eight kinds of integers
  WithNumber by_number_[kByNumberMax] = {};
  int num_by_number_ = 0;
};

/// The table of the active instruction set.
const KernelTable& ActiveKernels();

/// Declares the functions by which each kernel file fills its part of the table, once per
/// instruction set. The files
/// *_kernels_internal.h hold the bodies; *_scalar.cc, *_avx2.cc and *_avx512.cc compile them.
#define EMBER_DECLARE_KERNELS(set)         \
  namespace set {                          \
  void AddArithmeticKernels(KernelTable*); \
  void AddComparisonKernels(KernelTable*); \
  void AddCastKernels(KernelTable*);       \
  void AddComplexKernels(KernelTable*);    \
  void AddBitwiseKernels(KernelTable*);    \
  void AddMathKernels(KernelTable*);       \
  void AddReductionKernels(KernelTable*);  \
  }
EMBER_DECLARE_KERNELS(scalar)
EMBER_DECLARE_KERNELS(avx2)
EMBER_DECLARE_KERNELS(avx512)
#undef EMBER_DECLARE_KERNELS

/// The kernels of complex functions, one form for all instruction sets.
void AddComplexFunctions(KernelTable*);

}  // namespace emberharmony::backend::native
