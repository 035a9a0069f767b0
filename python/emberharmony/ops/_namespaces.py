"""Array API namespaces as backends: how they are called for the operations of ops."""

import contextlib
import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from typing import Any

from emberharmony import _core
from emberharmony._core import Tensor

Call = Callable[[Any, Sequence[Any], dict[str, Any]], Any]

# In the order of their numbers, which are fixed.
_DTYPES = [
    "bool",
    *(f"int{bits}" for bits in (8, 16, 32, 64)),
    *(f"uint{bits}" for bits in (8, 16, 32, 64)),
    "float32",
    "float64",
    "complex64",
    "complex128",
]

# Functions that the standard has under the operation's name, and calls with the arrays alone.
_PLAIN = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "pow",
    "minimum",
    "maximum",
    "negative",
    "abs",
    "sign",
    "square",
    "sqrt",
    "floor",
    "ceil",
    "trunc",
    "round",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sin",
    "cos",
    "tan",
    "tanh",
    "isnan",
    "isfinite",
    "isinf",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "where",
    "clip",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "sinh",
    "cosh",
    "reciprocal",
    "atan2",
    "hypot",
    "logaddexp",
    "copysign",
    "nextafter",
    "signbit",
    "real",
    "imag",
    "conj",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "matmul",
)

_RANDOM = "random numbers are the library's, with the same bits on every backend"
_SIGNS = "the signs of vectors are the library's choice"

# Operations that are left to the native backend whatever the namespace is.
_LEFT = {
    "copy": "a copy through a namespace takes longer than the copy",
    "erf": "the standard has no such function",
    "count_ones": "the standard has no such function",
    "topk": "the standard has no such function",
    "scatter": "the standard has no such function",
    "slogdet": "operations with several results",
    "eigh": _SIGNS,
    "eig": _SIGNS,
    "eigvals": "the order of the values is the library's choice",
    "qr": _SIGNS,
    "svd": _SIGNS,
    "lstsq": "the standard has no such function",
    "random_bits": _RANDOM,
    "random_uniform": _RANDOM,
    "random_normal": _RANDOM,
    "random_exponential": _RANDOM,
}


class Refusal(Exception):
    """What the namespace is not asked for; the native backend computes it."""


def _dtype(xp: Any, attributes: dict[str, Any]) -> Any:
    return getattr(xp, attributes["dtype"])


def _astype(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    return xp.astype(arrays[0], _dtype(xp, attributes))


def _total(name: str) -> Call:
    # Without a dtype small integers would be added up in a larger one.
    return lambda xp, arrays, attributes: getattr(xp, name)(
        arrays[0], axis=attributes["axes"], dtype=_dtype(xp, attributes)
    )


def _reduction(name: str) -> Call:
    return lambda xp, arrays, attributes: getattr(xp, name)(arrays[0], axis=attributes["axes"])


def _var(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    count = 1
    for axis in attributes["axes"]:
        count *= arrays[0].shape[axis]
    if count <= attributes["correction"]:
        raise Refusal("no degrees of freedom are left, for which namespaces warn")
    return xp.var(arrays[0], axis=attributes["axes"], correction=attributes["correction"])


def _along(name: str) -> Call:
    return lambda xp, arrays, attributes: getattr(xp, name)(arrays[0], axis=attributes["axis"])


def _scan(name: str) -> Call:
    return lambda xp, arrays, attributes: getattr(xp, name)(
        arrays[0],
        axis=attributes["axis"],
        dtype=_dtype(xp, attributes),
        include_initial=attributes["include_initial"],
    )


def _sort(name: str) -> Call:
    def call(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
        if attributes["descending"]:
            raise Refusal("NumPy cannot sort in descending order")
        # Stable in any case: else equal elements would be in an order of the namespace's.
        return getattr(xp, name)(arrays[0], axis=attributes["axis"], stable=True)

    return call


def _searchsorted(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    side = "right" if attributes["right"] else "left"
    return xp.searchsorted(arrays[0], arrays[1], side=side)


def _take(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    # The standard takes indices of rank 1; the library gives the result its shape.
    return xp.take(arrays[0], xp.reshape(arrays[1], (-1,)), axis=attributes["axis"])


def _take_along_axis(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    return xp.take_along_axis(arrays[0], arrays[1], axis=attributes["axis"])


def _linalg(name: str) -> Call:
    return lambda xp, arrays, attributes: getattr(xp.linalg, name)(*arrays)


def _values(name: str) -> Call:
    def call(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
        if not xp.all(xp.isfinite(arrays[0])):
            raise Refusal("what becomes of infinities and NaN is each library's own affair")
        return getattr(xp.linalg, name)(arrays[0])

    return call


def _cholesky(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    return xp.linalg.cholesky(arrays[0], upper=attributes["upper"])


def _fft(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    # "forward" leaves the inverse transform unscaled, "backward" the other.
    inverse = attributes["inverse"]
    transform = xp.fft.ifft if inverse else xp.fft.fft
    norm = "forward" if inverse else "backward"
    axis = attributes["axis"]
    return transform(arrays[0], n=attributes["length"], axis=axis, norm=norm) * attributes["scale"]


def _rfft(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    length, axis = attributes["length"], attributes["axis"]
    return xp.fft.rfft(arrays[0], n=length, axis=axis, norm="backward") * attributes["scale"]


def _irfft(xp: Any, arrays: Sequence[Any], attributes: dict[str, Any]) -> Any:
    length, axis = attributes["length"], attributes["axis"]
    return xp.fft.irfft(arrays[0], n=length, axis=axis, norm="forward") * attributes["scale"]


def _plain(name: str) -> Call:
    return lambda xp, arrays, attributes: getattr(xp, name)(*arrays)


# Each operation's call, and the function of the namespace without which there is none.
_CALLS: dict[str, tuple[Call, str]] = {
    **{name: (_plain(name), name) for name in _PLAIN},
    "astype": (_astype, "astype"),
    **{name: (_total(name), name) for name in ("sum", "prod")},
    **{
        name: (_reduction(name), name)
        for name in ("min", "max", "mean", "any", "all", "count_nonzero")
    },
    "var": (_var, "var"),
    **{name: (_along(name), name) for name in ("argmax", "argmin")},
    **{name: (_scan(name), name) for name in ("cumulative_sum", "cumulative_prod")},
    **{name: (_sort(name), name) for name in ("sort", "argsort")},
    "searchsorted": (_searchsorted, "searchsorted"),
    "take": (_take, "take"),
    "take_along_axis": (_take_along_axis, "take_along_axis"),
    **{name: (_linalg(name), f"linalg.{name}") for name in ("det", "inv", "solve")},
    **{name: (_values(name), f"linalg.{name}") for name in ("eigvalsh", "svdvals")},
    "cholesky": (_cholesky, "linalg.cholesky"),
    "fft": (_fft, "fft.fft"),
    "rfft": (_rfft, "fft.rfft"),
    "irfft": (_irfft, "fft.irfft"),
}

# What the standard leaves open, or NumPy computes otherwise than the library, for these dtypes.
_FLOATS = ("float32", "float64")
_ZEROS = "the standard leaves the sign of the smaller and the larger of two zeros open"
_OTHERWISE: dict[str, tuple[Sequence[str], str]] = {
    **{name: (_FLOATS, _ZEROS) for name in ("minimum", "maximum", "min", "max", "clip")},
    "floor_divide": (_FLOATS, "NumPy's quotient of an infinity is NaN"),
}


def _look_up(namespace: Any, path: str) -> Any:
    for part in path.split("."):
        namespace = getattr(namespace, part, None)
    return namespace


def _bits(names: Sequence[str]) -> int:
    return sum(1 << _DTYPES.index(name) for name in names)


def _answers(namespace: Any, dtypes: Sequence[str]) -> dict[str, tuple[int, str]]:
    """For each operation the dtypes for which the namespace is called, and why not for others."""
    answers = {}
    for name in _core.operation_names():
        call = _CALLS.get(name)
        if call is None:
            answers[name] = (0, _LEFT.get(name, "namespaces are not asked for it"))
        elif not callable(_look_up(namespace, call[1])):
            answers[name] = (0, f"the namespace has no function {call[1]}")
        else:
            without, reason = _OTHERWISE.get(name, ([], ""))
            answers[name] = (_bits([dtype for dtype in dtypes if dtype not in without]), reason)
    return answers


def _to_namespace(namespace: Any, tensor: Tensor) -> Any:
    """The tensor as an array of the namespace, over the same memory."""
    if getattr(namespace, "__name__", "") == "numpy":
        return namespace.asarray(tensor)
    if hasattr(namespace, "from_dlpack"):
        return namespace.from_dlpack(tensor)
    return namespace.asarray(memoryview(tensor))


def _quiet() -> contextlib.AbstractContextManager[Any]:
    """No warnings of divisions by zero and the like, which the library does not give."""
    numpy = sys.modules.get("numpy")
    return contextlib.nullcontext() if numpy is None else numpy.errstate(all="ignore")


def _executor(namespace: Any) -> Callable[[str, Sequence[Tensor], dict[str, Any]], Any]:
    def execute(name: str, tensors: Sequence[Tensor], attributes: dict[str, Any]) -> Any:
        arrays = [_to_namespace(namespace, tensor) for tensor in tensors]
        with _quiet():
            result = _CALLS[name][0](namespace, arrays, attributes)
        # NumPy's functions give scalars, which are no arrays, for arrays of rank 0.
        result = result if hasattr(result, "__dlpack__") else namespace.asarray(result)
        # Read by way of NumPy where it is there: __dlpack__ of others is Python code, in which the
        # interpreter may end this thread, better here than within the library.
        numpy = sys.modules.get("numpy")
        if numpy is not None and not isinstance(result, numpy.ndarray):
            with contextlib.suppress(Exception):
                return numpy.from_dlpack(result)
        return result

    return execute


def register(name: str, namespace: Any) -> bool:
    """Makes a backend of a namespace; False if the name is taken."""
    title = getattr(namespace, "__name__", type(namespace).__name__)
    version = getattr(namespace, "__version__", "")
    if not version:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            version = importlib.metadata.version(title.partition(".")[0])
    dtypes = [dtype for dtype in _DTYPES if hasattr(namespace, dtype)]
    return _core.register_namespace(
        name,
        _core.__version__,
        f"{title} {version}".strip(),
        _bits(dtypes),
        _answers(namespace, dtypes),
        _executor(namespace),
    )
