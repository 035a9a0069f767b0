"""scikit-learn and SciPy take our tensors and give NumPy's results (see ecosystem_checks.py)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = (HERE / "ecosystem_checks.py").read_text(encoding="utf-8")
# What must be there, whatever the report says: the issue names these.
REQUIRED = ("PCA, full", "StandardScaler", "MinMaxScaler", "Ridge", "LinearDiscriminantAnalysis")


@pytest.fixture(scope="session")
def report() -> dict[str, str]:
    paths = [str(HERE), os.environ.get("PYTHONPATH", ""), *[p for p in sys.path if "python" in p]]
    process = subprocess.run(
        [sys.executable, str(HERE / "ecosystem_checks.py")],
        env=os.environ
        | {"SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_everything_named_is_checked(report: dict[str, str]) -> None:
    assert set(REQUIRED) <= set(report)
    assert sum(name.startswith("metrics.") for name in report) >= 15
    assert sum(name.startswith("scipy.fft.") for name in report) >= 15
    assert sum(name.startswith("scipy.stats.") for name in report) >= 25
    assert re.search(r"SCIPY_ARRAY_API", SOURCE)


def test_scikit_learn_and_scipy(report: dict[str, str]) -> None:
    faults = [f"{name}: {fault}" for name, fault in report.items() if fault]
    assert not faults, f"{len(faults)} of {len(report)}:\n" + "\n".join(faults)
