"""Resident memory stays within --memory, or the run ends with status 4 and says what took it."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 1_000_000


@pytest.fixture(scope="module")
def distinct(tmp_path_factory):
    path = tmp_path_factory.mktemp("distinct") / "table.parquet"
    pq.write_table(pa.table({"key": [f"customer-{i:08d}" for i in range(ROWS)]}), path)
    return path


# A process starts with the peak of the one that it was forked from: a small one stands between.
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def run_measured(ember, *arguments):
    """Exit status, standard error and peak resident bytes."""
    process = subprocess.run(
        [sys.executable, "-c", MEASURE, str(ember), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, process.stderr, int(process.stdout) << 10


def test_a_vocabulary_of_a_million_strings(ember, run_ember, tmp_path, distinct):
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [key], steps: [vocabulary]}\n")
    run_ember("fit", plan, distinct, "-o", tmp_path / "model", "-q")
    statuses = set()
    for mebibytes in (128, 160, 192, 256, 512):
        for command in (
            ("extract", distinct, "--plan", plan),
            ("fit", plan, distinct),
            ("transform", tmp_path / "model", distinct),
        ):
            output = tmp_path / f"{command[0]}{mebibytes}"
            status, stderr, peak = run_measured(
                ember, *command, "-o", output, "-q", "--memory", f"{mebibytes}MiB"
            )
            assert peak <= mebibytes << 20, (command[0], mebibytes, peak >> 20, status)
            assert status in (0, 4), stderr
            statuses.add(status)
            assert output.exists() == (status == 0)
            if status == 4:
                assert "'key'" in stderr
                assert "raise --memory" in stderr
    assert statuses == {0, 4}
