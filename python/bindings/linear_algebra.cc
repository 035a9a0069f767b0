// Matrix factors, equations and norms: ops.linalg, and the predecessor's names for them in ops.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bindings/function.h"
#include "bindings/results.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

NamedTuple eig_result("EigResult", {"eigenvalues", "eigenvectors"});
NamedTuple eigh_result("EighResult", {"eigenvalues", "eigenvectors"});
NamedTuple qr_result("QRResult", {"Q", "R"});
NamedTuple slogdet_result("SlogdetResult", {"sign", "logabsdet"});
NamedTuple svd_result("SVDResult", {"U", "S", "Vh"});
NamedTuple lstsq_result("LstsqResult", {"x", "residuals", "rank", "singular_values"});

/// The argument with matrices, whose factors take far longer than it is large.
const ops::Tensor& MatricesOf(Arguments& args, int i) {
  const ops::Tensor& x = args.tensor(i);
  if (x.rank() >= 2) args.AddWork(x.size() * std::min<int64_t>(x.shape()[x.rank() - 1], 64));
  return x;
}

ops::linalg::NormOrder OrderOf(const Arguments& args, int i) {
  if (args.is_none(i)) return {};
  if (PyUnicode_Check(args.object(i))) return std::string(args.text(i)).c_str();
  return args.number(i);
}

}  // namespace

EMBER_FUNCTION_IN(linalg, cholesky, "(x: Tensor, /, *, upper: bool = False) -> Tensor",
                  R"(The triangles L of positive definite matrices x = L L^H.

Args:
  x: A tensor of shape (..., M, M), symmetric or Hermitian; only the triangle asked for is read.
  upper: Whether to give U with x = U^H U instead.

Returns:
  A tensor of the shape of x, zero in the other triangle.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: A matrix is not positive definite.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const bool upper = args.boolean(1);
  return args.Run([&] { return ops::linalg::cholesky(x, upper); });
}

EMBER_FUNCTION_IN(linalg, qr, "(x: Tensor, /, *, mode: str = 'reduced') -> QRResult",
                  R"(The factors x = Q R with orthonormal columns in Q and an upper triangle R.

Args:
  x: A tensor of shape (..., M, N).
  mode: 'reduced': Q is (..., M, K) and R (..., K, N), with K = min(M, N); 'complete': Q is
    (..., M, M) and R (..., M, N).

Returns:
  A named tuple (Q, R).

Raises:
  ValueError: A rank below 2, or another mode.
  TypeError: The dtype is bool.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const std::string mode(args.text(1));
  if (mode != "reduced" && mode != "complete") {
    Raise(PyExc_ValueError, "qr: argument 'mode': expected 'reduced' or 'complete', found '" +
                                base::Shortened(mode) + "'");
  }
  return args.Run([&] {
    ops::linalg::QrResult result = ops::linalg::qr(x, mode == "complete");
    return NamedTensors{&qr_result, {result.Q, result.R}};
  });
}

EMBER_FUNCTION_IN(linalg, svd, "(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult",
                  R"(The singular value decomposition x = U diag(S) Vh.

Args:
  x: A tensor of shape (..., M, N).
  full_matrices: Whether U is (..., M, M) and Vh (..., N, N); else they are (..., M, K) and
    (..., K, N), with K = min(M, N).

Returns:
  A named tuple (U, S, Vh), S of shape (..., K), real and descending.

Raises:
  ValueError: A rank below 2.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const bool full_matrices = args.boolean(1);
  return args.Run([&] {
    ops::linalg::SvdResult result = ops::linalg::svd(x, full_matrices);
    return NamedTensors{&svd_result, {result.U, result.S, result.Vh}};
  });
}

EMBER_FUNCTION_IN(linalg, svdvals, "(x: Tensor, /) -> Tensor",
                  R"(The singular values of matrices, descending.

Args:
  x: A tensor of shape (..., M, N).

Returns:
  A real tensor of shape (..., min(M, N)).

Raises:
  ValueError: A rank below 2.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::svdvals(x); });
}

EMBER_FUNCTION_IN(linalg, eigh, "(x: Tensor, /) -> EighResult",
                  R"(Eigenvalues and eigenvectors of symmetric or Hermitian matrices.

Args:
  x: A tensor of shape (..., M, M), of which the lower triangles are read.

Returns:
  A named tuple (eigenvalues, eigenvectors): real and ascending, of shape (..., M), and
  orthonormal columns, of the shape and dtype of x.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] {
    ops::linalg::EigResult result = ops::linalg::eigh(x);
    return NamedTensors{&eigh_result, {result.eigenvalues, result.eigenvectors}};
  });
}

EMBER_FUNCTION_IN(linalg, eigvalsh, "(x: Tensor, /) -> Tensor",
                  R"(Eigenvalues of symmetric or Hermitian matrices, ascending.

Args:
  x: A tensor of shape (..., M, M), of which the lower triangles are read.

Returns:
  A real tensor of shape (..., M).

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::eigvalsh(x); });
}

EMBER_FUNCTION_IN(linalg, eig, "(x: Tensor, /) -> EigResult",
                  R"(Eigenvalues and eigenvectors of square matrices.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A named tuple (eigenvalues, eigenvectors), complex also where x is real: of shape (..., M), in no
  order, and columns of length 1, of the shape of x.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] {
    ops::linalg::EigResult result = ops::linalg::eig(x);
    return NamedTensors{&eig_result, {result.eigenvalues, result.eigenvectors}};
  });
}

EMBER_FUNCTION_IN(linalg, eigvals, "(x: Tensor, /) -> Tensor",
                  R"(Eigenvalues of square matrices, in no order.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A complex tensor of shape (..., M).

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::eigvals(x); });
}

EMBER_FUNCTION_IN(linalg, det, "(x: Tensor, /) -> Tensor",
                  R"(Determinants of matrices.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A tensor of shape (...): of 0 x 0 matrices 1.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::det(x); });
}

EMBER_FUNCTION_IN(linalg, slogdet, "(x: Tensor, /) -> SlogdetResult",
                  R"(Sign and logarithm of the size of determinants.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A named tuple (sign, logabsdet) of tensors of shape (...): the sign a number of size 1 (of
  complex matrices a complex one), of a singular matrix 0 and -infinity.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] {
    ops::linalg::SlogdetResult result = ops::linalg::slogdet(x);
    return NamedTensors{&slogdet_result, {result.sign, result.logabsdet}};
  });
}

EMBER_FUNCTION_IN(linalg, inv, "(x: Tensor, /) -> Tensor",
                  R"(The inverses of matrices.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A tensor of the same shape.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: A matrix is exactly singular.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::inv(x); });
}

EMBER_FUNCTION_IN(linalg, solve, "(x1: Tensor, x2: Tensor, /) -> Tensor",
                  R"(The solutions of x1 @ result = x2.

Args:
  x1: A tensor of shape (..., M, M).
  x2: A vector of shape (M,), or matrices (..., M, K); leading axes broadcast.

Returns:
  A tensor of shape (..., M) or (..., M, K).

Raises:
  ValueError: The shapes do not fit.
  TypeError: The dtypes have no common one, or it is bool.
  LinAlgError: A matrix is exactly singular.
)") {
  const ops::Tensor& x1 = MatricesOf(args, 0);
  const ops::Tensor& x2 = MatricesOf(args, 1);
  return args.Run([&] { return ops::linalg::solve(x1, x2); });
}

EMBER_FUNCTION_IN(linalg, lstsq,
                  "(a: Tensor, b: Tensor, /, rcond: float | None = None) -> LstsqResult",
                  R"(The least-squares solution of a @ x = b, of least length.

Args:
  a: A matrix of shape (M, N).
  b: A vector of shape (M,), or a matrix (M, K).
  rcond: Singular values of a up to this multiple of the largest count as zero; by default
    max(M, N) times the dtype's epsilon.

Returns:
  A named tuple: x of shape (N,) or (N, K); residuals of shape (K,), the squared lengths of
  b - a @ x, or empty unless the rank is N and M > N; rank, of shape (); singular_values.

Raises:
  ValueError: The shapes do not fit.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& a = MatricesOf(args, 0);
  const ops::Tensor& b = MatricesOf(args, 1);
  const std::optional<double> rcond = args.optional_number(2);
  return args.Run([&] {
    ops::linalg::LstsqResult result = ops::linalg::lstsq(a, b, rcond);
    return NamedTensors{
        &lstsq_result,
        {result.x, result.residuals, ops::Tensor::Scalar(result.rank), result.singular_values}};
  });
}

EMBER_FUNCTION_IN(linalg, pinv, "(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor",
                  R"(The pseudo-inverses of matrices.

Args:
  x: A tensor of shape (..., M, N).
  rtol: Singular values up to this multiple of the largest count as zero: a number, or a tensor of
    shape (...); by default max(M, N) times the dtype's epsilon.

Returns:
  A tensor of shape (..., N, M).

Raises:
  ValueError: A rank below 2.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const ops::Operand rtol = args.operand(1);
  return args.Run([&] { return ops::linalg::pinv(x, rtol); });
}

EMBER_FUNCTION_IN(linalg, matrix_rank,
                  "(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor",
                  R"(The ranks of matrices: how many singular values are above zero.

Args:
  x: A tensor of shape (..., M, N).
  rtol: Singular values up to this multiple of the largest count as zero: a number, or a tensor of
    shape (...); by default max(M, N) times the dtype's epsilon.

Returns:
  A tensor of shape (...), int64.

Raises:
  ValueError: A rank below 2.
  TypeError: The dtype is bool.
  LinAlgError: An element is not finite, or the iteration does not converge.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const ops::Operand rtol = args.operand(1);
  return args.Run([&] { return ops::linalg::matrix_rank(x, rtol); });
}

EMBER_FUNCTION_IN(linalg, matrix_power, "(x: Tensor, n: int, /) -> Tensor",
                  R"(Square matrices multiplied by themselves n times.

Args:
  x: A tensor of shape (..., M, M), of a numeric dtype.
  n: The power; for 0 unit matrices, for negative ones powers of the inverse.

Returns:
  A tensor of the shape of x; integers stay integers unless n is negative.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
  LinAlgError: n is negative and a matrix exactly singular.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const int64_t n = args.integer(1);
  return args.Run([&] { return ops::linalg::matrix_power(x, n); });
}

EMBER_FUNCTION_IN(linalg, expm, "(x: Tensor, /) -> Tensor",
                  R"(Exponentials of square matrices: the sums of x^k / k!.

Args:
  x: A tensor of shape (..., M, M).

Returns:
  A tensor of the same shape.

Raises:
  ValueError: The matrices are not square.
  TypeError: The dtype is bool.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  return args.Run([&] { return ops::linalg::expm(x); });
}

EMBER_FUNCTION(orthogonal,
               "(shape: Shape, gain: float = 1.0, dtype: DTypeLike | None = None, "
               "device: Device | None = None, *, seed: int | None = None) -> Tensor",
               R"(A random matrix with orthonormal columns, or rows if there are fewer.

Args:
  shape: At least two lengths; all but the first together are the columns.
  gain: A factor for all elements.
  dtype: float32 or float64; by default float64.
  device: Where the result lies; None: the CPU.
  seed: Draws from this seed instead of the process's.

Returns:
  A tensor of that shape, uniformly distributed among such matrices (by Haar's measure).

Raises:
  ValueError: Fewer than two lengths, or a negative one.
  TypeError: Another dtype.
)") {
  const ops::Shape shape = args.shape(0);
  const double gain = args.number(1);
  args.check_device(3);
  ops::linalg::OrthogonalOptions options{.dtype = args.dtype(2)};
  if (const auto seed = args.optional_integer(4)) options.seed = static_cast<uint64_t>(*seed);
  return args.Run([&] { return ops::linalg::orthogonal(shape, gain, options); });
}

EMBER_FUNCTION_IN(linalg, vector_norm,
                  "(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None, "
                  "keepdims: bool = False, ord: int | float = 2) -> Tensor",
                  R"(Norms of vectors: sum(abs(x)**ord)**(1/ord) along axes.

Args:
  x: A tensor of any shape.
  axis: The axis or axes along which the elements are one vector; None for all.
  keepdims: Whether the axes stay, with length 1.
  ord: The order: for inf the largest abs(x), for -inf the smallest, for 0 the number of elements
    that are not 0.

Returns:
  A real tensor of the shape of x without the axes.

Raises:
  ValueError: An axis that x does not have, or no elements and a negative order.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::linalg::VectorNormOptions options{
      .axis = args.axes(1), .keepdims = args.boolean(2), .ord = args.number(3)};
  return args.Run([&] { return ops::linalg::vector_norm(x, options); });
}

EMBER_FUNCTION_IN(linalg, matrix_norm,
                  "(x: Tensor, /, *, keepdims: bool = False, "
                  "ord: int | float | str | None = 'fro') -> Tensor",
                  R"(Norms of matrices.

Args:
  x: A tensor of shape (..., M, N).
  keepdims: Whether the last two axes stay, with length 1.
  ord: 'fro': the root of the sum of squares; 'nuc': the sum of the singular values; 2 and -2: the
    largest and smallest of them; 1 and -1: the largest and smallest column sum of abs(x); inf and
    -inf: of row sums.

Returns:
  A real tensor of shape (...).

Raises:
  ValueError: A rank below 2, or another order.
  LinAlgError: Singular values are asked for and an element is not finite.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const bool keepdims = args.boolean(1);
  const ops::linalg::NormOrder ord = OrderOf(args, 2);
  return args.Run([&] { return ops::linalg::matrix_norm(x, ord, keepdims); });
}

EMBER_FUNCTION_IN(linalg, norm,
                  "(x: Tensor, ord: int | float | str | None = None, "
                  "axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor",
                  R"(NumPy's norm: of vectors or of matrices, by the number of axes.

Args:
  x: A tensor.
  ord: The order, as in vector_norm or matrix_norm; None is 2 or 'fro'.
  axis: One axis for vectors, two for matrices; None: x is one vector or one matrix, or of any rank
    if ord is None.
  keepdims: Whether the axes stay, with length 1.

Returns:
  A real tensor of the shape of x without the axes.

Raises:
  ValueError: The axes do not fit, or an order that their number has not.
)") {
  const ops::Tensor& x = MatricesOf(args, 0);
  const ops::linalg::NormOrder ord = OrderOf(args, 1);
  const std::optional<std::vector<int>> axis = args.axes(2);
  const bool keepdims = args.boolean(3);
  return args.Run([&] { return ops::linalg::norm(x, ord, axis, keepdims); });
}

// The predecessor's flat names.
EMBER_ALIAS(cholesky, "linalg.cholesky")
EMBER_ALIAS(det, "linalg.det")
EMBER_ALIAS(eig, "linalg.eig")
EMBER_ALIAS(eigh, "linalg.eigh")
EMBER_ALIAS(eigvals, "linalg.eigvals")
EMBER_ALIAS(expm, "linalg.expm")
EMBER_ALIAS(inv, "linalg.inv")
EMBER_ALIAS(lstsq, "linalg.lstsq")
EMBER_ALIAS(norm, "linalg.norm")
EMBER_ALIAS(qr, "linalg.qr")
EMBER_ALIAS(solve, "linalg.solve")
EMBER_ALIAS(svd, "linalg.svd")

}  // namespace emberharmony::python
