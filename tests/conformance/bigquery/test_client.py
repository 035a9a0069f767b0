"""bigquery:// read from a server of its own kind: grpcio, Google's messages, pyarrow's bytes."""

import json
import os
import threading
import uuid
from concurrent import futures
from decimal import Decimal

import grpc
import pyarrow as pa
import pytest
from google.cloud.bigquery_storage_v1 import types

from emberharmony import bigquery

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"


class Server:
    """Serves one table in streams of batches; remembers what it was asked."""

    serialize_session = staticmethod(types.ReadSession.serialize)

    def __init__(
        self, streams: list[list[pa.RecordBatch]], schema: pa.Schema, legacy: bool = False
    ):
        self.streams, self.schema, self.legacy = streams, schema, legacy
        self.requests: list[tuple[str, object, dict[str, str]]] = []
        self.lock = threading.Lock()
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        methods = {
            "CreateReadSession": grpc.unary_unary_rpc_method_handler(
                self.create,
                types.CreateReadSessionRequest.deserialize,
                self.serialize_session,
            ),
            "ReadRows": grpc.unary_stream_rpc_method_handler(
                self.read, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
            ),
        }
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(SERVICE, methods)]
        )
        self.port = self.server.add_insecure_port("127.0.0.1:0")

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(None)

    def remember(self, name, request, context):
        with self.lock:
            self.requests.append((name, request, dict(context.invocation_metadata())))

    def create(self, request, context):
        self.remember("CreateReadSession", request, context)
        session = "projects/p/locations/eu/sessions/s+ä/1"
        return types.ReadSession(
            name=session,
            arrow_schema=types.ArrowSchema(serialized_schema=self.schema.serialize().to_pybytes()),
            streams=[{"name": f"{session}/streams/{i}"} for i in range(len(self.streams))],
        )

    def read(self, request, context):
        self.remember("ReadRows", request, context)
        rows = 0
        options = pa.ipc.IpcWriteOptions(
            use_legacy_format=self.legacy,
            metadata_version=pa.ipc.MetadataVersion.V4
            if self.legacy
            else pa.ipc.MetadataVersion.V5,
        )
        for batch in self.streams[int(request.read_stream.rsplit("/", 1)[1])]:
            # Only the messages: pyarrow writes them with a stream around.
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
                before = sink.tell()
                writer.write_batch(batch)
                message = (before, sink.tell())
            if rows + batch.num_rows > request.offset:
                assert rows >= request.offset, "a client never resumes within a batch here"
                yield types.ReadRowsResponse(
                    row_count=batch.num_rows,
                    arrow_record_batch=types.ArrowRecordBatch(
                        serialized_record_batch=sink.getvalue().to_pybytes()[slice(*message)]
                    ),
                )
            rows += batch.num_rows

    @property
    def options(self):
        return ["--bigquery-endpoint", f"localhost:{self.port}"]


def numbers(first: int, count: int) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(range(first, first + count), pa.int64())})


@pytest.mark.parametrize("legacy", [False, True])
def test_headers_and_framing(run_ember, legacy):
    streams = [[numbers(0, 10), numbers(10, 3)], [], [numbers(13, 100)]]
    with Server(streams, streams[0][0].schema, legacy) as server:
        told = run_ember(
            "inspect", "bigquery://p/d/t", *server.options, "--json", "--project", "payer",
            "--where", "n >= 0", "--columns", "n", "--snapshot-time", "2024-01-31T05:06:07.5Z",
        )  # fmt: skip
    column = json.loads(told.stdout)["columns"][0]
    assert (json.loads(told.stdout)["rows"], column["min"], column["max"]) == (113, 0, 112)
    calls = [entry for entry in server.requests if entry[0] == "CreateReadSession"]
    _, request, headers = calls[-1]
    assert request.parent == "projects/payer"
    table = "projects/p/datasets/d/tables/t"
    assert request.read_session.table == table
    assert list(request.read_session.read_options.selected_fields) == ["n"]
    assert request.read_session.read_options.row_restriction == "n >= 0"
    snapshot = request.read_session.table_modifiers.snapshot_time
    assert snapshot.timestamp() == 1706677567.5
    assert headers["x-goog-request-params"] == "read_session.table=" + table.replace("/", "%2F")
    assert headers["x-goog-api-client"].startswith("gl-cpp/")
    reads = [entry for entry in server.requests if entry[0] == "ReadRows"]
    # Each stream of the second session once.
    assert sorted(entry[1].read_stream[-1] for entry in reads) == ["0", "1", "2"]
    for _, request, headers in reads:
        expected = request.read_stream.replace("/", "%2F").replace("+", "%2B")
        assert headers["x-goog-request-params"] == "read_stream=" + expected.replace("ä", "%C3%A4")


def test_nonsense_in_a_session_is_neither_believed_nor_printed(run_ember):
    class Nonsense(Server):
        def create(self, request, context):
            session = super().create(request, context)
            # Seconds that no calendar has, and a trace that is no UTF-8: raw, since the library
            # would write neither.
            nonsense = b"\x12\x0a\x08" + b"\xff" * 8 + b"\x7f" + b"\x6a\x01\xff"
            return types.ReadSession.pb(session).SerializeToString() + nonsense

        serialize_session = staticmethod(bytes)

    streams = [[numbers(0, 10)]]
    with Nonsense(streams, streams[0][0].schema) as server:
        told = run_ember("inspect", "bigquery://p/d/t", *server.options, "--json", "-q")
        assert json.loads(told.stdout)["rows"] == 10
        assert told.stderr == ""
        connection = bigquery.Connection(storage_endpoint=f"localhost:{server.port}")
        with bigquery.read("p.d.t", connection=connection) as reader:
            assert reader.session.expire_time is None
            assert sum(map(len, reader)) == 10


def test_every_type_of_bigquery(run_ember, tmp_path):
    def column(name, values, kind, extension=None):
        metadata = {"ARROW:extension:name": f"google:sqlType:{extension}"} if extension else None
        return pa.field(name, kind, metadata=metadata), pa.array(values, kind)

    interval = pa.month_day_nano_interval()
    range_type = pa.struct([("start", pa.date32()), ("end", pa.date32())])
    record = pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))])
    columns = [
        column("int64", [1, None], pa.int64()),
        column("float64", [0.5, None], pa.float64()),
        column("bool", [True, None], pa.bool_()),
        column("string", ["a", None], pa.string()),
        column("bytes", [b"a", None], pa.binary()),
        column("date", [1, None], pa.date32()),
        column("time", [1, None], pa.time64("us")),
        column("timestamp", [1, None], pa.timestamp("us", "UTC")),
        column("datetime", [1, None], pa.timestamp("us"), "datetime"),
        column("numeric", [Decimal("1.5"), None], pa.decimal128(38, 9)),
        column("bignumeric", [Decimal("1.5"), None], pa.decimal256(76, 38)),
        column("geography", ["POINT(1 2)", None], pa.string(), "geography"),
        column("json", ["{}", None], pa.string(), "json"),
        column("range", [{"start": 1, "end": 2}, None], range_type),
        column("interval", [(1, 2, 3), None], interval),
        column("record", [{"a": 1, "b": ["x"]}, None], record),
        column("repeated", [[1, 2], []], pa.list_(pa.field("item", pa.int64()))),
    ]  # fmt: skip
    schema = pa.schema([field for field, _ in columns])
    batch = pa.record_batch([array for _, array in columns], schema=schema)
    with Server([[batch, batch]], schema) as server:
        source = ["bigquery://p/d/t", *server.options]
        usable = [f.name for f in schema if f.name not in ("interval", "range", "record")]
        told = run_ember("inspect", *source, "--columns", ",".join(usable), "--json")
        told = {c["name"]: c for c in json.loads(told.stdout)["columns"]}
        assert set(told) == set(usable)
        assert told["datetime"]["type"] == "timestamp[us]"
        assert told["bignumeric"]["type"] == "decimal256(76, 38)"
        assert told["json"]["type"] == told["geography"]["type"] == "string"
        # The whole table, with what no step takes: an answer or a refusal by name, no crash.
        whole = run_ember("inspect", *source, "--json", status=None)
        assert whole.returncode == 0 or "interval" in whole.stderr
        plan = tmp_path / "plan.yaml"
        plan.write_text(
            "version: 1\nsplit: {method: hash, key: [int64], train: 1.0, validation: 0.0, "
            "test: 0.0}\nfeatures:\n  - columns: [interval]\n    steps: [passthrough]\n"
        )
        refused = run_ember("extract", *source, "-o", tmp_path / "out", "--plan", plan, status=None)
        assert refused.returncode in (0, 2)
        assert refused.returncode == 0 or "interval" in refused.stderr


@pytest.mark.skipif(
    not os.environ.get("EMBER_BQEMULATOR_GRPC"), reason="EMBER_BQEMULATOR_GRPC is not set"
)
def test_bqemulator_is_read(run_ember):
    from emberharmony import bigquery

    name = f"t{uuid.uuid4().hex}"
    bigquery.run_query(
        f"CREATE TABLE `proj.ds.{name}` AS SELECT n, CAST(n AS STRING) AS s "
        "FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n",
        connection=bigquery.Connection(
            project_id="proj", rest_endpoint=os.environ["EMBER_BQEMULATOR_REST"]
        ),
    )
    told = run_ember(
        "inspect", f"bigquery://proj/ds/{name}", "--json", "--where", "n > 10",
        "--bigquery-endpoint", os.environ["EMBER_BQEMULATOR_GRPC"], timeout=60,
    )  # fmt: skip
    columns = {column["name"]: column for column in json.loads(told.stdout)["columns"]}
    assert (columns["n"]["min"], columns["n"]["max"]) == (11, 1000)
    assert set(columns) == {"n", "s"}
