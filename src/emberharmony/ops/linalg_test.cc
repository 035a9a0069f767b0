#include "emberharmony/ops/linalg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "emberharmony/backend/threads.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg_internal.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/matrices_test_internal.h"
#include "emberharmony/ops/statistics.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops::linalg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor Adjoint(const Tensor& x) { return TransposeMatrices(Conjugate(x)); }

/// The largest size of an element of a - b, which have the same shape and dtype.
double Distance(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  EXPECT_EQ(a.dtype(), b.dtype());
  const Tensor x = a.Contiguous();
  const Tensor y = b.Contiguous();
  double largest = 0;
  tensor::VisitAny(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      for (int64_t i = 0; i < x.size(); ++i) {
        const auto size = static_cast<double>(std::abs(std::complex<double>(x.data_as<T>()[i]) -
                                                       std::complex<double>(y.data_as<T>()[i])));
        largest = std::isnan(size) ? size : std::max(largest, size);
      }
    }
  });
  return largest;
}

template <class T>
class Factors : public testing::Test {
 public:
  /// A multiple of the unit round-off: an error that a matrix of tens of rows may show.
  double Tolerance() const { return 1000 * EpsilonOf(tensor::DTypeOf<T>()); }
  Tensor Unit(const Shape& stack, int64_t n) const {
    return Identity(stack, n, tensor::DTypeOf<T>());
  }
  /// Positive definite.
  Tensor Definite(Shape shape, uint64_t seed) const {
    const Tensor x = Normals<T>(shape, seed);
    return add(matmul(x, Adjoint(x)), Unit(StackShape(x), shape[shape.rank() - 1]));
  }
};
TYPED_TEST_SUITE(Factors, FloatTypes);

TYPED_TEST(Factors, CholeskyGivesTriangles) {
  for (int64_t n : {1, 2, 5, 40}) {
    const Tensor x = this->Definite({3, n, n}, n);
    const Tensor lower = cholesky(x);
    EXPECT_LE(Distance(matmul(lower, Adjoint(lower)), x), this->Tolerance() * n);
    const Tensor upper = cholesky(x, /*upper=*/true);
    EXPECT_LE(Distance(matmul(Adjoint(upper), upper), x), this->Tolerance() * n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        EXPECT_EQ(lower.values<TypeParam>()[i * n + j], TypeParam(0));
        EXPECT_EQ(upper.values<TypeParam>()[j * n + i], TypeParam(0));
      }
    }
  }
}

TYPED_TEST(Factors, CholeskyReadsOneTriangle) {
  Tensor x = this->Definite({4, 4}, 1);
  const Tensor expected = cholesky(x);
  x = x.Copy();
  x.mutable_data_as<TypeParam>()[3] = TypeParam(99);
  ExpectSameBits(expected, cholesky(x));
}

TYPED_TEST(Factors, QrHasOrthonormalColumnsAndATriangle) {
  for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {5, 3}, {3, 5}, {40, 40}, {70, 20}, {20, 70}, {3, 0}, {0, 3}}) {
    const Tensor x = Normals<TypeParam>({2, m, n}, m * 100 + n);
    for (bool complete : {false, true}) {
      const QrResult f = qr(x, complete);
      const int64_t k = complete ? m : std::min(m, n);
      ASSERT_EQ(f.Q.shape(), (Shape{2, m, k}));
      ASSERT_EQ(f.R.shape(), (Shape{2, k, n}));
      EXPECT_LE(Distance(matmul(f.Q, f.R), x), this->Tolerance());
      EXPECT_LE(Distance(matmul(Adjoint(f.Q), f.Q), this->Unit({2}, k)), this->Tolerance());
      for (int64_t i = 0; i < k; ++i) {
        for (int64_t j = 0; j < std::min(i, n); ++j) {
          EXPECT_EQ(f.R.template values<TypeParam>()[i * n + j], TypeParam(0));
        }
      }
    }
  }
}

TYPED_TEST(Factors, SvdGivesOrthonormalFactorsAndDescendingValues) {
  for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {5, 3}, {3, 5}, {40, 40}, {90, 20}, {20, 90}}) {
    const Tensor x = Normals<TypeParam>({2, m, n}, m * 100 + n);
    const int64_t k = std::min(m, n);
    for (bool full : {true, false}) {
      const SvdResult f = svd(x, full);
      ASSERT_EQ(f.U.shape(), (Shape{2, m, full ? m : k}));
      ASSERT_EQ(f.Vh.shape(), (Shape{2, full ? n : k, n}));
      EXPECT_EQ(f.S.dtype(), tensor::RealPartOf(x.dtype()));
      EXPECT_LE(Distance(matmul(Adjoint(f.U), f.U), this->Unit({2}, full ? m : k)),
                this->Tolerance());
      EXPECT_LE(Distance(matmul(f.Vh, Adjoint(f.Vh)), this->Unit({2}, full ? n : k)),
                this->Tolerance());
      const Tensor u = f.U.Slice(2, 0, k);
      const Tensor v = f.Vh.Slice(1, 0, k);
      EXPECT_LE(Distance(matmul(multiply(u, f.S.ExpandDims(1)), v), x), this->Tolerance());
      EXPECT_LE(Distance(f.S, svdvals(x)), this->Tolerance());
      const Tensor s = astype(f.S, DType::kFloat64);
      for (int64_t i = 0; i + 1 < k; ++i)
        EXPECT_GE(s.values<double>()[i], s.values<double>()[i + 1]);
    }
  }
}

TYPED_TEST(Factors, EighGivesRealAscendingValues) {
  for (int64_t n : {1, 2, 7, 50}) {
    const Tensor x = Normals<TypeParam>({2, n, n}, n);
    const Tensor a = add(x, Adjoint(x));
    const EigResult f = eigh(a);
    EXPECT_EQ(f.eigenvalues.dtype(), tensor::RealPartOf(a.dtype()));
    EXPECT_LE(
        Distance(matmul(a, f.eigenvectors), multiply(f.eigenvectors, f.eigenvalues.ExpandDims(1))),
        this->Tolerance());
    EXPECT_LE(Distance(matmul(Adjoint(f.eigenvectors), f.eigenvectors), this->Unit({2}, n)),
              this->Tolerance());
    EXPECT_LE(Distance(f.eigenvalues, eigvalsh(a)), this->Tolerance());
    const Tensor w = astype(f.eigenvalues, DType::kFloat64);
    for (int64_t i = 0; i + 1 < n; ++i) EXPECT_LE(w.values<double>()[i], w.values<double>()[i + 1]);
  }
}

TYPED_TEST(Factors, EigGivesComplexPairs) {
  for (int64_t n : {1, 2, 3, 8, 30}) {
    const Tensor x = Normals<TypeParam>({3, n, n}, n);
    const EigResult f = eig(x);
    ASSERT_TRUE(tensor::IsComplex(f.eigenvalues.dtype()));
    ASSERT_TRUE(tensor::IsComplex(f.eigenvectors.dtype()));
    const Tensor a = astype(x, f.eigenvalues.dtype());
    EXPECT_LE(
        Distance(matmul(a, f.eigenvectors), multiply(f.eigenvectors, f.eigenvalues.ExpandDims(1))),
        this->Tolerance());
    // The product of the eigenvalues is the determinant, and of eigvals alone too.
    const Tensor alone = eigvals(x);
    using C =
        std::complex<typename std::conditional_t<std::is_arithmetic_v<TypeParam>,
                                                 std::complex<TypeParam>, TypeParam>::value_type>;
    for (int64_t i = 0; i < 3 && n < 10; ++i) {
      C product = 1;
      for (int64_t j = 0; j < n; ++j) product *= alone.values<C>()[i * n + j];
      const C expected(det(x).template values<TypeParam>()[i]);
      EXPECT_LE(std::abs(product - expected), this->Tolerance() * (1 + std::abs(expected)));
    }
  }
}

TYPED_TEST(Factors, InverseAndSolutionsUndoTheMatrix) {
  for (int64_t n : {1, 3, 50}) {
    const Tensor x = this->Definite({2, n, n}, n);
    EXPECT_LE(Distance(matmul(x, inv(x)), this->Unit({2}, n)), this->Tolerance() * 10);
    const Tensor right = Normals<TypeParam>({2, n, 4}, n + 1);
    EXPECT_LE(Distance(matmul(x, solve(x, right)), right), this->Tolerance() * 10);
    const Tensor vector = Normals<TypeParam>({n}, n + 2);
    const Tensor solution = solve(x, vector);
    ASSERT_EQ(solution.shape(), (Shape{2, n}));
    EXPECT_LE(
        Distance(matmul(x, solution.ExpandDims(2)), vector.ExpandDims(1).BroadcastTo({2, n, 1})),
        this->Tolerance() * 10);
  }
}

TYPED_TEST(Factors, PseudoInverseFulfilsPenrosesConditions) {
  for (const auto& [m, n] : std::vector<std::pair<int64_t, int64_t>>{{4, 4}, {7, 3}, {3, 7}}) {
    const Tensor x = Normals<TypeParam>({2, m, n}, m);
    const Tensor p = pinv(x);
    ASSERT_EQ(p.shape(), (Shape{2, n, m}));
    EXPECT_LE(Distance(matmul(matmul(x, p), x), x), this->Tolerance());
    EXPECT_LE(Distance(matmul(matmul(p, x), p), p), this->Tolerance());
    EXPECT_LE(Distance(matmul(x, p), Adjoint(matmul(x, p))), this->Tolerance());
    EXPECT_LE(Distance(matmul(p, x), Adjoint(matmul(p, x))), this->Tolerance());
  }
}

TYPED_TEST(Factors, HaveTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = Normals<TypeParam>({9, 30, 30}, 1);
  const auto results = [&] {
    const SvdResult s = svd(x);
    return std::vector<Tensor>{qr(x).R,
                               s.U,
                               s.S,
                               eig(x).eigenvalues,
                               det(x),
                               inv(x),
                               solve(x, Normals<TypeParam>({30, 3}, 2))};
  };
  backend::SetNumThreads(1);
  const std::vector<Tensor> expected = results();
  for (int num_threads : {2, 3, 7}) {
    backend::SetNumThreads(num_threads);
    const std::vector<Tensor> found = results();
    for (size_t i = 0; i < expected.size(); ++i) ExpectSameBits(expected[i], found[i]);
  }
  backend::SetNumThreads(2);
}

TEST(Det, IsThatOfKnownMatrices) {
  EXPECT_NEAR(det(Make<double>({1, 2, 3, 4}, {2, 2})).item<double>(), -2, 1e-14);
  EXPECT_EQ(det(Make<int32_t>({0, 1, 1, 0}, {2, 2})).item<double>(), -1);
  EXPECT_EQ(det(zeros({3, 3})).item<double>(), 0);
  EXPECT_EQ(det(zeros({0, 0})).item<double>(), 1);
  EXPECT_THAT(det(zeros({2, 0, 0})).values<double>(), ElementsAre(1, 1));
  // The Hilbert matrix of order 4: 1 / 6048000.
  std::vector<double> hilbert(16);
  for (int i = 0; i < 16; ++i) hilbert[i] = 1.0 / (i / 4 + i % 4 + 1);
  EXPECT_NEAR(det(Make(hilbert, {4, 4})).item<double>() * 6048000, 1, 1e-10);
  // 1e200 1e200 1e-300: every order of factors but this one's overflows.
  EXPECT_NEAR(
      det(Make<double>({1e200, 0, 0, 0, 1e200, 0, 0, 0, 1e-300}, {3, 3})).item<double>() / 1e100, 1,
      1e-14);
}

TEST(Slogdet, IsSignAndLogarithm) {
  using C = std::complex<double>;
  const SlogdetResult real = slogdet(Make<double>({0, 2, 3, 0}, {2, 2}));
  EXPECT_EQ(real.sign.item<double>(), -1);
  EXPECT_NEAR(real.logabsdet.item<double>(), std::log(6), 1e-15);
  const SlogdetResult complex = slogdet(Make<C>({{0, 2}, 0, 0, 3}, {2, 2}));
  EXPECT_LE(std::abs(complex.sign.item<C>() - C(0, 1)), 1e-15);
  EXPECT_EQ(complex.logabsdet.dtype(), DType::kFloat64);
  const SlogdetResult singular = slogdet(ones({2, 2}));
  EXPECT_EQ(singular.sign.item<double>(), 0);
  EXPECT_EQ(singular.logabsdet.item<double>(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(slogdet(zeros({0, 0})).sign.item<double>(), 1);
  // A determinant far beyond the range of double.
  EXPECT_NEAR(slogdet(multiply(Identity({}, 200, DType::kFloat64), 1e10)).logabsdet.item<double>(),
              200 * std::log(1e10), 1e-9);
}

TEST(Eig, OfARotationIsItsAngle) {
  using C = std::complex<double>;
  const Tensor values = eigvals(Make<double>({0, -1, 1, 0}, {2, 2}));
  EXPECT_LE(std::abs(values.values<C>()[0] - C(0, 1)), 1e-15);
  EXPECT_LE(std::abs(values.values<C>()[1] - C(0, -1)), 1e-15);
}

TEST(Solve, TakesAVectorOnlyByItsRank) {
  // The standard: of rank 2, the right side is a matrix, also where it could be a stack of vectors.
  const Tensor a = Identity({3}, 2, DType::kFloat64);
  EXPECT_EQ(solve(a, ones({2})).shape(), (Shape{3, 2}));
  EXPECT_EQ(solve(a, ones({2, 5})).shape(), (Shape{3, 2, 5}));
  EXPECT_THROW(solve(a, ones({3, 2})), ShapeError);
  EXPECT_EQ(solve(zeros({0, 0}), zeros({0, 2})).shape(), (Shape{0, 2}));
  EXPECT_EQ(solve(zeros({0, 0}), zeros({0})).shape(), (Shape{0}));
  EXPECT_THAT(solve(Make<int64_t>({2, 0, 0, 4}, {2, 2}), Make<float>({1, 1}, {2})).values<double>(),
              ElementsAre(0.5, 0.25));
}

TEST(Lstsq, FindsTheLineThroughPoints) {
  // NumPy's documentation: a line through (0, -1), (1, 0.2), (2, 0.9), (3, 2.1) is 1 x - 0.95.
  const Tensor a = Make<double>({0, 1, 1, 1, 2, 1, 3, 1}, {4, 2});
  const LstsqResult line = lstsq(a, Make<double>({-1, 0.2, 0.9, 2.1}, {4}));
  EXPECT_NEAR(line.x.values<double>()[0], 1, 1e-14);
  EXPECT_NEAR(line.x.values<double>()[1], -0.95, 1e-14);
  EXPECT_NEAR(line.residuals.values<double>()[0], 0.05, 1e-14);
  EXPECT_EQ(line.rank, 2);
  EXPECT_NEAR(line.singular_values.values<double>()[0], 4.10003045, 1e-8);
  EXPECT_NEAR(line.singular_values.values<double>()[1], 1.09075677, 1e-8);
  // Fewer rows than columns: the shortest solution, and no residuals.
  const LstsqResult wide = lstsq(ones({1, 2}), ones({1, 3}));
  EXPECT_LE(Distance(wide.x, full({2, 3}, 0.5)), 1e-15);
  EXPECT_EQ(wide.residuals.shape(), Shape{0});
  EXPECT_EQ(wide.rank, 1);
  EXPECT_EQ(lstsq(zeros({0, 2}), zeros({0})).x.shape(), Shape{2});
}

TEST(MatrixRank, CountsWhatIsAboveTheTolerance) {
  EXPECT_EQ(matrix_rank(ones({3, 4})).item<int64_t>(), 1);
  EXPECT_EQ(matrix_rank(zeros({3, 4})).item<int64_t>(), 0);
  EXPECT_EQ(matrix_rank(zeros({0, 4})).item<int64_t>(), 0);
  const Tensor diagonal = Make<double>({1, 0, 0, 1e-3}, {2, 2});
  EXPECT_EQ(matrix_rank(diagonal).item<int64_t>(), 2);
  EXPECT_EQ(matrix_rank(diagonal, 0.01).item<int64_t>(), 1);
  const Tensor both = diagonal.BroadcastTo({2, 2, 2});
  EXPECT_THAT(matrix_rank(both, Make<double>({0.01, 1e-4}, {2})).values<int64_t>(),
              ElementsAre(1, 2));
}

TEST(MatrixPower, MultipliesAndInverts) {
  const Tensor fibonacci = Make<int64_t>({1, 1, 1, 0}, {2, 2});
  EXPECT_THAT(matrix_power(fibonacci, 10).values<int64_t>(), ElementsAre(89, 55, 55, 34));
  EXPECT_THAT(matrix_power(fibonacci, 0).values<int64_t>(), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(matrix_power(fibonacci, 1).values<int64_t>(), ElementsAre(1, 1, 1, 0));
  EXPECT_LE(Distance(matrix_power(fibonacci, -3), Make<double>({-1, 2, 2, -3}, {2, 2})), 1e-14);
  EXPECT_EQ(matrix_power(zeros({2, 0, 0}), 3).shape(), (Shape{2, 0, 0}));
}

TEST(Expm, IsThatOfKnownMatrices) {
  // exp of a rotation's generator, for angles on either side of every order's limit.
  for (double angle : {0.0, 0.001, 0.1, 0.5, 1.5, 4.0, 30.0}) {
    SCOPED_TRACE(angle);
    const Tensor x = Make<double>({0, -angle, angle, 0}, {2, 2});
    const double c = std::cos(angle), s = std::sin(angle);
    EXPECT_LE(Distance(expm(x), Make<double>({c, -s, s, c}, {2, 2})), 1e-13);
  }
  // Nilpotent: the series ends.
  EXPECT_LE(Distance(expm(Make<double>({0, 1, 2, 0, 0, 3, 0, 0, 0}, {3, 3})),
                     Make<double>({1, 1, 3.5, 0, 1, 3, 0, 0, 1}, {3, 3})),
            1e-14);
  // A diagonal stack, in float32.
  const Tensor stack = expm(Make<float>({1, 0, 0, -2, 0, 0, 0, 0}, {2, 2, 2}));
  EXPECT_EQ(stack.dtype(), DType::kFloat32);
  EXPECT_THAT(stack.values<float>(),
              ElementsAre(std::exp(1.0f), 0, 0, std::exp(-2.0f), 1, 0, 0, 1));
}

TEST(Orthogonal, HasOrthonormalColumnsOrRows) {
  for (const Shape& shape : {Shape{5, 5}, Shape{7, 3}, Shape{3, 7}, Shape{2, 3, 2}}) {
    const Tensor q = orthogonal(shape, 2.0, {.seed = 1});
    ASSERT_EQ(q.shape(), shape);
    const Tensor x = q.Reshape({shape[0], -1});
    const bool wide = x.shape()[0] < x.shape()[1];
    const Tensor product = wide ? matmul(x, Adjoint(x)) : matmul(Adjoint(x), x);
    const Tensor expected = multiply(Identity({}, product.shape()[0], DType::kFloat64), 4.0);
    EXPECT_LE(Distance(product, expected), 1e-13);
  }
  ExpectSameBits(orthogonal({4, 4}, 1.0, {.seed = 3}), orthogonal({4, 4}, 1.0, {.seed = 3}));
  EXPECT_EQ(orthogonal({4, 2}, 1.0, {.dtype = DType::kFloat32}).dtype(), DType::kFloat32);
  EXPECT_THROW(orthogonal({4}), ShapeError);
}

TEST(Orthogonal, IsUniformlyDistributed) {
  // By Haar's measure of 2 x 2 matrices, the angle of the first column is uniform and both
  // determinants are equally likely. Of 4,000 draws a share of 1/2 is within 4 standard deviations
  // of 0.0079 but once in 16,000 choices of the seed.
  int positive_determinants = 0;
  int upper_right = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const Tensor q = orthogonal({2, 2}, 1.0, {.seed = seed});
    positive_determinants += det(q).item<double>() > 0 ? 1 : 0;
    upper_right += q.values<double>()[0] * q.values<double>()[2] > 0 ? 1 : 0;
  }
  EXPECT_NEAR(positive_determinants / 4000.0, 0.5, 0.032);
  EXPECT_NEAR(upper_right / 4000.0, 0.5, 0.032);
}

TEST(VectorNorm, HasEveryOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = Make<double>({3, -4, 0, 1}, {2, 2});
  const auto of_all = [&](double ord) { return vector_norm(x, {.ord = ord}).item<double>(); };
  EXPECT_EQ(of_all(0), 3);
  EXPECT_EQ(of_all(1), 8);
  EXPECT_EQ(of_all(2), std::sqrt(26));
  EXPECT_NEAR(of_all(3), std::cbrt(27.0 + 64 + 1), 1e-14);
  EXPECT_EQ(of_all(infinity), 4);
  EXPECT_EQ(of_all(-infinity), 0);
  EXPECT_THAT(vector_norm(x, {.axis = std::vector<int>{1}}).values<double>(), ElementsAre(5, 1));
  EXPECT_EQ(vector_norm(x, {.axis = std::vector<int>{0}, .keepdims = true}).shape(), (Shape{1, 2}));
  EXPECT_EQ(vector_norm(x, {.axis = std::vector<int>{1, 0}, .keepdims = true}).shape(),
            (Shape{1, 1}));
  using C = std::complex<float>;
  const Tensor complex = vector_norm(Make<C>({{3, 4}, {0, 12}}, {2}));
  EXPECT_EQ(complex.dtype(), DType::kFloat32);
  EXPECT_EQ(complex.item<float>(), 13);
}

TEST(VectorNorm, NeitherOverflowsNorUnderflowsOnTheWay) {
  EXPECT_DOUBLE_EQ(vector_norm(Make<double>({3e200, 4e200}, {2})).item<double>(), 5e200);
  EXPECT_DOUBLE_EQ(vector_norm(Make<double>({3e-200, 4e-200}, {2})).item<double>(), 5e-200);
  EXPECT_FLOAT_EQ(vector_norm(Make<float>({3e30f, 4e30f}, {2})).item<float>(), 5e30f);
  EXPECT_EQ(
      vector_norm(Make<double>({-std::numeric_limits<double>::infinity(), 1}, {2})).item<double>(),
      std::numeric_limits<double>::infinity());
  EXPECT_TRUE(
      std::isnan(vector_norm(Make<double>({std::numeric_limits<double>::quiet_NaN(), 1}, {2}))
                     .item<double>()));
  EXPECT_EQ(vector_norm(zeros({3})).item<double>(), 0);
  EXPECT_EQ(vector_norm(zeros({0})).item<double>(), 0);
}

TEST(MatrixNorm, HasEveryOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  // Singular values 5 and 3 (a standard example: [[4, 0], [3, -5]] has 2 sqrt(10), sqrt(10)).
  const Tensor x = Make<double>({4, 0, 3, -5}, {2, 2});
  const double root = std::sqrt(10);
  EXPECT_NEAR(matrix_norm(x).item<double>(), std::sqrt(50), 1e-14);
  EXPECT_NEAR(matrix_norm(x, "fro").item<double>(), std::sqrt(50), 1e-14);
  EXPECT_NEAR(matrix_norm(x, "nuc").item<double>(), 3 * root, 1e-14);
  EXPECT_NEAR(matrix_norm(x, 2).item<double>(), 2 * root, 1e-14);
  EXPECT_NEAR(matrix_norm(x, -2).item<double>(), root, 1e-14);
  EXPECT_EQ(matrix_norm(x, 1).item<double>(), 7);
  EXPECT_EQ(matrix_norm(x, -1).item<double>(), 5);
  EXPECT_EQ(matrix_norm(x, infinity).item<double>(), 8);
  EXPECT_EQ(matrix_norm(x, -infinity).item<double>(), 4);
  EXPECT_EQ(matrix_norm(ones({3, 2, 2}), 1, /*keepdims=*/true).shape(), (Shape{3, 1, 1}));
  EXPECT_THROW(matrix_norm(x, 3), std::invalid_argument);
  EXPECT_THROW(NormOrder("l2"), std::invalid_argument);
}

TEST(Norm, FollowsNumPy) {
  const Tensor x = arange(24).Reshape({2, 3, 4});
  EXPECT_NEAR(norm(x).item<double>(), std::sqrt(4324), 1e-12);
  EXPECT_EQ(norm(x, {}, std::vector<int>{0}).shape(), (Shape{3, 4}));
  EXPECT_EQ(norm(x, 1, std::vector<int>{0, 2}, /*keepdims=*/true).shape(), (Shape{1, 3, 1}));
  // Column sums run along the first of the two axes.
  EXPECT_EQ(norm(Make<double>({1, 2, 3, 4}, {2, 2}), 1, std::vector<int>{1, 0}).item<double>(), 7);
  EXPECT_EQ(norm(Make<double>({1, 2, 3, 4}, {2, 2}), 1).item<double>(), 6);
  EXPECT_THROW(norm(x, 1), ShapeError);
}

TEST(Cross, FollowsTheRightHand) {
  EXPECT_THAT(cross(Make<int64_t>({1, 2, 3}, {3}), Make<int64_t>({4, 5, 6}, {3})).values<int64_t>(),
              ElementsAre(-3, 6, -3));
  EXPECT_EQ(cross(ones({4, 1, 3}), ones({5, 3})).shape(), (Shape{4, 5, 3}));
  EXPECT_EQ(cross(ones({3, 4}), ones({3, 1}), 0).shape(), (Shape{3, 4}));
  EXPECT_THROW(cross(ones({2}), ones({2})), ShapeError);
  EXPECT_THROW(cross(ones({3, 1}), ones({1, 3})), ShapeError);
}

TEST(Diagonal, IsAViewAboveAndBelow) {
  const Tensor x = arange(12).Reshape({3, 4});
  EXPECT_THAT(diagonal(x).Contiguous().values<int64_t>(), ElementsAre(0, 5, 10));
  EXPECT_THAT(diagonal(x, 2).Contiguous().values<int64_t>(), ElementsAre(2, 7));
  EXPECT_THAT(diagonal(x, -1).Contiguous().values<int64_t>(), ElementsAre(4, 9));
  EXPECT_EQ(diagonal(x, 4).shape(), Shape{0});
  EXPECT_EQ(diagonal(x, -5).shape(), Shape{0});
  EXPECT_EQ(diagonal(x, std::numeric_limits<int64_t>::min()).shape(), Shape{0});
  EXPECT_EQ(diagonal(x).storage_data(), x.storage_data());
  EXPECT_EQ(trace(x).item<int64_t>(), 15);
  EXPECT_EQ(trace(x, 1).item<int64_t>(), 18);
  EXPECT_EQ(trace(zeros({2, 0, 3})).shape(), Shape{2});
}

TEST(Outer, TakesVectors) {
  EXPECT_THAT(outer(Make<int64_t>({1, 2}, {2}), Make<int64_t>({3, 4, 5}, {3})).values<int64_t>(),
              ElementsAre(3, 4, 5, 6, 8, 10));
  EXPECT_THROW(outer(ones({2, 2}), ones({2})), ShapeError);
}

TEST(Linalg, NamesMatricesWithoutAnAnswer) {
  const Tensor singular = ones({2, 3, 3});
  EXPECT_THROW(inv(singular), LinAlgError);
  EXPECT_THAT(MessageOf([&] { inv(singular); }), HasSubstr("(2, 3, 3)"));
  EXPECT_THROW(solve(singular, ones({3, 1})), LinAlgError);
  EXPECT_THROW(cholesky(negative(Identity({}, 2, DType::kFloat64))), LinAlgError);
  EXPECT_THROW(matrix_power(singular, -1), LinAlgError);
  const Tensor nan = full({2, 2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THROW(svd(nan), LinAlgError);
  EXPECT_THROW(eig(nan), LinAlgError);
  EXPECT_THROW(eigh(full({2, 2}, std::numeric_limits<double>::infinity())), LinAlgError);
}

/// Whether each number of a tensor is NaN.
bool AllNan(const Tensor& x) { return all(isnan(x)).item<bool>(); }

/// A matrix with 2 on its diagonal and zeros elsewhere, which kernels might leave out, and one NaN.
Tensor WithNan(DType dtype, int64_t n, int64_t row, int64_t column) {
  const Tensor x = multiply(Identity({}, n, DType::kFloat64), 2.0);
  x.mutable_data_as<double>()[row * n + column] = std::numeric_limits<double>::quiet_NaN();
  return astype(x, dtype);
}

TEST(Linalg, KeepsNan) {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kComplex64, DType::kComplex128}) {
    for (const int64_t n : {1, 2, 3, 9, 40}) {
      for (const auto& [row, column] : {std::pair{int64_t{0}, n - 1}, {n - 1, int64_t{0}}}) {
        const Tensor x = WithNan(dtype, n, row, column);
        const std::string which = x.Describe();
        EXPECT_TRUE(AllNan(inv(x))) << which;
        EXPECT_TRUE(AllNan(det(x))) << which;
        EXPECT_TRUE(AllNan(slogdet(x).sign)) << which;
        EXPECT_TRUE(AllNan(slogdet(x).logabsdet)) << which;
        EXPECT_TRUE(AllNan(solve(x, ones({n, 2}, dtype)))) << which;
        EXPECT_TRUE(AllNan(solve(Identity({}, n, dtype), x.Select(1, column)))) << which;
        EXPECT_THROW(cholesky(x, row < column), LinAlgError) << which;
        EXPECT_THROW(svd(x), LinAlgError) << which;
        EXPECT_THROW(eigh(x), LinAlgError) << which;
      }
    }
  }
}

TEST(Linalg, OtherMatricesAndColumnsKeepTheirNumbers) {
  const Tensor both[] = {WithNan(DType::kFloat64, 3, 0, 2), Identity({}, 3, DType::kFloat64)};
  const Tensor x = stack(both);
  EXPECT_FALSE(any(isnan(inv(x).Select(0, 1))).item<bool>());
  const Tensor solution =
      solve(Identity({}, 3, DType::kFloat64), WithNan(DType::kFloat64, 3, 0, 2));
  EXPECT_TRUE(AllNan(solution.Select(1, 2)));
  EXPECT_FALSE(any(isnan(solution.Slice(1, 0, 2))).item<bool>());
  // The triangle that is not read may hold anything.
  EXPECT_EQ(cholesky(WithNan(DType::kFloat64, 3, 0, 2)).shape(), (Shape{3, 3}));
}

TEST(Linalg, RefusesShapesThatAreNoMatrices) {
  for (const Tensor& x : {ones({}), ones({3})}) {
    EXPECT_THROW(det(x), ShapeError);
    EXPECT_THROW(qr(x), ShapeError);
    EXPECT_THROW(svd(x), ShapeError);
    EXPECT_THROW(diagonal(x), ShapeError);
    EXPECT_THROW(matrix_rank(x), ShapeError);
  }
  EXPECT_THROW(det(ones({2, 3})), ShapeError);
  EXPECT_THROW(eig(ones({2, 3})), ShapeError);
  EXPECT_THROW(lstsq(ones({2, 3}), ones({3})), ShapeError);
}

TEST(Linalg, HasNoMatricesOfBool) {
  const Tensor x = ones({2, 2}, DType::kBool);
  EXPECT_THROW(inv(x), DTypeError);
  EXPECT_THROW(svd(x), DTypeError);
  EXPECT_THROW(solve(x, x), DTypeError);
  EXPECT_THROW(matrix_power(x, 2), DTypeError);
  EXPECT_EQ(vector_norm(x).item<double>(), 2);
}

TEST(Linalg, TakesTensorsOfTheHighestRank) {
  const Tensor x = ones(Shape::Filled(64, 1));
  EXPECT_EQ(vector_norm(x, {.axis = std::vector<int>{}}).rank(), 64);
  EXPECT_EQ(matrix_norm(x).rank(), 62);
  EXPECT_EQ(vecdot(x, x).rank(), 63);
  EXPECT_EQ(det(x).rank(), 62);
  EXPECT_EQ(matmul(x, x).rank(), 64);
  EXPECT_EQ(solve(x, x).rank(), 64);
  EXPECT_EQ(pinv(x).rank(), 64);
  EXPECT_THROW(tensordot(x, x, 0), ShapeError);
  EXPECT_THROW(kron(x, x), ShapeError);
}

TEST(Linalg, GivesEmptyResultsForEmptyStacks) {
  const Tensor none = zeros({0, 3, 3});
  EXPECT_EQ(svd(none).U.shape(), (Shape{0, 3, 3}));
  EXPECT_EQ(eigh(none).eigenvalues.shape(), (Shape{0, 3}));
  EXPECT_EQ(inv(none).shape(), (Shape{0, 3, 3}));
  EXPECT_EQ(det(none).shape(), Shape{0});
  EXPECT_EQ(expm(none).shape(), (Shape{0, 3, 3}));
  EXPECT_EQ(pinv(zeros({3, 0})).shape(), (Shape{0, 3}));
  // The factors of a matrix without columns are unit matrices.
  EXPECT_THAT(svd(zeros({2, 0})).U.values<double>(), ElementsAre(1, 0, 0, 1));
}

}  // namespace
}  // namespace emberharmony::ops::linalg
