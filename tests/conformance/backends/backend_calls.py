"""Calls of the public functions of ops that reach every operation a backend may be asked for.

`calls_of(op)` yields them: a function of tensors, and the values of its inputs. The same seed gives
the same calls.
"""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from backend_inputs import DTYPES, SHAPES, Values, tame_of, values_of

from emberharmony import _core, ops

FLOATS = ("float32", "float64")


def _names(text: str) -> list[str]:
    return text.split()


# Elementwise operations by their number of inputs; where and clip have calls of their own.
UNARY = _names(
    """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh count_ones erf
    exp expm1 floor imag isfinite isinf isnan log log10 log1p log2 logical_not negative real
    reciprocal round sign signbit sin sinh sqrt square tan tanh trunc"""
)
BINARY = _names(
    """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign
    divide equal floor_divide greater greater_equal hypot less less_equal logaddexp logical_and
    logical_or logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract"""
)


@dataclass(frozen=True)
class Call:
    """A function of tensors, and the values of those that it is given."""

    function: Callable[..., Any]
    inputs: tuple[Values, ...]
    dtype: str
    text: str


Calls = Iterator[Call]
Makers = dict[str, Callable[[str, str, np.random.Generator], Calls]]
MAKERS: Makers = {}


def dtypes_of(op: str) -> list[str]:
    """The dtypes that the operation takes."""
    if op.startswith("random_"):
        return ["uint64"] if op == "random_bits" else list(FLOATS)
    taken = []
    for dtype in DTYPES:
        try:
            _core.explain_operation(op, dtype, -1)
        except TypeError:
            continue
        taken.append(dtype)
    return taken


def calls_of(op: str) -> Calls:
    """All calls that are there for an operation, of every dtype that it takes."""
    for dtype in dtypes_of(op):
        seed = zlib.crc32(f"{op} {dtype}".encode())
        yield from MAKERS[op](op, dtype, np.random.default_rng(seed))


def _function(op: str) -> Callable[..., Any]:
    return getattr(ops, op, None) or getattr(ops.linalg, op)


def _unary(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    for shape in SHAPES:
        x = values_of(dtype, shape, generator)
        yield Call(function, (x,), dtype, f"{op} of {dtype} {shape}")


def _second(op: str, dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Values:
    if "shift" in op:
        return generator.integers(0, np.dtype(dtype).itemsize * 8, shape).astype(dtype)
    if op == "pow" and np.dtype(dtype).kind in "iu":
        return generator.integers(0, 5, shape).astype(dtype)
    return values_of(dtype, shape, generator)


def _binary(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    pairs = [(shape, shape) for shape in SHAPES]
    pairs += [((3, 5), (5,)), ((4, 1), (1, 6)), ((3, 5), ()), ((), (7,)), ((2, 1, 5), (3, 1))]
    for first, second in pairs:
        x = values_of(dtype, first, generator)
        y = _second(op, dtype, second, generator)
        yield Call(function, (x, y), dtype, f"{op} of {dtype} {first}, {second}")


def _where(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape, other in [((7,), (7,)), ((3, 5), (5,)), ((), ()), ((2, 0), (2, 0)), ((4, 1), (6,))]:
        condition = values_of("bool", shape, generator)
        x, y = values_of(dtype, shape, generator), values_of(dtype, other, generator)
        yield Call(ops.where, (condition, x, y), dtype, f"where of {dtype} {shape}, {other}")


def _clip(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape in SHAPES:
        x = values_of(dtype, shape, generator)
        low, high = values_of(dtype, shape, generator), values_of(dtype, (), generator)
        yield Call(ops.clip, (x, low, high), dtype, f"clip of {dtype} {shape}")


def _astype(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for to in DTYPES:
        if np.dtype(dtype).kind == "c" and np.dtype(to).kind != "c":
            continue
        for shape in ((7,), (3, 5)):
            x = values_of(dtype, shape, generator)
            if np.dtype(dtype).kind == "f" and np.dtype(to).kind in "iu":
                # What becomes of numbers that a dtype does not hold is not the standard's.
                x = tame_of(to, shape, generator).astype(dtype)
            function = _with(ops.astype, dtype=to)
            yield Call(function, (x,), dtype, f"astype of {dtype} {shape} to {to}")


def _copy(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape in SHAPES:
        x = values_of(dtype, shape, generator)
        yield Call(_with(ops.astype, dtype=dtype), (x,), dtype, f"copy of {dtype} {shape}")


def _with(function: Callable[..., Any], **keywords: Any) -> Callable[..., Any]:
    if "dtype" in keywords:
        dtype = getattr(ops, keywords.pop("dtype"))
        return lambda *tensors: function(*tensors, dtype, **keywords)
    return lambda *tensors: function(*tensors, **keywords)


def _axes_of(rank: int) -> list[Any]:
    return [None, *range(rank), *([tuple(range(0, rank, 2))] if rank > 1 else []), -1][: rank + 3]


def _reduction(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    empty_is_an_error = op in ("min", "max", "mean", "var")
    draw = values_of if op in ("min", "max", "any", "all", "count_nonzero") else _terms
    for shape in SHAPES:
        if empty_is_an_error and 0 in shape:
            continue
        for axis in _axes_of(len(shape)) if shape else [None]:
            keepdims = bool(generator.integers(2))
            keywords = {"axis": axis, "keepdims": keepdims}
            if op == "var" and generator.integers(2):
                keywords["correction"] = 1.0
            if op in ("sum", "prod") and dtype not in ("complex64", "float32"):
                keywords["dtype"] = None
            call = _reduce_as_is(function, dtype, keywords)
            x = draw(dtype, shape, generator)
            yield Call(call, (x,), dtype, f"{op} of {dtype} {shape}, {keywords}")


def _terms(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Values:
    """Numbers near 1 in size, the products of many of which are no infinities."""
    x = tame_of(dtype, shape, generator)
    if x.dtype.kind not in "fc":
        return x
    with np.errstate(all="ignore"):
        return (x / np.abs(x) * (0.9 + 0.2 * generator.random(shape))).astype(dtype)


def _reduce_as_is(function: Callable[..., Any], dtype: str, keywords: dict[str, Any]) -> Any:
    """Sums and products in the dtype itself: the standard's default is a larger one."""
    if "dtype" in keywords:
        keywords = {**keywords, "dtype": getattr(ops, dtype)}
    return lambda x: function(x, **keywords)


def _position(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    for shape in SHAPES:
        if 0 in shape or not shape:
            continue
        for axis in (None, *range(len(shape))):
            keywords = {"axis": axis, "keepdims": bool(generator.integers(2))}
            x = values_of(dtype, shape, generator)
            text = f"{op} of {dtype} {shape}, {keywords}"
            yield Call(_with(function, **keywords), (x,), dtype, text)


def _scan(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    for shape in ((1,), (7,), (130,), (3, 5), (2, 3, 4), (2, 0, 3)):
        for axis in range(len(shape)):
            keywords: dict[str, Any] = {"axis": axis}
            keywords["include_initial"] = bool(generator.integers(2))
            x = _terms(dtype, shape, generator)
            call = _reduce_as_is(function, dtype, {**keywords, "dtype": None})
            yield Call(call, (x,), dtype, f"{op} of {dtype} {shape}, {keywords}")


def _sort(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = _function(op)
    for shape in ((1,), (7,), (130,), (3, 5), (2, 3, 4), (2, 0, 3)):
        for axis in range(len(shape)):
            for descending in (False, True):
                keywords = {"axis": axis, "descending": descending}
                x = values_of(dtype, shape, generator)
                text = f"{op} of {dtype} {shape}, {keywords}"
                yield Call(_with(function, **keywords), (x,), dtype, text)


def _topk_of(count: int, **keywords: Any) -> Callable[..., Any]:
    return lambda x: ops.topk(x, count, **keywords)


def _topk(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape, k in (((7,), 3), ((3, 5), 5), ((2, 3, 4), 1)):
        for axis in range(len(shape)):
            count, keywords = min(k, shape[axis]), {"axis": axis, "largest": bool(axis % 2)}
            x = values_of(dtype, shape, generator)
            text = f"topk of {dtype} {shape}, {count}, {keywords}"
            yield Call(_topk_of(count, **keywords), (x,), dtype, text)


def _searchsorted(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for length, shape in ((1, (7,)), (7, (3, 5)), (130, (130,)), (33, ())):
        for side in ("left", "right"):
            x = np.sort(values_of(dtype, (length,), generator))
            y = values_of(dtype, shape, generator)
            text = f"searchsorted of {dtype} {length}, {shape}, {side}"
            yield Call(_with(ops.searchsorted, side=side), (x, y), dtype, text)


def _take(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape in ((7,), (130,), (3, 5), (2, 3, 4)):
        for axis in range(len(shape)):
            x = values_of(dtype, shape, generator)
            places = generator.integers(-shape[axis], shape[axis], (6,))
            text = f"take of {dtype} {shape}, axis {axis}"
            yield Call(_with(ops.take, axis=axis), (x, places), dtype, text)


def _take_along_axis(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    for shape in ((7,), (130,), (3, 5), (2, 3, 4)):
        for axis in range(len(shape)):
            x = values_of(dtype, shape, generator)
            places = generator.integers(-shape[axis], shape[axis], shape)
            text = f"take_along_axis of {dtype} {shape}, axis {axis}"
            yield Call(_with(ops.take_along_axis, axis=axis), (x, places), dtype, text)


def _scatter(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    kinds = {"b": ("set",), "c": ("set", "add", "mul")}
    for how in kinds.get(np.dtype(dtype).kind, ("set", "add", "mul", "max", "min")):
        for shape in ((7,), (3, 5)):
            x = tame_of(dtype, shape, generator)
            places = generator.integers(0, 4, shape[0])
            function = _with(ops.scatter, dim_size=5, aggr=how)
            yield Call(function, (x, places), dtype, f"scatter ({how}) of {dtype} {shape}")


def _matmul(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    pairs = [((3, 4), (4, 5)), ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((1, 1), (1, 1))]
    pairs += [((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((33, 65), (65, 17)), ((0, 3), (3, 2))]
    pairs += [((3, 0), (0, 2)), ((2, 1, 3, 4), (3, 4, 2))]
    for first, second in pairs:
        x, y = tame_of(dtype, first, generator), tame_of(dtype, second, generator)
        yield Call(ops.matmul, (x, y), dtype, f"matmul of {dtype} {first}, {second}")


def _matrix(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Values:
    """Square matrices of condition numbers below 10, positive definite and Hermitian."""
    x = tame_of(dtype, shape, generator)
    product = x @ np.swapaxes(x.conj(), -1, -2)
    return (product / shape[-1] + np.eye(shape[-1])).astype(dtype)


def _decomposition(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = getattr(ops.linalg, op)
    for shape in ((1, 1), (4, 4), (3, 5, 5), (33, 33)):
        x = _matrix(dtype, shape, generator)
        if op in ("svdvals", "svd", "qr", "lstsq") and shape == (4, 4):
            x = tame_of(dtype, (6, 4), generator)
        inputs: tuple[Values, ...] = (x,)
        if op in ("solve", "lstsq"):
            if op == "lstsq" and len(shape) > 2:
                continue
            inputs = (x, tame_of(dtype, (*x.shape[:-1], 2), generator))
        yield Call(function, inputs, dtype, f"{op} of {dtype} {x.shape}")
        if shape == (4, 4):
            # What the inverse of NaN is depends on the order in which it is computed.
            for number in (0,) if op in ("inv", "cholesky") else (0, np.nan, np.inf):
                hard = np.full(x.shape, number, dtype)
                text = f"{op} of {dtype} {x.shape}, all {number}"
                yield Call(function, (hard, *inputs[1:]), dtype, text)


def _fourier(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    names = {"fft": ("fft", "ifft"), "rfft": ("rfft",), "irfft": ("irfft",)}[op]
    for shape in ((1,), (7,), (128,), (3, 10), (2, 5, 6)):
        for axis in range(len(shape)):
            for norm in ("backward", "ortho"):
                n = [None, 4, 9][int(generator.integers(3))]
                if op == "irfft" and n is None and shape[axis] == 1:
                    n = 1
                keywords = {"n": n, "axis": axis, "norm": norm}
                x = tame_of(dtype, shape, generator)
                for name in names:
                    function = _with(getattr(ops.fft, name), **keywords)
                    yield Call(function, (x,), dtype, f"{name} of {dtype} {shape}, {keywords}")


def _random(op: str, dtype: str, generator: np.random.Generator) -> Calls:
    function = getattr(ops.random, op.removeprefix("random_"))
    for shape in ((), (7,), (1000,), (3, 5)):
        seed = int(generator.integers(1000))

        def draw(shape: tuple[int, ...] = shape, seed: int = seed) -> Any:
            if op == "random_bits":
                return function(shape, seed=seed)
            return function(shape, dtype=getattr(ops, dtype), seed=seed)

        yield Call(draw, (), dtype, f"{op} of {dtype} {shape}, seed {seed}")


MAKERS |= dict.fromkeys(UNARY, _unary) | dict.fromkeys(BINARY, _binary)
MAKERS |= {"where": _where, "clip": _clip, "astype": _astype, "copy": _copy}
MAKERS |= dict.fromkeys(_names("sum prod mean var any all count_nonzero min max"), _reduction)
MAKERS |= dict.fromkeys(("argmax", "argmin"), _position)
MAKERS |= dict.fromkeys(("cumulative_sum", "cumulative_prod"), _scan)
MAKERS |= dict.fromkeys(("sort", "argsort"), _sort)
MAKERS |= {"topk": _topk, "searchsorted": _searchsorted, "take": _take, "scatter": _scatter}
MAKERS |= {"take_along_axis": _take_along_axis, "matmul": _matmul}
MAKERS |= dict.fromkeys(
    _names("cholesky det slogdet eigh eigvalsh eig eigvals inv qr solve svd svdvals lstsq"),
    _decomposition,
)
MAKERS |= dict.fromkeys(("fft", "rfft", "irfft"), _fourier)
MAKERS |= dict.fromkeys(
    ("random_bits", "random_uniform", "random_normal", "random_exponential"), _random
)

# How far results may be from the native ones. Elementwise: units in the last place. Others:
# multiples of the dtype's epsilon, of the result's largest number. What is not named: not at all.
ULPS = {
    **dict.fromkeys(_names("exp expm1 log log1p log2 log10 sin cos tan tanh acos acosh"), 4.0),
    **dict.fromkeys(_names("asin asinh atan atanh sinh cosh atan2 hypot logaddexp erf pow"), 4.0),
    **dict.fromkeys(_names("sqrt reciprocal divide multiply square abs sign"), 4.0),
}
COMPLEX_ULPS = {"pow": 64.0}
EPSILONS = {
    **dict.fromkeys(_names("sum prod mean var cumulative_sum cumulative_prod matmul scatter"), 64),
    **dict.fromkeys(_names("cholesky det slogdet eigh eigvalsh eig eigvals inv qr solve"), 500),
    **dict.fromkeys(_names("svd svdvals lstsq"), 500),
    **dict.fromkeys(("fft", "rfft", "irfft"), 32),
}
# The standard leaves open which of two zeros is the smaller.
ANY_ZERO = {"minimum", "maximum", "min", "max", "clip", "sort", "topk"}


def fault_of(op: str, found: Any, expected: Any) -> str:
    """What is wrong with a result; empty for nothing."""
    if isinstance(expected, tuple):
        faults = [fault_of(op, *pair) for pair in zip(found, expected, strict=True)]
        return next(filter(None, faults), "")
    x, y = np.asarray(found), np.asarray(expected)
    if x.dtype != y.dtype or x.shape != y.shape:
        return f"found {x.dtype} {x.shape}, expected {y.dtype} {y.shape}"
    wrong = x != y if y.dtype.kind in "biuU" else _wrong(op, x, y)
    if not wrong.any():
        return ""
    first = tuple(np.argwhere(wrong)[0]) if wrong.ndim else ()
    return f"found {x[first]!r}, expected {y[first]!r} at {tuple(map(int, first))}"


def _wrong(op: str, x: Values, y: Values) -> Values:
    with np.errstate(all="ignore"):
        return _wrong_quietly(op, x, y)


def _wrong_quietly(op: str, x: Values, y: Values) -> Values:
    if y.dtype.kind == "c":
        if op in ULPS or op in EPSILONS:
            size = np.abs(y) if op in ULPS else _largest(y)
            allowed = COMPLEX_ULPS.get(op) or ULPS.get(op) or EPSILONS[op]
            allowed *= np.finfo(y.dtype).eps
            return ~(
                (np.abs(x - y) <= allowed * size) | _same(x.real, y.real) & _same(x.imag, y.imag)
            )
        return ~(_same(x.real, y.real) & _same(x.imag, y.imag))
    same = _same(x, y, any_zero=op in ANY_ZERO or op in EPSILONS)
    if op in ULPS:
        same |= np.abs(x - y) <= ULPS[op] * np.spacing(np.abs(y))
    elif op in EPSILONS:
        same |= np.abs(x - y) <= EPSILONS[op] * np.finfo(y.dtype).eps * _largest(y)
    return ~same


def _largest(y: Values) -> Any:
    finite = np.abs(y[np.isfinite(y)])
    return max(1.0, float(finite.max())) if finite.size else math.inf


def _same(x: Values, y: Values, any_zero: bool = False) -> Values:
    same = (x == y) & (any_zero | (np.signbit(x) == np.signbit(y)))
    return np.asarray(same | (np.isnan(x) & np.isnan(y)))
