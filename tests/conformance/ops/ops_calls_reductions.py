"""Calls of the statistical, searching, sorting and set functions (see ops_calls.py)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import ops_arrays as oa
from hypothesis import strategies as st
from ops_arrays import Array, DType
from ops_calls import Arguments, equal, exact, floating, near, register
from ops_case import ALL_DTYPES, EPS, NUMERIC, REALS


@st.composite
def reductions(
    draw: Any,
    dtypes: tuple[str, ...],
    styles: tuple[str, ...] = oa.STYLES,
    many: bool = True,
    **options: st.SearchStrategy,
) -> Arguments:
    x = draw(oa.arrays(dtypes, styles=styles))
    keywords: dict[str, Any] = {}
    if draw(st.integers(0, 4)):
        keywords["axis"] = draw(oa.axes_of(x.values.ndim, many))
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    for name, strategy in options.items():
        if draw(st.booleans()):
            keywords[name] = draw(strategy)
    return (x,), keywords


def accumulator(dtype: np.dtype) -> np.dtype:
    """The dtype in which sums of a dtype are given."""
    kinds = {"b": "int64", "i": "int64", "u": "uint64"}
    return np.dtype(kinds.get(dtype.kind, dtype.name))


def wide(values: np.ndarray) -> np.ndarray:
    """Floating values in extended precision."""
    return values.astype({"f": np.longdouble, "c": np.clongdouble}[values.dtype.kind])


def count_of(x: np.ndarray, axis: Any) -> int:
    axes = range(x.ndim) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    return int(np.prod([x.shape[a] for a in axes], dtype=np.int64))


def _sum(x: np.ndarray, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    result = np.dtype(dtype) if dtype is not None else accumulator(x.dtype)
    values = x.astype(result)
    if result.kind in "fc":
        return np.sum(wide(values), axis=axis, keepdims=keepdims).astype(result)
    return np.sum(values, axis=axis, keepdims=keepdims, dtype=result)


def _sum_bound(x: np.ndarray, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    result = (dtype or accumulator(x.dtype)).name
    size = np.sum(np.abs(x).astype(np.float64), axis=axis, keepdims=keepdims)
    return 2 * EPS[result] * (count_of(x, axis) + 2) * size


SUM_DTYPES = st.sampled_from(("float64", "complex128")).map(DType)
register("sum", _sum, near(_sum_bound), reductions(ALL_DTYPES, styles=("small",), dtype=SUM_DTYPES))


def _prod(x: np.ndarray, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    result = np.dtype(dtype) if dtype is not None else accumulator(x.dtype)
    values = x.astype(result)
    if result.kind in "fc":
        return np.prod(wide(values), axis=axis, keepdims=keepdims).astype(result)
    return np.prod(values, axis=axis, keepdims=keepdims, dtype=result)


def _prod_bound(x: np.ndarray, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    result = (dtype or accumulator(x.dtype)).name
    size = np.prod(np.abs(x).astype(np.float64), axis=axis, keepdims=keepdims)
    # A product of zeros and huge numbers may overflow on the way in another order.
    size = np.where(size > np.finfo(result).max * 1e-6, np.inf, size)
    return 4 * EPS[result] * (count_of(x, axis) + 2) * size


register("prod", _prod, near(_prod_bound), reductions(ALL_DTYPES, styles=("small",)))


def _mean(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    values = floating(x)
    return np.mean(wide(values), axis=axis, keepdims=keepdims).astype(values.dtype)


def _mean_bound(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    size = np.mean(np.abs(x).astype(np.float64), axis=axis, keepdims=keepdims)
    return (
        2
        * EPS[floating(x).dtype.name]
        * (count_of(x, axis) + 2)
        * np.where(np.isnan(size), 0, size)
    )


register("mean", _mean, near(_mean_bound), reductions(ALL_DTYPES, styles=("small",)))


def _var(x: np.ndarray, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    values = floating(x)
    n = count_of(x, axis)
    deviations = wide(values) - np.mean(wide(values), axis=axis, keepdims=True)
    total = np.sum(deviations**2, axis=axis, keepdims=keepdims)
    if n == 0:
        return np.full(total.shape, np.nan, dtype=values.dtype)
    left = max(n - correction, 0)
    return (total / np.longdouble(left)).astype(values.dtype)


def _var_bound(x: np.ndarray, axis: Any = None, correction: float = 0.0, keepdims: Any = False):
    n = count_of(x, axis)
    variance = np.abs(_var(x.astype(np.float64), axis, correction, keepdims))
    eps = EPS[floating(x).dtype.name]
    # The mean's own rounding enters squared; NaN where no degree of freedom is left.
    mean = np.abs(np.mean(x.astype(np.float64), axis=axis, keepdims=keepdims))
    bound = 4 * eps * (n + 4) * variance + (4 * eps * (n + 4) * mean) ** 2
    return np.where(np.isnan(bound), 0, bound)


CORRECTIONS = st.sampled_from((0, 1, 0.0, 1.0, 0.5))
register(
    "var", _var, near(_var_bound), reductions(REALS, styles=("small",), correction=CORRECTIONS)
)


def _std(*args: Any, **keywords: Any) -> Any:
    variance = _var(*args, **keywords)
    return np.sqrt(variance)


def _std_bound(x: np.ndarray, **keywords: Any) -> Any:
    deviation = np.sqrt(np.abs(_var(x.astype(np.float64), **keywords)))
    slack = _var_bound(x, **keywords)
    with np.errstate(all="ignore"):
        bound = np.minimum(slack / deviation, np.sqrt(slack)) + 2 * EPS[floating(x).dtype.name] * (
            deviation
        )
    return np.where(np.isnan(bound), np.sqrt(slack), bound)


register(
    "std", _std, near(_std_bound), reductions(REALS, styles=("small",), correction=CORRECTIONS)
)


@st.composite
def nonempty_reductions(draw: Any, dtypes: tuple[str, ...], many: bool) -> Arguments:
    """Reductions over at least one element."""
    x = draw(oa.arrays(dtypes, min_side=1))
    keywords: dict[str, Any] = {}
    if draw(st.integers(0, 4)):
        keywords["axis"] = draw(oa.axes_of(x.values.ndim, many))
    if draw(st.booleans()):
        keywords["keepdims"] = draw(st.booleans())
    return (x,), keywords


for _name in ("max", "min"):
    register(_name, getattr(np, _name), equal, nonempty_reductions(REALS, True))
for _name in ("argmax", "argmin"):
    register(_name, getattr(np, _name), exact, nonempty_reductions(REALS, False))


def _of_truth(f: Any) -> Any:
    return lambda x, **keywords: f(x != 0, **keywords)


for _name in ("any", "all"):
    register(
        _name,
        _of_truth(getattr(np, _name)),
        exact,
        reductions(ALL_DTYPES),
    )
register(
    "count_nonzero",
    lambda x, **keywords: np.asarray(np.sum(x != 0, dtype=np.int64, **keywords)),
    exact,
    reductions(ALL_DTYPES),
)


@st.composite
def scans(draw: Any, dtypes: tuple[str, ...]) -> Arguments:
    x = draw(oa.arrays(dtypes, styles=("small",), min_dims=1))
    keywords: dict[str, Any] = {"axis": draw(oa.axis_in(x.values.ndim))}
    if x.values.ndim == 1 and draw(st.booleans()):
        keywords = {}
    if draw(st.booleans()):
        keywords["include_initial"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        keywords["dtype"] = DType(draw(st.sampled_from(("float64", "complex128"))))
    return (x,), keywords


def _scan(f: Any, initial: int) -> Callable:
    def reference(x: Any, axis: Any = -1, dtype: Any = None, include_initial: bool = False) -> Any:
        result = np.dtype(dtype) if dtype is not None else accumulator(x.dtype)
        values = x.astype(result)
        scan = f.accumulate(wide(values) if result.kind in "fc" else values, axis=axis, dtype=None)
        if include_initial:
            shape = list(x.shape)
            shape[axis] = 1
            scan = np.concatenate([np.full(shape, initial, dtype=scan.dtype), scan], axis=axis)
        return scan.astype(result)

    return reference


def _scan_bound(f: Any) -> Callable:
    def bound(x: Any, axis: Any = -1, dtype: Any = None, include_initial: bool = False) -> Any:
        result = (dtype or accumulator(x.dtype)).name
        size = f.accumulate(np.abs(x).astype(np.float64), axis=axis)
        if include_initial:
            shape = list(x.shape)
            shape[axis] = 1
            size = np.concatenate([np.ones(shape), size], axis=axis)
        limit = np.where(size > np.finfo(result).max * 1e-6, np.inf, size)
        return 4 * EPS[result] * (x.shape[axis] + 2) * limit

    return bound


register("cumulative_sum", _scan(np.add, 0), near(_scan_bound(np.add)), scans(ALL_DTYPES))
register(
    "cumulative_prod", _scan(np.multiply, 1), near(_scan_bound(np.multiply)), scans(ALL_DTYPES)
)


@st.composite
def differences(draw: Any) -> Arguments:
    x = draw(oa.arrays(NUMERIC, min_dims=1, styles=("small", "wide")))
    shape = list(x.values.shape)
    keywords: dict[str, Any] = {}
    axis = -1
    if draw(st.booleans()):
        axis = keywords["axis"] = draw(oa.axis_in(len(shape)))
    for name in ("prepend", "append"):
        if draw(st.integers(0, 2)) == 0:
            shape[axis] = draw(st.integers(0, 3))
            keywords[name] = draw(oa.arrays(x.values.dtype.name, tuple(shape), styles=("small",)))
    if draw(st.booleans()):
        # n = 0 with values to add: the standard's size adds them, NumPy does not.
        keywords["n"] = draw(st.integers(min(1, len(keywords)), 3))
    return (x,), keywords


def _diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    parts = [part for part in (prepend, x, append) if part is not None]
    whole = np.concatenate(parts, axis=axis)
    return np.diff(whole, n=n, axis=axis)


register("diff", _diff, exact, differences())


@st.composite
def sorts(draw: Any) -> Arguments:
    x = draw(oa.arrays(REALS, min_dims=1))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["axis"] = draw(oa.axis_in(x.values.ndim))
    if draw(st.booleans()):
        keywords["stable"] = draw(st.booleans())
    if draw(st.booleans()):
        keywords["descending"] = draw(st.booleans())
        if keywords["descending"]:
            # Where NaN goes in descending order the standard leaves open.
            values = np.nan_to_num(x.values) if x.values.dtype.kind == "f" else x.values
            x = Array(values, x.layout)
    return (x,), keywords


def _order(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    if not descending:
        return np.argsort(x, axis=axis, stable=True)
    backwards = np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=True), axis)
    return x.shape[axis] - 1 - backwards


def _sort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    return np.take_along_axis(x, _order(x, axis, descending), axis)


def _argsort_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """A stable order is one; of others only that it sorts."""
    (x,), keywords = arguments
    if keywords.get("stable", True):
        exact(found, expected, arguments, what)
        return
    axis = keywords.get("axis", -1)
    order = np.asarray(found)
    assert order.dtype == np.int64, what
    assert np.array_equal(np.sort(order, axis), np.sort(expected, axis)), f"{what}: no permutation"
    mine = np.take_along_axis(x.values, order, axis)
    theirs = np.take_along_axis(x.values, expected, axis)
    assert np.array_equal(mine, theirs, equal_nan=x.values.dtype.kind == "f"), f"{what}: not sorted"


register("sort", _sort, equal, sorts())
register("argsort", _order, _argsort_check, sorts())


@st.composite
def searches(draw: Any) -> Arguments:
    dtype = draw(st.sampled_from(REALS))
    n = draw(st.integers(0, 40))
    x1 = draw(oa.arrays(dtype, (n,), styles=("small", "wide")))
    x2 = draw(oa.arrays(dtype, styles=("small", "wide")))
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["sorter"] = Array(np.argsort(x1.values, stable=True))
    else:
        x1 = Array(np.sort(x1.values), x1.layout)
    if draw(st.booleans()):
        keywords["side"] = draw(st.sampled_from(("left", "right")))
    return (x1, x2), keywords


register("searchsorted", np.searchsorted, exact, searches())
register(
    "nonzero",
    np.nonzero,
    exact,
    reductions(ALL_DTYPES)
    .map(lambda a: a)
    .filter(lambda a: a[0][0].values.ndim > 0)
    .map(lambda a: (a[0], {})),
)


@st.composite
def memberships(draw: Any) -> Arguments:
    dtype = draw(st.sampled_from(ALL_DTYPES))
    x1 = draw(oa.arrays(dtype, styles=("small",)))
    x2 = draw(oa.arrays(dtype, styles=("small",)))
    return (x1, x2), ({"invert": draw(st.booleans())} if draw(st.booleans()) else {})


def _isin(x1: Any, x2: Any, invert: bool = False) -> Any:
    flat = x2.reshape(-1)
    found = (x1[..., None] == flat).any(axis=-1)
    return ~found if invert else found


register("isin", _isin, exact, memberships())
SETS_FROM = oa.arrays(ALL_DTYPES, styles=("small", "special"))


def unique_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """Checks what the standard defines of the unique_ functions, whose order is open."""
    (x,), _ = arguments
    values = x.values.reshape(-1)
    parts = (
        {"values": np.asarray(found)}
        if what.startswith("unique_values")
        else {name: np.asarray(getattr(found, name)) for name in found._fields}
    )
    mine = parts["values"]
    assert mine.dtype == values.dtype, what
    nans = int(np.sum(values != values))
    distinct = np.unique(values[values == values])
    assert mine.shape == (distinct.size + nans,), f"{what}: shape {mine.shape}"
    assert int(np.sum(mine != mine)) == nans, f"{what}: NaNs are distinct"
    assert np.array_equal(np.sort(mine[mine == mine]), distinct), what
    for name, part in parts.items():
        if name != "values":
            assert part.dtype == np.int64, f"{what}, {name}: {part.dtype}"
    if "inverse_indices" in parts:
        inverse = parts["inverse_indices"]
        assert inverse.shape == x.values.shape, what
        back = mine[inverse]
        assert ((back == x.values) | ((back != back) & (x.values != x.values))).all(), what
    if "indices" in parts:
        first = parts["indices"]
        assert first.shape == mine.shape
        for value, position in zip(mine.tolist(), first.tolist(), strict=True):
            if value == value:
                assert position == int(np.argmax(values == value)), f"{what}: not the first"
            else:
                assert values[position] != values[position], what
    if "counts" in parts:
        counts = [1 if v != v else int(np.sum(values == v)) for v in mine.tolist()]
        assert parts["counts"].tolist() == counts, what


FIELDS = {
    "unique_all": ("values", "indices", "inverse_indices", "counts"),
    "unique_counts": ("values", "counts"),
    "unique_inverse": ("values", "inverse_indices"),
}
for _name in ("unique_all", "unique_counts", "unique_inverse", "unique_values"):
    register(_name, lambda x: None, unique_check, SETS_FROM.map(lambda array: ((array,), {})))
