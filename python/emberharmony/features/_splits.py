"""A split that was written, read when it is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow

from emberharmony import _core
from emberharmony._batches import Batches, batches
from emberharmony._core import Tensor
from emberharmony._errors import unknown_column
from emberharmony._shards import Shards
from emberharmony.bigquery import Batch

_engine: Any = _core.engine

_READ_ROWS = 65536


class DataSplit:
    """The features of a split, and its target: files that are read when rows are asked for.

    Nothing is in memory but what `batches` or a stream is reading, until one of `to_...` asks for
    the whole. pyarrow, Polars, pandas and DuckDB take it as a stream (`__arrow_c_stream__`).
    """

    def __init__(
        self,
        name: str,
        path: Path,
        target: str | None,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        self._name = name
        self._path = path
        self._shards = Shards(path)
        self._target = target if target in self._shards.schema.names else None
        # Files of nobody else's, which end with the last split that reads them.
        self._folder = folder

    @property
    def name(self) -> str:
        """The split: "train", "validation" or "test"."""
        return self._name

    @property
    def path(self) -> Path:
        """The folder with its files."""
        return self._path

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        return self._shards.num_rows

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns: features, and last the target."""
        return self._shards.schema

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, the target last."""
        return list(self.schema.names)

    @property
    def feature_names(self) -> list[str]:
        """The names of the features."""
        return [name for name in self.schema.names if name != self._target]

    @property
    def target(self) -> str | None:
        """The name of the column to predict; None: there is none."""
        return self._target

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.num_rows, len(self.schema.names)

    def __len__(self) -> int:
        return self.num_rows

    def reader(
        self, columns: Sequence[str] | None = None, *, batch_rows: int = _READ_ROWS
    ) -> pyarrow.RecordBatchReader:
        """The rows as a stream.

        Args:
            columns: Which columns; None: all.
            batch_rows: At most so many rows at a time.

        Returns:
            A reader of batches.

        Raises:
            KeyError: A column that is not there.
        """
        names = self._chosen(columns)
        schema = pyarrow.schema([self.schema.field(name) for name in names])

        def rows() -> Iterator[pyarrow.RecordBatch]:
            # The split, and so its files, are kept while they are read.
            for batch in self._shards.read(self._shards.parts, names, batch_rows):
                yield pyarrow.RecordBatch.from_arrays(batch.columns, schema=schema)

        return pyarrow.RecordBatchReader.from_batches(schema, rows())

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        return iter(self.reader())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as a stream (Arrow PyCapsule interface)."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """The schema (Arrow PyCapsule interface)."""
        return self.schema.__arrow_c_schema__()

    def to_pyarrow(self, columns: Sequence[str] | None = None) -> pyarrow.Table:
        """All rows as a table of pyarrow.

        Args:
            columns: Which columns; None: all.

        Returns:
            A table.
        """
        return self.reader(columns).read_all()

    def to_pandas(self, columns: Sequence[str] | None = None) -> Any:
        """All rows as a data frame of pandas.

        Args:
            columns: Which columns; None: all.

        Returns:
            A pandas.DataFrame.
        """
        return self.to_pyarrow(columns).to_pandas()

    def to_polars(self, columns: Sequence[str] | None = None) -> Any:
        """All rows as a data frame of Polars.

        Args:
            columns: Which columns; None: all.

        Returns:
            A polars.DataFrame.
        """
        import polars

        return polars.DataFrame(self.to_pyarrow(columns))

    def to_tensors(
        self, columns: Sequence[str] | None = None, *, fill_null: float | None = None
    ) -> dict[str, Tensor]:
        """All rows as tensors, one for each column.

        Args:
            columns: Which columns; None: all.
            fill_null: What stands for a null; None: NaN, which integers do not have.

        Returns:
            A dict of tensors of `ops`.

        Raises:
            TypeError: A column of text.
            ValueError: Nulls of integers, without fill_null.
        """
        table = self.to_pyarrow(columns).combine_chunks()
        if table.num_rows == 0:
            rows = pyarrow.RecordBatch.from_arrays(
                [pyarrow.array([], field.type) for field in table.schema], schema=table.schema
            )
        else:
            rows = table.to_batches()[0]
        ours = Batch(_engine.batch_of_capsules(*rows.__arrow_c_array__()))
        return ours.to_tensors(fill_null=fill_null)

    def to_tensor(self, *, dtype: Any = "float32") -> Tensor:
        """All features as one matrix.

        Args:
            dtype: Of the matrix.

        Returns:
            A tensor with a row for each row and a column for each of feature_names.

        Raises:
            TypeError: A column of text.
        """
        from emberharmony import ops

        columns = self.to_tensors(self.feature_names, fill_null=None)
        parts = [ops.astype(each, ops.asarray([], dtype=dtype).dtype) for each in columns.values()]
        wide = [ops.expand_dims(each, axis=1) if each.ndim == 1 else each for each in parts]
        return ops.concat(wide, axis=1)

    def batches(self, batch_size: int = 65536, **options: Any) -> Batches[Any]:
        """Batches of tensors for a training loop: `emberharmony.batches` of its files.

        Args:
            batch_size: Rows of a batch.
            **options: Those of `emberharmony.batches`; with a target, items are pairs (features,
                target) unless target=None is given.

        Returns:
            An iterator.
        """
        options.setdefault("target", self._target)
        found = batches(self._path, batch_size, **options)
        found._source = self  # its files stay while they are read
        return found

    def _chosen(self, columns: Sequence[str] | None) -> list[str]:
        names = self.column_names
        for name in columns or ():
            if name not in names:
                raise unknown_column(name, names, "columns: some")
        return names if columns is None else list(columns)

    def __repr__(self) -> str:
        return (
            f"DataSplit({self._name!r}, {self.num_rows} rows, {len(self.feature_names)} features)"
        )
