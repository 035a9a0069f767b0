"""Functions over the batches of a table, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from emberharmony._core import Tensor
from emberharmony.bigquery import _arguments
from emberharmony.bigquery._batch import Batch, concatenated
from emberharmony.bigquery._connection import Connection
from emberharmony.bigquery._reader import Progress, Reader, read


@dataclass(frozen=True)
class StreamingSummary:
    """What was read.

    Attributes:
        rows: Rows that the function was given.
        batches: How often it was called.
        progress: What the reading did, with the most memory that it used.
    """

    rows: int
    batches: int
    progress: Progress


def process_bigquery_streaming(
    table_id: str,
    processing_fn: Callable[[Any], object],
    *,
    output: Literal["batches", "tensors"] = "batches",
    columns: Sequence[str] | None = None,
    where_clause: str | None = None,
    limit: int | None = None,
    fill_null: float | None = None,
    monitor: Callable[[Progress], object] | None = None,
    connection: Connection | None = None,
    memory_limit: int | str = "256MiB",
    **options: Any,
) -> StreamingSummary:
    """Calls a function with the rows of a table, batch by batch, as they come.

    The next batches are received while the function works; if it is slower, receiving pauses, so
    that memory stays within the limit. What the function raises ends the reading and is raised
    here. A batch that it keeps stays in memory, and counts.

    Args:
        table_id: "project.dataset.table", or bigquery://project/dataset/table; views as well.
        processing_fn: Called with each batch: a `Batch`, which pyarrow, Polars and pandas take
            without a copy, or a dict of tensors.
        output: What it is called with: "batches" or "tensors".
        columns: Names; None for all.
        where_clause: A condition on rows in GoogleSQL.
        limit: At most so many rows.
        fill_null: With tensors: what stands for a null.
        monitor: Called after each batch with the progress: rows, bytes, memory now and at most.
        connection: How BigQuery is reached.
        memory_limit: Bytes, or "512MiB".
        **options: Others of `read`: num_readers, max_streams, snapshot_time, sample_percentage,
            compression, unit_column, split_streams.

    Returns:
        How many rows and batches there were, and the most memory that was used.

    Raises:
        ValueError: As `read`.
        OSError: As `read`; and when the reading fails on its way: it is never gone on with in
            silence.
        MemoryError: The function keeps more batches than the limit allows.

    Examples:
        ```python
        totals = []
        bigquery.process_bigquery_streaming(
            "project.dataset.flights",
            lambda batch: totals.append(pyarrow.compute.sum(pyarrow.record_batch(batch)["delay"])),
            columns=["delay"],
        )
        ```
    """
    if output not in ("batches", "tensors"):
        raise ValueError(f"output: expected 'batches' or 'tensors', found {output!r}")
    for name, function in (("processing_fn", processing_fn), ("monitor", monitor)):
        if not callable(function) and (function is not None or name == "processing_fn"):
            raise TypeError(f"{name}: expected a function, found {function!r}")
    rows = batches = 0
    with read(
        table_id,
        columns=columns,
        where=where_clause,
        limit=limit,
        connection=connection,
        memory_limit=memory_limit,
        **options,
    ) as reader:
        for batch in reader:
            rows += batch.num_rows
            batches += 1
            if output == "tensors":
                tensors: dict[str, Tensor] = batch.to_tensors(fill_null=fill_null)
                del batch
                processing_fn(tensors)
                del tensors
            else:
                processing_fn(batch)
                del batch
            if monitor is not None:
                monitor(reader.progress)
    return StreamingSummary(rows=rows, batches=batches, progress=reader.progress)


def _chunks(reader: Reader, chunk_rows: int) -> Iterator[Batch]:
    """Batches of exactly `chunk_rows` rows, but for the last one."""
    waiting: list[Batch] = []
    num_rows = 0
    for batch in reader:
        start = 0
        while num_rows + batch.num_rows - start >= chunk_rows:
            taken = chunk_rows - num_rows
            yield concatenated([*waiting, batch.slice(start, taken)])
            start += taken
            waiting, num_rows = [], 0
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            num_rows += batch.num_rows - start
    if waiting:
        yield concatenated(waiting)


def process_bigquery_in_chunks(
    table_id: str,
    processing_fn: Callable[[Batch], Any] | None = None,
    columns: Sequence[str] | None = None,
    where_clause: str | None = None,
    max_chunks: int | None = None,
    *,
    reduction: Callable[[Any, Any], Any] | None = None,
    initial: Any = None,
    chunk_size: int = 100_000,
    connection: Connection | None = None,
    memory_limit: int | str = "256MiB",
    **options: Any,
) -> Any:
    """Calls a function with chunks of equally many rows, and reduces what it returns.

    Chunks are never put together: a table of any size is processed in bounded memory, if what the
    function returns is small.

    Args:
        table_id: "project.dataset.table"; views as well.
        processing_fn: Called with each chunk; None: the chunk itself, which then needs a reduction.
        columns: Names; None for all.
        where_clause: A condition on rows in GoogleSQL.
        max_chunks: At most so many chunks; None: all.
        reduction: Called with what was reduced so far and what the function returned for the next
            chunk; returns what both are together. None: the results are returned as a list.
        initial: What the reduction begins with; None: the first chunk's result.
        chunk_size: Rows of a chunk; the last one may have fewer.
        connection: How BigQuery is reached.
        memory_limit: Bytes, or "512MiB".
        **options: Others of `read`.

    Returns:
        What is left of the reduction (`initial` if there are no rows), or the list of results.

    Raises:
        ValueError: Neither a function nor a reduction: that would hold the whole table in memory.
        OSError: The reading failed; no chunk is ever skipped.

    Examples:
        ```python
        bigquery.process_bigquery_in_chunks(
            "project.dataset.flights", lambda chunk: chunk.num_rows, reduction=operator.add
        )
        ```
    """
    if processing_fn is None and reduction is None:
        raise ValueError(
            "expected processing_fn or reduction: without either the whole table would be kept in "
            "memory; bigquery.read hands out its batches"
        )
    chunk_size = _arguments.whole(chunk_size, "chunk_size", 1)
    max_chunks = _arguments.optional_whole(max_chunks, "max_chunks", 0)
    limit = None if max_chunks is None else min(max_chunks * chunk_size, _arguments.INT64_MAX)
    results: list[Any] = []
    reduced = initial
    begun = initial is not None
    with read(
        table_id,
        columns=columns,
        where=where_clause,
        limit=limit,
        connection=connection,
        memory_limit=memory_limit,
        **options,
    ) as reader:
        for chunk in _chunks(reader, chunk_size):
            result = chunk if processing_fn is None else processing_fn(chunk)
            del chunk
            if reduction is None:
                results.append(result)
            else:
                reduced = reduction(reduced, result) if begun else result
                begun = True
    return results if reduction is None else reduced
