"""Nested columns of Arrow files and streams, beside Parquet: one table gives one result."""

import json
import random

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nested_tables import flat_names, random_table
from outputs import content_checksums, learned_digests, read_shards

BY_ROW = "split: {method: hash, train: 0.5, validation: 0.25, test: 0.25, seed: 7}\n"
BY_KEY = "split: {method: hash, key: [id], train: 1.0, validation: 0.0, test: 0.0}\n"


def write_ipc(table, path, *, stream=False, rows_per_batch=150, **options):
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows_per_batch)
    return path


def in_other_layouts(kind: pa.DataType, draw: random.Random) -> pa.DataType:
    """Another Arrow type with the same cells."""
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, in_other_layouts(field.type, draw)) for field in kind])
    if pa.types.is_list(kind):
        return draw.choice([pa.large_list, pa.list_view, pa.large_list_view])(
            in_other_layouts(kind.value_type, draw)
        )
    if pa.types.is_string(kind):
        encoded = pa.dictionary(draw.choice([pa.int8(), pa.int32()]), pa.string())
        return draw.choice([pa.large_string(), pa.string_view(), encoded])
    return kind


def relaid(table: pa.Table, seed: int) -> pa.Table:
    draw = random.Random(seed)
    columns = {
        name: pa.array(table[name].to_pylist(), in_other_layouts(table[name].type, draw))
        for name in table.column_names
    }
    return pa.table(columns)


def plan_for(table, path, split=BY_ROW):
    names = flat_names(table)
    texts = [name for name in names if "string" in column_type(table, name)]
    numbers = [name for name in names if name not in texts]
    text = "version: 1\n" + split + "features:\n"
    text += f"  - columns: {json.dumps(numbers)}\n    steps: [passthrough]\n"
    if texts:
        text += f"  - columns: {json.dumps(texts)}\n    steps: [vocabulary]\n"
    path.write_text(text)
    return path


def column_type(table, name):
    kind = pa.struct(list(table.schema))
    for part in name.split("."):
        kind = kind.field(part).type
    return str(kind)


def extracted(run_ember, source, output, plan, *settings):
    run_ember(
        *("extract", source, "-o", output, "--plan", plan, "-q", "--content-checksum"), *settings
    )
    return learned_digests(output / "model"), content_checksums(output)


@pytest.mark.parametrize("seed", range(4))
def test_parquet_and_arrow_give_the_same(run_ember, tmp_path, seed):
    table = random_table(100 + seed, 600, [1, 2, 3, 4, 5])
    plan = plan_for(table, tmp_path / "plan.yaml")
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=170)
    expected = extracted(run_ember, tmp_path / "t.parquet", tmp_path / "parquet", plan)
    sliced = pa.concat_tables([table.slice(0, 333), table.slice(333)])
    for name, source in {
        "file": write_ipc(table, tmp_path / "file"),
        "one batch": write_ipc(table, tmp_path / "one", rows_per_batch=1000),
        "stream": write_ipc(sliced, tmp_path / "stream", stream=True),
        "lz4": write_ipc(sliced, tmp_path / "lz4", compression="lz4"),
        "zstd": write_ipc(table, tmp_path / "zstd", stream=True, compression="zstd"),
        "old": write_ipc(
            table, tmp_path / "old", metadata_version=pa.ipc.MetadataVersion.V4, stream=True
        ),
        "layouts": write_ipc(relaid(table, seed), tmp_path / "layouts"),
        "layouts, zstd": write_ipc(relaid(table, 9 + seed), tmp_path / "lz", compression="zstd"),
    }.items():
        found = extracted(run_ember, source, tmp_path / "out" / name, plan)
        assert found == expected, name
    for settings in [
        ("--threads", 1, "--batch-rows", 7),
        ("--threads", 2, "--batch-rows", 1000),
        ("--threads", 7, "--batch-rows", 65536),
    ]:
        output = tmp_path / "settings" / "-".join(map(str, settings))
        source = tmp_path / "layouts"
        assert extracted(run_ember, source, output, plan, *settings) == expected, settings


def test_what_polars_and_duckdb_write(run_ember, tmp_path):
    table = random_table(31, 500, [1, 2, 3, 4])
    frame = pl.from_arrow(table)
    pq.write_table(frame.to_arrow(), tmp_path / "polars.parquet")
    frame.write_ipc(tmp_path / "polars.arrow", compression="zstd")
    frame.write_ipc_stream(tmp_path / "polars.arrows")
    reader = duckdb.sql("SELECT * FROM frame").to_arrow_reader(100)
    with pa.ipc.new_file(tmp_path / "duckdb.arrow", reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    plan = plan_for(table, tmp_path / "plan.yaml")
    expected = extracted(run_ember, tmp_path / "polars.parquet", tmp_path / "parquet", plan)
    for name in ("polars.arrow", "polars.arrows", "duckdb.arrow"):
        assert extracted(run_ember, tmp_path / name, tmp_path / "out" / name, plan) == expected


def test_every_command(run_ember, tmp_path):
    table = random_table(41, 500, [1, 2, 3, 2])
    pq.write_table(table, tmp_path / "t.parquet")
    write_ipc(table, tmp_path / "t.arrow", compression="lz4")
    sources = [tmp_path / "t.parquet", tmp_path / "t.arrow"]

    def same(*command):
        texts = [run_ember(command[0], source, *command[1:]).stdout for source in sources]
        # The files differ in name, size, and the rest of their first line.
        lines = [text.replace(str(s), "") for text, s in zip(texts, sources, strict=True)]
        assert lines[0].split("\n", 2)[2:] == lines[1].split("\n", 2)[2:], command

    same("inspect")
    same("plan", "--target", "id", "-q")
    plan = plan_for(table, tmp_path / "plan.yaml", BY_KEY)
    models = []
    for source in sources:
        model = tmp_path / f"model-{source.suffix}"
        run_ember("fit", plan, source, "-o", model, "-q")
        models.append(learned_digests(model))
        output = tmp_path / f"out-{source.suffix}"
        run_ember("transform", model, source, "-o", output, "-q", "--content-checksum")
    assert models[0] == models[1]
    assert content_checksums(tmp_path / "out-.parquet") == content_checksums(
        tmp_path / "out-.arrow"
    )


WHERES = [
    *("s.x > 3", "s.x IS NULL", "s.x IS NOT NULL", "S.X IN (5, 9) AND lst IS NOT NULL"),
    *("s IS NULL", "s IS NOT NULL", "lst IS NULL", "NOT lst IS NULL", "s.l IS NULL", "m IS NULL"),
    *("s.i IS NULL", "s.i.z > 2", "s.i.z IS NULL AND s.t = 'a'", "NOT s.t = 'a'"),
    *("s.x = 1 OR lst IS NULL", "s.x < id", "s.t LIKE '%b' AND id > 700"),
]


@pytest.fixture(scope="module")
def filtered_table():
    draw = random.Random(3)

    def cell():
        if draw.random() < 0.15:
            return None
        return {
            "x": draw.choice([None, 1, 5, 9, 2**60]),
            "t": draw.choice([None, "a", "bb"]),
            "l": draw.choice([None, [], [1, None]]),
            "i": draw.choice([None, {"z": draw.choice([None, 1.5, 2.5])}]),
        }

    inner = pa.struct([("z", pa.float64())])
    kind = pa.struct(
        [("x", pa.int64()), ("t", pa.string()), ("l", pa.list_(pa.int32())), ("i", inner)]
    )
    lists = pa.list_(pa.string())
    maps = pa.map_(pa.string(), pa.int8())
    rows = range(1500)
    return pa.table(
        {
            "id": pa.array(rows),
            "s": pa.array([cell() for _ in rows], kind),
            "lst": pa.array([draw.choice([None, [], ["q"]]) for _ in rows], lists),
            "m": pa.array([draw.choice([None, [], [("k", 1)]]) for _ in rows], maps),
        }
    )


@pytest.mark.parametrize("where", WHERES)
def test_where_agrees_with_duckdb(run_ember, tmp_path, filtered_table, where):
    found = duckdb.sql(f"SELECT id FROM filtered_table WHERE {where} ORDER BY id").fetchall()
    expected = [row[0] for row in found]
    assert 0 < len(expected) < filtered_table.num_rows
    pq.write_table(filtered_table, tmp_path / "t.parquet", row_group_size=400)
    write_ipc(filtered_table, tmp_path / "t.arrow", rows_per_batch=400)
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"version: 1\n{BY_KEY}features:\n  - columns: [id]\n    steps: [passthrough]\n")
    for source in ("t.parquet", "t.arrow"):
        output = tmp_path / f"out-{source}"
        run_ember(
            *("extract", tmp_path / source, "-o", output, "--plan", plan, "--where", where, "-q")
        )
        assert read_shards(output / "train")["id"].to_pylist() == expected, source


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("s > 3", "only IS NULL and IS NOT NULL apply to it"),
        ("lst = 'q'", "only IS NULL and IS NOT NULL apply to it"),
        ("s.y = 1", "expected a field of the struct, found 'y'"),
        ("lst.item = 'q'", "expected a struct before the point"),
    ],
)
def test_where_names_what_it_cannot_compare(run_ember, tmp_path, filtered_table, where, message):
    source = write_ipc(filtered_table, tmp_path / "t.arrow")
    process = run_ember("plan", source, "--where", where, "-q", status=2)
    assert message in process.stderr


def test_unions_are_refused_where_they_are_used(run_ember, tmp_path):
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2])] * 2)
    around = pa.StructArray.from_arrays([union, pa.array([3, 4])], ["u", "x"])
    table = pa.table({"id": [1, 2], "s": around, "lst": [[1], None]})
    source = write_ipc(table, tmp_path / "t.arrow")
    process = run_ember("extract", source, "-o", tmp_path / "no", "-q", status=2)
    assert "cannot be read, nor be part of a row fingerprint" in process.stderr
    assert "split by a key, or write the table without it" in process.stderr
    plan = tmp_path / "plan.yaml"
    features = 'features:\n  - columns: ["id", "s.x"]\n    steps: [passthrough]\n'
    plan.write_text(f"version: 1\n{BY_KEY}{features}")
    run_ember("extract", source, "-o", tmp_path / "key", "--plan", plan, "-q")
    expected = {"id": [1, 2], "s.x": [3, 4]}
    assert read_shards(tmp_path / "key" / "train").to_pydict() == expected


def test_a_batch_of_long_lists_stays_within_the_limit(run_ember, tmp_path):
    draw = random.Random(1)
    texts = [draw.randbytes(1 << 15).hex() for _ in range(64)]
    lists = [[texts[(row + k) % 64] for k in range(row % 17)] for row in range(600)]
    table = pa.table(
        {
            "x": pa.array([float(row) for row in range(600)]),
            "long": pa.array([{"in": cell} for cell in lists]),
        }
    )
    assert table.nbytes > 290 << 20
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\n{BY_ROW}features:\n  - {{columns: [x], steps: [{{scale: standard}}]}}\n"
    )
    learned = []
    for name, compression in (("plain", None), ("zstd", "zstd")):
        source = write_ipc(
            table, tmp_path / name, rows_per_batch=1000, compression=compression, stream=True
        )
        output = tmp_path / f"out-{name}"
        run_ember("extract", source, "-o", output, "--plan", plan, "-q", "--memory", "200MiB")
        report = json.loads((output / "run_report.json").read_text())
        assert report["peak_resident_bytes"] <= 200 << 20
        learned.append(learned_digests(output / "model"))
    assert learned[0] == learned[1]


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_damaged_files_never_crash(run_ember, tmp_path, compression):
    table = relaid(random_table(51, 120, [1, 2, 3]), 2)
    contents = [
        write_ipc(
            table, tmp_path / f"{stream}", stream=stream, compression=compression
        ).read_bytes()
        for stream in (False, True)
    ]
    plan = plan_for(table, tmp_path / "plan.yaml")
    draw = random.Random(6)
    failed = 0
    bad = tmp_path / "bad.arrow"
    for i in range(100):
        damaged = bytearray(contents[i % 2])
        if i % 5 == 0:
            damaged = damaged[: draw.randrange(9, len(damaged))]
        else:
            for _ in range(draw.choice([1, 1, 3])):
                damaged[draw.randrange(8, len(damaged))] ^= 1 << draw.randrange(8)
        bad.write_bytes(damaged)
        process = run_ember(
            "extract", bad, "-o", tmp_path / f"o{i}", "--plan", plan, "-q", status=None
        )
        # 2: the damage made another schema of it, which the plan does not fit.
        assert process.returncode in (0, 1, 2), (i, process.returncode, process.stderr)
        if process.returncode == 1:
            assert "bad.arrow" in process.stderr
        failed += process.returncode == 1
    assert failed > 20
