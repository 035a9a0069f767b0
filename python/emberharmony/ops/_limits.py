"""What the numbers of a dtype can be: finfo and iinfo of the array API standard."""

import dataclasses

from emberharmony._core import DType, Tensor
from emberharmony._core import functions as _functions
from emberharmony.ops._keywords import shorten_keywords

_isdtype = _functions("ops", "emberharmony.ops")["isdtype"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FloatLimits:
    """Limits of a floating-point dtype; of a complex one those of its parts.

    Attributes:
        bits: Bits of one number.
        eps: The difference between 1.0 and the next larger number.
        max: The largest finite number.
        min: The smallest (most negative) finite number.
        smallest_normal: The smallest positive number of full precision.
        dtype: The real-valued dtype.
    """

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType

    def __repr__(self) -> str:
        return f"finfo(min={self.min!r}, max={self.max!r}, dtype={self.dtype})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class IntegerLimits:
    """Limits of an integer dtype.

    Attributes:
        bits: Bits of one number.
        max: The largest number.
        min: The smallest number.
        dtype: The dtype.
    """

    bits: int
    max: int
    min: int
    dtype: DType

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def _dtype(type: object) -> DType:
    dtype = getattr(type, "dtype", None)
    return dtype if isinstance(type, Tensor) and dtype is not None else DType(type)


def finfo(type: object, /) -> FloatLimits:
    """Limits of a floating-point dtype.

    Args:
        type: A real or complex floating-point dtype, or a tensor of one.

    Raises:
        TypeError: Another dtype.
    """
    dtype = _dtype(type)
    if not _isdtype(dtype, ("real floating", "complex floating")):
        raise TypeError(f"finfo: expected a floating-point dtype, found {dtype}")
    if dtype.itemsize // (2 if _isdtype(dtype, "complex floating") else 1) == 4:
        largest = float.fromhex("0x1.fffffep+127")
        return FloatLimits(32, 2.0**-23, largest, -largest, 2.0**-126, DType("float32"))
    largest = float.fromhex("0x1.fffffffffffffp+1023")
    return FloatLimits(64, 2.0**-52, largest, -largest, 2.0**-1022, DType("float64"))


def iinfo(type: object, /) -> IntegerLimits:
    """Limits of an integer dtype.

    Args:
        type: An integer dtype, or a tensor of one.

    Raises:
        TypeError: Another dtype.
    """
    dtype = _dtype(type)
    if not _isdtype(dtype, "integral"):
        raise TypeError(f"iinfo: expected an integer dtype, found {dtype}")
    bits = 8 * dtype.itemsize
    if _isdtype(dtype, "unsigned integer"):
        return IntegerLimits(bits, 2**bits - 1, 0, dtype)
    return IntegerLimits(bits, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), dtype)


shorten_keywords(globals())
