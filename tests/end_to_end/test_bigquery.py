"""bigquery:// read from the command's own local server."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bigquery_service import serve
from outputs import content_checksums, learned_digests, read_shards, write_parquet

from emberharmony import bigquery

PLAN = """version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 15}}]
"""


@pytest.fixture(scope="module")
def few_flights(flights, tmp_path_factory) -> Path:
    table = pq.read_table(flights).slice(0, 50_000)
    return write_parquet(table, tmp_path_factory.mktemp("flights") / "flights.parquet")


@pytest.fixture(scope="module")
def endpoint(ember, few_flights) -> Iterator[str]:
    with serve(ember, {"p.d.flights": few_flights}, "--stream-bytes=64KiB") as address:
        yield address


def source(endpoint: str, table: str = "flights") -> list[str]:
    return [f"bigquery://p/d/{table}", "--bigquery-endpoint", endpoint]


def test_three_million_flights_give_what_the_file_gives(run_ember, ember, flights, tmp_path):
    with serve(ember, {"demo.public.flights": flights}) as address:
        run_ember(
            "extract", "bigquery://demo/public/flights", "--bigquery-endpoint", address,
            "-o", tmp_path / "remote", "--target", "delay", "--content-checksum", "-q",
        )  # fmt: skip
    run_ember(
        "extract", flights, "-o", tmp_path / "local", "--target", "delay", "--content-checksum",
        "-q",
    )  # fmt: skip
    assert learned_digests(tmp_path / "remote/model") == learned_digests(tmp_path / "local/model")
    assert content_checksums(tmp_path / "remote") == content_checksums(tmp_path / "local")


def test_a_plan_fetches_its_columns_alone(run_ember, few_flights, endpoint, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    options = ["--plan", plan, "--content-checksum", "-q", "--where", "distance > 500"]
    run_ember("extract", *source(endpoint), "-o", tmp_path / "remote", *options)
    run_ember("extract", few_flights, "-o", tmp_path / "local", *options)
    assert learned_digests(tmp_path / "remote/model") == learned_digests(tmp_path / "local/model")
    assert content_checksums(tmp_path / "remote") == content_checksums(tmp_path / "local")

    told = run_ember("explain", plan, *source(endpoint), "--where", "distance > 500", "--json")
    service = json.loads(told.stdout)["service"]
    assert service["columns asked for"] == "distance, origin, destination, delay, date"
    assert service["rows asked for"] == "those with distance > 500"

    run_ember(
        "transform", tmp_path / "local/model", *source(endpoint), "-o", tmp_path / "new", "-q"
    )
    assert (
        json.loads((tmp_path / "new/manifest.json").read_text())["splits"]["all"]["rows"] == 50_000
    )


def test_columns_limit_and_reports(run_ember, endpoint, tmp_path):
    told = run_ember("inspect", *source(endpoint), "--columns", "delay,origin", "--json")
    inspection = json.loads(told.stdout)
    assert sorted(column["name"] for column in inspection["columns"]) == ["delay", "origin"]
    assert inspection["rows"] == 50_000
    told = run_ember("inspect", *source(endpoint), "--limit", "7", "--json")
    assert json.loads(told.stdout)["rows"] == 7
    run_ember("extract", *source(endpoint), "-o", tmp_path / "out", "-q")
    report = json.loads((tmp_path / "out/run_report.json").read_text())
    assert "download" in [phase["phase"] for phase in report["phases"]]
    assert not list((tmp_path / "out").glob("**/*.arrow"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--columns", "delay,nope"], "nope"),
        (["--where", "delay >"], "--where:1:"),
        (["--where", "nope = 3"], "nope"),
        (["--snapshot-time", "yesterday"], "--snapshot-time must be an instant"),
        (["--bigquery-endpoint", "no port:x"], "HOST:PORT"),
    ],
)
def test_wrong_requests_have_status_2(run_ember, endpoint, tmp_path, arguments, text):
    location = ["bigquery://p/d/flights"]
    if "--bigquery-endpoint" not in arguments:
        location += ["--bigquery-endpoint", endpoint]
    process = run_ember("extract", *location, "-o", tmp_path / "out", *arguments, status=2)
    assert text in process.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_that_is_not_there_has_status_1(run_ember, endpoint, tmp_path):
    process = run_ember("extract", *source(endpoint, "nope"), "-o", tmp_path / "out", status=1)
    assert "NOT_FOUND" in process.stderr
    process = run_ember("inspect", "bigquery://p/d", "--bigquery-endpoint", endpoint, status=2)
    assert "bigquery://PROJECT/DATASET/TABLE" in process.stderr


def test_a_random_split_is_refused(run_ember, endpoint, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.replace("method: hash, key: [date, origin]", "method: random"))
    process = run_ember(
        "extract", *source(endpoint), "-o", tmp_path / "out", "--plan", plan, status=2
    )
    assert "hash" in process.stderr


def test_nothing_asks_for_the_plugin_before_it_is_needed(run_ember, few_flights, tmp_path):
    environment = {"EMBERHARMONY_PLUGIN_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    run_ember("inspect", few_flights, "--columns", "delay", "--json", env=environment)


def test_cancelling_ends_a_download_within_a_second(ember, few_flights, tmp_path):
    with serve(ember, {"p.d.flights": few_flights}, "--fault=stall:after=1") as address:
        process = subprocess.Popen(
            [str(ember), "extract", *source(address), "-o", str(tmp_path / "out"), "-q"],
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(2)  # the download has begun and waits for ever
        process.terminate()
        begin = time.monotonic()
        process.wait(timeout=30)
        assert time.monotonic() - begin < 2
        assert process.returncode == 3, process.stderr.read()
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".ember"]


def test_all_types_come_as_from_a_file(run_ember, ember, tmp_path):
    table = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int64()),
            "f": pa.array([0.5, None, float("nan")], pa.float64()),
            "b": pa.array([True, None, False], pa.bool_()),
            "s": pa.array(["a", None, "ü"], pa.string()),
            "d": pa.array([1, None, 3], pa.date32()),
            "t": pa.array([1, None, 3], pa.timestamp("us", tz="UTC")),
            "n": pa.array([1, None, 3], pa.decimal128(38, 9)),
            "r": pa.array([{"x": 1, "y": "a"}, None, {"x": None, "y": "b"}]),
            "l": pa.array([[1, 2], [], [3]], pa.list_(pa.int64())),
        }
    )
    path = write_parquet(table, tmp_path / "types.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [i], train: 1.0, validation: 0.0, test: 0.0}\n"
        "features:\n  - columns: [i, f, b, s, d, t, n, r.x, r.y]\n    steps: [passthrough]\n"
    )
    with serve(ember, {"p.d.types": path}) as address:
        run_ember(
            "extract", *source(address, "types"), "-o", tmp_path / "remote", "--plan", plan, "-q"
        )
    run_ember("extract", path, "-o", tmp_path / "local", "--plan", plan, "-q")
    remote = read_shards(tmp_path / "remote/train")
    assert remote.num_rows == 3
    assert str(remote.to_pydict()) == str(read_shards(tmp_path / "local/train").to_pydict())


def test_explain_says_what_the_run_will_use(run_ember, endpoint, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    told = run_ember("explain", plan, *source(endpoint)).stdout
    assert "as many as the service makes when the run begins" in told
    assert "the run ends with an error and keeps nothing" in told
    run = run_ember(
        "extract", *source(endpoint), "--plan", plan, "-o", tmp_path / "out", "--progress", "none",
        "--log-level", "info",
    )  # fmt: skip
    assert "its rows must have come by 20" in run.stderr


def test_a_session_that_expires_did_so_now(run_ember, ember, few_flights, tmp_path):
    with serve(ember, {"p.d.flights": few_flights}, "--fault=expire:after=0") as address:
        process = run_ember("inspect", *source(address), status=1)
    assert "session expired at 20" in process.stderr


def test_a_reader_names_what_python_has(endpoint):
    connection = bigquery.Connection(storage_endpoint=endpoint)
    whole = bigquery.read("p.d.flights", connection=connection, memory_limit="1KiB")
    with pytest.raises(MemoryError, match="raise memory_limit") as told, whole:
        pa.table(whole)
    assert "--" not in str(told.value)
    assert "fewer num_readers" in str(told.value)


def every_type() -> pa.Table:
    """A column of each type of BigQuery, with nulls, and of what these nest."""
    n = 300
    interval = pa.month_day_nano_interval()
    intervals = [None if i % 7 == 0 else pa.MonthDayNano([i % 5, -i, i * 1000]) for i in range(n)]
    day = pa.struct([("start", pa.date32()), ("end", pa.date32())])
    record = pa.struct(
        [("a", pa.list_(pa.struct([("z", pa.decimal256(76, 38))]))), ("v", interval)]
    )
    some = [None if i % 11 == 0 else i for i in range(n)]
    return pa.table(
        {
            "int64": pa.array(some),
            "float64": pa.array(some, pa.float64()),
            "bool": [i % 3 == 0 for i in range(n)],
            "string": [f"word {i % 10}" for i in range(n)],
            "bytes": [bytes([i % 256]) for i in range(n)],
            "date": pa.array(some, pa.int32()).cast(pa.date32()),
            "time": pa.array(some, pa.time64("us")),
            "timestamp": pa.array(some, pa.timestamp("us", "UTC")),
            "datetime": pa.array(some, pa.timestamp("us")),
            "numeric": pa.array(some).cast(pa.decimal128(38, 9)),
            "bignumeric": pa.array(some).cast(pa.decimal256(76, 38)),
            "interval": pa.array(intervals, interval),
            "range": pa.array([{"start": i, "end": None} for i in range(n)], day),
            "intervals": pa.array([[v] for v in intervals], pa.list_(interval)),
            "record": pa.array(
                [{"a": [{"z": i}], "v": v} for i, v in enumerate(intervals)], record
            ),
        }
    )


def test_every_type_without_a_plan(run_ember, ember, tmp_path):
    path = tmp_path / "types.arrow"
    with pa.ipc.new_file(path, every_type().schema) as writer:
        writer.write_table(every_type())
    with serve(ember, {"p.d.types": path}) as address:
        run_ember(
            "extract", *source(address, "types"), "-o", tmp_path / "remote", "--content-checksum",
            "-q",
        )  # fmt: skip
    run_ember("extract", path, "-o", tmp_path / "local", "--content-checksum", "-q")
    assert content_checksums(tmp_path / "remote") == content_checksums(tmp_path / "local")
    rows = [read_shards(tmp_path / "local" / s).num_rows for s in ("train", "validation", "test")]
    assert sum(rows) == 300
    assert min(rows) > 0
    plan = (tmp_path / "local/model/plan.yaml").read_text()
    assert "dropped 'interval': there is no automatic step for type month_day_nano" in plan
