"""Arrow files and streams, in and out, beside Parquet: the same rows give the same results."""

import json
import subprocess

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nested_tables import row_fingerprints
from outputs import content_checksums, folder_digests, learned_digests

PLAN = """\
version: 1
target: price
split: {method: hash, train: 0.8, validation: 0.1, test: 0.1, seed: 3}
features:
  - columns: [size, weight]
    steps: [{impute: median}, {scale: standard}]
  - columns: [city]
    steps: [{vocabulary: {min_count: 2}}]
  - columns: [kind]
    steps: [one_hot]
  - columns: [day]
    steps: [{cyclical: [day_of_week, month]}]
"""


def rows(count: int = 40_000) -> pa.Table:
    rng = np.random.default_rng(11)
    cities = np.array([f"city {i}" for i in range(300)], dtype=object)
    return pa.table(
        {
            "size": pa.array(rng.integers(0, 500, count), mask=rng.random(count) < 0.1),
            "weight": pa.array(rng.normal(size=count).astype(np.float32)),
            "city": pa.array(rng.choice(cities, count), pa.string(), mask=rng.random(count) < 0.05),
            "kind": pa.array(rng.choice(["a", "b", "c"], count), pa.string()),
            "day": pa.array(rng.integers(0, 20_000, count).astype(np.int32), pa.date32()),
            "price": pa.array(rng.random(count)),
        }
    )


def write_arrow(table, path, *, stream=False, rows_per_batch=7_000, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows_per_batch)
    return path


def encoded(table: pa.Table) -> pa.Table:
    """The texts as dictionaries, one for each chunk."""
    for name in ("city", "kind"):
        column = table[name].dictionary_encode()
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def in_other_types(table: pa.Table) -> pa.Table:
    return table.cast(
        pa.schema(
            [
                (f.name, {"city": pa.large_string(), "kind": pa.string_view()}.get(f.name, f.type))
                for f in table.schema
            ]
        )
    )


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


@pytest.mark.parametrize("planned", [False, True], ids=["automatic", "plan"])
def test_parquet_files_and_streams_give_the_same(run_ember, tmp_path, plan, planned):
    table = rows()
    sources = [tmp_path / "t.parquet"]
    pq.write_table(table, sources[0], row_group_size=9_000)
    sources += [
        write_arrow(table, tmp_path / "plain.arrow"),
        write_arrow(encoded(table), tmp_path / "encoded.arrow", compression="lz4"),
        write_arrow(table, tmp_path / "zstd.arrows", stream=True, compression="zstd"),
        write_arrow(
            encoded(table),
            tmp_path / "old.arrows",
            stream=True,
            metadata_version=pa.ipc.MetadataVersion.V4,
            use_legacy_format=True,
        ),
        write_arrow(in_other_types(table), tmp_path / "types.arrow"),
    ]
    for number, part in enumerate([table.slice(0, 12_345), table.slice(12_345)]):
        write_arrow(part, tmp_path / "parts" / f"{number}", stream=number == 1)
    sources.append(tmp_path / "parts")
    options = ["--content-checksum", "-q", "--target", "price"]
    if planned:
        options += ["--plan", plan]
    outputs = []
    for number, source in enumerate(sources):
        outputs.append(tmp_path / f"out{number}")
        run_ember("extract", source, "-o", outputs[-1], *options)
    for source, output in zip(sources, outputs, strict=True):
        assert learned_digests(output / "model") == learned_digests(outputs[0] / "model"), source
        assert content_checksums(output) == content_checksums(outputs[0]), source


def test_dictionaries_of_numbers_are_categories_of_automatic_plans(run_ember, tmp_path):
    rng = np.random.default_rng(12)
    count = 3_000
    columns = {
        "shop": rng.integers(0, 9, count),
        "article": pa.array(
            rng.integers(0, 400, count).astype(np.int32), mask=rng.random(count) < 0.1
        ),
        "rate": rng.choice([0.1, 0.25, 0.5], count),
        "day": pa.array(rng.integers(0, 300, count).astype(np.int32), pa.date32()),
        "price": rng.random(count),
    }
    numbers = pa.table(columns)
    encoded = pa.table(
        {
            name: numbers[name] if name == "price" else numbers[name].dictionary_encode()
            for name in numbers.column_names
        }
    )
    place = pa.StructArray.from_arrays(
        [encoded["shop"].combine_chunks(), numbers["shop"].combine_chunks()], ["code", "size"]
    )
    encoded = encoded.append_column("place", place)
    wanted = {
        "shop": "one_hot",
        "article": "vocabulary",
        "rate": "one_hot",
        "day": "cyclical",
        "place.code": "one_hot",
        "place.size": "impute",
    }
    sources = [tmp_path / "t.parquet"]
    pq.write_table(encoded, sources[0])
    sources.append(write_arrow(encoded, tmp_path / "t.arrow"))
    sources.append(write_arrow(encoded, tmp_path / "t.arrows", stream=True))
    for number, source in enumerate(sources):
        out = tmp_path / f"out{number}"
        run_ember("extract", source, "-o", out, "--target", "price", "--content-checksum", "-q")
        learned = json.loads((out / "model" / "model.json").read_text())["columns"]
        assert {name: steps[0]["step"] for name, steps in learned.items()} == wanted, source
        assert learned_digests(out / "model") == learned_digests(tmp_path / "out0" / "model")
        assert content_checksums(out) == content_checksums(tmp_path / "out0")
        told = json.loads(run_ember("inspect", source, "--json").stdout)
        kinds = {each["name"]: each["detected"] for each in told["columns"]}
        assert kinds["shop"] == kinds["rate"] == kinds["place.code"] == "categorical"
        assert (kinds["place.size"], kinds["day"]) == ("numeric", "datetime")
    # To a given plan they are their values.
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\ntarget: shop\nfeatures:\n"
        "  - columns: [article, rate]\n    steps: [{impute: median}]\n"
        "  - columns: [day]\n    steps: [passthrough]\n"
    )
    pq.write_table(numbers, tmp_path / "plain.parquet")
    pq.write_table(encoded.drop_columns(["place"]), tmp_path / "encoded.parquet")
    for name in ("plain", "encoded"):
        run_ember(
            "extract", tmp_path / f"{name}.parquet", "-o", tmp_path / name, "--plan", plan, "-q"
        )
    assert folder_digests(tmp_path / "plain") == folder_digests(tmp_path / "encoded")


def test_files_and_streams_of_polars(run_ember, tmp_path, plan):
    frame = pl.from_arrow(rows(5_000)).with_columns(pl.col("kind").cast(pl.Categorical))
    pq.write_table(frame.to_arrow(), tmp_path / "t.parquet")
    for codec in ("uncompressed", "lz4", "zstd"):
        frame.write_ipc(tmp_path / f"{codec}.arrow", compression=codec)
        frame.write_ipc_stream(tmp_path / f"{codec}.arrows", compression=codec)
    outputs = []
    for source in sorted(tmp_path.glob("*.*")):
        if source.suffix not in (".parquet", ".arrow", ".arrows"):
            continue
        outputs.append(tmp_path / f"out-{source.name}")
        run_ember("extract", source, "-o", outputs[-1], "--plan", plan, "--content-checksum", "-q")
    assert len(outputs) == 7
    for output in outputs:
        assert learned_digests(output / "model") == learned_digests(outputs[0] / "model"), output
        assert content_checksums(output) == content_checksums(outputs[0]), output


def arrow_shards(folder):
    shards = [pa.ipc.open_file(path).read_all() for path in sorted(folder.glob("part-*.arrow"))]
    return pa.concat_tables(shards)


def test_arrow_shards_hold_what_parquet_shards_hold(run_ember, tmp_path, plan):
    source = tmp_path / "t.parquet"
    pq.write_table(rows(), source, row_group_size=9_000)
    run_ember("extract", source, "-o", tmp_path / "parquet", "--plan", plan, "-q")
    plan.write_text(PLAN + "output: {format: arrow}\n")
    base = tmp_path / "arrow"
    run_ember("extract", source, "-o", base, "--plan", plan, "-q", "--content-checksum")
    for split in ("train", "validation", "test"):
        expected = pq.read_table(tmp_path / "parquet" / split)
        assert arrow_shards(base / split).equals(expected)
        frame = pl.concat([pl.read_ipc(path) for path in sorted((base / split).iterdir())])
        assert frame.to_arrow().num_rows == expected.num_rows
        assert frame["price"].to_list() == expected["price"].to_pylist()
    for number, variant in enumerate(
        [["--threads", 1], ["--threads", 5, "--batch-rows", 999], ["--memory", "128MiB"]]
    ):
        other = tmp_path / f"v{number}"
        run_ember("extract", source, "-o", other, "--plan", plan, "-q", *variant)
        assert folder_digests(other / "train") == folder_digests(base / "train"), variant


@pytest.mark.parametrize("format_name", ["parquet", "arrow"])
def test_matrix_holds_the_columns_side_by_side(run_ember, tmp_path, plan, format_name):
    source = tmp_path / "t.parquet"
    table = rows()
    pq.write_table(table, source, row_group_size=9_000)
    run_ember("extract", source, "-o", tmp_path / "columns", "--plan", plan, "-q")
    plan.write_text(PLAN + f"output: {{layout: matrix, format: {format_name}}}\n")
    base = tmp_path / "matrix"
    run_ember("extract", source, "-o", base, "--plan", plan, "-q")
    for split in ("train", "validation", "test"):
        columns = pq.read_table(tmp_path / "columns" / split)
        found = (
            arrow_shards(base / split)
            if format_name == "arrow"
            else pa.concat_tables(pq.read_table(p) for p in sorted((base / split).iterdir()))
        )
        names = [name for name in columns.column_names if name != "price"]
        assert found.column_names == ["features", "price"]
        assert found.schema.field("features").type.list_size == len(names)
        matrix = found["features"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        assert matrix.dtype == np.float32
        expected = columns.select(names).to_pandas().to_numpy(dtype=np.float32)
        np.testing.assert_array_equal(matrix.reshape(expected.shape), expected)
        assert found["price"].equals(columns["price"])
    for number, variant in enumerate(
        [["--threads", 1, "--batch-rows", 777], ["--threads", 5], ["--memory", "128MiB"]]
    ):
        other = tmp_path / f"v{number}"
        run_ember("extract", source, "-o", other, "--plan", plan, "-q", *variant)
        assert folder_digests(other) == folder_digests(base), variant


@pytest.mark.parametrize("format_name", ["parquet", "arrow"])
def test_content_checksum_of_a_matrix(run_ember, tmp_path, plan, format_name):
    table = rows(3_000)
    table = table.set_column(5, "price", pa.array(np.arange(3_000) * 7 - 100))
    source = tmp_path / "t.parquet"
    pq.write_table(table, source, row_group_size=700)
    plan.write_text(PLAN + f"output: {{layout: matrix, format: {format_name}}}\n")
    output = tmp_path / "matrix"
    run_ember("extract", source, "-o", output, "--plan", plan, "-q", "--content-checksum")
    checksums = content_checksums(output)
    for split, checksum in checksums.items():
        parts = sorted((output / split).iterdir())
        found = (
            arrow_shards(output / split)
            if format_name == "arrow"
            else pa.concat_tables(pq.read_table(part) for part in parts)
        )
        assert f"{sum(row_fingerprints(found, 0)) % 2**128:032x}" == checksum
    # The model's splits and values go by rows, so another order gives the same sums.
    order = np.random.default_rng(1).permutation(3_000)
    pq.write_table(table.take(order), source, row_group_size=1_100)
    run_ember(
        "extract", source, "-o", tmp_path / "other", "--plan", plan, "-q", "--content-checksum"
    )
    assert content_checksums(tmp_path / "other") == checksums


def test_matrix_says_what_its_values_are_and_refuses_texts(run_ember, tmp_path):
    source = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [1.0, None], "name": ["a", "b"]}), source)
    plan = tmp_path / "plan.yaml"
    text = (
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0, test: 0}\n"
        "output: {layout: matrix}\n"
    )
    plan.write_text(
        text + "features:\n  - {columns: [x], steps: [passthrough]}\n"
        "  - {columns: [name], steps: [one_hot]}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    shard = pq.read_table(tmp_path / "out" / "train")
    assert np.isnan(shard["features"].to_pylist()[1][0])
    assert b'["x","name=a","name=b"]' in shard.schema.metadata[b"emberharmony.features"]
    assert '"features":["x","name=a","name=b"]' in (
        (tmp_path / "out" / "manifest.json").read_text().replace(" ", "").replace("\n", "")
    )
    plan.write_text(text + "features:\n  - {columns: [name], steps: [passthrough]}\n")
    process = run_ember("extract", source, "-o", tmp_path / "no", "--plan", plan, status=2)
    assert "'name'" in process.stderr
    assert "matrix" in process.stderr


def test_folders_called_key_value_are_columns(run_ember, tmp_path):
    table = rows(6_000)
    for number, month in enumerate(["1", "2", "__HIVE_DEFAULT_PARTITION__"]):
        part = table.slice(number * 2_000, 2_000)
        write_arrow(part, tmp_path / "data" / f"month={month}" / "site=a%2Fb" / "x.arrow")
    months = pa.array([1] * 2_000 + [2] * 2_000 + [None] * 2_000, pa.int64())
    plain = table.append_column("month", months).append_column("site", pa.array(["a/b"] * 6_000))
    source = tmp_path / "plain.parquet"
    pq.write_table(plain, source)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\ntarget: month\nfeatures:\n"
        "  - {columns: [size], steps: [{impute: mean}]}\n"
        "  - {columns: [site], steps: [one_hot]}\n"
    )
    checksums = []
    for number, location in enumerate([tmp_path / "data", source]):
        output = tmp_path / f"out{number}"
        run_ember("extract", location, "-o", output, "--plan", plan, "-q", "--content-checksum")
        checksums.append((learned_digests(output / "model"), content_checksums(output)))
    assert checksums[0] == checksums[1]


@pytest.mark.parametrize("kind", ["parquet", "file", "stream"])
def test_standard_input(ember, run_ember, tmp_path, kind):
    table = rows(5_000)
    source = tmp_path / ("t.parquet" if kind == "parquet" else "t.arrow")
    if kind == "parquet":
        pq.write_table(table, source)
    else:
        write_arrow(table, source, stream=kind == "stream")
    spill = tmp_path / "spill"
    spill.mkdir()
    with source.open("rb") as stdin:
        process = subprocess.run(
            [ember, "extract", "-", "-o", tmp_path / "out", "-q", "--spill-dir", spill],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
    assert process.returncode == 0, process.stderr
    assert list(spill.iterdir()) == []
    run_ember("extract", source, "-o", tmp_path / "named", "-q")
    assert folder_digests(tmp_path / "out") == folder_digests(tmp_path / "named")


def test_ten_thousand_files_some_without_rows(run_ember, tmp_path):
    schema = pa.schema([("x", pa.int64()), ("name", pa.string())])
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(10_000):
        count = 0 if number % 10 == 3 else 2
        batch = pa.record_batch(
            [pa.array([number] * count, pa.int64()), pa.array([f"n{number % 7}"] * count)], schema
        )
        with pa.ipc.new_file(folder / f"{number:05}.arrow", schema) as writer:
            writer.write_batch(batch)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0, test: 0}\n"
        "features:\n  - {columns: [x], steps: [{scale: min_max}]}\n"
        "  - {columns: [name], steps: [one_hot]}\n"
    )
    run_ember("fit", plan, folder, "-o", tmp_path / "model", "-q", "--memory", "128MiB")
    text = (tmp_path / "model" / "model.json").read_text()
    assert '"max": 9999' in text or '"max":9999' in text


@pytest.mark.parametrize("stream", [False, True])
def test_a_truncated_file_is_told_of_once(run_ember, tmp_path, stream):
    whole = write_arrow(rows(2_000), tmp_path / "whole.arrow", stream=stream, rows_per_batch=500)
    content = whole.read_bytes()
    for size in (3, 7, 50, len(content) // 2, len(content) - 20, len(content) - 5):
        path = tmp_path / "cut.arrow"
        path.write_bytes(content[:size])
        process = run_ember("inspect", path, "-q", status=1)
        assert "cut.arrow" in process.stderr
        assert process.stderr.count("written") == 1, process.stderr
        assert process.stderr.count("completely") == 1, process.stderr
