"""No run harms what is there: files of others, the run's own inputs, an earlier output."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    rng = np.random.default_rng(0)
    pq.write_table(
        pa.table({"x": rng.normal(size=500), "name": [f"n{i % 9}" for i in range(500)]}), path
    )
    return path


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_overwrite_never_removes_the_files_of_others(run_ember, tmp_path, table):
    project = tmp_path / "project"
    for name in ("train/cat.jpg", "test/dog.jpg", "model/weights.bin"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("precious")
    before = contents(project)
    process = run_ember("extract", table, "-o", project, "--overwrite", status=2)
    assert "which no run of ember has written" in process.stderr
    assert contents(project) == before
    # A file of a user's in a real output, deep down.
    output = tmp_path / "out"
    run_ember("extract", table, "-o", output, "-q")
    (output / "model" / "notes.txt").write_text("precious")
    before = contents(output)
    process = run_ember("extract", table, "-o", output, "--overwrite", status=2)
    assert "model/notes.txt" in process.stderr
    assert contents(output) == before
    (output / "model" / "notes.txt").unlink()
    run_ember("extract", table, "-o", output, "--overwrite", "-q")


def test_overwrite_never_removes_what_the_run_reads(run_ember, tmp_path, table):
    output = tmp_path / "out"
    run_ember("extract", table, "-o", output, "--keep-state", "-q")
    model = output / "model"
    before = contents(output)
    os.symlink(output, tmp_path / "link")
    for arguments in (
        ("transform", model, table, "-o", output),
        ("transform", model, table, "-o", model),
        ("transform", tmp_path / "link" / "model", table, "-o", output),
        ("extract", output / "train", "-o", output),
        ("extract", f"{output}/train/*.parquet", "-o", output),
        ("merge", model, "-o", model),
    ):
        process = run_ember(*arguments, "--overwrite", status=2)
        assert "which this run reads" in process.stderr
        assert contents(output) == before, arguments


def test_a_wrong_request_keeps_the_earlier_output(run_ember, tmp_path, table):
    output = tmp_path / "out"
    run_ember("extract", table, "-o", output, "-q")
    before = contents(output)
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [typo], steps: [passthrough]}\n")
    run_ember("extract", table, "-o", output, "--overwrite", "--plan", plan, status=2)
    run_ember("fit", plan, table, "-o", output, "--overwrite", status=2)
    run_ember("extract", table, "-o", output, "--overwrite", "--target", "typo", status=2)
    assert contents(output) == before


def test_an_output_inside_the_source_is_refused(run_ember, tmp_path, table):
    source = tmp_path / "source"
    source.mkdir()
    table.rename(source / "table.parquet")
    process = run_ember("extract", source, "-o", source / "out", status=2)
    assert "lies in the source" in process.stderr
    assert not (source / "out").exists()
    run_ember("extract", source, "-o", source / "_out", "-q")
    run_ember("extract", source, "-o", source / "_out", "--overwrite", "-q")


def test_a_plan_never_replaces_a_file_unasked(run_ember, tmp_path, table):
    before = table.read_bytes()
    process = run_ember("plan", table, "-o", table, status=2)
    assert "--overwrite" in process.stderr
    assert table.read_bytes() == before
    plan = tmp_path / "plan.yaml"
    run_ember("plan", table, "-o", plan)
    text = plan.read_text()
    plan.write_text(text + "# edited\n")
    run_ember("plan", table, "-o", plan, status=2)
    assert plan.read_text() == text + "# edited\n"
    run_ember("plan", table, "-o", plan, "--overwrite")
    assert plan.read_text() == text
    run_ember("plan", table, "-o", "/dev/null", "--overwrite", status=2)


def test_nothing_to_write_says_why(run_ember, tmp_path, table):
    process = run_ember("extract", table, "-o", tmp_path / "out", "--limit", "0", status=2)
    assert "keeps no column" in process.stderr
    assert "'name'" in process.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "option,value",
    [
        ("--seed", "18446744073709551615"),
        ("--seed", "1.5"),
        ("--limit", "-1"),
        ("--limit", "99999999999999999999"),
        ("--batch-rows", "0"),
        ("--high-null-threshold", "nan"),
        ("--memory", ""),
        ("--plan", ""),
        ("--spill-dir", "/nonexistent/folder"),
    ],
)
def test_option_values_are_taken_as_they_are_or_refused(run_ember, tmp_path, table, option, value):
    process = run_ember("extract", table, "-o", tmp_path / "out", option, value, status=2)
    assert len(process.stderr) < 300
    assert not (tmp_path / "out").exists()
