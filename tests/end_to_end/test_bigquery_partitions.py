"""Tables of BigQuery that are only read with a condition on their partitions, and those that are
partitioned by the time at which rows came."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import bigquery_service
import numpy as np
import pyarrow as pa
import pytest
from outputs import content_checksums, write_parquet
from rest_double import QueryScript, RestDouble

NUM_ROWS = 60_000
PLAN = """version: 1
split: {method: %s}
features:
  - columns: [id]
    steps: [passthrough]
  - columns: [x]
    steps: [{impute: median}, {scale: standard}]
  - columns: [kind]
    steps: [one_hot]
"""
BY_KEY = "hash, key: [id], train: 0.5, validation: 0.25, test: 0.25, seed: 1"
BY_TIME = "time, column: day, train: 0.7, validation: 0.2, test: 0.1"
WHERE = "day >= '2001-02-01' AND x IS NOT NULL"
REFUSAL = "without a filter over column(s) 'day' that can be used for partition elimination"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    rng = np.random.default_rng(11)
    days = [date(2001, 1, 1) + timedelta(days=int(i)) for i in rng.integers(0, 90, NUM_ROWS)]
    columns = {
        "id": np.arange(NUM_ROWS),
        "x": pa.array(rng.normal(size=NUM_ROWS), mask=rng.random(NUM_ROWS) < 0.1),
        "kind": rng.choice(["a", "b", "c"], NUM_ROWS),
        "place": pa.array([{"code": int(i)} for i in rng.integers(0, 9, NUM_ROWS)]),
    }
    folder = tmp_path_factory.mktemp("tables")
    write_parquet(pa.table({"day": days, **columns}), folder / "by_day.parquet")
    instants = [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in days]
    times = {"_PARTITIONTIME": pa.array(instants, pa.timestamp("us", "UTC"))}
    write_parquet(pa.table({**columns, **times}), folder / "ingested.parquet")
    for name, split in (("by_key", BY_KEY), ("by_time", BY_TIME)):
        (folder / f"{name}.yaml").write_text(PLAN % split)
    return folder


@pytest.fixture(scope="module")
def endpoint(ember, folder) -> Iterator[str]:
    tables = {"p.d.t": folder / "by_day.parquet", "p.d.i": folder / "ingested.parquet"}
    with bigquery_service.serve(
        ember,
        tables,
        "--partition=p.d.t=day",
        "--require-partition-filter=p.d.t",
        "--partition=p.d.i=_PARTITIONTIME",
        "--require-partition-filter=p.d.i",
    ) as address:
        yield address


@pytest.fixture
def run(run_ember, endpoint):
    def call(command, *arguments, table="t", status=0):
        source = [f"bigquery://p/d/{table}", "--bigquery-endpoint", endpoint]
        before = arguments[:1] if command in ("explain", "fit", "transform") else ()
        rest = arguments[len(before) :]
        return run_ember(command, *before, *source, *rest, "--progress", "none", status=status)

    return call


@pytest.fixture(scope="module")
def model(run_ember, folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model"
    file = folder / "by_day.parquet"
    run_ember("fit", folder / "by_key.yaml", file, "-o", path, "--where", WHERE, "-q")
    return path


@pytest.mark.parametrize("command", ["inspect", "plan", "explain", "fit", "transform", "extract"])
def test_every_command_takes_the_condition_and_asks_for_it(run, folder, model, tmp_path, command):
    first = {"explain": [folder / "by_key.yaml"], "fit": [folder / "by_key.yaml"]}.get(command, [])
    if command == "transform":
        first = [model]
    output = [] if command in ("inspect", "explain") else ["-o", tmp_path / "out"]
    conditions = ["x > 0", "day = '2001-02-01' OR x > 0", "day = day"]
    for where in ([], *(["--where", each] for each in conditions)):
        process = run(command, *first, *output, *where, status=2)
        assert REFUSAL in process.stderr
        assert 'in a term of its own: add one (--where "day >= ' in process.stderr
        assert len(process.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "out").exists()
    # What is wrong with the condition itself is told with the nearest name.
    wrong = f"{WHERE} AND kin = 'a'"
    process = run(command, *first, *output, "--where", wrong, status=2)
    assert "did you mean 'kind'" in process.stderr
    # A misspelt column of the partitions is no condition on them.
    process = run(command, *first, *output, "--where", "dya >= '2001-02-01'", status=2)
    assert "found 'dya'; did you mean 'day'" in process.stderr
    assert REFUSAL not in process.stderr
    run(command, *first, *output, "--where", WHERE)


@pytest.mark.parametrize("plan", ["by_key", "by_time", ""])
@pytest.mark.parametrize("unit", ["", "day", "place.code"])
def test_runs_give_what_the_file_gives(run, run_ember, folder, tmp_path, plan, unit):
    options = ["--plan", folder / f"{plan}.yaml"] if plan else []
    options += ["--content-checksum", "-q"]
    units = ["--unit-column", unit] if unit else []
    run("extract", "-o", tmp_path / "remote", "--where", WHERE, *options, *units)
    file = folder / "by_day.parquet"
    run_ember("extract", file, "-o", tmp_path / "local", "--where", WHERE, *options)
    assert content_checksums(tmp_path / "remote") == content_checksums(tmp_path / "local")
    assert (tmp_path / "remote/model/model.json").read_text() == (
        tmp_path / "local/model/model.json"
    ).read_text()


def test_a_unit_column_needs_the_condition_too(run, folder, tmp_path):
    plan = ["--plan", folder / "by_key.yaml", "-o", tmp_path / "out"]
    assert REFUSAL in run("extract", *plan, "--unit-column", "day", status=2).stderr
    where = ["--where", WHERE]
    for column, told in {
        "place.cod": "did you mean 'place.code'",
        "place": "'place' is STRUCT",
        "plac.code": "no column 'plac.code'",
    }.items():
        process = run("extract", *plan, *where, "--unit-column", column, status=2)
        assert told in process.stderr


@pytest.mark.parametrize(
    ("where", "judged"),
    [
        ("_PARTITIONTIME >= '2001-02-01 00:00:00'", "_PARTITIONTIME >= '2001-02-01 00:00:00'"),
        (
            "_partitiondate BETWEEN '2001-02-01' AND '2001-02-10' AND x > 0",
            "_PARTITIONTIME BETWEEN '2001-02-01 00:00:00' AND '2001-02-10 00:00:00' AND x > 0",
        ),
    ],
)
@pytest.mark.parametrize("unit", ["", "id"])
def test_the_time_of_ingestion(run, run_ember, folder, tmp_path, where, judged, unit):
    options = ["--plan", folder / "by_key.yaml", "--content-checksum", "-q"]
    units = ["--unit-column", unit] if unit else []
    run("extract", "-o", tmp_path / "remote", "--where", where, *options, *units, table="i")
    file = folder / "ingested.parquet"
    run_ember("extract", file, "-o", tmp_path / "local", "--where", judged, *options)
    assert content_checksums(tmp_path / "remote") == content_checksums(tmp_path / "local")


def test_the_time_of_ingestion_is_no_column(run, folder, tmp_path):
    where = ["--where", "_PARTITIONDATE > '2001-02-01'"]
    told = json.loads(run("inspect", "--json", *where, table="i").stdout)
    assert [each["name"] for each in told["columns"]] == ["id", "x", "kind", "place.code"]
    process = run("inspect", "--columns", "id,_PARTITIONTIME", *where, table="i", status=2)
    assert "_PARTITIONTIME" in process.stderr
    process = run("inspect", table="i", status=2)
    assert "'_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME'" in process.stderr
    # Where the table has none, the service says so.
    process = run("inspect", "--where", f"{WHERE} AND _PARTITIONTIME IS NULL", status=2)
    assert "_PARTITIONTIME" in process.stderr


def test_explain_tells_what_the_condition_leaves(run, folder):
    with RestDouble() as rest:
        rest.tables["p.d.i"] = {
            "type": "TABLE",
            "numBytes": "8192",
            "numPartitions": "90",
            "timePartitioning": {"type": "DAY"},
            "requirePartitionFilter": True,
            "schema": {"fields": [{"name": "id", "type": "INTEGER"}]},
        }
        rest.queries = type("Any", (dict,), {"get": lambda *_: QueryScript(bytes_processed=1000)})()
        where = "_PARTITIONDATE = '2001-02-01' AND NOT 1 = 0"
        options = ["--where", where, "--bigquery-rest-endpoint", rest.url]
        told = run("explain", folder / "by_key.yaml", *options, table="i").stdout
    assert "partitioned by" in told
    assert "the time of ingestion (DAY), 90 partitions, a filter on it is required" in told
    assert "20010201 (at most 2)" in told or "20010201" in told
    assert "the service will refuse it" not in told
