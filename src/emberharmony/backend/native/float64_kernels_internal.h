// Bodies of the kernels of our own elementary functions of float64; see loops_internal.h. The file
// that includes this one defines EMBER_VECTOR_BYTES, and SleefTan, SleefAtan2 and SafeLog1p, which
// take over where arguments are large or unusual.
#pragma once

#include "emberharmony/backend/native/float64_division_internal.h"
#include "emberharmony/backend/native/float64_functions_internal.h"
#include "emberharmony/backend/native/float64_inverse_hyperbolics_internal.h"
#include "emberharmony/backend/native/float64_log1p_internal.h"
#include "emberharmony/backend/native/float64_power_internal.h"
#include "emberharmony/backend/native/float64_trigonometry_internal.h"
#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Up to a register of elements, and ones.
inline Vec Padded(const double* x, int64_t count) {
  double last[V::kLanes];
  for (int j = 0; j < V::kLanes; ++j) last[j] = j < count ? x[j] : 1.0;
  return V::Load(last);
}

/// The last elements are computed in a full register of their own, never by another function, so
/// that an element's bits do not depend on where it stands.
template <class F, class... Inputs>
void Last(double* out, int64_t count, const Inputs*... inputs) {
  double results[V::kLanes];
  V::Store(results, F::Do(Padded(inputs, count)...));
  for (int64_t j = 0; j < count; ++j) out[j] = results[j];
}

template <class F>
void Unary(const void* const* inputs, void* output, int64_t n) {
  const double* x = static_cast<const double*>(inputs[0]);
  double* out = static_cast<double*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    if constexpr (V::kLanes > 1) ReadAhead(x + i, V::kLanes * sizeof(double));
    V::Store(out + i, F::Do(V::Load(x + i)));
  }
  if (i < n) Last<F>(out + i, n - i, x + i);
}

template <class F>
void Binary(const void* const* inputs, void* output, int64_t n) {
  const double* x = static_cast<const double*>(inputs[0]);
  const double* y = static_cast<const double*>(inputs[1]);
  double* out = static_cast<double*>(output);
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
    if constexpr (V::kLanes > 1) {
      ReadAhead(x + i, V::kLanes * sizeof(double));
      ReadAhead(y + i, V::kLanes * sizeof(double));
    }
    V::Store(out + i, F::Do(V::Load(x + i), V::Load(y + i)));
  }
  if (i < n) Last<F>(out + i, n - i, x + i, y + i);
}

void AddFloat64(KernelTable* table) {
  const auto add = [table](Op op, Kernel kernel) { table->Set(op, DType::kFloat64, kernel); };
  add(Op::kExp, &Unary<ExpOf>);
  add(Op::kExpm1, &Unary<Expm1Of>);
  add(Op::kSinh, &Unary<SinhOf>);
  add(Op::kCosh, &Unary<CoshOf>);
  add(Op::kTanh, &Unary<TanhOf>);
  add(Op::kLog, &Unary<LogarithmOf<NaturalBase>>);
  add(Op::kLog1p, &Unary<Log1pOf>);
  add(Op::kLog2, &Unary<LogarithmOf<BinaryBase>>);
  add(Op::kLog10, &Unary<LogarithmOf<DecimalBase>>);
  add(Op::kPow, &Binary<PowerOf>);
  add(Op::kTan, &Unary<TanOf>);
  add(Op::kAsin, &Unary<AsinOf>);
  add(Op::kAcos, &Unary<AcosOf>);
  add(Op::kAtan, &Unary<AtanOf>);
  add(Op::kFloorDivide, &Binary<FloorDivideOf>);
  add(Op::kRemainder, &Binary<RemainderOf>);
  add(Op::kAtan2, &Binary<Atan2Of>);
  add(Op::kAsinh, &Unary<AsinhOf>);
  add(Op::kAcosh, &Unary<AcoshOf>);
  add(Op::kAtanh, &Unary<AtanhOf>);
}

}  // namespace
}  // namespace emberharmony::backend::native
