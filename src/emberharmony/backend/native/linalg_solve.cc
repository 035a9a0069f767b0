// Cholesky factors, and what follows from a matrix's LU factors: determinants, inverses, solutions.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emberharmony/backend/native/linalg_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

double Cube(int64_t n) {
  const auto length = static_cast<double>(n);
  return length * length * length;
}

/// Sets the triangle above, or below, the diagonal of a column-major matrix to zero.
template <class T>
void ClearTriangle(bool above, int64_t n, T* a) {
  for (int64_t column = 0; column < n; ++column) {
    const int64_t first = above ? 0 : column + 1;
    const int64_t last = above ? column : n;
    std::fill(a + column * n + first, a + column * n + last, T{});
  }
}

template <class T>
void CholeskyOf(const Tensor& x, bool upper, const Tensor& out) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas("cholesky"));
  const MatrixStack from(x);
  const MatrixStack to(out);
  const auto n = static_cast<int32_t>(from.rows());
  ForEachMatrix(from.count(), Cube(n) / 6, [&](int64_t begin, int64_t end) {
    const Scratch<T> scratch(int64_t{n} * n);
    T* const a = scratch.get();
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a);
      // One triangle is read; what the other one holds does not count.
      ClearTriangle(/*above=*/!upper, n, a);
      const int64_t size = int64_t{n} * n;
      // Infinities may become NaN on the way.
      if (HasNan(a, size) || lapack.potrf(upper ? 'U' : 'L', n, a, n) != 0 || HasNan(a, size)) {
        ThrowLinAlg("cholesky", "expected positive definite matrices", x);
      }
      to.Store(i, a, n);
    }
  });
}

void Cholesky(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths("cholesky", x, kMatrixLengthMax);
  if (x.size() == 0) return;
  const bool upper = IntegerOr(attributes, AttributeKey::kUpper, 0) != 0;
  VisitFloating(x.dtype(),
                [&](auto tag) { CholeskyOf<typename decltype(tag)::type>(x, upper, *outputs[0]); });
}

enum class Factors { kRegular, kSingular, kNan };

/// The factors of one matrix in its place. Of one with a NaN there are none: NaN is what follows.
template <class T>
Factors Factorize(const EmberLapack& lapack, int32_t n, T* a, int32_t* pivots) {
  if (HasNan(a, int64_t{n} * n)) return Factors::kNan;
  return lapack.getrf(n, n, a, n, pivots) == 0 ? Factors::kRegular : Factors::kSingular;
}

/// Whether an odd number of rows were exchanged.
bool IsOdd(const int32_t* pivots, int32_t n) {
  bool odd = false;
  for (int32_t i = 0; i < n; ++i) odd ^= pivots[i] != i + 1;
  return odd;
}

/// Calls f(i, factors, pivots, what they are) for each matrix.
template <class T, class F>
void ForEachFactorized(const char* function, const Tensor& x, F&& f) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas(function));
  const MatrixStack from(x);
  const auto n = static_cast<int32_t>(from.rows());
  ForEachMatrix(from.count(), Cube(n) / 3, [&](int64_t begin, int64_t end) {
    const Scratch<T> a(int64_t{n} * n);
    const Scratch<int32_t> pivots(n);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a.get());
      const Factors found = Factorize(lapack, n, a.get(), pivots.get());
      f(i, a.get(), pivots.get(), found);
    }
  });
}

/// A product that neither overflows nor underflows on the way: a number and a power of two.
template <class T>
class ScaledProduct {
 public:
  void Multiply(T factor) {
    value_ *= factor;
    const int exponent = Exponent(value_);
    value_ = Scaled(value_, -exponent);
    exponent_ += exponent;
  }
  T Value() const {
    const auto exponent = static_cast<int>(std::clamp<int64_t>(exponent_, -100000, 100000));
    return Scaled(value_, exponent);
  }

 private:
  static int Exponent(T value) {
    int exponent = 0;
    if constexpr (kIsComplex<T>) {
      const Real<T> size = std::max(std::abs(value.real()), std::abs(value.imag()));
      if (std::isfinite(size)) std::frexp(size, &exponent);
    } else {
      if (std::isfinite(value)) std::frexp(value, &exponent);
    }
    return exponent;
  }
  static T Scaled(T value, int exponent) {
    if constexpr (kIsComplex<T>) {
      return {std::ldexp(value.real(), exponent), std::ldexp(value.imag(), exponent)};
    } else {
      return std::ldexp(value, exponent);
    }
  }

  T value_ = T(1);
  int64_t exponent_ = 0;
};

template <class T>
void FillResult(const Tensor& out, T value) {
  const ResultElements elements(out);
  for (int64_t i = 0; i < out.size(); ++i) elements.Store(i, value);
}

template <class T>
void DetOf(const Tensor& x, const Tensor& out) {
  const int64_t n = x.shape()[x.rank() - 1];
  const ResultElements results(out);
  ForEachFactorized<T>("det", x, [&](int64_t i, const T* a, const int32_t* pivots, Factors found) {
    if (found != Factors::kRegular) {
      results.Store(i, found == Factors::kNan ? NanOf<T>() : T(0));
      return;
    }
    ScaledProduct<T> product;
    for (int64_t j = 0; j < n; ++j) product.Multiply(a[j * n + j]);
    const T value = product.Value();
    results.Store(i, IsOdd(pivots, static_cast<int32_t>(n)) ? -value : value);
  });
}

void Det(Tensors inputs, Attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths("det", x, kMatrixLengthMax);
  VisitFloating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (outputs[0]->size() > 0 && x.size() == 0) {
      FillResult(*outputs[0], T(1));
    } else if (x.size() > 0) {
      DetOf<T>(x, *outputs[0]);
    }
  });
}

template <class T>
void SlogDetOf(const Tensor& x, const ResultElements& signs, const ResultElements& logs) {
  const int64_t n = x.shape()[x.rank() - 1];
  ForEachFactorized<T>("slogdet", x,
                       [&](int64_t i, const T* a, const int32_t* pivots, Factors found) {
                         if (found == Factors::kNan) {
                           signs.Store(i, NanOf<T>());
                           logs.Store(i, NanOf<Real<T>>());
                           return;
                         }
                         if (found == Factors::kSingular) {
                           signs.Store(i, T(0));
                           logs.Store(i, -std::numeric_limits<Real<T>>::infinity());
                           return;
                         }
                         T sign = IsOdd(pivots, static_cast<int32_t>(n)) ? T(-1) : T(1);
                         double log = 0;
                         for (int64_t j = 0; j < n; ++j) {
                           const T factor = a[j * n + j];
                           const Real<T> size = std::abs(factor);
                           sign *= factor / size;
                           log += std::log(size);
                         }
                         signs.Store(i, sign);
                         logs.Store(i, log);
                       });
}

void SlogDet(Tensors inputs, Attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths("slogdet", x, kMatrixLengthMax);
  VisitFloating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (x.size() == 0) {
      FillResult(*outputs[0], T(1));
      FillResult(*outputs[1], Real<T>(0));
    } else {
      SlogDetOf<T>(x, ResultElements(*outputs[0]), ResultElements(*outputs[1]));
    }
  });
}

template <class T>
void InvOf(const Tensor& x, const Tensor& out) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas("inv"));
  const MatrixStack from(x);
  const MatrixStack to(out);
  const auto n = static_cast<int32_t>(from.rows());
  ForEachMatrix(from.count(), Cube(n), [&](int64_t begin, int64_t end) {
    const Scratch<T> a(int64_t{n} * n);
    const Scratch<int32_t> pivots(n);
    T answer{};
    lapack.getri(n, a.get(), n, pivots.get(), &answer, -1);
    const int32_t length = WorkLength(answer);
    const Scratch<T> work(length);
    for (int64_t i = begin; i < end; ++i) {
      from.Load(i, a.get());
      const Factors found = Factorize(lapack, n, a.get(), pivots.get());
      if (found == Factors::kNan) {
        std::fill_n(a.get(), int64_t{n} * n, NanOf<T>());
      } else if (found == Factors::kSingular ||
                 lapack.getri(n, a.get(), n, pivots.get(), work.get(), length) != 0) {
        ThrowLinAlg("inv", "expected matrices that are not singular", x);
      }
      to.Store(i, a.get(), n);
    }
  });
}

void Inv(Tensors inputs, Attributes, Tensors outputs) {
  const Tensor& x = *inputs[0];
  CheckMatrixLengths("inv", x, kMatrixLengthMax);
  if (x.size() == 0) return;
  VisitFloating(x.dtype(), [&](auto tag) { InvOf<typename decltype(tag)::type>(x, *outputs[0]); });
}

/// Solves in place; a NaN of the matrix is in all of the solution, one of a column in all of it.
template <class T>
void SolveColumns(const EmberLapack& lapack, Factors found, int32_t n, int32_t num_columns,
                  const T* factors, const int32_t* pivots, T* columns) {
  std::vector<int32_t> lost;
  for (int32_t j = 0; j < num_columns; ++j) {
    if (found == Factors::kNan || HasNan(columns + int64_t{j} * n, n)) lost.push_back(j);
  }
  if (found != Factors::kNan) lapack.getrs(n, num_columns, factors, n, pivots, columns, n);
  for (const int32_t j : lost) std::fill_n(columns + int64_t{j} * n, n, NanOf<T>());
}

template <class T>
void SolveOf(const Tensor& a, const Tensor& b, const Tensor& out) {
  const EmberLapack& lapack = LapackOf<T>(RequireOpenBlas("solve"));
  const tensor::Shape batch(std::span<const int64_t>(out.shape().data(), out.rank() - 2));
  const MatrixStack matrices(a, batch);
  const MatrixStack right(b, batch);
  const MatrixStack to(out);
  const auto n = static_cast<int32_t>(matrices.rows());
  const auto num_rhs = static_cast<int32_t>(right.columns());
  const double work = Cube(n) / 3 + double{1} * n * n * num_rhs;
  ForEachMatrix(to.count(), work, [&](int64_t begin, int64_t end) {
    const Scratch<T> factors(int64_t{n} * n);
    const Scratch<int32_t> pivots(n);
    const Scratch<T> solution(int64_t{n} * num_rhs);
    const void* factorized = nullptr;
    Factors found = Factors::kRegular;
    for (int64_t i = begin; i < end; ++i) {
      if (matrices.Address(i) != factorized) {
        matrices.Load(i, factors.get());
        found = Factorize(lapack, n, factors.get(), pivots.get());
        if (found == Factors::kSingular) {
          ThrowLinAlg("solve", "expected matrices that are not singular", a);
        }
        factorized = matrices.Address(i);
      }
      right.Load(i, solution.get());
      SolveColumns(lapack, found, n, num_rhs, factors.get(), pivots.get(), solution.get());
      to.Store(i, solution.get(), n);
    }
  });
}

/// Matrices and right-hand sides, both of rank 2 at least, whose leading axes broadcast to the
/// output's.
void Solve(Tensors inputs, Attributes, Tensors outputs) {
  CheckMatrixLengths("solve", *inputs[0], kMatrixLengthMax);
  CheckMatrixLengths("solve", *inputs[1], kMatrixLengthMax);
  if (outputs[0]->size() == 0) return;
  VisitFloating(inputs[0]->dtype(), [&](auto tag) {
    SolveOf<typename decltype(tag)::type>(*inputs[0], *inputs[1], *outputs[0]);
  });
}

const bool registered = RegisterOperation(Op::kCholesky, {&SupportsFloating, &Cholesky}) &&
                        RegisterOperation(Op::kDet, {&SupportsFloating, &Det}) &&
                        RegisterOperation(Op::kSlogDet, {&SupportsFloating, &SlogDet}) &&
                        RegisterOperation(Op::kInv, {&SupportsFloating, &Inv}) &&
                        RegisterOperation(Op::kSolve, {&SupportsFloating, &Solve});

}  // namespace
}  // namespace emberharmony::backend::native
