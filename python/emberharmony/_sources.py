"""What a run reads, in the form in which the compiled half takes it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from emberharmony._errors import NotFoundError
from emberharmony._paths import path_text
from emberharmony.bigquery import Connection, _arguments
from emberharmony.bigquery._reader import byte_size
from emberharmony.ops._backends import prepare_backend

Source = Any
"""A path, a folder, a glob, an address (s3://, gs://, bigquery://project/dataset/table), a list of
local ones, or rows in memory: whatever has `__arrow_c_stream__` (tables of pyarrow, Polars and
pandas)."""

Plan = str | os.PathLike[str] | dict[str, Any]


def stream_of(rows: Any) -> Any | None:
    """The capsule of an object with the Arrow PyCapsule interface; None: it has none."""
    if hasattr(rows, "__arrow_c_stream__"):
        return rows.__arrow_c_stream__()
    if hasattr(rows, "__arrow_c_array__"):
        import pyarrow

        return pyarrow.table(pyarrow.record_batch(rows)).__arrow_c_stream__()
    return None


def locations_of(source: Any) -> list[str]:
    """The locations that a source names, absolute where they are several."""
    if isinstance(source, str | os.PathLike):
        return [path_text(source, "source")]
    if isinstance(source, Sequence) and all(isinstance(each, str | os.PathLike) for each in source):
        if not source:
            raise ValueError("source: expected at least one path, found an empty list")
        paths = [path_text(each, f"source[{index}]") for index, each in enumerate(source)]
        if len(paths) == 1:
            return paths
        return [path if "://" in path else os.path.abspath(path) for path in paths]
    raise TypeError(
        "source: expected a path, a list of paths, or rows with __arrow_c_stream__ (a table of "
        f"pyarrow, Polars or pandas), found {type(source).__name__}"
    )


def _micros_of(snapshot_time: datetime | None) -> int | None:
    if snapshot_time is None:
        return None
    if not isinstance(snapshot_time, datetime):
        raise TypeError(f"snapshot_time: expected a datetime, found {type(snapshot_time).__name__}")
    if snapshot_time.tzinfo is None:
        raise ValueError("snapshot_time: expected a time with a time zone, found none")
    delta = snapshot_time - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds


def source_options(
    source: Any,
    *,
    columns: Sequence[str] | None,
    where: str | None,
    limit: int | None,
    query: str | None,
    connection: Connection | None,
    snapshot_time: datetime | None,
    unit_column: str | None,
) -> dict[str, Any]:
    """The part of a run's options that says what it reads.

    Raises:
        ValueError: A source beside a query, neither of them, a time without a zone.
        TypeError: A source that is none.
    """
    if connection is not None and not isinstance(connection, Connection):
        raise TypeError(
            "connection: expected what bigquery.setup_bigquery_connection returns, found "
            f"{type(connection).__name__}"
        )
    options: dict[str, Any] = {
        "columns": _arguments.names(columns, "columns"),
        "where": None if where is None else _arguments.text(where, "where"),
        "limit": _arguments.optional_whole(limit, "limit", 0),
        "query": query,
        "locations": [],
        "stream": None,
        "connection": (connection or Connection())._settings(),
        "snapshot_micros": _micros_of(snapshot_time),
        "unit_column": unit_column,
    }
    if query is not None:
        if source is not None:
            raise ValueError("expected a source or query=, found both: give None as the source")
        return options
    if source is None:
        raise ValueError("expected a source, found None: give a path, rows, or query=")
    if not isinstance(source, str | os.PathLike):
        options["stream"] = stream_of(source)
    if options["stream"] is None:
        options["locations"] = locations_of(source)
    return options


def plan_options(plan: Plan | None) -> dict[str, str | None]:
    """The text of a plan, what messages call it, and the file that it is from.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: Something that is no plan, or has something in it that plans have not.
        ValueError: An empty text.
    """
    if plan is None:
        return {"plan_text": None, "plan_name": "plan", "plan_path": ""}
    if isinstance(plan, dict):
        return {"plan_text": _plan_text(plan), "plan_name": "plan", "plan_path": ""}
    if isinstance(plan, str) and "\n" in plan:
        return {"plan_text": plan, "plan_name": "plan", "plan_path": ""}
    if not isinstance(plan, str | os.PathLike):
        raise TypeError(f"plan: expected a path, YAML text or a dict, found {type(plan).__name__}")
    path = path_text(plan, "plan")
    if not path.strip():
        raise ValueError(
            f"plan: expected a path, YAML text or a dict, found {path!r}; None makes a plan"
        )
    return {"plan_text": _file_text(path), "plan_name": path, "plan_path": path}


def _file_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"plan: expected UTF-8 in {path!r:.200}, found {error.reason}") from None
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
        raise NotFoundError(
            f"plan: there is no file {path!r:.200}; a text is taken for YAML where it has a line "
            "break, and for a path else"
        ) from None


def _plan_text(plan: dict[Any, Any]) -> str:
    """A plan of Python's values as JSON, which is YAML."""
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat(sep=" ")
        if isinstance(value, date):
            return value.isoformat()
        if type(value).__module__ == "numpy":  # its numbers and arrays
            return value.tolist()
        raise TypeError(
            "plan: expected a dict of texts, numbers, dates, lists and dicts, found "
            f"{type(value).__name__} in it"
        )

    try:
        return json.dumps(plan, default=plain)
    except TypeError as error:
        if str(error).startswith("plan: "):
            raise
        raise TypeError(f"plan: expected a dict whose keys are texts: {error}") from None
    except ValueError:
        raise ValueError("plan: expected a dict, found one that contains itself") from None
    except RecursionError:
        raise ValueError("plan: expected a dict of few levels, found one nested too deep") from None


def run_options(
    *,
    memory: int | str | None = None,
    threads: int | None = None,
    batch_rows: int = 65536,
    spill_dir: str | os.PathLike[str] | None = None,
    content_checksum: bool = False,
    keep_state: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    backend: str = "auto",
    log_level: str | None = None,
) -> dict[str, Any]:
    """The part of a run's options that says how it is carried out.

    Raises:
        ValueError: Numbers out of range, a backend that is not there, both overwrite and resume.
    """
    if overwrite and resume:
        raise ValueError(
            "overwrite starts over and resume goes on: expected one of them, found both"
        )
    threads = _arguments.optional_whole(threads, "threads", 1, 1024)
    return {
        "memory_bytes": 0 if memory is None else byte_size(memory, "memory"),
        "threads": threads or 0,
        "batch_rows": _arguments.whole(batch_rows, "batch_rows", 1),
        "spill_dir": "" if spill_dir is None else path_text(spill_dir, "spill_dir"),
        "content_checksum": _arguments.flag(content_checksum, "content_checksum"),
        "keep_state": _arguments.flag(keep_state, "keep_state"),
        "overwrite": _arguments.flag(overwrite, "overwrite"),
        "resume": _arguments.flag(resume, "resume"),
        "log_level": None if log_level is None else _arguments.text(log_level, "log_level"),
        "backend": prepare_backend(backend),
    }
