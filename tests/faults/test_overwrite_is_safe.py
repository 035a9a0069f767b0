"""--overwrite leaves the earlier output or the new one, whatever ends the run, and whenever."""

import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

REPORTS = ("run_report.json", "report.html")


@pytest.fixture(scope="module")
def runs(ember, tmp_path_factory):
    """An old and a new output, and the arguments that make the new one."""
    folder = tmp_path_factory.mktemp("runs")
    table = folder / "table.parquet"
    rng = np.random.default_rng(0)
    pq.write_table(
        pa.table({"x": rng.normal(size=600), "name": [f"n{i % 40}" for i in range(600)]}), table
    )
    plan = folder / "plan.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [x], steps: [{impute: median}]}\n"
        "  - {columns: [name], steps: [vocabulary]}\n"
    )
    subprocess.run([ember, "fit", plan, table, "-o", folder / "old", "-q"], check=True)
    # One split: the folders are few, and so are the instants.
    whole = folder / "whole.yaml"
    whole.write_text(plan.read_text() + "split: {method: hash, train: 1, validation: 0, test: 0}\n")
    command = [ember, "extract", table, "--plan", whole, "-q", "--overwrite", "-o"]
    subprocess.run([*command, folder / "new"], check=True)
    return folder / "old", folder / "new", command


def contents(folder):
    """The files of an output by name, but those in .ember; of the reports only the names."""
    return {
        str(p.relative_to(folder)): b"" if p.name in REPORTS else p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.relative_to(folder).parts[0] != ".ember"
    }


def check_whole(run_ember, runs, output, in_one_step):
    """The output is the old or the new one, or becomes that with the next run into it."""
    old, new = contents(runs[0]), contents(runs[1])
    found = contents(output)
    if found not in (old, new):
        assert not in_one_step, sorted(found)
        assert "manifest.json" not in found
        assert "model.json" not in found
        refused = [a for a in runs[2][1:] if a != "--overwrite"]
        run_ember(*refused, output, status=2)
        found = contents(output)
    assert found in (old, new), sorted(found)
    return found == new


def check_next_run(runs, output):
    """The next run works, and nothing of the dead one is left."""
    subprocess.run([*runs[2], output], check=True)
    assert contents(output) == contents(runs[1])
    assert os.listdir(output.parent) == ["out"]
    assert not (output / ".ember").exists()


@pytest.mark.parametrize("start,exchange", [("old", True), ("old", False), ("nothing", True)])
def test_killed_at_every_change_of_a_folder(run_ember, runs, nth_call, tmp_path, exchange, start):
    environment = {"LD_PRELOAD": str(nth_call)} | ({} if exchange else {"NO_EXCHANGE": "1"})
    outcomes = []
    for call in range(1, 400):
        place = tmp_path / str(call)
        place.mkdir()
        output = place / "out"
        if start == "old":
            shutil.copytree(runs[0], output)
        process = subprocess.run(
            [*runs[2], output],
            env=os.environ | environment | {"NTH_CALL": str(call)},
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, process.stderr
        if start == "old":
            outcomes.append(check_whole(run_ember, runs, output, in_one_step=exchange))
        if call % 10 == 0 or (outcomes and outcomes[-1]):
            check_next_run(runs, output)
        shutil.rmtree(place)
    else:
        pytest.fail("the run never came to its end")
    assert contents(output) == contents(runs[1])
    assert call > 20
    if start == "old":
        assert True in outcomes
        assert False in outcomes
        assert outcomes == sorted(outcomes)


@pytest.mark.parametrize("exchange", [True, False])
def test_every_failure_of_a_change_of_a_folder(run_ember, runs, nth_call, tmp_path, exchange):
    environment = {"LD_PRELOAD": str(nth_call), "NTH_CALL_FAILS": "1"}
    if not exchange:
        environment["NO_EXCHANGE"] = "1"
    statuses = []
    for call in range(1, 400):
        place = tmp_path / str(call)
        output = place / "out"
        shutil.copytree(runs[0], output)
        process = subprocess.run(
            [*runs[2], output],
            env=os.environ | environment | {"NTH_CALL": str(call)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode in (0, 1), process.stderr
        statuses.append(process.returncode)
        if process.returncode == 1:
            assert process.stderr.startswith("ember: "), process.stderr
            # Where the folder is not exchanged, the message says that the next run will end it.
            promised = "the next run into this folder" in process.stderr
            check_whole(run_ember, runs, output, in_one_step=not promised)
        else:
            assert contents(output) == contents(runs[1])
        if statuses[-6:] == [0] * 6 and len(statuses) > 20:
            break
        shutil.rmtree(place)
    assert 1 in statuses


def test_killed_at_random_instants(ember, run_ember, runs, tmp_path):
    begin = time.monotonic()
    shutil.copytree(runs[0], tmp_path / "timed" / "out")
    subprocess.run([*runs[2], tmp_path / "timed" / "out"], check=True)
    duration = time.monotonic() - begin
    random_instants = random.Random(7)
    killed = 0
    for number in range(15):
        output = tmp_path / str(number) / "out"
        shutil.copytree(runs[0], output)
        process = subprocess.Popen([*runs[2], output])
        time.sleep(random_instants.uniform(0, duration))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        check_whole(run_ember, runs, output, in_one_step=True)
        check_next_run(runs, output)
    assert killed > 0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_the_earlier_output(ember, runs, flights, tmp_path, signal_number):
    output = tmp_path / "out"
    shutil.copytree(runs[0], output)
    process = subprocess.Popen(
        [ember, "extract", flights, "-o", output, "--overwrite", "-q", "--batch-rows", "50"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (output / ".ember" / "output").exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal_number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3, stderr
    assert contents(output) == contents(runs[0])
    assert os.listdir(tmp_path) == ["out"]
    assert "--resume" in stderr
    assert (output / ".ember" / "ledger").exists()


def test_a_run_that_fails_late_keeps_the_earlier_output(ember, run_ember, runs, tmp_path):
    output = tmp_path / "out"
    shutil.copytree(runs[0], output)
    table = tmp_path / "table.parquet"
    pq.write_table(pa.table({"x": [1.0] * 5000 + [float("inf")]}), table, row_group_size=1000)
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [x], steps: [{scale: standard}]}\n")
    run_ember("fit", plan, table, "-o", output, "--overwrite", status=1)
    assert contents(output) == contents(runs[0])
    assert not (output / ".ember").exists()


def test_two_runs_into_one_folder(ember, runs, flights, tmp_path):
    output = tmp_path / "out"
    first = subprocess.Popen(
        [ember, "extract", flights, "-o", output, "-q", "--batch-rows", "50"],
        stderr=subprocess.DEVNULL,
    )
    while not (output / ".ember" / "output").exists() and first.poll() is None:
        time.sleep(0.001)
    second = subprocess.run([*runs[2], output], capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "another run of ember is writing" in second.stderr
    assert first.poll() is None
    first.kill()
    first.wait()
    check_next_run(runs, output)
