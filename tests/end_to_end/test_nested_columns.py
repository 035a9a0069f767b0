"""Nested columns against pyarrow: struct fields as columns, lists left alone, rows hashed whole."""

import json
import random

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nested_tables import flat_names, flattened, random_table, row_buckets
from outputs import content_checksums, folder_digests, learned_digests, read_shards

ALL_TRAINING = "split: {method: hash, key: [id], train: 1.0, validation: 0.0, test: 0.0}\n"
BY_ROW = "split: {method: hash, train: 0.5, validation: 0.25, test: 0.25, seed: 7}\n"


def passthrough(columns: list[str]) -> str:
    return f"features:\n  - columns: {json.dumps(columns)}\n    steps: [passthrough]\n"


def write_plan(path, split: str, features: str):
    path.write_text("version: 1\n" + split + features)
    return path


def assert_same_column(found: pa.ChunkedArray, expected: pa.ChunkedArray, what: str) -> None:
    found, expected = found.combine_chunks(), expected.combine_chunks()
    assert found.null_count == expected.null_count, what
    if pa.types.is_floating(expected.type):
        left, right = found.to_numpy(zero_copy_only=False), expected.to_numpy(zero_copy_only=False)
        np.testing.assert_array_equal(left, right, err_msg=what)
    else:
        assert found.cast(expected.type).equals(expected), what


def write_pyarrow(table, path, seed):
    draw = random.Random(seed)
    pq.write_table(
        table,
        path,
        row_group_size=draw.choice([70, 150, 1000]),
        data_page_size=draw.choice([64, 500, 1 << 20]),
        write_batch_size=draw.choice([10, 1024]),
        use_dictionary=draw.random() < 0.6,
        data_page_version=draw.choice(["1.0", "2.0"]),
        compression=draw.choice(["none", "snappy", "zstd"]),
    )


def write_ipc(table, path, seed):
    make = pa.ipc.new_file if seed % 2 else pa.ipc.new_stream
    compression = random.Random(seed).choice([None, "lz4", "zstd"])
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as out:
        out.write_table(table, max_chunksize=130)


def write_polars(table, path, seed):
    pl.from_arrow(table).write_parquet(path, row_group_size=100, data_page_size=200)


def write_duckdb(table, path, seed):
    duckdb.sql("SET threads = 1")
    duckdb.from_arrow(table).write_parquet(str(path), row_group_size=2048)


@pytest.mark.parametrize(
    ("writer", "seed"),
    [
        *((write_pyarrow, 1), (write_pyarrow, 2), (write_pyarrow, 3)),
        *((write_polars, 4), (write_duckdb, 5)),
        *((write_ipc, 6), (write_ipc, 7), (write_ipc, 8)),
    ],
)
def test_struct_fields_are_columns(run_ember, tmp_path, writer, seed):
    table = random_table(seed, 300, [1, 2, 3, 4, 5])
    source = tmp_path / "nested"
    writer(table, source, seed)
    # What the writer made of the types (decimals, time units) is not at stake.
    expected = flattened(table if writer is write_ipc else pq.read_table(source))
    names = [name for name in flat_names(table) if name in expected.column_names]
    assert names == flat_names(table)
    plan = write_plan(tmp_path / "plan.yaml", ALL_TRAINING, passthrough(names))
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    found = read_shards(tmp_path / "out" / "train")
    assert found.column_names == names
    for name in names:
        assert_same_column(found[name], expected[name], name)


@pytest.mark.parametrize("writer", [write_pyarrow, write_ipc])
def test_rows_are_split_by_the_json_of_nested_cells(run_ember, tmp_path, writer):
    table = random_table(11, 400, [1, 2, 3, 4])
    maps = pa.array(
        [[("k", 1), ("l", None)], None, [], [("m", 2)]] * 100, pa.map_("string", "int8")
    )
    blobs = pa.array([[b"", b"abc", None], None] * 200, pa.list_(pa.binary()))
    table = table.append_column("maps", maps).append_column("blobs", blobs)
    source = tmp_path / "nested"
    writer(table, source, 3)
    plan = write_plan(tmp_path / "plan.yaml", BY_ROW, passthrough(["id"]))
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    expected = {"train": [], "validation": [], "test": []}
    for row, bucket in enumerate(row_buckets(table, 7)):
        name = "train" if bucket < 1 << 19 else "validation" if bucket < 3 << 18 else "test"
        expected[name].append(row)
    for name, rows in expected.items():
        assert read_shards(tmp_path / "out" / name)["id"].to_pylist() == rows, name


def test_same_bits_for_threads_batches_and_layouts(run_ember, tmp_path):
    table = random_table(21, 500, [2, 3, 3])
    names = flat_names(table)
    plan = write_plan(tmp_path / "plan.yaml", BY_ROW, passthrough(names))
    pq.write_table(table, tmp_path / "one.parquet", row_group_size=90)
    run_ember("extract", tmp_path / "one.parquet", "-o", tmp_path / "a", "--plan", plan, "-q")
    reference = folder_digests(tmp_path / "a")
    for i, settings in enumerate([("--threads", 1, "--batch-rows", 1), ("--batch-rows", 37)]):
        output = tmp_path / f"b{i}"
        run_ember(
            "extract", tmp_path / "one.parquet", "-o", output, "--plan", plan, "-q", *settings
        )
        assert folder_digests(output) == reference, settings
    # The same rows in other files, in another order, plain instead of dictionaries.
    (tmp_path / "many").mkdir()
    for i, begin in enumerate(range(0, 500, 130)):
        part = table.slice(begin, 130)
        pq.write_table(part, tmp_path / "many" / f"{9 - i}.parquet", use_dictionary=False)
    for source, output in (("one.parquet", "c"), ("many", "d")):
        run_ember(
            *("extract", tmp_path / source, "-o", tmp_path / output, "--plan", plan, "-q"),
            "--content-checksum",
        )
    assert content_checksums(tmp_path / "c") == content_checksums(tmp_path / "d")
    assert learned_digests(tmp_path / "c" / "model") == learned_digests(tmp_path / "d" / "model")


def test_nested_and_flattened_by_hand_are_the_same_table(run_ember, tmp_path):
    table = random_table(31, 600, [1, 3, 4], lists=False)
    flat = flattened(table)
    steps = {"string": "vocabulary", "int": "{impute: median}, {scale: standard}"}
    features = "features:\n"
    for name in flat.column_names[1:]:
        kind = str(flat[name].type).rstrip("0123456789")
        features += f"  - {{columns: [{name}], steps: [{steps.get(kind, 'passthrough')}]}}\n"
    key = next(name for name in flat.column_names if pa.types.is_string(flat[name].type))
    shares = "train: 0.6, validation: 0.2, test: 0.2"
    split = f"target: id\nsplit: {{method: hash, key: ['{key}'], {shares}}}\n"
    plan = write_plan(tmp_path / "plan.yaml", split, features)
    pq.write_table(table, tmp_path / "nested.parquet", row_group_size=250)
    pq.write_table(flat, tmp_path / "flat.parquet")
    for kind in ("nested", "flat"):
        run_ember(
            *("extract", tmp_path / f"{kind}.parquet", "-o", tmp_path / kind, "--plan", plan),
            *("-q", "--content-checksum"),
        )
    assert content_checksums(tmp_path / "nested") == content_checksums(tmp_path / "flat")
    assert learned_digests(tmp_path / "nested/model") == learned_digests(tmp_path / "flat/model")
    # What was learned on the one serves the other.
    for kind, other in (("nested", "flat"), ("flat", "nested")):
        run_ember(
            *("transform", tmp_path / kind / "model", tmp_path / f"{other}.parquet"),
            *("-o", tmp_path / f"{kind}-{other}", "-q", "--content-checksum"),
        )
    assert content_checksums(tmp_path / "nested-flat") == content_checksums(
        tmp_path / "flat-nested"
    )


def test_an_automatic_plan_flattens_structs_and_drops_lists(run_ember, tmp_path):
    n = 400
    draw = random.Random(5)
    record = [
        {"price": draw.random(), "kind": draw.choice("ab"), "at": {"zone": draw.choice("xyz")}}
        for _ in range(n)
    ]
    record[3] = None
    table = pa.table(
        {"y": [draw.random() for _ in range(n)], "record": record, "tags": [["t"], []] * (n // 2)}
    )
    source = tmp_path / "t.parquet"
    pq.write_table(table, source)
    plan = run_ember("plan", source, "--target", "y", "-q").stdout
    assert "# dropped 'tags': there is no automatic step for type list<item: string>" in plan
    for line in ('["record.price"]', '["record.kind"]', '["record.at.zone"]'):
        assert line in plan, plan
    run_ember("extract", source, "-o", tmp_path / "out", "--target", "y", "-q")
    found = read_shards(tmp_path / "out" / "train")
    assert found.column_names == [
        *("record.price", "record.kind=a", "record.kind=b"),
        *("record.at.zone=x", "record.at.zone=y", "record.at.zone=z", "y"),
    ]
    # A member can be the target, and a part of the key.
    run_ember("extract", source, "-o", tmp_path / "m", "--target", "record.price", "-q")
    assert read_shards(tmp_path / "m" / "train").column_names[-1] == "record.price"


def test_names(run_ember, tmp_path):
    inner = pa.array([{"x": 1, "y": {"z": "p"}}, {"x": 2, "y": None}])
    table = pa.table({"a": inner, "a.x": [5, 6], "b.c": [7, 8], "l": [[1], None]})
    source = tmp_path / "t.parquet"
    pq.write_table(table, source)

    def extract(columns, *options, status=0):
        split = "split: {method: hash, train: 1.0, validation: 0.0, test: 0.0}\n"
        plan = write_plan(tmp_path / "plan.yaml", split, passthrough(columns))
        process = run_ember(
            *("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q", "--overwrite"),
            *options,
            status=status,
        )
        return process.stderr if status else read_shards(tmp_path / "out" / "train")

    # A dot may be part of a name.
    assert extract(["b.c", "a.y.z"]).to_pydict() == {"b.c": [7, 8], "a.y.z": ["p", None]}
    # Two columns of one name harm only plans that use it.
    assert "'a.x' appears 2 times" in extract(["a.x"], status=2)
    assert "name those: 'a.x', 'a.y.z'" in extract(["a"], status=2)
    assert "'l' is a list (list<item: int64>); list_length, list_mean" in extract(["l"], status=2)
    assert "did you mean 'a.y.z'" in extract(["a.y.q"], status=2)
    # --columns takes the same names; a struct stands for its members.
    assert extract(["a.y.z"], "--columns", "a.y,b.c").column_names == ["a.y.z"]
    assert extract(["a.x"], "--columns", "a").to_pydict() == {"a.x": [1, 2]}
    assert "'a.x' stands for 2 columns" in extract(["b.c"], "--columns", "a.x", status=2)
    assert "no column 'a.q'" in extract(["b.c"], "--columns", "a.q", status=2)
    left_out = extract(["a.x"], "--columns", "b.c", status=2)
    assert "--columns leaves out 'a.x', which the plan needs" in left_out
    assert "unknown column 'a.q'" in extract(["a.q"], "--columns", "b.c", status=2)


def test_a_struct_of_2000_fields(run_ember, tmp_path):
    fields = {f"f{i}": pa.array(np.arange(50) % (i % 40 + 2), pa.int32()) for i in range(2000)}
    record = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    source = tmp_path / "wide.parquet"
    pq.write_table(pa.table({"r": record}), source)
    run_ember("extract", source, "-o", tmp_path / "out", "-q", "--memory", "512MiB")
    found = pa.concat_tables(
        read_shards(tmp_path / "out" / name) for name in ("train", "validation", "test")
    )
    assert found.num_rows == 50
    # Too few rows for any column to look like an identifier: all are kept.
    assert found.column_names == [f"r.f{i}" for i in range(2000)]


def test_lists_of_a_mebibyte_stay_within_the_limit(run_ember, tmp_path):
    draw = random.Random(1)
    source = tmp_path / "long.parquet"
    schema = pa.schema([("x", pa.float64()), ("long", pa.list_(pa.string()))])
    with pq.ParquetWriter(source, schema, compression="none", use_dictionary=False) as writer:
        for i in range(24):
            texts = [draw.randbytes(1 << 16).hex() for _ in range(64)]
            lists = pa.array([texts[8 * k : 8 * k + 8] for k in range(8)])
            writer.write_table(pa.table({"x": np.arange(8.0) + i, "long": lists}, schema))
    plan = write_plan(
        tmp_path / "plan.yaml",
        BY_ROW,
        "features:\n  - {columns: [x], steps: [{scale: standard}]}\n",
    )
    output = tmp_path / "out"
    run_ember("extract", source, "-o", output, "--plan", plan, "-q", "--memory", "256MiB")
    report = json.loads((output / "run_report.json").read_text())
    assert report["peak_resident_bytes"] <= 256 << 20


def test_where_on_a_field_of_a_struct(run_ember, tmp_path):
    draw = random.Random(11)
    cells = [
        None if draw.random() < 0.1 else {"a": draw.choice([None, 1, 5, 9]), "l": [row] * (row % 3)}
        for row in range(3000)
    ]
    kind = pa.struct([("a", pa.int64()), ("l", pa.list_(pa.int32()))])
    table = pa.table({"id": range(3000), "s": pa.array(cells, kind)})
    source = tmp_path / "table.parquet"
    pq.write_table(table, source, row_group_size=1000, data_page_size=500, write_batch_size=50)
    plan = write_plan(tmp_path / "plan.yaml", ALL_TRAINING, passthrough(["id", "s.a"]))
    where = "s.a > 3 AND (id < 500 OR id > 2500)"
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "--where", where, "-q")
    found = read_shards(tmp_path / "out" / "train")
    expected = [
        (row, cell["a"])
        for row, cell in enumerate(cells)
        if cell and (cell["a"] or 0) > 3 and (row < 500 or row > 2500)
    ]
    assert 100 < len(expected) < 1000
    assert list(zip(*found.to_pydict().values(), strict=True)) == expected


def test_damaged_levels_never_crash(run_ember, tmp_path):
    table = random_table(41, 200, [2, 3, 4])
    source = tmp_path / "t.parquet"
    pq.write_table(table, source, row_group_size=60, compression="none", data_page_size=200)
    plan = write_plan(tmp_path / "plan.yaml", BY_ROW, passthrough(flat_names(table)))
    content = source.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    draw = random.Random(6)
    failed = 0
    for i in range(40):
        damaged = bytearray(content)
        damaged[draw.randrange(4, len(content) - footer)] ^= 1 << draw.randrange(8)
        (tmp_path / "bad.parquet").write_bytes(damaged)
        process = run_ember(
            *("extract", tmp_path / "bad.parquet", "-o", tmp_path / f"o{i}", "--plan", plan, "-q"),
            status=None,
        )
        assert process.returncode in (0, 1), (i, process.stderr)
        failed += process.returncode
        if process.returncode:
            assert "bad.parquet" in process.stderr
    assert failed > 5
