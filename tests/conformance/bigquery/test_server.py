"""The official client reads the local server as it reads BigQuery; DuckDB says which rows it must
find."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud.bigquery_storage_v1.types import (
    CreateReadSessionRequest,
    DataFormat,
    ReadRowsRequest,
    ReadSession,
    SplitReadStreamRequest,
)
from served_tables import DEADLINE, Served, arrow_schema, resource

TABLE = "proj.data.numbers"
NUM_ROWS = 100_000
DATETIME = {b"ARROW:extension:name": b"google:sqlType:datetime"}
LZ4_WHOLE = ReadSession.TableReadOptions.ResponseCompressionCodec.RESPONSE_COMPRESSION_CODEC_LZ4


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 rows in uneven row groups: dictionaries, nulls, text, times."""
    rng = np.random.default_rng(7)
    days = [
        None if i % 11 == 0 else date(2000, 1, 1) + timedelta(int(i % 400)) for i in range(4000)
    ]
    table = pa.table(
        {
            "id": np.arange(NUM_ROWS),
            "small": pa.array(rng.integers(-100, 100, NUM_ROWS), pa.int16()),
            "price": pa.array(rng.normal(size=NUM_ROWS), mask=rng.random(NUM_ROWS) < 0.1),
            "city": pa.array(
                [None if c == 6 else f"city {c}" for c in rng.integers(0, 7, NUM_ROWS)]
            ),
            "note": [f"row {i} " + "x" * (i % 17) for i in range(NUM_ROWS)],
            "day": pa.array([days[i % 4000] for i in range(NUM_ROWS)], pa.date32()),
            "open": pa.array([None if i % 5 == 0 else i % 3 == 0 for i in range(NUM_ROWS)]),
            "moment": pa.array(
                rng.integers(0, 2**50, NUM_ROWS), pa.timestamp("us", tz="America/New_York")
            ),
        }
    )
    path = tmp_path_factory.mktemp("numbers") / "numbers.parquet"
    with pq.ParquetWriter(path, table.schema) as writer:
        for begin, end in [(0, 30_000), (30_000, 30_001), (30_001, 99_000), (99_000, NUM_ROWS)]:
            writer.write_table(table.slice(begin, end - begin))
    return path


@pytest.fixture
def served(serve: Callable[..., Served], numbers: Path) -> Served:
    """A server of the numbers in responses of 1,000 rows, in as many streams as are asked for."""
    return serve({TABLE: numbers}, "--response-rows", 1000, "--stream-bytes", "10kB")


def expected(path: Path, where: str = "", columns: str = "*") -> pa.Table:
    """DuckDB's answer."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        condition = f"WHERE {where}" if where else ""
        return connection.execute(
            f"SELECT {columns} FROM read_parquet('{path}') {condition} ORDER BY id"
        ).to_arrow_table()


def assert_same_rows(found: pa.Table, wanted: pa.Table) -> None:
    """Equal rows, in whichever order they came."""
    found = found.sort_by("id").combine_chunks()
    wanted = wanted.select(found.column_names).cast(found.schema.remove_metadata())
    for name in found.column_names:
        left, right = found[name].combine_chunks(), wanted[name].combine_chunks()
        assert left.equals(right.cast(left.type)), name


def test_all_rows_of_one_stream(served: Served, numbers: Path) -> None:
    table = served.read(TABLE)
    assert table["id"].to_pylist() == list(range(NUM_ROWS))
    assert_same_rows(table, expected(numbers))


@pytest.mark.parametrize("compression", ["LZ4_FRAME", "ZSTD"])
def test_compressed_buffers(served: Served, numbers: Path, compression: str) -> None:
    table = served.read(TABLE, compression=compression, max_streams=3)
    assert_same_rows(table, expected(numbers))


def test_streams_share_the_rows(served: Served, numbers: Path) -> None:
    client = served.client()
    session = served.session(TABLE, max_streams=7, client=client)
    assert len(session.streams) == 7
    parts = [served.read_stream(session, stream.name, client=client) for stream in session.streams]
    assert min(part.num_rows for part in parts) > NUM_ROWS // 10
    assert_same_rows(pa.concat_tables(parts), expected(numbers))
    again = [served.read_stream(session, stream.name, client=client) for stream in session.streams]
    assert again == parts


def test_the_session_tells_what_the_service_tells(served: Served) -> None:
    session = served.session(TABLE, columns=["price", "ID"], max_streams=2, where="id >= 0")
    assert session.name.startswith("projects/billed/locations/us/sessions/")
    assert all(s.name.startswith(session.name + "/streams/") for s in session.streams)
    assert session.table == resource(TABLE)
    assert session.data_format == DataFormat.ARROW
    # The table's order, not the request's.
    assert arrow_schema(session.arrow_schema.serialized_schema).names == ["id", "price"]
    assert session.estimated_row_count == NUM_ROWS
    assert session.estimated_total_bytes_scanned >= NUM_ROWS * 16
    assert list(session.read_options.selected_fields) == ["price", "ID"]
    assert session.read_options.row_restriction == "id >= 0"
    lifetime = session.expire_time - datetime.now(UTC)
    assert timedelta(hours=5, minutes=55) < lifetime <= timedelta(hours=6)


def test_responses(served: Served) -> None:
    client = served.client()
    session = served.session(TABLE, columns=["id"], client=client)
    responses = list(
        client._transport.read_rows(ReadRowsRequest(read_stream=session.streams[0].name))
    )
    assert sum(r.row_count for r in responses) == NUM_ROWS
    assert max(r.row_count for r in responses) == 1000
    assert responses[0].arrow_schema.serialized_schema == session.arrow_schema.serialized_schema
    assert not any(r.arrow_schema.serialized_schema for r in responses[1:])
    row = 0
    for response in responses:
        message = response.arrow_record_batch.serialized_record_batch
        assert message[:4] == b"\xff\xff\xff\xff"
        assert response.arrow_record_batch.row_count == 0  # deprecated, and 0 on the wire
        assert response.stats.progress.at_response_start == pytest.approx(row / NUM_ROWS)
        row += response.row_count
        assert response.stats.progress.at_response_end == pytest.approx(row / NUM_ROWS)
        assert response.throttle_state.throttle_percent == 0
        parsed = pa.ipc.read_message(pa.py_buffer(message))
        assert parsed.metadata_version == pa.ipc.MetadataVersion.V5


@pytest.mark.parametrize("where", ["", "MOD3"])
def test_resume_at_many_offsets(served: Served, where: str) -> None:
    client = served.client()
    where = "small > 50 OR city IS NULL" if where else ""
    session = served.session(TABLE, columns=["id"], where=where, max_streams=2, client=client)
    name = session.streams[1].name
    whole = served.read_stream(session, name, client=client)
    count = whole.num_rows
    assert 1000 < count <= NUM_ROWS / 2 + 1024
    for offset in [0, 1, 7, 999, 1000, 1001, count // 2, count - 1001, count - 1, count]:
        rest = served.read_stream(session, name, offset, client=client)
        assert rest["id"].combine_chunks().equals(whole["id"].combine_chunks()[offset:]), offset
    with pytest.raises(exceptions.FailedPrecondition, match="has not been allocated yet"):
        served.read_stream(session, name, count + 1, client=client)
    with pytest.raises(exceptions.InvalidArgument, match="offset"):
        served.read_stream(session, name, -1, client=client)


RESTRICTIONS = [
    "id < 10",
    "id BETWEEN 29990 AND 30010",
    "city = 'city 3' AND price > 0.5",
    "NOT (price > 0)",
    "price > 0 OR open",
    "city IN ('city 1', 'city 5') AND NOT open",
    "city NOT IN ('city 1', 'city 5')",
    "city LIKE 'city%4' OR note LIKE 'row 1_3 %'",
    "day IS NULL",
    "day >= DATE '2000-03-01' AND day < DATE '2000-03-08'",
    "open IS NOT TRUE",
    "moment > TIMESTAMP '1999-01-01 00:00:00+00:00'",
    "note = 'row 77 xxxxxxxxx'",
    "id < 0",
    "TRUE",
    "NULL IS NULL AND small <> 3",
    "CAST(id AS STRING) = '77' OR CAST('78' AS BIGINT) = id",
    "CAST(day AS STRING) LIKE '2000-03-%' AND CAST(open AS STRING) = 'true'",
    "CAST(moment AS DATE) >= '1999-01-01'",
]


@pytest.mark.parametrize("where", RESTRICTIONS)
def test_row_restrictions(served: Served, numbers: Path, where: str) -> None:
    wanted = expected(numbers, where)
    assert_same_rows(served.read(TABLE, where=where, max_streams=4), wanted)


@pytest.mark.parametrize(
    "where",
    [
        "note = 'a''b'",
        'note = "unclosed',
        "id = 'text'",
        "city > 3",
        "unknown_column = 3",
        "COUNT(*) > 3",
        "SUM(id) > 3",
        "id",
        "id = ",
        "id = 1;",
        "SELECT 1",
        "id + 1 = 2",
        "id IN (SELECT 1)",
        "day = DATE '2000-02-30'",
        "CAST(id AS DATE) = '2000-02-03'",
        "id = CAST('12x' AS INT64)",
        # Told by the rows.
        "CAST(note AS INT64) = 1",
        "(" * 1000 + "id = 1" + ")" * 1000,
    ],
)
def test_restrictions_that_are_refused(served: Served, where: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="row_restriction"):
        served.session(TABLE, where=where)


def test_a_restriction_may_have_a_mebibyte_and_no_more(served: Served) -> None:
    session = served.session(TABLE, where="id = 1" + " " * (2**20 - 6))
    assert len(session.streams) == 1
    with pytest.raises(exceptions.InvalidArgument, match="1048576"):
        served.session(TABLE, where="id = 1" + " " * (2**20 - 5))


def test_backslashes_escape(serve: Callable[..., Served], tmp_path: Path) -> None:
    texts = ["a'b", "a\\b", "tab\tend", "äöü", ""]
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"id": range(5), "text": texts}), path)
    served = serve({"p.d.t": path})
    for where, ids in [
        (r"text = 'a\'b'", [0]),
        (r"text = 'a\\b'", [1]),
        (r"text = r'a\b'", [1]),
        (r"text = 'tab\tend'", [2]),
        (r"text = '\u00e4öü'", [3]),
        ("text = ''", [4]),
        ('text = "a\'b"', [0]),
    ]:
        assert served.read("p.d.t", where=where)["id"].to_pylist() == ids, where


def test_an_empty_table_has_no_stream(serve: Callable[..., Served], tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.int64())}), path)
    session = serve({"p.d.t": path}).session("p.d.t", max_streams=5)
    assert list(session.streams) == []
    assert arrow_schema(session.arrow_schema.serialized_schema).names == ["id"]


def test_a_small_table_has_one_stream(serve: Callable[..., Served], tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    pq.write_table(pa.table({"id": range(100)}), path)
    session = serve({"p.d.t": path}).session("p.d.t", max_streams=50, min_streams=20)
    assert len(session.streams) == 1


def test_a_stream_without_rows_ends_at_once(served: Served) -> None:
    client = served.client()
    session = served.session(TABLE, where="id < 5", max_streams=4, client=client)
    rows = [served.read_stream(session, s.name, client=client).num_rows for s in session.streams]
    assert rows == [5, 0, 0, 0]


def test_numbers_of_streams(served: Served) -> None:
    assert 1 <= len(served.session(TABLE, max_streams=0).streams) <= 1000
    assert len(served.session(TABLE, max_streams=12).streams) == 12
    assert len(served.session(TABLE, max_streams=0, min_streams=90).streams) >= 90
    assert len(served.session(TABLE, max_streams=20000).streams) <= 1000


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_split(served: Served, fraction: float) -> None:
    client = served.client()
    session = served.session(TABLE, columns=["id"], max_streams=2, where="small > 0", client=client)
    original = session.streams[0].name
    split = client.split_read_stream(SplitReadStreamRequest(name=original, fraction=fraction))
    parts = [
        served.read_stream(session, name, client=client)["id"].to_pylist()
        for name in (split.primary_stream.name, split.remainder_stream.name)
    ]
    whole = served.read_stream(session, original, client=client)["id"].to_pylist()
    assert parts[0] + parts[1] == whole
    assert len(parts[0]) == pytest.approx(len(whole) * fraction, abs=1200)
    # A part can be resumed and split as a whole stream can.
    rest = served.read_stream(session, split.remainder_stream.name, 3, client=client)
    assert rest["id"].to_pylist() == parts[1][3:]
    again = client.split_read_stream(
        SplitReadStreamRequest(name=split.primary_stream.name, fraction=0.5)
    )
    if fraction == 0.1:
        assert again.primary_stream.name
        halves = [
            served.read_stream(session, name, client=client)["id"].to_pylist()
            for name in (again.primary_stream.name, again.remainder_stream.name)
        ]
        assert halves[0] + halves[1] == parts[0]


def test_splits_that_cannot_be(served: Served) -> None:
    client = served.client()
    session = served.session(TABLE, max_streams=200, client=client)
    name = session.streams[0].name
    split = client.split_read_stream(SplitReadStreamRequest(name=name, fraction=0.001))
    assert not split.primary_stream.name
    assert not split.remainder_stream.name
    for fraction in [0.0, 1.0, -0.5, 2.0, float("nan")]:
        with pytest.raises(exceptions.InvalidArgument, match="fraction"):
            client.split_read_stream(SplitReadStreamRequest(name=name, fraction=fraction))


def test_samples(served: Served) -> None:
    half = served.read(TABLE, columns=["id"], sample_percentage=50.0, max_streams=3)
    assert 0.3 * NUM_ROWS < half.num_rows < 0.7 * NUM_ROWS
    assert half == served.read(TABLE, columns=["id"], sample_percentage=50.0, max_streams=3)
    ids = set(half["id"].to_pylist())
    assert len(ids) == half.num_rows
    # Blocks are whole.
    blocks = {i // 1024 for i in ids}
    assert ids == {i for i in range(NUM_ROWS) if i // 1024 in blocks}
    assert served.read(TABLE, sample_percentage=0.0).num_rows == 0
    assert served.read(TABLE, sample_percentage=100.0).num_rows == NUM_ROWS
    filtered = served.read(TABLE, columns=["id"], sample_percentage=50.0, where="small = 7")
    assert set(filtered["id"].to_pylist()) < ids
    assert filtered.num_rows > 0


def test_whole_response_compression(served: Served) -> None:
    session = served.session(TABLE, response_compression_codec=LZ4_WHOLE)
    client = served.client()
    name = session.streams[0].name
    responses = list(client._transport.read_rows(ReadRowsRequest(read_stream=name)))
    batches = []
    schema = arrow_schema(session.arrow_schema.serialized_schema)
    for response in responses:
        message = response.arrow_record_batch.serialized_record_batch
        assert response.uncompressed_byte_size > len(message)
        message = pa.Codec("lz4_raw").decompress(message, response.uncompressed_byte_size)
        batches.append(pa.ipc.read_record_batch(message, schema))
    assert pa.Table.from_batches(batches)["id"].to_pylist() == list(range(NUM_ROWS))


def test_snapshots(served: Served) -> None:
    client = served.client()
    now = datetime.now(UTC)

    def session(at: datetime) -> ReadSession:
        return client.create_read_session(
            CreateReadSessionRequest(
                parent="projects/p",
                read_session=ReadSession(
                    table=resource(TABLE),
                    data_format=DataFormat.ARROW,
                    table_modifiers=ReadSession.TableModifiers(snapshot_time=at),
                ),
            ),
            retry=None,
            timeout=DEADLINE,
        )

    at = now - timedelta(hours=1)
    assert session(at).table_modifiers.snapshot_time == at
    for wrong in [now + timedelta(hours=1), now - timedelta(days=8)]:
        with pytest.raises(exceptions.InvalidArgument, match="snapshot_time"):
            session(wrong)


@pytest.mark.parametrize("kind", ["DAY", "MONTH", "HOUR"])
def test_sessions_over_partitions(serve: Callable[..., Served], tmp_path: Path, kind: str) -> None:
    begin = datetime(2001, 1, 1)
    hours = np.arange(60 * 24)
    at = [None if h % 7 == 0 else begin + timedelta(hours=int(h)) for h in hours]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"h": hours, "moment": pa.array(at, pa.timestamp("us"))}), path)
    served = serve({"p.d.t": path}, "--partition", f"p.d.t=Moment:{kind}")
    width = {"DAY": "%Y%m%d", "MONTH": "%Y%m", "HOUR": "%Y%m%d%H"}[kind]

    def estimated(where: str) -> int:
        session = served.session("p.d.t", where=where)
        assert served.read("p.d.t", where=where).num_rows <= session.estimated_row_count
        return session.estimated_row_count

    def rows_of(first: datetime, last: datetime) -> int:
        names = [each.strftime(width) for each in at if each is not None]
        return sum(first.strftime(width) <= name <= last.strftime(width) for name in names)

    nulls = sum(each is None for each in at)
    assert estimated("") == estimated("h > 5") == len(at)
    assert estimated("moment IS NULL") == nulls
    assert estimated("moment IS NOT NULL AND h = 0") == len(at) - nulls
    middle = "moment BETWEEN '2001-01-30 05:30:00' AND '2001-02-02 00:00:00' AND h > 100"
    first, last = datetime(2001, 1, 30, 5, 30), datetime(2001, 2, 2)
    assert estimated(middle) == rows_of(first, last)
    assert estimated("moment < '1999-01-01'") == 0


REFUSED = (
    r"request failed: Query error: Cannot query over table 'p\.d\.t' without a filter over "
    r"column\(s\) {} that can be used for partition elimination"
)


def test_a_table_may_require_a_restriction_of_its_partitions(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    days = [None if i % 9 == 0 else datetime(2001, 1, 1 + i % 28).date() for i in range(500)]
    pq.write_table(pa.table({"id": np.arange(500), "Day": days}), path)
    served = serve({"p.d.t": path}, "--partition=p.d.t=day", "--require-partition-filter=p.d.t")
    for where in (
        "day >= '2001-01-20'",
        "id > 100 AND DAY BETWEEN '2001-01-03' AND '2001-01-07'",
        "day IN ('2001-01-05') OR day > '2001-01-25'",
        "(id > 7 AND day IS NULL)",
    ):
        assert_same_rows(served.read("p.d.t", where=where, max_streams=3), expected(path, where))
    refused = REFUSED.format("'Day'")
    for where in ("", "id > 100", "day = '2001-01-05' OR id > 100", "1 = 1", "day = day"):
        with pytest.raises(exceptions.InvalidArgument, match=refused):
            served.session("p.d.t", where=where)
    for wrong, told in (("day >", "row_restriction:1"), ("dya > '2001-01-05'", REFUSED[:20])):
        with pytest.raises(exceptions.InvalidArgument, match=told):
            served.session("p.d.t", where=wrong)


@pytest.mark.parametrize("kind", ["DAY", "HOUR", "MONTH"])
def test_partitions_by_the_time_of_ingestion(
    serve: Callable[..., Served], tmp_path: Path, kind: str
) -> None:
    """The column _PARTITIONTIME of the file is BigQuery's pseudo-column; DuckDB sees a column."""
    step = {"DAY": 24, "HOUR": 1, "MONTH": 24}[kind]
    moments = [datetime(2001, 1, 1, tzinfo=UTC) + timedelta(hours=step * h) for h in range(59)]
    if kind == "MONTH":
        moments = [each.replace(day=1) for each in moments]
    at = [None if i % 11 == 0 else moments[i % len(moments)] for i in range(1000)]
    table = pa.table(
        {"id": np.arange(1000), "_PARTITIONTIME": pa.array(at, pa.timestamp("us", "UTC"))}
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    served = serve(
        {"p.d.t": path},
        f"--partition=p.d.t=_PARTITIONTIME:{kind}",
        "--require-partition-filter=p.d.t",
    )

    def check(where: str, judged: str = "") -> None:
        found = served.read("p.d.t", where=where, max_streams=2)
        assert found.column_names == ["id"], "the time of ingestion is no column"
        assert_same_rows(found, expected(path, judged or where, "id"))
        estimated = served.session("p.d.t", where=where).estimated_row_count
        assert found.num_rows <= estimated <= 1000

    check("_PARTITIONTIME >= '2001-02-01 00:00:00+00'")
    check("_partitiontime < TIMESTAMP '2001-01-02 12:00:00+00' AND id > 10")
    check("_PARTITIONTIME IS NULL")
    check("id < 500 AND _PARTITIONTIME IN ('2001-01-01 00:00:00+00', '2001-02-01 00:00:00+00')")
    names = "'_PARTITION_LOAD_TIME', '_PARTITIONTIME'"
    if kind == "DAY":
        day = "CAST(_PARTITIONTIME AS TIMESTAMP)::DATE"
        for where in (
            "_PARTITIONDATE > '2001-02-01'",
            "_PARTITIONDATE NOT IN ('2001-01-05', '2001-01-06') AND id < 700",
            "_PARTITIONDATE BETWEEN DATE '2001-01-30' AND '2001-02-03'",
            "_PARTITIONDATE IS NOT NULL",
        ):
            check(where, where.replace("_PARTITIONDATE", day))
        names = "'_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME'"
        with pytest.raises(exceptions.InvalidArgument, match="cannot be compared with a TIMESTAMP"):
            served.session("p.d.t", where="_PARTITIONDATE > TIMESTAMP '2001-01-01 00:00:00+00'")
    else:
        with pytest.raises(exceptions.InvalidArgument, match="did you mean '_PARTITIONTIME'"):
            served.session("p.d.t", where="_PARTITIONTIME IS NULL AND _PARTITIONDATE IS NULL")
    with pytest.raises(exceptions.InvalidArgument, match=REFUSED.format(names)):
        served.session("p.d.t", where="id > 5")
    with pytest.raises(exceptions.InvalidArgument, match="selected fields do not exist"):
        served.session("p.d.t", columns=["_PARTITIONTIME"], where="_PARTITIONTIME IS NULL")


def test_partition_times_that_cannot_be(run_ember: Callable[..., object], tmp_path: Path) -> None:
    def told(values: pa.Array, kind: str = "DAY") -> str:
        table = pa.table({"id": np.arange(len(values)), "_PARTITIONTIME": values})
        pq.write_table(table, tmp_path / "t.parquet")
        options = ["--table", f"p.d.t={tmp_path / 't.parquet'}"]
        partition = f"p.d.t=_PARTITIONTIME:{kind}"
        return run_ember(
            "serve-bigquery", *options, "--partition", partition, status=2, timeout=30
        ).stderr

    begins = [datetime(2001, 1, 2), datetime(2001, 1, 2, 5)]
    instants = pa.array(begins, pa.timestamp("us", "UTC"))
    assert "2001-01-02 05:00:00 UTC in row 1 is not when a DAY begins" in told(instants)
    assert "2001-01-02 00:00:00 UTC in row 0 is not when a MONTH begins" in told(instants, "MONTH")
    assert "_PARTITIONTIME must be a TIMESTAMP" in told(pa.array(begins, pa.timestamp("us")))


def test_partitions_that_cannot_be(run_ember: Callable[..., object], numbers: Path) -> None:
    def told(text: str) -> str:
        table = ["--table", f"{TABLE}={numbers}"]
        return run_ember("serve-bigquery", *table, "--partition", text, status=2, timeout=30).stderr

    assert "that --table names" in told("p.d.other=id")
    assert "that --table names" in told(TABLE)
    assert "'id' is INT64" in told(f"{TABLE}=id")
    assert "did you mean 'id'?" in told(f"{TABLE}=idd")
    assert "nothere" in told(f"{TABLE}=nothere:DAY")
    table = ["--table", f"{TABLE}={numbers}", "--require-partition-filter", TABLE]
    process = run_ember("serve-bigquery", *table, status=2, timeout=30)
    assert f"the table '{TABLE}' has no partitions" in process.stderr
    assert f"--partition {TABLE}=COLUMN" in process.stderr
    table[-1] = "p.d.other"
    process = run_ember("serve-bigquery", *table, status=2, timeout=30)
    assert "a table that --table names, found 'p.d.other'" in process.stderr


def test_requests_that_are_refused(served: Served) -> None:
    client = served.client()

    def create(parent: str = "projects/p", streams: int = 0, least: int = 0, **options: object):
        wanted = {"table": resource(TABLE), "data_format": DataFormat.ARROW} | options
        request = CreateReadSessionRequest(
            parent=parent,
            read_session=ReadSession(**wanted),
            max_stream_count=streams,
            preferred_min_stream_count=least,
        )
        return client.create_read_session(request, retry=None, timeout=DEADLINE)

    options = ReadSession.TableReadOptions
    create()
    with pytest.raises(exceptions.MethodNotImplemented):
        create(data_format=DataFormat.AVRO)
    with pytest.raises(exceptions.NotFound, match=r"Not found: Table proj:data\.other"):
        create(table=resource("proj.data.other"))
    refused = [
        {"data_format": DataFormat.DATA_FORMAT_UNSPECIFIED},
        {"table": "proj.data.numbers"},
        {"table": resource(TABLE) + "$20200101"},
        {"table": resource(TABLE) + "@123"},
        {"table": resource(TABLE) + "/x"},
        {"table": ""},
        {"parent": "proj"},
        {"parent": "projects/p/locations/us"},
        {"parent": ""},
        {"streams": -1},
        {"least": -1},
        {"streams": 2, "least": 3},
        {"trace_id": "x" * 257},
        {"read_options": options(selected_fields=["nothing"])},
        {"read_options": options(sample_percentage=101)},
        {"read_options": options(sample_percentage=-1)},
        {"read_options": options(arrow_serialization_options={"buffer_compression": 7})},
        {"read_options": options(response_compression_codec=7)},
        {"read_options": options(avro_serialization_options={})},
        {
            "read_options": options(
                response_compression_codec=LZ4_WHOLE,
                arrow_serialization_options={"buffer_compression": 1},
            )
        },
    ]
    for wrong in refused:
        with pytest.raises(exceptions.InvalidArgument):
            create(**wrong)


def test_streams_that_are_not_there(served: Served) -> None:
    client = served.client()
    name = served.session(TABLE).streams[0].name
    for wrong in [name + "0", name.replace("billed", "other"), name.replace("/us/", "/eu/")]:
        with pytest.raises(exceptions.NotFound):
            next(iter(client.read_rows(wrong, timeout=DEADLINE)))
    for wrong in ["", "x", name + "/y", "projects/p/locations/us/sessions/s", name[1:]]:
        with pytest.raises(exceptions.InvalidArgument):
            next(iter(client.read_rows(wrong, timeout=DEADLINE)))
        with pytest.raises(exceptions.InvalidArgument):
            client.split_read_stream(SplitReadStreamRequest(name=wrong, fraction=0.5))


def test_expired_sessions(serve: Callable[..., Served], numbers: Path) -> None:
    served = serve({TABLE: numbers}, "--session-seconds", 0)
    client = served.client()
    name = served.session(TABLE).streams[0].name
    with pytest.raises(exceptions.FailedPrecondition, match="session expired at 2"):
        next(iter(client.read_rows(name, timeout=DEADLINE)))
    with pytest.raises(exceptions.FailedPrecondition, match="session expired at 2"):
        client.split_read_stream(SplitReadStreamRequest(name=name, fraction=0.5))


def wire(type_: pa.DataType, nullable: bool = True, datetime: bool = False) -> pa.Field:
    """A field as BigQuery sends it."""
    return pa.field("x", type_, nullable, DATETIME if datetime else None)


RANGE_OF_DATES = pa.struct({"start": pa.date32(), "end": pa.date32()})
US = timezone(timedelta(hours=-5))
# A column of a file, the field that is sent, and the values in it where they differ.
TYPES = [
    (pa.array([1, None, -3], pa.int8()), wire(pa.int64()), None),
    (pa.array([1, None, 3], pa.uint32()), wire(pa.int64()), None),
    (pa.array([1, None, 2**63 - 1], pa.uint64()), wire(pa.int64()), None),
    (pa.array([1.5, None, float("inf")], pa.float32()), wire(pa.float64()), None),
    (pa.array([np.float16(1.5), None]), wire(pa.float64()), [1.5, None]),
    (pa.array([True, None, False]), wire(pa.bool_()), None),
    (pa.array(["a", None, ""]), wire(pa.string()), None),
    (pa.array(["a", None, ""], pa.large_string()), wire(pa.string()), None),
    (pa.array(["a", "b", None, "a"]).dictionary_encode(), wire(pa.string()), None),
    (pa.array([b"a", None, b"\0"]), wire(pa.binary()), None),
    (pa.array([b"ab", None], pa.binary(2)), wire(pa.binary()), None),
    (pa.array([date(1, 1, 1), None, date(9999, 12, 31)]), wire(pa.date32()), None),
    (pa.array([date(1970, 1, 2), None], pa.date64()), wire(pa.date32()), None),
    (pa.array([time(1, 2, 3), None], pa.time32("s")), wire(pa.time64("us")), None),
    (pa.array([time(1, 2, 3, 4), None], pa.time64("us")), wire(pa.time64("us")), None),
    (
        pa.array([1_999, 0, None], pa.time64("ns")),
        wire(pa.time64("us")),
        [time(microsecond=1), time(), None],
    ),
    (
        pa.array([datetime(2001, 2, 3, 4, 5, 6), None], pa.timestamp("s")),
        wire(pa.timestamp("us"), datetime=True),
        None,
    ),
    (
        pa.array([-1, 1_999, None], pa.timestamp("ns")),
        wire(pa.timestamp("us"), datetime=True),
        [datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(1970, 1, 1, 0, 0, 0, 1), None],
    ),
    (
        pa.array([datetime(2001, 2, 3, 4, tzinfo=US), None], pa.timestamp("ms", tz="-05:00")),
        wire(pa.timestamp("us", tz="UTC")),
        [datetime(2001, 2, 3, 9, tzinfo=UTC), None],
    ),
    (
        pa.array([Decimal("1.25"), None], pa.decimal128(5, 2)),
        wire(pa.decimal128(38, 9)),
        [Decimal("1.250000000"), None],
    ),
    (
        pa.array([Decimal("-9" * 1 + "9" * 28), None], pa.decimal128(38, 9)),
        wire(pa.decimal128(38, 9)),
        None,
    ),
    (
        pa.array([Decimal("1.2500000001"), None], pa.decimal128(38, 10)),
        wire(pa.decimal256(76, 38)),
        None,
    ),
    (pa.array([Decimal("7"), None], pa.decimal128(38, 0)), wire(pa.decimal256(76, 38)), None),
    (
        pa.array([pa.MonthDayNano([1, -2, 3000]), None]),
        wire(pa.month_day_nano_interval()),
        None,
    ),
    (
        pa.array([{"start": date(2000, 1, 1), "end": None}, None], RANGE_OF_DATES),
        wire(RANGE_OF_DATES),
        None,
    ),
    (
        pa.array([[1, None], None, []], pa.list_(pa.int32())),
        wire(pa.list_(pa.field("item", pa.int64())), nullable=False),
        [[1, None], [], []],
    ),
    (
        pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
        wire(pa.struct({"a": pa.int64(), "b": pa.string()})),
        None,
    ),
    (
        pa.array([[{"a": 1}], None], pa.list_(pa.struct({"a": pa.int16()}))),
        wire(pa.list_(pa.field("item", pa.struct({"a": pa.int64()}))), nullable=False),
        [[{"a": 1}], []],
    ),
    (
        pa.array([[("k", 1), ("l", None)], None], pa.map_(pa.string(), pa.int32())),
        wire(
            pa.list_(
                pa.field(
                    "item",
                    pa.struct([pa.field("key", pa.string(), False), pa.field("value", pa.int64())]),
                )
            ),
            nullable=False,
        ),
        [[{"key": "k", "value": 1}, {"key": "l", "value": None}], []],
    ),
]


@pytest.mark.parametrize("case", range(len(TYPES)))
@pytest.mark.parametrize("file_format", ["parquet", "arrow"])
def test_types(serve: Callable[..., Served], tmp_path: Path, case: int, file_format: str) -> None:
    values, field, wanted = TYPES[case]
    path = tmp_path / f"types.{file_format}"
    table = pa.table({"x": values})
    if file_format == "arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    else:
        if values.type in (pa.date64(), pa.time32("s"), pa.month_day_nano_interval()):
            pytest.skip("a Parquet file keeps this type as another, or not at all")
        pq.write_table(table, path)
    served = serve({"p.d.t": path})
    session = served.session("p.d.t")
    found = arrow_schema(session.arrow_schema.serialized_schema).field("x")
    nullable = field.nullable
    assert found.type == field.type
    assert found.nullable == nullable
    assert found.metadata == field.metadata
    if pa.types.is_list(found.type):
        assert found.type.field(0).name == "item"
    rows = served.read_stream(session, session.streams[0].name)
    assert rows["x"].to_pylist() == (values.to_pylist() if wanted is None else wanted)


def test_required_columns(serve: Callable[..., Served], tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.int64())])
    path = tmp_path / "required.parquet"
    pq.write_table(pa.table({"a": [1], "b": [2]}, schema), path)
    session = serve({"p.d.t": path}).session("p.d.t")
    found = arrow_schema(session.arrow_schema.serialized_schema)
    assert [field.nullable for field in found] == [False, True]


def test_fields_of_records(serve: Callable[..., Served], tmp_path: Path) -> None:
    rows = [
        {"id": i, "r": {"a": i, "b": {"c": str(i), "d": -i}}, "l": [{"x": i, "y": i + 1}] * (i % 3)}
        for i in range(100)
    ]
    path = tmp_path / "records.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    served = serve({"p.d.t": path})
    for columns, wanted in [
        (["r.b.c", "id"], [{"id": r["id"], "r": {"b": {"c": r["r"]["b"]["c"]}}} for r in rows]),
        (["R.A", "r.b.d"], [{"r": {"a": r["r"]["a"], "b": {"d": r["r"]["b"]["d"]}}} for r in rows]),
        (["r", "r.a"], [{"r": r["r"]} for r in rows]),
        (["l.y"], [{"l": [{"y": item["y"]} for item in r["l"]]} for r in rows]),
    ]:
        table = served.read("p.d.t", columns=columns)
        # In the table's order: id, r, l.
        assert table.to_pylist() == wanted, columns
    assert served.read("p.d.t", columns=["id"], where="r.b.d < -97").to_pylist() == [
        {"id": 98},
        {"id": 99},
    ]
    for wrong in ["r.z", "r.a.b", "id.x", ".", "r."]:
        with pytest.raises(exceptions.InvalidArgument, match="do not exist"):
            served.session("p.d.t", columns=[wrong])


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[[1]]]),
        pa.array([timedelta(1)]),
        pa.array([None]),
        pa.array([Decimal(1)], pa.decimal256(76, 0)),
    ],
)
def test_types_that_bigquery_lacks(
    run_ember: Callable[..., object], tmp_path: Path, values: pa.Array
) -> None:
    path = tmp_path / "lacks.arrow"
    table = pa.table({"fine": [1], "the culprit": values})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    done = run_ember("serve-bigquery", "--table", f"p.d.t={path}", status=2, timeout=30)
    assert "the culprit" in done.stderr


def test_values_that_bigquery_lacks(serve: Callable[..., Served], tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"x": pa.array([1] * 5000 + [2**63], pa.uint64())}), path)
    served = serve({"p.d.t": path}, "--response-rows", 100)
    with pytest.raises(exceptions.DataLoss, match="'x'"):
        served.read("p.d.t")


def test_files_of_other_formats(serve: Callable[..., Served], tmp_path: Path) -> None:
    csv = tmp_path / "t.csv"
    csv.write_text("id,name\n" + "".join(f"{i},n{i}\n" for i in range(5000)))
    served = serve({"p.d.t": csv}, "--response-rows", 100)
    table = served.read("p.d.t", where="id > 10")
    assert table["name"].to_pylist() == [f"n{i}" for i in range(11, 5000)]


def test_several_tables(serve: Callable[..., Served], tmp_path: Path) -> None:
    for name in "ab":
        pq.write_table(pa.table({name: [1, 2]}), tmp_path / f"{name}.parquet")
    served = serve({f"p.d.{name}": tmp_path / f"{name}.parquet" for name in "ab"})
    assert served.read("p.d.a").column_names == ["a"]
    assert served.read("p.d.b").column_names == ["b"]


def test_what_was_encoded_before_is_the_same(serve: Callable[..., Served], numbers: Path) -> None:
    served = serve({TABLE: numbers}, "--response-rows", 700, "--cache", "3MiB")
    first = served.read(TABLE, max_streams=1)
    assert_same_rows(first, expected(numbers))
    for where in ["", "small < 0"]:
        for offset_streams in [1, 3]:
            table = served.read(TABLE, max_streams=offset_streams, where=where)
            assert_same_rows(table, expected(numbers, where))


@pytest.mark.parametrize("file_format", ["parquet", "arrow"])
def test_what_metadata_call_json_and_geography(
    serve: Callable[..., Served], tmp_path: Path, file_format: str
) -> None:
    json = {"ARROW:extension:name": "google:sqlType:json"}
    geography = {
        "ARROW:extension:name": "google:sqlType:geography",
        "ARROW:extension:metadata": '{"encoding": "WKT"}',
    }
    schema = pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("document", pa.string(), metadata=json),
            pa.field("place", pa.string(), metadata=geography),
            pa.field("r", pa.struct([pa.field("inner", pa.string(), metadata=json)])),
            pa.field("plain", pa.string(), metadata={"color": "red"}),
        ]
    )
    rows = [{"id": 1, "document": "{}", "place": "POINT(1 2)", "r": {"inner": "[1]"}, "plain": "x"}]
    table = pa.Table.from_pylist(rows, schema)
    path = tmp_path / f"metadata.{file_format}"
    if file_format == "arrow":
        with pa.ipc.new_file(path, schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, path)
    served = serve({"p.d.t": path})
    session = served.session("p.d.t")
    found = arrow_schema(session.arrow_schema.serialized_schema)

    def encoded(metadata: dict[str, str]) -> dict[bytes, bytes]:
        return {key.encode(): value.encode() for key, value in metadata.items()}

    assert found.field("document").metadata == encoded(json)
    assert found.field("place").metadata == encoded(geography)
    assert found.field("r").type.field("inner").metadata == encoded(json)
    assert found.field("plain").metadata is None
    assert served.read("p.d.t").to_pylist() == rows


def test_other_addresses_get_a_warning(serve: Callable[..., Served], numbers: Path) -> None:
    served = serve({TABLE: numbers}, "--host", "0.0.0.0")
    port = served.address.rpartition(":")[2]
    served.address = f"127.0.0.1:{port}"
    assert served.read(TABLE, columns=["id"]).num_rows == NUM_ROWS
    assert "without encryption" in served.process.stderr.readline()
