"""One clear message, the right exit status, and nothing half-written."""

import os
import resource
import signal
import subprocess
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FEATURES = "features:\n  - {columns: [x], steps: [{impute: median}, {scale: standard}]}\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    rng = np.random.default_rng(0)
    pq.write_table(
        pa.table({"x": rng.normal(size=5000), "name": [f"n{i % 50}" for i in range(5000)]}),
        path,
        row_group_size=1000,
    )
    return path


def refused(run_ember, tmp_path, *arguments, status, says):
    """The command fails with this status and a message that holds `says`, and leaves no output."""
    process = run_ember(*arguments, "-o", tmp_path / "out", status=status)
    assert process.stdout == ""
    assert process.stderr.startswith("ember: ")
    for text in says:
        assert text in process.stderr, process.stderr
    assert not (tmp_path / "out").exists()
    return process.stderr


def test_missing_file(run_ember, tmp_path):
    refused(
        run_ember,
        tmp_path,
        "extract",
        tmp_path / "absent.parquet",
        status=1,
        says=["absent.parquet"],
    )


def test_empty_folder(run_ember, tmp_path):
    (tmp_path / "nothing").mkdir()
    refused(run_ember, tmp_path, "extract", tmp_path / "nothing", status=1, says=["nothing"])


def test_not_parquet(run_ember, tmp_path):
    path = tmp_path / "text.parquet"
    path.write_text("hello\n" * 100)
    refused(run_ember, tmp_path, "extract", path, status=1, says=["text.parquet"])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_file(run_ember, tmp_path, table, share):
    content = table.read_bytes()
    table.write_bytes(content[: int(len(content) * share)])
    refused(run_ember, tmp_path, "extract", table, status=1, says=["table.parquet"])


def test_flipped_bits_never_crash_and_never_leave_an_output(run_ember, tmp_path, table):
    content = bytearray(table.read_bytes())
    rng = np.random.default_rng(1)
    failures = 0
    for number in range(60):
        damaged = bytearray(content)
        damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        table.write_bytes(damaged)
        output = tmp_path / f"out{number}"
        process = run_ember("extract", table, "-o", output, "-q", status=None, timeout=60)
        assert process.returncode in (0, 1, 2, 4), process.stderr
        if process.returncode != 0:
            failures += 1
            assert process.stderr.startswith("ember: ")
            assert not output.exists()
    assert failures > 0


def test_unknown_column_and_step_are_reported_together_with_their_place(run_ember, tmp_path, table):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - columns: [nmae]\n    steps: [one-hot]\n"
        "  - columns: [x]\n    steps: [{scale: standart}]\n"
    )
    text = refused(
        run_ember,
        tmp_path,
        "fit",
        plan,
        table,
        status=2,
        says=["did you mean 'name'", "did you mean 'one_hot'"],
    )
    assert f"{plan}:3:" in text
    assert f"{plan}:4:13: unknown step 'one-hot'" in text
    assert f"{plan}:6:" in text


def test_target_that_is_absent(run_ember, tmp_path, table):
    refused(
        run_ember,
        tmp_path,
        "extract",
        table,
        "--target",
        "nome",
        status=2,
        says=["'nome'", "did you mean 'name'"],
    )


def test_model_of_another_schema(run_ember, tmp_path, table):
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\n" + FEATURES)
    run_ember("fit", plan, table, "-o", tmp_path / "model", "-q")
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": ["text"], "z": [1]}), other)
    refused(
        run_ember,
        tmp_path,
        "transform",
        tmp_path / "model",
        other,
        status=2,
        says=["x", "double", "string"],
    )


def test_output_that_is_not_empty(run_ember, tmp_path, table):
    output = tmp_path / "full"
    output.mkdir()
    (output / "precious.txt").write_text("keep me")
    for options in ([], ["--overwrite"]):
        process = run_ember("extract", table, "-o", output, *options, status=2)
        assert "full" in process.stderr
    assert [p.name for p in output.iterdir()] == ["precious.txt"]


def test_overwrite_replaces_an_earlier_output(run_ember, tmp_path, table):
    run_ember("extract", table, "-o", tmp_path / "out", "-q")
    run_ember("extract", table, "-o", tmp_path / "out", status=2)
    run_ember("extract", table, "-o", tmp_path / "out", "-q", "--overwrite", "--target", "x")
    assert not (tmp_path / "out" / ".ember").exists()


def test_unreadable_file(run_ember, tmp_path, table):
    if os.geteuid() == 0:
        # Root reads everything; a folder in a file's place is unreadable for root, too.
        table.unlink()
        table.symlink_to(tmp_path / "loop.parquet")
        (tmp_path / "loop.parquet").symlink_to(table)
    else:
        table.chmod(0)
    refused(run_ember, tmp_path, "extract", table, status=1, says=["table.parquet"])


def test_disk_full(ember, tmp_path, table):
    """A limit on the size of files stands in for a full disk: writes fail half-way."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    process = subprocess.run(
        [ember, "extract", table, "-o", tmp_path / "out"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert process.returncode == 1, process.stderr
    assert process.stderr.startswith("ember: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments,says",
    [
        (["extract"], "SOURCE"),
        (["extract", "T", "-o", "O", "--memory", "64MiB"], "128"),
        (["extract", "T", "-o", "O", "--memory", "lots"], "lots"),
        (["extract", "T", "-o", "O", "--threads", "0"], "threads"),
        (["extract", "T", "-o", "O", "--frobnicate"], "frobnicate"),
        (["extrakt", "T"], "extrakt"),
    ],
)
def test_wrong_options(run_ember, table, tmp_path, arguments, says):
    replaced = [
        str(table) if a == "T" else str(tmp_path / "out") if a == "O" else a for a in arguments
    ]
    process = run_ember(*replaced, status=2)
    assert says in process.stderr
    assert not (tmp_path / "out").exists()


def test_plan_with_too_many_nodes_is_refused_quickly(run_ember, tmp_path, table):
    plan = tmp_path / "bomb.yaml"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join(['*' + a] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    plan.write_text("\n".join(lines) + "\nversion: 1\n")
    begin = time.monotonic()
    refused(run_ember, tmp_path, "fit", plan, table, status=2, says=["bomb.yaml"])
    assert time.monotonic() - begin < 10


def test_interrupt_ends_with_status_3_and_no_output(ember, flights, tmp_path):
    process = subprocess.Popen(
        [
            ember,
            "extract",
            flights,
            "-o",
            tmp_path / "out",
            "--batch-rows",
            "50",
            "--threads",
            "1",
            "-q",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "out").exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3, stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == [".ember"]


def test_memory_limit_names_the_consumer(run_ember, tmp_path):
    rng = np.random.default_rng(9)
    path = tmp_path / "blobs.parquet"
    values = [bytes(rng.integers(0, 256, 1 << 20, np.uint8)) for _ in range(220)]
    pq.write_table(
        pa.table({"blob": pa.array(values, pa.binary())}),
        path,
        row_group_size=220,
        use_dictionary=False,
    )
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0, test: 0}\n"
        "features:\n  - {columns: [blob], steps: [one_hot]}\n"
    )
    process = run_ember(
        "fit", plan, path, "-o", tmp_path / "out", "--memory", "128MiB", status=None
    )
    assert process.returncode in (0, 2, 4), process.stderr
    if process.returncode == 4:
        assert "blob" in process.stderr
        assert "--memory" in process.stderr
        assert "MiB in use" in process.stderr
