"""Models: what was learned, applied to rows in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow

from emberharmony import _core
from emberharmony._casts import WrongValue, expected, value_of
from emberharmony._errors import missing_columns, missing_files
from emberharmony._paths import path_text
from emberharmony._sources import stream_of
from emberharmony.bigquery._reader import byte_size
from emberharmony.ops._backends import prepare_backend

_engine: Any = _core.engine


class _Schema:
    """A capsule of a schema, for pyarrow.schema."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_schema__(self) -> object:
        return self._capsule


class _Stream:
    """A capsule of a stream, for pyarrow."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._capsule


def _value_at(row: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    """Whether a row has a column, and its value; `parent.child` may be a dict within a dict."""
    if name in row:
        return True, row[name]
    parent, dot, rest = name.partition(".")
    while dot:
        if isinstance(row.get(parent), Mapping):
            return _value_at(row[parent], rest)
        if parent in row and row[parent] is None:
            return True, None
        more, dot, rest = rest.partition(".")
        parent = f"{parent}.{more}"
    return False, None


def _row_of(row: Any) -> Mapping[str, Any]:
    """A row as a mapping: what has keys (a pandas Series, a row of a database) is one."""
    if isinstance(row, Mapping):
        return row
    if not hasattr(row, "keys") or not hasattr(row, "__getitem__"):
        raise TypeError(f"row: expected a dict of values by column, found {type(row).__name__}")
    return {name: row[name] for name in row.keys()}  # noqa: SIM118


def _shown(value: Any) -> str:
    """A value as messages quote it."""
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _stream(rows: Any) -> object:
    """The capsule of a table's stream."""
    stream = stream_of(rows)
    if stream is None:
        raise TypeError(
            "expected rows with __arrow_c_stream__ (a table of pyarrow, Polars or pandas), "
            f"found {type(rows).__name__}"
        )
    return stream


class Model:
    """What was learned from a table: turns rows into features as `ember transform` does.

    The same code runs in training and here, so that features are the same to the bit, for tables of
    any length down to single rows. Immutable; any thread may use it.
    """

    def __init__(self, model: Any, path: Path) -> None:
        self._model = model
        self._path = path
        self._input: pyarrow.Schema | None = None
        self._needed: frozenset[str] = frozenset(self.columns)

    @property
    def path(self) -> Path:
        """The folder that it was loaded from."""
        return self._path

    @property
    def feature_names(self) -> list[str]:
        """The names of the features, in order: columns, or the values of a matrix."""
        return self._model.feature_names

    @property
    def plan(self) -> str:
        """The plan as YAML, every default written out."""
        return self._model.plan

    @property
    def columns(self) -> dict[str, list[dict[str, Any]]]:
        """What was learned, by column, step by step, as model.json has it."""
        text = (self._path / "model.json").read_text(encoding="utf-8")
        return json.loads(text)["columns"]

    @property
    def input_schema(self) -> pyarrow.Schema:
        """The columns that the model uses (of features, target and split), with their types."""
        if self._input is None:
            self._input = pyarrow.schema(_Schema(self._model.input_schema()))
        return self._input

    def output_schema(self, *, with_target: bool = False) -> pyarrow.Schema:
        """The columns of what `transform` gives.

        Args:
            with_target: Of rows that have the target.

        Returns:
            The schema.
        """
        return pyarrow.schema(_Schema(self._model.output_schema(with_target)))

    def transform(self, table: Any) -> pyarrow.Table:
        """The features of all rows of a table.

        Args:
            table: Whatever has the Arrow PyCapsule interface: a table, data frame or batch of
                pyarrow, Polars, pandas. Columns that the model does not use are ignored; those of
                another type of numbers or times than the model was fitted on are cast where no
                value changes, as integers that pandas holds as float64 for a missing one, decimals
                of another scale, times of another zone.

        Returns:
            A table with the features in the plan's order, and last the target where there is one.

        Raises:
            TypeError: An object without that interface.
            ValueError: Columns that are missing, or of another type than the model was fitted on
                that not all values have.
            OSError: Values that a step refuses.
        """
        return pyarrow.table(_Stream(self._model.transform(_stream(table))))

    def transform_batches(self, rows: Any) -> pyarrow.RecordBatchReader:
        """The features of a stream of rows, batch by batch as they are asked for.

        Args:
            rows: As in `transform`; for tables larger than memory, e.g. a
                pyarrow.RecordBatchReader.

        Returns:
            A reader, which has `__arrow_c_stream__` as well.

        Raises:
            TypeError: As in `transform`.
            ValueError: As in `transform`.
        """
        return pyarrow.RecordBatchReader.from_stream(
            _Stream(self._model.transform_batches(_stream(rows)))
        )

    def transform_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The features of one row.

        Args:
            row: Values by column; those of a struct's members as `parent.child` or as nested dicts.
                Every column of the model must be there, None for null; the target may be left out.
                Dates, times and decimals may be text, as JSON has them: "2001-01-31 06:10:00",
                "12.50", and numbers and times of another type that are the same value (times of
                NumPy and pandas as well; one without a zone is in UTC where the column has a zone).
                pandas.NaT and pandas.NA are null.

        Returns:
            Values by feature, and the target if it was given.

        Raises:
            KeyError: A column that is missing (a ColumnNotFoundError, and so a ValueError too).
            TypeError: Something that is no row.
            ValueError: A value that is not of the column's type.
            OSError: A value that a step refuses.
        """
        row = _row_of(row)
        names, arrays, missing = [], [], []
        for field in self.input_schema:
            found, value = _value_at(row, field.name)
            if not found:
                if field.name in self._needed:
                    missing.append(field.name)
                continue
            names.append(field.name)
            try:
                arrays.append(value_of(value, field.type))
            except WrongValue as error:
                why = f", {error}" if str(error) else ""
                raise ValueError(
                    f"column {field.name!r}: expected {expected(field.type)}, found "
                    f"{_shown(value)}{why}"
                ) from None
        if missing:
            unused = [each for each in row if isinstance(each, str) and each not in names]
            raise missing_columns(missing, unused)
        batch = pyarrow.record_batch(arrays, names=names)
        features = pyarrow.table(_Stream(self._model.transform(stream_of(batch))))
        return {name: features.column(name)[0].as_py() for name in features.column_names}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model's folder anew.

        Args:
            path: A folder that is absent or empty.

        Raises:
            ValueError: The folder is not empty.
            OSError: It cannot be written.
        """
        self._model.save(path_text(path, "path"))

    def __repr__(self) -> str:
        return f"Model({str(self._path)!r}, {len(self.feature_names)} features)"


def load_model(
    path: str | os.PathLike[str], *, memory: int | str | None = None, backend: str = "auto"
) -> Model:
    """Loads a model's folder. It may come from a stranger: everything in it is checked.

    Args:
        path: A folder of `fit` or `merge`, or the folder `model` of an output of `extract`.
        memory: What the process may use: bytes, or "1GiB"; None: three quarters of the machine's.
        backend: Who computes numeric steps: "torch", "mlx" or another that is named. "auto" is
            native here: an accelerator would be waited for by a single row.

    Returns:
        The model.

    Raises:
        ValueError: There is no such backend.
        FileNotFoundError: There is no such folder.
        OSError: Something is missing in it or damaged.
        MemoryError: It does not fit into the memory.
    """
    folder = path_text(path, "path")
    memory_bytes = 0 if memory is None else byte_size(memory, "memory")
    with missing_files([folder]):
        return Model(
            _engine.load_model(folder, memory_bytes, prepare_backend(backend)), Path(folder)
        )
