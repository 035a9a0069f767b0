"""What goes wrong around emberharmony.bigquery: wrong arguments, forks, an interpreter that ends
while rows come, servers that are not there. Never a crash, never a wait without end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emberharmony import ColumnNotFoundError, bigquery

ROWS = 200_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "table.parquet"
    pq.write_table(pa.table({"n": np.arange(ROWS), "s": [f"row {i}" for i in range(ROWS)]}), path)
    return path


@pytest.fixture
def address(serve: Callable, file: Path) -> str:
    return serve({"p.d.t": file}, "--response-rows", 500).address


def test_columns_that_are_not_there(tmp_path: Path, serve: Callable) -> None:
    table = pa.table({"day": [1, 2], "Place": [{"city": "a"}, {"city": "b"}]})
    pq.write_table(table, tmp_path / "t.parquet")
    own = bigquery.Connection(storage_endpoint=serve({"p.d.t": tmp_path / "t.parquet"}).address)
    for wrong in ({"columns": ["Place", "dya"]}, {"unit_column": "dya"}):
        with pytest.raises(ColumnNotFoundError, match=r"'dya'.*did you mean 'day'") as error:
            bigquery.read("p.d.t", connection=own, **wrong)
        assert isinstance(error.value, KeyError)
        assert isinstance(error.value, ValueError)
    # What is wrong with something else is told as before.
    with pytest.raises(ValueError) as error:
        bigquery.read("p.d.t", columns=["PLACE.city"], where="day > 'x'", connection=own)
    assert not isinstance(error.value, ColumnNotFoundError)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"table_id": None}, TypeError, "table_id: expected a str, found None"),
        ({"table_id": b"p.d.t"}, TypeError, "table_id: expected a str"),
        ({"columns": "n"}, TypeError, r"columns: expected a list of names.*found 'n'"),
        ({"columns": ["n", 1]}, TypeError, r"columns\[1\]: expected a str, found 1"),
        ({"columns": 3}, TypeError, "columns: expected a list of names"),
        ({"where": 3}, TypeError, "where: expected a str"),
        ({"where": "\ud800"}, ValueError, r"where: expected text that UTF-8 can hold, found '\\ud"),
        ({"columns": ["n", "\ud800"]}, ValueError, r"columns\[1\]: expected text that UTF-8"),
        ({"compression": "\ud800"}, ValueError, "compression: expected text that UTF-8"),
        ({"unit_column": "\ud800"}, ValueError, "unit_column: expected text that UTF-8"),
        ({"unit_column": ""}, ValueError, "unit_column: expected the name of a column"),
        ({"where": "n > 1\0"}, ValueError, "filter:1:6"),
        ({"limit": 1.5}, TypeError, "limit: expected an int, found 1.5"),
        ({"limit": True}, TypeError, "limit: expected an int, found True"),
        ({"limit": -1}, ValueError, "limit: expected a number from 0"),
        ({"limit": 2**64}, ValueError, "limit: expected a number from 0"),
        ({"memory_limit": None}, TypeError, "memory_limit: expected an int"),
        ({"memory_limit": 2**70}, ValueError, "memory_limit: expected a number from 1"),
        ({"memory_limit": "99999999999TB"}, ValueError, "memory_limit: expected a number from 1"),
        ({"num_readers": 0}, ValueError, "num_readers: expected a number from 1 to 64"),
        ({"num_readers": "4"}, TypeError, "num_readers: expected an int"),
        ({"max_streams": 2**31}, ValueError, "max_streams: expected a number from 0"),
        ({"max_streams": -1}, ValueError, "max_streams: expected a number from 0"),
        ({"compression": None}, TypeError, "compression: expected a str"),
        ({"compression": "gzip"}, ValueError, "expected 'none', 'lz4' or 'zstd'"),
        ({"snapshot_time": "now"}, TypeError, "snapshot_time: expected a datetime"),
        ({"snapshot_time": date(2026, 1, 1)}, TypeError, "snapshot_time: expected a datetime"),
        ({"sample_percentage": "x"}, TypeError, "sample_percentage: expected a number"),
        ({"connection": 3}, TypeError, "connection: expected a Connection, found 3"),
        (
            {"connection": bigquery.Connection(storage_endpoint=3)},
            TypeError,
            "storage_endpoint: expected a str, found 3",
        ),
    ],
)
def test_wrong_arguments_are_told_by_name(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    # Nothing answers there: all of them are found out before anything is sent.
    nowhere = bigquery.Connection(storage_endpoint="localhost:1")
    with pytest.raises(error, match=message):
        bigquery.read(**{"table_id": "p.d.t", "connection": nowhere, **arguments})


def test_wrong_functions_are_told_by_name() -> None:
    for function in (None, 3):
        with pytest.raises(TypeError, match="processing_fn: expected a function"):
            bigquery.process_bigquery_streaming("p.d.t", function)
    with pytest.raises(TypeError, match="monitor: expected a function"):
        bigquery.process_bigquery_streaming("p.d.t", len, monitor=3)
    with pytest.raises(TypeError, match="chunk_size: expected an int"):
        bigquery.process_bigquery_in_chunks("p.d.t", len, chunk_size=1.5)
    with pytest.raises(ValueError, match="max_chunks: expected a number from 0"):
        bigquery.process_bigquery_in_chunks("p.d.t", len, max_chunks=-1)
    with pytest.raises(TypeError, match="project_id: expected a str"):
        bigquery.setup_bigquery_connection(project_id=3)
    with pytest.raises(TypeError, match="sql: expected a str"):
        bigquery.read_query(None)


def test_a_port_without_a_server_is_told_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begin = time.monotonic()
    connection = bigquery.Connection(storage_endpoint=f"localhost:{port}")
    with pytest.raises(OSError, match=rf"at localhost:{port}: UNAVAILABLE.*does a Storage Read"):
        bigquery.read("p.d.t", connection=connection)
    connection = bigquery.Connection(rest_endpoint=f"http://localhost:{port}", project_id="p")
    with pytest.raises(OSError, match=rf"port {port}.*address of the REST API"):
        bigquery.get_table("p.d.t", connection=connection)
    assert time.monotonic() - begin < 10


def run_python(address: str, program: str) -> subprocess.CompletedProcess[str]:
    head = f"""
import os, sys, threading, time
from emberharmony import bigquery
connection = bigquery.Connection(storage_endpoint={address!r})
"""
    return subprocess.run(
        [sys.executable, "-c", head + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("round_", range(5))
def test_the_interpreter_may_end_while_threads_read(address: str, round_: int) -> None:
    program = """
started = threading.Event()
def read_for_ever():
    while True:
        for batch in bigquery.read("p.d.t", connection=connection, memory_limit="64MiB"):
            started.set()
for _ in range(3):
    threading.Thread(target=read_for_ever, daemon=True).start()
kept = bigquery.read("p.d.t", connection=connection)
next(kept)
started.wait()
sys.exit(7)
"""
    process = run_python(address, program)
    assert process.returncode == 7, process.stderr


def test_a_fork_is_told_what_it_cannot_do(address: str) -> None:
    program = """
reader = bigquery.read("p.d.t", connection=connection)
rows = len(next(reader))
child = os.fork()
if child == 0:
    try:
        for action in (
            lambda: next(reader),
            lambda: reader.progress,
            lambda: bigquery.read("p.d.t", connection=connection),
        ):
            try:
                action()
            except ValueError as error:
                assert "fork" in str(error), error
            else:
                raise AssertionError("expected an error")
        reader.cancel()
        reader.close()
        del reader
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)
    sys.exit(5)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 5, status
print(rows + sum(map(len, reader)))
"""
    process = run_python(address, program)
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) == ROWS


def test_a_fork_from_a_process_that_has_not_read_may_read(address: str) -> None:
    program = """
child = os.fork()
rows = sum(map(len, bigquery.read("p.d.t", connection=connection)))
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0
print(rows)
"""
    process = run_python(address, program)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == [str(ROWS)] * 2
