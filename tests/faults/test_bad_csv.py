"""CSV files that are not in order: one message that names the file and the line, exit status 1."""

import gzip

import pytest

GOOD = b"id,name,when\n" + b"".join(b"%d,n%d,2001-01-01 00:00:00\n" % (i, i) for i in range(100))


@pytest.mark.parametrize(
    "content,says",
    [
        (GOOD + b"100,n100\n", ["line 102", "2 fields", "header has 3"]),
        (GOOD + b"100,n,m,2001-01-01 00:00:00\n", ["line 102", "4 fields"]),
        (GOOD + b'100,"n\n\n', ["line 102", "never closed"]),
        (GOOD + b'100,"n"x,\n', ["line 102", "'name'", "closing quote"]),
        (GOOD + b"100,Z\xfcrich,\n", ["line 102", "UTF-8", "iconv"]),
        (GOOD + b"100,n\x00,\n", ["line 102", "NUL"]),
        (GOOD.decode().encode("utf-16"), ["line 1", "UTF-16"]),
        (b"", ["empty", "header"]),
        (b"a,b,a\n1,2,3\n", ["columns 1 and 3", "'a'"]),
        (b"\x1f\x8b" + GOOD, ["unpacked"]),
    ],
)
def test_message_names_the_place(run_ember, tmp_path, content, says):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    process = run_ember("extract", path, "-o", tmp_path / "out", status=1)
    assert process.stderr.startswith("ember: ")
    for text in ["bad.csv", *says]:
        assert text in process.stderr, process.stderr
    assert not (tmp_path / "out").exists()


def test_conflict_with_the_inferred_type(run_ember, tmp_path):
    """The first 32 MiB decide the types; what comes later has to fit."""
    path = tmp_path / "late.csv"
    row = b"%d," + b"x" * 1000 + b"\n"
    content = b"id,text\n" + b"".join(row % i for i in range(34_000))
    path.write_bytes(content + b"1.5,y\n")
    process = run_ember("extract", path, "-o", tmp_path / "out", status=1)
    for text in ["late.csv", "line 34002", "'id'", "int64", "'1.5'", "correct the value"]:
        assert text in process.stderr, process.stderr
    assert not (tmp_path / "out").exists()


def test_formats_do_not_mix(run_ember, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.csv").write_bytes(GOOD)
    (folder / "b.parquet").write_bytes(b"PAR1")
    process = run_ember("extract", folder, "-o", tmp_path / "out", status=1)
    assert "a.csv" in process.stderr
    assert "b.parquet" in process.stderr


def test_headers_that_differ(run_ember, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "a.csv").write_bytes(GOOD)
    (folder / "b.csv").write_bytes(GOOD.replace(b"name", b"nome"))
    process = run_ember("extract", folder, "-o", tmp_path / "out", status=1)
    for text in ["a.csv", "b.csv", "'name'", "'nome'"]:
        assert text in process.stderr, process.stderr


def test_gzip_that_was_cut_short(run_ember, tmp_path):
    path = tmp_path / "cut.csv.gz"
    packed = gzip.compress(GOOD)
    path.write_bytes(packed[: len(packed) // 2])
    process = run_ember("extract", path, "-o", tmp_path / "out", status=1)
    assert "cut.csv.gz" in process.stderr
    assert "copy it anew" in process.stderr
