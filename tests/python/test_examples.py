"""The training examples: what they train predicts better after each run than before."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["train_numpy", "train_torch", "train_mlx"])
def test_training_lowers_the_error(name: str, root: Path, flights: Path) -> None:
    library = name.removeprefix("train_")
    if library != "numpy":
        pytest.importorskip(f"{library}.core" if library == "mlx" else library)
    done = subprocess.run(
        [sys.executable, root / "examples" / f"{name}.py", flights, "--rows", "50000"],
        env={**os.environ, "PYTHONPATH": str(root / "build" / "python"), "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    epochs = [float(text) for text in re.findall(r"^epoch \d: (.*)$", done.stdout, re.MULTILINE)]
    before, after = map(float, re.search(r"error: (\S+) before, (\S+) after", done.stdout).groups())
    assert len(epochs) == 3
    assert after < 0.99 * before
    assert after == epochs[-1]
