"""Tables of BigQuery in ranges of a column: units that outlive the service's sessions."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import bigquery_service
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import content_checksums, folder_digests, write_parquet

NUM_ROWS = 1_300_000
UNIT_ROWS = 524_288
PLAN = """version: 1
unit_column: day
split: {method: hash, key: [id], train: 0.5, validation: 0.25, test: 0.25, seed: 1}
features:
  - columns: [id]
    steps: [passthrough]
  - columns: [x]
    steps: [{impute: median}, {scale: standard}]
"""


def serve(ember: Path, table: Path, *options: str) -> contextlib.AbstractContextManager[str]:
    if not any(option.startswith("--response-rows") for option in options):
        options = ("--response-rows=40000", *options)
    return bigquery_service.serve(ember, {"p.d.t": table}, *options)


def days_of(table: pa.Table) -> np.ndarray:
    """Days since 1970; -1: none."""
    return table["day"].cast(pa.int32()).fill_null(-1).to_numpy()


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(3)
    days = rng.integers(1, 400, NUM_ROWS)
    columns = {
        "id": np.arange(NUM_ROWS),
        "day": pa.array(days, pa.int32(), mask=rng.random(NUM_ROWS) < 0.01).cast(pa.date32()),
        "x": pa.array(rng.normal(size=NUM_ROWS), mask=rng.random(NUM_ROWS) < 0.1),
        "nothing": pa.nulls(NUM_ROWS, pa.int64()),
        "one": np.full(NUM_ROWS, "the same"),
        "nan": np.where(days > 200, np.nan, 1.5),
    }
    return write_parquet(pa.table(columns), tmp_path_factory.mktemp("table") / "t.parquet")


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(PLAN)
    return path


@pytest.fixture(scope="module")
def endpoint(ember, table) -> Iterator[str]:
    with serve(ember, table) as address:
        yield address


@pytest.fixture(scope="module")
def undisturbed(run_ember, endpoint, plan, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    extract(run_ember, endpoint, plan, out)
    return out


def extract(run_ember, endpoint, plan, out, *options, status=0):
    return run_ember(
        "extract", "bigquery://p/d/t", "--bigquery-endpoint", endpoint, "--plan", plan,
        "-o", out, "--content-checksum", "--progress", "none", *options, status=status,
    )  # fmt: skip


def test_units_are_ranges_and_hold_what_the_file_holds(
    run_ember, table, plan, undisturbed, tmp_path
):
    file_plan = tmp_path / "plan.yaml"
    file_plan.write_text(PLAN.replace("unit_column: day\n", ""))
    run_ember(
        "extract", table, "--plan", file_plan, "-o", tmp_path / "local", "--content-checksum", "-q"
    )
    local = json.loads((tmp_path / "local/model/model.json").read_text())
    remote = json.loads((undisturbed / "model/model.json").read_text())
    assert local["columns"] == remote["columns"]
    assert content_checksums(undisturbed) == content_checksums(tmp_path / "local")

    # What the ranges must be, by counting: the unit of rows without a day first, then whole days
    # until so many rows are reached.
    days = days_of(pq.read_table(table, columns=["day"]))
    counts = np.bincount(days[days >= 0], minlength=400)
    units = [{-1}]
    rows = UNIT_ROWS
    for day in np.flatnonzero(counts):
        if rows >= UNIT_ROWS:
            units.append(set())
            rows = 0
        units[-1].add(int(day))
        rows += counts[day]
    assert len(units) == 4
    shards = sorted(p.name for p in undisturbed.glob("train/part-*.parquet"))
    assert shards == [f"part-{unit:05}.parquet" for unit in range(len(units))]
    for unit, expected in enumerate(units):
        ids = np.concatenate(
            [
                pq.read_table(path, columns=["id"])["id"].to_numpy()
                for path in undisturbed.glob(f"*/part-{unit:05}.parquet")
            ]
        )
        assert set(days[ids.astype(np.int64)].tolist()) == expected


def test_nothing_else_shapes_the_output(run_ember, ember, table, plan, undisturbed, tmp_path):
    with serve(ember, table, "--stream-bytes=64KiB", "--response-rows=7001") as address:
        extract(run_ember, address, plan, tmp_path / "out", "--threads", "1", "--batch-rows=9999")
    assert folder_digests(tmp_path / "out") == folder_digests(undisturbed)


# Streams of the session in which values are counted have fewer than ten responses, those of ranges
# thirteen.
@pytest.mark.parametrize("after", [10, 11, 12])
@pytest.mark.parametrize("times", [1, 3])
def test_a_session_that_expires_loses_its_range_alone(
    run_ember, ember, table, plan, undisturbed, tmp_path, after, times
):
    with serve(ember, table, f"--fault=expire:after={after},times={times}") as address:
        process = extract(run_ember, address, plan, tmp_path / "out")
    lines = process.stderr.strip().splitlines()
    assert len(lines) == times, process.stderr
    assert all("its session has expired after" in line for line in lines)
    told = json.loads((tmp_path / "out/run_report.json").read_text())["warnings"]
    assert sorted(f"ember: warning: {warning}" for warning in told) == sorted(lines)
    assert folder_digests(tmp_path / "out") == folder_digests(undisturbed)


def test_values_are_counted_again_when_the_session_for_that_expires(
    run_ember, ember, table, plan, undisturbed, tmp_path
):
    with serve(ember, table, "--fault=expire:after=0,times=1") as address:
        process = extract(run_ember, address, plan, tmp_path / "out")
    assert "were counted has expired" in process.stderr
    assert folder_digests(tmp_path / "out") == folder_digests(undisturbed)


def test_an_expiry_among_other_faults(run_ember, ember, table, plan, undisturbed, tmp_path):
    faults = ["expire:after=10,times=2", "cut:after=3,times=1", "session:times=2"]
    with serve(ember, table, *[f"--fault={fault}" for fault in faults]) as address:
        extract(run_ember, address, plan, tmp_path / "out")
    assert folder_digests(tmp_path / "out") == folder_digests(undisturbed)


def test_sessions_that_always_expire_end_the_run(run_ember, ember, table, plan, tmp_path):
    with serve(ember, table, "--fault=expire:after=10") as address:
        process = extract(run_ember, address, plan, tmp_path / "out", status=1)
    assert "4 sessions have expired before its" in process.stderr
    assert "name a unit_column with more distinct values" in process.stderr
    assert not (tmp_path / "out").exists()


def test_values_that_never_come_end_the_run(run_ember, ember, table, plan, tmp_path):
    with serve(ember, table, "--fault=expire:after=0") as address:
        process = extract(run_ember, address, plan, tmp_path / "out", status=1)
    assert "4 sessions have expired before the values of" in process.stderr
    assert "unit_column" not in process.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fault", ["missing:after=2", "duplicate:after=2", "row-count:after=2"])
def test_a_range_that_brings_other_rows_is_an_error(run_ember, ember, table, plan, tmp_path, fault):
    with serve(ember, table, f"--fault={fault},times=1") as address:
        process = extract(run_ember, address, plan, tmp_path / "out", status=1)
    assert len(process.stderr.strip().splitlines()) == 1, process.stderr
    assert not (tmp_path / "out").exists()


def test_filter_limit_and_columns(run_ember, endpoint, table, plan, tmp_path):
    extract(run_ember, endpoint, plan, tmp_path / "some", "--where", "id < 900000", "-q")
    manifest = json.loads((tmp_path / "some/manifest.json").read_text())
    assert sum(split["rows"] for split in manifest["splits"].values()) == 900_000
    assert {shard["unit"] for shard in manifest["shards"]} == {0, 1, 2}
    extract(run_ember, endpoint, plan, tmp_path / "first", "--limit", "100000", "-q")
    # The first rows are those of the first units.
    days = days_of(pq.read_table(table, columns=["day"]))
    ids = [
        pq.read_table(path, columns=["id"])["id"].to_numpy()
        for path in (tmp_path / "first").glob("*/part-00000.parquet")
    ]
    assert sum(map(len, ids)) == (days < 0).sum()
    manifest = json.loads((tmp_path / "first/manifest.json").read_text())
    assert sum(split["rows"] for split in manifest["splits"].values()) == 100_000


@pytest.mark.parametrize("column", ["nothing", "one"])
def test_columns_with_one_value_or_none(run_ember, endpoint, plan, undisturbed, tmp_path, column):
    extract(run_ember, endpoint, plan, tmp_path / "out", "--unit-column", column, "-q")
    assert content_checksums(tmp_path / "out") == content_checksums(undisturbed)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert {shard["unit"] for shard in manifest["shards"]} == {0}


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("nan", "'nan' is FLOAT64; name the column by which the table is partitioned"),
        ("x", "'x' is FLOAT64;"),
        ("dya", "the table has no column 'dya'; did you mean 'day'?"),
    ],
)
def test_what_no_unit_column_can_be(run_ember, endpoint, plan, tmp_path, column, told):
    wrong = tmp_path / "plan.yaml"
    wrong.write_text(PLAN.replace("unit_column: day", f"unit_column: {column}"))
    process = extract(run_ember, endpoint, wrong, tmp_path / "out", status=2)
    assert told in process.stderr
    process = extract(
        run_ember, endpoint, plan, tmp_path / "out", "--unit-column", column, status=2
    )
    assert told in process.stderr
    # All that is wrong with a plan is told together.
    wrong.write_text(wrong.read_text().replace("columns: [x]", "columns: [y]"))
    process = extract(run_ember, endpoint, wrong, tmp_path / "out", status=2)
    assert told in process.stderr
    assert "unknown column 'y'" in process.stderr
    assert not (tmp_path / "out").exists()


def test_files_have_no_unit_column(run_ember, table, plan, tmp_path):
    process = run_ember("extract", table, "--plan", plan, "-o", tmp_path / "out", status=2)
    assert "unit_column divides tables of BigQuery alone" in process.stderr
    process = run_ember("inspect", table, "--unit-column", "day", status=2)
    assert "--unit-column divides tables of BigQuery alone" in process.stderr


def test_a_model_serves_files_and_other_tables(run_ember, endpoint, table, undisturbed, tmp_path):
    run_ember("transform", undisturbed / "model", table, "-o", tmp_path / "file", "-q")
    run_ember(
        "transform", undisturbed / "model", "bigquery://p/d/t", "--bigquery-endpoint", endpoint,
        "-o", tmp_path / "table", "-q",
    )  # fmt: skip
    rows = [
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("file", "table")
    ]
    assert rows[0]["splits"]["all"]["rows"] == rows[1]["splits"]["all"]["rows"] == NUM_ROWS
    assert len(rows[1]["shards"]) == 4


def test_explain_says_what_an_expiry_would_cost(run_ember, endpoint, plan, tmp_path):
    told = run_ember("explain", plan, "bigquery://p/d/t", "--bigquery-endpoint", endpoint, "--json")
    service = json.loads(told.stdout)["service"]
    assert "ranges of 'day'" in service["units"]
    assert service["if a session expires"] == "its range is read again, and nothing else"
    assert "partitioned or clustered by 'day'" in service["scanned for each range"]
    without = tmp_path / "plan.yaml"
    without.write_text(PLAN.replace("unit_column: day\n", ""))
    told = run_ember(
        "explain", without, "bigquery://p/d/t", "--bigquery-endpoint", endpoint, "--json"
    )
    service = json.loads(told.stdout)["service"]
    assert "units" not in service
    assert "in ranges of a column (unit_column)" in service["if they have not"]
