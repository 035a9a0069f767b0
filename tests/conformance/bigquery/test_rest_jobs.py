"""Queries and tables through the REST API, over real connections to a double of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rest_double import Fault, QueryScript, Request, RestDouble, error_body

from emberharmony import bigquery

TABLE = {"projectId": "pay", "datasetId": "_anon", "tableId": "result"}
SQL = "SELECT 1 AS x"


@pytest.fixture
def rest() -> RestDouble:
    with RestDouble() as double:
        double.queries[SQL] = QueryScript(TABLE, total_rows=7, bytes_processed=123, polls=3)
        yield double


def connection(rest: RestDouble, **settings: str) -> bigquery.Connection:
    return bigquery.Connection(project_id="pay", rest_endpoint=rest.url, **settings)


def test_a_query_leaves_a_table(rest: RestDouble) -> None:
    result = bigquery.run_query(SQL, connection=connection(rest))
    assert result.table == "pay._anon.result"
    assert result.num_rows == 7
    assert result.bytes_processed == 123
    assert result.location == "EU"
    assert list(rest.jobs) == [result.job_id]
    assert all("authorization" not in request.headers for request in rest.requests)


def test_a_destination_is_kept(rest: RestDouble) -> None:
    result = bigquery.run_query(SQL, destination="p.d.t", connection=connection(rest))
    assert result.table == "p.d.t"


def test_quota_project_is_named(rest: RestDouble) -> None:
    bigquery.run_query(SQL, connection=connection(rest, quota_project="quota"))
    assert {request.headers["x-goog-user-project"] for request in rest.requests} == {"quota"}


def fault(method: str, pattern: str, kind: str) -> Fault:
    return {
        "cut": Fault(method, pattern, 0),
        "cut after it was done": Fault(method, pattern, 0, then_handle=True),
        "503": Fault(method, pattern, 503, b"<html>"),
        "backendError": Fault(method, pattern, 500, error_body(500, "backendError", "later")),
        "lost answer": Fault(
            method, pattern, 502, error_body(502, "badGateway", "later"), then_handle=True
        ),
    }[kind]


CALLS = [("POST", "/jobs$"), ("GET", "/queries/"), ("GET", "/jobs/")]
KINDS = ["cut", "cut after it was done", "503", "backendError", "lost answer"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS, ids=["insert", "poll", "get"])
def test_a_fault_in_any_call_changes_nothing(
    rest: RestDouble, call: tuple[str, str], kind: str
) -> None:
    bigquery.estimate_query(SQL, connection=connection(rest))
    rest.requests.clear()
    done = threading.Event()

    def arm(request: Request) -> None:
        # The dry run before it is not what is tried here.
        dry = request.body and request.body["configuration"].get("dryRun")
        if not dry and not done.is_set():
            done.set()
            rest.faults.append(fault(*call, kind))

    rest.on_request = arm
    result = bigquery.run_query(SQL, connection=connection(rest))
    assert result.num_rows == 7
    assert not rest.faults
    assert len(rest.jobs) == 1, "a query never runs twice"


def test_the_jobs_own_failure_is_told_at_once(rest: RestDouble) -> None:
    for reason, kind in [("invalidQuery", ValueError), ("resourcesExceeded", OSError)]:
        rest.queries[SQL].error = {"reason": reason, "message": "Division by zero: 1 / 0"}
        begin = time.monotonic()
        with pytest.raises(kind, match="Division by zero: 1 / 0"):
            bigquery.run_query(SQL, connection=connection(rest))
        assert time.monotonic() - begin < 20


def test_bytes_billed_are_bounded(rest: RestDouble) -> None:
    with pytest.raises(ValueError, match="exceeded limit for bytes billed: 100"):
        bigquery.run_query(SQL, bytes_billed_max=100, connection=connection(rest))
    assert bigquery.run_query(SQL, bytes_billed_max=200, connection=connection(rest)).num_rows == 7


def test_estimates_and_mistakes(rest: RestDouble) -> None:
    estimate = bigquery.estimate_query(SQL, connection=connection(rest))
    assert (estimate.bytes_processed, estimate.bytes_billed) == (123, 10 * 2**20)
    with pytest.raises(ValueError, match="Syntax error"):
        bigquery.estimate_query("SELEC", connection=connection(rest))
    rest.queries["DROP TABLE x"] = QueryScript(statement_type="DROP_TABLE")
    with pytest.raises(ValueError, match=r"yields rows.*found DROP_TABLE"):
        bigquery.run_query("DROP TABLE x", connection=connection(rest))
    assert not rest.jobs


def test_rows_are_counted(rest: RestDouble) -> None:
    rest.tables["p.d.t"] = {"type": "TABLE", "numRows": "42"}
    rest.tables["p.d.v"] = {"type": "VIEW", "numRows": "0"}
    own = connection(rest)
    assert bigquery.get_table_row_count("p.d.t", connection=own) == 42
    assert not rest.jobs
    rest.queries["SELECT COUNT(*) AS n FROM `p.d.v`"] = QueryScript(TABLE, rows=[["17"]])
    assert bigquery.get_table_row_count("p.d.v", connection=own) == 17
    rest.queries["SELECT COUNT(*) AS n FROM `p.d.t` WHERE x > 1"] = QueryScript(TABLE, [["5"]])
    assert bigquery.get_table_row_count("p.d.t", "x>1", connection=own) == 5
    with pytest.raises(FileNotFoundError, match=r"Not found: Table p\.d\.none"):
        bigquery.get_table_row_count("p.d.none", connection=own)
    assert bigquery.get_table("p.d.v", connection=own).type == "VIEW"


def test_redirects_are_not_followed(rest: RestDouble) -> None:
    with RestDouble() as other:
        rest.faults.append(Fault("GET", "/tables/", 302, headers={"Location": other.url + "/x"}))
        with pytest.raises(OSError, match="redirect"):
            bigquery.get_table("p.d.t", connection=connection(rest))
        assert not other.requests


def test_answers_are_bounded(rest: RestDouble) -> None:
    rest.faults.append(Fault("GET", "/tables/", 200, b" " * (17 << 20)))
    with pytest.raises(OSError, match="larger than 16777216 bytes"):
        bigquery.get_table("p.d.t", connection=connection(rest))


def test_plain_text_beyond_this_machine_is_refused() -> None:
    own = bigquery.Connection(project_id="p", rest_endpoint="http://bigquery.example.com")
    with pytest.raises(ValueError, match="plain text"):
        bigquery.estimate_query(SQL, connection=own)


INTERRUPTED = """
import sys
from emberharmony import bigquery
connection = bigquery.Connection(project_id="pay", rest_endpoint=sys.argv[1])
try:
    bigquery.run_query(sys.argv[2], connection=connection)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_ends_a_query_within_a_second_and_cancels_it(
    rest: RestDouble, tmp_path: Path
) -> None:
    rest.queries[SQL].polls = 10**9
    polled = threading.Event()
    rest.on_request = lambda request: "/queries/" in request.path and polled.set()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, rest.url, SQL],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert polled.wait(60)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == b"interrupted\n"
    assert time.monotonic() - begin < 20  # with the interpreter's end, on a busy machine
    assert rest.cancelled == list(rest.jobs)


def test_no_secret_is_told(rest: RestDouble, tmp_path: Path) -> None:
    """The token server is a loopback host; the token goes to no loopback REST endpoint."""
    key = tmp_path / "key.json"
    key.write_text(
        json.dumps(
            {
                "type": "authorized_user",
                "client_id": "id",
                "client_secret": "s3cret",
                "refresh_token": "r3fresh",
                "token_uri": rest.url + "/token",
            }
        )
    )
    code = (
        "from emberharmony import bigquery\n"
        "bigquery.estimate_query('SELECT 1', connection=bigquery.Connection(project_id='p'))"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
    }
    environment.pop("BIGQUERY_EMULATOR_HOST", None)
    rest.faults.append(
        Fault("POST", "/token", 400, b'{"error": "invalid_grant", "error_description": "s3cret"}')
    )
    # The request's body is a form and no JSON.
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )
    assert process.returncode != 0
    assert "gcloud auth application-default login" in process.stderr
    assert "s3cret" not in process.stderr
    assert "r3fresh" not in process.stderr
