#include <complex>

#include "emberharmony/ops/linalg_internal.h"

namespace emberharmony::ops {

Tensor Conjugate(const Tensor& x) {
  if (!tensor::IsComplex(x.dtype())) return x;
  const Tensor result = x.Copy();
  tensor::VisitAny(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_arithmetic_v<T>) {
      T* const elements = result.mutable_data_as<T>();
      for (int64_t i = 0; i < result.size(); ++i) elements[i] = std::conj(elements[i]);
    }
  });
  return result;
}

}  // namespace emberharmony::ops
