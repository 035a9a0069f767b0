"""What the command `ember` does, as functions."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from emberharmony import _core
from emberharmony._errors import missing_files
from emberharmony._model import Model, load_model
from emberharmony._paths import path_text
from emberharmony._progress import Progress, display_for
from emberharmony._sources import Plan, Source, plan_options, run_options, source_options
from emberharmony.bigquery import Connection, _arguments

_engine: Any = _core.engine

FilePath = str | os.PathLike[str]
LogLevel = Literal["debug", "info", "warning", "error", "off"]

_NO_PLAN = {
    "plan_text": None,
    "plan_name": "plan",
    "plan_path": "",
    "target": None,
    "seed": None,
    "high_null_threshold": 0.9,
    "index_column": None,
    "categorical": [],
    "left_out": {},
    "model": "",
    "output": "",
    "top_values": 5,
}


@dataclass(frozen=True)
class RunResult:
    """What a run has done.

    Attributes:
        rows: Rows that were read, after `where` and `limit`; of a model that `resume` finds
            complete those that it has learned from, as far as it tells.
        warnings: What to look at before trusting the output.
        report: The figures of the run (run_report.json): time, memory, phases.
    """

    rows: int
    warnings: list[str]
    report: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class FitResult(RunResult):
    """A model that was written.

    Attributes:
        model_path: Its folder.
    """

    model_path: Path

    @property
    def model(self) -> Model:
        """The model, loaded."""
        return load_model(self.model_path)


@dataclass(frozen=True)
class TransformResult(RunResult):
    """Features that were written.

    Attributes:
        output: Their folder, which `batches` reads.
        manifest: What is in it (manifest.json): shards with their rows and checksums.
    """

    output: Path
    manifest: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ExtractResult(RunResult):
    """Features for training, validation and test, and the model that made them.

    Attributes:
        output: The folder.
        dropped_rows: Rows without a target, where the plan leaves those out.
        split_rows: Rows of each split, by its name.
        manifest: What is in the folder (manifest.json): shards with their rows and checksums.
    """

    output: Path
    dropped_rows: int
    split_rows: dict[str, int]
    manifest: dict[str, Any] = field(repr=False)

    @property
    def paths(self) -> dict[str, Path]:
        """The folder of each split, by its name; `batches` reads them."""
        return {name: self.output / name for name in self.split_rows}

    @property
    def model_path(self) -> Path:
        """The model's folder."""
        return self.output / "model"

    @property
    def model(self) -> Model:
        """The model, loaded."""
        return load_model(self.model_path)


class Document(Mapping[str, Any]):
    """A document of the engine: a mapping that shows itself as JSON."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def __getitem__(self, name: str) -> Any:
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def to_dict(self) -> dict[str, Any]:
        """The document as dicts and lists, a copy, which `json.dumps` takes."""
        return copy.deepcopy(self._content)

    def to_json(self) -> str:
        """The document as the command prints it with --json."""
        return json.dumps(self._content, indent=2, ensure_ascii=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json()})"


class Inspection(Document):
    """What is in a table: `inspection["columns"]` is a list with a dict for each column."""

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return self._content["rows"]

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """What was found in each column, by its name."""
        return {column["name"]: column for column in self._content["columns"]}


class Explanation(Document):
    """What a run would do: passes over the data, bytes, memory, the columns it would write."""


def _run(command: str, options: dict[str, Any], progress: Progress) -> str:
    options = {**_NO_PLAN, **options}
    with missing_files([*options["locations"], options["model"]]):
        return _engine.run(command, options, display_for(progress))


def _report(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    content = json.loads(text)
    return content["report"], content["manifest"]


def run_extract(output: FilePath, options: dict[str, Any], progress: Progress) -> ExtractResult:
    """`extract` with options that are complete but for the output."""
    text = _run("extract", {**options, "output": path_text(output, "out")}, progress)
    report, manifest = _report(text)
    return ExtractResult(
        rows=report["rows"],
        warnings=report["warnings"],
        report=report,
        output=Path(output),
        dropped_rows=report["dropped_rows"],
        split_rows={name: split["rows"] for name, split in manifest["splits"].items()},
        manifest=manifest,
    )


def extract(
    source: Source,
    out: FilePath,
    *,
    target: str | None = None,
    plan: Plan | None = None,
    seed: int | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    high_null_threshold: float = 0.9,
    memory: int | str | None = None,
    threads: int | None = None,
    batch_rows: int = 65536,
    spill_dir: FilePath | None = None,
    content_checksum: bool = False,
    keep_state: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    backend: str = "auto",
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> ExtractResult:
    """Plans, fits, splits and transforms a table in one go: `ember extract`.

    The folder appears when it is complete, with the same bytes (but for the report's figures) as
    the command's. It holds train/, validation/ and test/ with the features, model/, manifest.json
    and report.html.

    Args:
        source: A path, a folder, a glob, an address (s3://, gs://,
            bigquery://project/dataset/table), a list of local ones, or rows in memory: whatever has
            `__arrow_c_stream__` (a table of pyarrow, Polars or pandas). None with query.
        out: The folder to write to.
        target: The column to predict: passed on as it is, last.
        plan: A plan: the path of one, YAML text, or a dict. None: an automatic plan.
        seed: Of the split; written into the model's plan.
        columns: Only these columns; None for all.
        where: Only rows that pass this filter, e.g. "delay > 60 AND origin IN ('SFO', 'OAK')".
        limit: Only the first rows, of those that pass.
        high_null_threshold: An automatic plan leaves out columns with a larger share of nulls.
        memory: The limit of the process's resident memory: bytes, or "1GiB"; at least 128 MiB.
            None: three quarters of the machine's.
        threads: None: the cores that the process may use.
        batch_rows: Rows that are decoded at a time; shapes no result.
        spill_dir: A folder for what does not fit into memory; None: inside the output.
        content_checksum: Adds checksums to the manifest that do not depend on the rows' order.
        keep_state: Keeps in the model what `merge` needs.
        overwrite: Replaces an earlier output.
        resume: Goes on where the same call was interrupted, with the same bytes in the end; begins
            where there is nothing to go on from, and does nothing where the output is complete.
            `memory`, `threads`, `batch_rows` and `spill_dir` may differ. Rows in memory cannot be
            told to be the same again: with them it begins anew.
        backend: Who computes numeric steps: "native", "torch", "mlx", "numpy" or another that
            `ops.describe_backends` tells of. "auto": native, and for matrix steps (pca) an
            accelerator where there is one. What is learned, ids, splits and counts are the same on
            every backend; other numbers may differ in their last bits.
        progress: "auto": a bar in terminals and notebooks; "bar": also elsewhere; "none"; or a
            function that is called with a dict several times a second.
        log_level: What the engine tells the logger "emberharmony.engine" of Python's logging
            meanwhile: "debug", "info", "warning" or "error" and above; None: nothing.
        query: Instead of a source: a SELECT that BigQuery runs, and whose result is read.
        connection: How BigQuery is reached; None: by what the environment says.
        snapshot_time: The BigQuery table as it was then, with a time zone.
        unit_column: Read the BigQuery table in ranges of this column, which outlive the service's
            sessions and become the units; None: the plan's unit_column. Best the column that the
            table is partitioned or clustered by.

    Returns:
        Rows of each split, the folder's paths, the manifest; `result.model` is the model.

    Raises:
        ValueError: Options, a plan or a target that do not fit; an output that exists.
        FileNotFoundError: A source that is not there.
        OSError: Input that cannot be read, values that a step refuses.
        MemoryError: The memory limit.
        KeyboardInterrupt: Ctrl-C; what is done is kept in the folder, for resume.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **plan_options(plan),
        **run_options(
            memory=memory,
            threads=threads,
            batch_rows=batch_rows,
            spill_dir=spill_dir,
            content_checksum=content_checksum,
            keep_state=keep_state,
            overwrite=overwrite,
            resume=resume,
            backend=backend,
            log_level=log_level,
        ),
        "target": target,
        "seed": seed,
        "high_null_threshold": _arguments.share(high_null_threshold, "high_null_threshold"),
    }
    return run_extract(out, options, progress)


def fit(
    source: Source,
    out: FilePath,
    *,
    plan: Plan | None = None,
    target: str | None = None,
    seed: int | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    high_null_threshold: float = 0.9,
    memory: int | str | None = None,
    threads: int | None = None,
    batch_rows: int = 65536,
    spill_dir: FilePath | None = None,
    overwrite: bool = False,
    resume: bool = False,
    backend: str = "auto",
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> FitResult:
    """Learns what a plan needs from a table's training rows, and writes the model: `ember fit`.

    Args:
        source: As in `extract`.
        out: The model's folder, which `load_model`, `transform` and `merge` read.
        plan: As in `extract`.
        target: As in `extract`.
        seed: As in `extract`.
        columns: As in `extract`.
        where: As in `extract`.
        limit: As in `extract`.
        high_null_threshold: As in `extract`.
        memory: As in `extract`.
        threads: As in `extract`.
        batch_rows: As in `extract`.
        spill_dir: As in `extract`.
        overwrite: As in `extract`.
        resume: As in `extract`.
        backend: As in `extract`.
        progress: As in `extract`.
        log_level: As in `extract`.
        query: As in `extract`.
        connection: As in `extract`.
        snapshot_time: As in `extract`.
        unit_column: As in `extract`.

    Returns:
        The model's folder; `result.model` is the model.

    Raises:
        ValueError: As in `extract`.
        OSError: As in `extract`.
        MemoryError: As in `extract`.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **plan_options(plan),
        **run_options(
            memory=memory,
            threads=threads,
            batch_rows=batch_rows,
            spill_dir=spill_dir,
            overwrite=overwrite,
            resume=resume,
            backend=backend,
            log_level=log_level,
        ),
        "target": target,
        "seed": seed,
        "high_null_threshold": _arguments.share(high_null_threshold, "high_null_threshold"),
        "output": path_text(out, "out"),
    }
    report, _ = _report(_run("fit", options, progress))
    return FitResult(
        rows=report["rows"], warnings=report["warnings"], report=report, model_path=Path(out)
    )


def transform(
    model: FilePath | Model,
    source: Source,
    out: FilePath,
    *,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    memory: int | str | None = None,
    threads: int | None = None,
    batch_rows: int = 65536,
    spill_dir: FilePath | None = None,
    content_checksum: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    backend: str = "auto",
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> TransformResult:
    """Applies a model to all rows of a table, and writes their features: `ember transform`.

    Args:
        model: A model's folder, or a model that was loaded from one.
        source: As in `extract`.
        out: The folder to write to.
        columns: As in `extract`.
        where: As in `extract`.
        limit: As in `extract`.
        memory: As in `extract`.
        threads: As in `extract`.
        batch_rows: As in `extract`.
        spill_dir: As in `extract`.
        content_checksum: As in `extract`.
        overwrite: As in `extract`.
        resume: As in `extract`.
        backend: As in `extract`.
        progress: As in `extract`.
        log_level: As in `extract`.
        query: As in `extract`.
        connection: As in `extract`.
        snapshot_time: As in `extract`.
        unit_column: As in `extract`.

    Returns:
        The folder and its manifest.

    Raises:
        ValueError: Columns that the model needs and the table has not, an output that exists.
        OSError: As in `extract`.
        MemoryError: As in `extract`.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **run_options(
            memory=memory,
            threads=threads,
            batch_rows=batch_rows,
            spill_dir=spill_dir,
            content_checksum=content_checksum,
            overwrite=overwrite,
            resume=resume,
            backend=backend,
            log_level=log_level,
        ),
        "output": path_text(out, "out"),
        "model": path_text(model.path if isinstance(model, Model) else model, "model"),
    }
    report, manifest = _report(_run("transform", options, progress))
    return TransformResult(
        rows=report["rows"],
        warnings=report["warnings"],
        report=report,
        output=Path(out),
        manifest=manifest,
    )


def merge(
    models: Sequence[FilePath],
    out: FilePath,
    *,
    memory: int | str | None = None,
    threads: int | None = None,
    spill_dir: FilePath | None = None,
    overwrite: bool = False,
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
) -> FitResult:
    """One model from the fits of disjoint parts of a table: `ember merge`.

    It is, bit by bit, what one fit of the whole would have given.

    Args:
        models: Folders of `fit`, or of `extract` with keep_state.
        out: The model's folder.
        memory: As in `extract`.
        threads: As in `extract`.
        spill_dir: As in `extract`.
        overwrite: As in `extract`.
        progress: As in `extract`.
        log_level: As in `extract`.

    Returns:
        The model's folder; `result.model` is the model.

    Raises:
        ValueError: Models of different plans, or without their states.
        OSError: A model that cannot be read.
    """
    if isinstance(models, str | os.PathLike):
        raise TypeError(f"models: expected a list of models' folders, found {models!r}")
    folders = [path_text(model, f"models[{index}]") for index, model in enumerate(models)]
    options = run_options(
        memory=memory,
        threads=threads,
        spill_dir=spill_dir,
        overwrite=overwrite,
        log_level=log_level,
    )
    with missing_files(folders):
        text = _engine.merge(folders, path_text(out, "out"), options, display_for(progress))
    report, _ = _report(text)
    return FitResult(
        rows=report["rows"], warnings=report["warnings"], report=report, model_path=Path(out)
    )


def inspect(
    source: Source,
    *,
    top: int = 5,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    high_null_threshold: float = 0.9,
    memory: int | str | None = None,
    threads: int | None = None,
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> Inspection:
    """Tells what is in each column of a table, from one pass over all rows: `ember inspect`.

    Args:
        source: As in `extract`.
        top: Most frequent values told of each column.
        columns: As in `extract`.
        where: As in `extract`.
        limit: As in `extract`.
        high_null_threshold: Of the steps that it suggests.
        memory: As in `extract`.
        threads: As in `extract`.
        progress: As in `extract`.
        log_level: As in `extract`.
        query: As in `extract`.
        connection: As in `extract`.
        snapshot_time: As in `extract`.
        unit_column: As in `extract`.

    Returns:
        A mapping; `inspection.columns[name]` has type, nulls, distinct values, quantiles and more.

    Raises:
        ValueError: As in `extract`.
        OSError: As in `extract`.
        MemoryError: As in `extract`.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **run_options(memory=memory, threads=threads, log_level=log_level),
        "high_null_threshold": _arguments.share(high_null_threshold, "high_null_threshold"),
        "top_values": _arguments.whole(top, "top", 0),
    }
    return Inspection(json.loads(_run("inspect", options, progress)))


def plan(
    source: Source,
    *,
    target: str | None = None,
    seed: int | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    high_null_threshold: float = 0.9,
    memory: int | str | None = None,
    threads: int | None = None,
    progress: Progress = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> str:
    """An automatic plan for a table, to be looked at and changed: `ember plan`.

    Args:
        source: As in `extract`.
        target: As in `extract`.
        seed: As in `extract`.
        columns: As in `extract`.
        where: As in `extract`.
        limit: As in `extract`.
        high_null_threshold: As in `extract`.
        memory: As in `extract`.
        threads: As in `extract`.
        progress: As in `extract`.
        log_level: As in `extract`.
        query: As in `extract`.
        connection: As in `extract`.
        snapshot_time: As in `extract`.
        unit_column: As in `extract`.

    Returns:
        YAML text, which `extract` and `fit` take as their plan.

    Raises:
        ValueError: As in `extract`.
        OSError: As in `extract`.
        MemoryError: As in `extract`.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **run_options(memory=memory, threads=threads, log_level=log_level),
        "target": target,
        "seed": seed,
        "high_null_threshold": _arguments.share(high_null_threshold, "high_null_threshold"),
    }
    return _run("plan", options, progress)


def explain(
    plan: Plan,
    source: Source,
    *,
    target: str | None = None,
    seed: int | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    memory: int | str | None = None,
    threads: int | None = None,
    content_checksum: bool = False,
    backend: str = "auto",
    log_level: LogLevel | None = None,
    query: str | None = None,
    connection: Connection | None = None,
    snapshot_time: datetime | None = None,
    unit_column: str | None = None,
) -> Explanation:
    """Tells what a run of a plan would do, before it is run: `ember explain`.

    Args:
        plan: As in `extract`.
        source: As in `extract`.
        target: As in `extract`.
        seed: As in `extract`.
        columns: As in `extract`.
        where: As in `extract`.
        limit: As in `extract`.
        memory: As in `extract`.
        threads: As in `extract`.
        content_checksum: Of a run with checksums.
        backend: Of a run with this backend.
        log_level: As in `extract`.
        query: As in `extract`.
        connection: As in `extract`.
        snapshot_time: As in `extract`.
        unit_column: As in `extract`.

    Returns:
        A mapping: passes over the data, bytes, the peak of memory, the columns it would write.

    Raises:
        ValueError: What a run would refuse.
        OSError: As in `extract`.
    """
    options = {
        **source_options(
            source,
            columns=columns,
            where=where,
            limit=limit,
            query=query,
            connection=connection,
            snapshot_time=snapshot_time,
            unit_column=unit_column,
        ),
        **plan_options(plan),
        **run_options(
            memory=memory,
            threads=threads,
            content_checksum=content_checksum,
            backend=backend,
            log_level=log_level,
        ),
        "target": target,
        "seed": seed,
    }
    return Explanation(json.loads(_run("explain", options, "none")))
