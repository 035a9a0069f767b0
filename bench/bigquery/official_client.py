"""Reads a table from a local Storage Read server with Google's own client; prints a line of JSON.

official_client.py HOST:PORT PROJECT.DATASET.TABLE [none|lz4]
"""

import json
import resource
import sys
import time

import grpc
import pyarrow as pa
from google.cloud import bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)


def main() -> None:
    endpoint, name = sys.argv[1:3]
    packed = len(sys.argv) > 3 and sys.argv[3] == "lz4"
    project, dataset, table = name.split(".")
    channel = grpc.insecure_channel(endpoint, options=[("grpc.max_receive_message_length", -1)])
    client = bigquery_storage_v1.BigQueryReadClient(
        transport=BigQueryReadGrpcTransport(channel=channel)
    )
    begin, cpu = time.monotonic(), time.process_time()
    codec = types.ArrowSerializationOptions.CompressionCodec
    session = client.create_read_session(
        parent=f"projects/{project}",
        read_session=types.ReadSession(
            table=f"projects/{project}/datasets/{dataset}/tables/{table}",
            data_format=types.DataFormat.ARROW,
            read_options=types.ReadSession.TableReadOptions(
                arrow_serialization_options=types.ArrowSerializationOptions(
                    buffer_compression=codec.LZ4_FRAME if packed else codec(0)
                )
            ),
        ),
        max_stream_count=1,
    )
    rows = size = 0
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    for stream in session.streams:
        for response in client.read_rows(stream.name):
            batch = pa.ipc.read_record_batch(
                pa.py_buffer(response.arrow_record_batch.serialized_record_batch), schema
            )
            rows += batch.num_rows
            size += batch.nbytes
    print(
        json.dumps(
            {
                "way": "official Python client",
                "rows": rows,
                "decoded_bytes": size,
                "seconds": round(time.monotonic() - begin, 3),
                "cpu_seconds": round(time.process_time() - cpu, 3),
                "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
