"""Every way in which the official Python client reads, against the local server."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions, retry, retry_async
from google.cloud import bigquery_storage
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadAsyncClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcAsyncIOTransport,
)
from google.cloud.bigquery_storage_v1.services.big_query_write import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)
from google.cloud.bigquery_storage_v1.types import (
    CreateReadSessionRequest,
    CreateWriteStreamRequest,
    DataFormat,
    ReadRowsRequest,
    ReadSession,
    SplitReadStreamRequest,
)
from served_tables import DEADLINE, Served, arrow_schema, resource

# The client announces that other packages will make tables of its messages one day.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

ROWS = 20_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("official") / "t.parquet"
    n = np.arange(ROWS)
    x = pa.array(n / 7, mask=n % 11 == 3)
    pq.write_table(pa.table({"n": n, "x": x, "s": [f"s{i % 5}" for i in n]}), path)
    return path


@pytest.fixture
def served(serve: Callable[..., Served], file: Path) -> Served:
    return serve({"p.d.t": file}, "--response-rows", 1000, "--stream-bytes", "16KiB")


def request_of(max_streams: int = 3) -> CreateReadSessionRequest:
    return CreateReadSessionRequest(
        parent="projects/p",
        read_session=ReadSession(table=resource("p.d.t"), data_format=DataFormat.ARROW),
        max_stream_count=max_streams,
    )


def test_sessions_by_arguments_and_by_request(served: Served) -> None:
    wanted = ReadSession(table=resource("p.d.t"), data_format=DataFormat.ARROW)
    with served.client() as client:
        by_arguments = client.create_read_session(
            parent="projects/p", read_session=wanted, max_stream_count=2, timeout=DEADLINE
        )
        by_dict = client.create_read_session(
            request={
                "parent": "projects/p",
                "read_session": {"table": resource("p.d.t"), "data_format": "ARROW"},
                "preferred_min_stream_count": 4,
            },
            metadata=[("x-own", "header")],
        )
    assert len(by_arguments.streams) == 2
    assert len(by_dict.streams) == 4
    assert by_arguments.name != by_dict.name


def test_rows_as_arrow_dataframe_pages_and_dicts(served: Served) -> None:
    client = served.client()
    session = client.create_read_session(request_of(1))
    name = session.streams[0].name
    expected = list(range(ROWS))
    # With and without the session: the schema is in the first response, too.
    for of in ([session], []):
        assert client.read_rows(name).to_arrow(*of)["n"].to_pylist() == expected
        assert client.read_rows(name).rows(*of).to_arrow()["n"].to_pylist() == expected
        frame = client.read_rows(name).to_dataframe(*of)
        assert frame["n"].tolist() == expected
        assert int(frame["x"].isna().sum()) == sum(i % 11 == 3 for i in expected)
        frame = client.read_rows(name).rows(*of).to_dataframe(dtypes={"n": "float32"})
        assert frame["n"].dtype == "float32"
        pages = list(client.read_rows(name).rows(*of).pages)
        assert [page.num_items for page in pages] == [1000] * (ROWS // 1000)
        assert pages[-1].remaining == 1000
        assert pages[1].to_arrow()["n"].to_pylist() == expected[1000:2000]
        assert pages[2].to_dataframe()["n"].tolist() == expected[2000:3000]
        rows = iter(client.read_rows(name).rows(*of))
        first = next(rows)
        assert {key: value.as_py() for key, value in first.items()} == {"n": 0, "x": 0, "s": "s0"}
    rows = client.read_rows(name, offset=ROWS - 7, timeout=DEADLINE).rows(session)
    assert rows.to_arrow()["n"].to_pylist() == expected[-7:]
    # From a stream's end there is nothing, but its schema is known from the session.
    empty = client.read_rows(name, offset=ROWS).to_arrow(session)
    assert empty.num_rows == 0
    assert empty.column_names == ["n", "x", "s"]


def test_retries_are_the_clients(serve: Callable[..., Served], file: Path) -> None:
    faults = ["--fault", "session:times=2", "--fault", "split:times=1,status=DEADLINE_EXCEEDED"]
    served = serve({"p.d.t": file}, *faults, "--stream-bytes", "16KiB")
    client = served.client()
    impatient = retry.Retry(
        initial=0.01,
        predicate=retry.if_exception_type(
            exceptions.ServiceUnavailable, exceptions.DeadlineExceeded
        ),
        timeout=DEADLINE,
    )
    with pytest.raises(exceptions.ServiceUnavailable):
        client.create_read_session(request_of(), retry=None)
    session = client.create_read_session(request_of(), retry=impatient)
    split = SplitReadStreamRequest(name=session.streams[0].name, fraction=0.5)
    assert client.split_read_stream(split, retry=impatient).remainder_stream.name
    # The defaults of the service's configuration do the same.
    served = serve({"p.d.t": file}, "--fault", "session:times=1")
    assert served.client().create_read_session(request_of()).streams


def test_quota_delays_are_told(serve: Callable[..., Served], file: Path) -> None:
    served = serve(
        {"p.d.t": file},
        "--response-rows", "1000",
        "--fault", "cut:after=3,times=2,status=RESOURCE_EXHAUSTED,retry-delay-ms=10",
        "--fault", "cut:after=8,times=1,status=UNKNOWN",
    )  # fmt: skip
    client = served.client()
    session = client.create_read_session(request_of(1))
    delays: list[float] = []
    rows = client.read_rows(session.streams[0].name, retry_delay_callback=delays.append)
    assert rows.to_arrow(session)["n"].to_pylist() == list(range(ROWS))
    assert delays == [0.01, 0.01]


def test_the_asynchronous_client(served: Served) -> None:
    async def read() -> tuple[list[int], int]:
        channel = grpc.aio.insecure_channel(
            served.address, options=[("grpc.max_receive_message_length", -1)]
        )
        client = BigQueryReadAsyncClient(
            transport=BigQueryReadGrpcAsyncIOTransport(channel=channel)
        )
        patient = retry_async.AsyncRetry(timeout=DEADLINE)
        session = await client.create_read_session(request_of(), retry=patient)
        schema = arrow_schema(session.arrow_schema.serialized_schema)

        async def read_stream(name: str) -> list[int]:
            numbers: list[int] = []
            stream = await client.read_rows(ReadRowsRequest(read_stream=name), timeout=DEADLINE)
            async for response in stream:
                batch = response.arrow_record_batch.serialized_record_batch
                rows = pa.ipc.read_record_batch(pa.py_buffer(batch), schema)
                assert rows.num_rows == response.row_count
                numbers.extend(rows["n"].to_pylist())
            return numbers

        parts = await asyncio.gather(*[read_stream(stream.name) for stream in session.streams])
        split = await client.split_read_stream(
            SplitReadStreamRequest(name=session.streams[0].name, fraction=0.5)
        )
        primary = await read_stream(split.primary_stream.name)
        remainder = await read_stream(split.remainder_stream.name)
        assert primary + remainder == parts[0]
        wrong = request_of()
        wrong.read_session.table = resource("p.d.none")
        with pytest.raises(exceptions.NotFound):
            await client.create_read_session(wrong)
        # A call that is given up half-way.
        stream = await client.read_rows(ReadRowsRequest(read_stream=session.streams[0].name))
        async for _ in stream:
            break
        stream.cancel()
        await channel.close()
        return [number for part in parts for number in part], len(session.streams)

    numbers, streams = asyncio.run(read())
    assert streams == 3
    assert sorted(numbers) == list(range(ROWS))


def test_what_the_server_does_not_do_says_so(served: Served) -> None:
    writer = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=served.channel()))
    with pytest.raises(exceptions.MethodNotImplemented):
        writer.create_write_stream(CreateWriteStreamRequest(parent=resource("p.d.t")), retry=None)
    client = served.client()
    avro = request_of()
    avro.read_session.data_format = DataFormat.AVRO
    with pytest.raises(exceptions.MethodNotImplemented):
        client.create_read_session(avro, retry=None)
    assert client.create_read_session(request_of()).streams


def test_thousand_sessions_leave_nothing_open(served: Served) -> None:
    """Of clients that read to the end, half-way, or not at all."""

    def held() -> tuple[int, int]:
        process = Path("/proc") / str(served.process.pid)
        return len(os.listdir(process / "fd")), len(os.listdir(process / "task"))

    client: bigquery_storage.BigQueryReadClient = served.client()
    request = request_of(2)
    for i in range(1000):
        if i == 50:
            before = held()
        session = client.create_read_session(request, timeout=DEADLINE)
        if i % 3 == 2:
            continue
        stream = client.read_rows(session.streams[i % 2].name, timeout=DEADLINE)
        for number, response in enumerate(stream):
            assert response.row_count > 0
            if i % 3 == 1 and number == 2:
                stream.cancel()
                break
    after = held()
    # gRPC's own threads come and go.
    assert after[0] <= before[0] + 2, (before, after)
    assert after[1] <= before[1] + 4, (before, after)
    assert client.create_read_session(request).streams
