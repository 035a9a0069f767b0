"""Parquet as other writers make it: every cell is what pyarrow reads, or the file is refused.

The files of Spark in spark/ are described in spark/README.md; all others are written here.
"""

import datetime
import decimal
import shutil
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

SPARK = Path(__file__).with_name("spark")
ROWS = 3000


def every_type():
    rng = np.random.default_rng(5)
    numbers = rng.integers(-1000, 1000, ROWS)
    missing = rng.random(ROWS) < 0.2
    start = datetime.datetime(1999, 12, 31, 23, 59, 59, 999999)
    at = [start + datetime.timedelta(hours=int(n), microseconds=int(n)) for n in numbers]
    return pa.table(
        {
            "flag": pa.array(numbers > 0, mask=missing),
            "byte": pa.array((numbers % 100).astype(np.int8)),
            "int": pa.array(numbers.astype(np.int32), mask=missing),
            "long": pa.array(numbers * 10**12),
            "unsigned": pa.array((numbers + 1000).astype(np.uint64) << np.uint64(40)),
            "float": pa.array(rng.normal(size=ROWS).astype(np.float32), mask=missing),
            "double": pa.array(np.round(rng.normal(size=ROWS), 2)),
            "name": pa.array([f"name-{n % 37}-é" for n in numbers], mask=missing),
            "text": pa.array([f"{n}" * (n % 5) for n in numbers]),
            "blob": pa.array([bytes([n % 256, 255, 0]) for n in numbers], pa.binary()),
            "code": pa.array([b"%04d" % (n + 1000) for n in numbers], pa.binary(4)),
            "day": pa.array([t.date() for t in at], mask=missing),
            "clock": pa.array([t.time() for t in at], pa.time64("us")),
            "at": pa.array(at, pa.timestamp("us"), mask=missing),
            "zoned": pa.array(at, pa.timestamp("ns", "UTC")),
            "price": pa.array(
                [decimal.Decimal(int(n)) / 100 for n in numbers], pa.decimal128(9, 2)
            ),
            "huge": pa.array(
                [decimal.Decimal(int(n) * 10**20) for n in numbers], pa.decimal128(38)
            ),
        }
    )


@pytest.fixture(scope="module")
def table():
    return every_type()


@pytest.fixture
def passed_on(run_ember, tmp_path):
    """What `extract` passes on of a source's columns, as a table."""

    def run(source, columns, name="out"):
        plan = tmp_path / f"{name}.yaml"
        listed = ", ".join(f'"{column}"' for column in columns)
        plan.write_text(
            "version: 1\nsplit: {method: hash, train: 1, validation: 0, test: 0}\n"
            f"features:\n  - {{columns: [{listed}], steps: [passthrough]}}\n"
        )
        run_ember("extract", source, "--plan", plan, "-o", tmp_path / name, "-q")
        shards = sorted((tmp_path / name / "train").iterdir())
        return pa.concat_tables([pq.read_table(shard) for shard in shards])

    return run


def assert_same(found, wanted):
    assert found.num_rows == wanted.num_rows
    for name in found.column_names:
        want = wanted[name]
        if pa.types.is_dictionary(want.type):
            want = want.cast(want.type.value_type)
        if pa.types.is_large_string(want.type):
            want = want.cast(pa.string())
        if pa.types.is_large_binary(want.type):
            want = want.cast(pa.binary())
        assert found[name].type == want.type, name
        # NaN is unequal to itself, and bits are what counts.
        assert found[name].combine_chunks().equals(want.combine_chunks()), name


ARROW_OPTIONS = {
    "defaults": {},
    "pages v2": {"data_page_version": "2.0"},
    "no dictionary": {"use_dictionary": False},
    "no dictionary, pages v2": {"use_dictionary": False, "data_page_version": "2.0"},
    "dictionary that overflows": {"dictionary_pagesize_limit": 200, "data_page_size": 500},
    "small pages": {"data_page_size": 100, "write_batch_size": 10, "write_page_index": True},
    "row groups": {"row_group_size": 7},
    "format 1.0": {"version": "1.0"},
    "format 2.4": {"version": "2.4"},
    "no statistics": {"write_statistics": False},
    "checksums": {"write_page_checksum": True, "use_dictionary": ["name", "int"]},
    "checksums, pages v2": {"write_page_checksum": True, "data_page_version": "2.0"},
    "int96": {"use_deprecated_int96_timestamps": True},
    "decimals as integers": {"store_decimal_as_integer": True},
    "without Arrow's schema": {"store_schema": False},
    "sorted": {"sorting_columns": [pq.SortingColumn(2)]},
    "bloom filters": {"bloom_filter_options": {"name": {"ndv": 37, "fpp": 0.01}}},
    "delta": {
        "use_dictionary": False,
        "column_encoding": {
            "int": "DELTA_BINARY_PACKED",
            "long": "DELTA_BINARY_PACKED",
            "name": "DELTA_LENGTH_BYTE_ARRAY",
            "text": "DELTA_BYTE_ARRAY",
            "blob": "DELTA_BYTE_ARRAY",
            "code": "DELTA_BYTE_ARRAY",
            "at": "DELTA_BINARY_PACKED",
            "flag": "RLE",
        },
    },
    "byte stream split": {
        "use_dictionary": False,
        "column_encoding": {
            name: "BYTE_STREAM_SPLIT" for name in ("int", "long", "float", "double", "code", "at")
        },
    },
} | {
    f"codec {codec}": {"compression": codec}
    for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")
}


@pytest.mark.parametrize("options", ARROW_OPTIONS)
def test_pyarrow(passed_on, tmp_path, table, options):
    path = tmp_path / "table.parquet"
    written = table.slice(0, 200) if options == "row groups" else table
    pq.write_table(written, path, **ARROW_OPTIONS[options])
    assert_same(passed_on(path, table.column_names), pq.ParquetFile(path).read())


def test_row_groups_without_rows(passed_on, tmp_path, table):
    path = tmp_path / "table.parquet"
    with pq.ParquetWriter(path, table.schema) as writer:
        for rows in (0, 10, 0, 0, 20, 0):
            writer.write_table(table.slice(5, rows), row_group_size=max(rows, 1))
    file = pq.ParquetFile(path)
    assert file.num_row_groups > 2
    assert_same(passed_on(path, table.column_names), file.read())


def test_no_rows_at_all(passed_on, tmp_path, table):
    path = tmp_path / "table.parquet"
    pq.write_table(table.slice(0, 0), path)
    assert_same(passed_on(path, table.column_names), table.slice(0, 0))


@pytest.mark.parametrize("row_group_size", [None, 100])
@pytest.mark.parametrize("compression", ["lz4", "uncompressed", "snappy", "gzip", "brotli", "zstd"])
def test_polars(passed_on, tmp_path, table, compression, row_group_size):
    path = tmp_path / "table.parquet"
    frame = pl.from_arrow(table)
    frame.write_parquet(
        path,
        compression=compression,
        row_group_size=row_group_size,
        data_page_size=None if row_group_size is None else 200,
        statistics=row_group_size is None,
    )
    assert_same(passed_on(path, table.column_names), pq.ParquetFile(path).read())


@pytest.mark.parametrize(
    "options",
    [
        "",
        "COMPRESSION zstd",
        "COMPRESSION gzip",
        "COMPRESSION lz4_raw",
        "COMPRESSION brotli",
        "COMPRESSION uncompressed",
        "PARQUET_VERSION V2",
        "PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1",
        "DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 500",
        "WRITE_BLOOM_FILTER true, COMPRESSION snappy",
    ],
)
def test_duckdb(passed_on, tmp_path, table, options):
    path = tmp_path / "table.parquet"
    flat = table.drop_columns(["code"])  # DuckDB has no bytes of fixed length
    with duckdb.connect() as connection:
        connection.register("flat", flat)
        more = f", {options}" if options else ""
        connection.execute(f"COPY flat TO '{path}' (FORMAT parquet{more})")
    assert_same(passed_on(path, flat.column_names), pq.ParquetFile(path).read())


@pytest.mark.parametrize("path", sorted(SPARK.glob("*_*[!0].parquet")), ids=lambda path: path.stem)
def test_spark(passed_on, path):
    wanted = pq.ParquetFile(path).read()
    flat = [field.name for field in wanted.schema if not pa.types.is_nested(field.type)]
    assert len(flat) >= 15
    assert_same(passed_on(path, flat), wanted)


def test_a_folder_of_spark(passed_on, tmp_path):
    """_SUCCESS and the checksums beside the files are no data."""
    folder = tmp_path / "table"
    folder.mkdir()
    names = sorted(SPARK.glob("v2_*.parquet"))
    for name in names:
        shutil.copy(name, folder)
        (folder / f".{name.name}.crc").write_bytes(b"crc\0")
    (folder / "_SUCCESS").touch()
    wanted = pa.concat_tables([pq.ParquetFile(name).read() for name in names])
    assert_same(passed_on(folder, wanted.column_names), wanted)


def test_times_beyond_nanoseconds(run_ember, passed_on, tmp_path):
    """INT96 can say the year 3000, nanoseconds in 64 bits cannot: refused rather than wrapped."""
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [at], steps: [passthrough]}\n")
    source = SPARK / "int96_year_3000.parquet"
    process = run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out", status=1)
    assert "'at'" in process.stderr
    # Microseconds can.
    years = pa.array([datetime.datetime(3000, 1, 1), datetime.datetime(1, 1, 1)])
    path = tmp_path / "far.parquet"
    pq.write_table(pa.table({"at": years}), path)
    assert passed_on(path, ["at"], "far")["at"].combine_chunks().equals(years)


class NoKeyService(pe.KmsClient):
    """Keys that are wrapped by writing them down: enough to make encrypted files."""

    def wrap_key(self, key_bytes, master_key_identifier):
        return key_bytes.hex()

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return bytes.fromhex(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_encrypted_files_are_refused(run_ember, tmp_path, table, plaintext_footer):
    factory = pe.CryptoFactory(lambda _: NoKeyService())
    properties = factory.file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["double"]}, plaintext_footer=plaintext_footer
        ),
    )
    path = tmp_path / "table.parquet"
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    process = run_ember("extract", path, "-o", tmp_path / "out", status=1)
    assert "table.parquet" in process.stderr
    assert "encrypted" in process.stderr
    assert not (tmp_path / "out").exists()


def test_page_checksums_are_verified(run_ember, tmp_path):
    path = tmp_path / "table.parquet"
    values = np.random.default_rng(3).normal(size=5000)
    pq.write_table(
        pa.table({"x": values}),
        path,
        use_dictionary=False,
        compression="none",
        write_page_checksum=True,
    )
    content = path.read_bytes()
    place = content.index(values[4321].tobytes())
    # Another value, that no other check could find wrong.
    path.write_bytes(content[:place] + np.float64(1.5).tobytes() + content[place + 8 :])
    process = run_ember("extract", path, "-o", tmp_path / "out", status=1)
    assert "'x'" in process.stderr
    assert "crc" in process.stderr.lower() or "checksum" in process.stderr.lower()
