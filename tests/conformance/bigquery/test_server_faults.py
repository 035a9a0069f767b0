"""What `--fault` makes the server do wrong, and what malformed requests do not."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud.bigquery_storage_v1.types import ReadRowsRequest, ReadRowsResponse
from google.rpc import error_details_pb2, status_pb2
from served_tables import DEADLINE, Served

TABLE = "p.d.t"
NUM_ROWS = 10_000
SERVICE = "/google.cloud.bigquery.storage.v1.BigQueryRead/"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 rows."""
    file = tmp_path_factory.mktemp("faults") / "t.parquet"
    rng = np.random.default_rng(1)
    pq.write_table(pa.table({"id": np.arange(NUM_ROWS), "x": rng.normal(size=NUM_ROWS)}), file)
    return file


@pytest.fixture
def start(serve: Callable[..., Served], path: Path) -> Callable[..., Served]:
    """Starts a server of the table in ten responses a stream, with these faults."""

    def started(*faults: str) -> Served:
        options = [option for fault in faults for option in ("--fault", fault)]
        return serve({TABLE: path}, "--response-rows", 1000, "--stream-bytes", 1000, *options)

    return started


def read(
    served: Served, name: str, offset: int = 0
) -> tuple[list[ReadRowsResponse], exceptions.GoogleAPICallError | None]:
    """The responses of one call, and the error it ended with."""
    responses = []
    try:
        request = ReadRowsRequest(read_stream=name, offset=offset)
        for response in served.client()._transport.read_rows(request, timeout=DEADLINE):
            responses.append(response)
    except grpc.RpcError as error:
        return responses, error
    return responses, None


def ids(response: ReadRowsResponse) -> list[int]:
    """The first column's rows."""
    schema = pa.schema([("id", pa.int64()), ("x", pa.float64())])
    message = response.arrow_record_batch.serialized_record_batch
    return pa.ipc.read_record_batch(pa.py_buffer(message), schema)["id"].to_pylist()


@pytest.mark.parametrize("after", [0, 1, 5, 10])
def test_cuts(start: Callable[..., Served], after: int) -> None:
    served = start(f"cut:after={after},times=2,status=INTERNAL")
    name = served.session(TABLE).streams[0].name
    row = 0
    for _ in range(2):
        responses, error = read(served, name, row)
        if error is None:
            break  # less than `after` responses were left
        assert len(responses) == after
        assert error.code() == grpc.StatusCode.INTERNAL
        assert "RST_STREAM" in error.details()
        row += sum(response.row_count for response in responses)
    responses, error = read(served, name, row)
    assert error is None
    assert row + sum(response.row_count for response in responses) == NUM_ROWS


def test_the_official_client_resumes(start: Callable[..., Served]) -> None:
    served = start("cut:after=3")
    assert served.read(TABLE)["id"].to_pylist() == list(range(NUM_ROWS))


def test_quotas_with_and_without_retry_info(start: Callable[..., Served]) -> None:
    served = start(
        "cut:after=2,stream=0,times=1,status=RESOURCE_EXHAUSTED,retry-delay-ms=1500",
        "cut:after=2,stream=1,times=1,status=RESOURCE_EXHAUSTED",
    )
    session = served.session(TABLE, max_streams=2)
    _, error = read(served, session.streams[0].name)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    info = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 1500
    _, error = read(served, session.streams[1].name)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())


def test_messages_are_as_they_are_given(start: Callable[..., Served]) -> None:
    served = start("cut:status=UNKNOWN,message=no idea")
    _, error = read(served, served.session(TABLE).streams[0].name)
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "no idea")


def test_stalls_end_with_the_call(start: Callable[..., Served]) -> None:
    served = start("stall:after=2,times=1")
    name = served.session(TABLE).streams[0].name
    call = served.client()._transport.read_rows(ReadRowsRequest(read_stream=name), timeout=DEADLINE)
    assert [next(call).row_count for _ in range(2)] == [1000] * 2
    threading.Timer(0.2, call.cancel).start()
    with pytest.raises(grpc.RpcError) as stalled:
        next(call)
    assert stalled.value.code() == grpc.StatusCode.CANCELLED
    responses, error = read(served, name, 2000)
    assert error is None
    assert sum(response.row_count for response in responses) == NUM_ROWS - 2000


def test_rows_that_are_wrong(start: Callable[..., Served]) -> None:
    served = start("duplicate:after=1,stream=0", "missing:after=1,stream=1")
    session = served.session(TABLE, max_streams=2)
    responses, _ = read(served, session.streams[0].name)
    half = sum(r.row_count for r in responses) - 1000
    rows = [row for response in responses for row in ids(response)]
    assert rows == [*range(2000), *range(1000, half)]
    responses, _ = read(served, session.streams[1].name)
    firsts = [ids(response)[0] for response in responses]
    assert firsts[1] - firsts[0] > 1000
    assert sum(r.row_count for r in responses) == NUM_ROWS - half - 1000


def test_payloads_that_are_wrong(start: Callable[..., Served]) -> None:
    served = start(
        "row-count:after=1,value=-3",
        "truncate:after=2,value=100",
        "corrupt:after=3,value=20",
        "schema:times=1",
        "throttle:after=4,value=30",
    )
    session = served.session(TABLE)
    name = session.streams[0].name
    responses, error = read(served, name)
    clean, _ = read(served, name, 0)
    assert error is None
    assert [r.row_count for r in responses[:3]] == [1000, 997, 1000]
    payloads = [r.arrow_record_batch.serialized_record_batch for r in responses]
    assert len(payloads[2]) == len(payloads[1]) - 100
    assert len(payloads[3]) == len(payloads[1])
    differing = [i for i in range(len(payloads[3])) if payloads[3][i] != payloads[1][i]]
    assert 20 in differing
    assert responses[0].arrow_schema.serialized_schema != session.arrow_schema.serialized_schema
    assert clean[0].arrow_schema.serialized_schema == session.arrow_schema.serialized_schema
    throttled = [r.throttle_state.throttle_percent for r in responses]
    assert throttled == [0] * 4 + [30] * 6


def test_sessions_that_expire_under_way(start: Callable[..., Served]) -> None:
    served = start("expire:after=4")
    responses, error = read(served, served.session(TABLE).streams[0].name)
    assert len(responses) == 4
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "session expired at" in error.details()


def test_uneven_streams(start: Callable[..., Served]) -> None:
    served = start("uneven")
    session = served.session(TABLE, max_streams=6)
    sizes = [served.read_stream(session, s.name).num_rows for s in session.streams]
    assert sum(sizes) == NUM_ROWS
    assert sizes[1] == sizes[3] == sizes[5] == 0
    assert sizes[0] >= 2 * sizes[2] > 0


def test_sessions_that_are_not_made(start: Callable[..., Served]) -> None:
    served = start("session:times=2,status=UNAVAILABLE", "split:times=1,status=ABORTED")
    for _ in range(2):
        with pytest.raises(exceptions.ServiceUnavailable):
            served.session(TABLE)
    session = served.session(TABLE)
    client = served.client()
    request = {"name": session.streams[0].name, "fraction": 0.5}
    with pytest.raises(exceptions.Aborted):
        client.split_read_stream(request=request)
    assert client.split_read_stream(request=request).primary_stream.name


@pytest.mark.parametrize(
    "fault",
    ["cutt", "cut:after", "cut:after=x", "cut:after=-1", "cut:status=OK", "cut:nothing=1", ""],
)
def test_faults_that_are_refused(run_ember: Callable[..., object], path: Path, fault: str) -> None:
    done = run_ember(
        "serve-bigquery", "--table", f"{TABLE}={path}", "--fault", fault, status=2, timeout=30
    )
    assert "cut" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--table", "p.d.t"],
        ["--table", "no name=x.parquet"],
        ["--table", "P.d.t={path}"],
        ["--table", "p.d.t={path}", "--table", "p.d.t={path}"],
        ["--table", "p.d.t={path}", "--port", "70000"],
        ["--table", "p.d.t={path}", "--response-bytes", "0"],
        ["--table", "p.d.t={path}", "--cache", "much"],
        [],
    ],
)
def test_options_that_are_refused(
    run_ember: Callable[..., object], path: Path, options: list[str]
) -> None:
    options = [option.replace("{path}", str(path)) for option in options]
    done = run_ember("serve-bigquery", *options, status=2, timeout=30)
    assert done.stdout == ""


def test_a_table_that_is_not_there(run_ember: Callable[..., object], tmp_path: Path) -> None:
    done = run_ember(
        "serve-bigquery", "--table", f"p.d.t={tmp_path / 'none.parquet'}", status=1, timeout=30
    )
    assert "none.parquet" in done.stderr


def test_a_port_that_is_taken(
    start: Callable[..., Served], run_ember: Callable[..., object], path: Path
) -> None:
    port = start().address.rpartition(":")[2]
    done = run_ember(
        "serve-bigquery", "--table", f"{TABLE}={path}", "--port", port, status=1, timeout=30
    )
    assert port in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_malformed_requests(start: Callable[..., Served]) -> None:
    served = start()
    channel = served.channel()
    session = served.session(TABLE)
    name = session.streams[0].name
    valid = [
        ReadRowsRequest.serialize(ReadRowsRequest(read_stream=name, offset=5)),
        b"\n\nprojects/p\x12\x42\x0a" + name.encode(),
    ]
    calls = {
        method: channel.unary_unary(SERVICE + method)
        for method in ("CreateReadSession", "SplitReadStream", "Nothing")
    }
    calls["ReadRows"] = channel.unary_stream(SERVICE + "ReadRows")
    rng = np.random.default_rng(3)
    codes = set()
    for i in range(3000):
        message = bytearray(valid[i % 2] if i % 3 else rng.bytes(int(rng.integers(0, 60))))
        for _ in range(int(rng.integers(0, 4))):
            if message:
                message[int(rng.integers(len(message)))] = int(rng.integers(256))
        method = ("CreateReadSession", "SplitReadStream", "ReadRows", "Nothing")[i % 4]
        try:
            answer = calls[method](bytes(message), timeout=DEADLINE)
            if method == "ReadRows":
                for _ in answer:
                    pass
            codes.add(grpc.StatusCode.OK)
        except grpc.RpcError as error:
            codes.add(error.code())
    assert codes <= {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
    }
    assert grpc.StatusCode.INVALID_ARGUMENT in codes
    assert served.read(TABLE).num_rows == NUM_ROWS


def test_many_calls_at_once(start: Callable[..., Served]) -> None:
    served = start()
    session = served.session(TABLE, max_streams=10)
    client = served.client()
    calls = [
        client._transport.read_rows(
            ReadRowsRequest(read_stream=session.streams[i % 10].name), timeout=DEADLINE
        )
        for i in range(300)
    ]
    for call in calls[::3]:
        call.cancel()
    rows = [sum(r.row_count for r in call) for i, call in enumerate(calls) if i % 3]
    assert sum(rows) == NUM_ROWS * 200 // 10
    before = time.monotonic()
    assert served.read(TABLE).num_rows == NUM_ROWS
    assert time.monotonic() - before < DEADLINE


def resident_bytes(served: Served) -> int:
    """What the server holds in memory."""
    for line in Path(f"/proc/{served.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("expected VmRSS in the status of a process")


def test_slow_clients_hold_little(serve: Callable[..., Served], tmp_path: Path) -> None:
    file = tmp_path / "wide.arrow"
    rng = np.random.default_rng(1)
    table = pa.table({f"x{i}": rng.normal(size=2_000_000) for i in range(8)})
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=100_000)
    served = serve({TABLE: file}, "--send-bytes", "8MiB", "--response-bytes", "4MiB")
    before = resident_bytes(served)
    session = served.session(TABLE, max_streams=10)
    # Nobody reads more of these calls than the first response, and the client does not read ahead.
    read_rows = served.channel(("grpc.http2.bdp_probe", 0)).unary_stream(SERVICE + "ReadRows")
    calls = [
        read_rows(
            ReadRowsRequest.serialize(ReadRowsRequest(read_stream=stream.name)), timeout=DEADLINE
        )
        for stream in session.streams
    ]
    for call in calls:
        assert len(next(call)) > 0
    largest = 0
    for _ in range(20):
        largest = max(largest, resident_bytes(served) - before)
        time.sleep(0.05)
    # About one response for each call, and not the three for which there would be room.
    assert largest < 10 * 2 * 4 * 2**20
    # One that is not slow goes on beside them.
    name = session.streams[0].name
    rows = served.read_stream(session, name, client=served.client()).num_rows
    assert rows == pytest.approx(2_000_000 / 10, abs=1024)
    for call in calls:
        call.cancel()
