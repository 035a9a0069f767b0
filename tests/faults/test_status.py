"""What `ember status` tells of a run is so, in every phase of it and however it has ended."""

import os
import signal
import subprocess
import time

import bigquery_service
import pyarrow.parquet as pq
import pytest
from test_resume import NUM_FILES, PLAIN, ROWS, TARGETS, WINDOWS, make_table, run, status_of

# (plan, columns that learn, steps on whole rows that learn), counted by hand. Of WINDOWS the lags
# learn nothing, of TARGETS what one of the steps yields is scaled.
PLANS = {
    "plain": (PLAIN, 4, 0),
    "windows": (WINDOWS, 1, 1),
    "targets": (TARGETS, 2, 2),
    "automatic": (None, 6, 0),
}
# With several threads others go on while one is killed.
ONE = ["--threads", "1"]
PHASES = [
    "", "check", "ask", "count values", "download", "filter", "drop", "cuts", "split", "detect",
    "fit", "rows", "save", "transform", "verify", "report",
]  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for number in range(NUM_FILES):
        pq.write_table(make_table(number), folder / f"{number}.parquet")
    return folder


@pytest.fixture(scope="module")
def model(source, ember, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "plan.yaml").write_text(PLAIN)
    subprocess.run([ember, "fit", folder / "plan.yaml", source, "-o", folder / "m"], check=True)
    return folder / "m"


def command_for(ember, what, source, model, folder):
    """A command but for its output, the columns and the steps on whole rows that learn."""
    command, _, name = what.partition(" ")
    if command == "transform":
        return [ember, "transform", model, source, "-q"], 0, 0
    text, columns, row_steps = PLANS[name]
    plan = folder / "plan.yaml"
    if text is not None:
        plan.write_text(text)
    if command == "fit":
        return [ember, "fit", plan, source, "-q"], columns, row_steps
    options = ["--target", "delay"] if text is None else ["--plan", plan]
    return [ember, "extract", source, *options, "-q"], columns, row_steps


def check_text(ember, output, told):
    """The text says what the document says, and no more."""
    lines = dict(
        (line[:9].strip(), line[10:]) for line in run([ember, "status", output]).stdout.splitlines()
    )
    assert lines["state"] == told["state"]
    if not told["columns"]:
        assert "columns" not in lines
    elif told["state"] != "complete":
        assert lines["columns"] == f"{told['columns_done']} of {told['columns']} learned"
    if told["command"] == "fit":
        assert "units" not in lines
        assert "written" not in "".join(lines.values())
    elif told["units"] is not None and told["state"] != "complete":
        assert lines["units"] == f"{told['units_done']} of {told['units']} written"
        assert lines["rows"] == f"{told['rows_done']} of {told['rows']} written"
    if told["state"] != "complete" and told["phase"]:
        assert lines["phase"].startswith(told["phase"] + ": ")


@pytest.mark.parametrize(
    "what",
    ["extract plain", "extract windows", "extract targets", "extract automatic",
     "fit plain", "fit targets", "transform"],
)  # fmt: skip
def test_at_every_commit(ember, source, model, nth_call, tmp_path, what):
    command, columns, row_steps = command_for(ember, what, source, model, tmp_path)
    is_fit = what.startswith("fit")
    seen = []
    for commit in range(1, 100):
        output = tmp_path / str(commit)
        killed = run([*command, "-o", output, *ONE], LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if killed.returncode == 0:
            break
        told = status_of(ember, output)
        check_text(ember, output, told)
        assert (told["state"], told["ended_by"]) == ("interrupted", "killed")
        assert told["command"] == what.split()[0]
        assert told["rows_learned"] is None
        # A kill before the run knows what there is to do leaves nothing to tell.
        assert told["columns"] in (None, columns)
        assert told["row_steps"] in (None, row_steps)
        if told["units"] is not None:
            assert (told["units"], told["rows"]) == (NUM_FILES, NUM_FILES * ROWS)
        if is_fit:
            assert (told["units_done"], told["rows_done"], told["shards"]) == (None, None, 0)
        else:
            assert told["rows_done"] == ROWS * told["units_done"]
        if told["phase"] in ("save", "transform", "report"):
            assert told["columns_done"] == columns
            assert told["row_steps_done"] == row_steps
        seen.append(
            (PHASES.index(told["phase"]), told["columns_done"], told["row_steps_done"],
             told["units_done"] or 0)
        )  # fmt: skip
    assert seen == sorted(seen)
    assert len(seen) > 3
    if not is_fit:
        assert seen[-1][3] == NUM_FILES
        assert {PHASES[phase] for phase, *_ in seen} >= {"transform"}
    told = status_of(ember, output)
    check_text(ember, output, told)
    assert told["state"] == "complete"
    if "automatic" in what:
        # All were looked at; some of them are dropped, or have steps that learn nothing.
        columns = told["columns"]
        assert 0 < columns < 6
    assert (told["columns"], told["row_steps"]) == (columns, row_steps)
    assert (told["columns_done"], told["row_steps_done"]) == (columns, row_steps)
    if is_fit:
        assert (told["units_done"], told["rows_done"], told["rows"]) == (None, None, None)
    else:
        assert (told["rows_done"], told["rows"]) == (NUM_FILES * ROWS,) * 2
        assert (told["units_done"], told["units"]) == (NUM_FILES,) * 2


def test_a_complete_model_tells_its_rows(ember, source, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAIN)
    run([ember, "fit", plan, source, "-o", tmp_path / "m", "-q"])
    run([ember, "extract", source, "--plan", plan, "-o", tmp_path / "out", "-q"])
    training = pq.read_table(tmp_path / "out" / "train").num_rows
    assert 0 < training < NUM_FILES * ROWS
    for folder in ("m", "out"):
        assert status_of(ember, tmp_path / folder)["rows_learned"] == training
        text = run([ember, "status", tmp_path / folder]).stdout
        assert f"training  {training} rows\n" in text
        assert "columns   4 learned\n" in text


def test_rows_that_are_dropped_are_not_waited_for(ember, source, nth_call, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAIN.replace("target: delay", "target: {column: delay, drop_null: true}"))
    rows = sum(len(make_table(n)["delay"].drop_null()) for n in range(NUM_FILES))
    last = None
    for commit in range(1, 100):
        output = tmp_path / str(commit)
        command = [ember, "extract", source, "--plan", plan, "-o", output, "-q", *ONE]
        if run(command, LD_PRELOAD=nth_call, NTH_COMMIT=commit).returncode == 0:
            break
        last = status_of(ember, output)
    assert last["units_done"] == NUM_FILES
    assert last["rows_done"] == last["rows"] == rows


@pytest.mark.parametrize("command", ["extract", "fit", "transform"])
def test_resumed_it_goes_on_from_what_was_told(ember, source, model, nth_call, tmp_path, command):
    """Killed and resumed, what is done never becomes less, and the phase is the new run's."""
    what = command if command == "transform" else f"{command} plain"
    arguments, columns, _ = command_for(ember, what, source, model, tmp_path)
    output = tmp_path / "out"
    run([*arguments, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=2)
    before = (0, 0)
    for _ in range(100):
        process = run(
            [*arguments, "-o", output, "--resume", *ONE], LD_PRELOAD=nth_call, NTH_COMMIT=1
        )
        if process.returncode == 0:
            break
        told = status_of(ember, output)
        done = (told["columns_done"], told["units_done"] or 0)
        assert done >= before
        assert told["phase"] != ""
        before = done
    # A fit that is killed with the file of its last column has nothing to be killed at any more.
    assert before[0] == columns - (command == "fit")


@pytest.mark.parametrize("resumed", [False, True])
def test_a_transform_that_loads_its_model(ember, source, model, nth_call, tmp_path, resumed):
    """Already then it runs, and another run is kept out."""
    arguments, _, _ = command_for(ember, "transform", source, model, tmp_path)
    output = tmp_path / "out"
    if resumed:
        run([*arguments, "-o", output], LD_PRELOAD=nth_call, NTH_COMMIT=3)
        assert status_of(ember, output)["state"] == "interrupted"
    options = ["--resume"] if resumed else []
    environment = os.environ | {"LD_PRELOAD": str(nth_call), "STOPS_AT": "/m/model.json"}
    process = subprocess.Popen(
        [*arguments, "-o", output, *options], env=environment, stderr=subprocess.PIPE
    )
    try:
        _, stopped = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(stopped)
        told = status_of(ember, output)
        assert told["state"] == "running"
        check_text(ember, output, told)
        other = run([*arguments, "-o", output, "--resume"])
        assert other.returncode == 2
        assert "another run" in other.stderr
    finally:
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert status_of(ember, output)["state"] == "complete"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped(ember, flights, tmp_path, number):
    output = tmp_path / "out"
    process = subprocess.Popen(
        [ember, "extract", flights, "-o", output, "--batch-rows", "50", "-q"],
        stderr=subprocess.DEVNULL,
    )
    while not (output / ".ember" / "ledger").exists() and process.poll() is None:
        time.sleep(0.001)
    while status_of(ember, output)["phase"] != "detect":
        time.sleep(0.01)
    running = status_of(ember, output)
    process.send_signal(number)
    assert process.wait(timeout=60) == 3
    assert (running["state"], running["ended_by"], running["phase"]) == ("running", "", "detect")
    told = status_of(ember, output)
    assert (told["state"], told["ended_by"], told["phase"]) == ("interrupted", "stopped", "detect")
    assert "ended     stopped on request\n" in run([ember, "status", output]).stdout


def test_failed(ember, source, nth_call, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAIN)
    failed = 0
    for commit in range(3, 100, 4):
        output = tmp_path / str(commit)
        process = run(
            [ember, "extract", source, "--plan", plan, "-o", output, "-q"],
            LD_PRELOAD=nth_call, NTH_COMMIT=commit, NTH_CALL_FAILS=1,
        )  # fmt: skip
        if process.returncode == 0:
            break
        assert process.returncode == 1, process.stderr
        if not output.exists():
            continue
        told = status_of(ember, output)
        assert (told["state"], told["ended_by"]) == ("failed", "error")
        assert "--resume" in told["next"]
        failed += 1
    assert failed > 1


PLAN_OF_SERVICE = """version: 1
split: {method: hash, key: [id], train: 0.5, validation: 0.25, test: 0.25, seed: 1}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [speed, distance], steps: [{impute: median}]}
"""


@pytest.mark.parametrize("command", ["extract", "fit"])
def test_a_table_of_a_service(ember, source, nth_call, tmp_path, command):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN_OF_SERVICE)
    whole = tmp_path / "t.parquet"
    pq.write_table(pq.read_table(source), whole)
    phases = []
    with bigquery_service.serve(ember, {"p.d.t": whole}) as endpoint:
        options = ["bigquery://p/d/t", "--bigquery-endpoint", endpoint, "-q"]
        plan_first = [plan] if command == "fit" else []
        plan_last = [] if command == "fit" else ["--plan", plan]
        for commit in range(1, 100):
            output = tmp_path / str(commit)
            process = run(
                [ember, command, *plan_first, *options, *plan_last, "-o", output, *ONE],
                LD_PRELOAD=nth_call, NTH_COMMIT=commit,
            )  # fmt: skip
            if process.returncode == 0:
                break
            told = status_of(ember, output)
            check_text(ember, output, told)
            phases.append(told["phase"])
            is_there = PHASES.index(told["phase"]) > PHASES.index("download")
            # While they are fetched nobody knows how many there are.
            assert told["rows"] == (NUM_FILES * ROWS if is_there else None)
            assert told["columns"] in (None, 2)
            if told["phase"] in ("save", "transform", "report"):
                assert told["columns_done"] == 2
    assert [PHASES.index(phase) for phase in phases] == sorted(map(PHASES.index, phases))
    assert "download" in phases
    told = status_of(ember, output)
    assert (told["columns_done"], told["columns"]) == (2, 2)
    assert (told["rows_done"] is None) == (command == "fit")


def test_what_a_stranger_may_write(ember, source, nth_call, tmp_path):
    """Lines of a ledger that nobody writes end what is read of it, and nothing else."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAIN)
    output = tmp_path / "out"
    run([ember, "extract", source, "--plan", plan, "-o", output, "-q"],
        LD_PRELOAD=nth_call, NTH_COMMIT=8)  # fmt: skip
    before = status_of(ember, output)
    with (output / ".ember" / "ledger").open("a") as file:
        file.write('0000000000000000 {"line":"learned","column":1}\n')
    assert status_of(ember, output) == before
