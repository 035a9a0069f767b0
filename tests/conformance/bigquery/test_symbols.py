"""Two versions of OpenSSL are in the process, libparquet's and the system's: they must not mix."""

import os
import re
import subprocess
import sys
from pathlib import Path

from rest_double import QueryScript, RestDouble

CODE = """
import sys
import pyarrow.parquet
from emberharmony import bigquery
connection = bigquery.Connection(project_id="p", rest_endpoint=sys.argv[1])
print(bigquery.run_query("SELECT 1", connection=connection).num_rows)
"""
BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: normal symbol `([^']+)'")
# libparquet itself, and whoever calls it.
MAY_BIND = ("libparquet", "libemberharmony.so", "libarrow", "_core", "_parquet", "_dataset")


def wrong_bindings(command: list[object], folder: Path) -> tuple[set[str], set[tuple[str, ...]]]:
    """The libraries that bound something, and bindings to libparquet that should not be."""
    process = subprocess.run(
        [str(each) for each in command],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LD_DEBUG": "bindings",
            "LD_DEBUG_OUTPUT": str(folder / "bindings"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    seen: set[str] = set()
    wrong: set[tuple[str, ...]] = set()
    for log in folder.glob("bindings*"):
        with open(log, encoding="utf-8", errors="replace") as lines:
            for match in filter(None, map(BINDING.search, lines)):
                user, provider = Path(match[1]), Path(match[2])
                seen.add(user.name)
                # Modules of SASL, which libldap loads for itself, are never called.
                if (
                    provider.name.startswith("libparquet")
                    and not user.name.startswith(MAY_BIND)
                    and user.parent.name != "sasl2"
                ):
                    wrong.add((user.name, match[3]))
    assert any(name.startswith("libcurl") for name in seen), "no libcurl was loaded"
    return seen, wrong


def test_in_python(tmp_path: Path) -> None:
    with RestDouble() as rest:
        table = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        rest.queries["SELECT 1"] = QueryScript(table, total_rows=1)
        seen, wrong = wrong_bindings([sys.executable, "-c", CODE, rest.url], tmp_path)
    assert any(name.startswith("libemberharmony_bigquery") for name in seen)
    assert not wrong


def test_where_libparquet_comes_first(root: Path, tmp_path: Path) -> None:
    """In a program that is linked to libparquet its symbols come before all that is loaded later.

    Without RTLD_DEEPBIND some 3,000 symbols of libssh2 and libcrypto are found in it.
    """
    command = [root / "build" / "bin" / "bigquery_test", "--gtest_filter=CurlTransport.*"]
    seen, wrong = wrong_bindings(command, tmp_path)
    assert any(name.startswith("libparquet") for name in seen)
    assert not wrong
