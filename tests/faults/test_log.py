"""--log-level tells more or less of a run, and changes nothing of it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    values = pa.array([0.5 * i for i in range(300)])
    names = pa.array([f"secret{i % 7}" for i in range(300)]).dictionary_encode()
    pq.write_table(pa.table({"x": values, "name": names}), path)
    return path


def outputs(folder):
    return {
        p.relative_to(folder): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name not in ("run_report.json", "report.html")
    }


def test_levels(run_ember, tmp_path, table):
    told = {}
    for level in ("debug", "info", "warning", "error", "off"):
        process = run_ember(
            "extract", table, "-o", tmp_path / level, "--log-level", level, "--progress", "none"
        )
        told[level] = process.stderr
        assert outputs(tmp_path / level) == outputs(tmp_path / "debug")
    assert told["warning"] == told["error"] == told["off"] == ""
    info, debug = told["info"], told["debug"]
    assert "info: ember" in info
    assert f"source '{table}': 300 rows in 1 units, 2 columns" in info
    assert "automatic plan: " in info
    for phase in ("split", "detect", "transform"):
        assert f"phase {phase}: " in info
    assert "debug" not in info
    assert "file 'table.parquet': 1 row groups" in debug
    assert "shard train/part-00000.parquet: " in debug
    assert len(debug.splitlines()) > len(info.splitlines())
    for line in debug.splitlines():
        assert line.startswith("ember: ")
        assert "secret" not in line


def test_quiet_means_errors_only_unless_a_level_is_given(run_ember, tmp_path, table):
    assert run_ember("extract", table, "-o", tmp_path / "a", "-q").stderr == ""
    said = run_ember("extract", table, "-o", tmp_path / "b", "-q", "--log-level", "info").stderr
    assert "info: " in said


def test_an_unknown_level(run_ember, tmp_path, table):
    process = run_ember("extract", table, "-o", tmp_path / "a", "--log-level", "inof", status=2)
    assert "did you mean 'info'" in process.stderr


def damage_arrow_schema(path):
    """Other letters in the schema's text: Parquet's own schema stays as it is."""
    content = path.read_bytes()
    begin = content.index(b"ARROW:schema") + len("ARROW:schema") + 4
    path.write_bytes(content[: begin + 20] + b"!" * 40 + content[begin + 60 :])


def test_a_damaged_arrow_schema_is_a_warning(run_ember, tmp_path, table):
    run_ember("extract", table, "-o", tmp_path / "whole", "-q")
    damage_arrow_schema(table)
    process = run_ember("extract", table, "-o", tmp_path / "out", "--progress", "none")
    assert process.stderr == (
        "ember: warning: the Arrow schema stored in 'table.parquet' is damaged: columns are read "
        "with Parquet's own types\n"
    )
    assert "is damaged" in (tmp_path / "out" / "report.html").read_text()
    assert "is damaged" in (tmp_path / "out" / "run_report.json").read_text()
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
    assert run_ember("extract", table, "-o", tmp_path / "quiet", "-q").stderr == ""
