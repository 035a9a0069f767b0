"""Whatever ends a run, and whenever: resumed, it ends with the bytes of an undisturbed one."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

REPORTS = ("run_report.json", "report.html")
NUM_FILES = 4
ROWS = 400  # of each file; a file is a unit

# What shapes no result.
SETTINGS = [
    [],
    ["--threads", "1", "--batch-rows", "7"],
    ["--threads", "3", "--memory", "192MiB"],
]

PLAIN = """\
version: 1
target: delay
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [distance], steps: [{impute: median}, {scale: standard}]}
  - {columns: [carrier], steps: [one_hot]}
  - {columns: [origin], steps: [{vocabulary: {min_count: 3}}]}
  - {columns: [speed], steps: [{clip: {min: 0}}, {impute: mean}, {scale: robust}]}
"""
RANDOM = PLAIN.replace(
    "{method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}",
    "{method: random, train: 0.7, validation: 0.2, test: 0.1, seed: 5}",
)
TIME = PLAIN.replace(
    "{method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}",
    "{method: time, column: date, train: 0.7, validation: 0.2, test: 0.1}",
)
DROP_NULL = PLAIN.replace("target: delay", "target: {column: delay, drop_null: true}")
WINDOWS = """\
version: 1
split: {method: hash, key: [id], train: 0.7, validation: 0.3, test: 0, seed: 5}
features:
  - {columns: [speed], steps: [{impute: median}, {windows: {size: 5, by: carrier}}, {pca: 2}]}
  - {columns: [distance], steps: [{lag: {periods: [1, 3]}}, {impute: {constant: 0}}]}
output: {dtype: float64}
"""
TARGETS = """\
version: 1
target: delay
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [origin], steps: [{target_encode: {folds: 4}}]}
  - {columns: [carrier], steps: [target_encode, {scale: standard}]}
  - {columns: [distance], steps: [{bucketize: {quantiles: 5}}]}
exact_quantiles: true
quantile_keys: 8192
"""
MATRIX = PLAIN.replace("target: delay\n", "") + "output: {layout: matrix, format: arrow}\n"


def make_table(number):
    rng = np.random.default_rng(100 + number)

    def masked(values):
        return pa.array(values, mask=rng.random(ROWS) < 0.05)

    dates = np.datetime64("2024-01-01T00:00:00") + rng.integers(0, 10**7, ROWS)
    return pa.table(
        {
            "id": pa.array(np.arange(ROWS) * 3 + number * ROWS, pa.int64()),
            "date": pa.array(dates.astype("datetime64[s]"), pa.timestamp("s")),
            "delay": masked(rng.integers(-30, 90, ROWS).astype(float)),
            "distance": masked(rng.integers(50, 3000, ROWS)),
            "speed": masked(rng.normal(400, 90, ROWS)),
            "carrier": masked(np.array(["AA", "UA", "B6"])[rng.integers(0, 3, ROWS)]),
            "origin": masked(np.array([f"o{i}" for i in range(60)])[rng.integers(0, 60, ROWS)]),
        }
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same rows as folders of Parquet, Arrow and CSV files."""
    root = tmp_path_factory.mktemp("sources")
    for kind in ("parquet", "arrow", "csv"):
        (root / kind).mkdir()
    for number in range(NUM_FILES):
        table = make_table(number)
        pq.write_table(table, root / "parquet" / f"{number}.parquet")
        with pa.ipc.new_file(root / "arrow" / f"{number}.arrow", table.schema) as file:
            file.write_table(table, max_chunksize=150)
        pyarrow.csv.write_csv(table, root / "csv" / f"{number}.csv")
    return root


CASES = {
    "automatic": ("parquet", None, ["--target", "delay", "--content-checksum"]),
    "plan": ("parquet", PLAIN, ["--keep-state"]),
    "random": ("parquet", RANDOM, ["--seed", "9"]),
    "time": ("arrow", TIME, []),
    "drop_null": ("parquet", DROP_NULL, ["--where", "distance > 500"]),
    "windows": ("parquet", WINDOWS, []),
    "targets": ("parquet", TARGETS, ["--limit", "1100"]),
    "matrix": ("arrow", MATRIX, []),
    "csv": ("csv", PLAIN, ["--content-checksum"]),
    "csv_automatic": ("csv", None, ["--target", "delay"]),
}


@pytest.fixture(scope="module", params=[*CASES, "fit", "fit_windows", "transform"])
def case(request, sources, ember, tmp_path_factory):
    """The arguments of a command but for its output, and the output of an undisturbed run."""
    folder = tmp_path_factory.mktemp("case")
    plan = folder / "plan.yaml"
    if request.param == "transform":
        plan.write_text(PLAIN)
        subprocess.run(
            [ember, "fit", plan, sources / "arrow", "-o", folder / "model", "-q"], check=True
        )
        command = ["transform", folder / "model", sources / "parquet", "--content-checksum"]
    elif request.param.startswith("fit"):
        plan.write_text(WINDOWS if "windows" in request.param else PLAIN)
        command = ["fit", plan, sources / "parquet"]
    else:
        kind, text, options = CASES[request.param]
        command = ["extract", sources / kind, *options]
        if text is not None:
            plan.write_text(text)
            command += ["--plan", plan]
    command = [str(argument) for argument in [ember, *command, "-q"]]
    subprocess.run([*command, "-o", folder / "whole"], check=True)
    return command, contents(folder / "whole")


def contents(folder):
    """The files of an output by name; of the reports only the names."""
    return {
        str(p.relative_to(folder)): b"" if p.name in REPORTS else p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


def run(command, **environment):
    return subprocess.run(
        [str(argument) for argument in command],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def status_of(ember, folder):
    process = run([ember, "status", folder, "--json"])
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def check_resumes(command, output, whole, settings=()):
    process = run([*command, "-o", output, "--resume", *settings])
    assert process.returncode == 0, process.stderr
    assert contents(output) == whole
    assert os.listdir(output.parent) == ["out"]


def test_killed_at_every_commit(case, ember, nth_call, tmp_path):
    """A kill between a line of the ledger and the next, under other settings before and after."""
    command, whole = case
    done = []
    for commit in range(1, 100):
        output = tmp_path / str(commit) / "out"
        killed = run(
            [*command, "-o", output, *SETTINGS[commit % 3]], LD_PRELOAD=nth_call, NTH_COMMIT=commit
        )
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        status = status_of(ember, output)
        assert status["state"] == "interrupted"
        assert status["command"] == command[1]
        assert status["can_continue"]
        # With several threads one may be killed between a file and the word that it was the last.
        if "1" in SETTINGS[commit % 3]:
            done.append((status["columns_done"], status["units_done"] or 0))
        refused = run([*command, "-o", output])
        assert refused.returncode == 2
        assert "--resume" in refused.stderr
        check_resumes(command, output, whole, SETTINGS[(commit + 1) % 3])
        assert status_of(ember, output)["state"] == "complete"
        # There is nothing left to do, and nothing is done.
        before = (output / "report.html").stat() if (output / "report.html").exists() else None
        check_resumes(command, output, whole)
        if before is not None:
            assert (output / "report.html").stat() == before
    else:
        pytest.fail("the run never came to its end")
    assert commit > 3
    assert done == sorted(done)
    assert done[-1] > done[0]


def test_many_small_units_are_committed_together(ember, nth_call, tmp_path):
    """Several wait for the disk at a time; a kill among them loses those that were on their way."""
    files = tmp_path / "files"
    files.mkdir()
    rng = np.random.default_rng(5)
    for number in range(200):
        rows = {"a": rng.normal(size=20), "s": rng.choice(["x", "y", "z"], 20)}
        pq.write_table(pa.table(rows), files / f"{number:03}.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: random, train: 0.6, validation: 0.2, test: 0.2, seed: 1}\n"
        "features:\n  - {columns: [a], steps: [{scale: standard}]}\n"
        "  - {columns: [s], steps: [one_hot]}\n"
    )
    command = [ember, "extract", files, "--plan", plan, "-q"]
    assert run([*command, "-o", tmp_path / "whole"]).returncode == 0
    whole = contents(tmp_path / "whole")
    assert len([name for name in whole if name.startswith("train/")]) == 200
    killed_at = []
    # How many lines one sync brings to the disk is chance; there are more than these.
    for commit in (7, 12, 17, 24):
        output = tmp_path / str(commit) / "out"
        killed = run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        killed_at.append(status_of(ember, output)["units_done"])
        assert killed_at[-1] < 200
        check_resumes(command, output, whole, ["--threads", "3"])
        failed = run(
            [*command, "-o", output, "--overwrite"],
            LD_PRELOAD=nth_call,
            NTH_COMMIT=commit,
            NTH_CALL_FAILS=1,
        )
        assert failed.returncode == 1, failed.stderr
        assert "cannot sync" in failed.stderr
        check_resumes(command, output, whole)
    assert killed_at[-1] > 0


def test_each_run_goes_further(case, ember, nth_call, tmp_path):
    """Killed at its first commit again and again, a run comes to its end all the same."""
    command, whole = case
    output = tmp_path / "out"
    killed = run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=2)
    assert killed.returncode == -signal.SIGKILL
    for number in range(100):
        process = run(
            [*command, "-o", output, "--resume", *SETTINGS[number % 3]],
            LD_PRELOAD=nth_call,
            NTH_COMMIT=1,
        )
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, process.stderr
    else:
        pytest.fail("the run never came to its end")
    assert contents(output) == whole


REFINED = """\
version: 1
split: {method: hash, key: [id], train: 0.7, validation: 0.3, test: 0, seed: 5}
features:
  - {columns: [value], steps: [{impute: median}, {scale: robust}]}
exact_quantiles: true
quantile_keys: 8192
"""


def killed_with(command, output, nth_call, kept):
    """Kills a run as soon as it has kept a file whose name begins so."""
    for commit in range(2, 100):
        shutil.rmtree(output, ignore_errors=True)
        run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if any(output.glob(f".ember/states/{kept}*")) or not kept:
            return
    pytest.fail("nothing of the kind is kept")


@pytest.mark.parametrize(
    "plan,kept,passes",
    [
        # One for the table's columns, one for those that each stage yields, two of pca.
        (WINDOWS, "", 5),
        (WINDOWS, "rows-passes", 4),
        (WINDOWS, "rows-step", 3),
        # Both of the steps learn together.
        (TARGETS, "", 3),
        (TARGETS, "rows-sums-8", 2),
    ],
)
def test_what_has_learned_does_not_learn_again(
    ember, sources, nth_call, tmp_path, plan, kept, passes
):
    command = plain(ember, sources, tmp_path, plan=plan)
    assert run([*command, "-o", tmp_path / "whole"]).returncode == 0
    output = tmp_path / "to" / "out"
    killed_with(command, output, nth_call, kept)
    check_resumes(command, output, contents(tmp_path / "whole"))
    report = json.loads((output / "run_report.json").read_text())
    assert [phase["phase"] for phase in report["phases"]].count("fit") == passes


def test_refining_passes_are_kept(ember, nth_call, tmp_path):
    """More distinct values than the first pass tells apart: the second one's counts are kept."""
    rng = np.random.default_rng(8)
    source = tmp_path / "source"
    source.mkdir()
    for number in range(2):
        values = pa.array(rng.normal(size=12_000), mask=rng.random(12_000) < 0.1)
        table = pa.table({"id": np.arange(12_000) + 12_000 * number, "value": values})
        pq.write_table(table, source / f"{number}.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(REFINED)
    command = [ember, "extract", source, "--plan", plan, "-q"]
    whole = tmp_path / "whole"
    assert run([*command, "-o", whole]).returncode == 0
    output = tmp_path / "to" / "out"
    kept = set()
    for commit in range(1, 100):
        shutil.rmtree(output, ignore_errors=True)
        killed = run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if killed.returncode == 0:
            break
        kept |= {path.name for path in output.glob(".ember/states/fit-*")}
        check_resumes(command, output, contents(whole), SETTINGS[commit % 3])
    # The first pass over the column, and those that refine what impute and scale have learned.
    assert len(kept) >= 3


@pytest.mark.parametrize("case", ["plan", "csv", "fit", "transform"], indirect=True)
def test_killed_at_changes_of_folders(case, nth_call, tmp_path):
    command, whole = case
    for call in range(1, 400, 3):
        output = tmp_path / str(call) / "out"
        killed = run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_CALL=call)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        check_resumes(command, output, whole)
    else:
        pytest.fail("the run never came to its end")
    assert call > 20


@pytest.mark.parametrize("case", ["plan"], indirect=True)
def test_killed_at_random_instants(case, tmp_path):
    command, whole = case
    begin = time.monotonic()
    run([*command, "-o", tmp_path / "timed"])
    duration = time.monotonic() - begin
    instants = random.Random(3)
    for number in range(12):
        output = tmp_path / str(number) / "out"
        for _ in range(3):
            process = subprocess.Popen([*command, "-o", output, "--resume"])
            time.sleep(instants.uniform(0, duration))
            process.kill()
            process.wait()
        check_resumes(command, output, whole)


@pytest.mark.parametrize("case", ["plan"], indirect=True)
@pytest.mark.parametrize("damage", ["shard", "model", "torn", "garbage", "first line", "stray"])
def test_what_is_damaged_is_made_again(case, ember, nth_call, tmp_path, damage):
    command, whole = case
    output = tmp_path / "out"
    for commit in range(1, 100):
        shutil.rmtree(output, ignore_errors=True)
        run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if status_of(ember, output)["units_done"] == 2:
            break
    ledger = output / ".ember" / "ledger"
    staging = output / ".ember" / "output"
    if damage == "shard":
        with (staging / "train" / "part-00000.parquet").open("r+b") as file:
            file.seek(40)
            file.write(b"\0\1\2\3")
    elif damage == "model":
        with (staging / "model" / "model.json").open("a") as file:
            file.write(" ")
    elif damage == "torn":
        ledger.write_bytes(ledger.read_bytes()[:-5])
    elif damage == "garbage":
        lines = ledger.read_bytes().splitlines(keepends=True)
        lines[3] = lines[3][:20] + b"?" + lines[3][21:]
        ledger.write_bytes(b"".join(lines))
    elif damage == "first line":
        ledger.write_bytes(b"x" + ledger.read_bytes())
    else:
        (staging / "train" / "part-00099.parquet").write_bytes(b"PAR1")
        (staging / "train" / "secret").symlink_to("/etc/passwd")
        (staging / "test").rename(staging / "elsewhere")
        (staging / "test").symlink_to(tmp_path / "out" / ".ember" / "output" / "elsewhere")
        (output / ".ember" / "noise").mkdir()
    check_resumes(command, output, whole)


def plain(ember, sources, tmp_path, *options, plan=PLAIN):
    path = tmp_path / f"plan{abs(hash(plan))}.yaml"
    path.write_text(plan)
    return [ember, "extract", sources / "parquet", "--plan", path, *options, "-q"]


@pytest.mark.parametrize(
    "names,options,plan",
    [
        (["--where"], ["--where", "distance > 100"], PLAIN),
        (["--limit"], ["--limit", "900"], PLAIN),
        (["--columns"], ["--columns", "id,delay,distance,carrier,origin,speed,date"], PLAIN),
        (["--seed", "the plan"], ["--seed", "77"], PLAIN),
        (["--target", "the plan"], ["--target", "date"], PLAIN),
        (["--content-checksum"], ["--content-checksum"], PLAIN),
        (["--keep-state"], ["--keep-state"], PLAIN),
        (["the plan"], [], PLAIN.replace("robust", "standard")),
        (["the command"], None, PLAIN),
        (["the source"], "source", PLAIN),
    ],
)
def test_another_run_is_refused(ember, sources, nth_call, tmp_path, names, options, plan):
    copy = tmp_path / "sources"
    shutil.copytree(sources, copy)
    output = tmp_path / "out"
    killed = run([*plain(ember, copy, tmp_path), "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=8)
    assert killed.returncode == -signal.SIGKILL
    before = contents(output)
    command = plain(ember, copy, tmp_path, plan=plan)
    if options is None:
        command = [ember, "fit", tmp_path / "plan.yaml", copy / "parquet"]
        (tmp_path / "plan.yaml").write_text(plan)
    elif options == "source":
        (copy / "parquet" / "0.parquet").touch()
    else:
        command += options
    refused = run([*command, "-o", output, "--resume"])
    assert refused.returncode == 2, refused.stderr
    for name in names:
        assert name in refused.stderr
    assert "--overwrite" in refused.stderr
    assert contents(output) == before
    assert run([*command, "-o", output, "--overwrite"]).returncode == 0
    # Complete, it still tells whose output it is.
    assert run([*command, "-o", output, "--resume"]).returncode == 0
    other = run([*plain(ember, copy, tmp_path, "--limit", "3"), "-o", output, "--resume"])
    assert other.returncode == 2
    assert "complete" in other.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["extract", "fit", "transform"])
def test_an_interrupted_run_says_how_to_go_on(ember, flights, tmp_path, command, number):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [distance], steps: [{scale: standard}]}\n"
    )
    if command == "transform":
        run([ember, "fit", plan, flights, "-o", tmp_path / "model"])
    arguments = {
        "extract": [flights, "--plan", plan],
        "fit": [plan, flights],
        "transform": [tmp_path / "model", flights],
    }[command]
    output = tmp_path / "out"
    process = subprocess.Popen(
        [ember, command, *arguments, "-o", output, "--batch-rows", "50", "-q"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (output / ".ember" / "ledger").exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3, stderr
    assert "--resume" in stderr
    status = status_of(ember, output)
    assert status["state"] == "interrupted"
    assert "--resume" in status["next"]
    assert run([ember, command, *arguments, "-o", output, "--resume", "-q"]).returncode == 0
    assert run([ember, command, *arguments, "-o", tmp_path / "whole", "-q"]).returncode == 0
    assert contents(output) == contents(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["extract", "backends"])
def test_a_signal_before_the_run_has_begun(ember, sources, nth_call, tmp_path, command, number):
    output = tmp_path / "out"
    call = [ember, "backends"]
    if command == "extract":
        call = [*plain(ember, sources, tmp_path), "-o", output]
    before = sorted(tmp_path.iterdir())
    process = run(call, LD_PRELOAD=nth_call, EARLY_SIGNAL=int(number))
    assert process.returncode == 3
    assert process.stderr == "ember: interrupted before anything was done\n"
    assert process.stdout == ""
    assert sorted(tmp_path.iterdir()) == before
    assert run(call).returncode == 0


def test_an_interrupted_replacement(ember, sources, nth_call, tmp_path):
    """Until the new output is complete the earlier one stays."""
    output = tmp_path / "out"
    assert run([*plain(ember, sources, tmp_path, "--limit", "500"), "-o", output]).returncode == 0
    earlier = contents(output)
    command = plain(ember, sources, tmp_path)
    run([*command, "-o", output, "--overwrite"], LD_PRELOAD=nth_call, NTH_COMMIT=9)
    found = {k: v for k, v in contents(output).items() if not k.startswith(".ember")}
    assert found == earlier
    status = status_of(ember, output)
    assert status["state"] == "interrupted"
    assert status["has_earlier_output"]
    assert run([*command, "-o", output, "--resume"]).returncode == 0
    run([*command, "-o", tmp_path / "whole"])
    assert contents(output) == contents(tmp_path / "whole")


def test_status_of_what_is_no_run(ember, tmp_path):
    assert run([ember, "status", tmp_path / "none"]).returncode == 1
    assert run([ember, "status", tmp_path]).returncode == 2
    (tmp_path / "photo.jpg").write_bytes(b"x")
    assert run([ember, "status", tmp_path]).returncode == 2
    assert run([ember, "status", tmp_path / "photo.jpg"]).returncode == 2
    refused = run([ember, "extract", __file__, "-o", tmp_path, "--resume"])
    assert refused.returncode in (1, 2)
    assert sorted(os.listdir(tmp_path)) == ["photo.jpg"]


def test_a_running_run_is_seen(ember, flights, tmp_path):
    output = tmp_path / "out"
    process = subprocess.Popen(
        [ember, "extract", flights, "-o", output, "-q", "--batch-rows", "50"],
        stderr=subprocess.DEVNULL,
    )
    while not (output / ".ember" / "ledger").exists() and process.poll() is None:
        time.sleep(0.001)
    before = status_of(ember, output)
    text = run([ember, "status", output])
    second = run([ember, "extract", flights, "-o", output, "-q", "--resume"])
    process.kill()
    process.wait()
    assert before["state"] == "running"
    assert "running" in text.stdout
    assert second.returncode == 2
    assert "another run" in second.stderr
    assert status_of(ember, output)["state"] == "interrupted"


def complete(ember, sources, tmp_path, *options, plan=PLAIN):
    """A command for an extract, and its output, complete."""
    command = plain(ember, sources, tmp_path, *options, plan=plan)
    output = tmp_path / "to" / "out"
    assert run([*command, "-o", output]).returncode == 0
    return command, output


def refuse(command, output, *says):
    """A run that must not change anything; what it says."""
    before = contents(output)
    process = run([*command, "-o", output, "--resume"])
    assert process.returncode == 2, process.stderr
    for text in [*says, "--overwrite"]:
        assert text in process.stderr
    assert contents(output) == before
    return process.stderr


ALL_TRAIN = PLAIN.replace(
    "train: 0.7, validation: 0.2, test: 0.1", "train: 1, validation: 0, test: 0"
)


@pytest.mark.parametrize(
    "plan,options,files,says",
    [
        (PLAIN, [], 4, None),
        # That other rows would have given the same number is not known without reading.
        (PLAIN, ["--where", "distance > 100"], 4, None),
        (PLAIN, [], 5, None),
        (PLAIN, ["--limit", "100"], 4, "the rows"),
        (PLAIN, [], 1, "the rows"),
        (PLAIN, ["--where", "distance > 100", "--limit", "100"], 4, "the rows"),
        (PLAIN, ["--seed", "6"], 4, "the plan"),
        (RANDOM, ["--limit", "1500"], 4, "the rows"),
        (RANDOM, [], 5, "the rows"),
        (RANDOM, [], 4, None),
        (ALL_TRAIN, ["--limit", "1599"], 4, "the rows"),
        (ALL_TRAIN, [], 5, "the rows"),
    ],
)
def test_a_complete_model(ember, sources, tmp_path, plan, options, files, says):
    """A model tells its plan, its columns and a number of rows, and not from which it was."""
    other = tmp_path / "other"
    other.mkdir()
    for number in range(files):
        pq.write_table(make_table(number), other / f"{number}.parquet")
    plan_path = tmp_path / "plan.yaml"
    plan_path.write_text(plan)
    earlier = [ember, "fit", plan_path, sources / "parquet"]
    now = [ember, "fit", plan_path, other, *options]
    output = tmp_path / "out"
    assert run([*earlier, "-o", output]).returncode == 0
    before = contents(output)
    if says is not None:
        refuse(now, output, says)
        return
    process = run([*now, "-o", output, "--resume"])
    assert process.returncode == 0, process.stderr
    assert "does not tell from which rows" in process.stdout + process.stderr
    assert "--overwrite" in process.stdout + process.stderr
    assert contents(output) == before


@pytest.mark.parametrize("command", ["extract", "fit", "transform"])
def test_standard_input_begins_anew(ember, nth_call, tmp_path, command):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: random, train: 1, validation: 0, test: 0, seed: 7}\n"
        "features:\n  - {columns: [a, b], steps: [{scale: standard}]}\n"
    )
    first = "a,b\n1,2\n3,4\n5,6\n"
    second = "a,b\n10,20\n30,40\n50,61\n70,9\n"
    (tmp_path / "rows.csv").write_text(second)
    if command == "transform":
        assert (
            run([ember, "fit", plan, tmp_path / "rows.csv", "-o", tmp_path / "m"]).returncode == 0
        )
    arguments = {
        "extract": ["-", "--plan", plan],
        "fit": [plan, "-"],
        "transform": [tmp_path / "m", "-"],
    }[command]

    def feed(rows, output, *options, **environment):
        return subprocess.run(
            [str(a) for a in [ember, command, *arguments, "-o", output, *options]],
            input=rows,
            env=os.environ | {name: str(value) for name, value in environment.items()},
            capture_output=True,
            text=True,
            check=False,
        )

    output = tmp_path / "out"
    assert feed(first, output, "--resume").returncode == 0
    earlier = contents(output)
    # Until the new output is complete the earlier one stays.
    killed = feed(second, output, "--resume", LD_PRELOAD=nth_call, NTH_COMMIT=2)
    assert killed.returncode == -signal.SIGKILL
    found = {k: v for k, v in contents(output).items() if not k.startswith(".ember")}
    assert found == earlier
    shutil.rmtree(output / ".ember")
    process = feed(second, output, "--resume")
    assert process.returncode == 0, process.stderr
    assert "complete already" not in process.stdout + process.stderr
    assert "anew" in process.stderr
    assert feed(second, tmp_path / "whole").returncode == 0
    assert contents(output) == contents(tmp_path / "whole") != earlier


@pytest.mark.parametrize("left", [["lock"], ["lock", "ledger"], ["lock", "output/"], []])
def test_killed_before_it_began(ember, sources, tmp_path, left):
    """Beside a complete output what has not begun counts as not there, for all alike."""
    command, output = complete(ember, sources, tmp_path)
    whole = contents(output)
    (output / ".ember").mkdir()
    for name in left:
        if name.endswith("/"):
            (output / ".ember" / name).mkdir()
        else:
            (output / ".ember" / name).touch()
    status = status_of(ember, output)
    assert status["state"] == "complete"
    assert ".ember" in status["next"]
    refuse([*command, "--limit", "3"], output, "--limit", "complete")
    check_resumes(command, output, whole)
    assert not (output / ".ember").exists()


@pytest.mark.parametrize(
    "damage,name",
    [
        ("missing", "train/part-00002.parquet"),
        ("empty", "test/part-00001.parquet"),
        ("other rows", "validation/part-00000.parquet"),
        ("link", "train/part-00003.parquet"),
        ("folder", "train/part-00003.parquet"),
        ("missing", "model/model.json"),
        ("missing", "model/plan.yaml"),
        ("missing", "model/vocabulary"),
        ("empty", "model/model.json"),
        ("empty", "manifest.json"),
    ],
)
def test_a_damaged_output_is_not_complete(ember, sources, tmp_path, damage, name):
    command, output = complete(ember, sources, tmp_path)
    whole = contents(output)
    path = output / name
    if path.is_dir():
        path = next(iter(path.iterdir()))
        name = str(path.relative_to(output))
    content = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.touch()
    elif damage == "other rows":
        path.write_bytes((output / "train" / "part-00000.parquet").read_bytes())
    elif damage == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    elif damage == "folder":
        path.mkdir()
    status = status_of(ember, output)
    assert status["state"] == "damaged"
    assert name in status["next"]
    assert "--overwrite" in status["next"]
    assert "damaged" in run([ember, "status", output]).stdout
    refuse(command, output, name, "damaged")
    if damage == "folder":
        return
    assert run([*command, "-o", output, "--overwrite"]).returncode == 0
    assert contents(output) == whole


@pytest.mark.parametrize("name", ["model.json", "vocabulary"])
def test_a_damaged_model_is_not_complete(ember, sources, tmp_path, name):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAIN)
    command = [ember, "fit", plan, sources / "parquet"]
    output = tmp_path / "out"
    assert run([*command, "-o", output]).returncode == 0
    assert status_of(ember, output)["state"] == "complete"
    path = output / name
    if path.is_dir():
        next(iter(path.iterdir())).unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9])
    assert status_of(ember, output)["state"] == "damaged"
    refuse(command, output, name, "damaged")


def test_without_its_report_an_output_does_not_tell(ember, sources, tmp_path):
    command, output = complete(ember, sources, tmp_path)
    (output / "run_report.json").unlink()
    refuse(command, output, "run_report.json")
    other = plain(ember, sources, tmp_path, plan=PLAIN.replace("robust", "standard"))
    refuse(other, output, "the plan")


def test_what_cannot_go_on_is_not_advised_to(ember, tmp_path, nth_call):
    """The source's rows have changed behind its size and time: only --overwrite helps."""
    source = tmp_path / "source"
    source.mkdir()

    def write(factor):
        table = pa.table({"x": np.arange(500) * factor, "y": np.arange(500) * 2.5})
        pq.write_table(
            table,
            source / "0.parquet",
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        )

    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [x, y], steps: [{scale: standard}]}\n")
    command = [ember, "extract", source, "--plan", plan, "-q"]
    write(1)
    found = (source / "0.parquet").stat()
    for commit in range(1, 50):
        output = tmp_path / str(commit)
        run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if '"line":"model"' in (output / ".ember" / "ledger").read_text():
            break
    write(3)
    assert (source / "0.parquet").stat().st_size == found.st_size
    os.utime(source / "0.parquet", ns=(found.st_atime_ns, found.st_mtime_ns))
    shutil.rmtree(output / ".ember" / "output" / "model")
    shutil.rmtree(output / ".ember" / "states", ignore_errors=True)
    process = run([*command, "-o", output, "--resume"])
    assert process.returncode == 1, process.stderr
    assert "start over with --overwrite" in process.stderr
    assert "goes on" not in process.stderr


def test_nothing_to_go_on_from(ember, flights, tmp_path):
    """The folder is gone: that it is kept would not be true."""
    output = tmp_path / "out"
    process = subprocess.Popen(
        [ember, "extract", flights, "-o", output, "-q", "--batch-rows", "50"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (output / ".ember" / "ledger").exists() and process.poll() is None:
        time.sleep(0.001)
    output.rename(tmp_path / "elsewhere")
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "goes on" not in stderr


@pytest.mark.parametrize("closed", [".", ".ember", ".ember/lock", ".ember/ledger"])
def test_status_of_what_may_not_be_read(ember, sources, nth_call, closed):
    # Below pytest's own folder nobody else may look.
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        output = folder / "out"
        command = plain(ember, sources, folder)
        run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=6)
        (output / closed).chmod(0)
        other = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        try:
            process = subprocess.run(
                [ember, "status", output],
                capture_output=True,
                text=True,
                check=False,
                cwd=folder,
                **other,
            )
        except PermissionError:
            pytest.skip("another user may not start the command")
        finally:
            (output / closed).chmod(0o755)
        assert process.returncode == 1, process.stdout
        assert "cannot read" in process.stderr or "cannot open" in process.stderr
        assert "ermission denied" in process.stderr


def test_only_what_differs_is_named(ember, sources, nth_call, tmp_path):
    output = tmp_path / "out"
    command = plain(ember, sources, tmp_path)
    run([*command, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=8)
    for _ in range(2):
        said = refuse([*command, "--limit", "3"], output, "--limit (was none, is '3')")
        assert "files" not in said
        assert run([*command, "-o", output, "--resume"]).returncode == 0


def test_conditions_are_not_shown(ember, sources, nth_call, tmp_path):
    output = tmp_path / "out"
    command = plain(ember, sources, tmp_path)
    secret = [*command, "--where", "origin != 'SECRET'"]
    run([*secret, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=8)
    assert "SECRET" not in (output / ".ember" / "ledger").read_text()
    said = refuse([*command, "--where", "origin != 'OTHER'"], output, "--where")
    assert "SECRET" not in said
    assert "OTHER" not in said


def test_status_keeps_to_its_lines(ember, nth_call, tmp_path):
    source = tmp_path / "rows\nstate     complete.parquet"
    pq.write_table(make_table(0), source)
    output = tmp_path / "out"
    run([ember, "extract", source, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=4)
    lines = run([ember, "status", output]).stdout.splitlines()
    assert [line for line in lines if line.startswith("state")] == ["state     interrupted"]
    assert json.loads(run([ember, "status", output, "--json"]).stdout)["source"] == str(source)


def test_a_stray_mark_of_completion(ember, sources, tmp_path):
    output = tmp_path / "out"
    (output / ".ember").mkdir(parents=True)
    (output / ".ember" / "complete").touch()
    process = run([*plain(ember, sources, tmp_path), "-o", output, "--resume"])
    assert process.returncode == 1
    assert "remove that file" in process.stderr
    assert "remove that file" in status_of(ember, output)["next"]
    (output / ".ember" / "complete").unlink()
    assert run([*plain(ember, sources, tmp_path), "-o", output, "--resume"]).returncode == 0


@pytest.mark.parametrize("option", ["--resume", "--overwrite", None])
def test_a_folder_of_others_stays_as_it_is(ember, sources, tmp_path, option):
    output = tmp_path / "out"
    (output / ".ember").mkdir(parents=True)
    (output / ".ember" / "precious").write_text("keep")
    (output / "photo.jpg").write_text("keep")
    before = contents(output)
    options = [] if option is None else [option]
    process = run([*plain(ember, sources, tmp_path), "-o", output, *options])
    assert process.returncode == 2
    assert contents(output) == before
