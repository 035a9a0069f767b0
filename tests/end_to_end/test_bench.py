"""`ember bench`: what it reports, and what it leaves behind."""

import json
import os
import signal
import statistics
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SMALL = ("--rows", 3000, "--repetitions", 2, "--threads", 2)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the command puts temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def bench(run_ember, scratch: Path):
    """Runs `ember bench` with these arguments, and checks that no temporary file is left."""

    def run(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TMPDIR": str(scratch)}
        if "--backends" in arguments:
            # On a busy machine the threads of an operation wait long for each other.
            environment["EMBERHARMONY_NUM_THREADS"] = "1"
        process = run_ember("bench", *arguments, status=status, env=environment)
        assert list(scratch.iterdir()) == []
        return process

    return run


def check_runs(job: dict, threads: list[int], repetitions: int) -> None:
    assert [run["threads"] for run in job["runs"]] == threads
    for run in job["runs"]:
        assert len(run["wall_seconds"]) == repetitions
        assert all(seconds > 0 for seconds in run["wall_seconds"])
        median = statistics.median(run["wall_seconds"])
        assert run["median_wall_seconds"] == pytest.approx(median)
        assert run["median_cpu_seconds"] > 0
        assert run["rows_per_second"] == pytest.approx(job["rows"] / median)
        assert run["bytes_per_second"] == pytest.approx(job["source_bytes"] / median)
        assert run["peak_resident_bytes"] > 10_000_000


def test_the_report_for_programs(bench) -> None:
    process = bench(*SMALL, "--json", "-q")
    assert process.stderr == ""
    report = json.loads(process.stdout)
    assert set(report) == {"version", "ember", "machine", "main_job"}
    assert set(report["machine"]) == {"cpu", "cores", "memory_bytes"}
    job = report["main_job"]
    assert (job["source"], job["rows"], job["repetitions"]) == ("synthetic", 3000, 2)
    check_runs(job, [1, 2], 2)


def test_the_report_for_people(bench) -> None:
    process = bench(*SMALL)
    assert "3,000 rows of a synthetic table" in process.stdout
    lines = process.stdout.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["1", "2"]
    assert [line.split(":")[0] for line in process.stderr.splitlines()[1:]] == [
        f"run {i} of 2, {threads}" for i in (1, 2) for threads in ("1 thread", "2 threads")
    ]


def test_one_thread_is_not_compared_with_itself(bench) -> None:
    process = bench("--rows", 10, "--repetitions", 3, "--threads", 1, "--json", "-q")
    check_runs(json.loads(process.stdout)["main_job"], [1], 3)


def test_a_table_and_a_plan_of_ones_own(bench, tmp_path: Path) -> None:
    source, plan = tmp_path / "t.parquet", tmp_path / "plan.yaml"
    pq.write_table(pa.table({"x": list(range(500)), "y": [i % 3 for i in range(500)]}), source)
    plan.write_text("version: 1\nfeatures: [{columns: [x], steps: [{scale: standard}]}]\n")
    arguments = [source, "--plan", plan, "--target", "y", "--memory", "1GiB", "--repetitions", 1]
    job = json.loads(bench(*arguments, "--threads", 2, "--json", "-q").stdout)["main_job"]
    assert (job["source"], job["rows"]) == (str(source), 500)
    check_runs(job, [1, 2], 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.yaml", "scratch", "t.parquet"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["none.parquet"], 1, "none.parquet"),
        (["--target", "delay"], 2, "--plan and --target are for a table of your own"),
        (["--backends", "t.parquet"], 2, "--backends times operations"),
        (["-"], 2, "standard input can be read only once"),
        (["--rows", 0], 2, "--rows"),
        (["--repetitions", 0], 2, "--repetitions"),
        (["--memory", "1MiB", *SMALL], 2, "at least 128MiB"),
        (["--memory", "much", *SMALL], 2, "--memory"),
    ],
)
def test_what_cannot_be_measured_is_a_message(bench, arguments, status, message) -> None:
    process = bench(*arguments, status=status)
    assert process.stdout == ""
    assert message in process.stderr


def begin(ember: Path, scratch: Path, *arguments: object) -> subprocess.Popen[str]:
    """A long bench, as soon as its first run is over."""
    process = subprocess.Popen(
        [str(ember), "bench", "--repetitions", "1000", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
        start_new_session=True,
    )
    while not (line := process.stderr.readline()).startswith("run 1 of"):
        assert line, process.wait()
    return process


@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C", "kill"])
def test_an_interrupted_bench_leaves_nothing(ember: Path, scratch: Path, whole_group: bool) -> None:
    process = begin(ember, scratch, "--rows", 200_000)
    assert len(list(scratch.iterdir())) == 1
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert "interrupted" in err
    assert list(scratch.iterdir()) == []


def test_the_synthetic_table_is_always_the_same(ember: Path, scratch: Path, tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        process = begin(ember, scratch, "--rows", 150_000)
        (table,) = scratch.glob("*/trips.parquet")
        contents.append(table.read_bytes())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert contents[0] == contents[1]
    (tmp_path / "trips.parquet").write_bytes(contents[0])
    trips = pq.read_table(tmp_path / "trips.parquet")
    assert trips.num_rows == 150_000
    assert 1000 < len(trips["origin"].unique()) <= 5001
    assert 0 < trips["price"].null_count < 15_000


def test_operations_are_timed_on_each_backend(bench) -> None:
    few = ("--rows", 2000, "--repetitions", 1)
    report = json.loads(bench("--backends", "--json", "-q", *few).stdout)
    assert set(report) == {"version", "ember", "machine", "backends", "transforms"}
    names = [backend["name"] for backend in report["backends"]]
    assert [run["backend"] for run in report["transforms"]] == names
    assert all(run["rows"] == 2000 and run["rows_per_second"] > 0 for run in report["transforms"])
    assert report["backends"][0]["name"] == "native"
    assert report["backends"][0]["devices"] == ["cpu:0"]
    cases: set[tuple[str, str, int]] = set()
    for backend in report["backends"]:
        timed = {(op["op"], op["dtype"], op["elements"]) for op in backend["ops"]}
        # The native backend is the first, and computes all that others compute.
        cases = cases or timed
        assert timed <= cases
        assert ("add", "float32", 1000) in timed
        assert ("less", "float64", 100_000) in timed
        assert ("max", "int64", 2_000_000) in timed
        assert ("matmul", "float64", 100_000) in timed
        for op in backend["ops"]:
            assert op["ns_per_element"] > 0
            # Every operation reads at least one byte of an element, and none reads or writes 32.
            bytes_per_element = op["bytes_per_second"] * op["ns_per_element"] / 1e9
            assert 1 <= bytes_per_element <= 32
    assert ("exp", "float64", 1000) in cases


def test_backends_stand_beside_each_other(bench) -> None:
    header, *rows = bench("--backends", "-q", "--rows", 2000).stdout.split("\n\n")[-1].splitlines()
    assert header.split()[:4] == ["op", "dtype", "elements", "native"]
    for row in rows:
        assert len(row.split()) == len(header.split())
        assert float(row.split()[3]) > 0
