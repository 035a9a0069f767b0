#include <algorithm>
#include <optional>

#include "emberharmony/backend/native/linalg_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

constexpr const char* kNotConverged = "the iteration for eigenvalues did not converge";

/// Eigenvalues, ascending, and with `vectors` eigenvectors of the matrices that the lower triangles
/// stand for.
template <class T>
void EighOf(const char* function, const Tensor& x, const Tensor& values, const Tensor* vectors) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas(function));
  const MatrixStack from(x);
  const auto n = static_cast<int32_t>(from.rows());
  const char job = vectors != nullptr ? 'V' : 'N';
  const ResultElements values_to(values);
  std::optional<MatrixStack> vectors_to;
  if (vectors != nullptr) vectors_to.emplace(*vectors);
  const double work_of_one = 4.0 * n * n * n;
  ForEachMatrix(from.count(), work_of_one, [&](int64_t begin, int64_t end) {
    const Scratch<T> scratch(int64_t{n} * n);
    const Scratch<Real<T>> w(n);
    T* const a = scratch.get();
    T answer{};
    Real<T> real_answer = 0;
    int32_t integer_answer = 0;
    lapack.syevd(job, 'L', n, a, n, w.get(), &answer, -1, &real_answer, -1, &integer_answer, -1);
    const int32_t length = WorkLength(answer);
    const int32_t real_length = WorkLength(real_answer);
    const Scratch<T> work(length);
    const Scratch<Real<T>> real_work(real_length);
    const Scratch<int32_t> integer_work(integer_answer);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a);
      CheckFinite(function, a, int64_t{n} * n, x);
      if (lapack.syevd(job, 'L', n, a, n, w.get(), work.get(), length, real_work.get(), real_length,
                       integer_work.get(), integer_answer) != 0) {
        ThrowLinAlg(function, kNotConverged, x);
      }
      values_to.Store(i * n, w.get(), n);
      if (vectors_to) vectors_to->Store(i, a, n);
    }
  });
}

void EighOrValues(const char* function, Tensors inputs, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths(function, x, kMatrixLengthMaxSquared);
  if (x.size() == 0) return;
  VisitFloating(x.dtype(), [&](auto tag) {
    EighOf<typename decltype(tag)::type>(function, x, *outputs[0],
                                         outputs.size() > 1 ? outputs[1] : nullptr);
  });
}
void Eigh(Tensors inputs, Attributes, Tensors outputs) { EighOrValues("eigh", inputs, outputs); }
void Eigvalsh(Tensors inputs, Attributes, Tensors outputs) {
  EighOrValues("eigvalsh", inputs, outputs);
}

/// The complex eigenvalues and eigenvectors that LAPACK's real routine packs into real numbers: of
/// a conjugate pair, the columns j and j + 1 are real and imaginary part.
template <class R>
void Unpack(const R* w, const R* v, int64_t n, std::complex<R>* values, std::complex<R>* vectors) {
  for (int64_t j = 0; j < n; ++j) values[j] = {w[j], w[n + j]};
  if (vectors == nullptr) return;
  for (int64_t j = 0; j < n; ++j) {
    if (w[n + j] == 0 || j + 1 == n) {
      for (int64_t r = 0; r < n; ++r) vectors[j * n + r] = v[j * n + r];
      continue;
    }
    for (int64_t r = 0; r < n; ++r) {
      const std::complex<R> element(v[j * n + r], v[(j + 1) * n + r]);
      vectors[j * n + r] = element;
      vectors[(j + 1) * n + r] = std::conj(element);
    }
    ++j;
  }
}

/// T: the matrices' elements. Results are complex.
template <class T>
void EigOf(const char* function, const Tensor& x, const Tensor& values, const Tensor* vectors) {
  using C = std::complex<Real<T>>;
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas(function));
  const MatrixStack from(x);
  const auto n = static_cast<int32_t>(from.rows());
  const char job = vectors != nullptr ? 'V' : 'N';
  const int64_t vector_size = vectors != nullptr ? int64_t{n} * n : 1;
  const ResultElements values_to(values);
  std::optional<MatrixStack> vectors_to;
  if (vectors != nullptr) vectors_to.emplace(*vectors);
  const double work_of_one = 10.0 * n * n * n;
  ForEachMatrix(from.count(), work_of_one, [&](int64_t begin, int64_t end) {
    const Scratch<T> a(int64_t{n} * n);
    const Scratch<T> v(vector_size);
    const Scratch<Real<T>> w(2 * int64_t{n});
    const Scratch<Real<T>> real_work(2 * int64_t{n});
    const Scratch<C> unpacked_values(kIsComplex<T> ? 1 : n);
    const Scratch<C> unpacked(kIsComplex<T> ? 1 : vector_size);
    T answer{};
    lapack.geev(job, n, a.get(), n, w.get(), v.get(), n, &answer, -1, real_work.get());
    const int32_t length = WorkLength(answer);
    const Scratch<T> work(length);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a.get());
      CheckFinite(function, a.get(), int64_t{n} * n, x);
      if (lapack.geev(job, n, a.get(), n, w.get(), v.get(), n, work.get(), length,
                      real_work.get()) != 0) {
        ThrowLinAlg(function, kNotConverged, x);
      }
      if constexpr (kIsComplex<T>) {
        values_to.Store(i * n, reinterpret_cast<const C*>(w.get()), n);
        if (vectors_to) vectors_to->Store(i, v.get(), n);
      } else {
        Unpack(w.get(), v.get(), n, unpacked_values.get(),
               vectors != nullptr ? unpacked.get() : nullptr);
        values_to.Store(i * n, unpacked_values.get(), n);
        if (vectors_to) vectors_to->Store(i, unpacked.get(), n);
      }
    }
  });
}

void EigOrValues(const char* function, Tensors inputs, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths(function, x, kMatrixLengthMaxSquared);
  if (x.size() == 0) return;
  VisitFloating(x.dtype(), [&](auto tag) {
    EigOf<typename decltype(tag)::type>(function, x, *outputs[0],
                                        outputs.size() > 1 ? outputs[1] : nullptr);
  });
}
void Eig(Tensors inputs, Attributes, Tensors outputs) { EigOrValues("eig", inputs, outputs); }
void Eigvals(Tensors inputs, Attributes, Tensors outputs) {
  EigOrValues("eigvals", inputs, outputs);
}

const bool registered = RegisterOperation(Op::kEigh, {&SupportsFloating, &Eigh}) &&
                        RegisterOperation(Op::kEigvalsh, {&SupportsFloating, &Eigvalsh}) &&
                        RegisterOperation(Op::kEig, {&SupportsFloating, &Eig}) &&
                        RegisterOperation(Op::kEigvals, {&SupportsFloating, &Eigvals});

}  // namespace
}  // namespace emberharmony::backend::native
