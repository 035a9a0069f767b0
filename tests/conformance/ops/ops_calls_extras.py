"""Calls of functions beyond the standard that NumPy or SciPy have too (see ops_calls.py)."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import ops_arrays as oa
import scipy.linalg
import scipy.special
from hypothesis import strategies as st
from ops_arrays import Array
from ops_calls import Arguments, equal, exact, floating, near, promote_both, register, within_ulp
from ops_calls_linalg import product_bound, small
from ops_calls_reductions import count_of, wide
from ops_case import ALL_DTYPES, EPS, FLOATS, NUMERIC, REAL_FLOATS

SMALL = ("small",)


# Statistics ---------------------------------------------------------------------------------------


@st.composite
def with_nans(draw: Any) -> Array:
    """Floating values, some of them NaN, at least one element along each axis."""
    x = draw(oa.arrays((*REAL_FLOATS, *REAL_FLOATS, "int32"), styles=SMALL, min_side=1))
    if x.values.dtype.kind != "f":
        return x
    seed = draw(st.integers(0, 2**16))
    share = draw(st.sampled_from((0.0, 0.2, 0.7)))
    holes = np.random.default_rng(seed).random(x.values.shape) < share
    return Array(np.where(holes, np.nan, x.values).astype(x.values.dtype), x.layout)


@st.composite
def nan_reductions(draw: Any, **options: st.SearchStrategy) -> Arguments:
    x = draw(with_nans())
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axis"] = draw(oa.axes_of(x.values.ndim).filter(lambda a: a != ()))
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    for name, strategy in options.items():
        if draw(st.booleans()):
            keywords[name] = draw(strategy)
    return (x,), keywords


def either_precision(check: Callable) -> Callable:
    """Float32 data with float64 options: NumPy computes in float64, x's own dtype is as good."""

    def checked(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
        dtype = np.asarray(found).dtype
        if dtype.kind == "i":
            # An order statistic of integers is one of them.
            assert np.array_equal(np.asarray(found), np.asarray(expected)), what
            return
        assert dtype.kind == "f", what
        check(found, np.asarray(expected).astype(dtype), arguments, what)

    return checked


def size_bound(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """A bound for means and sums of few values: eps * n * the largest magnitude."""
    magnitude = float(np.nanmax(np.abs(x), initial=0))
    n = count_of(x, axis)
    return 4 * EPS[floating(x).dtype.name] * (n + 4) * n * (magnitude + 1) ** 2


def _in_longdouble(f: Callable) -> Callable:
    def reference(x: Any, **keywords: Any) -> Any:
        values = floating(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(f(wide(values), **keywords)).astype(values.dtype)

    return reference


for _name in ("nanmean", "nanmedian", "median"):
    register(_name, _in_longdouble(getattr(np, _name)), near(size_bound), nan_reductions())
register("nanvar", _in_longdouble(np.nanvar), near(size_bound), nan_reductions())
register(
    "nanstd",
    _in_longdouble(np.nanstd),
    near(lambda x, **keywords: np.sqrt(size_bound(x, **keywords))),
    nan_reductions(),
)


def _nansum(x: Any, **keywords: Any) -> Any:
    return (
        np.nansum(x, **keywords)
        if x.dtype.kind != "f"
        else _in_longdouble(np.nansum)(x, **keywords)
    )


register("nansum", _nansum, near(size_bound), nan_reductions())


def _nan_extreme(f: Callable) -> Callable:
    def reference(x: Any, **keywords: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(f(x, **keywords))

    return reference


for _name in ("nanmax", "nanmin"):
    register(_name, _nan_extreme(getattr(np, _name)), equal, nan_reductions())

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@st.composite
def quantiles(draw: Any, top: float, nans: bool) -> Arguments:
    (x,), keywords = draw(nan_reductions(method=st.sampled_from(METHODS)))
    if not nans:
        x = Array(np.nan_to_num(x.values), x.layout)
    fraction = st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0)) | st.floats(0, 1)
    if draw(st.booleans()):
        q: Any = top * draw(fraction)
    else:
        q = Array(np.asarray(draw(st.lists(fraction, min_size=1, max_size=3))) * top)
    return (x, q), keywords


def _quantile(f: Callable) -> Callable:
    def reference(x: Any, q: Any, **keywords: Any) -> Any:
        values = floating(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(f(values.astype(np.float64), q, **keywords)).astype(values.dtype)

    return reference


def _quantile_bound(x: Any, q: Any, method: str = "linear", **_: Any) -> Any:
    magnitude = float(np.nanmax(np.abs(x), initial=0))
    return 8 * EPS[floating(x).dtype.name] * (magnitude + 1)


def _steps_apart(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """Steps of "nearest" and the like turn where q * (n - 1) is an integer up to rounding."""
    method = arguments[1].get("method", "linear")
    q = arguments[0][1]
    values = q.values if isinstance(q, Array) else np.asarray(q)
    scale = 100 if what.startswith(("percentile", "nanpercentile")) else 1
    if method in ("linear",) or np.isin(values / scale, (0.0, 1.0)).all():
        either_precision(near(_quantile_bound))(found, expected, arguments, what)
    else:
        assert np.asarray(found).shape == np.asarray(expected).shape, what


for _name in ("quantile", "percentile"):
    _top = 100.0 if _name == "percentile" else 1.0
    register(_name, _quantile(getattr(np, _name)), _steps_apart, quantiles(_top, False))
    register(
        f"nan{_name}", _quantile(getattr(np, f"nan{_name}")), _steps_apart, quantiles(_top, True)
    )


@st.composite
def logsumexps(draw: Any) -> Arguments:
    x = draw(oa.arrays(REAL_FLOATS, styles=SMALL, min_side=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axis"] = draw(oa.axes_of(x.values.ndim).filter(lambda a: a != ()))
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    return (x,), keywords


def _logsumexp(x: np.ndarray, **keywords: Any) -> np.ndarray:
    """SciPy's, which makes an axis of length 1 where a number has none to keep."""
    found = np.asarray(scipy.special.logsumexp(x.astype(np.float64), **keywords)).astype(x.dtype)
    return found if x.ndim else found.reshape(())


register(
    "logsumexp",
    _logsumexp,
    near(lambda x, axis=None, **_: 8 * EPS[x.dtype.name] * (count_of(x, axis) + 16)),
    logsumexps(),
)


@st.composite
def histograms(draw: Any) -> Arguments:
    x = draw(oa.arrays((*REAL_FLOATS, "int32"), styles=SMALL, min_dims=1, max_dims=2))
    keywords: dict[str, Any] = {}
    edges = np.asarray([-8.0, -1.0, -0.25, 0.0, 1.0, 9.0])
    form = draw(st.integers(0, 2))
    if form == 0:
        keywords["bins"] = Array(edges)
    else:
        keywords["bins"] = draw(st.sampled_from((1, 3, 10)))
        keywords["range"] = (-8.0, 9.0)
    if draw(st.booleans()) and x.values.size:
        keywords["density"] = draw(st.booleans())
    return (x,), keywords


def _histogram_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    counts, edges = (np.asarray(part) for part in found)
    assert edges.shape == expected[1].shape, what
    assert np.allclose(edges, expected[1], rtol=1e-12, atol=1e-12), what
    (x,), keywords = arguments
    # A value within rounding of an edge of the computed ones may fall to either side.
    near_edge = np.abs(x.values.reshape(-1, 1) - expected[1]) < 1e-5
    if not near_edge.any() or "range" not in keywords:
        assert np.allclose(counts, expected[0], rtol=1e-9, equal_nan=True), what


register("histogram", lambda x, **k: np.histogram(x, **k), _histogram_check, histograms())


@st.composite
def observations(draw: Any) -> Arguments:
    shape = (draw(st.integers(1, 4)), draw(st.integers(3, 30)))
    x = draw(oa.arrays((*REAL_FLOATS, "int32"), shape, styles=SMALL))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["rowvar"] = draw(st.booleans())
    return (x,), keywords


def _cov(x: Any, rowvar: bool = True) -> Any:
    values = floating(x)
    return np.asarray(np.cov(values.astype(np.float64), rowvar=rowvar)).astype(values.dtype)


register("cov", _cov, either_precision(near(lambda x, **_: size_bound(x))), observations())


@st.composite
def counts(draw: Any) -> Arguments:
    x = draw(oa.arrays("int64", (draw(st.integers(0, 40)),), styles=SMALL))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["minlength"] = draw(st.integers(0, 12))
    return (Array(np.abs(x.values), x.layout),), keywords


register("bincount", np.bincount, exact, counts())


# Manipulation -------------------------------------------------------------------------------------


@st.composite
def pads(draw: Any) -> Arguments:
    mode = draw(st.sampled_from((None, "constant", "edge", "reflect", "symmetric", "wrap")))
    x = draw(oa.arrays(NUMERIC, min_dims=1, max_dims=3, min_side=2, max_side=5))
    rank = x.values.ndim
    amount = st.integers(0, 4)
    form = draw(st.integers(0, 2))
    if form == 0:
        width: Any = draw(amount)
    elif form == 1:
        width = (draw(amount), draw(amount))
    else:
        width = tuple((draw(amount), draw(amount)) for _ in range(rank))
    keywords: dict[str, Any] = {} if mode is None else {"mode": mode}
    if mode in (None, "constant") and draw(st.booleans()):
        keywords["constant_values"] = draw(st.integers(0, 5))
    return (x, width), keywords


register("pad", np.pad, exact, pads())


@st.composite
def lists(draw: Any, min_dims: int) -> Arguments:
    count = draw(st.integers(1, 3))
    shape = draw(oa.shapes(min_dims=min_dims, max_dims=3))
    dtype = draw(st.sampled_from(ALL_DTYPES))
    return (tuple(draw(oa.arrays(dtype, shape)) for _ in range(count)),), {}


for _name in ("vstack", "hstack", "dstack"):
    register(_name, getattr(np, _name), exact, lists(0))


@st.composite
def diagonal_matrices(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=1, max_dims=2, max_side=5))
    return (x,), {"k": draw(st.integers(-4, 4))} if draw(st.booleans()) else {}


register("diag", np.diag, exact, diagonal_matrices())


@st.composite
def swaps(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=1))
    rank = x.values.ndim
    return (x, draw(oa.axis_in(rank)), draw(oa.axis_in(rank))), {}


register("swapaxes", np.swapaxes, exact, swaps())
for _name in ("ravel", "flatten"):
    register(_name, np.ravel, exact, oa.arrays().map(lambda x: ((x,), {})))


@st.composite
def gradients(draw: Any) -> Arguments:
    x = draw(oa.arrays(REAL_FLOATS, styles=SMALL, min_dims=1, max_dims=1, min_side=2))
    return (x,), {}


register(
    "gradient",
    lambda x: np.gradient(x),
    near(lambda x: 4 * EPS[x.dtype.name] * (np.max(np.abs(x), initial=0) + 1)),
    gradients(),
)


# Comparison ---------------------------------------------------------------------------------------


@st.composite
def close_pairs(draw: Any) -> Arguments:
    shape1, shape2 = draw(oa.broadcastable(2))
    dtype = draw(st.sampled_from((*FLOATS, "int32")))
    x1 = draw(oa.arrays(dtype, shape1, styles=("small", "special")))
    x2 = draw(oa.arrays(dtype, shape2, styles=("small", "special")))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["equal_nan"] = draw(st.booleans())
    if draw(st.booleans()):
        keywords["rtol"] = draw(st.sampled_from((0.0, 0.5, 1e-3)))
    if draw(st.booleans()):
        keywords["atol"] = draw(st.sampled_from((0.0, 0.3, 1e-3)))
    return (x1, x2), keywords


register("isclose", np.isclose, exact, close_pairs())


def _allclose_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    assert bool(found) == bool(expected), what


register("allclose", np.allclose, _allclose_check, close_pairs())


# Special functions --------------------------------------------------------------------------------


def _special(f: Callable) -> Callable:
    def reference(x: Any) -> Any:
        values = floating(x)
        return f(values.astype(np.float64)).astype(values.dtype)

    return reference


FINITE = oa.arrays((*REAL_FLOATS, "int32"), styles=SMALL).map(lambda x: ((x,), {}))
register("erf", _special(scipy.special.erf), within_ulp(4), FINITE)
register("sigmoid", _special(scipy.special.expit), within_ulp(8), FINITE)
register("relu", lambda x: np.maximum(x, 0), equal, FINITE)
register("softplus", _special(lambda x: np.logaddexp(x, 0)), within_ulp(16), FINITE)


@st.composite
def over_an_axis(draw: Any) -> Arguments:
    x = draw(oa.arrays(REAL_FLOATS, styles=SMALL, min_dims=1, min_side=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axis"] = draw(oa.axis_in(x.values.ndim))
    return (x,), keywords


def _soft(f: Callable) -> Callable:
    return lambda x, axis=-1: f(x.astype(np.float64), axis=axis).astype(x.dtype)


for _name in ("softmax", "log_softmax"):
    register(
        _name,
        _soft(getattr(scipy.special, _name)),
        near(lambda x, **_: 512 * EPS[x.dtype.name]),
        over_an_axis(),
    )


# Linear algebra and Fourier transforms ------------------------------------------------------------


@st.composite
def dots(draw: Any) -> Arguments:
    k = draw(st.integers(0, 6))
    dtype = draw(st.sampled_from(NUMERIC))
    shape1 = (*draw(oa.shapes(max_dims=2, max_side=4)), k)
    inner = draw(st.integers(0, 2))
    shape2 = (k,) if inner == 0 else (*((2,) * (inner - 1)), k, draw(st.integers(0, 4)))
    return (small(draw, dtype, shape1), small(draw, dtype, shape2)), {}


register("dot", promote_both(np.dot), near(product_bound(np.dot)), dots())


@st.composite
def krons(draw: Any) -> Arguments:
    dtype = draw(st.sampled_from(NUMERIC))
    shapes = [tuple(draw(st.integers(1, 3)) for _ in range(2)) for _ in range(2)]
    return (small(draw, dtype, shapes[0]), small(draw, dtype, shapes[1])), {}


register("kron", promote_both(np.kron), near(product_bound(np.kron)), krons())


@st.composite
def exponentials(draw: Any) -> Arguments:
    n = draw(st.integers(1, 5))
    return (small(draw, draw(st.sampled_from(FLOATS)), (n, n)),), {}


def _expm(x: Any) -> Any:
    wide_type = np.complex128 if x.dtype.kind == "c" else np.float64
    return scipy.linalg.expm(x.astype(wide_type)).astype(x.dtype)


register(
    "expm",
    _expm,
    near(lambda x: 400 * EPS[x.dtype.name] * np.exp(np.linalg.norm(x.astype(np.complex128)))),
    exponentials(),
)


def _plane(f: Callable) -> Callable:
    def reference(x: Any) -> Any:
        single = x.dtype.name in ("float32", "complex64")
        return f(x).astype(np.complex64) if single else f(x)

    return reference


for _name in ("fft2", "ifft2", "rfft2"):
    register(
        f"fft.{_name}",
        _plane(getattr(np.fft, _name)),
        near(lambda x: 64 * EPS[x.dtype.name] * (np.sum(np.abs(x)) + 1)),
        oa.arrays(
            REAL_FLOATS if _name == "rfft2" else FLOATS,
            min_dims=2,
            max_dims=3,
            min_side=2,
            styles=SMALL,
        ).map(lambda x: ((x,), {})),
    )
