// Bodies of the kernels of sequences that run along the columns of a matrix in memory; see
// reduction_strips.cc and loops_internal.h. Accumulators lie in kReductionLanes rows of `width`: a
// column of them belongs to one sequence.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class F>
void AddStripRows(const void* input, int64_t stride, int64_t rows, int64_t first, int64_t count,
                  int64_t width, void* scratch) {
  using Acc = typename F::Acc;
  const auto* x = static_cast<const typename F::In*>(input);
  auto* accs = static_cast<Acc*>(scratch);
  // Rows without gaps are one, as long as their accumulators follow each other.
  if (stride == width && count == width) {
    for (int64_t row = 0; row < rows;) {
      const int64_t lane = (first + row) % kReductionLanes;
      const int64_t run = rows - row < kReductionLanes - lane ? rows - row : kReductionLanes - lane;
      const auto* from = x + row * stride;
      Acc* to = accs + lane * width;
      EMBER_INDEPENDENT
      for (int64_t j = 0; j < run * width; ++j) to[j] = F::Combine(to[j], F::Load(from[j]));
      row += run;
    }
    return;
  }
  // Rows far apart are in pages of their own, which the processor does not foresee.
  constexpr int64_t kAhead = 8, kLine = 64 / sizeof(typename F::In);
  for (int64_t row = 0; row < rows; ++row) {
    const auto* from = x + row * stride;
    for (int64_t j = 0; j < count; j += kLine) __builtin_prefetch(from + kAhead * stride + j);
    Acc* to = accs + (first + row) % kReductionLanes * width;
    EMBER_INDEPENDENT
    for (int64_t j = 0; j < count; ++j) to[j] = F::Combine(to[j], F::Load(from[j]));
  }
}

template <class F>
void StartStripColumn(const void* first, int64_t width, void* column) {
  const auto identity = F::Identity(F::Load(*static_cast<const typename F::In*>(first)));
  auto* accs = static_cast<typename F::Acc*>(column);
  for (int64_t lane = 0; lane < kReductionLanes; ++lane) accs[lane * width] = identity;
}

template <class F>
void FoldStripColumn(const void* column, int64_t width, int64_t first, void* result) {
  using Acc = typename F::Acc;
  const auto* accs = static_cast<const Acc*>(column);
  Acc lanes[kReductionLanes];
  for (int64_t lane = 0; lane < kReductionLanes; ++lane) {
    lanes[lane] = accs[(first + lane) % kReductionLanes * width];
  }
  for (int half = kReductionLanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lanes[j] = F::Combine(lanes[j], lanes[j + half]);
  }
  *static_cast<Acc*>(result) = lanes[0];
}

template <class F>
constexpr StripKernel StripKernelOf() {
  return {&AddStripRows<F>, &StartStripColumn<F>, &FoldStripColumn<F>};
}

}  // namespace
}  // namespace emberharmony::backend::native
