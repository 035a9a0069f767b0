"""Some rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emberharmony._core import Tensor
from emberharmony.bigquery._core import core


class Batch:
    """Some rows of a table, as Arrow columns. Immutable.

    pyarrow, Polars, pandas, DuckDB and others take it without a copy, through the Arrow PyCapsule
    interface: `pyarrow.record_batch(batch)`, `polars.DataFrame(batch)`,
    `pandas.DataFrame.from_arrow(batch)`. What they make of it keeps the memory in use.
    """

    __slots__ = ("_batch",)

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        return self._batch.num_rows

    @property
    def num_columns(self) -> int:
        """How many columns it has."""
        return self._batch.num_columns

    @property
    def column_names(self) -> list[str]:
        """The names of its columns, in the table's order."""
        return self._batch.column_names

    @property
    def nbytes(self) -> int:
        """The bytes of its columns; of a slice, those of the whole that it is a slice of."""
        return self._batch.nbytes

    @property
    def stream(self) -> int:
        """Which of the session's streams it came from; -1 for rows of several batches.

        What was split off a stream has a number above the session's; with a unit column it is the
        range's number.
        """
        return self._batch.stream

    @property
    def first_row(self) -> int:
        """The position of its first row in its stream; -1 for rows of several batches."""
        return self._batch.first_row

    def __len__(self) -> int:
        return self.num_rows

    def slice(self, offset: int, length: int | None = None) -> Batch:
        """Some of its rows, over the same memory.

        Args:
            offset: The first row.
            length: How many rows; fewer if there are no more. None: all that follow.

        Returns:
            A batch.

        Raises:
            ValueError: An offset outside of the batch, a negative length.
        """
        rest = max(self.num_rows - offset, 0)
        return Batch(self._batch.slice(offset, rest if length is None else min(length, rest)))

    def to_tensors(
        self,
        columns: Iterable[str] | None = None,
        *,
        fill_null: float | None = None,
    ) -> dict[str, Tensor]:
        """Columns as tensors over the same memory; booleans, and columns with nulls, are copied.

        Dates are days, times and timestamps microseconds since 1970, as integers.

        Args:
            columns: Names; None for all columns.
            fill_null: What stands for a null; None: NaN, which integers and booleans do not have.

        Returns:
            A dict of tensors of rank 1, which are read-only where they share memory.

        Raises:
            KeyError: A column that is not there.
            TypeError: A column of another type (strings, decimals, records).
            ValueError: Nulls in a column of integers or booleans, without fill_null.
        """
        names = self.column_names
        wanted = names if columns is None else list(columns)
        for name in wanted:
            if name not in names:
                raise KeyError(f"expected one of the columns {names}, found {name!r}")
        return {name: self._batch.tensor(names.index(name), fill_null) for name in wanted}

    def __arrow_c_schema__(self) -> object:
        """The schema (Arrow PyCapsule interface)."""
        return self._batch.arrow_schema()

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The rows as a struct (Arrow PyCapsule interface); the requested schema is ignored."""
        return self._batch.arrow_array()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as a stream of one batch (Arrow PyCapsule interface)."""
        return self._batch.arrow_stream()

    def __repr__(self) -> str:
        return f"Batch({self.num_rows} rows, columns {self.column_names})"


def concatenated(batches: Sequence[Batch]) -> Batch:
    """One batch with the rows of all, in a row; a copy unless there is only one."""
    return Batch(core.concatenate([each._batch for each in batches]))
