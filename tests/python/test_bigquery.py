"""emberharmony.bigquery without a server: queries, settings, mistakes."""

import inspect
import os
from datetime import datetime
from pathlib import Path

import pytest
from emberharmony.bigquery._reader import byte_size

from emberharmony import bigquery


@pytest.mark.parametrize("name", [n for n in bigquery.__all__ if not n[0].isupper()])
def test_functions_are_documented(name: str) -> None:
    function = getattr(bigquery, name)
    documentation = inspect.getdoc(function)
    assert documentation.split("\n")[0].endswith(".")
    for parameter in inspect.signature(function).parameters.values():
        assert f"{parameter.name}:" in documentation, f"{parameter.name} is not documented"
        assert parameter.annotation is not inspect.Parameter.empty
    assert "Raises:" in documentation


def test_optimize_writes_sql_and_options() -> None:
    query = bigquery.optimize_bigquery_query(
        "my-proj.ds.flights", ["delay", "r.x"], "delay>60 and origin in ('SFO', \"OAK\")", 10
    )
    assert query.columns == ["delay", "r.x"]
    assert query.where == "delay > 60 AND origin IN ('SFO', 'OAK')"
    assert query.limit == 10
    assert query.sql == (
        f"SELECT `delay`, `r` FROM `my-proj.ds.flights` WHERE {query.where} LIMIT 10"
    )
    every = bigquery.optimize_bigquery_query("bigquery://p/d/t", offset=0)
    assert (every.sql, every.columns, every.where) == ("SELECT * FROM `p.d.t`", [], None)


@pytest.mark.parametrize(
    "where",
    ["x = 1; DROP TABLE t", "1=1) UNION ALL (SELECT 1", "x = (SELECT 1)", "x = 'a' 'b'", "x ="],
)
def test_nothing_escapes_from_a_condition(where: str) -> None:
    with pytest.raises(ValueError, match="filter:1:"):
        bigquery.optimize_bigquery_query("p.d.t", where_clause=where)


def test_names_are_quoted() -> None:
    query = bigquery.optimize_bigquery_query("p.d.t", ["a`, (SELECT secret) `b"])
    assert query.sql == r"SELECT `a\`, (SELECT secret) \`b` FROM `p.d.t`"
    for table in ["p.d", "p.d.t; DROP", "p.d.t$20240101", "", "p.d.`t`.x"]:
        with pytest.raises(ValueError):
            bigquery.optimize_bigquery_query(table)


def test_offsets_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"no order.*bigquery\.read"):
        bigquery.optimize_bigquery_query("p.d.t", offset=100)


def test_sizes() -> None:
    for text, expected in [
        (1000, 1000),
        ("512MiB", 512 << 20),
        ("1 GB", 10**9),
        ("1.5KiB", 1536),
        ("7", 7),
    ]:
        assert byte_size(text, "memory_limit") == expected
    for wrong in ["", "MiB", "1 XB", "-1", 0, -5]:
        with pytest.raises(ValueError, match="memory_limit"):
            byte_size(wrong, "memory_limit")


def test_mistakes_are_told_before_anything_is_sent() -> None:
    nowhere = bigquery.Connection(storage_endpoint="127.0.0.1:1", rest_endpoint="127.0.0.1:1")
    with pytest.raises(ValueError, match="time zone"):
        bigquery.read("p.d.t", snapshot_time=datetime(2024, 1, 1), connection=nowhere)
    with pytest.raises(ValueError, match="compression"):
        bigquery.read("p.d.t", compression="brotli", connection=nowhere)
    with pytest.raises(ValueError, match="bigquery"):
        bigquery.read("not a table", connection=nowhere)
    with pytest.raises(ValueError, match="limit"):
        bigquery.read("p.d.t", limit=-1, connection=nowhere)
    with pytest.raises(ValueError, match="processing_fn or reduction"):
        bigquery.process_bigquery_in_chunks("p.d.t", connection=nowhere)
    with pytest.raises(ValueError, match="output"):
        bigquery.process_bigquery_streaming("p.d.t", print, output="frames", connection=nowhere)


def test_setup_names_the_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    with pytest.raises(FileNotFoundError):
        bigquery.setup_bigquery_connection(tmp_path / "none.json")
    key = tmp_path / "key.json"
    key.write_text("{}")
    connection = bigquery.setup_bigquery_connection(key, project_id="p", location="EU")
    assert os.environ["GOOGLE_APPLICATION_CREDENTIALS"] == str(key)
    assert (connection.project_id, connection.location) == ("p", "EU")
    # A file that holds no credentials is told when they are needed.
    with pytest.raises(ValueError, match="should have one of the types"):
        bigquery.estimate_query("SELECT 1", connection=connection)
