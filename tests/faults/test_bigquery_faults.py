"""Every fault at every message: the same output to the byte, or one clear error. Never a row more
or fewer."""

import contextlib
from pathlib import Path

import bigquery_service
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import folder_digests

from emberharmony import bigquery

NUM_ROWS = 4_000
RESPONSE_ROWS = 500
STREAMS = 2
MESSAGES = NUM_ROWS // STREAMS // RESPONSE_ROWS
PLAN = """version: 1
features:
  - columns: [id, name]
    steps: [passthrough]
  - columns: [x]
    steps: [{impute: median}, {scale: standard}]
split: {method: hash, key: [id], train: 0.5, validation: 0.25, test: 0.25, seed: 1}
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    rng = np.random.default_rng(5)
    x = [None if v > 1.5 else v for v in rng.normal(size=NUM_ROWS)]
    names = [f"name {n}" for n in rng.integers(0, 50, NUM_ROWS)]
    pq.write_table(pa.table({"id": np.arange(NUM_ROWS), "name": names, "x": x}), path)
    return path


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(PLAN)
    return path


def serve(ember: Path, table: Path, *faults: str) -> contextlib.AbstractContextManager[str]:
    options = [f"--response-rows={RESPONSE_ROWS}", "--stream-bytes=32KiB"]
    options += [f"--fault={fault}" for fault in faults]
    return bigquery_service.serve(ember, {"p.d.t": table}, *options)


@pytest.fixture(scope="module")
def undisturbed(ember, run_ember, table, plan, tmp_path_factory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    with serve(ember, table) as endpoint:
        extract(run_ember, plan, endpoint, out, 0)
    rows = sum(pq.read_metadata(path).num_rows for path in out.glob("*/part-*.parquet"))
    assert rows == NUM_ROWS
    return folder_digests(out)


def extract(run_ember, plan, endpoint, out, status):
    return run_ember(
        "extract", "bigquery://p/d/t", "--bigquery-endpoint", endpoint, "--plan", plan,
        "-o", out, "--progress", "none", status=status, timeout=60,
    )  # fmt: skip


PASSING = [
    "cut:after={n},times=1,status=UNAVAILABLE",
    "cut:after={n},times=2,status=INTERNAL",
    "cut:after={n},times=1,status=UNKNOWN",
    "cut:after={n},times=1,status=ABORTED",
    "cut:after={n},times=1,status=RESOURCE_EXHAUSTED,retry-delay-ms=10",
    "throttle:after={n},value=70",
]


@pytest.mark.parametrize("n", range(MESSAGES + 1))
@pytest.mark.parametrize("fault", PASSING)
def test_what_can_be_got_over(ember, run_ember, table, plan, undisturbed, tmp_path, fault, n):
    out = tmp_path / "out"
    with serve(ember, table, fault.format(n=n)) as endpoint:
        extract(run_ember, plan, endpoint, out, 0)
    assert folder_digests(out) == undisturbed


FAILING = [
    ("cut:after={n},status=RESOURCE_EXHAUSTED", "quota"),
    ("cut:after={n},status=PERMISSION_DENIED", "PERMISSION_DENIED"),
    ("duplicate:after={n}", ""),
    ("missing:after={n}", ""),
    ("row-count:after={n},value=1", ""),
    ("row-count:after={n},value=-1", ""),
    ("truncate:after={n},value=1", ""),
    ("truncate:after={n},value=100", ""),
    ("corrupt:after={n},value=4", ""),
    ("expire:after={n}", "expired"),
]


@pytest.mark.parametrize("n", range(MESSAGES))
@pytest.mark.parametrize(("fault", "told"), FAILING)
def test_what_cannot_ends_with_one_error(
    ember, run_ember, table, plan, undisturbed, tmp_path, fault, told, n
):
    out = tmp_path / "out"
    with serve(ember, table, fault.format(n=n)) as endpoint:
        process = extract(run_ember, plan, endpoint, out, None)
    if process.returncode == 0:
        # A repeated or a missing message at the end of what progress tells may be noticed by its
        # rows and fetched again: then nothing is wrong.
        assert folder_digests(out) == undisturbed
        return
    assert process.returncode == 1, process.stderr
    errors = [line for line in process.stderr.splitlines() if line.strip()]
    assert len(errors) == 1, process.stderr
    assert told in errors[0]
    assert not out.exists() or not any(out.iterdir())


def test_a_schema_that_changes(ember, run_ember, table, plan, tmp_path):
    with serve(ember, table, "schema") as endpoint:
        process = extract(run_ember, plan, endpoint, tmp_path / "out", 1)
    assert "columns have changed" in process.stderr


def test_streams_of_any_size(ember, run_ember, table, plan, tmp_path):
    out = tmp_path / "out"
    with serve(ember, table, "uneven") as endpoint:
        extract(run_ember, plan, endpoint, out, 0)
    ids = [pq.read_table(path, columns=["id"])["id"] for path in out.glob("*/part-*.parquet")]
    assert sorted(np.concatenate(ids)) == list(range(NUM_ROWS))


def nested_table(path: Path) -> Path:
    """Offsets, validity, texts and lists: what may point out of a message's bytes."""
    names = [None if n % 11 == 0 else f"näme {n}" for n in range(300)]
    columns = {
        "id": pa.array(range(300)),
        "name": names,
        "tags": [[f"t{n}", None] if n % 3 else [] for n in range(300)],
        "rec": [{"day": n, "text": f"x{n}"} for n in range(300)],
        "price": pa.array([f"{n}.25" for n in range(300)]).cast(pa.decimal128(38, 9)),
    }
    pq.write_table(pa.table(columns), path, row_group_size=100)
    return path


def told_of_read(endpoint: str, **options) -> str:
    """Reads all rows: "" or the error. Every batch handed out is a valid one."""
    connection = bigquery.Connection(storage_endpoint=endpoint)
    with bigquery.read("p.d.t", connection=connection, **options) as reader:
        batches = iter(reader)
        while True:
            try:
                batch = next(batches, None)
            except OSError as error:
                return str(error)
            if batch is None:
                return ""
            pa.record_batch(batch).validate(full=True)


@pytest.mark.parametrize("options", [{"compression": "none"}, {}, {"unit_column": "id"}])
def test_no_corrupt_batch_is_handed_out(ember, tmp_path, options):
    table = nested_table(tmp_path / "t.parquet")
    told = []
    size = 12_000 if options.get("compression") == "none" else 6_000
    for position in range(700, size, 331):
        fault = f"--fault=corrupt:after=1,value={position}"
        with bigquery_service.serve(ember, {"p.d.t": table}, "--response-rows=100", fault) as at:
            told.append(told_of_read(at, **options))
    refused = [error for error in told if error]
    assert refused
    assert all("the service has sent" in error and "file" not in error for error in refused), told


def test_a_damaged_response_is_no_damaged_file(ember, run_ember, table, plan, tmp_path):
    told = []
    for position in range(700, 6_000, 700):
        with serve(ember, table, f"corrupt:after=1,value={position}") as endpoint:
            out = tmp_path / str(position)
            process = extract(run_ember, plan, endpoint, out, None)
        assert process.returncode in (0, 1), process.stderr
        told += [line for line in process.stderr.splitlines() if process.returncode == 1]
    assert any("damaged" in line or "the service has sent" in line for line in told), told
    assert not [line for line in told if "file" in line]
