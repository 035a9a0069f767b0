"""What the tests of the local BigQuery Storage server share: a server that runs, and the official
client for it."""

import signal
import subprocess
from dataclasses import dataclass, field

import grpc
import pyarrow as pa
from google.cloud import bigquery_storage
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from google.cloud.bigquery_storage_v1.types import (
    ArrowSerializationOptions,
    DataFormat,
    ReadSession,
)

DEADLINE = 60.0


def resource(table: str) -> str:
    """`p.d.t` as requests name it."""
    project, dataset, name = table.split(".")
    return f"projects/{project}/datasets/{dataset}/tables/{name}"


def arrow_schema(message: bytes) -> pa.Schema:
    """The schema in a bare IPC message."""
    return pa.ipc.read_schema(pa.py_buffer(message))


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    address: str
    channels: list[grpc.Channel] = field(default_factory=list)

    def channel(self, *options: tuple[str, int]) -> grpc.Channel:
        """A new connection, closed with the server."""
        channel = grpc.insecure_channel(
            self.address,
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                ("grpc.use_local_subchannel_pool", 1),
                *options,
            ],
        )
        self.channels.append(channel)
        return channel

    def client(self) -> bigquery_storage.BigQueryReadClient:
        """The official client on a connection of its own."""
        return bigquery_storage.BigQueryReadClient(
            transport=BigQueryReadGrpcTransport(channel=self.channel())
        )

    def session(
        self,
        table: str,
        *,
        columns: list[str] | None = None,
        where: str = "",
        max_streams: int = 1,
        min_streams: int = 0,
        compression: str = "COMPRESSION_UNSPECIFIED",
        client: bigquery_storage.BigQueryReadClient | None = None,
        **options: object,
    ) -> ReadSession:
        """A session with these read options."""
        wanted = ReadSession(
            table=resource(table),
            data_format=DataFormat.ARROW,
            read_options=ReadSession.TableReadOptions(
                selected_fields=columns or [],
                row_restriction=where,
                arrow_serialization_options=ArrowSerializationOptions(
                    buffer_compression=getattr(
                        ArrowSerializationOptions.CompressionCodec, compression
                    )
                ),
                **options,
            ),
        )
        request = bigquery_storage.types.CreateReadSessionRequest(
            parent="projects/billed",
            read_session=wanted,
            max_stream_count=max_streams,
            preferred_min_stream_count=min_streams,
        )
        return (client or self.client()).create_read_session(request, retry=None, timeout=DEADLINE)

    def read_stream(
        self,
        session: ReadSession,
        stream: str,
        offset: int = 0,
        client: bigquery_storage.BigQueryReadClient | None = None,
    ) -> pa.Table:
        """The rows of a stream from an offset on, as the official client decodes them."""
        rows = (client or self.client()).read_rows(stream, offset, timeout=DEADLINE)
        schema = arrow_schema(session.arrow_schema.serialized_schema)
        batches = [page.to_arrow() for page in rows.rows(session).pages]
        return pa.Table.from_batches(batches, schema)

    def read(self, table: str, **options: object) -> pa.Table:
        """All rows of a session, stream after stream."""
        client = self.client()
        session = self.session(table, client=client, **options)
        schema = arrow_schema(session.arrow_schema.serialized_schema)
        tables = [
            self.read_stream(session, stream.name, client=client) for stream in session.streams
        ]
        return pa.concat_tables([schema.empty_table(), *tables])


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a server as a user does and checks that it ends well."""
    with process:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        errors = process.stderr.read()
    assert status == 0, f"the server ended with status {status}: {errors}"
