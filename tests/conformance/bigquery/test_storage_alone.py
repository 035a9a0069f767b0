"""A Storage Read server without a REST API beside it: what Python does without the latter."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import emberharmony
from emberharmony import bigquery
from emberharmony.bigquery import _queries

ROWS = 12_345


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "table.parquet"
    n = range(ROWS)
    table = pa.table(
        {
            "text": [f"a long text of row {i}" for i in n],
            "number": pa.array(n, pa.int64()),
            "price": pa.array([Decimal(i) for i in n], pa.decimal128(20, 2)),
            "day": pa.array([date(2024, 1, 1 + i % 28) for i in n]),
            "at": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * ROWS, pa.timestamp("us", "UTC")),
            "local": pa.array([datetime(2024, 1, 1)] * ROWS, pa.timestamp("us")),
            "tags": [["a", "b"]] * ROWS,
            "place": [{"city": "x", "code": i} for i in n],
        }
    )
    pq.write_table(table, path, row_group_size=1_000)
    return path


@pytest.fixture
def connection(serve: Callable, file: Path, monkeypatch: pytest.MonkeyPatch) -> bigquery.Connection:
    for name in ("BIGQUERY_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    served = serve({"p.d.t": file}, "--response-rows", 500, "--stream-bytes", "64KiB")
    return bigquery.Connection(storage_endpoint=served.address)


def test_rows_are_counted_by_the_narrowest_column(
    connection: bigquery.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def read(table_id: str, **options: object) -> bigquery.Reader:
        asked.append(options.get("columns"))
        return bigquery.read(table_id, **options)

    monkeypatch.setattr(_queries, "read", read)
    assert bigquery.get_table_row_count("p.d.t", connection=connection) == ROWS
    assert asked == [None, ["day"]]
    # The condition's columns need not be sent.
    found = bigquery.get_table_row_count("p.d.t", "number >= 100", connection=connection)
    assert found == ROWS - 100
    assert bigquery.get_table_row_count("p.d.t", "number < 0", connection=connection) == 0


def test_a_table_is_described_by_its_session(connection: bigquery.Connection) -> None:
    info = bigquery.get_table("p.d.t", connection=connection)
    assert info.type == "TABLE"
    assert info.num_rows == ROWS
    assert info.num_bytes > 0
    assert {each["name"]: (each["type"], each["mode"]) for each in info.fields} == {
        "text": ("STRING", "NULLABLE"),
        "number": ("INTEGER", "NULLABLE"),
        "price": ("NUMERIC", "NULLABLE"),
        "day": ("DATE", "NULLABLE"),
        "at": ("TIMESTAMP", "NULLABLE"),
        "local": ("DATETIME", "NULLABLE"),
        "tags": ("STRING", "REPEATED"),
        "place": ("RECORD", "NULLABLE"),
    }
    assert [each["name"] for each in info.fields[-1]["fields"]] == ["city", "code"]
    with pytest.raises(emberharmony.NotFoundError, match="NOT_FOUND"):
        bigquery.get_table("p.d.other", connection=connection)


def test_queries_say_what_they_need(connection: bigquery.Connection) -> None:
    for call in (
        lambda: bigquery.estimate_query("SELECT 1", connection=connection),
        lambda: bigquery.run_query("SELECT 1", connection=connection),
        lambda: bigquery.read_query("SELECT 1", connection=connection),
    ):
        with pytest.raises(ValueError, match=r"need the REST API.*rest_endpoint"):
            call()


@pytest.mark.parametrize("column", ["text", "number", "price", "day", "at", "local"])
def test_runs_read_a_table_in_ranges_of_a_column(
    connection: bigquery.Connection, file: Path, tmp_path: Path, column: str
) -> None:
    options = {"columns": ["number", "price", "day"], "content_checksum": True}
    remote = emberharmony.extract(
        "bigquery://p/d/t",
        tmp_path / "remote",
        connection=connection,
        unit_column=column,
        progress="none",
        **options,
    )
    local = emberharmony.extract(file, tmp_path / "local", progress="none", **options)
    assert remote.manifest["splits"] == local.manifest["splits"]
    for wrong in ("tags", "place", "nmber"):
        with pytest.raises(emberharmony.UsageError, match=f"unit_column.*{wrong}"):
            emberharmony.extract(
                "bigquery://p/d/t", tmp_path / "x", connection=connection, unit_column=wrong
            )
    with pytest.raises(ValueError, match="unit_column divides tables of BigQuery alone"):
        emberharmony.extract(file, tmp_path / "x", unit_column=column)
    assert not (tmp_path / "x").exists()


def test_a_table_that_is_not_there_can_be_told_from_other_faults(
    connection: bigquery.Connection, tmp_path: Path
) -> None:
    for ask in (
        lambda: bigquery.read("p.d.none", connection=connection),
        lambda: emberharmony.extract(
            "bigquery://p/d/none", tmp_path / "x", connection=connection, progress="none"
        ),
    ):
        with pytest.raises(emberharmony.NotFoundError, match="check the names") as caught:
            ask()
        assert isinstance(caught.value, FileNotFoundError)
