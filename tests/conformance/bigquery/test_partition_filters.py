"""emberharmony.bigquery on tables that are only read with a condition on their partitions."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emberharmony.features import TerabyteFeatureExtractor
from rest_double import RestDouble

import emberharmony
from emberharmony import ColumnNotFoundError, bigquery

ROWS = 20_000
WHERE = "day >= '2001-02-01' AND n < 15000"
REFUSAL = r"without a filter over column\(s\) 'day' that can be used.*where="


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    days = [date(2001, 1, 1) + timedelta(days=i % 60) for i in range(ROWS)]
    instants = [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in days]
    table = pa.table(
        {
            "n": range(ROWS),
            "day": days,
            "text": [f"a text of row {i % 50}" for i in range(ROWS)],
            "place": [{"Code": i % 7, "at": {"x": float(i)}} for i in range(ROWS)],
            "_PARTITIONTIME": pa.array(instants, pa.timestamp("us", "UTC")),
        }
    )
    path = tmp_path_factory.mktemp("served") / "table.parquet"
    pq.write_table(table, path)
    pq.write_table(table.drop_columns("_PARTITIONTIME"), path.with_name("by_day.parquet"))
    return path


@pytest.fixture
def connection(serve: Callable, file: Path, monkeypatch: pytest.MonkeyPatch) -> bigquery.Connection:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    served = serve(
        {"p.d.t": file.with_name("by_day.parquet"), "p.d.i": file},
        "--partition=p.d.t=day",
        "--require-partition-filter=p.d.t",
        "--partition=p.d.i=_PARTITIONTIME",
        "--require-partition-filter=p.d.i",
    )
    return bigquery.Connection(storage_endpoint=served.address)


def passing(file: Path) -> list[int]:
    table = pq.read_table(file, columns=["n", "day"]).to_pylist()
    return [row["n"] for row in table if row["day"] >= date(2001, 2, 1) and row["n"] < 15_000]


@pytest.mark.parametrize("unit_column", [None, "day", "Place.code", "n"])
def test_rows_are_read_with_a_condition(
    connection: bigquery.Connection, file: Path, unit_column: str | None
) -> None:
    options = {"connection": connection, "unit_column": unit_column}
    for columns in (None, ["n"], ["text", "n"]):
        with bigquery.read("p.d.t", columns=columns, where=WHERE, **options) as reader:
            found = pa.table(reader)
        assert sorted(found["n"].to_pylist()) == passing(file)
    got: list[int] = []
    bigquery.process_bigquery_streaming(
        "p.d.t",
        lambda batch: got.extend(pa.record_batch(batch)["n"].to_pylist()),
        where_clause=WHERE,
        **options,
    )
    assert sorted(got) == passing(file)
    for where in (None, "n < 5", "day = day"):
        with pytest.raises(ValueError, match=REFUSAL):
            bigquery.read("p.d.t", where=where, **options)
        with pytest.raises(ValueError, match=REFUSAL):
            bigquery.process_bigquery_streaming("p.d.t", print, where_clause=where, **options)


@pytest.mark.parametrize("table", ["p.d.t", "p.d.i"])
def test_columns_that_are_not_there(connection: bigquery.Connection, table: str) -> None:
    where = "day > '2001-02-01'" if table == "p.d.t" else "_PARTITIONDATE > '2001-02-01'"
    with bigquery.read(table, columns=["place.code"], where=where, connection=connection) as reader:
        assert reader.column_names == ["place"]
    for wrong, told in (
        ({"columns": ["n", "txet"]}, "'txet'; did you mean 'text'"),
        ({"where": f"{where} AND txet = 'a'"}, "'txet'; did you mean 'text'"),
        ({"where": f"{where} AND place.at.y > 1"}, r"'place\.at\.y'; did you mean 'place\.at\.x'"),
        ({"where": f"NOT ({where}) AND place.kode IN (1, 2)"}, r"'place\.kode'; did you mean"),
        ({"unit_column": "txet"}, "'txet'; did you mean 'text'"),
        # Whether it was to restrict the partitions, nobody knows.
        ({"where": "txet >= '2001-02-01'"}, "'txet'; did you mean 'text'"),
    ):
        with pytest.raises(ColumnNotFoundError, match=told):
            bigquery.read(table, connection=connection, **{"where": where, **wrong})
    # What is wrong with something else is told as the service tells it.
    with pytest.raises(ValueError, match="INVALID_ARGUMENT") as error:
        bigquery.read(table, where=f"{where} AND n > 'x'", connection=connection)
    assert not isinstance(error.value, ColumnNotFoundError)


def test_a_view_is_not_read_for_its_columns(connection: bigquery.Connection) -> None:
    with RestDouble() as rest:
        fields = [
            {"name": "day", "type": "DATE"},
            {"name": "place", "type": "RECORD", "fields": [{"name": "code", "type": "INTEGER"}]},
        ]
        rest.tables["p.d.v"] = {"type": "VIEW", "schema": {"fields": fields}}
        own = bigquery.Connection(
            storage_endpoint=connection.storage_endpoint, rest_endpoint=rest.url, project_id="p"
        )
        for wrong in ({"columns": ["dya"]}, {"where": "dya IS NULL"}):
            with pytest.raises(ColumnNotFoundError, match="'dya'; did you mean 'day'"):
                bigquery.read("p.d.v", connection=own, **wrong)
        assert not rest.jobs, "a query over the view would be billed"


def test_what_is_told_of_such_a_table(connection: bigquery.Connection, file: Path) -> None:
    assert bigquery.get_table_row_count("p.d.t", WHERE, connection=connection) == len(passing(file))
    with pytest.raises(ValueError, match=REFUSAL):
        bigquery.get_table_row_count("p.d.t", connection=connection)
    with pytest.raises(ValueError, match=r"p\.d\.t requires a condition .* \(rest_endpoint=\)"):
        bigquery.get_table("p.d.t", connection=connection)
    with RestDouble() as rest:
        rest.tables["p.d.t"] = {
            "type": "TABLE",
            "numRows": "17",
            "requirePartitionFilter": True,
            "timePartitioning": {"type": "DAY", "field": "day"},
        }
        own = bigquery.Connection(
            storage_endpoint=connection.storage_endpoint, rest_endpoint=rest.url
        )
        assert bigquery.get_table("p.d.t", connection=own).requires_partition_filter
        assert bigquery.get_table_row_count("p.d.t", connection=own) == 17


def test_rows_by_the_time_of_ingestion(connection: bigquery.Connection, file: Path) -> None:
    where = "_PARTITIONTIME >= '2001-02-01 00:00:00+00' AND n < 15000"
    for condition in (where, where.replace("TIME", "DATE").replace(" 00:00:00+00", "")):
        with bigquery.read("p.d.i", where=condition, connection=connection) as reader:
            found = pa.table(reader)
        assert found.column_names == ["n", "day", "text", "place"]
        assert sorted(found["n"].to_pylist()) == passing(file)


def test_runs_and_the_extractor(
    connection: bigquery.Connection, file: Path, tmp_path: Path
) -> None:
    options = {"columns": ["n", "text"], "where": WHERE, "content_checksum": True}
    remote = emberharmony.extract(
        "bigquery://p/d/t", tmp_path / "remote", connection=connection, progress="none", **options
    )
    by_day = file.with_name("by_day.parquet")
    local = emberharmony.extract(by_day, tmp_path / "local", progress="none", **options)
    assert remote.manifest["splits"] == local.manifest["splits"]
    extractor = TerabyteFeatureExtractor(project_id="p")
    extractor.setup_bigquery_connection(storage_endpoint=connection.storage_endpoint)
    train, validation, test, *_ = extractor.prepare_data("p.d.t", where_clause=WHERE)
    assert len(train) + len(validation) + len(test) == len(passing(file))
    with pytest.raises(ValueError, match=REFUSAL):
        extractor.prepare_data("p.d.t")
    with pytest.raises(emberharmony.UsageError, match=REFUSAL):
        emberharmony.inspect("bigquery://p/d/t", connection=connection, progress="none")
