"""TerabyteFeatureExtractor: from a table of any size to three splits of features."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emberharmony import _core, bigquery
from emberharmony._model import Model
from emberharmony._runs import ExtractResult, inspect, run_extract
from emberharmony._sources import run_options, source_options
from emberharmony.bigquery import _arguments
from emberharmony.features._learned import FittedImputer, FittedScaler
from emberharmony.features._splits import DataSplit
from emberharmony.ops._backends import prepare_backend

_engine: Any = _core.engine

PreparedData = tuple[
    DataSplit,
    DataSplit,
    DataSplit,
    list[str],
    list[str],
    list[str],
    FittedScaler,
    FittedImputer,
]

_SPLITS = ("train", "validation", "test")
_MEMORY_BYTES_MIN = 128 << 20


class TerabyteFeatureExtractor:
    """Turns a table of any size into training, validation and test features.

    ```python
    extractor = TerabyteFeatureExtractor(project_id="my-project", max_memory_gb=8)
    train, validation, test, names, _, _, scaler, imputer = extractor.prepare_data(
        "my-project.travel.flights", target_column="delay"
    )
    for features, delay in train.batches(65536, backend="torch", shuffle=True):
        ...
    ```

    What is learned (medians, scales, categories) is learned from training rows alone; no row is
    read twice or skipped, and a part of a table that cannot be read is an error. Splits are files
    that are read when rows are asked for.

    Args:
        project_id: The project of BigQuery that pays.
        location: Where queries run.
        chunk_size: Rows of a chunk: of `process_bigquery_in_chunks`, and what `max_chunks` counts.
        max_memory_gb: The limit of the process's memory, in GiB; never more than what the machine
            grants.
        verbose: Whether progress and a summary are shown.
        preferred_backend: The backend that computes the numeric steps of `prepare_data`, such as
            "torch", as in `eh.extract(backend=)`; what the process has chosen for `ops` stays as it
            is. None: "auto", which chooses by rule.

    Raises:
        ValueError: Numbers out of range, or no usable backend of that name.
    """

    def __init__(
        self,
        project_id: str | None = None,
        location: str = "US",
        chunk_size: int = 100000,
        max_memory_gb: float = 16.0,
        verbose: bool = True,
        preferred_backend: str | None = None,
    ) -> None:
        chunk_size = _arguments.whole(chunk_size, "chunk_size", 1)
        if _arguments.number(max_memory_gb, "max_memory_gb") * 2**30 < _MEMORY_BYTES_MIN:
            raise ValueError(f"max_memory_gb: expected at least 0.125, found {max_memory_gb}")
        self.project_id = project_id
        self.location = location
        self.chunk_size = chunk_size
        self.max_memory_gb = max_memory_gb
        self.verbose = verbose
        self.backend = prepare_backend("auto" if preferred_backend is None else preferred_backend)
        self.connection = bigquery.Connection(project_id=project_id, location=location)
        self._result: ExtractResult | None = None
        self._model: Model | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def result(self) -> ExtractResult:
        """What the last `prepare_data` has done: rows, paths, warnings, figures.

        Raises:
            ValueError: There was none.
        """
        if self._result is None:
            raise ValueError("expected data that was prepared, found none: call prepare_data first")
        return self._result

    @property
    def model(self) -> Model:
        """The model of the last `prepare_data`: gives new rows the same features.

        Raises:
            ValueError: There was none.
        """
        if self._model is None:
            self._model = self.result.model
        return self._model

    def setup_bigquery_connection(
        self,
        credentials_path: str | os.PathLike[str] | None = None,
        *,
        storage_endpoint: str | None = None,
        rest_endpoint: str | None = None,
    ) -> bigquery.Connection:
        """Says how BigQuery is reached. Without it, by what the environment says.

        Args:
            credentials_path: The key file of a service account, or a file of gcloud's.
            storage_endpoint: HOST:PORT of another Storage Read server, a local one, say.
            rest_endpoint: URL of another server of the REST API.

        Returns:
            The connection, which all methods use from now on.

        Raises:
            FileNotFoundError: There is no file at credentials_path.
            OSError: The plugin with the BigQuery client is not installed.
        """
        self.connection = bigquery.setup_bigquery_connection(
            credentials_path,
            project_id=self.project_id,
            location=self.location,
            storage_endpoint=storage_endpoint,
            rest_endpoint=rest_endpoint,
        )
        return self.connection

    def optimize_bigquery_query(
        self,
        table_id: str,
        columns: Sequence[str] | None = None,
        where_clause: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        *,
        with_costs: bool = False,
    ) -> bigquery.OptimizedQuery:
        """The query for some columns and rows of a table; nothing is sent without with_costs.

        Args:
            table_id: "project.dataset.table".
            columns: Names; None for all.
            where_clause: A condition on rows in GoogleSQL.
            limit: At most so many rows.
            offset: None or 0: rows of a table have no order, so pages would repeat some and miss
                others.
            with_costs: Ask the service what it would cost, and which partitions are left out
                (`bigquery.optimize_bigquery_query`); runs and bills nothing.

        Returns:
            The SQL (also `str(query)`), and the same wish as options of `bigquery.read`.

        Raises:
            ValueError: An offset, or a name or condition that is none.
        """
        return bigquery.optimize_bigquery_query(
            self._table(table_id),
            columns,
            where_clause,
            limit,
            offset,
            with_costs=with_costs,
            connection=self.connection,
        )

    def get_table_row_count(self, table_id: Any, where_clause: str | None = None) -> int:
        """The number of rows of a table of BigQuery, or of files.

        Args:
            table_id: As in `prepare_data`, but no query.
            where_clause: Count only rows that pass this condition.

        Returns:
            How many rows there are.

        Raises:
            ValueError: A name or condition that is none.
            OSError: The table or file is not there or cannot be read.
        """
        if self._resolve(table_id)[0] == "bigquery":
            return bigquery.get_table_row_count(
                self._table(table_id), where_clause, connection=self.connection
            )
        found = inspect(table_id, where=where_clause, top=0, progress="none")
        return found.rows

    def process_bigquery_in_chunks(
        self,
        table_id: str,
        processing_fn: Callable[[bigquery.Batch], Any] | None = None,
        columns: Sequence[str] | None = None,
        where_clause: str | None = None,
        max_chunks: int | None = None,
        **options: Any,
    ) -> Any:
        """Calls a function with chunks of `chunk_size` rows, and reduces what it returns.

        Args:
            table_id: "project.dataset.table"; views as well.
            processing_fn: Called with each chunk, a `bigquery.Batch`.
            columns: Names; None for all.
            where_clause: A condition on rows in GoogleSQL.
            max_chunks: At most so many chunks.
            **options: Others of `bigquery.process_bigquery_in_chunks`: reduction, initial, ...

        Returns:
            The list of results, or what is left of the reduction.

        Raises:
            ValueError: Neither a function nor a reduction.
            OSError: The reading failed; no chunk is ever skipped.
        """
        options.setdefault("memory_limit", self._reader_bytes())
        return bigquery.process_bigquery_in_chunks(
            self._table(table_id),
            processing_fn,
            columns,
            where_clause,
            max_chunks,
            chunk_size=self.chunk_size,
            connection=self.connection,
            **options,
        )

    def process_bigquery_streaming(
        self, table_id: str, processing_fn: Callable[[Any], object], **kwargs: Any
    ) -> bigquery.StreamingSummary:
        """Calls a function with the rows of a table, batch by batch, as they come.

        Args:
            table_id: "project.dataset.table"; views as well.
            processing_fn: Called with each batch.
            **kwargs: Others of `bigquery.process_bigquery_streaming`: columns, where_clause,
                output, ...

        Returns:
            How many rows and batches there were, and the most memory that was used.

        Raises:
            ValueError: A name or condition that is none.
            OSError: The reading failed.
        """
        kwargs.setdefault("memory_limit", self._reader_bytes())
        kwargs.setdefault("connection", self.connection)
        return bigquery.process_bigquery_streaming(self._table(table_id), processing_fn, **kwargs)

    def prepare_data(
        self,
        table_id: Any,
        target_column: str | None = None,
        force_categorical_columns: Sequence[str] | None = None,
        drop_columns: Sequence[str] | None = None,
        high_null_threshold: float = 0.9,
        limit: int | None = None,
        index_col: str | None = None,
        max_chunks: int | None = None,
        *,
        where_clause: str | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        seed: int | None = None,
        threads: int | None = None,
        unit_column: str | None = None,
        resume: bool = False,
    ) -> PreparedData:
        """Makes features of a table: three splits, and what was learned from the first.

        Numbers get their missing values filled (the median) and are scaled, booleans are 0 and 1,
        text becomes columns of 0 and 1 (up to 32 values) or ids of a vocabulary, dates and times
        pairs of sine and cosine; structs are flattened to any depth. Columns that teach nothing are
        left out: constants, identifiers, those with too many nulls. `result.model.plan` tells what
        became of each.

        Args:
            table_id: A table of BigQuery ("project.dataset.table", bigquery://...), a query
                ("SELECT ..."), a file, a folder, a glob, an address, or rows in memory.
            target_column: The column to predict: kept as it is, last.
            force_categorical_columns: Columns of numbers or booleans that are categories.
            drop_columns: Columns that are no features; a struct's name means all of it.
            high_null_threshold: Columns with a larger share of nulls in the training rows are left
                out.
            limit: Only so many rows.
            index_col: The column that tells rows apart, which is no feature. One of times splits by
                time (the first 80 % train), any other keeps rows of one value in one split.
                To have a time's parts as features as well, give the table a copy of the column
                under another name. Default: the split is by whole rows, 80/10/10, so that equal
                rows stay together.
            max_chunks: Only so many times `chunk_size` rows.
            where_clause: Only rows that pass this condition.
            output_dir: Where the features, the model and the report go; None: a folder of their
                own, which is removed with the last of the splits.
            overwrite: Replaces an earlier output.
            seed: Of the split.
            threads: None: the cores that the process may use.
            unit_column: Read a table of BigQuery in ranges of this column, which outlive the
                service's sessions of six hours.
            resume: Goes on in `output_dir`, which it needs, where the same call was stopped or
                killed, with the same bytes in the end, as `extract` does; begins where none was,
                and takes a complete output as it is.

        Returns:
            Three splits, the names of their features (three times the same), the scaler and the
            imputer.

        Raises:
            ValueError: Columns that are not there, options that do not fit; with `resume` an output
                of another call, which is left as it is.
            FileNotFoundError: A file that is not there.
            OSError: Input that cannot be read.
            MemoryError: The memory limit.
            KeyboardInterrupt: Ctrl-C.
        """
        if _arguments.flag(resume, "resume") and output_dir is None:
            raise ValueError(
                "resume goes on in a folder that outlives the process: name it as output_dir"
            )
        options = {
            **self._source(
                table_id, where_clause, _least(limit, self._chunk_rows(max_chunks)), unit_column
            ),
            **run_options(
                memory=self._memory_bytes(),
                threads=threads,
                overwrite=overwrite,
                resume=resume,
                backend=self.backend,
            ),
            "target": target_column,
            "seed": seed,
            "high_null_threshold": _arguments.share(high_null_threshold, "high_null_threshold"),
            "index_column": index_col,
            "categorical": _arguments.names(force_categorical_columns, "force_categorical_columns"),
            "left_out": dict.fromkeys(
                _arguments.names(drop_columns, "drop_columns"), "it was asked to be left out"
            ),
        }
        folder = None
        if output_dir is None:
            folder = tempfile.TemporaryDirectory(prefix="emberharmony-")
            output_dir = Path(folder.name) / "features"
        result = run_extract(output_dir, options, "auto" if self.verbose else "none")
        self._result, self._model, self._folder = result, None, folder
        splits = [DataSplit(name, result.output / name, target_column, folder) for name in _SPLITS]
        names = self.model.feature_names
        if self.verbose:
            self._summarize(splits, names)
        columns = self.model.columns
        # In the table's order: model.json sorts its keys.
        learned = {name: columns[name] for name in self.model.input_schema.names if name in columns}
        return (
            *splits,
            list(names),
            list(names),
            list(names),
            FittedScaler(learned),
            FittedImputer(learned),
        )

    def _summarize(self, splits: Sequence[DataSplit], names: Sequence[str]) -> None:
        rows = ", ".join(f"{split.name} {split.num_rows:,}" for split in splits)
        print(f"{len(names)} features of {self.result.rows:,} rows: {rows}")
        for warning in self.result.warnings:
            print(f"note: {warning}")

    def _memory_bytes(self) -> int:
        return min(int(self.max_memory_gb * 2**30), _engine.default_memory_bytes())

    def _reader_bytes(self) -> int:
        """What a reader may use: rows that wait need not be many."""
        return min(self._memory_bytes() // 2, 256 << 20)

    def _chunk_rows(self, max_chunks: int | None) -> int | None:
        chunks = _arguments.optional_whole(max_chunks, "max_chunks", 1)
        return None if chunks is None else min(chunks * self.chunk_size, _arguments.INT64_MAX)

    def _resolve(self, table_id: Any) -> tuple[str, Any]:
        """What it stands for ("location", "bigquery", "query", "rows"), and its text."""
        if isinstance(table_id, str):
            return _engine.resolve_table(table_id, self.project_id or "")
        return "rows", table_id

    def _table(self, table_id: str) -> str:
        """The address of a table with its project: that of the extractor, where it has none."""
        kind, text = self._resolve(table_id)
        return text if kind == "bigquery" else table_id

    def _source(
        self, table_id: Any, where_clause: str | None, limit: int | None, unit_column: str | None
    ) -> dict[str, Any]:
        kind, source = self._resolve(table_id)
        query = source if kind == "query" else None
        source = None if kind == "query" else source
        return source_options(
            source,
            columns=None,
            where=where_clause,
            limit=limit,
            query=query,
            connection=self.connection,
            snapshot_time=None,
            unit_column=unit_column,
        )


def _least(*numbers: int | None) -> int | None:
    """The least of those that are there."""
    return min((number for number in numbers if number is not None), default=None)
