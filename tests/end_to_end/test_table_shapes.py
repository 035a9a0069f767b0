"""Tables of unusual shapes, against pandas and within a memory limit that is small for them."""

import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from outputs import read_shards, write_parquet

ALL_TRAINING = "version: 1\nsplit: {train: 1.0, validation: 0.0, test: 0.0}\n"


def test_five_thousand_columns(run_ember, tmp_path):
    rng = np.random.default_rng(2)
    rows = 600
    kinds = [
        lambda: pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.1),
        lambda: pa.array(rng.integers(0, 1000, rows)),
        lambda: pa.array(rng.choice([f"v{i}" for i in range(40)], rows)),
        lambda: pa.array(rng.random(rows) < 0.5),
        lambda: pa.array(rng.choice(["a", "b", "c"], rows)),
    ]
    table = pa.table({f"c{i:04d}": kinds[i % len(kinds)]() for i in range(5000)})
    source = write_parquet(table, tmp_path / "wide.parquet", row_group_size=200)
    output = tmp_path / "out"
    run_ember("extract", source, "-o", output, "-q", "--memory", "256MiB")
    train = read_shards(output / "train")
    # A number, an id, a boolean and three categories of each of the kinds.
    assert train.num_columns == 5000 + 2 * 1000
    learned = json.loads((output / "model" / "model.json").read_text())["columns"]
    assert len(learned) == 5000
    outputs = pa.concat_tables(
        [read_shards(output / split) for split in ("train", "validation", "test")]
    )
    assert outputs.num_rows == rows
    # Rows are in three splits, in their order: the values of one column tell which.
    for name in ("c0000", "c2500", "c4995"):
        scale = next(step for step in learned[name] if step["step"] == "scale")
        fill = next(step for step in learned[name] if step["step"] == "impute")["fill"]
        filled = table[name].to_pandas().fillna(fill)
        expected = np.sort(((filled - scale["mean"]) / scale["scale"]).astype(np.float32))
        np.testing.assert_allclose(np.sort(outputs[name].to_numpy()), expected, rtol=1e-6)
        in_train = train[name].to_numpy().astype(float)
        assert abs(in_train.mean()) < 1e-6
        assert math.isclose(in_train.std(), 1.0, rel_tol=1e-5)
    counts = table["c4999"].to_pandas().value_counts()
    for value in "abc":
        assert outputs[f"c4999={value}"].to_numpy().sum() == counts[value]


@pytest.mark.parametrize("extension", ["parquet", "arrow", "csv"])
def test_hundreds_of_files_of_which_some_have_no_rows(run_ember, tmp_path, extension):
    rng = np.random.default_rng(3)
    source = tmp_path / "files"
    source.mkdir()
    schema = pa.schema([("a", pa.float64()), ("s", pa.string()), ("y", pa.int64())])
    parts = []
    for i in range(400):
        rows = 0 if i % 3 == 0 else int(rng.integers(1, 30))
        table = pa.table(
            {
                "a": pa.array(rng.normal(size=rows), pa.float64()),
                "s": pa.array([f"w{word}" for word in rng.integers(0, 60, rows)], pa.string()),
                "y": pa.array(rng.integers(0, 2, rows), pa.int64()),
            },
            schema=schema,
        )
        path = source / f"{i:05d}.{extension}"
        if extension == "csv":
            pa.csv.write_csv(table, path)
        elif extension == "arrow":
            with pa.ipc.new_file(path, schema) as writer:
                writer.write_table(table)
        else:
            pq.write_table(table, path)
        parts.append(table)
    frame = pa.concat_tables(parts).to_pandas()
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        ALL_TRAINING + "target: y\nfeatures:\n"
        "  - {columns: [a], steps: [{scale: standard}]}\n"
        "  - {columns: [s], steps: [{vocabulary: {min_count: 60}}]}\n"
    )
    output = tmp_path / "out"
    run_ember("extract", source, "--plan", plan, "-o", output, "-q", "--memory", "128MiB")
    train = read_shards(output / "train").to_pandas()
    assert len(train) == len(frame)
    np.testing.assert_array_equal(train["y"], frame["y"])
    expected = (frame["a"] - frame["a"].mean()) / frame["a"].std(ddof=0)
    np.testing.assert_allclose(train["a"], expected, rtol=1e-5, atol=1e-6)
    counts = frame["s"].value_counts()
    kept = sorted(counts[counts >= 60].index, key=lambda word: (-counts[word], word))
    assert 0 < len(kept) < 60
    ids = {word: 3 + rank for rank, word in enumerate(kept)}
    np.testing.assert_array_equal(train["s"], [ids.get(word, 2) for word in frame["s"]])
    manifest = json.loads((output / "manifest.json").read_text())
    # A file without rows makes no unit, and no shard.
    assert [shard["rows"] for shard in manifest["shards"]] == [
        part.num_rows for part in parts if part.num_rows > 0
    ]


def test_row_groups_without_rows_make_no_shard(run_ember, tmp_path):
    schema = pa.schema([("a", pa.int64())])
    files = tmp_path / "files"
    files.mkdir()
    for name, groups in {"a": [0, 3, 0, 2], "b": [0, 0], "c": [1, 0]}.items():
        with pq.ParquetWriter(files / f"{name}.parquet", schema) as writer:
            for rows in groups:
                writer.write_table(pa.table({"a": pa.array(range(rows), pa.int64())}))
        assert pq.ParquetFile(files / f"{name}.parquet").num_row_groups == len(groups)
    plan = tmp_path / "plan.yaml"
    plan.write_text(ALL_TRAINING + "features:\n  - {columns: [a], steps: [passthrough]}\n")
    for source, rows in (("[ac].parquet", [5, 1]), ("*.parquet", [5, 1]), ("b.parquet", [0])):
        output = tmp_path / source.replace("*", "all")
        run_ember("extract", files / source, "--plan", plan, "-o", output, "-q")
        manifest = json.loads((output / "manifest.json").read_text())
        assert [shard["rows"] for shard in manifest["shards"]] == rows
        shards = sorted((output / "train").iterdir())
        assert [pq.read_metadata(shard).num_rows for shard in shards] == rows


@pytest.mark.parametrize("step", ["vocabulary", "one_hot"])
def test_strings_of_a_mebibyte_are_learned(run_ember, tmp_path, step):
    values = [chr(97 + i % 3) * (1 << 20) for i in range(60)] + ["short", None]
    frame = pd.DataFrame({"text": values, "y": range(62)})
    source = write_parquet(frame, tmp_path / "long.parquet", row_group_size=8)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        ALL_TRAINING + f"features:\n  - {{columns: [text], steps: [{step}]}}\n"
        "  - {columns: [y], steps: [passthrough]}\n"
    )
    output = tmp_path / "out"
    run_ember("extract", source, "--plan", plan, "-o", output, "-q", "--memory", "192MiB")
    train = read_shards(output / "train")
    assert train["y"].to_pylist() == list(range(62))
    if step == "vocabulary":
        expected = [3 + i % 3 for i in range(60)] + [6, 1]
        assert train["text"].to_pylist() == expected
        vocabulary = pq.read_table(next((output / "model" / "vocabulary").glob("*.parquet")))
        assert vocabulary["value"].to_pylist() == [letter * (1 << 20) for letter in "abc"] + [
            "short"
        ]
    else:
        assert train.num_columns == 5
        for i, letter in enumerate("abc"):
            cells = train[f"text={letter * (1 << 20)}"].to_pylist()
            assert cells == [float(row % 3 == i) for row in range(60)] + [0.0, 0.0]
