"""Files of rows, read in pieces."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.ipc

from emberharmony._paths import path_text

FilePath = str | os.PathLike[str]

_PARQUET_MAGIC = b"PAR1"
_ARROW_MAGIC = b"ARROW1"
_SUFFIXES = (".parquet", ".arrow")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """Some rows that are read in one go: a row group of a Parquet file, a batch of an Arrow file.

    Attributes:
        path: The file.
        index: Which of its parts.
        rows: How many rows.
    """

    path: str
    index: int
    rows: int


def _path_of_result(source: object) -> str:
    """What of a run's result is meant."""
    if isinstance(getattr(source, "paths", None), dict):
        return "; give one of its splits, such as result.paths['train']"
    if isinstance(getattr(source, "output", None), os.PathLike):
        return "; give its folder, result.output"
    return ""


def _splits_of(folder: str) -> list[str]:
    """The folders of splits in what `extract` has written; none elsewhere."""
    if not os.path.isfile(os.path.join(folder, "manifest.json")):
        return []
    return [name for name in _SPLITS if os.path.isdir(os.path.join(folder, name))]


def shard_files(source: FilePath | Sequence[FilePath]) -> list[str]:
    """The Parquet and Arrow files that a folder, a glob, a path or a list of them names.

    Raises:
        FileNotFoundError: There are none.
        TypeError: Something else than paths.
        ValueError: An empty list, a path that is no text, or all splits in one folder.
    """
    if not isinstance(source, str | os.PathLike):
        if not isinstance(source, Sequence) or isinstance(source, bytes | bytearray):
            raise TypeError(
                "source: expected the folder of a split that `extract` has written, files, or a "
                f"list of them, found {type(source).__name__}{_path_of_result(source)}"
            )
        if not source:
            raise ValueError("source: expected at least one path, found an empty list")
        return [file for each in source for file in shard_files(each)]
    path = path_text(source, "source")
    if os.path.isdir(path):
        splits = _splits_of(path)
        if splits:
            raise ValueError(
                f"{path} is the whole output of `extract`, and {', '.join(splits)} are not read as "
                f"one: give the folder of one of them, such as {os.path.join(path, splits[0])} "
                f"(result.paths[{splits[0]!r}])"
            )
        found = sorted(
            str(file)
            for file in Path(path).rglob("*")
            if file.suffix in _SUFFIXES
            and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        )
    elif os.path.isfile(path):
        found = [path]
    else:
        found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise FileNotFoundError(
            f"expected Parquet or Arrow files, found none: {path}; give the folder of a split that "
            "`extract` has written, or files"
        )
    return found


class ShardFile:
    """A Parquet or Arrow file that is open. One thread at a time."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            magic = file.read(len(_ARROW_MAGIC))
        self.path = path
        self._parquet: Any = None
        self._arrow: dict[tuple[str, ...], Any] = {}
        if magic.startswith(_PARQUET_MAGIC):
            from pyarrow import parquet

            self._parquet = parquet.ParquetFile(path)
            self.schema: pyarrow.Schema = self._parquet.schema_arrow
        elif magic == _ARROW_MAGIC:
            with pyarrow.memory_map(path) as file:
                self.schema = pyarrow.ipc.open_file(file).schema
        else:
            raise OSError(f"expected a Parquet or an Arrow file, found neither: {path}")

    def _columns_of_arrow(self, columns: Sequence[str]) -> Any:
        """A reader that reads these columns alone. What it reads is memory of its own: of a mapped
        file a tensor could not be written to."""
        key = tuple(columns)
        if key not in self._arrow:
            included = sorted({self.schema.get_field_index(name) for name in columns})
            self._arrow[key] = pyarrow.ipc.open_file(
                pyarrow.OSFile(self.path),
                options=pyarrow.ipc.IpcReadOptions(included_fields=included),
            )
        return self._arrow[key]

    def parts(self) -> list[Part]:
        """Its parts, in their order."""
        if self._parquet is not None:
            metadata = self._parquet.metadata
            rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        else:
            reader = self._columns_of_arrow(self.schema.names[:1])
            rows = [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]
        return [Part(self.path, i, n) for i, n in enumerate(rows)]

    def read(
        self, index: int, columns: Sequence[str], batch_rows: int
    ) -> Iterator[pyarrow.RecordBatch]:
        """The rows of a part, at most so many at a time."""
        if self._parquet is not None:
            yield from self._parquet.iter_batches(
                batch_size=batch_rows, row_groups=[index], columns=list(columns), use_threads=False
            )
            return
        batch = self._columns_of_arrow(columns).get_batch(index).select(list(columns))
        for start in range(0, batch.num_rows, batch_rows):
            yield batch.slice(start, batch_rows)

    def close(self) -> None:
        """Closes the file."""
        if self._parquet is not None:
            self._parquet.close()
        self._arrow.clear()


class Shards:
    """The files of a table, all of one schema."""

    def __init__(self, source: FilePath | Sequence[FilePath]) -> None:
        self.files = shard_files(source)
        self.schema: pyarrow.Schema | None = None
        self.parts: list[Part] = []
        for path in self.files:
            file = ShardFile(path)
            schema = file.schema.remove_metadata()
            if self.schema is None:
                self.schema = schema
            elif not self.schema.equals(schema):
                raise ValueError(
                    f"expected files of one schema, found others in {self.files[0]} and {path}"
                )
            self.parts.extend(file.parts())
            file.close()

    @property
    def num_rows(self) -> int:
        """Rows of all files."""
        return sum(part.rows for part in self.parts)

    def read(
        self, parts: Sequence[Part], columns: Sequence[str], batch_rows: int
    ) -> Iterator[pyarrow.RecordBatch]:
        """The rows of these parts, in their order; one file is open at a time."""
        file: ShardFile | None = None
        try:
            for part in parts:
                if file is None or file.path != part.path:
                    if file is not None:
                        file.close()
                    file = ShardFile(part.path)
                yield from file.read(part.index, columns, batch_rows)
        finally:
            if file is not None:
                file.close()
