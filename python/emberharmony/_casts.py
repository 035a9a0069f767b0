"""Rows on their way to a model, in the types that it was fitted on where no value changes."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pyarrow
import pyarrow.compute as pc

from emberharmony._errors import UsageError


def _is_number(kind: pyarrow.DataType) -> bool:
    return (
        pyarrow.types.is_integer(kind)
        or pyarrow.types.is_floating(kind)
        or pyarrow.types.is_boolean(kind)
        or pyarrow.types.is_decimal(kind)
    )


def _is_time(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind)


def _may_cast(found: pyarrow.DataType, wanted: pyarrow.DataType) -> bool:
    """Whether values of one type may be those of the other."""
    if pyarrow.types.is_null(found):
        return True
    if _is_number(found) and _is_number(wanted):
        # A number other than 0 and 1 is no truth value, and which is meant is for people to say.
        return not pyarrow.types.is_boolean(wanted)
    if not (_is_time(found) and _is_time(wanted)):
        return False
    # A time without a zone is in none, not in UTC; those of two zones are the same instants.
    return (getattr(found, "tz", None) is None) == (getattr(wanted, "tz", None) is None)


def _cast(values: pyarrow.Array, wanted: pyarrow.DataType) -> pyarrow.Array:
    """The same values in another type.

    Raises:
        pyarrow.ArrowInvalid: A value that the type does not have.
    """
    found = values.type
    if pyarrow.types.is_floating(found) and not pyarrow.types.is_floating(wanted):
        # pandas writes a missing integer so.
        values = pc.if_else(pc.is_nan(values), pyarrow.scalar(None, found), values)
    if pyarrow.types.is_boolean(found) and not pyarrow.types.is_boolean(wanted):
        found = pyarrow.uint8()
        values = values.cast(found)
    if pyarrow.types.is_decimal(wanted):
        return _to_decimal(values, wanted)
    if pyarrow.types.is_decimal(found) and pyarrow.types.is_floating(wanted):
        return _cast(_decimals_to_doubles(values), wanted)
    cast = values.cast(wanted)
    if pyarrow.types.is_timestamp(found) and pyarrow.types.is_date(wanted):
        # Arrow cuts the time of day off without a word.
        same = pc.all(pc.equal(cast.cast(found), values)).as_py()
        if same is False:
            raise pyarrow.ArrowInvalid("a time of day would be lost")
    if pyarrow.types.is_floating(found) and pyarrow.types.is_floating(wanted):
        # Arrow rounds without a word.
        same = pc.or_(pc.equal(cast.cast(found), values), pc.is_nan(values))
        if pc.all(same).as_py() is False:
            raise pyarrow.ArrowInvalid("a value would be rounded")
    return cast


def _to_decimal(values: pyarrow.Array, wanted: pyarrow.DataType) -> pyarrow.Array:
    """Numbers as decimals; one of float64 is that of the fewest digits which it is nearest to."""
    if pyarrow.types.is_integer(values.type):
        # Arrow asks for room for all integers of the type, not for those that are there.
        values = values.cast(pyarrow.decimal128(20, 0))
    elif pyarrow.types.is_floating(values.type):
        values = values.cast(pyarrow.float64()).cast(pyarrow.string())
    return values.cast(wanted)


def _decimals_to_doubles(values: pyarrow.Array) -> pyarrow.Array:
    """Decimals as the nearest doubles, where these are no nearer to one of fewer digits."""
    doubles = values.cast(pyarrow.string()).cast(pyarrow.float64())
    try:
        same = pc.all(pc.equal(_to_decimal(doubles, values.type), values)).as_py()
    except pyarrow.ArrowInvalid:
        same = False
    if same is False:
        raise pyarrow.ArrowInvalid("a value would be rounded")
    return doubles


def _fitting(
    batch: pyarrow.RecordBatch, wanted: dict[str, pyarrow.DataType]
) -> pyarrow.RecordBatch:

    columns, fields = [], []
    for field, values in zip(batch.schema, batch.columns, strict=True):
        kind = wanted.get(field.name)
        if kind is not None:
            try:
                values = _cast(values, kind)
            except pyarrow.ArrowInvalid as error:
                raise UsageError(
                    f"column {field.name!r}: the model was fitted on {kind}, the table has "
                    f"{field.type}, and not all values are the same in both: {error}; cast the "
                    "column as you mean it, or fit the model on such a table"
                ) from None
            field = pyarrow.field(field.name, kind, True, field.metadata)
        columns.append(values)
        fields.append(field)
    schema = pyarrow.schema(fields, batch.schema.metadata)
    return pyarrow.RecordBatch.from_arrays(columns, schema=schema)


def fitted_rows(
    rows: pyarrow.RecordBatchReader, wanted: dict[str, pyarrow.DataType]
) -> pyarrow.RecordBatchReader:
    """A stream of rows whose columns are cast, batch by batch as they are asked for.

    Args:
        rows: The stream.
        wanted: The types of some of its columns (`wanted_types`).

    Returns:
        The stream; reading it ends with an error at a value that the wanted type does not have.
    """
    empty = pyarrow.RecordBatch.from_pylist([], rows.schema)
    schema = _fitting(empty, wanted).schema
    return pyarrow.RecordBatchReader.from_batches(
        schema, (_fitting(batch, wanted) for batch in rows)
    )


def wanted_types(rows: pyarrow.Schema, model: pyarrow.Schema) -> dict[str, pyarrow.DataType]:
    """The columns of a table that a model wants in another type that their values may have.

    Integers, floating-point numbers, decimals of any precision and scale, and booleans stand for
    each other where no value changes (a column of integers with missing values is one of float64 in
    pandas), columns of nothing but nulls for any, dates for times without a zone, times of one zone
    for the same instants of another.
    """
    names = rows.names
    wanted = {}
    for field in model:
        if names.count(field.name) != 1:
            continue
        found = rows.field(field.name).type
        if found != field.type and _may_cast(found, field.type):
            wanted[field.name] = field.type
    return wanted


def value_of(value: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    """An array of one value.

    Text stands for a date, a time or a decimal where it is one as ISO 8601 or Python writes them:
    so do rows come from JSON.

    Raises:
        pyarrow.ArrowInvalid: A value that the type does not have.
        pyarrow.ArrowTypeError: As above.
    """
    if type(value).__name__ in ("NaTType", "NAType"):
        # How pandas writes that there is none.
        value = None
    if isinstance(value, str) and _is_time(wanted):
        value = _time_of(value)
    if isinstance(value, str) and pyarrow.types.is_decimal(wanted):
        value = _decimal_of(value)
    if isinstance(value, datetime.date) and _is_time(wanted):
        return _cast_time(value, wanted)
    if isinstance(value, decimal.Decimal) and not value.is_finite():
        value = float(value)
    is_plain = value is None or (isinstance(value, int) and not isinstance(value, bool))
    is_cast = isinstance(value, decimal.Decimal) or (
        pyarrow.types.is_decimal(wanted) and not is_plain
    )
    if is_cast or (isinstance(value, float) and pyarrow.types.is_integer(wanted)):
        # pyarrow would cut off what is behind the point.
        found = pyarrow.array([value])
        if _may_cast(found.type, wanted):
            return _cast(found, wanted)
    return pyarrow.array([value], type=wanted)


def _cast_time(value: datetime.date, wanted: pyarrow.DataType) -> pyarrow.Array:
    """A date for midnight and the other way round, where no value changes."""
    found = pyarrow.array([value])
    if pyarrow.types.is_date(found.type) == pyarrow.types.is_date(wanted):
        return pyarrow.array([value], type=wanted)
    if not _may_cast(found.type, wanted):
        raise pyarrow.ArrowInvalid("one has a zone, the other has none")
    return _cast(found, wanted)


def _decimal_of(text: str) -> decimal.Decimal:
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:
        value = decimal.Decimal("nan")
    if not value.is_finite():
        raise pyarrow.ArrowInvalid("expected text such as 12.50")
    return value


def _time_of(text: str) -> Any:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise pyarrow.ArrowInvalid("expected text such as 2001-01-31 06:10:00") from None
