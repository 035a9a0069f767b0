"""A run on a table of BigQuery goes on from the rows that it had downloaded."""

import datetime
import os
import signal
import subprocess
from pathlib import Path

import bigquery_service
import numpy as np
import pyarrow as pa
import pytest
from outputs import write_parquet
from test_resume import check_resumes, contents, run, status_of

ROWS = 1_200_000
PLAN = """version: 1
split: {method: hash, key: [id], train: 0.5, validation: 0.25, test: 0.25, seed: 1}
features:
  - columns: [id]
    steps: [passthrough]
  - columns: [x]
    steps: [{impute: median}, {scale: standard}]
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    columns = {
        "id": np.arange(ROWS),
        "day": pa.array(rng.integers(1, 400, ROWS), pa.int32()).cast(pa.date32()),
        "x": pa.array(rng.normal(size=ROWS), mask=rng.random(ROWS) < 0.1),
    }
    return write_parquet(pa.table(columns), tmp_path_factory.mktemp("table") / "t.parquet")


@pytest.fixture(scope="module", params=["ranges", "streams"])
def case(request, ember, table, tmp_path_factory):
    """A server, a command but for its output, and the output of an undisturbed run."""
    folder = tmp_path_factory.mktemp("case")
    plan = folder / "plan.yaml"
    plan.write_text(("unit_column: day\n" if request.param == "ranges" else "") + PLAN)
    with bigquery_service.serve(ember, {"p.d.t": table}, "--response-rows=40000") as endpoint:
        command = [
            str(ember), "extract", "bigquery://p/d/t", "--bigquery-endpoint", endpoint,
            "--plan", str(plan), "--content-checksum", "-q",
        ]  # fmt: skip
        subprocess.run([*command, "-o", folder / "whole"], check=True)
        yield request.param, command, contents(folder / "whole")


def test_killed_at_every_commit(case, ember, nth_call, tmp_path):
    kind, command, whole = case
    fetched_again = []
    for commit in range(1, 100, 2):
        output = tmp_path / str(commit) / "out"
        killed = run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert status_of(ember, output)["can_continue"]
        kept = [path.name for path in (output / ".ember").glob("states/download*")]
        fetched_again.append("download" not in kept)
        check_resumes(command, output, whole, ["--threads", "1"])
    else:
        pytest.fail("the run never came to its end")
    # Once all rows have come they are fetched no more.
    assert fetched_again == sorted(fetched_again, reverse=True)
    assert set(fetched_again) == {True, False}
    if kind == "ranges":
        assert commit > 10


def test_a_service_that_is_gone(case, ember, nth_call, tmp_path):
    """Rows that have come in full are not asked for again: those of another day change nothing."""
    _, command, whole = case
    for commit in range(1, 100):
        output = tmp_path / str(commit) / "out"
        run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if status_of(ember, output)["columns_done"] > 0:
            break
    other = write_parquet(
        pa.table(
            {
                "id": np.arange(10),
                "day": pa.array([1] * 10, pa.int32()).cast(pa.date32()),
                "x": np.ones(10),
            }
        ),
        tmp_path / "other.parquet",
    )
    with bigquery_service.serve(ember, {"p.d.t": other}) as endpoint:
        place = command.index("--bigquery-endpoint") + 1
        moved = [*command[:place], endpoint, *command[place + 1 :]]
        check_resumes(moved, output, whole)


def test_rows_that_were_not_kept(case, ember, nth_call, tmp_path):
    """Where the disk of --spill-dir is another one, nothing is kept, and a run begins anew."""
    _, command, whole = case
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk")
    output = tmp_path / "out"
    spill = ["--spill-dir", "/dev/shm"]
    killed = run([*command, "-o", output, *spill], LD_PRELOAD=nth_call, NTH_COMMIT=3)
    assert killed.returncode in (0, -signal.SIGKILL)
    check_resumes(command, output, whole, spill)


def test_another_query_is_refused(case, ember, nth_call, tmp_path):
    _, command, _ = case
    output = tmp_path / "out"
    run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=4)
    refused = run([*command, "-o", output, "--resume", "--unit-column", "id"])
    assert refused.returncode == 2, refused.stderr
    assert "--unit-column" in refused.stderr


def test_what_is_complete_may_be_of_another_day(case, tmp_path):
    """Which rows a table has now is not known, but of one instant they stay."""
    _, command, whole = case
    command = [each for each in command if each != "-q"]
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for instant, is_warned in (([], True), (["--snapshot-time", now], False)):
        output = tmp_path / f"out{len(instant)}"
        subprocess.run([*command, *instant, "-o", output], check=True, capture_output=True)
        again = run([*command, *instant, "-o", output, "--resume"])
        assert again.returncode == 0, again.stderr
        assert ("rows have changed since" in again.stderr) == is_warned, again.stderr
        assert contents(output) == whole


def test_what_is_left_of_a_download_that_was_stopped(ember, table, tmp_path):
    """Nothing, and nothing else is said; the same command begins it again."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    output = tmp_path / "out"

    def command(endpoint: str) -> list[str]:
        return [
            str(ember), "extract", "bigquery://p/d/t", "--bigquery-endpoint", endpoint,
            "--plan", str(plan), "-o", str(output), "--progress", "none", "--log-level", "debug",
        ]  # fmt: skip

    options = ["--response-rows=40000", "--fault=stall:after=2"]
    with (
        bigquery_service.serve(ember, {"p.d.t": table}, *options) as endpoint,
        subprocess.Popen(command(endpoint), stderr=subprocess.PIPE, text=True) as process,
    ):
        for line in process.stderr:
            if "phase download begins" in line:
                process.send_signal(signal.SIGINT)
                break
        told = process.stderr.read()
    assert process.returncode == 3
    assert "phase download was not finished" in told
    assert "nothing of the download is kept" in told
    assert "goes on from there" not in told
    with bigquery_service.serve(ember, {"p.d.t": table}) as endpoint:
        again = run([*command(endpoint), "--resume"])
    assert again.returncode == 0, again.stderr
