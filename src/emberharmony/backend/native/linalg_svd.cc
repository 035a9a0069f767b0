#include <algorithm>
#include <optional>

#include "emberharmony/backend/native/linalg_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Tensor;

/// What LAPACK's documentation asks for: reals for the complex routine.
template <class T>
int64_t RealWorkLength(char job, int64_t m, int64_t n) {
  if (!kIsComplex<T>) return 1;
  const int64_t shorter = std::min(m, n);
  const int64_t longer = std::max(m, n);
  if (job == 'N') return 7 * shorter;
  return std::max(5 * shorter * shorter + 5 * shorter,
                  2 * longer * shorter + 2 * shorter * shorter + shorter);
}

/// The leading ones of unit matrices: the factors of a matrix without elements.
template <class T>
void StoreIdentity(const Tensor& out) {
  const MatrixStack to(out);
  const Scratch<T> identity(to.rows() * to.columns());
  std::fill_n(identity.get(), to.rows() * to.columns(), T{});
  for (int64_t j = 0; j < std::min(to.rows(), to.columns()); ++j) {
    identity.get()[j * to.rows() + j] = T(1);
  }
  for (int64_t i = 0; i < to.count(); ++i) to.Store(i, identity.get(), to.rows());
}

/// Outputs: U, S, Vh, or S alone. The columns of U tell whether the factors are square.
template <class T>
void SvdOf(const char* function, const Tensor& x, Tensors outputs) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas(function));
  const MatrixStack from(x);
  const auto m = static_cast<int32_t>(from.rows());
  const auto n = static_cast<int32_t>(from.columns());
  const int32_t shorter = std::min(m, n);
  const bool vectors = outputs.size() > 1;
  const ResultElements values_to(*outputs[vectors ? 1 : 0]);
  int32_t u_columns = 1;
  int32_t v_rows = 1;
  char job = 'N';
  if (vectors) {
    u_columns = static_cast<int32_t>(outputs[0]->shape()[x.rank() - 1]);
    v_rows = static_cast<int32_t>(outputs[2]->shape()[x.rank() - 2]);
    job = u_columns == m && v_rows == n ? 'A' : 'S';
  }
  std::optional<MatrixStack> u_to;
  std::optional<MatrixStack> v_to;
  if (vectors) {
    u_to.emplace(*outputs[0]);
    v_to.emplace(*outputs[2]);
  }
  const double work_of_one = 8.0 * m * n * shorter;
  ForEachMatrix(from.count(), work_of_one, [&](int64_t begin, int64_t end) {
    const Scratch<T> a(int64_t{m} * n);
    const Scratch<T> u(vectors ? int64_t{m} * u_columns : 1);
    const Scratch<T> v(vectors ? int64_t{v_rows} * n : 1);
    const Scratch<Real<T>> values(shorter);
    const Scratch<Real<T>> real_work(RealWorkLength<T>(job, m, n));
    const Scratch<int32_t> integer_work(8 * int64_t{shorter});
    T answer{};
    lapack.gesdd(job, m, n, a.get(), m, values.get(), u.get(), m, v.get(), v_rows, &answer, -1,
                 real_work.get(), integer_work.get());
    const int32_t length = WorkLength(answer);
    const Scratch<T> work(length);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a.get());
      CheckFinite(function, a.get(), int64_t{m} * n, x);
      if (lapack.gesdd(job, m, n, a.get(), m, values.get(), u.get(), m, v.get(), v_rows, work.get(),
                       length, real_work.get(), integer_work.get()) != 0) {
        ThrowLinAlg(function, "the iteration for singular values did not converge", x);
      }
      values_to.Store(i * shorter, values.get(), shorter);
      if (vectors) {
        u_to->Store(i, u.get(), m);
        v_to->Store(i, v.get(), v_rows);
      }
    }
  });
}

void SvdOrValues(const char* function, Tensors inputs, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths(function, x, kMatrixLengthMaxSquared);
  VisitFloating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (x.size() > 0) {
      SvdOf<T>(function, x, outputs);
    } else if (outputs.size() > 1) {
      StoreIdentity<T>(*outputs[0]);
      StoreIdentity<T>(*outputs[2]);
    }
  });
}
void Svd(Tensors inputs, Attributes, Tensors outputs) { SvdOrValues("svd", inputs, outputs); }
void Svdvals(Tensors inputs, Attributes, Tensors outputs) {
  SvdOrValues("svdvals", inputs, outputs);
}

/// Inputs: a (m, n), b (m, k). Outputs: x (n, k), the squared lengths of the residuals (k), the
/// rank, the singular values.
template <class T>
void LstsqOf(const Tensor& a, const Tensor& b, double tolerance, Tensors outputs) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas("lstsq"));
  const MatrixStack matrix(a);
  const MatrixStack right(b);
  const auto m = static_cast<int32_t>(matrix.rows());
  const auto n = static_cast<int32_t>(matrix.columns());
  const auto k = static_cast<int32_t>(right.columns());
  const int32_t longer = std::max(m, n);
  const Scratch<T> factors(int64_t{m} * n);
  const Scratch<T> loaded(int64_t{m} * k);
  const Scratch<T> solution(int64_t{longer} * k);
  matrix.Load(0, factors.get());
  right.Load(0, loaded.get());
  CheckFinite("lstsq", factors.get(), int64_t{m} * n, a);
  CheckFinite("lstsq", loaded.get(), int64_t{m} * k, b);
  std::fill_n(solution.get(), int64_t{longer} * k, T{});
  for (int64_t j = 0; j < k; ++j) {
    std::copy_n(loaded.get() + j * m, m, solution.get() + j * longer);
  }

  const Scratch<Real<T>> values(std::min(m, n));
  int32_t rank = 0;
  T answer{};
  Real<T> real_answer = 0;
  int32_t integer_answer = 0;
  OpenBlasTurn turn;
  lapack.gelsd(m, n, k, factors.get(), m, solution.get(), longer, values.get(), &tolerance, &rank,
               &answer, -1, &real_answer, &integer_answer);
  const int32_t length = WorkLength(answer);
  const Scratch<T> work(length);
  const Scratch<Real<T>> real_work(WorkLength(real_answer));
  const Scratch<int32_t> integer_work(std::max(integer_answer, 1));
  if (lapack.gelsd(m, n, k, factors.get(), m, solution.get(), longer, values.get(), &tolerance,
                   &rank, work.get(), length, real_work.get(), integer_work.get()) != 0) {
    ThrowLinAlg("lstsq", "the iteration for singular values did not converge", a);
  }
  MatrixStack(*outputs[0]).Store(0, solution.get(), longer);
  ResultElements(*outputs[3]).Store(0, values.get(), std::min(m, n));
  const ResultElements residuals(*outputs[1]);
  for (int64_t j = 0; j < k; ++j) {
    double sum = 0;
    for (int64_t i = n; i < m; ++i) {
      const T element = solution.get()[j * longer + i];
      const double size = std::abs(element);
      sum += size * size;
    }
    residuals.Store(j, sum);
  }
  *outputs[2]->mutable_data_as<int64_t>() = rank;
}

/// There are elements in both inputs.
void Lstsq(Tensors inputs, Attributes attributes, Tensors outputs) {
  CheckMatrixLengths("lstsq", *inputs[0], kMatrixLengthMaxSquared);
  CheckMatrixLengths("lstsq", *inputs[1], kMatrixLengthMax);
  const double tolerance = NumberOr(attributes, AttributeKey::kTolerance, -1);
  VisitFloating(inputs[0]->dtype(), [&](auto tag) {
    LstsqOf<typename decltype(tag)::type>(*inputs[0], *inputs[1], tolerance, outputs);
  });
}

const bool registered = RegisterOperation(Op::kSvd, {&SupportsFloating, &Svd}) &&
                        RegisterOperation(Op::kSvdvals, {&SupportsFloating, &Svdvals}) &&
                        RegisterOperation(Op::kLstsq, {&SupportsFloating, &Lstsq});

}  // namespace
}  // namespace emberharmony::backend::native
