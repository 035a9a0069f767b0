"""NumPy with faults, each of a kind that the suite has to find: a namespace for its own test."""

from typing import Any

import numpy as np
from numpy import *  # noqa: F403

__name__ = "lying_namespace"
__version__ = "1"


def add(x: Any, y: Any) -> Any:
    """Off by one in the last place."""
    result = np.add(x, y)
    return np.nextafter(result, np.inf) if result.dtype.kind == "f" else result


def sin(x: Any) -> Any:
    """Another last place in memory that is not contiguous."""
    result = np.sin(x)
    if x.dtype.kind == "c" or x.flags.c_contiguous:
        return result
    return np.nextafter(result, 2)


def multiply(x: Any, y: Any) -> Any:
    """Writes into its input."""
    result = np.multiply(x, y)
    if x.size > 0 and x.dtype.kind == "i":
        memory = np.lib.stride_tricks.as_strided(x, writeable=True)
        memory[...] = 1
    return result


def argmax(x: Any, axis: Any = None) -> Any:
    """The last of equal ones."""
    length = x.shape[axis]
    return length - 1 - np.argmax(np.flip(x, axis), axis)


def negative(x: Any) -> Any:
    """Loses the sign of zero."""
    return 0 - x
