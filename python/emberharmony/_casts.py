"""Rows on their way to a model, in the types that it was fitted on where no value changes."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow
import pyarrow.compute as pc

from emberharmony._errors import UsageError


def _is_number(kind: pyarrow.DataType) -> bool:
    return (
        pyarrow.types.is_integer(kind)
        or pyarrow.types.is_floating(kind)
        or pyarrow.types.is_boolean(kind)
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
    # A time without a zone is in none, not in UTC.
    return getattr(found, "tz", None) == getattr(wanted, "tz", None)


def _cast(values: pyarrow.Array, wanted: pyarrow.DataType) -> pyarrow.Array:
    """The same values in another type.

    Raises:
        pyarrow.ArrowInvalid: A value that the type does not have.
    """
    found = values.type
    if pyarrow.types.is_floating(found) and pyarrow.types.is_integer(wanted):
        # pandas writes a missing integer so.
        values = pc.if_else(pc.is_nan(values), pyarrow.scalar(None, found), values)
    if pyarrow.types.is_boolean(found) and pyarrow.types.is_floating(wanted):
        values = values.cast(pyarrow.uint8())
    cast = values.cast(wanted)
    if pyarrow.types.is_floating(found) and pyarrow.types.is_floating(wanted):
        # Arrow rounds without a word.
        same = pc.or_(pc.equal(cast.cast(found), values), pc.is_nan(values))
        if pc.all(same).as_py() is False:
            raise pyarrow.ArrowInvalid("a value would be rounded")
    return cast


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

    Integers, floating-point numbers and booleans stand for each other where no value changes (a
    column of integers with missing values is one of float64 in pandas), columns of nothing but
    nulls for any, dates for times.
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

    Text stands for a date or a time where it is one as ISO 8601 writes them: so do rows come from
    JSON.

    Raises:
        pyarrow.ArrowInvalid: A value that the type does not have.
        pyarrow.ArrowTypeError: As above.
    """
    if isinstance(value, str) and _is_time(wanted):
        return pyarrow.array([_time_of(value)], type=wanted)
    if isinstance(value, float) and pyarrow.types.is_integer(wanted):
        # pyarrow would cut off what is behind the point.
        return _cast(pyarrow.array([value]), wanted)
    return pyarrow.array([value], type=wanted)


def _time_of(text: str) -> Any:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise pyarrow.ArrowInvalid("expected text such as 2001-01-31 06:10:00") from None
