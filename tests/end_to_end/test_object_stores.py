"""s3:// against moto's server, gs:// against gcp-storage-emulator, both on loopback."""

import json
import os
import socket
import urllib.request

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gcp_storage_emulator.server import create_server
from moto.server import ThreadedMotoServer
from outputs import folder_digests

SECRET = "not-to-be-shown"


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def table():
    return pa.table(
        {"x": [float(i % 97) for i in range(30_000)], "name": [f"n{i % 40}" for i in range(30_000)]}
    )


def client(endpoint):
    return boto3.client(
        "s3",
        endpoint_url=f"http://{endpoint}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )


@pytest.fixture(scope="module")
def bucket(s3, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    store = client(s3)
    store.create_bucket(Bucket="data")
    for number in range(3):
        path = folder / f"part={number}" / "a b.parquet"
        path.parent.mkdir()
        pq.write_table(table.slice(number * 10_000, 10_000), path, row_group_size=4_000)
        store.upload_file(str(path), "data", f"deep/table/part={number}/a b.parquet")
    store.put_object(Bucket="data", Key="deep/table/_SUCCESS", Body=b"")
    store.put_object(Bucket="data", Key="deep/table/README.md", Body=b"not data")
    return folder


def environment(**variables):
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
    }


def options(s3):
    return f"?endpoint_override={s3}&scheme=http&region=us-east-1"


@pytest.mark.parametrize("place", ["deep/table", "deep/table/", "deep/*/part=*/*.parquet"])
def test_s3_gives_what_local_files_give(run_ember, tmp_path, s3, bucket, place):
    run_ember("extract", bucket, "-o", tmp_path / "local", "-q")
    source = f"s3://data/{place}{options(s3)}"
    run_ember("extract", source, "-o", tmp_path / "remote", "-q", env=environment())
    assert folder_digests(tmp_path / "remote") == folder_digests(tmp_path / "local")


def test_s3_within_the_memory_limit_and_without_secrets(run_ember, tmp_path, s3, bucket):
    source = f"s3://key:{SECRET}@data/deep/table{options(s3)}"
    run_ember(
        "extract", source, "-o", tmp_path / "out", "--memory", "192MiB", "-q", env=environment()
    )
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["peak_resident_bytes"] < 192 << 20


def test_s3_is_explained_as_local_files_are(run_ember, tmp_path, s3, bucket):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [x], steps: [{impute: median}, {scale: standard}]}\n"
        "  - {columns: [name, part], steps: [one_hot]}\n"
    )
    source = f"s3://key:{SECRET}@data/deep/table{options(s3)}"
    remote = run_ember("explain", plan, source, "--json", "-q", env=environment()).stdout
    assert SECRET not in remote
    told = json.loads(remote)
    local = json.loads(run_ember("explain", plan, bucket, "--json", "-q").stdout)
    assert told.pop("source").startswith("s3://")
    local.pop("source")
    assert told == local
    assert told["features"][1]["categories"]["columns"] == {"min": 40, "max": 1000}


@pytest.mark.parametrize(
    "place,says",
    [
        ("data/absent.parquet", "absent.parquet"),
        ("data/deep/*.csv", "holds no files"),
        ("nowhere/x.parquet", "nowhere"),
    ],
)
def test_s3_that_is_not_there(run_ember, tmp_path, s3, bucket, place, says):
    source = f"s3://key:{SECRET}@{place}{options(s3)}"
    process = run_ember(
        "extract", source, "-o", tmp_path / "out", status=1, env=environment(), timeout=120
    )
    assert says in process.stderr
    assert SECRET not in process.stderr
    assert not (tmp_path / "out").exists()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def gcs(bucket):
    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="data")
    server.start()
    for path in bucket.rglob("*.parquet"):
        name = urllib.request.quote(f"table/{path.relative_to(bucket)}", safe="")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/upload/storage/v1/b/data/o?uploadType=media&name={name}",
            data=path.read_bytes(),
            method="POST",
            headers={"Content-Type": "application/octet-stream"},
        )
        urllib.request.urlopen(request, timeout=30).close()
    yield f"127.0.0.1:{port}"
    server.stop()


def test_gs_gives_what_local_files_give(run_ember, tmp_path, gcs, bucket):
    run_ember("extract", bucket, "-o", tmp_path / "local", "-q")
    source = f"gs://anonymous@data/table?endpoint_override={gcs}&scheme=http&retry_limit_seconds=10"
    run_ember("extract", source, "-o", tmp_path / "remote", "-q", timeout=120)
    assert folder_digests(tmp_path / "remote") == folder_digests(tmp_path / "local")


@pytest.mark.parametrize(
    "source",
    [
        f"s3://key:{SECRET}@data/x.parquet?endpoint_override=%s&scheme=http",
        "gs://anonymous@data/x.parquet?endpoint_override=%s&scheme=http&retry_limit_seconds=1",
    ],
)
def test_a_service_that_cannot_be_reached_is_no_wrong_option(run_ember, source):
    address = source % f"127.0.0.1:{free_port()}"
    process = run_ember("inspect", address, status=1, env=environment(), timeout=120)
    assert "the network" in process.stderr
    assert SECRET not in process.stderr
