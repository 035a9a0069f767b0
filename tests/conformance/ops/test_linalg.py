"""Decompositions and solvers: what they must satisfy, whatever signs or order a library chooses."""

from typing import Any

import numpy as np
import ops_arrays as oa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ops_arrays import Array, resolve
from ops_case import (
    COMPLEX_OF,
    EPS,
    FLOATS,
    REAL_OF,
    assert_all_refuse,
    assert_close,
    check_array,
    name_of,
    to_numpy,
    xp,
)


def real_of(name: str) -> str:
    return REAL_OF.get(name, name)


@st.composite
def matrices(
    draw: Any,
    square: bool = False,
    dtypes: tuple[str, ...] = FLOATS,
    max_side: int = 7,
    min_side: int = 0,
) -> Array:
    batch = draw(oa.shapes(max_dims=2, max_side=3)) if draw(st.booleans()) else ()
    batch = tuple(min(n, 3) for n in batch)
    m = draw(st.integers(min_side, max_side))
    n = m if square else draw(st.integers(min_side, max_side))
    return draw(oa.arrays(dtypes, (*batch, m, n), styles=("small",)))


def adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


def well_conditioned(draw: Any, x: Array, hermitian: bool = False) -> Array:
    """A matrix far from singular: x with a heavy diagonal; Hermitian and positive if asked for."""
    n = x.values.shape[-1]
    values = x.values
    if hermitian:
        values = values + adjoint(values)
    size = np.max(np.abs(values), initial=1) * (n + 1)
    return Array((values + size * np.eye(n)).astype(x.values.dtype), x.layout)


def tolerance(x: np.ndarray, factor: float = 20) -> Any:
    """A bound of backward stable algorithms: n * eps * |x|."""
    size = np.max(np.abs(x), initial=0, axis=(-2, -1), keepdims=True)
    return factor * EPS[x.dtype.name] * (max(x.shape[-2:]) + 2) ** 1.5 * size + 1e-300


def identity_like(x: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.eye(x.shape[-1]), x.shape)


def assert_orthonormal(q: np.ndarray, what: str) -> None:
    product = adjoint(q) @ q
    bound = 20 * EPS[q.dtype.name] * (max(q.shape[-2:]) + 2) ** 1.5
    assert_close(product, identity_like(product), bound, f"{what}: columns are not orthonormal")


def singular_values(x: np.ndarray) -> np.ndarray:
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    return np.linalg.svd(wide, compute_uv=False)


@given(x=matrices(), full=st.none() | st.booleans())
def test_svd(x: Array, full: bool | None) -> None:
    v, name = x.values, x.values.dtype.name
    out = xp.linalg.svd(resolve(x), **({} if full is None else {"full_matrices": full}))
    assert out._fields == ("U", "S", "Vh")
    *batch, m, n = v.shape
    k = min(m, n)
    wide = full is not False
    u = check_array(out.U, name, (*batch, m, m if wide else k), "U")
    s = check_array(out.S, real_of(name), (*batch, k), "S")
    vh = check_array(out.Vh, name, (*batch, n if wide else k, n), "Vh")
    assert (s >= 0).all()
    assert (np.diff(s, axis=-1) <= 0).all(), "singular values descend"
    assert_orthonormal(u, "U")
    assert_orthonormal(adjoint(vh), "V")
    back = (u[..., :, :k] * s[..., None, :]) @ vh[..., :k, :]
    assert_close(back, v, tolerance(v), "U S Vh")
    bound = np.squeeze(tolerance(v), -1)
    assert_close(s, singular_values(v), bound, "S against NumPy")
    values = check_array(xp.linalg.svdvals(resolve(x)), real_of(name), (*batch, k), "svdvals")
    assert_close(values, s, bound, "svdvals")


@given(x=matrices(), mode=st.sampled_from((None, "reduced", "complete")))
def test_qr(x: Array, mode: str | None) -> None:
    v, name = x.values, x.values.dtype.name
    out = xp.linalg.qr(resolve(x), **({} if mode is None else {"mode": mode}))
    assert out._fields == ("Q", "R")
    *batch, m, n = v.shape
    k = m if mode == "complete" else min(m, n)
    q = check_array(out.Q, name, (*batch, m, k), "Q")
    r = check_array(out.R, name, (*batch, k, n), "R")
    assert_orthonormal(q, "Q")
    assert np.array_equal(r, np.triu(r)), "R is upper triangular"
    assert (np.diagonal(r, axis1=-2, axis2=-1).imag == 0).all(), "R has a real diagonal"
    assert_close(q @ r, v, tolerance(v), "Q R")


@given(data=st.data(), upper=st.none() | st.booleans())
def test_cholesky(data: Any, upper: bool | None) -> None:
    x = well_conditioned(data.draw, data.draw(matrices(True)), hermitian=True)
    v, name = x.values, x.values.dtype.name
    out = xp.linalg.cholesky(resolve(x), **({} if upper is None else {"upper": upper}))
    factor = check_array(out, name, v.shape, "cholesky")
    if upper:
        assert np.array_equal(factor, np.triu(factor))
        back = adjoint(factor) @ factor
    else:
        assert np.array_equal(factor, np.tril(factor))
        back = factor @ adjoint(factor)
    assert_close(back, v, tolerance(v), "cholesky")
    diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
    assert (diagonal.real > 0).all()


@given(data=st.data())
def test_cholesky_reads_one_triangle(data: Any) -> None:
    x = well_conditioned(data.draw, data.draw(matrices(True, min_side=2)), hermitian=True).values
    half = to_numpy(xp.linalg.cholesky(xp.asarray(np.tril(x))))
    assert_close(half @ adjoint(half), x, tolerance(x), "cholesky of the lower triangle")


@given(data=st.data())
def test_eigh(data: Any) -> None:
    raw = data.draw(matrices(True))
    v = ((raw.values + adjoint(raw.values)) / 2).astype(raw.values.dtype)
    name = v.dtype.name
    t = resolve(Array(v, raw.layout))
    out = xp.linalg.eigh(t)
    assert out._fields == ("eigenvalues", "eigenvectors")
    w = check_array(out.eigenvalues, real_of(name), v.shape[:-1], "eigenvalues")
    q = check_array(out.eigenvectors, name, v.shape, "eigenvectors")
    assert_orthonormal(q, "eigenvectors")
    assert (np.diff(w, axis=-1) >= 0).all(), "ascending, as LAPACK gives them"
    assert_close(v @ q, q * w[..., None, :], tolerance(v), "A Q = Q L")
    values = check_array(xp.linalg.eigvalsh(t), real_of(name), v.shape[:-1], "eigvalsh")
    assert_close(values, w, np.squeeze(tolerance(v), -1), "eigvalsh")


@given(x=matrices(True))
def test_eig(x: Array) -> None:
    v, name = x.values, x.values.dtype.name
    result = COMPLEX_OF.get(name, name)
    out = xp.linalg.eig(resolve(x))
    assert out._fields == ("eigenvalues", "eigenvectors")
    w = check_array(out.eigenvalues, result, v.shape[:-1], "eigenvalues")
    q = check_array(out.eigenvectors, result, v.shape, "eigenvectors")
    assert_close(v @ q, q * w[..., None, :], tolerance(v, 40), "A V = V L")
    norms = np.linalg.norm(q, axis=-2)
    assert_close(norms, np.ones_like(norms), 40 * EPS[name] * (v.shape[-1] + 1), "unit vectors")
    values = check_array(xp.linalg.eigvals(resolve(x)), result, v.shape[:-1], "eigvals")
    traces = np.trace(v, axis1=-2, axis2=-1)
    bound = np.squeeze(tolerance(v, 100), (-2, -1))
    assert_close(np.sum(values, axis=-1), traces, bound, "the sum of eigvals is the trace")


@given(data=st.data())
def test_inv_and_solve(data: Any) -> None:
    x = well_conditioned(data.draw, data.draw(matrices(True)))
    v, name = x.values, x.values.dtype.name
    inverse = check_array(xp.linalg.inv(resolve(x)), name, v.shape, "inv")
    bound = 40 * EPS[name] * (v.shape[-1] + 2) ** 2
    assert_close(v @ inverse, identity_like(v), bound, "A inv(A)")
    n = v.shape[-1]
    if data.draw(st.booleans()):
        b = data.draw(oa.arrays((name,), (n,), styles=("small",)))
        expected = (*v.shape[:-2], n)
        solved = to_numpy_checked(xp.linalg.solve(resolve(x), resolve(b)), name, expected)
        residual = np.squeeze(v @ solved[..., None], -1) - b.values
    else:
        batch = v.shape[:-2][data.draw(st.integers(0, v.ndim - 2)) :]
        k = data.draw(st.integers(0, 4))
        b = data.draw(oa.arrays((name,), (*batch, n, k), styles=("small",)))
        solved = to_numpy_checked(
            xp.linalg.solve(resolve(x), resolve(b)), name, (*v.shape[:-2], n, k)
        )
        residual = v @ solved - b.values
    size = np.max(np.abs(b.values), initial=0)
    assert_close(residual, np.zeros_like(residual), bound * (size + 1e-30) * 4, "A x - b")


def to_numpy_checked(found: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return check_array(found, name, shape, "solve")


def test_solve_takes_a_vector_only_if_it_has_one_axis() -> None:
    a = xp.broadcast_to(xp.eye(2) * 2, (2, 2, 2))
    b = xp.asarray([[2.0, 4.0], [6.0, 8.0]])
    # (2, 2) is a matrix, though its shape would also fit a stack of vectors.
    assert to_numpy(xp.linalg.solve(a, b)).tolist() == [[[1, 2], [3, 4]]] * 2
    assert to_numpy(xp.linalg.solve(a, b[0, :])).tolist() == [[1, 2]] * 2


@given(x=matrices(True))
def test_det_and_slogdet(x: Array) -> None:
    v, name = x.values, x.values.dtype.name
    det = check_array(xp.linalg.det(resolve(x)), name, v.shape[:-2], "det")
    out = xp.linalg.slogdet(resolve(x))
    assert out._fields == ("sign", "logabsdet")
    sign = check_array(out.sign, name, v.shape[:-2], "sign")
    logarithm = check_array(out.logabsdet, real_of(name), v.shape[:-2], "logabsdet")
    wide = v.astype(np.complex128 if v.dtype.kind == "c" else np.float64)
    expected = np.linalg.det(wide)
    norms = np.prod(np.linalg.norm(wide, axis=-1), axis=-1)  # Hadamard's bound of |det|
    bound = 100 * EPS[name] * (v.shape[-1] + 1) ** 2 * norms + np.finfo(name).tiny
    assert_close(det, expected, bound, "det")
    assert_close(sign * np.exp(logarithm), expected, bound, "sign * exp(logabsdet)")


def test_det_of_nothing_and_of_singular() -> None:
    for name in FLOATS:
        dtype = getattr(xp, name)
        assert to_numpy(xp.linalg.det(xp.zeros((0, 0), dtype=dtype))) == 1
        assert to_numpy(xp.linalg.det(xp.zeros((2, 0, 0), dtype=dtype))).tolist() == [1, 1]
        assert to_numpy(xp.linalg.det(xp.zeros((3, 3), dtype=dtype))) == 0
        sign, logarithm = xp.linalg.slogdet(xp.zeros((2, 2), dtype=dtype))
        assert to_numpy(sign) == 0
        assert to_numpy(logarithm) == -np.inf


@given(data=st.data(), n=st.integers(-4, 6))
def test_matrix_power(data: Any, n: int) -> None:
    x = data.draw(matrices(True, max_side=4))
    if n < 0:
        x = well_conditioned(data.draw, x)
    v, name = x.values, x.values.dtype.name
    found = check_array(xp.linalg.matrix_power(resolve(x), n), name, v.shape, "matrix_power")
    wide = v.astype(np.complex128 if v.dtype.kind == "c" else np.float64)
    expected = np.linalg.matrix_power(wide, n)
    base = np.linalg.inv(wide) if n < 0 else wide
    size = np.linalg.norm(base, axis=(-2, -1), keepdims=True) ** abs(n)
    assert_close(found, expected, 60 * EPS[name] * (abs(n) + 2) * (size + 1e-300), "matrix_power")


@given(data=st.data())
def test_pinv_and_rank(data: Any) -> None:
    x = data.draw(matrices(dtypes=FLOATS, min_side=1))
    v, name = x.values, x.values.dtype.name
    *batch, m, n = v.shape
    s = singular_values(v)
    largest = np.max(s, axis=-1, keepdims=True, initial=0)
    # Singular values near the tolerance may count either way.
    cut = max(m, n) * EPS[name]
    relative = s / np.where(largest == 0, 1, largest)
    assume(not ((relative > cut / 8) & (relative < max(cut * 8, 1e-3))).any())
    rank = check_array(xp.linalg.matrix_rank(resolve(x)), "int64", tuple(batch), "rank")
    assert np.array_equal(rank, np.sum(relative > cut, axis=-1))
    inverse = check_array(xp.linalg.pinv(resolve(x)), name, (*batch, n, m), "pinv")
    expected = np.linalg.pinv(v.astype(np.complex128 if v.dtype.kind == "c" else float), rcond=cut)
    smallest = np.min(np.where(relative > cut, s, np.inf), axis=-1, initial=np.inf)
    smallest = np.where(np.isfinite(smallest), smallest, 1)[..., None, None]
    bound = 200 * EPS[name] * (m + n) * (largest[..., None] / smallest + 1) / smallest
    assert_close(inverse, expected, bound, "pinv")


def test_rank_with_tolerances() -> None:
    x = np.zeros((2, 3, 3))
    x[0] = np.diag([1.0, 1e-3, 1e-9])
    x[1] = np.diag([1.0, 1.0, 1e-5])
    t = xp.asarray(x)
    assert to_numpy(xp.linalg.matrix_rank(t)).tolist() == [3, 3]
    assert to_numpy(xp.linalg.matrix_rank(t, rtol=1e-2)).tolist() == [1, 2]
    limits = xp.asarray([1e-6, 1e-2])
    assert to_numpy(xp.linalg.matrix_rank(t, rtol=limits)).tolist() == [2, 2]
    cut = to_numpy(xp.linalg.pinv(t, rtol=limits))
    expected = np.stack([np.diag([1, 1e3, 0]), np.diag([1.0, 1, 0])])
    assert_close(cut, expected, 1e-9, "pinv with tolerances")


def test_errors() -> None:
    linalg = xp.linalg
    singular = xp.zeros((2, 2))
    error = getattr(linalg, "LinAlgError", ValueError)
    calls = (
        lambda: linalg.inv(singular),
        lambda: linalg.solve(singular, xp.ones(2)),
        lambda: linalg.cholesky(xp.asarray([[1.0, 2.0], [2.0, 1.0]])),
        lambda: linalg.matrix_power(singular, -1),
    )
    assert_all_refuse(calls, error)
    wide = xp.ones((2, 3))
    for f in ("cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "slogdet"):
        for wrong in (wide, xp.ones(3), xp.asarray(1.0)):
            with pytest.raises(ValueError):
                getattr(linalg, f)(wrong)
    for f in ("svd", "svdvals", "qr", "pinv", "matrix_norm", "trace", "diagonal"):
        with pytest.raises(ValueError):
            getattr(linalg, f)(xp.ones(3))
    calls = (
        lambda: xp.matmul(wide, wide),
        lambda: xp.matmul(xp.asarray(1.0), wide),
        lambda: xp.matmul(wide, xp.ones(2)),
        lambda: linalg.solve(wide, xp.ones(2)),
        lambda: linalg.solve(xp.eye(2), xp.ones(3)),
        lambda: linalg.solve(xp.eye(2), xp.ones((3, 1))),
        lambda: linalg.cross(xp.ones(3), xp.ones(2)),
        lambda: linalg.cross(xp.ones((3, 1)), xp.ones((1, 3))),
        lambda: linalg.outer(wide, xp.ones(2)),
        lambda: xp.vecdot(xp.ones(2), xp.ones(3)),
        lambda: xp.vecdot(xp.ones((2, 1)), xp.ones((2, 3))),
        lambda: xp.tensordot(wide, xp.ones((3, 2))),
        lambda: xp.tensordot(wide, wide, axes=((0,), (1,))),
        lambda: xp.tensordot(wide, wide, axes=((0, 1), (0,))),
        lambda: xp.tensordot(wide, wide, axes=((0, 0), (0, 0))),
        lambda: xp.tensordot(wide, wide, axes=3),
        lambda: linalg.qr(wide, mode="no such mode"),
        lambda: linalg.matrix_norm(wide, ord="no such norm"),
        lambda: linalg.matrix_norm(wide, ord=3),
    )
    assert_all_refuse(calls, ValueError, IndexError)
    for wrong in (xp.ones((2, 2), dtype=xp.bool),):
        for f in ("cholesky", "inv", "det", "svd"):
            with pytest.raises(TypeError):
                getattr(linalg, f)(wrong)


def test_stacks_with_no_matrices() -> None:
    """Zero matrices, and matrices of no rows or columns."""
    for shape in ((0, 3, 3), (2, 0, 3, 3), (0, 0), (3, 0, 0)):
        x = xp.zeros(shape)
        n = shape[-1]
        assert tuple(xp.linalg.inv(x).shape) == shape
        assert tuple(xp.linalg.det(x).shape) == shape[:-2]
        assert tuple(xp.linalg.eigvalsh(x).shape) == shape[:-1]
        assert tuple(xp.linalg.eig(x)[1].shape) == shape
        assert tuple(xp.linalg.cholesky(x).shape) == shape
        assert tuple(xp.linalg.svd(x).S.shape) == shape[:-1]
        assert tuple(xp.matmul(x, x).shape) == shape
        assert tuple(xp.linalg.solve(x, xp.zeros(n)).shape) == (*shape[:-2], n)
        assert name_of(xp.linalg.matrix_rank(x).dtype) == "int64"
    assert to_numpy(xp.matmul(xp.ones((2, 0)), xp.ones((0, 3)))).tolist() == [[0, 0, 0]] * 2
    assert tuple(xp.linalg.svd(xp.ones((0, 3))).Vh.shape) == (3, 3)
    assert_close(to_numpy(xp.linalg.svd(xp.ones((0, 3))).Vh), np.eye(3), 0.0, "Vh of no rows")
    assert tuple(xp.linalg.qr(xp.ones((3, 0)), mode="complete").Q.shape) == (3, 3)


@pytest.mark.parametrize("name", FLOATS)
def test_larger_matrices(name: str) -> None:
    """Beyond the block sizes, with several threads."""
    generator = np.random.default_rng(3)
    a = generator.normal(size=(150, 130))
    b = generator.normal(size=(130, 140))
    if name.startswith("complex"):
        a, b = a + 1j * generator.normal(size=a.shape), b - 1j * generator.normal(size=b.shape)
    a, b = a.astype(name), b.astype(name)
    wide = np.complex128 if name.startswith("complex") else np.float64
    expected = a.astype(wide) @ b.astype(wide)
    bound = 4 * EPS[name] * 130 * np.max(np.abs(a)) * np.max(np.abs(b))
    forms = (
        (xp.asarray(a), xp.asarray(b)),
        (xp.permute_dims(xp.asarray(np.ascontiguousarray(a.T)), (1, 0)), xp.asarray(b)),
        (xp.asarray(a), xp.permute_dims(xp.asarray(np.ascontiguousarray(b.T)), (1, 0))),
        (xp.asarray(np.repeat(a, 2, axis=1))[:, ::2], xp.asarray(b)),
        (xp.asarray(np.ascontiguousarray(a[::-1]))[::-1, :], xp.asarray(b)),
    )
    results = [to_numpy(xp.matmul(*form)) for form in forms]
    for found in results:
        assert_close(found, expected, bound, "matmul")
    u, s, vh = map(to_numpy, xp.linalg.svd(xp.asarray(a), full_matrices=False))
    assert_close((u * s) @ vh, a, tolerance(a), "svd")
    square = a[:130] + 20 * np.eye(130, dtype=a.dtype)
    solved = to_numpy(xp.linalg.solve(xp.asarray(square), xp.asarray(b)))
    assert_close(square @ solved, b, 100 * EPS[name] * 130, "solve")


def ill_conditioned(name: str, hermitian: bool) -> np.ndarray:
    """Hilbert's matrix of 5 rows, a condition of 5e5: in single precision one digit is left."""
    hilbert = 1 / (np.arange(5)[:, None] + np.arange(5) + 1.0)
    if name.startswith("complex"):
        turns = np.exp(1j * np.arange(5))
        hilbert = hilbert * (np.outer(turns, turns.conj()) if hermitian else 1 + 0.5j)
    return hilbert.astype(name)


SINGLE_CALLS: dict[str, tuple[bool, Any]] = {
    "inv": (False, lambda m, x: m.linalg.inv(x)),
    "det": (False, lambda m, x: m.linalg.det(x)),
    "slogdet": (False, lambda m, x: m.linalg.slogdet(x)[1]),
    "sign of slogdet": (False, lambda m, x: m.linalg.slogdet(x)[0]),
    "solve": (False, lambda m, x: m.linalg.solve(x, x[:, :1] * 0 + 1)),
    "solve of a stack": (False, lambda m, x: m.linalg.solve(m.stack([x, x.T]), x[:, :2])),
    "cholesky": (True, lambda m, x: m.linalg.cholesky(x)),
    "eigvalsh": (True, lambda m, x: m.linalg.eigvalsh(x)),
    "values of eigh": (True, lambda m, x: m.linalg.eigh(x)[0]),
    "vectors of eigh": (True, lambda m, x: abs(m.linalg.eigh(x)[1])),
    "svdvals": (False, lambda m, x: m.linalg.svdvals(x)),
    "U of svd": (False, lambda m, x: abs(m.linalg.svd(x)[0])),
    "Vh of svd": (False, lambda m, x: abs(m.linalg.svd(x[:, :3])[2])),
    "Q of qr": (False, lambda m, x: abs(m.linalg.qr(x)[0])),
    "R of qr": (False, lambda m, x: abs(m.linalg.qr(x)[1])),
    "eigvals": (False, lambda m, x: m.sort(abs(m.linalg.eigvals(x)))),
    "vectors of eig": (False, lambda m, x: m.sort(abs(m.linalg.eig(x)[1]), axis=-1)),
    "rank": (False, lambda m, x: m.linalg.matrix_rank(x)),
    "inverse power": (False, lambda m, x: m.linalg.matrix_power(x, -1)),
    "lstsq": (False, lambda m, x: m.linalg.lstsq(x[:, :4], x[:, 4])[0]),
    "residuals of lstsq": (False, lambda m, x: m.linalg.lstsq(x[:, :4], x[:, 4:])[1]),
    "rank of lstsq": (False, lambda m, x: m.asarray(float(m.linalg.lstsq(x, x[:, 0])[2]))),
    "values of lstsq": (False, lambda m, x: m.linalg.lstsq(x, x[:, 0])[3]),
}


@pytest.mark.parametrize("name", ["float32", "complex64"])
@pytest.mark.parametrize("call", list(SINGLE_CALLS))
def test_single_precision_is_computed_in_double(call: str, name: str) -> None:
    """As NumPy does: libraries expect its digits of float32, and scikit-learn's PCA needs them."""
    hermitian, function = SINGLE_CALLS[call]
    x = ill_conditioned(name, hermitian)
    mine = xp.asarray(x)
    theirs = function(np, x)
    found = to_numpy(function(xp, mine))
    assert found.dtype == theirs.dtype
    wide = np.complex128 if name.startswith("complex") else np.float64
    exact = np.asarray(function(np, x.astype(wide)))
    size = np.max(np.abs(exact))
    # Twice the rounding of the result; of numbers that are products of two results, four times.
    assert_close(found, exact, 2 * EPS[name] * size, call)


@pytest.mark.parametrize("name", ["float32", "complex64"])
def test_pseudo_inverse_of_single_precision(name: str) -> None:
    x = ill_conditioned(name, False)[:, :4]
    wide = x.astype(np.complex128 if name.startswith("complex") else np.float64)
    exact = np.linalg.pinv(wide)
    found = to_numpy(xp.linalg.pinv(xp.asarray(x)))
    assert found.dtype == name
    assert_close(found, exact, 2 * EPS[name] * np.max(np.abs(exact)), "pinv")


def test_positive_definite_to_double_precision_only() -> None:
    """Hilbert's matrix of 8 rows, rounded to float32: LAPACK's single precision refuses it."""
    x = (1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)).astype("float32")
    x[range(8), range(8)] += np.float32(3e-8)
    expected = np.linalg.cholesky(x)
    assert_close(to_numpy(xp.linalg.cholesky(xp.asarray(x))), expected, 2 * EPS["float32"], "L")
