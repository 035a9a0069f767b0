"""Values of a row on their way to a model, in the types that it was fitted on."""

from __future__ import annotations

import datetime
import decimal
import re
from typing import Any

import pyarrow

from emberharmony import _core

_engine: Any = _core.engine

# Digits of a second's fraction that datetime drops without a word.
_LOST_DIGITS = re.compile(r"[.,]\d{6}0*[1-9]")


class _Stream:
    """A capsule of a stream, for pyarrow."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._capsule


def _is_time(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind)


class WrongValue(ValueError):
    """A value that a type does not have, and why, in words that end a sentence; or "" for why."""


def expected(wanted: pyarrow.DataType) -> str:
    """What stands for a value of the type, for messages."""
    kinds = pyarrow.types
    if kinds.is_date(wanted):
        meant = "a date, or text such as 2001-01-31"
    elif kinds.is_timestamp(wanted):
        zone = "+00:00" if _zone(wanted) else ""
        meant = f"a datetime, or text such as 2001-01-31 06:10:00{zone}"
    elif kinds.is_time(wanted):
        meant = "a datetime.time"
    elif kinds.is_decimal(wanted):
        meant = "a number, or text such as 12.50"
    elif kinds.is_integer(wanted):
        bits = wanted.bit_width - kinds.is_signed_integer(wanted)
        least = -(2**bits) if kinds.is_signed_integer(wanted) else 0
        meant = f"a whole number from {least} to {2**bits - 1}"
    elif kinds.is_floating(wanted):
        meant = "a number"
    elif kinds.is_boolean(wanted):
        meant = "True or False"
    elif kinds.is_string(wanted) or kinds.is_large_string(wanted):
        meant = "text"
    elif kinds.is_binary(wanted) or kinds.is_large_binary(wanted):
        meant = "bytes"
    else:
        return f"a value of type {wanted}"
    return f"a value of type {wanted} ({meant})"


def value_of(value: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    """An array of one value: `_array_of`, whose errors say in our own words what is wrong."""
    try:
        return _array_of(value, wanted)
    except WrongValue:
        raise
    except (pyarrow.ArrowException, ValueError, TypeError, OverflowError):
        # Their texts are of conversions that nobody has asked for.
        raise WrongValue("") from None


def _array_of(value: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    """An array of one value.

    A value of another type stands for the one that is the same in the type wanted, as columns do
    (`io/lossless_cast.h`); a single time without a zone is in UTC where the column has one. Text
    stands for a date, a time or a decimal where it is one as ISO 8601 or Python writes them: so do
    rows come from JSON.

    Raises:
        WrongValue: A value that the type does not have.
        pyarrow.ArrowException: As above.
        ValueError: As above.
        TypeError: As above.
        OverflowError: An integer that Arrow has no type for.
    """
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        # The latter are how pandas writes that there is none.
        return pyarrow.nulls(1, wanted)
    if isinstance(value, str) and _is_time(wanted):
        value = _time_of(value, wanted)
    elif isinstance(value, float) and pyarrow.types.is_temporal(wanted) and value == value:
        raise WrongValue("")  # Arrow would cut it and take the rest for a count of days or so
    elif isinstance(value, str) and pyarrow.types.is_decimal(wanted):
        value = _decimal_of(value)
    elif _is_whole(value) and not pyarrow.types.is_floating(wanted):
        return pyarrow.array([value], type=wanted)
    found = _as_it_is(value, wanted)
    if found.type == wanted:
        return found
    if pyarrow.types.is_timestamp(found.type) and found.type.tz is None and _zone(wanted):
        found = found.cast(pyarrow.timestamp(found.type.unit, "UTC"))
        if found.type == wanted:
            return found
    try:
        cast = _engine.cast_values(*found.__arrow_c_array__(), wanted.__arrow_c_schema__())
    except ValueError:
        raise WrongValue("which the type holds only with a change") from None
    if cast is not None:
        return pyarrow.table(_Stream(cast)).column(0).chunk(0)
    if _is_time(found.type) and _is_time(wanted):
        has = "no" if _zone(wanted) else "a"
        raise WrongValue(f"which has {has} time zone")
    return pyarrow.array([value], type=wanted)


def _zone(kind: Any) -> Any:
    """The time zone of a type or of a time."""
    return getattr(kind, "tz", None)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_it_is(value: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    """An array of the type that the value has by itself."""
    kind = type(value).__module__.partition(".")[0]
    if kind == "numpy" and hasattr(value, "dtype") and value.shape == ():
        return pyarrow.nulls(1, wanted) if _is_nat(value) else _numpy_scalar(value)
    if kind == "pandas" and hasattr(value, "asm8"):
        # A Timestamp or Timedelta, whose nanoseconds a datetime would lose.
        array = _numpy_scalar(value.asm8)
        zoned = _zone(value) is not None
        return array.cast(pyarrow.timestamp(array.type.unit, "UTC")) if zoned else array
    if _is_whole(value):
        return pyarrow.array([_exact_float(value)])
    if isinstance(value, decimal.Decimal) and not value.is_finite():
        return pyarrow.array([float(value)])
    if isinstance(value, (bool, float, decimal.Decimal, datetime.date)):
        return pyarrow.array([value])
    return pyarrow.array([value], type=wanted)


def _is_nat(value: Any) -> bool:
    return value.dtype.kind in "mM" and bool(value != value)


def _numpy_scalar(value: Any) -> pyarrow.Array:
    if value.dtype.kind == "M" and value.dtype.str.endswith(("[h]", "[m]")):
        value = value.astype("datetime64[s]")
    return pyarrow.array(value.reshape(1))


def _exact_float(value: int) -> float:
    """An integer of any size as the float that it is."""
    found = float(value)
    if found != value:
        raise WrongValue("which no floating-point number is")
    return found


def _decimal_of(text: str) -> decimal.Decimal:
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:
        value = decimal.Decimal("nan")
    if not value.is_finite():
        raise WrongValue("")
    return value


def _time_of(text: str, wanted: pyarrow.DataType) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    moment = datetime.datetime.fromisoformat(text)
    if _LOST_DIGITS.search(text):
        raise WrongValue("whose time has more than six digits after the point")
    midnight = moment.timetz() == datetime.time.min
    if pyarrow.types.is_date(wanted) and moment.tzinfo is None and not midnight:
        raise WrongValue("which has a time of day")
    return moment
