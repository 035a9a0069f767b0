"""emberharmony.bigquery reads tables, views and queries from the local server."""

import asyncio
import gc
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rest_double import QueryScript, RestDouble

from emberharmony import bigquery

ROWS = 100_000


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(7)
    n = np.arange(ROWS)
    return pa.table(
        {
            "n": n,
            "x": pa.array(rng.normal(size=ROWS), mask=n % 10 == 3),
            "s": [f"row {i}" for i in n],
            "b": n % 3 == 0,
            "m": pa.array(n * 2, mask=n % 7 == 0),
            "t": pa.array(n * 1_000_000, pa.timestamp("us", "UTC")),
        }
    )


@pytest.fixture(scope="module")
def file(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "table.parquet"
    pq.write_table(table, path, row_group_size=9_000)
    return path


@pytest.fixture
def connection(serve: Callable, file: Path) -> bigquery.Connection:
    served = serve({"p.d.t": file}, "--response-rows", 1000)
    return bigquery.Connection(storage_endpoint=served.address)


def sorted_table(reader: bigquery.Reader) -> pa.Table:
    return pa.Table.from_batches([pa.record_batch(batch) for batch in reader]).sort_by("n")


def test_every_row_comes_once(table: pa.Table, connection: bigquery.Connection) -> None:
    with bigquery.read("p.d.t", connection=connection, max_streams=4) as reader:
        found = sorted_table(reader)
        assert reader.session.num_streams == 4
        assert reader.column_names == table.column_names
    assert found.column_names == table.column_names
    for name in table.column_names:
        assert found[name].combine_chunks().to_pylist() == table[name].to_pylist(), name
    assert reader.closed
    assert reader.progress.rows == ROWS
    assert reader.progress.streams_done == 4
    with pytest.raises(ValueError, match="closed"):
        reader.read_next()


def test_columns_rows_and_limit_are_asked_for(connection: bigquery.Connection) -> None:
    with bigquery.read(
        "p.d.t", columns=["s", "n"], where="n >= 500 and n < 700", connection=connection
    ) as reader:
        found = sorted_table(reader)
    assert found.column_names == ["n", "s"]
    assert found["n"].to_pylist() == list(range(500, 700))
    with bigquery.read("p.d.t", limit=1234, max_streams=1, connection=connection) as reader:
        assert sorted_table(reader)["n"].to_pylist() == list(range(1234))
    with bigquery.read("p.d.t", limit=0, connection=connection) as reader:
        assert list(reader) == []
    with pytest.raises(ValueError, match="nothere"):
        bigquery.read("p.d.t", columns=["nothere"], connection=connection)
    with pytest.raises(FileNotFoundError, match="none"):
        bigquery.read("p.d.none", connection=connection)


def test_rows_are_counted_without_a_rest_api(connection: bigquery.Connection) -> None:
    assert bigquery.get_table_row_count("p.d.t", connection=connection) == ROWS
    assert bigquery.get_table_row_count("p.d.t", "n < 10", connection=connection) == 10


def test_other_libraries_take_batches_without_a_copy(connection: bigquery.Connection) -> None:
    with bigquery.read("p.d.t", columns=["n", "s"], connection=connection) as reader:
        batch = next(reader)
        once, twice = pa.record_batch(batch), pa.record_batch(batch)
        address = once["n"].buffers()[1].address
        assert twice["n"].buffers()[1].address == address
        assert batch.to_tensors(["n"])["n"].numpy().ctypes.data == address + 8 * once["n"].offset
        assert pl.DataFrame(batch)["n"].to_list() == once["n"].to_pylist()
        assert pd.DataFrame.from_arrow(batch)["s"].tolist() == once["s"].to_pylist()
        part = batch.slice(10, 5)
        assert len(part) == 5
        assert pa.record_batch(part)["n"].to_pylist() == once["n"].to_pylist()[10:15]
        assert pa.schema(reader).names == ["n", "s"]
    # A batch outlives its reader.
    del reader
    gc.collect()
    assert pa.record_batch(batch).equals(once)


def test_the_reader_is_a_stream_of_arrow(table: pa.Table, connection: bigquery.Connection) -> None:
    with bigquery.read("p.d.t", connection=connection) as reader:
        found = pa.table(reader).sort_by("n")
    assert found["s"].to_pylist() == table["s"].to_pylist()
    with bigquery.read("p.d.t", columns=["n"], limit=5000, connection=connection) as reader:
        assert pl.DataFrame(reader).height == 5000


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three ranges of values, and rows without one."""
    path = tmp_path_factory.mktemp("long") / "long.parquet"
    n = np.arange(1_300_000)
    key = pa.array(n * 7 % 1000, mask=n % 13 == 5)
    rows = pa.array([{"a": i} for i in range(1000)])
    pq.write_table(pa.table({"n": n, "key": key, "r": rows.take(pa.array(n % 1000))}), path)
    return path


@pytest.mark.parametrize("fault", [None, "expire:after=0,times=2", "expire:after=11,times=2"])
def test_ranges_of_a_column_outlive_sessions(
    serve: Callable, long_file: Path, fault: str | None
) -> None:
    options = ["--fault", fault] if fault else []
    served = serve({"p.d.t": long_file}, "--response-rows", 40_000, *options)
    own = bigquery.Connection(storage_endpoint=served.address)
    keys: dict[int, set[int | None]] = {}
    seen = np.zeros(1_300_000, np.int64)
    # The column by which rows are divided need not be among those that are read.
    with bigquery.read("p.d.t", columns=["n", "r"], unit_column="KEY", connection=own) as reader:
        next_row: dict[int, int] = {}
        for batch in reader:
            assert batch.first_row == next_row.get(batch.stream, 0)
            next_row[batch.stream] = batch.first_row + len(batch)
            rows = pa.record_batch(batch)
            assert rows.schema.names == ["n", "r"]
            n = rows["n"].to_numpy()
            assert rows["r"][0].as_py() == {"a": n[0] % 1000}
            np.add.at(seen, n, 1)
            own_keys = np.where(n % 13 == 5, -1, n * 7 % 1000)
            keys.setdefault(batch.stream, set()).update(np.unique(own_keys).tolist())
    assert (seen == 1).all()
    assert reader.progress.rows == 1_300_000
    assert reader.progress.streams_done == len(keys) == 4
    assert keys[0] == {-1}
    # Whole values, and none in two ranges.
    assert sum(map(len, keys.values())) == 1001


def test_ranges_with_a_limit_and_a_condition(serve: Callable, long_file: Path) -> None:
    own = bigquery.Connection(storage_endpoint=serve({"p.d.t": long_file}).address)
    rows = []
    summary = bigquery.process_bigquery_streaming(
        "p.d.t",
        lambda batch: rows.extend(pa.record_batch(batch)["n"].to_pylist()),
        columns=["n"],
        where_clause="n < 1200000 AND key IS NOT NULL",
        limit=600_000,
        unit_column="key",
        num_readers=1,
        connection=own,
    )
    assert summary.rows == len(rows) == len(set(rows)) == 600_000
    assert max(rows) < 1_200_000
    with pytest.raises(KeyError, match="did you mean 'key'"):
        bigquery.read("p.d.t", unit_column="kye", connection=own)
    with pytest.raises(ValueError, match="'r' is"):
        bigquery.read("p.d.t", unit_column="r", connection=own)
    with pytest.raises(TypeError, match="split_streams"):
        bigquery.read("p.d.t", split_streams="no", connection=own)
    # A reading that is given up leaves no thread that writes on.
    with bigquery.read("p.d.t", unit_column="key", connection=own) as reader:
        assert reader.read_next() is not None
        reader.cancel()
        with pytest.raises(InterruptedError):
            list(reader)


@pytest.mark.parametrize("split_streams", [True, False])
def test_long_streams_are_split(serve: Callable, split_streams: bool, tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    n = np.arange(12_000_000)
    pq.write_table(pa.table({"n": n}), path, compression="none", use_dictionary=False)
    served = serve({"p.d.t": path}, "--fault", "uneven")
    own = bigquery.Connection(storage_endpoint=served.address)
    seen = np.zeros(len(n), np.int8)
    streams = set()
    with bigquery.read(
        "p.d.t",
        max_streams=2,
        compression="none",
        split_streams=split_streams,
        memory_limit="64MiB",
        connection=own,
    ) as reader:
        for batch in reader:
            streams.add(batch.stream)
            seen[pa.record_batch(batch)["n"].to_numpy()] += 1
    assert (seen == 1).all()
    assert reader.progress.streams_done == 2
    assert len(streams) == 1 + reader.progress.splits
    assert (reader.progress.splits > 0) == split_streams


def test_tensors(table: pa.Table, connection: bigquery.Connection) -> None:
    with bigquery.read("p.d.t", max_streams=1, limit=5000, connection=connection) as reader:
        batches = list(reader)
        got = [b.to_tensors(["n", "x", "b", "t"]) for b in batches]
        n = np.concatenate([tensors["n"].numpy() for tensors in got])
        x = np.concatenate([tensors["x"].numpy() for tensors in got])
        b = np.concatenate([tensors["b"].numpy() for tensors in got])
        t = np.concatenate([tensors["t"].numpy() for tensors in got])
        assert n.tolist() == list(range(5000))
        expected = table["x"].slice(0, 5000).to_numpy()
        np.testing.assert_array_equal(x, expected)
        assert np.isnan(x).sum() == 500
        assert b.dtype == bool
        assert b.tolist() == table["b"].slice(0, 5000).to_pylist()
        assert t.tolist() == [i * 1_000_000 for i in range(5000)]
        with pytest.raises(ValueError, match=r"column 'm' has \d+ nulls.*fill_null"):
            batches[0].to_tensors(["m"])
        filled = batches[0].to_tensors(["m"], fill_null=-1)["m"].numpy()
        assert filled[:8].tolist() == [-1, 2, 4, 6, 8, 10, 12, -1]
        with pytest.raises(TypeError, match="column 's' of type string"):
            batches[0].to_tensors(["s"])
        with pytest.raises(KeyError, match="nothere"):
            batches[0].to_tensors(["nothere"])


def test_streaming_calls_the_function_with_every_row(connection: bigquery.Connection) -> None:
    seen: list[int] = []
    memory: list[bigquery.Progress] = []
    summary = bigquery.process_bigquery_streaming(
        "p.d.t",
        lambda batch: seen.extend(pa.record_batch(batch)["n"].to_pylist()),
        columns=["n"],
        where_clause="n < 50000",
        connection=connection,
        memory_limit="64MiB",
        monitor=memory.append,
    )
    assert sorted(seen) == list(range(50_000))
    assert summary.rows == 50_000
    assert summary.batches == len(memory)
    assert [each.rows for each in memory] == sorted(each.rows for each in memory)
    assert all(each.memory_limit == 64 << 20 for each in memory)
    assert 0 < summary.progress.peak_memory_bytes <= 64 << 20
    total = 0.0

    def add(tensors: dict) -> None:
        nonlocal total
        total += float(tensors["x"].numpy().sum())

    bigquery.process_bigquery_streaming(
        "p.d.t", add, output="tensors", columns=["x"], fill_null=0, connection=connection
    )
    assert np.isfinite(total)


def test_chunks_are_reduced_and_never_put_together(
    table: pa.Table, connection: bigquery.Connection
) -> None:
    sizes = bigquery.process_bigquery_in_chunks(
        "p.d.t", len, ["n"], chunk_size=7_777, connection=connection
    )
    assert sizes == [7_777] * (ROWS // 7_777) + [ROWS % 7_777]
    total = bigquery.process_bigquery_in_chunks(
        "p.d.t",
        lambda chunk: sum(pa.record_batch(chunk)["n"].to_pylist()),
        ["n"],
        chunk_size=33_333,
        reduction=operator.add,
        connection=connection,
    )
    assert total == sum(range(ROWS))
    assert (
        bigquery.process_bigquery_in_chunks(
            "p.d.t", len, ["n"], "n < 0", reduction=operator.add, initial=5, connection=connection
        )
        == 5
    )
    first = bigquery.process_bigquery_in_chunks(
        "p.d.t",
        lambda chunk: pa.record_batch(chunk)["n"].to_pylist(),
        ["n"],
        max_chunks=2,
        chunk_size=1_500,
        max_streams=1,
        connection=connection,
    )
    assert first == [list(range(1_500)), list(range(1_500, 3_000))]


def num_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def test_what_the_function_raises_ends_the_reading(connection: bigquery.Connection) -> None:
    bigquery.process_bigquery_streaming("p.d.t", len, limit=1, connection=connection)
    before = num_threads()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            bigquery.process_bigquery_streaming("p.d.t", lambda b: 1 / 0, connection=connection)
    # gRPC keeps a few threads of its own for a while.
    assert num_threads() <= before + 4


def test_asynchronous_reading(connection: bigquery.Connection) -> None:
    async def count() -> tuple[int, int]:
        rows = ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        async with bigquery.read("p.d.t", columns=["n"], connection=connection) as reader:
            async for batch in reader:
                rows += len(batch)
        ticking.cancel()
        return rows, ticks

    rows, ticks = asyncio.run(count())
    assert rows == ROWS
    assert ticks > 10


@pytest.fixture
def stalling(serve: Callable, file: Path) -> bigquery.Connection:
    served = serve({"p.d.t": file}, "--response-rows", 1000, "--fault", "stall:after=5,times=1000")
    return bigquery.Connection(storage_endpoint=served.address)


def test_cancelling_a_task_ends_the_reading(stalling: bigquery.Connection) -> None:
    async def read_forever() -> None:
        async with bigquery.read("p.d.t", connection=stalling) as reader:
            async for _ in reader:
                pass

    async def run() -> float:
        task = asyncio.create_task(read_forever())
        await asyncio.sleep(1)
        begin = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begin

    assert asyncio.run(run()) < 20


def test_cancel_from_another_thread(stalling: bigquery.Connection) -> None:
    with bigquery.read("p.d.t", max_streams=1, connection=stalling) as reader:
        timer = threading.Timer(0.5, reader.cancel)
        timer.start()
        begin = time.monotonic()
        with pytest.raises(InterruptedError):
            for _ in reader:
                pass
        assert time.monotonic() - begin < 20
        timer.join()


# pyarrow.table imports pandas, and Ctrl-C in the midst of an import may be lost, or turn up twice.
INTERRUPTED = """
import sys
import pandas
import pyarrow
from emberharmony import bigquery
connection = bigquery.Connection(storage_endpoint=sys.argv[1])
try:
    with bigquery.read("p.d.t", max_streams=1, connection=connection) as reader:
        print("batch" if reader.read_next() else "none", flush=True)
        if sys.argv[2] == "iterated":
            for batch in reader:
                pass
        else:
            pyarrow.table(reader)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("way", ["iterated", "as a stream"])
def test_ctrl_c_works_while_waiting(stalling: bigquery.Connection, way: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, stalling.storage_endpoint, way],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout.readline() == "batch\n"
    time.sleep(0.5)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out.endswith("interrupted\n")
    assert process.returncode == 0
    assert time.monotonic() - begin < 20


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "wide.parquet"
    rng = np.random.default_rng(1)
    with pq.ParquetWriter(path, pa.schema([(f"x{i}", pa.float64()) for i in range(8)])) as writer:
        for _ in range(10):
            columns = {f"x{i}": rng.normal(size=100_000) for i in range(8)}
            writer.write_table(pa.table(columns))
    return path


def test_memory_stays_within_its_limit_however_slow_the_caller(serve: Callable, wide: Path) -> None:
    own = bigquery.Connection(storage_endpoint=serve({"p.d.w": wide}).address)
    limit = 32 << 20  # of 64 MB
    rows = 0
    with bigquery.read("p.d.w", memory_limit=limit, connection=own) as reader:
        for i, batch in enumerate(reader):
            rows += len(batch)
            if i < 3:
                time.sleep(0.5)
            del batch
            assert reader.progress.memory_bytes <= limit
    assert rows == 1_000_000
    assert reader.progress.peak_buffered_bytes <= limit // 2
    assert reader.progress.peak_memory_bytes <= limit


def test_keeping_more_than_the_limit_is_an_error(serve: Callable, wide: Path) -> None:
    own = bigquery.Connection(storage_endpoint=serve({"p.d.w": wide}).address)
    kept = []
    with (
        pytest.raises(MemoryError, match="BigQuery reader"),
        bigquery.read("p.d.w", memory_limit="24MiB", connection=own) as reader,
    ):
        kept.extend(reader)


def test_a_broken_reading_is_an_error_and_no_shorter_table(serve: Callable, file: Path) -> None:
    served = serve({"p.d.t": file}, "--response-rows", 1000, "--fault", "corrupt:after=3,times=9")
    own = bigquery.Connection(storage_endpoint=served.address)
    got: list[bigquery.Batch] = []
    with (
        pytest.raises(OSError),
        bigquery.read("p.d.t", max_streams=1, connection=own) as reader,
    ):
        got.extend(reader)
    assert sum(map(len, got)) < ROWS


@pytest.fixture
def rest() -> RestDouble:
    with RestDouble() as double:
        yield double


def test_a_query_is_run_and_its_result_read(
    serve: Callable, file: Path, table: pa.Table, rest: RestDouble
) -> None:
    served = serve({"pay.anon.result": file})
    own = bigquery.Connection(
        project_id="pay", storage_endpoint=served.address, rest_endpoint=rest.url
    )
    destination = {"projectId": "pay", "datasetId": "anon", "tableId": "result"}
    sql = "SELECT * FROM x ORDER BY n"
    rest.queries[sql] = QueryScript(destination, bytes_processed=5 << 20, polls=2)
    with bigquery.read_query(sql, connection=own) as reader:
        assert reader.session.query_job in rest.jobs
        assert reader.session.query_bytes_billed == 5 << 20
        assert reader.session.num_streams == 1, "an order is kept"
        found = pa.table(reader)
    assert found["n"].to_pylist() == table["n"].to_pylist()


def test_what_a_query_would_cost(rest: RestDouble) -> None:
    own = bigquery.Connection(project_id="pay", rest_endpoint=rest.url)
    rest.tables["p.d.t"] = {
        "type": "TABLE",
        "numBytes": "8192",
        "numPartitions": "90",
        "timePartitioning": {"type": "DAY", "field": "day"},
        "clustering": {"fields": ["x"]},
        "schema": {"fields": [{"name": "day", "type": "DATE"}, {"name": "x", "type": "FLOAT"}]},
    }
    where = "day >= '2001-03-01' AND day < '2001-04-01' AND x > 1"
    query = bigquery.optimize_bigquery_query("p.d.t", ["x"], where)
    assert query.costs is None
    rest.queries[query.sql] = QueryScript(bytes_processed=1000)
    rest.queries["SELECT `x`, `day` FROM `p.d.t`"] = QueryScript(bytes_processed=3000)
    priced = bigquery.optimize_bigquery_query(
        "p.d.t", ["x"], where, with_costs=True, connection=own
    )
    assert (priced.sql, priced.where) == (query.sql, query.where)
    assert priced.costs == bigquery.QueryCosts(
        bytes_processed=1000,
        bytes_unpruned=3000,
        table_bytes=8192,
        partition_column="day",
        partition_type="DAY",
        num_partitions=90,
        partitions_left=[("20010301", "20010331")],
        partitions_left_text="20010301 to 20010331",
        partitions_left_max=31,
        partitions_pruned_min=59,
        clustering_columns=["x"],
    )
    assert not rest.jobs, "nothing is run"
    rest.queries["SELECT * FROM `p.d.t`"] = QueryScript(bytes_processed=8000)
    costs = bigquery.optimize_bigquery_query("p.d.t", with_costs=True, connection=own).costs
    assert (costs.partitions_left, costs.partitions_left_text) == (None, "all")
    assert (costs.bytes_processed, costs.bytes_unpruned) == (8000, None)
    assert bigquery.get_table("p.d.t", connection=own).num_partitions == 90
    with pytest.raises(OSError, match="none"):
        bigquery.optimize_bigquery_query("p.d.none", with_costs=True, connection=own)
    with pytest.raises(TypeError, match="with_costs"):
        bigquery.optimize_bigquery_query("p.d.t", with_costs="yes")


def test_a_view_is_read_by_way_of_a_query(serve: Callable, file: Path, rest: RestDouble) -> None:
    served = serve({"pay.anon.result": file})
    own = bigquery.Connection(storage_endpoint=served.address, rest_endpoint=rest.url)
    rest.tables["p.d.v"] = {"type": "VIEW"}
    destination = {"projectId": "pay", "datasetId": "anon", "tableId": "result"}
    sql = "SELECT `s`, `n` FROM `p.d.v` WHERE n > 5"
    rest.queries[sql] = QueryScript(destination)
    with bigquery.read("p.d.v", columns=["s", "n"], where="n>5", connection=own) as reader:
        assert reader.session.query_job in rest.jobs
        assert reader.column_names == ["n", "s"]
        assert pa.table(reader).num_rows == ROWS
    # What is no view fails as it did.
    rest.tables["p.d.x"] = {"type": "TABLE", "numRows": "1"}
    with pytest.raises(OSError, match=r"d/tables/x|d\.x"):
        bigquery.read("p.d.x", connection=own)
