"""`--query` and views: a query is run, and its result is read from the local server."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import content_checksums
from rest_double import Fault, QueryScript, RestDouble

RESULT = {"projectId": "pay", "datasetId": "anon", "tableId": "result"}
PLAN = """version: 1
split: {{method: hash, key: [{0}], train: 0.8, validation: 0.1, test: 0.1, seed: 1}}
features:
  - columns: [{0}]
    steps: [{{scale: standard}}]
"""
FIELDS = [
    {"name": "n", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "x", "type": "FLOAT"},
    {"name": "s", "type": "STRING"},
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "table.parquet"
    n = range(5000)
    table = pa.table({"n": n, "x": [i / 7 for i in n], "s": [f"s{i % 13}" for i in n]})
    pq.write_table(table, path, row_group_size=700)
    return path


@pytest.fixture(scope="module")
def storage(ember: Path, file: Path) -> Iterator[str]:
    command = [ember, "serve-bigquery", "--port", "0", "--table", f"pay.anon.result={file}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on ")
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def rest() -> Iterator[RestDouble]:
    with RestDouble() as double:
        yield double


@pytest.fixture
def run(run_ember: Callable, storage: str, rest: RestDouble) -> Callable:
    def call(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        endpoints = ["--bigquery-endpoint", storage, "--bigquery-rest-endpoint", rest.url]
        return run_ember(*arguments, *endpoints, **options)

    return call


def test_a_query_gives_what_its_result_gives_as_a_file(
    run: Callable, run_ember: Callable, rest: RestDouble, file: Path, tmp_path: Path
) -> None:
    rest.queries["SELECT * FROM a.b"] = QueryScript(RESULT, bytes_processed=1 << 20)
    rest.faults.append(Fault("GET", "/queries/", 503))
    split = ["--target", "x", "--content-checksum"]
    run("extract", "--query", "SELECT * FROM a.b", "--project", "pay", "-o", tmp_path / "q", *split)
    run_ember("extract", file, "-o", tmp_path / "f", *split)
    assert content_checksums(tmp_path / "q") == content_checksums(tmp_path / "f")
    model = Path("model") / "model.json"
    assert (
        json.loads((tmp_path / "q" / model).read_text())["columns"]
        == (json.loads((tmp_path / "f" / model).read_text())["columns"])
    )
    assert len(rest.jobs) == 1


def test_a_view_is_read_with_what_the_run_needs(
    run: Callable, rest: RestDouble, tmp_path: Path
) -> None:
    rest.tables["pay.d.view"] = {"type": "VIEW", "schema": {"fields": FIELDS}}
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("x"))
    sql = "SELECT `x` FROM `pay.d.view` WHERE n >= 0"
    rest.queries[sql] = QueryScript(RESULT)
    run("fit", plan, "bigquery://pay/d/view", "--where", "n>=0", "-o", tmp_path / "out")
    assert [job["configuration"]["query"]["query"] for job in rest.jobs.values()] == [sql]


def test_results_are_read_in_ranges_of_a_column(
    run: Callable, run_ember: Callable, rest: RestDouble, file: Path, tmp_path: Path
) -> None:
    rest.tables["pay.d.view"] = {"type": "VIEW", "schema": {"fields": FIELDS}}
    plan = tmp_path / "plan.yaml"
    plan.write_text("unit_column: N\n" + PLAN.format("x"))
    # The column is part of the view's query, under the name that the view has for it.
    sql = "SELECT `x`, `n` FROM `pay.d.view` WHERE n >= 0"
    rest.queries[sql] = QueryScript(RESULT)
    source = ["bigquery://pay/d/view", "--where", "n>=0"]
    assert "ranges of 'N'" in run("explain", plan, *source).stdout
    run("fit", plan, *source, "-o", tmp_path / "out")
    assert [job["configuration"]["query"]["query"] for job in rest.jobs.values()] == [sql]

    rest.queries["SELECT * FROM a.b"] = QueryScript(RESULT, fields=FIELDS)
    query = ["--query", "SELECT * FROM a.b", "--project", "pay", "--unit-column", "n"]
    split = ["--target", "x", "--content-checksum"]
    run("extract", *query, "-o", tmp_path / "q", *split)
    run_ember("extract", file, "-o", tmp_path / "f", *split)
    assert content_checksums(tmp_path / "q") == content_checksums(tmp_path / "f")
    wrong = [*query[:-1], "nn"]
    assert "has no column 'nn'" in run("inspect", *wrong, status=2).stderr


def test_explain_tells_the_costs(run: Callable, rest: RestDouble, tmp_path: Path) -> None:
    rest.tables["pay.anon.result"] = {
        "type": "TABLE",
        "numBytes": "4096",
        "timePartitioning": {"type": "DAY", "field": "day"},
        "clustering": {"fields": ["s"]},
    }
    sql = "SELECT `n`, `x` FROM `pay.anon.result` WHERE n > 5"
    rest.queries[sql] = QueryScript(RESULT, bytes_processed=1024)
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("n, x"))
    source = [plan, "bigquery://pay/anon/result", "--where", "n > 5"]
    text = run("explain", *source).stdout
    assert "day (DAY)" in text
    assert "1 KiB of 4 KiB" in text
    assert not rest.jobs, "nothing is run"
    # Without the permissions the rest is told all the same.
    del rest.tables["pay.anon.result"], rest.queries[sql]
    untold = run("explain", *source)
    assert "1 KiB" not in untold.stdout
    assert "how it is partitioned            unknown: " in untold.stdout
    assert "warning: pay.anon.result: the REST API does not tell" in untold.stderr
    rest.queries["SELECT 1"] = QueryScript(RESULT, bytes_processed=20 << 20)
    text = run("explain", plan, "--query", "SELECT 1", "--project", "pay").stdout
    assert "20 MiB" in text


def test_explain_tells_which_partitions_are_pruned(
    run: Callable, rest: RestDouble, tmp_path: Path
) -> None:
    table = {
        "type": "TABLE",
        "numBytes": "8192",
        "numPartitions": "50",
        "rangePartitioning": {"field": "n", "range": {"start": 0, "end": 5000, "interval": 100}},
        "schema": {"fields": FIELDS},
    }
    rest.tables["pay.anon.result"] = table
    sql = "SELECT `x` FROM `pay.anon.result` WHERE n >= 200 AND n < 500"
    rest.queries[sql] = QueryScript(RESULT, bytes_processed=1024)
    # The column of the condition is read as well.
    rest.queries["SELECT `x`, `n` FROM `pay.anon.result`"] = QueryScript(
        RESULT, bytes_processed=4096
    )
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("x"))

    def told(*options: str) -> dict[str, str]:
        return json.loads(run("explain", plan, "bigquery://pay/anon/result", *options).stdout)[
            "service"
        ]

    restricted = ["--where", "n >= 200 AND n < 500"]
    service = told(*restricted, "--json")
    assert service["partitioned by"] == "n (RANGE), 50 partitions"
    assert service["partitions left"] == "200 to 400 (at most 3)"
    assert service["partitions pruned"] == (
        "all others, at least 47 of 50; by dry runs, 3 KiB of the 4 KiB that these columns have"
    )
    assert service["bytes billed, by a dry run"] == "1 KiB of 8 KiB"
    text = run("explain", plan, "bigquery://pay/anon/result", *restricted).stdout
    assert "partitions left" in text
    assert "at least 47 of 50" in text
    assert not rest.jobs, "nothing is run"
    service = told("--where", "x > 1", "--json")
    assert service["partitions pruned"] == "none: the condition does not restrict n"
    assert "partitions left" not in service
    service = told("--json", "--where", "n > 100 OR x > 1")
    assert service["partitions pruned"] == "none: the condition does not restrict n"
    del table["rangePartitioning"]
    assert "partitions pruned" not in told(*restricted, "--json")


def test_explain_tells_that_partitions_are_unknown(
    run_ember: Callable, storage: str, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("x"))
    environment = {k: v for k, v in os.environ.items() if k != "BIGQUERY_EMULATOR_HOST"}
    source = ["explain", plan, "bigquery://pay/anon/result", "--bigquery-endpoint", storage]
    told = run_ember(*source, "--json", env=environment)
    assert "--bigquery-rest-endpoint" in json.loads(told.stdout)["service"]["how it is partitioned"]
    assert not told.stderr
    # A server that was named and does not answer is no small thing.
    down = ["--bigquery-rest-endpoint", "http://127.0.0.1:1"]
    told = run_ember(*source, *down, "--json", env=environment)
    assert "Failed to connect" in json.loads(told.stdout)["service"]["how it is partitioned"]
    assert "warning: pay.anon.result: the REST API does not tell" in told.stderr


def test_explain_tells_why_all_columns_are_asked_for(run: Callable, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("x"))
    source = ["explain", plan, "bigquery://pay/anon/result", "--json"]
    assert json.loads(run(*source).stdout)["service"]["columns asked for"] == "x"
    plan.write_text(PLAN.format("x").replace("key: [x], ", ""))
    told = json.loads(run(*source).stdout)["service"]["columns asked for"]
    assert told.startswith("all (the split hashes whole rows; with a key ")


def test_explain_runs_no_query(run: Callable, rest: RestDouble, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format("n, x"))
    script = QueryScript(RESULT, bytes_processed=20 << 20, fields=FIELDS)
    rest.queries["SELECT * FROM a.b"] = script
    source = ["--query", "SELECT * FROM a.b", "--project", "pay"]
    text = run("explain", plan, *source).stdout
    assert "20 MiB" in text
    assert "the query was not run" in text
    assert not rest.jobs
    # A view's query is for what the plan needs.
    rest.tables["pay.d.view"] = {"type": "VIEW", "schema": {"fields": FIELDS}}
    rest.queries["SELECT `n`, `x` FROM `pay.d.view` WHERE n >= 9"] = QueryScript(
        RESULT, bytes_processed=30 << 20
    )
    text = run("explain", plan, "bigquery://pay/d/view", "--where", "n>=9").stdout
    assert "30 MiB" in text
    assert not rest.jobs
    # A run asks for the costs once, and runs the query once.
    rest.requests.clear()
    run("fit", plan, *source, "-o", tmp_path / "out")
    inserted = [r.body["configuration"] for r in rest.requests if r.path.endswith("/jobs")]
    assert [each.get("dryRun", False) for each in inserted] == [True, False]
    # What is wrong with a plan or a query is found without running it.
    plan.write_text(PLAN.format("n, nope"))
    assert "nope" in run("fit", plan, *source, "-o", tmp_path / "out2", status=2).stderr
    assert len(rest.jobs) == 1


def test_mistakes(run: Callable, run_ember: Callable, rest: RestDouble, tmp_path: Path) -> None:
    out = ["-o", tmp_path / "out"]
    environment = {k: v for k, v in os.environ.items() if k != "GOOGLE_CLOUD_PROJECT"}

    def message_of(*arguments: object) -> str:
        return run("extract", *arguments, *out, status=2, env=environment).stderr

    assert "found both" in message_of("x.parquet", "--query", "SELECT 1")
    assert "found an empty text" in message_of("--query", " \n", "--project", "pay")
    assert "SOURCE is required" in message_of()
    assert "--project" in message_of("--query", "SELECT 1")
    assert "Syntax error: SELEC" in message_of("--query", "SELEC", "--project", "pay")
    rest.queries["DELETE FROM a.b"] = QueryScript(statement_type="DELETE")
    assert "found DELETE" in message_of("--query", "DELETE FROM a.b", "--project", "pay")
    assert "FOR SYSTEM_TIME" in message_of(
        "--query", "SELECT 1", "--project", "pay", "--snapshot-time", "2024-01-01"
    )
    assert not rest.jobs
    assert not (tmp_path / "out").exists()


def test_stopping_cancels_the_query(
    ember: Path, storage: str, rest: RestDouble, tmp_path: Path
) -> None:
    rest.queries["SELECT 1"] = QueryScript(RESULT, polls=10**9)
    process = subprocess.Popen(
        [
            ember,
            *("extract", "--query", "SELECT 1", "--project", "pay", "-o", tmp_path / "out"),
            *("--bigquery-endpoint", storage, "--bigquery-rest-endpoint", rest.url),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not rest.jobs and time.monotonic() < deadline:
        time.sleep(0.05)
    assert rest.jobs
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert rest.cancelled == list(rest.jobs)
