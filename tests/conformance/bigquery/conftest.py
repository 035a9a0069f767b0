"""A local BigQuery Storage server for each test that wants one."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from served_tables import Served, stop


@pytest.fixture
def serve(ember: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers: `serve({"p.d.t": file}, "--response-rows", 100)`; they stop with the test."""
    with contextlib.ExitStack() as stack:

        def start(tables: dict[str, Path], *options: object) -> Served:
            command = [str(ember), "serve-bigquery", "--port", "0"]
            for name, path in tables.items():
                command += ["--table", f"{name}={path}"]
            process = subprocess.Popen(
                [*command, *map(str, options)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(stop, process)
            line = process.stdout.readline()
            assert line.startswith("listening on "), process.stderr.read()
            served = Served(process, line.removeprefix("listening on ").strip())
            stack.callback(lambda: [channel.close() for channel in served.channels])
            return served

        yield start
