"""bqemulator (PyPI), an independent server of the REST API, where one runs.

EMBER_BQEMULATOR_REST and EMBER_BQEMULATOR_GRPC say where; its project is `proj`, with a dataset
`ds`. It stores no results of SELECT, so that the way from a query to its result is tried with
CREATE TABLE AS SELECT, and with the double (test_rest_jobs.py).
"""

import os
import uuid

import pyarrow as pa
import pytest

from emberharmony import bigquery

REST = os.environ.get("EMBER_BQEMULATOR_REST", "")
GRPC = os.environ.get("EMBER_BQEMULATOR_GRPC", "")
pytestmark = pytest.mark.skipif(not REST, reason="EMBER_BQEMULATOR_REST is not set")


@pytest.fixture(scope="module")
def connection() -> bigquery.Connection:
    return bigquery.Connection(
        project_id="proj",
        rest_endpoint=REST,
        storage_endpoint=GRPC,
    )


@pytest.fixture(scope="module")
def table(connection: bigquery.Connection) -> str:
    name = f"proj.ds.t{uuid.uuid4().hex}"
    sql = (
        f"CREATE TABLE `{name}` AS SELECT n, n * 1.5 AS x, CAST(n AS STRING) AS s "
        "FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n"
    )
    result = bigquery.run_query(sql, connection=connection)
    assert result.table == name
    return name


def test_tables_tell_what_they_are(connection: bigquery.Connection, table: str) -> None:
    info = bigquery.get_table(table, connection=connection)
    assert info.type == "TABLE"
    assert info.num_rows == 1000
    assert [field["name"] for field in info.fields] == ["n", "x", "s"]


def test_rows_are_counted(connection: bigquery.Connection, table: str) -> None:
    assert bigquery.get_table_row_count(table, connection=connection) == 1000
    assert bigquery.get_table_row_count(table, "n > 990", connection=connection) == 10


def test_views_are_told_from_tables(connection: bigquery.Connection, table: str) -> None:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery as official

    client = official.Client(
        project="proj",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": REST},
    )
    view = official.Table(f"{table}_view")
    view.view_query = f"SELECT n FROM `{table}` WHERE n <= 10"
    client.create_table(view, timeout=60)
    assert bigquery.get_table(f"{table}_view", connection=connection).type == "VIEW"
    assert bigquery.get_table_row_count(f"{table}_view", connection=connection) == 10


@pytest.mark.skipif(not GRPC, reason="EMBER_BQEMULATOR_GRPC is not set")
def test_rows_are_read(connection: bigquery.Connection, table: str) -> None:
    with bigquery.read(table, columns=["n", "s"], where="n > 10", connection=connection) as reader:
        found = pa.table(reader)
    assert sorted(found["n"].to_pylist()) == list(range(11, 1001))


@pytest.mark.skipif(not GRPC, reason="EMBER_BQEMULATOR_GRPC is not set")
def test_what_a_query_has_made_is_read(connection: bigquery.Connection, table: str) -> None:
    sql = f"CREATE TABLE `{table}_made` AS SELECT n * 2 AS twice FROM `{table}` WHERE n <= 5"
    with bigquery.read_query(sql, connection=connection) as reader:
        assert sorted(pa.table(reader)["twice"].to_pylist()) == [2, 4, 6, 8, 10]


def test_estimates_and_mistakes(connection: bigquery.Connection, table: str) -> None:
    plan = bigquery.optimize_bigquery_query(table, ["n"], "n > 5", 3)
    bigquery.estimate_query(plan.sql, connection=connection)
    with pytest.raises((ValueError, OSError)):
        bigquery.run_query("SELECT FROM WHERE", connection=connection)
    with pytest.raises(OSError, match="none"):
        bigquery.get_table("proj.ds.none", connection=connection)
