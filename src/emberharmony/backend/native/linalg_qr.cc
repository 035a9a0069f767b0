#include <algorithm>

#include "emberharmony/backend/native/linalg_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

/// The upper triangle of `columns` columns, `leading` elements apart, of which there are `rows`
/// rows: zeros below it.
template <class T>
void ClearBelowDiagonal(T* a, int64_t leading, int64_t rows, int64_t columns) {
  for (int64_t column = 0; column < columns; ++column) {
    T* const begin = a + column * leading;
    if (column + 1 < rows) std::fill(begin + column + 1, begin + rows, T{});
  }
}

template <class T>
void QrOf(const Tensor& x, const Tensor& q_out, const Tensor& r_out) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas("qr"));
  const MatrixStack from(x);
  const MatrixStack q_to(q_out);
  const MatrixStack r_to(r_out);
  const auto m = static_cast<int32_t>(from.rows());
  const auto n = static_cast<int32_t>(from.columns());
  const int32_t k = std::min(m, n);
  const auto q_columns = static_cast<int32_t>(q_to.columns());
  const int32_t width = std::max(n, q_columns);
  const double work_of_one = 2.0 * m * n * k;
  ForEachMatrix(from.count(), work_of_one, [&](int64_t begin, int64_t end) {
    const Scratch<T> a(int64_t{m} * width);
    const Scratch<T> r(int64_t{m} * n);
    const Scratch<T> tau(k);
    T answers[2] = {};
    lapack.geqrf(m, n, a.get(), m, tau.get(), &answers[0], -1);
    lapack.orgqr(m, q_columns, k, a.get(), m, tau.get(), &answers[1], -1);
    const int32_t length = std::max(WorkLength(answers[0]), WorkLength(answers[1]));
    const Scratch<T> work(length);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a.get());
      lapack.geqrf(m, n, a.get(), m, tau.get(), work.get(), length);
      std::copy(a.get(), a.get() + int64_t{m} * n, r.get());
      ClearBelowDiagonal(r.get(), m, m, n);
      r_to.Store(i, r.get(), m);
      lapack.orgqr(m, q_columns, k, a.get(), m, tau.get(), work.get(), length);
      q_to.Store(i, a.get(), m);
    }
  });
}

/// The second factor has as many rows as the first has columns: min(m, n), or m (complete).
void Qr(Tensors inputs, Attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths("qr", x, kMatrixLengthMax);
  if (outputs[0]->size() == 0 && outputs[1]->size() == 0) return;
  VisitFloating(x.dtype(),
                [&](auto tag) { QrOf<typename decltype(tag)::type>(x, *outputs[0], *outputs[1]); });
}

const bool registered = RegisterOperation(Op::kQr, {&SupportsFloating, &Qr});

}  // namespace
}  // namespace emberharmony::backend::native
