"""The conformance suite of backends: each one against native, all operations, all in all dtypes.

`--backend NAME` (of native, torch, mlx, numpy; by default all) chooses; `make conformance-backends`
prints how much each computes itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backend_table import column_of, section_of

from emberharmony import ops

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[2] / "docs" / "reference" / "backends.md"
TIMEOUT_S = 300


def sweep_of(backend: str) -> dict[str, Any]:
    """What backend_sweep.py finds."""
    environment = {**os.environ, "ARROW_DEBUG_MEMORY_POOL": "abort"}
    environment.pop("EMBERHARMONY_BACKEND", None)
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *sys.path])
    process = subprocess.run(
        [sys.executable, HERE / "backend_sweep.py", backend],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-4000:]
    return json.loads(process.stdout)


def test_every_operation_is_right(backend: str, record_property: Callable[..., None]) -> None:
    found = sweep_of(backend)
    assert not found["faults"], "\n".join(found["faults"])
    for op, each in found["ops"].items():
        assert each["calls"], f"no call reaches {op}"
        if backend != "native":
            assert each["ran"] + each["fell_back"] >= each["calls"] * 0.5, op
    own = sum(1 for each in found["ops"].values() if not all(each["answers"].values()))
    ran = sum(each["ran"] for each in found["ops"].values())
    all_calls = ran + sum(each["fell_back"] for each in found["ops"].values())
    share = 100 * ran / all_calls if all_calls else 100.0
    record_property(
        "backend",
        f"{backend} ({found['framework'] or 'built in'}): computes {own} of {len(found['ops'])} "
        f"operations, and {share:.1f} % of {all_calls} calls, without falling back to native",
    )
    if os.environ.get("EMBER_WRITE_BACKENDS"):
        (Path(os.environ["EMBER_WRITE_BACKENDS"]) / f"{backend}.json").write_text(json.dumps(found))
    elif backend != "native":
        page = PAGE.read_text(encoding="utf-8")
        wrong = f"{PAGE.name} tells other things of {backend}: run `make reference-backends`"
        assert section_of(backend, found) in page, wrong
        assert column_of(page, backend) == column_of(backend, found), wrong


def test_the_suite_finds_what_is_wrong() -> None:
    faults = "\n".join(sweep_of("lying")["faults"])
    for fault in (
        "add of float32",
        "sin of float32",
        "wrote into or around its inputs",
        "argmax of int16",
        "negative of float32",
    ):
        assert fault in faults
    assert "another result" in faults
    assert "subtract" not in faults


@pytest.mark.parametrize("draw", ["normal", "uniform", "exponential", "bits"])
def test_a_seed_gives_the_same_bits(backend: str, draw: str) -> None:
    function = getattr(ops.random, draw)
    drawn = {}
    for name in ("native", backend):
        with ops.use_backend(name):
            ops.random.set_seed(5)
            drawn[name] = [function((1000,)).tolist() for _ in range(2)]
    assert drawn["native"] == drawn[backend]
    assert drawn[backend][0] != drawn[backend][1]
