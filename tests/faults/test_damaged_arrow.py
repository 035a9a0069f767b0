"""Arrow files that are cut short or have bits flipped: a message and a status, never a crash."""

import numpy as np
import pyarrow as pa
import pytest


def content(tmp_path, *, stream: bool, **options) -> bytes:
    rng = np.random.default_rng(4)
    table = pa.table(
        {
            "x": rng.normal(size=3_000),
            "name": pa.array([f"n{i % 50}" for i in range(3_000)]).dictionary_encode(),
            "text": pa.array([None if i % 9 == 0 else f"text {i}" for i in range(3_000)]),
        }
    )
    path = tmp_path / "whole"
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=1_000)
    return path.read_bytes()


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_damaged_files(run_ember, tmp_path, stream, compression):
    whole = content(tmp_path, stream=stream, compression=compression)
    rng = np.random.default_rng(8)
    source = tmp_path / "t.arrow"
    failures = 0
    for number in range(12):
        damaged = bytearray(whole)
        if number % 3 == 0:
            damaged = damaged[: int(rng.integers(1, len(whole)))]
        else:
            damaged[int(rng.integers(len(whole)))] ^= 1 << int(rng.integers(8))
        source.write_bytes(damaged)
        output = tmp_path / f"out{number}"
        process = run_ember("extract", source, "-o", output, "-q", status=None, timeout=60)
        assert process.returncode in (0, 1, 2, 4), process.stderr
        if process.returncode != 0:
            failures += 1
            assert process.stderr.startswith("ember: ")
            assert not output.exists()
    assert failures > 0


def test_formats_are_not_mixed(run_ember, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    table = pa.table({"x": [1, 2, 3]})
    with pa.ipc.new_file(folder / "b.arrow", table.schema) as writer:
        writer.write_table(table)
    pa.parquet.write_table(table, folder / "a.parquet")
    process = run_ember("extract", folder, "-o", tmp_path / "out", status=1)
    assert "'a.parquet' is Parquet and 'b.arrow' is Arrow" in process.stderr


def test_terminal_as_standard_input(ember, tmp_path):
    import os
    import pty
    import subprocess

    leader, follower = pty.openpty()
    try:
        process = subprocess.run(
            [ember, "extract", "-", "-o", tmp_path / "out"],
            stdin=follower,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(leader)
        os.close(follower)
    assert process.returncode == 2
    assert "terminal" in process.stderr
