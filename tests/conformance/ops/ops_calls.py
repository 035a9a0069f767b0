"""Calls of the standard's functions: arguments to draw, what NumPy says, how near results must be.

`CALLS` has an entry for each function whose result is determined: decompositions, which are not,
are in test_linalg.py. An entry's `draw` gives positional and keyword arguments (arrays as
ops_arrays.Array, dtypes as DType); `reference` computes the expected result from the same arguments
in NumPy; `check` compares.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import ops_arrays as oa
from hypothesis import strategies as st
from ops_arrays import Array, DType
from ops_case import (
    ALL_DTYPES,
    COMPLEX,
    EPS,
    INTEGERS,
    NUMERIC,
    REAL_FLOATS,
    REALS,
    assert_close,
    assert_exact,
    assert_ulp,
    check_array,
    promoted,
)

Draw = Callable[[Any], Any]
Arguments = tuple[tuple, dict]


@dataclass(frozen=True)
class Call:
    """How a function is called and checked."""

    strategy: st.SearchStrategy[Arguments]
    reference: Callable[..., Any]
    check: Callable[[Any, Any, Arguments, str], None]


CALLS: dict[str, Call] = {}


def register(name: str, reference: Any, check: Any, strategy: st.SearchStrategy[Arguments]) -> None:
    CALLS[name] = Call(strategy, reference, check)


# How results are compared ------------------------------------------------------------------------


def plain(argument: Any) -> Any:
    """An argument for NumPy."""
    if isinstance(argument, Array):
        return argument.values
    if isinstance(argument, DType):
        return np.dtype(argument.name)
    if isinstance(argument, tuple | list):
        return type(argument)(plain(item) for item in argument)
    return argument


def exact(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """Dtype, shape and every value, signs of zeros included."""
    if isinstance(expected, tuple | list):
        assert isinstance(found, tuple), f"{what}: expected a tuple, found {type(found).__name__}"
        assert len(found) == len(expected), f"{what}: {len(found)} results, not {len(expected)}"
        for i, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
            exact(mine, theirs, arguments, f"{what}, result {i}")
        return
    expected = np.asarray(expected)
    values = check_array(found, expected.dtype.name, expected.shape, what)
    assert_exact(values, expected, what)


def equal(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """As exact, but +0 may stand for -0."""
    expected = np.asarray(expected)
    values = check_array(found, expected.dtype.name, expected.shape, what)
    assert_exact(values, expected, what, zero_signs=False)


def within_ulp(ulp: float) -> Callable:
    """Real results within so many last places; complex ones, as points of the plane, likewise."""

    def check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
        expected = np.asarray(expected)
        values = check_array(found, expected.dtype.name, expected.shape, what)
        if expected.dtype.kind == "f":
            assert_ulp(values, expected, ulp, what)
        elif expected.dtype.kind == "c":
            size = np.abs(expected.astype(np.complex128))
            tolerance = 2 * ulp * EPS[expected.dtype.name] * (size + TINY[expected.dtype.name])
            # Next to the overflow threshold either side may overflow in one part.
            huge = ~np.isfinite(size) | (size > 0.25 * np.finfo(expected.dtype).max)
            keep = ~huge
            assert_close(values[keep], expected[keep], tolerance[keep], what)
        else:
            assert_exact(values, expected, what)

    return check


TINY = {"complex64": 2.0**-100, "complex128": 2.0**-900}


def near(bound: Callable[..., Any]) -> Callable:
    """Results within an absolute bound that is computed from the arguments."""

    def check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
        expected = np.asarray(expected)
        values = check_array(found, expected.dtype.name, expected.shape, what)
        if expected.dtype.kind not in "fc":
            assert_exact(values, expected, what)
            return
        positional, keywords = arguments
        tolerance = bound(*map(plain, positional), **{k: plain(v) for k, v in keywords.items()})
        tolerance = np.asarray(tolerance, dtype=np.float64) + np.finfo(expected.dtype).tiny
        usable = np.isfinite(np.broadcast_to(tolerance, expected.shape))
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        assert_close(
            values[usable].astype(wide),
            expected[usable].astype(wide),
            np.broadcast_to(tolerance, expected.shape)[usable],
            what,
        )

    return check


def arguments(*positional: st.SearchStrategy, **keywords: st.SearchStrategy) -> st.SearchStrategy:
    """Strategies of the arguments to one of the call; keywords are left out now and then."""

    @st.composite
    def build(draw: Any) -> Arguments:
        values = tuple(draw(strategy) for strategy in positional)
        chosen = {k: draw(s) for k, s in keywords.items() if draw(st.booleans())}
        return values, chosen

    return build()


def floating(values: np.ndarray) -> np.ndarray:
    """Values as the functions that are defined for floating point take them."""
    return values if values.dtype.kind in "fc" else values.astype(np.float64)


# Elementwise --------------------------------------------------------------------------------------

UNARY_EXACT = {
    "abs": REALS,
    "bitwise_invert": ("bool", *INTEGERS),
    "ceil": REALS,
    "conj": NUMERIC,
    "floor": REALS,
    "imag": COMPLEX,
    "isfinite": NUMERIC,
    "isinf": NUMERIC,
    "isnan": NUMERIC,
    "logical_not": ALL_DTYPES,
    "negative": NUMERIC,
    "positive": NUMERIC,
    "real": NUMERIC,
    "round": NUMERIC,
    "sign": REALS,
    "signbit": REAL_FLOATS,
    "sqrt": (*REALS, "bool"),
    "square": REALS,
    "trunc": REALS,
    "reciprocal": (*REALS, "bool"),
}
UNARY_FLOAT = "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 sin sinh"
UNARY_FLOAT += " tan tanh"


def _unary_exact(name: str) -> Callable:
    f = getattr(np, name)
    if name in ("sqrt", "reciprocal"):
        return lambda x: f(floating(x))
    if name == "sign":
        # NumPy keeps no zero's sign; the standard's result is 0.
        return lambda x: f(x) + x.dtype.type(0)
    return f


for _name, _dtypes in UNARY_EXACT.items():
    register(_name, _unary_exact(_name), exact, arguments(oa.arrays(_dtypes)))


def _in_float64(f: Callable) -> Callable:
    """float32 and complex64 are computed in double precision: NumPy's own are up to 4 ulp off."""

    def reference(x: np.ndarray) -> np.ndarray:
        wide = {"float32": np.float64, "complex64": np.complex128}.get(x.dtype.name)
        return f(x.astype(wide)).astype(x.dtype) if wide else f(floating(x))

    return reference


@st.composite
def _elementary(draw: Any) -> Arguments:
    if draw(st.integers(0, 2)) == 0:
        # Complex values with special parts are the subject of the tables.
        return (draw(oa.arrays(COMPLEX, styles=("small",))),), {}
    return (draw(oa.arrays((*REALS, "bool", *REAL_FLOATS, *REAL_FLOATS, *REAL_FLOATS))),), {}


def _elementary_check(name: str) -> Callable:
    # NumPy's own complex functions lose digits where the result is small; see test_accuracy.py.
    absolute = {"acos", "acosh", "log", "log1p", "log2", "log10", "expm1", "atanh", "atan"}

    def check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
        expected = np.asarray(expected)
        if expected.dtype.kind == "c" and name in absolute:
            eps = EPS[expected.dtype.name]
            near(lambda x: 16 * eps * (1 + np.abs(expected)))(found, expected, arguments, what)
        else:
            within_ulp(4)(found, expected, arguments, what)

    return check


for _name in UNARY_FLOAT.split():
    register(_name, _in_float64(getattr(np, _name)), _elementary_check(_name), _elementary())

register(
    "abs of complex",
    lambda x: np.hypot(x.real.astype(np.float64), x.imag.astype(np.float64)).astype(x.real.dtype),
    within_ulp(2),
    arguments(oa.arrays(COMPLEX)),
)
register(
    "sqrt of complex",
    _in_float64(np.sqrt),
    within_ulp(4),
    arguments(oa.arrays(COMPLEX, styles=("small",))),
)
register(
    "square of complex",
    np.square,
    within_ulp(4),
    arguments(oa.arrays(COMPLEX, styles=("small",))),
)
register(
    "sign of complex",
    lambda x: np.where(x == 0, 0, x / np.where(x == 0, 1, np.abs(x))).astype(x.dtype),
    within_ulp(4),
    arguments(oa.arrays(COMPLEX, styles=("small",))),
)
register(
    "reciprocal of complex",
    lambda x: 1 / x,
    within_ulp(8),
    arguments(oa.arrays(COMPLEX, styles=("small",)).map(lambda a: Array(a.values + 8, a.layout))),
)


@st.composite
def two_arrays(
    draw: Any,
    dtypes: tuple[str, ...],
    styles: tuple[str, ...] = oa.STYLES,
    accept: Callable[[str], bool] = lambda name: True,
    same: bool = False,
) -> Arguments:
    """Two arrays that broadcast and promote; or one with a Python number that fits its dtype."""
    first = draw(st.sampled_from(dtypes))
    fits = [d for d in dtypes if (p := promoted(first, d)) is not None and accept(p)]
    alike = same or (draw(st.booleans()) and first in fits)
    second = first if alike else draw(st.sampled_from(fits))
    shape1, shape2 = draw(oa.broadcastable())
    x1 = draw(oa.arrays(first, shape1, styles))
    x2 = draw(oa.arrays(second, shape2, styles))
    return (x1, x2), {}


def promote_both(f: Callable, to_float: bool = False) -> Callable:
    """A NumPy function of both operands cast to their common dtype first."""

    def reference(x1: np.ndarray, x2: np.ndarray) -> Any:
        common = np.dtype(promoted(x1.dtype.name, x2.dtype.name))
        if to_float and common.kind not in "fc":
            common = np.dtype("float64")
        return f(x1.astype(common), x2.astype(common))

    return reference


def numeric_pair(name: str) -> bool:
    return name != "bool"


def real_pair(name: str) -> bool:
    return name not in (*COMPLEX, "bool")


for _name in ("add", "subtract"):
    register(
        _name,
        promote_both(getattr(np, _name)),
        exact,
        two_arrays(ALL_DTYPES, accept=numeric_pair),
    )
register("multiply", promote_both(np.multiply), exact, two_arrays(REALS))
register(
    "multiply of complex",
    promote_both(np.multiply),
    within_ulp(4),
    two_arrays((*REALS, *COMPLEX, *COMPLEX), styles=("small",)),
)
register("divide", promote_both(np.divide, True), exact, two_arrays((*REALS, "bool")))


@st.composite
def _complex_division(draw: Any) -> Arguments:
    (x1, x2), _ = draw(two_arrays(COMPLEX, styles=("small",)))
    return (x1, Array((x2.values + (7 - 9j)).astype(x2.values.dtype), x2.layout)), {}


register("divide of complex", promote_both(np.divide), within_ulp(8), _complex_division())
for _name in ("equal", "not_equal"):
    register(_name, promote_both(getattr(np, _name)), exact, two_arrays(ALL_DTYPES))
for _name in ("less", "less_equal", "greater", "greater_equal"):
    register(_name, promote_both(getattr(np, _name)), exact, two_arrays(REALS))
for _name in ("maximum", "minimum"):
    register(_name, promote_both(getattr(np, _name)), equal, two_arrays(REALS))


def _logical(f: Callable) -> Callable:
    return lambda x1, x2: f(x1 != 0, x2 != 0)


for _name in ("logical_and", "logical_or", "logical_xor"):
    register(
        _name,
        _logical(getattr(np, _name)),
        exact,
        two_arrays(ALL_DTYPES),
    )
for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    register(_name, promote_both(getattr(np, _name)), exact, two_arrays(("bool", *INTEGERS)))
for _name in ("copysign", "nextafter"):
    register(_name, promote_both(getattr(np, _name), True), exact, two_arrays(REALS))


def _binary_in_float64(f: Callable) -> Callable:
    def reference(x1: np.ndarray, x2: np.ndarray) -> Any:
        common = np.dtype(promoted(x1.dtype.name, x2.dtype.name))
        result = common if common.kind in "fc" else np.dtype("float64")
        wide = np.complex128 if common.kind == "c" else np.float64
        return f(x1.astype(result).astype(wide), x2.astype(result).astype(wide)).astype(result)

    return reference


for _name in ("atan2", "hypot", "logaddexp"):
    register(
        _name, _binary_in_float64(getattr(np, _name)), within_ulp(4), two_arrays((*REALS, "bool"))
    )


def _logaddexp_bound(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    eps = EPS["float32" if promoted(x1.dtype.name, x2.dtype.name) == "float32" else "float64"]
    size = np.maximum(np.abs(x1.astype(np.float64)), np.abs(x2.astype(np.float64)))
    return 8 * eps * (1 + size)


# x1 near -x2 cancels: log(exp(a) + exp(b)) is then tiny, and NumPy's own error is absolute.
CALLS["logaddexp"] = Call(
    CALLS["logaddexp"].strategy, CALLS["logaddexp"].reference, near(_logaddexp_bound)
)


@st.composite
def _powers(draw: Any) -> Arguments:
    kind = draw(st.sampled_from(("integer", "real", "complex")))
    if kind == "real":
        return draw(two_arrays((*REAL_FLOATS, *REAL_FLOATS, "int8", "int32"), accept=numeric_float))
    if kind == "complex":
        (x1, x2), _ = draw(two_arrays(COMPLEX, styles=("small",)))
        away = np.where(np.abs(x1.values) < 0.125, 1 + 1j, x1.values).astype(x1.values.dtype)
        return (Array(away, x1.layout), x2), {}
    (x1, x2), _ = draw(two_arrays(INTEGERS, styles=("small", "wide"), accept=numeric_pair))
    return (
        x1,
        Array((np.abs(x2.values.astype(np.int64)) % 9).astype(x2.values.dtype), x2.layout),
    ), {}


def numeric_float(name: str) -> bool:
    return name in REAL_FLOATS


def _pow_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    expected = np.asarray(expected)
    if expected.dtype.kind == "c":
        x1, x2 = (plain(a).astype(np.complex128) for a in arguments[0])
        steep = 1 + np.abs(x2 * np.log(x1))
        eps = EPS[expected.dtype.name]
        near(lambda *_: 32 * eps * steep * np.abs(expected))(found, expected, arguments, what)
    else:
        within_ulp(4)(found, expected, arguments, what)


def _pow(x1: np.ndarray, x2: np.ndarray) -> Any:
    common = np.dtype(promoted(x1.dtype.name, x2.dtype.name))
    if common.kind in "iu":
        return np.power(x1.astype(common), x2.astype(common))
    return _binary_in_float64(np.power)(x1, x2)


register("pow", _pow, _pow_check, _powers())


@st.composite
def _divisions(draw: Any) -> Arguments:
    (x1, x2), _ = draw(two_arrays(REALS))
    nonzero = np.where(x2.values == 0, x2.values.dtype.type(3), x2.values)
    kind = np.dtype(promoted(x1.values.dtype.name, x2.values.dtype.name)).kind
    return (x1, Array(nonzero, x2.layout) if kind in "iu" else x2), {}


def _floor_divide_check(found: Any, expected: Any, arguments: Arguments, what: str) -> None:
    """The exact quotient's floor (NumPy's) or that of the rounded quotient (the standard's)."""
    expected = np.asarray(expected)
    if expected.dtype.kind != "f":
        exact(found, expected, arguments, what)
        return
    values = check_array(found, expected.dtype.name, expected.shape, what)
    x1, x2 = (plain(a).astype(expected.dtype) for a in arguments[0])
    rounded = np.floor(x1 / x2)
    ordinary = np.isfinite(np.broadcast_to(x1, expected.shape)) & np.isfinite(expected)
    ordinary &= np.isfinite(np.broadcast_to(x2, expected.shape))
    choice = np.where(
        ordinary & (values == expected), expected, np.broadcast_to(rounded, values.shape)
    )
    assert_exact(values, choice.astype(expected.dtype), what, zero_signs=False)


register("floor_divide", promote_both(np.floor_divide), _floor_divide_check, _divisions())


def _remainder(x1: np.ndarray, x2: np.ndarray) -> Any:
    common = np.dtype(promoted(x1.dtype.name, x2.dtype.name))
    a, b = np.broadcast_arrays(x1.astype(common), x2.astype(common))
    if common.kind != "f":
        return np.remainder(a, b)
    # Python's % in the dtype itself: fmod is exact, the correction rounds once.
    r = np.fmod(a, b)
    r = np.where((r != 0) & (np.signbit(r) != np.signbit(b)), r + b, r)
    return np.where(r == 0, np.copysign(np.zeros_like(r), b), r).astype(common)


register("remainder", _remainder, exact, _divisions())


@st.composite
def _shifts(draw: Any) -> Arguments:
    (x1, x2), _ = draw(two_arrays(INTEGERS, accept=numeric_pair))
    limit = draw(st.sampled_from((None, 80)))
    bits = np.iinfo(promoted(x1.values.dtype.name, x2.values.dtype.name)).bits
    counts = np.abs(x2.values.astype(np.int64)) % (limit or bits)
    return (x1, Array(counts.astype(x2.values.dtype), x2.layout)), {}


def _shift(left: bool) -> Callable:
    def reference(x1: np.ndarray, x2: np.ndarray) -> Any:
        common = np.dtype(promoted(x1.dtype.name, x2.dtype.name))
        a, b = np.broadcast_arrays(x1.astype(common), x2.astype(common))
        bits = np.iinfo(common).bits
        inside = np.minimum(b, common.type(bits - 1))
        if left:
            return np.where(b >= bits, common.type(0), a << inside).astype(common)
        return (a >> inside if common.kind == "i" else np.where(b >= bits, 0, a >> inside)).astype(
            common
        )

    return reference


register("bitwise_left_shift", _shift(True), exact, _shifts())
register("bitwise_right_shift", _shift(False), exact, _shifts())


@st.composite
def _clips(draw: Any) -> Arguments:
    dtype = draw(st.sampled_from(REALS))
    shape, low_shape, high_shape = draw(oa.broadcastable(3))
    full = np.broadcast_shapes(shape, low_shape, high_shape)
    x = draw(oa.arrays(dtype, full))
    bounds = []
    for part in (low_shape, high_shape):
        form = draw(st.sampled_from(("none", "number", "array")))
        array = draw(oa.arrays(dtype, part, styles=("small",)))
        number = draw(st.integers(0, 5))
        bounds.append({"none": None, "number": number, "array": array}[form])
    return (x, *bounds), {}


def _clip(x: np.ndarray, low: Any, high: Any) -> np.ndarray:
    result = x
    if high is not None:
        result = np.minimum(result, np.asarray(high, dtype=x.dtype))
    if low is not None:
        result = np.maximum(result, np.asarray(low, dtype=x.dtype))
    if low is not None and high is not None:
        # Where the bounds cross, the standard leaves the result open: NumPy's is the upper one.
        low, high = np.asarray(low, dtype=x.dtype), np.asarray(high, dtype=x.dtype)
        result = np.where(low > high, np.nan if x.dtype.kind == "f" else high, result)
        crossed = np.broadcast_to(low > high, result.shape)
        result = np.where(crossed & ~np.isnan(x), np.broadcast_to(high, result.shape), result)
    return result.astype(x.dtype)


register("clip", _clip, equal, _clips())


@st.composite
def _choices(draw: Any) -> Arguments:
    shapes = draw(oa.broadcastable(3))
    condition = draw(oa.arrays("bool", shapes[0]))
    (x1, x2), _ = draw(two_arrays(ALL_DTYPES))
    style = draw(st.sampled_from(oa.STYLES))
    x1 = draw(oa.arrays(x1.values.dtype.name, shapes[1], styles=(style,)))
    x2 = draw(oa.arrays(x2.values.dtype.name, shapes[2], styles=(style,)))
    return (condition, x1, x2), {}


register(
    "where",
    lambda c, x1, x2: promote_both(lambda a, b: np.where(c, a, b))(x1, x2),
    exact,
    _choices(),
)
