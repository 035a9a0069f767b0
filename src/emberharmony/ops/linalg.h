#pragma once

#include <optional>
#include <vector>

#include "emberharmony/ops/matmul.h"
#include "emberharmony/ops/operand.h"

/// Linear algebra of the Array API standard 2025.12, and more of NumPy's and SciPy's.
///
/// Matrices are the last two axes of a tensor; leading axes make a stack, each matrix of which has
/// its own result. Lengths may be zero. dtypes are floating point, complex ones included; integers
/// are taken as float64 unless said otherwise, bool (but in norms) throws DTypeError. What is
/// computed by LAPACK (all but products and norms of vectors) needs the OpenBLAS plugin and throws
/// UnsupportedError, with the paths that were tried, where that is missing. Shapes that do not fit
/// throw ShapeError; a matrix without an answer throws LinAlgError, which names the stack's shape.
///
/// Results do not depend on the number of threads or the layout in memory; signs and phases that
/// mathematics leaves open are LAPACK's. They are the same on all CPUs with the same instructions.
namespace emberharmony::ops {

using tensor::LinAlgError;

namespace linalg {

using ops::matmul;
using ops::tensordot;
using ops::vecdot;

struct EigResult {
  Tensor eigenvalues;   ///< (..., M)
  Tensor eigenvectors;  ///< (..., M, M): a column each, of length 1
};
struct QrResult {
  Tensor Q;
  Tensor R;
};
struct SlogdetResult {
  Tensor sign;
  Tensor logabsdet;
};
struct SvdResult {
  Tensor U;
  Tensor S;
  Tensor Vh;
};
struct LstsqResult {
  Tensor x;          ///< (N,) or (N, K)
  Tensor residuals;  ///< (K,): squared lengths of b - a x; empty unless the rank is N and M > N
  int64_t rank;
  Tensor singular_values;
};

// Factors.

/// The lower triangular L with L L^H = x, of positive definite matrices (..., M, M), or `upper` U
/// with U^H U = x. Of x only that triangle is read. LinAlgError if one is not positive definite.
Tensor cholesky(const Tensor& x, bool upper = false);
/// x = Q R with orthonormal columns of Q and an upper triangle R. Of (..., M, N), with
/// K = min(M, N): Q is (..., M, K) and R (..., K, N), or `complete` (..., M, M) and (..., M, N).
QrResult qr(const Tensor& x, bool complete = false);
/// x = U diag(S) Vh, singular values descending. Of (..., M, N), with K = min(M, N): U is
/// (..., M, M) and Vh (..., N, N), or without `full_matrices` (..., M, K) and (..., K, N).
/// LinAlgError for elements that are not finite or if the iteration does not converge.
SvdResult svd(const Tensor& x, bool full_matrices = true);
/// The singular values alone, which is quicker.
Tensor svdvals(const Tensor& x);
/// Eigenvalues, ascending and real, of symmetric or Hermitian matrices, of which the lower triangle
/// is read; eigenvectors have the dtype of x. Errors as svd.
EigResult eigh(const Tensor& x);
Tensor eigvalsh(const Tensor& x);
/// Eigenvalues of any square matrices, in no order; results are complex. Errors as svd.
EigResult eig(const Tensor& x);
Tensor eigvals(const Tensor& x);

// Equations and determinants.

/// The determinants (...), computed without overflow on the way; of 0 x 0 matrices 1.
Tensor det(const Tensor& x);
/// Sign (of complex matrices a number of size 1) and logarithm of the size of the determinants; of
/// a singular matrix 0 and -infinity.
SlogdetResult slogdet(const Tensor& x);
/// The inverse matrices. LinAlgError if one is exactly singular.
Tensor inv(const Tensor& x);
/// The solutions of x1 X = x2. x2 is a vector (M,) only if its rank is 1, else (..., M, K), and
/// leading axes broadcast. LinAlgError if a matrix is exactly singular.
Tensor solve(const Tensor& x1, const Tensor& x2);
/// The x of least length that minimizes the length of b - a x, for one matrix a (M, N) and b (M,)
/// or (M, K): NumPy's lstsq. Singular values up to `rcond` times the largest count as zero;
/// default: max(M, N) times the epsilon of float64 (NumPy's, which computes in it). Errors as svd.
LstsqResult lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = std::nullopt);
/// The pseudo-inverses (..., N, M). Singular values up to `rtol` (a number, or a tensor that
/// broadcasts to the stack) times the largest count as zero; default: max(M, N) epsilon. Errors as
/// svd.
Tensor pinv(const Tensor& x, const Operand& rtol = {});
/// How many singular values are above that, int64.
Tensor matrix_rank(const Tensor& x, const Operand& rtol = {});
/// x multiplied by itself n times; for negative n, its inverse. Integers stay integers for n >= 0.
Tensor matrix_power(const Tensor& x, int64_t n);
/// The matrix exponential, by scaling and squaring of a Pade approximant (Higham, "The scaling and
/// squaring method for the matrix exponential revisited", 2005).
Tensor expm(const Tensor& x);

struct OrthogonalOptions {
  std::optional<DType> dtype = std::nullopt;    ///< real floating point; default float64
  std::optional<uint64_t> seed = std::nullopt;  ///< default: the process's, see random.h
};
/// A random matrix with orthonormal columns, or rows if there are fewer, times `gain`: uniformly
/// distributed (by Haar's measure; Mezzadri, "How to generate random matrices from the classical
/// compact groups", 2007). Of a shape of more than two axes all but the first are the columns.
Tensor orthogonal(const Shape& shape, double gain = 1.0, const OrthogonalOptions& options = {});

// Norms.

/// The order of a norm: none, a number, or "fro" or "nuc".
class NormOrder {
 public:
  enum class Kind : uint8_t { kDefault, kNumber, kFrobenius, kNuclear };
  NormOrder() = default;
  NormOrder(double number) : kind_(Kind::kNumber), number_(number) {}
  NormOrder(int number) : NormOrder(static_cast<double>(number)) {}
  /// Throws std::invalid_argument for any other name.
  NormOrder(const char* name);

  Kind kind() const { return kind_; }
  double number() const { return number_; }
  std::string ToString() const;

 private:
  Kind kind_ = Kind::kDefault;
  double number_ = 0;
};

struct VectorNormOptions {
  std::optional<std::vector<int>> axis = std::nullopt;  ///< none: all elements are one vector
  bool keepdims = false;
  double ord = 2;
};
/// (sum |x|^ord)^(1/ord) over the axes; for ord = infinity the largest, for -infinity the smallest
/// |x|, for 0 the number of elements that are not 0. Real. Order 2 neither overflows nor underflows
/// before its result does. Without elements 0; for negative orders ShapeError.
Tensor vector_norm(const Tensor& x, const VectorNormOptions& options = {});
/// Of matrices (..., M, N): "fro" the root of the sum of squares (the default), "nuc" the sum of
/// the singular values, 2 and -2 the largest and smallest of them, 1 and -1 the largest and
/// smallest column sum of |x|, infinity and -infinity of row sums. Real.
Tensor matrix_norm(const Tensor& x, const NormOrder& ord = {}, bool keepdims = false);
/// numpy.linalg.norm: of the given axis a vector's norm, of two axes a matrix's; without axes, of
/// all elements if `ord` is not given either, else of a tensor of rank 1 or 2.
Tensor norm(const Tensor& x, const NormOrder& ord = {},
            const std::optional<std::vector<int>>& axis = std::nullopt, bool keepdims = false);

// Products and parts. Any numeric dtype.

/// The cross products of vectors of three elements along `axis`; other axes broadcast.
Tensor cross(const Tensor& x1, const Tensor& x2, int axis = -1);
/// All products of an element of x1 (M,) with one of x2 (N,): (M, N).
Tensor outer(const Tensor& x1, const Tensor& x2);
/// The diagonals of matrices, `offset` above the main one, as a view (..., K). Any dtype.
Tensor diagonal(const Tensor& x, int64_t offset = 0);
/// Their sums; the dtype as in sum.
Tensor trace(const Tensor& x, int64_t offset = 0, std::optional<DType> dtype = std::nullopt);
/// The transposed matrices, a view. Any dtype.
Tensor matrix_transpose(const Tensor& x);

}  // namespace linalg
}  // namespace emberharmony::ops
