"""Pipes, devices, huge files and links in a file's place: refused at once, never waited for."""

import os
import shutil
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PLAN = "version: 1\nfeatures:\n  - {columns: [name], steps: [vocabulary]}\n"
MODEL_FILES = ("model.json", "plan.yaml", "vocabulary/00000.parquet", "state/states.bin")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"name": [f"n{i % 9}" for i in range(500)]}), path)
    return path


@pytest.fixture
def model(run_ember, tmp_path, table):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    run_ember("fit", plan, table, "-o", tmp_path / "model", "-q")
    return tmp_path / "model"


def put(kind, path):
    if path.exists():
        path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 42)


def refused_at_once(run_ember, *arguments, status, says):
    begin = time.monotonic()
    process = run_ember(*arguments, status=status, timeout=30)
    assert time.monotonic() - begin < 15
    assert process.stderr.startswith("ember: ")
    assert says in process.stderr, process.stderr
    assert len(process.stderr) < 600


@pytest.mark.parametrize("kind", ["pipe", "folder", "huge"])
@pytest.mark.parametrize("name", MODEL_FILES)
def test_files_of_a_model(run_ember, tmp_path, table, model, name, kind):
    put(kind, model / name)
    command = ("merge", model) if name.startswith("state") else ("transform", model, table)
    refused_at_once(run_ember, *command, "-o", tmp_path / "out", status=1, says=model.name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", MODEL_FILES)
def test_links_out_of_a_model(run_ember, tmp_path, table, model, name):
    outside = tmp_path / "outside"
    shutil.move(model / name, outside)
    (model / name).symlink_to(outside)
    command = ("merge", model) if name.startswith("state") else ("transform", model, table)
    refused_at_once(
        run_ember,
        *command,
        "-o",
        tmp_path / "out",
        status=1,
        says="leads out of the model's folder",
    )
    # A link within the folder is as good as the file, and so is a link to the whole folder.
    shutil.move(outside, model / "kept")
    (model / name).unlink()
    (model / name).symlink_to(os.path.relpath(model / "kept", (model / name).parent))
    (tmp_path / "link").symlink_to(model)
    command = [tmp_path / "link" if a == model else a for a in command]
    run_ember(*command, "-o", tmp_path / "out", "-q")


@pytest.mark.parametrize("kind,status", [("pipe", 1), ("device", 1), ("folder", 1), ("huge", 2)])
def test_plans(run_ember, tmp_path, table, kind, status):
    put(kind, tmp_path / "strange.yaml")
    for command in (
        ("fit", tmp_path / "strange.yaml", table),
        ("extract", table, "--plan", tmp_path / "strange.yaml"),
    ):
        refused_at_once(
            run_ember, *command, "-o", tmp_path / "out", status=status, says="strange.yaml"
        )


def test_a_plan_over_its_limit(run_ember, tmp_path, table):
    plan = tmp_path / "long.yaml"
    plan.write_text(PLAN + "#" * (1 << 20))
    refused_at_once(
        run_ember,
        "fit",
        plan,
        table,
        "-o",
        tmp_path / "out",
        status=2,
        says="at most 1048576 bytes",
    )
    plan.write_text(PLAN + "#" * ((1 << 20) - len(PLAN)))
    run_ember("fit", plan, table, "-o", tmp_path / "out", "-q")


@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_sources(run_ember, tmp_path, kind):
    put(kind, tmp_path / "strange.parquet")
    for source in (tmp_path / "strange.parquet", tmp_path / "*.parquet"):
        refused_at_once(
            run_ember, "extract", source, "-o", tmp_path / "out", status=1, says="parquet"
        )


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
@pytest.mark.parametrize("step", ["clip: {{max: {}}}", "impute: {{constant: {}}}"])
def test_numbers_that_are_none(run_ember, tmp_path, value, step):
    table = tmp_path / "numbers.parquet"
    pq.write_table(pa.table({"x": [1.0, None]}), table)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\nfeatures:\n  - columns: [x]\n    steps: [{{{step.format(value)}}}]\n"
    )
    refused_at_once(
        run_ember, "fit", plan, table, "-o", tmp_path / "out", status=2, says=f"found {value}"
    )


def test_one_hot_of_halves_and_bytes(run_ember, tmp_path):
    table = tmp_path / "table.parquet"
    halves = pa.array([0.5, -2.0, None, 0.5], pa.float32()).cast(pa.float16())
    blobs = pa.array([b"\xff", b"0xff", b"a", b"\xff"], pa.binary())
    pq.write_table(pa.table({"h": halves, "b": blobs}), table)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1, validation: 0, test: 0}\n"
        "features:\n  - {columns: [h, b], steps: [one_hot]}\n"
    )
    run_ember("extract", table, "--plan", plan, "-o", tmp_path / "out", "-q")
    run_ember("transform", tmp_path / "out/model", table, "-o", tmp_path / "again", "-q")
    expected = {
        "h=-2": [0, 1, 0, 0],
        "h=0.5": [1, 0, 0, 1],
        "b=0x30786666": [0, 1, 0, 0],
        "b=a": [0, 0, 1, 0],
        "b=0xff": [1, 0, 0, 1],
    }
    for folder in ("out/train", "again"):
        assert pq.read_table(tmp_path / folder / "part-00000.parquet").to_pydict() == expected
