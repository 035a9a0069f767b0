"""Values of a row on their way to a model, in the types that it was fitted on."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pyarrow

from emberharmony import _core

_engine: Any = _core.engine


class _Stream:
    """A capsule of a stream, for pyarrow."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._capsule


def _is_time(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind)


def value_of(value: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    """An array of one value.

    A value of another type stands for the one that is the same in the type wanted, as columns do
    (`io/lossless_cast.h`); a single time without a zone is in UTC where the column has one. Text
    stands for a date, a time or a decimal where it is one as ISO 8601 or Python writes them: so do
    rows come from JSON.

    Raises:
        pyarrow.ArrowException: A value that the type does not have.
        ValueError: As above.
        OverflowError: An integer that Arrow has no type for.
    """
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        # The latter are how pandas writes that there is none.
        return pyarrow.nulls(1, wanted)
    if isinstance(value, str) and _is_time(wanted):
        value = _time_of(value)
    elif isinstance(value, str) and pyarrow.types.is_decimal(wanted):
        value = _decimal_of(value)
    elif _is_whole(value) and not pyarrow.types.is_floating(wanted):
        return pyarrow.array([value], type=wanted)
    found = _as_it_is(value, wanted)
    if found.type == wanted:
        return found
    if pyarrow.types.is_timestamp(found.type) and found.type.tz is None and _zone(wanted):
        found = found.cast(pyarrow.timestamp(found.type.unit, "UTC"))
    cast = _engine.cast_values(*found.__arrow_c_array__(), wanted.__arrow_c_schema__())
    if cast is not None:
        return pyarrow.table(_Stream(cast)).column(0).chunk(0)
    if _is_time(found.type) and _is_time(wanted):
        raise ValueError("one has a time zone, the other has none")
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
        raise ValueError("no floating-point number is this integer")
    return found


def _decimal_of(text: str) -> decimal.Decimal:
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:
        value = decimal.Decimal("nan")
    if not value.is_finite():
        raise ValueError("expected text such as 12.50")
    return value


def _time_of(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("expected text such as 2001-01-31 06:10:00") from None
