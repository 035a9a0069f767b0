"""Calls of the linear algebra and Fourier functions with one right result (see ops_calls.py)."""

from typing import Any

import numpy as np
import ops_arrays as oa
from hypothesis import strategies as st
from ops_arrays import Array, DType
from ops_calls import Arguments, exact, floating, near, promote_both, register, two_arrays
from ops_calls_reductions import accumulator
from ops_case import COMPLEX, EPS, FLOATS, NUMERIC, REAL_FLOATS, REAL_OF, promoted

PRODUCT_DTYPES = (*NUMERIC, *FLOATS)


def numeric(name: str) -> bool:
    return name != "bool"


def _dtypes(draw: Any) -> tuple[str, str]:
    (x1, x2), _ = draw(two_arrays(PRODUCT_DTYPES, accept=numeric))
    return x1.values.dtype.name, x2.values.dtype.name


def small(draw: Any, dtype: str, shape: tuple[int, ...]) -> Array:
    return draw(oa.arrays(dtype, shape, styles=("small",)))


@st.composite
def matrix_products(draw: Any) -> Arguments:
    first, second = _dtypes(draw)
    m, k, n = (draw(st.integers(0, 6) | st.sampled_from((1, 17, 33))) for _ in range(3))
    form = draw(st.integers(0, 3))
    batch1, batch2 = draw(oa.broadcastable(2, max_dims=2, max_side=3))
    shapes = (
        ((k,), (k,)),
        ((k,), (*batch2, k, n)),
        ((*batch1, m, k), (k,)),
        ((*batch1, m, k), (*batch2, k, n)),
    )[form]
    return (small(draw, first, shapes[0]), small(draw, second, shapes[1])), {}


def product_bound(f: Any) -> Any:
    """A bound for a function that sums products: the same function of the magnitudes."""

    def bound(x1: Any, x2: Any, **keywords: Any) -> Any:
        common = promoted(x1.dtype.name, x2.dtype.name)
        size = f(np.abs(x1).astype(np.float64), np.abs(x2).astype(np.float64), **keywords)
        terms = max(x1.size, x2.size) + 4
        return EPS.get(common, 0.0) * min(terms, 200) * size

    return bound


register("matmul", promote_both(np.matmul), near(product_bound(np.matmul)), matrix_products())


@st.composite
def tensor_products(draw: Any) -> Arguments:
    first, second = _dtypes(draw)
    joined = draw(st.lists(st.integers(0, 4), max_size=2))
    left = draw(st.lists(st.integers(0, 3), max_size=2))
    right = draw(st.lists(st.integers(0, 3), max_size=2))
    count = len(joined)
    if draw(st.booleans()) or count == 0:
        x1 = small(draw, first, (*left, *joined))
        x2 = small(draw, second, (*joined, *right))
        return (x1, x2), {} if count == 2 and draw(st.booleans()) else {"axes": count}
    rank1, rank2 = len(left) + count, len(right) + count
    axes1 = draw(st.permutations(range(rank1)))[:count]
    axes2 = draw(st.permutations(range(rank2)))[:count]
    shape1, shape2 = [0] * rank1, [0] * rank2
    for axes, shape, rest in ((axes1, shape1, left), (axes2, shape2, right)):
        spare = iter(rest)
        for i in range(len(shape)):
            shape[i] = joined[axes.index(i)] if i in axes else next(spare)
    axes2 = [a - rank2 if draw(st.booleans()) else a for a in axes2]
    x1, x2 = small(draw, first, tuple(shape1)), small(draw, second, tuple(shape2))
    return (x1, x2), {"axes": (tuple(axes1), tuple(axes2))}


def _tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    common = promoted(x1.dtype.name, x2.dtype.name)
    return np.tensordot(x1.astype(common), x2.astype(common), axes=axes)


register("tensordot", _tensordot, near(product_bound(np.tensordot)), tensor_products())


@st.composite
def dot_products(draw: Any) -> Arguments:
    first, second = _dtypes(draw)
    shape1, shape2 = draw(oa.broadcastable(2, max_dims=3))
    n = draw(st.integers(0, 9) | st.just(40))
    axis = -1 if draw(st.booleans()) else -draw(st.integers(1, min(len(shape1), len(shape2)) + 1))

    def with_axis(shape: tuple[int, ...]) -> tuple[int, ...]:
        cut = len(shape) + axis + 1
        return (*shape[:cut], n, *shape[cut:])

    x1, x2 = small(draw, first, with_axis(shape1)), small(draw, second, with_axis(shape2))
    return (x1, x2), {"axis": axis} if axis != -1 or draw(st.booleans()) else {}


def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    common = promoted(x1.dtype.name, x2.dtype.name)
    a, b = x1.astype(common), x2.astype(common)
    return np.sum(
        np.moveaxis(np.conj(a), axis, -1) * np.moveaxis(b, axis, -1), axis=-1, dtype=common
    )


register("vecdot", _vecdot, near(product_bound(_vecdot)), dot_products())


@st.composite
def crosses(draw: Any) -> Arguments:
    first, second = _dtypes(draw)
    shape1, shape2 = draw(oa.broadcastable(2, max_dims=2))
    axis = -1 if draw(st.booleans()) else -draw(st.integers(1, min(len(shape1), len(shape2)) + 1))

    def with_axis(shape: tuple[int, ...]) -> tuple[int, ...]:
        cut = len(shape) + axis + 1
        return (*shape[:cut], 3, *shape[cut:])

    x1, x2 = small(draw, first, with_axis(shape1)), small(draw, second, with_axis(shape2))
    return (x1, x2), {"axis": axis} if axis != -1 or draw(st.booleans()) else {}


def _cross(x1: Any, x2: Any, axis: int = -1) -> Any:
    common = promoted(x1.dtype.name, x2.dtype.name)
    a = np.moveaxis(x1.astype(common), axis, -1)
    b = np.moveaxis(x2.astype(common), axis, -1)
    a, b = np.broadcast_arrays(a, b)
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.moveaxis(np.stack(parts, axis=-1).astype(common), -1, axis)


def _cross_bound(x1: Any, x2: Any, axis: int = -1) -> Any:
    common = promoted(x1.dtype.name, x2.dtype.name)
    size1 = np.max(np.abs(x1).astype(np.float64), initial=0)
    size2 = np.max(np.abs(x2).astype(np.float64), initial=0)
    return 8 * EPS.get(common, 0.0) * size1 * size2


register("linalg.cross", _cross, near(_cross_bound), crosses())


@st.composite
def outers(draw: Any) -> Arguments:
    first, second = _dtypes(draw)
    sides = [draw(st.integers(0, 12)) for _ in range(2)]
    return (small(draw, first, (sides[0],)), small(draw, second, (sides[1],))), {}


register(
    "linalg.outer",
    promote_both(np.multiply.outer),
    near(product_bound(np.multiply.outer)),
    outers(),
)


@st.composite
def diagonals(draw: Any, dtypes: tuple[str, ...], dtype: bool) -> Arguments:
    x = draw(oa.arrays(dtypes, min_dims=2, max_dims=4, styles=("small",)))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["offset"] = draw(st.integers(-7, 7))
    if dtype and draw(st.integers(0, 3)) == 0:
        keywords["dtype"] = DType("complex128")
    return (x,), keywords


def _diagonal(x: Any, offset: int = 0) -> Any:
    # Beyond the matrix the diagonal is empty, which NumPy refuses.
    rows, columns = x.shape[-2:]
    if not -rows < offset < columns:
        return np.empty((*x.shape[:-2], 0), dtype=x.dtype)
    return np.diagonal(x, offset=offset, axis1=-2, axis2=-1)


def _trace(x: Any, offset: int = 0, dtype: Any = None) -> Any:
    result = dtype or accumulator(x.dtype)
    return np.sum(_diagonal(x, offset).astype(result), axis=-1, dtype=result)


def _trace_bound(x: Any, offset: int = 0, dtype: Any = None) -> Any:
    result = (dtype or accumulator(x.dtype)).name
    return 64 * EPS[result] * np.sum(np.abs(_diagonal(x, offset)).astype(np.float64), axis=-1)


register("linalg.diagonal", _diagonal, exact, diagonals(NUMERIC, False))
register("linalg.trace", _trace, near(_trace_bound), diagonals(NUMERIC, True))

NORM_ORDERS = (0, 1, 2, 3, 4.5, 0.5, -1, -2, np.inf, -np.inf)


@st.composite
def vector_norms(draw: Any) -> Arguments:
    x = draw(oa.arrays((*FLOATS, "int32"), styles=("small",), min_side=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axis"] = draw(oa.axes_of(x.values.ndim).filter(lambda a: a != ()))
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    if draw(st.booleans()):
        keywords["ord"] = draw(st.sampled_from(NORM_ORDERS))
    return (x,), keywords


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    values = np.abs(floating(x)).astype(np.longdouble)
    result = REAL_OF.get(floating(x).dtype.name, floating(x).dtype.name)
    if ord == np.inf:
        norm = np.max(values, axis=axis, keepdims=keepdims)
    elif ord == -np.inf:
        norm = np.min(values, axis=axis, keepdims=keepdims)
    elif ord == 0:
        norm = np.sum(values != 0, axis=axis, keepdims=keepdims)
    else:
        norm = np.sum(values**ord, axis=axis, keepdims=keepdims) ** np.longdouble(1 / ord)
    return np.asarray(norm).astype(result)


def _norm_bound(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    eps = EPS[floating(x).dtype.name]
    return 8 * eps * (x.size + 8) * _vector_norm(x, axis, keepdims, ord).astype(np.float64)


register("linalg.vector_norm", _vector_norm, near(_norm_bound), vector_norms())


@st.composite
def matrix_norms(draw: Any) -> Arguments:
    x = draw(oa.arrays(FLOATS, styles=("small",), min_dims=2, max_dims=3, min_side=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    if draw(st.booleans()):
        keywords["ord"] = draw(st.sampled_from(("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)))
    return (x,), keywords


def _matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    norm = np.linalg.norm(wide, ord=ord, axis=(-2, -1), keepdims=keepdims)
    return np.asarray(norm).astype(REAL_OF.get(x.dtype.name, x.dtype.name))


def _matrix_norm_bound(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    size = np.linalg.norm(np.abs(x).astype(np.float64), axis=(-2, -1), keepdims=keepdims)
    return 8 * EPS[x.dtype.name] * (max(x.shape[-2:]) + 8) * size


register("linalg.matrix_norm", _matrix_norm, near(_matrix_norm_bound), matrix_norms())

# Fourier transforms -------------------------------------------------------------------------------

NORMS = st.sampled_from(("backward", "ortho", "forward"))
# Of one element only, the inverse of a real transform would have none.
LENGTHS = st.integers(2, 40) | st.sampled_from((64, 97, 100, 127, 128))


def _fft_bound(name: str) -> Any:
    f = getattr(np.fft, name)

    def bound(x: Any, **keywords: Any) -> Any:
        expected = f(x, **keywords)
        eps = EPS["float32" if x.dtype.name in ("float32", "complex64") else "float64"]
        return 16 * eps * np.sqrt(max(expected.size, 1)) * np.max(np.abs(expected), initial=0)

    return bound


def _fft(name: str) -> Any:
    f = getattr(np.fft, name)

    def reference(x: Any, **keywords: Any) -> Any:
        result = f(x, **keywords)
        if x.dtype.name in ("float32", "complex64"):
            return result.astype(np.float32 if result.dtype.kind == "f" else np.complex64)
        return result

    return reference


@st.composite
def transforms(draw: Any, dtypes: tuple[str, ...]) -> Arguments:
    rank = draw(st.integers(1, 3))
    shape = [draw(st.integers(1, 4)) for _ in range(rank)]
    keywords: dict[str, Any] = {}
    axis = -1
    if draw(st.booleans()):
        axis = keywords["axis"] = draw(oa.axis_in(rank))
    shape[axis] = draw(LENGTHS)
    x = draw(oa.arrays(dtypes, tuple(shape), styles=("small",)))
    if draw(st.integers(0, 2)) == 0:
        keywords["n"] = draw(LENGTHS)
    if draw(st.booleans()):
        keywords["norm"] = draw(NORMS)
    return (x,), keywords


@st.composite
def transforms_n(draw: Any, dtypes: tuple[str, ...]) -> Arguments:
    rank = draw(st.integers(1, 3))
    shape = tuple(draw(st.integers(2, 9)) for _ in range(rank))
    x = draw(oa.arrays(dtypes, shape, styles=("small",)))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        axes = draw(st.permutations(range(rank)))[: draw(st.integers(1, rank))]
        keywords["axes"] = tuple(a - rank if draw(st.booleans()) else a for a in axes)
        if draw(st.booleans()):
            keywords["s"] = tuple(draw(st.integers(2, 10)) for _ in axes)
    if draw(st.booleans()):
        keywords["norm"] = draw(NORMS)
    return (x,), keywords


COMPLEX_INPUT = (*COMPLEX, *COMPLEX, *REAL_FLOATS, "int32")
REAL_INPUT = (*REAL_FLOATS, *REAL_FLOATS, "int16")
for _name in ("fft", "ifft", "hfft", "irfft"):
    register(f"fft.{_name}", _fft(_name), near(_fft_bound(_name)), transforms(COMPLEX_INPUT))
for _name in ("rfft", "ihfft"):
    register(f"fft.{_name}", _fft(_name), near(_fft_bound(_name)), transforms(REAL_INPUT))
for _name in ("fftn", "ifftn", "irfftn"):
    register(f"fft.{_name}", _fft(_name), near(_fft_bound(_name)), transforms_n(COMPLEX_INPUT))
register("fft.rfftn", _fft("rfftn"), near(_fft_bound("rfftn")), transforms_n(REAL_INPUT))


@st.composite
def frequencies(draw: Any) -> Arguments:
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["d"] = draw(st.sampled_from((1.0, 0.5, 2.0, 0.1, 3)))
    if draw(st.booleans()):
        keywords["dtype"] = DType(draw(st.sampled_from(REAL_FLOATS)))
    return (draw(st.integers(1, 50)),), keywords


def _freq(f: Any) -> Any:
    return lambda n, d=1.0, dtype=None: f(n, d).astype(dtype or np.float64)


def _freq_bound(n: int, d: float = 1.0, dtype: Any = None) -> float:
    return 4 * EPS[dtype.name if dtype is not None else "float64"] / d


register("fft.fftfreq", _freq(np.fft.fftfreq), near(_freq_bound), frequencies())
register("fft.rfftfreq", _freq(np.fft.rfftfreq), near(_freq_bound), frequencies())


@st.composite
def half_turns(draw: Any) -> Arguments:
    x = draw(oa.arrays(FLOATS, min_dims=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axes"] = draw(oa.axes_of(x.values.ndim))
    return (x,), keywords


register("fft.fftshift", np.fft.fftshift, exact, half_turns())
register("fft.ifftshift", np.fft.ifftshift, exact, half_turns())
