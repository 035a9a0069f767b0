"""Functions on tensors: the Python array API standard 2025.12, and more.

The functions are compiled; each has its signature and its documentation: help(ops.sum).
"""

from emberharmony import _core
from emberharmony._core import Device, DType, Tensor
from emberharmony.ops import fft, linalg, random

__array_api_version__ = "2025.12"

pi = 3.141592653589793
e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None

# The names of dtypes and functions, among them some of Python's own (bool, sum, all, pow), are only
# bound here: nothing in this file may use those.
_dtypes = {value.name: value for value in vars(_core).values() if isinstance(value, DType)}
_functions = _core.functions("ops", "emberharmony.ops")
globals().update(_dtypes)
globals().update(_functions)

__all__ = [
    "DType",
    "Device",
    "Tensor",
    "e",
    "fft",
    "inf",
    "linalg",
    "nan",
    "newaxis",
    "pi",
    "random",
    *_dtypes,
    *_functions,
]
