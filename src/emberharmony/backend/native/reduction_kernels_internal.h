// Bodies of the reduction kernels; see loops_internal.h.
//
// A row is reduced in a tree whose shape depends on its length alone: element i of a block of 1,024
// goes to lane i mod 32, lanes are folded in halves, blocks are combined as the bits of a binary
// counter. So the same values give the same bits on every instruction set, and blocks may be shared
// out among threads.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

constexpr int kLanes = 32;
constexpr int64_t kBlock = 1024;
/// Enough levels for 2^63 elements.
constexpr int kLevels = 54;

/// What sums are held in: float32 in double precision, rounded once; integers wrap around.
template <class T>
struct SumType {
  using type = uint64_t;
};
template <>
struct SumType<float> {
  using type = double;
};
template <>
struct SumType<double> {
  using type = double;
};

template <class T>
struct SumOf {
  using Acc = typename SumType<T>::type;
  static Acc Identity(T) { return Acc(0); }
  static Acc Combine(Acc x, Acc y) { return x + y; }
};
// Minimum and maximum: NaN wins. The row's first element is the identity.
template <class T>
struct MinOf {
  using Acc = T;
  static Acc Identity(T first) { return first; }
  static Acc Combine(Acc x, Acc y) { return ((x <= y) | (x != x)) ? x : y; }
};
template <class T>
struct MaxOf {
  using Acc = T;
  static Acc Identity(T first) { return first; }
  static Acc Combine(Acc x, Acc y) { return ((x >= y) | (x != x)) ? x : y; }
};

template <class F, class T>
typename F::Acc ReduceBlock(const T* x, int64_t n, typename F::Acc identity) {
  using Acc = typename F::Acc;
  Acc lanes[kLanes];
  for (int j = 0; j < kLanes; ++j) lanes[j] = identity;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] = F::Combine(lanes[j], static_cast<Acc>(x[i + j]));
  }
  for (int j = 0; i + j < n; ++j) lanes[j] = F::Combine(lanes[j], static_cast<Acc>(x[i + j]));
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lanes[j] = F::Combine(lanes[j], lanes[j + half]);
  }
  return lanes[0];
}

template <class F, class T>
T ReduceRow(const T* x, int64_t n) {
  using Acc = typename F::Acc;
  const Acc identity = F::Identity(x[0]);
  if (n <= kBlock) return static_cast<T>(ReduceBlock<F>(x, n, identity));
  Acc partial[kLevels];
  uint64_t num_blocks = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    Acc value = ReduceBlock<F>(x + i, n - i < kBlock ? n - i : kBlock, identity);
    int level = 0;
    for (; (num_blocks >> level) & 1; ++level) value = F::Combine(partial[level], value);
    partial[level] = value;
    ++num_blocks;
  }
  int level = __builtin_ctzll(num_blocks);
  Acc total = partial[level];
  for (++level; num_blocks >> level != 0; ++level) {
    if ((num_blocks >> level) & 1) total = F::Combine(partial[level], total);
  }
  return static_cast<T>(total);
}

template <class F, class T>
void RowsLoop(const void* input, void* output, int64_t rows, int64_t n) {
  const T* x = static_cast<const T*>(input);
  T* out = static_cast<T*>(output);
  for (int64_t row = 0; row < rows; ++row) out[row] = ReduceRow<F>(x + row * n, n);
}

template <template <class> class F, class... Ts>
void AddReduction(KernelTable* table, Op op, Types<Ts...>) {
  ((table->reduce[static_cast<int>(op)][static_cast<int>(DTypeOf<Ts>())] = &RowsLoop<F<Ts>, Ts>),
   ...);
}

void AddReductions(KernelTable* table) {
  AddReduction<SumOf>(table, Op::kSum, RealTypes{});
  AddReduction<MinOf>(table, Op::kMin, RealTypes{});
  AddReduction<MaxOf>(table, Op::kMax, RealTypes{});
}

}  // namespace
}  // namespace emberharmony::backend::native
