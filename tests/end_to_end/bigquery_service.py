"""Tables served by the local BigQuery Storage server."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serve(ember: Path, tables: dict[str, Path], *options: str) -> Iterator[str]:
    """Runs `ember serve-bigquery` with these tables; gives its HOST:PORT."""
    arguments = [f"--table={name}={path}" for name, path in tables.items()]
    with subprocess.Popen(
        [str(ember), "serve-bigquery", "--port", "0", *arguments, *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield line.split()[-1]
        finally:
            process.terminate()
            process.wait(timeout=30)
