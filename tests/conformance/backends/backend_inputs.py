"""Inputs of the conformance suite of backends: values of a dtype, in memory with guards around."""

from collections.abc import Callable
from typing import Any

import numpy as np

from emberharmony import ops

Values = np.ndarray[Any, Any]

DTYPES = (
    "bool",
    *(f"int{bits}" for bits in (8, 16, 32, 64)),
    *(f"uint{bits}" for bits in (8, 16, 32, 64)),
    "float32",
    "float64",
    "complex64",
    "complex128",
)
SHAPES = ((), (1,), (7,), (130,), (3, 5), (4, 1, 6), (2, 3, 2, 5), (0,), (2, 0, 3))
LAYOUTS = ("plain", "gaps", "backwards", "transposed", "broadcast", "unaligned")

_SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -2.5, 1e-30, 1e30, 7.0)
_GUARD_BYTES = 128
_GUARD = 0xA5


def values_of(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Values:
    """Of every magnitude, special ones among them; integers from the whole range and small ones."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return generator.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        wide = generator.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
        return np.where(generator.random(shape) < 0.5, wide, wide % 10).astype(kind)
    if kind.kind == "c":
        part = "float32" if dtype == "complex64" else "float64"
        # Complex infinities are each library's own affair; here are finite ones.
        real, imaginary = tame_of(part, shape, generator), tame_of(part, shape, generator)
        return (real + 1j * imaginary).astype(kind)
    wide = generator.normal(0, 1, shape) * 10.0 ** generator.integers(-4, 5, shape)
    special = generator.choice(_SPECIAL, shape)
    return np.where(generator.random(shape) < 0.7, wide, special).astype(kind)


def tame_of(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Values:
    """Ordinary numbers, of which sums and products stay within the dtype."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return generator.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        return generator.integers(0, 4, shape).astype(kind)
    numbers = generator.normal(0, 1, shape)
    if kind.kind == "c":
        return (numbers + 1j * generator.normal(0, 1, shape)).astype(kind)
    return numbers.astype(kind)


class Guarded:
    """A tensor over memory of NumPy's, with bytes around it that nobody may write."""

    def __init__(self, values: Values, layout: str) -> None:
        lay_out: Callable[[Values], Values] = getattr(self, f"_{layout}")
        self._memory = np.empty(0, np.uint8)
        array = lay_out(values)
        self._before = self._memory.copy()
        self.tensor = ops.asarray(array, copy=False)

    def is_untouched(self) -> bool:
        """Whether all of the memory is as it was: the elements, the gaps, what is around."""
        return np.array_equal(self._memory, self._before)

    def _reserve(self, shape: tuple[int, ...], dtype: Any, shift: int = 0) -> Values:
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        self._memory = np.full(size + 2 * _GUARD_BYTES, _GUARD, np.uint8)
        first = _GUARD_BYTES + shift
        return np.ndarray(shape, dtype, buffer=self._memory.data, offset=first)

    def _plain(self, values: Values) -> Values:
        array = self._reserve(values.shape, values.dtype)
        array[...] = values
        return array

    def _gaps(self, values: Values) -> Values:
        if values.ndim == 0:
            return self._plain(values)
        *outer, last = values.shape
        array = self._reserve((*outer, 3 * last), values.dtype)[..., ::3]
        array[...] = values
        return array

    def _backwards(self, values: Values) -> Values:
        if values.ndim == 0:
            return self._plain(values)
        array = self._reserve(values.shape, values.dtype)
        array = array[(slice(None, None, -1),) * values.ndim]
        array[...] = values
        return array

    def _transposed(self, values: Values) -> Values:
        array = self._reserve(values.shape[::-1], values.dtype).T
        array[...] = values
        return array

    def _broadcast(self, values: Values) -> Values:
        """The first row for all."""
        if values.ndim == 0 or values.size == 0:
            return self._plain(values)
        return np.broadcast_to(self._plain(values[:1]), values.shape)

    def _unaligned(self, values: Values) -> Values:
        """At an address that is no multiple of 64, nor of a complex number's size."""
        array = self._reserve(values.shape, values.dtype, shift=min(values.dtype.itemsize, 8))
        array[...] = values
        return array
