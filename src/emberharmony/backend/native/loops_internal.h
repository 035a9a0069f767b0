// Loops over contiguous elements that the compiler vectorizes, for the files that instantiate
// kernels per instruction set.
//
// Everything here and in the kernel bodies has internal linkage and nothing of the standard
// library's templates is used: a function compiled with AVX-512 that the linker merged with its
// namesake elsewhere would crash on other CPUs.
#pragma once

// The vectorizer's cost model at -O2 leaves loops of unknown length scalar.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::DTypeOf;

/// The output is one of the inputs or apart from all, so no iteration depends on another.
#if defined(__clang__)
#define EMBER_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define EMBER_INDEPENDENT _Pragma("GCC ivdep")
#endif

/// Asks for what a loop over contiguous elements will read: the processor looks ahead by itself,
/// but not so far that loops which compute much would not wait for the second-level cache. Beyond
/// the last element nothing is read.
[[gnu::always_inline]] inline void ReadAhead(const void* p, int64_t bytes) {
  constexpr int64_t kDistance = 4096;
  constexpr int64_t kLine = 64;
  for (int64_t i = 0; i < bytes; i += kLine) {
    __builtin_prefetch(static_cast<const char*>(p) + kDistance + i);
  }
}

template <class F, class In, class Out>
void UnaryLoop(const void* const* inputs, void* output, int64_t n) {
  const In* x = static_cast<const In*>(inputs[0]);
  Out* out = static_cast<Out*>(output);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) out[i] = F::Do(x[i]);
}

template <class F, class In, class Out>
void BinaryLoop(const void* const* inputs, void* output, int64_t n) {
  const In* x = static_cast<const In*>(inputs[0]);
  const In* y = static_cast<const In*>(inputs[1]);
  Out* out = static_cast<Out*>(output);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) out[i] = F::Do(x[i], y[i]);
}

template <class... Ts>
struct Types {};

using SignedTypes = Types<int8_t, int16_t, int32_t, int64_t>;
using UnsignedTypes = Types<uint8_t, uint16_t, uint32_t, uint64_t>;
using IntegerTypes =
    Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using FloatTypes = Types<float, double>;
using RealTypes =
    Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, float, double>;

template <template <class> class F, class... Ts>
void AddUnary(KernelTable* table, Op op, Types<Ts...>) {
  (table->Set(op, DTypeOf<Ts>(), &UnaryLoop<F<Ts>, Ts, Ts>), ...);
}
template <template <class> class F, class... Ts>
void AddBinary(KernelTable* table, Op op, Types<Ts...>) {
  (table->Set(op, DTypeOf<Ts>(), &BinaryLoop<F<Ts>, Ts, Ts>), ...);
}

}  // namespace
}  // namespace emberharmony::backend::native
