"""Resident memory stays within --memory, or the run ends with status 4 and says what took it.

Few limits and small tables by default; `make memory` sets EMBER_MEMORY_MATRIX=full, for larger
tables under more limits, and prints what was measured.
"""

import filecmp
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from memory_tables import ALL_TRAINING, TABLES, Case, arrow_dictionary, numbered

FULL = os.environ.get("EMBER_MEMORY_MATRIX") == "full"
LIMITS = (128, 192, 256, 384) if FULL else (128, 256)
THREADS = (1, 2, 8) if FULL else (1, 8)
SCALE = 4 if FULL else 1

# From these limits on (in MiB) the small tables are small enough, however many threads there are.
MUST_FIT = {
    "long_row_group": 128,
    "distinct": 128,
    "long_dictionaries": 256,
    "arrow_dictionary": 128,
    "many_files": 128,
    "one_hot": 128,
    "keyed": 128,
    "components": 128,
    "encoded_targets": 256,
    "merge": 128,
}

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
        [sys.executable, "-S", "-c", MEASURE, str(ember), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,  # one that waits for ever is told as such
    )
    return process.returncode, process.stderr, int(process.stdout) << 10


def check_run(ember, name, limit, threads, output, *arguments):
    """Runs within the limit, or ends with the names of consumer and limit and without output."""
    status, stderr, peak = run_measured(
        ember, *arguments, "-o", output, "-q", "--memory", f"{limit}MiB", "--threads", threads
    )
    if FULL:
        print(f"| {name} | {arguments[0]} | {limit} | {threads} | {peak / 2**20:.0f} | {status} |")
    assert peak <= limit << 20, (peak >> 20, status, stderr)
    # 2: the automatic plan finds nothing to keep.
    assert status in (0, 2, 4), stderr
    assert Path(output).exists() == (status == 0)
    if status == 4:
        assert f"{limit}MiB" in stderr
        assert "raise --memory" in stderr
        assert ": " in stderr.removeprefix("ember: "), f"no consumer is named: {stderr}"
        if name == "distinct":
            assert "'key'" in stderr
    if not FULL and limit >= MUST_FIT.get(name, 1 << 20):
        assert status == 0, stderr
    return status


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    made = {}

    def case(name: str) -> Case:
        if name not in made:
            made[name] = TABLES[name](tmp_path_factory.mktemp(name), SCALE)
        return made[name]

    return case


def same_files(first: Path, second: Path) -> bool:
    """Whether two output folders hold the same bytes, reports aside."""
    names = {
        path.relative_to(first)
        for path in first.rglob("*")
        if path.is_file() and path.name not in ("report.html", "run_report.json")
    }
    return all(filecmp.cmp(first / name, second / name, shallow=False) for name in names)


@pytest.mark.parametrize("name", TABLES)
def test_extract(ember, cases, tmp_path, name):
    case = cases(name)
    plan = () if case.plan is None else ("--plan", case.plan)
    outputs = []
    for limit in LIMITS:
        for threads in THREADS:
            output = tmp_path / f"{limit}-{threads}"
            status = check_run(
                ember, name, limit, threads, output, "extract", case.source, *plan, *case.options
            )
            if status == 0:
                outputs.append(output)
    # Neither threads nor memory nor what was spilled shapes a byte.
    for output in outputs[1:]:
        assert same_files(outputs[0], output), (outputs[0], output)


def test_fit_transform_and_merge(ember, run_ember, cases, tmp_path):
    case = cases("distinct")
    half = tmp_path / "half.yaml"
    half.write_text(case.plan.read_text())
    models = [tmp_path / "first", tmp_path / "second"]
    run_ember("fit", half, case.source, "-o", models[0], "-q")
    run_ember("fit", half, case.source, "-o", models[1], "-q", "--limit", 400_000)
    merged = []
    for limit in LIMITS:
        for threads in THREADS:
            output = tmp_path / f"merge-{limit}-{threads}"
            if check_run(ember, "merge", limit, threads, output, "merge", *models) == 0:
                merged.append(output)
    for output in merged[1:]:
        assert same_files(merged[0], output)
    for limit in LIMITS:
        fitted = tmp_path / f"fit-{limit}"
        check_run(ember, "distinct", limit, 2, fitted, "fit", half, case.source)
        output = tmp_path / f"transform-{limit}"
        check_run(ember, "distinct", limit, 2, output, "transform", models[0], case.source)


def test_a_plan_is_made_beside_no_output_folder(ember, cases, tmp_path):
    """`ember plan` spills to the temporary folder, and leaves nothing there."""
    case = cases("distinct")
    spill = tmp_path / "temporary"
    spill.mkdir()
    os.environ["TMPDIR"] = str(spill)
    try:
        for limit in LIMITS:
            output = tmp_path / f"{limit}.yaml"
            status = check_run(ember, "plan", limit, 2, output, "plan", case.source)
            assert status == 2, "its columns look like identifiers, which takes all counts to tell"
        assert not list(spill.iterdir())
    finally:
        del os.environ["TMPDIR"]


def test_a_dictionary_that_does_not_fit_is_named(ember, tmp_path):
    case = arrow_dictionary(tmp_path, 4)
    status, stderr, peak = run_measured(
        ember, "extract", case.source, "--plan", case.plan, "-o", tmp_path / "out", "-q",
        "--memory", "128MiB",
    )  # fmt: skip
    assert peak <= 128 << 20
    assert status == 4
    told = re.search(r"column 'text': its dictionary takes (\d+\.\d+) MiB", stderr)
    assert told, stderr
    # 1,800,000 strings of 35 bytes, with 4 for the place of each; buffers are padded to 8.
    assert float(told[1]) == pytest.approx(1_800_000 * (35 + 4) / 2**20, abs=0.1)
    assert "raise --memory" in stderr


def test_sums_of_too_many_values_are_named(ember, tmp_path):
    rng = np.random.default_rng(10)
    rows = 600_000
    table = pa.table({"key": numbered(np.arange(rows), "k"), "target": rng.normal(size=rows)})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=100_000)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        ALL_TRAINING + "target: target\nfeatures:\n  - {columns: [key], steps: [target_encode]}\n"
    )
    status, stderr, peak = run_measured(
        ember, "fit", plan, tmp_path / "rows.parquet", "-o", tmp_path / "model", "-q",
        "--memory", "128MiB",
    )  # fmt: skip
    assert peak <= 128 << 20
    assert status == 4
    assert "target_encode keeps the sums of each value of column 'key' in memory, " in stderr
    assert "raise --memory" in stderr
