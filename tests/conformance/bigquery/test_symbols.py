"""Several copies of OpenSSL are in the process: libparquet's, the plugin's, libcurl's.

They must not mix. The loader tells what it binds to what.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rest_double import QueryScript, RestDouble

CODE = """
import sys
import pyarrow.parquet
from emberharmony import bigquery
connection = bigquery.Connection(project_id="p", rest_endpoint=sys.argv[1])
print(bigquery.run_query("SELECT 1", connection=connection).num_rows)
"""
BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: (\w+) symbol `([^']+)'")
PLUGIN = "libemberharmony_bigquery"
# What the plugin has of its own: OpenSSL, gRPC and c-ares.
OWN = re.compile(r"^(SSL|TLS|EVP|X509|BIO|CRYPTO|OPENSSL|RSA|EC|ASN1|ERR|PEM|HMAC|SHA)_|grpc|ares_")
# libparquet itself, and whoever calls it.
MAY_BIND = ("libparquet", "libemberharmony.so", "libarrow", "_core", "_parquet", "_dataset")


class Binding(NamedTuple):
    user: Path
    provider: Path
    kind: str
    symbol: str


def bindings_of(command: list[object], folder: Path, status: int = 0) -> Iterator[Binding]:
    process = subprocess.run(
        [str(each) for each in command],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LD_DEBUG": "bindings",
            "LD_DEBUG_OUTPUT": str(folder / "bindings"),
            "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "none.json"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == status, process.stderr
    for log in folder.glob("bindings*"):
        with open(log, encoding="utf-8", errors="replace") as lines:
            for match in filter(None, map(BINDING.search, lines)):
                yield Binding(Path(match[1]), Path(match[2]), match[3], match[4])


def libcurl_bindings(command: list[object], folder: Path) -> tuple[set[str], list[Binding]]:
    """The libraries that bound something, and bindings to libparquet that should not be."""
    seen: set[str] = set()
    wrong: list[Binding] = []
    for binding in bindings_of(command, folder):
        seen.add(binding.user.name)
        # Modules of SASL, which libldap loads for itself, are never called.
        if (
            binding.kind == "normal"
            and binding.provider.name.startswith("libparquet")
            and not binding.user.name.startswith(MAY_BIND)
            and binding.user.parent.name != "sasl2"
        ):
            wrong.append(binding)
    assert any(name.startswith("libcurl") for name in seen), "no libcurl was loaded"
    return seen, wrong


def test_the_plugin_binds_to_itself(ember: Path, tmp_path: Path) -> None:
    # There are no credentials; by then the plugin is loaded, and all of its references are bound.
    location = ["bigquery://p/d/t", "--bigquery-endpoint", "example.invalid:443"]
    bindings = list(bindings_of([ember, "inspect", *location], tmp_path, status=2))
    by_plugin = [each for each in bindings if each.user.name.startswith(PLUGIN)]
    assert by_plugin, "the plugin was not loaded"
    to_others = [each for each in by_plugin if not each.provider.name.startswith(PLUGIN)]
    assert not [each for each in to_others if each.provider.name.startswith("libparquet")]
    assert not [each for each in to_others if OWN.search(each.symbol)]
    by_others = [each for each in bindings if not each.user.name.startswith(PLUGIN)]
    assert not [each for each in by_others if each.provider.name.startswith(PLUGIN)]


def test_in_python(tmp_path: Path) -> None:
    with RestDouble() as rest:
        table = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        rest.queries["SELECT 1"] = QueryScript(table, total_rows=1)
        seen, wrong = libcurl_bindings([sys.executable, "-c", CODE, rest.url], tmp_path)
    assert any(name.startswith(PLUGIN) for name in seen)
    assert not wrong


def test_where_libparquet_comes_first(root: Path, tmp_path: Path) -> None:
    """In a program that is linked to libparquet its symbols come before all that is loaded later.

    Without RTLD_DEEPBIND some 3,000 symbols of libssh2 and libcrypto are found in it.
    """
    command = [root / "build" / "bin" / "bigquery_test", "--gtest_filter=CurlTransport.*"]
    seen, wrong = libcurl_bindings(command, tmp_path)
    assert any(name.startswith("libparquet") for name in seen)
    assert not wrong
