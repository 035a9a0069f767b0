"""Nothing that Python passes in crashes the process (fuzz_calls.py does the calls)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ops_case import IS_EMBER

HERE = Path(__file__).parent
EXAMPLES = int(os.environ.get("EMBER_OPS_EXAMPLES", "12"))
FIRST_SEED = int(os.environ.get("EMBER_OPS_SEEDS", "0") or "0")


@pytest.mark.skipif(not IS_EMBER, reason="only ours is to survive this")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 3))
def test_wild_calls(seed: int, tmp_path: Path) -> None:
    log = tmp_path / "calls.txt"
    paths = [str(HERE), os.environ.get("PYTHONPATH", ""), *[p for p in sys.path if "python" in p]]
    process = subprocess.run(
        [sys.executable, str(HERE / "fuzz_calls.py"), str(seed), str(400 * EXAMPLES), str(log)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=1200 + 4 * EXAMPLES,  # on busy machines
        check=False,
    )
    calls = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    last = calls[-1] if calls else "none"
    assert process.returncode == 0, (
        f"exit status {process.returncode} after {len(calls)} calls; the last was {last}\n"
        f"{process.stderr[-3000:]}"
    )
    assert len(calls) > 200 * EXAMPLES
    taken = int(process.stdout.split(" calls had a result", maxsplit=1)[0].split()[-1])
    assert taken > 20 * EXAMPLES, "arguments so wild that every call refuses them test little"
