"""emberharmony beside what it is used with, imported in every order, each order in a process.

By default some orders; EMBER_IMPORT_ORDERS=all (`make import-orders`, minutes) tries all 120.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORT = {
    "emberharmony": "from emberharmony import ops",
    "torch": "import torch",
    "mlx": "import mlx.core",
    "pyarrow": "import pyarrow",
    "grpc": "import grpc",
}
# What each is used for once all are there; the plugins of emberharmony, where they are built, load
# the same frameworks.
USE = {
    "emberharmony": """
for name in {plugins}:
    with ops.use_backend(name):
        assert ops.add(ops.ones(3), 1.0).tolist() == [2.0, 2.0, 2.0], name
        assert ops.matmul(ops.ones((4, 4)), ops.ones((4, 4))).tolist()[3] == [4.0] * 4, name
        assert ops.backend_counts(reset=True)["matmul"]["ran"] == 1, name
assert ops.linalg.inv(ops.asarray([[2.0]])).tolist() == [[0.5]]
""",
    "torch": "assert torch.matmul(torch.ones(4, 4), torch.ones(4, 4)).sum().item() == 64.0",
    "mlx": """
ones = mlx.core.ones((4, 4))
assert mlx.core.matmul(ones, ones).sum().item() == 64.0
""",
    "pyarrow": """
import pyarrow.compute
table = pyarrow.table({{"x": [1, 2, 3]}})
assert pyarrow.compute.sum(table["x"]).as_py() == 6
assert ops.sum(ops.asarray(table["x"].combine_chunks())) == 6
""",
    "grpc": "grpc.insecure_channel('127.0.0.1:1').close()",
}
PRESENT = [name for name in IMPORT if importlib.util.find_spec(name)]
LIBRARIES = Path(__file__).resolve().parents[2] / "build" / "lib"
PLUGINS = [
    name
    for name in ("torch", "mlx")
    if (LIBRARIES / f"libemberharmony_backend_{name}.so").exists() and name in PRESENT
]
ORDERS = list(itertools.permutations(PRESENT))
if os.environ.get("EMBER_IMPORT_ORDERS") != "all":
    # Each one comes first at times, and each pair in both orders.
    ORDERS = ORDERS[:: max(1, len(ORDERS) // 10)]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_every_order_of_imports_works(order: tuple[str, ...]) -> None:
    lines = [IMPORT[name] for name in order]
    # Twice, the second time backwards: what one has loaded has broken no other.
    lines += [USE[name].format(plugins=PLUGINS) for name in (*order, *reversed(order))]
    process = subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, "print('done')"])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (process.returncode, process.stdout) == (0, "done\n"), process.stderr
