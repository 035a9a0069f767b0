"""NumPy's functions on tensors: numpy.exp(x), numpy_array + x, numpy_array += x."""

import importlib

from emberharmony import _core
from emberharmony._core import Tensor

# Functions that NumPy calls otherwise than the array API standard.
_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "bitwise_count": "",  # counts in uint8, and of magnitudes
    "conjugate": "conj",
    "fabs": "",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "rint": "round",
    "right_shift": "bitwise_right_shift",
    "true_divide": "divide",
}

_FUNCTIONS = _core.functions("ops", "emberharmony.ops")


def _is_operand(value: object) -> bool:
    return isinstance(value, Tensor | bool | int | float | complex) or hasattr(value, "__array__")


def array_ufunc(
    self: Tensor, ufunc: object, method: str, *inputs: object, **kwargs: object
) -> object:
    """What NumPy calls where a tensor is among a ufunc's arguments.

    A plain call is the function of ops of that name, and gives a Tensor. What is more than that (an
    output, a reduction, a function that ops does not have) NumPy computes on the same memory.
    """
    name = _NAMES.get(ufunc.__name__, ufunc.__name__)
    if method == "__call__" and not kwargs and all(map(_is_operand, inputs)):
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(*inputs)
    numpy = importlib.import_module("numpy")
    outputs = kwargs.get("out", ())
    if outputs:
        kwargs["out"] = tuple(numpy.asarray(x) if isinstance(x, Tensor) else x for x in outputs)
    if isinstance(kwargs.get("where"), Tensor):
        kwargs["where"] = numpy.asarray(kwargs["where"])
    arrays = [numpy.asarray(x) if isinstance(x, Tensor) else x for x in inputs]
    result = getattr(ufunc, method)(*arrays, **kwargs)
    for given in outputs:
        if isinstance(given, Tensor) and len(outputs) == 1:
            return given
    return result
