"""Reading a table or a query's result, batch by batch."""

from __future__ import annotations

import asyncio
import atexit
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from emberharmony._errors import ColumnNotFoundError, unknown_column
from emberharmony.bigquery import _arguments, _columns
from emberharmony.bigquery._batch import Batch
from emberharmony.bigquery._connection import Connection
from emberharmony.bigquery._core import core

Compression = Literal["none", "lz4", "zstd"]

# Threads that read on while the process takes itself apart would end it with a crash.
atexit.register(core.close_readers)

# As many connections as have ever been of use, many times over.
_READERS_MAX = 64

_UNITS = {"B": 1, "": 1}
for _power, _letter in enumerate("KMGT", start=1):
    _UNITS[f"{_letter}IB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power


def byte_size(size: int | str, name: str) -> int:
    """Bytes of 1000, "512MiB", "1 GB"."""
    if isinstance(size, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", size)
        unit = _UNITS.get(match[2].upper()) if match else None
        if match is None or unit is None:
            raise ValueError(f"{name}: expected bytes such as '512MiB', found {size!r}")
        size = int(float(match[1]) * unit)
    return _arguments.whole(size, name, 1)


@dataclass(frozen=True)
class Session:
    """What the service said when the reading began.

    Attributes:
        name: The session's name; its streams are readable until it expires.
        num_streams: Parts of the table that are read at the same time; 0 for an empty table.
        expire_time: When the session ends; None: not told.
        estimated_row_count: None: not told.
        estimated_bytes_scanned: What the reading is billed for; None: not told.
        query_job: The job of the query whose result is read; None for tables.
        query_bytes_billed: What that query was billed for.
    """

    name: str
    num_streams: int
    expire_time: datetime | None
    estimated_row_count: int | None
    estimated_bytes_scanned: int | None
    query_job: str | None
    query_bytes_billed: int


@dataclass(frozen=True)
class Progress:
    """What a reading has done so far, and the memory it uses.

    Attributes:
        rows: Rows received.
        wire_bytes: Bytes of rows as they came, compressed.
        decoded_bytes: Bytes of the batches.
        responses: Messages received.
        reconnects: How often a stream was resumed where it had broken off.
        streams_done: Streams that have been read to their end; with a unit column, ranges.
        splits: Streams whose rest another reader has taken over.
        throttle_percent: How much the service slows the reading down, 0 to 100.
        buffered_bytes: Bytes that wait for the caller now.
        peak_buffered_bytes: The most that ever waited.
        memory_bytes: Bytes that the reading uses now: what waits, what is being decoded, and
            batches that the caller still holds.
        peak_memory_bytes: The most that it ever used.
        memory_limit: What it may use.
    """

    rows: int
    wire_bytes: int
    decoded_bytes: int
    responses: int
    reconnects: int
    streams_done: int
    splits: int
    throttle_percent: int
    buffered_bytes: int
    peak_buffered_bytes: int
    memory_bytes: int
    peak_memory_bytes: int
    memory_limit: int


class Reader:
    """Rows of a table or of a query's result, as they come: an iterator of batches.

    ```python
    with bigquery.read("project.dataset.table", columns=["x", "y"]) as reader:
        for batch in reader:  # or: async for batch in reader
            table = pyarrow.table(batch)
    ```

    Rows are received in the background while the caller works; when a quarter of the memory limit
    waits for the caller, receiving pauses. The whole can also be handed to an Arrow consumer:
    `polars.DataFrame(reader)`, `pyarrow.RecordBatchReader.from_stream(reader)`.

    Batches of several streams come in any order. One thread at a time iterates; `cancel` and
    `progress` may be used from any. Close it, or use it in a `with`, to end the reading at a place
    that you choose.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._session = _session_of(reader.session())
        self._progress: Progress | None = None
        self._executor: ThreadPoolExecutor | None = None

    @property
    def session(self) -> Session:
        """What the service said when the reading began."""
        return self._session

    @property
    def progress(self) -> Progress:
        """What has been done, and the memory in use; after closing, how it ended."""
        if self._progress is not None:
            return self._progress
        return Progress(**self._reader.counters())

    @property
    def column_names(self) -> list[str]:
        """The names of the columns that are read."""
        return self._reader.column_names()

    @property
    def closed(self) -> bool:
        """Whether the reading is over."""
        return self._reader.closed

    def cancel(self) -> None:
        """Ends the reading within a second; who waits for a batch gets InterruptedError."""
        self._reader.cancel()

    def close(self) -> None:
        """Ends the reading, and waits until its threads have ended. Twice does no harm."""
        if not self._reader.closed:
            # A reader from before a fork has nothing to tell.
            self._progress = None if self._reader.forked else Progress(**self._reader.counters())
            self._reader.close()
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None

    def read_next(self) -> Batch | None:
        """The next batch.

        Returns:
            A batch, or None after the last one.

        Raises:
            OSError: The reading failed; it cannot be gone on with.
            MemoryError: The memory limit: the caller keeps too many batches.
            InterruptedError: It was cancelled.
            ValueError: The reader is closed.
        """
        batch = self._reader.next()
        return None if batch is None else Batch(batch)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        batch = self.read_next()
        if batch is None:
            raise StopIteration
        return batch

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        if self._executor is None:
            # A thread of its own: the loop's may all be waiting for other things.
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="bigquery-reader")
        loop = asyncio.get_running_loop()
        try:
            batch = await loop.run_in_executor(self._executor, self.read_next)
        except asyncio.CancelledError:
            self.cancel()
            raise
        if batch is None:
            raise StopAsyncIteration
        return batch

    async def aclose(self) -> None:
        """Closes it without blocking the event loop."""
        self._cancel_if_open()
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def _cancel_if_open(self) -> None:
        """Like cancel, but does nothing when it is closed."""
        if not self._reader.closed:
            self._reader.cancel()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __arrow_c_schema__(self) -> object:
        """The schema (Arrow PyCapsule interface)."""
        return self._reader.arrow_schema()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows that are left (Arrow PyCapsule interface); a requested schema is ignored."""
        return self._reader.arrow_stream()


def _session_of(session: dict[str, Any]) -> Session:
    expire = session["expire_micros"]
    return Session(
        name=session["name"],
        num_streams=session["num_streams"],
        expire_time=datetime.fromtimestamp(expire / 1e6, UTC) if expire else None,
        estimated_row_count=session["estimated_row_count"] or None,
        estimated_bytes_scanned=session["estimated_bytes_scanned"] or None,
        query_job=session["query_job"] or None,
        query_bytes_billed=session["query_bytes_billed"],
    )


def _options(
    *,
    columns: Sequence[str] = (),
    row_restriction: str = "",
    limit: int | None = None,
    snapshot_time: datetime | None = None,
    sample_percentage: float | None = None,
    compression: str = "lz4",
    num_readers: int = 4,
    max_streams: int = 0,
    memory_limit: int | str = "256MiB",
    bytes_billed_max: int = 0,
    location: str | None = None,
    unit_column: str | None = None,
    split_streams: bool = True,
    views: bool = True,
) -> dict[str, Any]:
    micros = None
    if snapshot_time is not None:
        if not isinstance(snapshot_time, datetime):
            raise TypeError(f"snapshot_time: expected a datetime, found {snapshot_time!r}")
        if snapshot_time.tzinfo is None:
            raise ValueError("snapshot_time: expected a time with a time zone, found none")
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        delta = snapshot_time - epoch
        micros = (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds
    if sample_percentage is not None and not isinstance(sample_percentage, (int, float)):
        raise TypeError(f"sample_percentage: expected a number, found {sample_percentage!r}")
    if unit_column == "":
        raise ValueError("unit_column: expected the name of a column, or None, found ''")
    most = _arguments.INT32_MAX
    return {
        "columns": list(columns),
        "row_restriction": row_restriction,
        "limit": _arguments.optional_whole(limit, "limit", 0),
        "snapshot_micros": micros,
        "sample_percentage": sample_percentage,
        "compression": _arguments.text(compression, "compression"),
        "num_readers": _arguments.whole(num_readers, "num_readers", 1, _READERS_MAX),
        "max_streams": _arguments.whole(max_streams, "max_streams", 0, most),
        "memory_limit": byte_size(memory_limit, "memory_limit"),
        "bytes_billed_max": _arguments.whole(bytes_billed_max, "bytes_billed_max", 0),
        "location": _arguments.optional_text(location, "location"),
        "unit_column": _arguments.optional_text(unit_column, "unit_column"),
        "split_streams": _arguments.flag(split_streams, "split_streams"),
        "views": views,  # False: a view is an error, rather than a query that is billed
    }


def _plan_of(
    table_id: str, columns: Sequence[str] | None, where: str | None, limit: int | None
) -> tuple[str, list[str], str, int | None]:
    """The SQL for some rows of a table; columns, condition and limit in their final form."""
    return core.plan_query(
        _arguments.text(table_id, "table_id"),
        _arguments.names(columns, "columns"),
        _arguments.optional_text(where, "where"),
        _arguments.optional_whole(limit, "limit", 0),
    )


def settings_of(connection: Connection | None) -> dict[str, str]:
    """What the compiled half takes; TypeError for what is no connection."""
    if connection is None:
        connection = Connection()
    if not isinstance(connection, Connection):
        raise TypeError(f"connection: expected a Connection, found {connection!r}")
    return connection._settings()


def read(
    table_id: str,
    *,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    snapshot_time: datetime | None = None,
    sample_percentage: float | None = None,
    connection: Connection | None = None,
    memory_limit: int | str = "256MiB",
    num_readers: int = 4,
    max_streams: int = 16,
    compression: Compression = "lz4",
    unit_column: str | None = None,
    split_streams: bool = True,
) -> Reader:
    """Begins to read a table, or a view.

    Columns and rows are chosen by the service, so that only those are sent and billed. A view is
    read by way of a query over it, whose result the service keeps for a day; that needs the REST
    API, and bills the bytes that the query processes.

    Args:
        table_id: "project.dataset.table", or bigquery://project/dataset/table.
        columns: Names, or "struct.child"; None for all. They come in the table's order.
        where: A condition on rows in GoogleSQL, e.g. "delay > 60 AND origin IN ('SFO', 'OAK')";
            None for all rows. Of a table that is partitioned by the time of ingestion it may
            restrict _PARTITIONTIME, and _PARTITIONDATE where partitions are days.
        limit: At most so many rows, whichever come first; None for all.
        snapshot_time: The table as of then (with a time zone); None: as of now.
        sample_percentage: Read only some blocks of the table, about so many per cent of its rows.
        connection: How BigQuery is reached; None: by what the environment says.
        memory_limit: Bytes, or "512MiB": what rows may use, with batches that the caller still
            holds. A quarter of it may wait for the caller. gRPC's buffers come on top.
        num_readers: Streams that are read at the same time.
        max_streams: Streams that the service makes at most; 0: as many as it likes, at some memory
            for each. With 1 rows come in one fixed order.
        compression: How rows are compressed on their way: "lz4", "zstd" or "none".
        unit_column: Read in ranges of this column, each in a session of its own at one instant, for
            tables that take longer than the six hours of a session: one that expires costs its
            range, which is read again. Best the column that the table is partitioned or clustered
            by. Its values are read first, to find the ranges; a range waits on disk ($TMPDIR, or
            /tmp) until it has come in full. `Batch.stream` is then the range's number.
        split_streams: Whether a reader without a stream may have the service split a long one and
            take over its rest, whose batches then have a `Batch.stream` of their own. With
            max_streams 1, which keeps an order, none is split.

    Returns:
        A reader.

    Raises:
        ColumnNotFoundError: Columns, a unit_column, or columns of the condition that the table
            lacks; it is a ValueError and a KeyError, and names the nearest column that there is.
        ValueError: Something else that the caller can mend: a name, a condition, missing
            credentials, no condition on the partitions of a table that requires one.
        NotFoundError: There is no such table or dataset; it is a FileNotFoundError as well.
        OSError: The table cannot be read, or the service cannot be reached.
    """
    plan = _plan_of(table_id, columns, where, limit)
    options = _options(
        columns=plan[1],
        row_restriction=plan[2],
        limit=plan[3],
        snapshot_time=snapshot_time,
        sample_percentage=sample_percentage,
        compression=compression,
        num_readers=num_readers,
        max_streams=max_streams,
        memory_limit=memory_limit,
        unit_column=unit_column,
        split_streams=split_streams,
    )
    try:
        return Reader(core.open_reader(table_id, None, settings_of(connection), options))
    except ColumnNotFoundError:
        raise
    except ValueError:
        fields = _fields_of(table_id, plan[2], connection)
        if fields is not None:
            asked = [_columns.parts(column) for column in plan[1]]
            asked += core.condition_columns(plan[2]) if plan[2] else []
            if unknown := _columns.find_unknown(asked, fields):
                raise unknown_column(*unknown, f"a column of {table_id}") from None
        raise


def _fields_of(
    table_id: str, where: str, connection: Connection | None
) -> list[dict[str, Any]] | None:
    """The columns of a table or a view, found at no cost; None where nobody tells.

    A session tells them, of whose rows none is read. Some tables are only shown to a session with a
    condition on their partitions; of a view the REST API tells what it has.
    """
    settings = settings_of(connection)
    conditions = [""]
    for condition in conditions:
        options = _options(row_restriction=condition, limit=0, max_streams=1, views=False)
        try:
            with Reader(core.open_reader(table_id, None, settings, options)) as reader:
                return reader._reader.fields()
        except (ValueError, OSError) as error:
            # One of the terms may be wrong, and another one enough; or the partitions' column.
            if not condition and where and core.requires_partition_filter(str(error)):
                conditions += core.conditions_to_show(where)
                conditions += filter(None, [core.condition_on_partitions(str(error))])
    if not core.has_rest_api(settings):
        return None
    settings["billing_project"] = settings["billing_project"] or core.parse_table(table_id)[0]
    try:
        return core.connect_jobs(settings, "").get_table(table_id)["fields"]
    except (ValueError, OSError):
        return None


def read_query(
    sql: str,
    *,
    connection: Connection | None = None,
    limit: int | None = None,
    bytes_billed_max: int = 0,
    memory_limit: int | str = "256MiB",
    num_readers: int = 4,
    max_streams: int | None = None,
    compression: Compression = "lz4",
    unit_column: str | None = None,
    split_streams: bool = True,
) -> Reader:
    """Runs a query and begins to read its result.

    Args:
        sql: A SELECT in GoogleSQL.
        connection: How BigQuery is reached; its project_id pays.
        limit: At most so many rows of the result.
        bytes_billed_max: The query fails, at no charge, if it would bill more bytes; 0: no limit.
        memory_limit: As in `read`.
        num_readers: As in `read`.
        max_streams: As in `read`; None: one if the query has an ORDER BY, whose order would be
            lost otherwise, else 16.
        compression: As in `read`.
        unit_column: As in `read`; a column of the result. An order of the query is then lost.
        split_streams: As in `read`.

    Returns:
        A reader.

    Raises:
        ValueError: A query that BigQuery refuses, or that yields no rows; no project.
        OSError: The query failed, or the service cannot be reached.
    """
    _arguments.text(sql, "sql")
    settings = settings_of(connection)
    if max_streams is None:
        max_streams = 1 if re.search(r"\border\s+by\b", sql, re.IGNORECASE) else 16
    options = _options(
        limit=limit,
        compression=compression,
        num_readers=num_readers,
        max_streams=max_streams,
        memory_limit=memory_limit,
        bytes_billed_max=bytes_billed_max,
        location=connection.location if connection else None,
        unit_column=unit_column,
        split_streams=split_streams,
    )
    return Reader(core.open_reader(None, sql, settings, options))
