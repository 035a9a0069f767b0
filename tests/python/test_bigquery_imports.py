"""The plugin beside the libraries that bring gRPC, protobuf, OpenSSL or Arrow of their own."""

import importlib.util
import os
import subprocess
import sys

import pytest

USE = {
    "emberharmony": (
        "from emberharmony import bigquery; "
        "from emberharmony.bigquery._core import core; core.describe_plugin()"
    ),
    "google.cloud.bigquery_storage": (
        "from google.cloud import bigquery_storage as s; s.types.ReadSession(table='x')"
    ),
    "grpc": "import grpc; grpc.insecure_channel('127.0.0.1:1').close()",
    "pyarrow": "import pyarrow.parquet",
    "ssl": "import hashlib, ssl; ssl.create_default_context()",
    "torch": "import torch; torch.ones(3).sum()",
}
PRESENT = [name for name in USE if importlib.util.find_spec(name.split(".")[0])]


def orders() -> list[tuple[str, ...]]:
    """Each library comes first once, and the package comes at every place."""
    others = [name for name in PRESENT if name != "emberharmony"]
    found = []
    for place in range(len(PRESENT)):
        turned = others[place % len(others) :] + others[: place % len(others)]
        found.append((*turned[:place], "emberharmony", *turned[place:]))
    return found


@pytest.mark.parametrize("order", orders(), ids=lambda order: "-".join(order))
def test_any_order_of_imports_works(order: tuple[str, ...]) -> None:
    # Twice: what one has loaded the other must not have broken.
    code = "\n".join(USE[name] for name in [*order, *order])
    code += "\nfrom emberharmony import ops; assert ops.sum(ops.ones(3)) == 3; print('done')"
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (process.returncode, process.stdout) == (0, "done\n"), process.stderr
