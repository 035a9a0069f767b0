"""What the system does to a run: signals in each phase, disks, limits, odd paths, damaged files."""

import itertools
import os
import resource
import shutil
import signal
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    rng = np.random.default_rng(0)
    pq.write_table(
        pa.table({"x": rng.normal(size=3000), "name": [f"n{i % 50}" for i in range(3000)]}),
        path,
        row_group_size=1000,
    )
    return path


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(
        "version: 1\nfeatures:\n  - {columns: [x], steps: [{impute: median}, {scale: standard}]}\n"
        "  - {columns: [name], steps: [vocabulary]}\n"
    )
    return path


@pytest.fixture
def model(run_ember, tmp_path, table, plan):
    run_ember("fit", plan, table, "-o", tmp_path / "model", "-q")
    return tmp_path / "model"


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def one_message(stderr):
    """Exactly one line of the command's own, of a length that people read."""
    lines = stderr.splitlines()
    assert len([line for line in lines if line.startswith("ember: ")]) == 1, stderr
    assert 20 < len(stderr) < 700, stderr
    for word in ("Aborted", "terminate", "what()", "arrow/", "src/"):
        assert word not in stderr


PHASES = [
    (command, phase, number)
    for (command, phases), number in zip(
        (
            ("extract", ("split", "detect", "transform", "verify")),
            ("plan", ("split", "detect")),
            ("fit", ("split", "fit")),
            ("transform", ("transform",)),
        ),
        itertools.cycle((signal.SIGINT, signal.SIGTERM)),
        strict=False,
    )
    for phase in phases
]


@pytest.mark.parametrize("command,phase,number", PHASES)
def test_a_signal_in_each_phase(run_ember, ember, tmp_path, flights, command, phase, number):
    plan = tmp_path / "flights.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [distance], steps: [{scale: standard}]}\n"
    )
    output = tmp_path / "out"
    arguments = {
        "extract": [flights, "--content-checksum", "-o", output],
        "plan": [flights, "-o", tmp_path / "new.yaml"],
        "fit": [plan, flights, "-o", output],
        "transform": [tmp_path / "model", flights, "-o", output],
    }[command]
    if command == "transform":
        run_ember("fit", plan, flights, "-o", tmp_path / "model", "-q")
    before = sorted(os.listdir(tmp_path))
    # Small batches make each phase last; results are made to be read back only in "verify".
    batch = "65536" if phase == "verify" else "100"
    process = subprocess.Popen(
        [ember, command, *arguments, "--batch-rows", batch, "--log-level", "debug", "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if f"phase {phase} begins" in line:
            break
    process.send_signal(number)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 3, rest
    assert rest.splitlines()[-1].startswith("ember: interrupted"), rest
    # What is done is kept, where there is a folder to keep it in.
    kept = [] if command == "plan" else ["out"]
    assert sorted(os.listdir(tmp_path)) == sorted(before + kept)
    if kept:
        assert os.listdir(output) == [".ember"]


@pytest.mark.parametrize("size", [0, 1, 1000, 5000, 20000])
@pytest.mark.parametrize("command", ["extract", "fit", "transform", "plan"])
def test_a_disk_that_fills_up(ember, tmp_path, table, plan, model, command, size):
    """A limit on the size of files stands in for the disk; an earlier output stays."""
    output = tmp_path / "out"
    shutil.copytree(model, output)
    before = contents(output)
    arguments = {
        "extract": [table, "-o", output, "--overwrite"],
        "fit": [plan, table, "-o", output, "--overwrite"],
        "transform": [model, table, "-o", output, "--overwrite"],
        "plan": [table, "-o", tmp_path / "new.yaml"],
    }[command]

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    process = subprocess.run(
        [ember, command, *arguments, "-q"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert process.returncode in (0, 1), process.stderr
    if process.returncode == 1:
        one_message(process.stderr)
        found = {k: v for k, v in contents(output).items() if not str(k).startswith(".ember")}
        assert found == before
        assert not (tmp_path / "new.yaml").exists()
    assert process.returncode == 1 or size > 0
    # What had found room is kept: with more of it the run goes on.
    kept = (output / ".ember").exists()
    assert kept == ("--resume" in process.stderr)
    if kept:
        arguments.remove("--overwrite")
        subprocess.run([ember, command, *arguments, "-q", "--resume"], check=True)
        assert not (output / ".ember").exists()
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".*"))


def test_standard_output_that_is_full(ember, table):
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [ember, "plan", table], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert process.returncode == 1
    assert "cannot write to standard output" in process.stderr


def test_too_few_open_files(ember, tmp_path, table):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))

    process = subprocess.run(
        [ember, "extract", table, "-o", tmp_path / "out", "-q"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert process.returncode in (0, 1)
    if process.returncode == 1:
        one_message(process.stderr)
        assert "open files" in process.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("tail", ["x" * 300, "table.parquet/out"])
def test_outputs_that_cannot_be_made(run_ember, tmp_path, table, tail):
    process = run_ember("extract", table, "-o", tmp_path / tail, status=1)
    one_message(process.stderr)
    assert os.listdir(tmp_path) == ["table.parquet"]


def test_sources_that_cannot_be_reached(run_ember, tmp_path, table):
    for source in (table / "below", tmp_path / ("y" * 300), "nonsense://host/table"):
        process = run_ember("extract", source, "-o", tmp_path / "out", status=None)
        assert process.returncode == (2 if "://" in str(source) else 1)
        one_message(process.stderr)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["model.json", "plan.yaml", "vocabulary/00002.parquet"])
def test_models_that_lack_a_file(run_ember, tmp_path, table, model, name):
    (model / name).unlink()
    process = run_ember("transform", model, table, "-o", tmp_path / "out", status=1)
    one_message(process.stderr)
    assert name in process.stderr


def test_unknown_columns_and_targets_have_neighbours(run_ember, tmp_path, table, plan):
    for options in (["--columns", "nmae"], ["--target", "nmae"]):
        process = run_ember("extract", table, "-o", tmp_path / "out", *options, status=2)
        one_message(process.stderr)
        assert "did you mean 'name'" in process.stderr
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"y": [1.0], "Name": ["a"]}), other)
    process = run_ember("fit", plan, other, "-o", tmp_path / "out", status=2)
    assert "unknown column 'x'" in process.stderr
    assert "did you mean 'Name'" in process.stderr


def damaged(content, rng):
    """Cut, or with some of its bits, bytes or places changed."""
    kind = rng.integers(4)
    place = int(rng.integers(len(content)))
    if kind == 0:
        return content[:place]
    changed = bytearray(content)
    if kind == 1:
        changed[place] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        length = int(rng.integers(1, 40))
        changed[place : place + length] = bytes(rng.integers(0, 256, length, np.uint8))
    else:
        # The end, where the footer is: a change there reaches what all else hangs on.
        place = len(content) - 1 - int(rng.integers(min(len(content), 600)))
        changed[place] = int(rng.integers(256))
    return bytes(changed)


VARIANTS = {
    "defaults": {},
    "pages v2, delta": {
        "data_page_version": "2.0",
        "use_dictionary": False,
        "column_encoding": {"name": "DELTA_BYTE_ARRAY", "x": "BYTE_STREAM_SPLIT"},
        "compression": "zstd",
    },
    "plain": {"use_dictionary": False, "compression": "none"},
    "small pages": {"data_page_size": 200, "compression": "gzip", "write_page_checksum": True},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_damaged_tables(run_ember, tmp_path, plan, variant):
    rng = np.random.default_rng(list(VARIANTS).index(variant))
    path = tmp_path / "table.parquet"
    rows = 400
    pq.write_table(
        pa.table({"x": rng.normal(size=rows), "name": [f"n{i % 50}" for i in range(rows)]}),
        path,
        row_group_size=150,
        **VARIANTS[variant],
    )
    content = path.read_bytes()
    failures = 0
    for _ in range(50):
        path.write_bytes(damaged(content, rng))
        process = run_ember(
            "fit", plan, path, "-o", tmp_path / "out", "-q", status=None, timeout=60
        )
        # 2: what is damaged may be a column's name.
        assert process.returncode in (0, 1, 2), process.stderr
        if process.returncode != 0:
            failures += 1
            assert process.stderr.startswith("ember: "), process.stderr
            assert not (tmp_path / "out").exists()
        else:
            shutil.rmtree(tmp_path / "out")
    assert failures > 10


@pytest.mark.parametrize("name", ["model.json", "plan.yaml", "vocabulary/00002.parquet"])
def test_damaged_models(run_ember, tmp_path, table, model, name):
    rng = np.random.default_rng(len(name))
    content = (model / name).read_bytes()
    failures = 0
    for _ in range(30):
        (model / name).write_bytes(damaged(content, rng))
        output = tmp_path / "out"
        process = run_ember("transform", model, table, "-o", output, "-q", status=None, timeout=60)
        assert process.returncode in (0, 1), process.stderr
        if process.returncode == 1:
            failures += 1
            one_message(process.stderr)
            assert not output.exists()
        else:
            shutil.rmtree(output)
    assert failures > 10
