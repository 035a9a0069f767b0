"""list_length, list_mean and multi_hot of Parquet and Arrow files against pandas."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from outputs import folder_digests, read_shards, write_parquet

ROWS = 3_000
PLAN = """\
version: 1
split: {method: hash, key: [id], train: 0.7, validation: 0.3, seed: 2}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [tags], steps: [list_length]}
  - {columns: [scores], steps: [list_mean, {impute: median}, {scale: standard}]}
  - {columns: [tags, codes], steps: [multi_hot]}
output: {dtype: float64}
"""


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(3)

    def lists(element, nulls):
        rows = []
        for _ in range(ROWS):
            length = int(rng.integers(0, 5))
            values = [None if rng.random() < nulls else element() for _ in range(length)]
            rows.append(None if rng.random() < 0.1 else values)
        return rows

    return pa.table(
        {
            "id": np.arange(ROWS),
            "tags": pa.array(lists(lambda: f"é{rng.zipf(1.6) % 25}", 0.05), pa.list_(pa.string())),
            "scores": pa.array(lists(lambda: float(rng.normal()), 0.1), pa.list_(pa.float64())),
            "codes": pa.array(lists(lambda: int(rng.integers(-3, 6)), 0.0), pa.list_(pa.int32())),
        }
    )


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    write_parquet(table, folder / "table.parquet", row_group_size=400)
    with pa.ipc.new_file(folder / "table.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=400)
    (folder / "plan.yaml").write_text(PLAN)
    return folder


@pytest.fixture(scope="module")
def extracted(folder, run_ember):
    run_ember("extract", folder / "table.parquet", "--plan", folder / "plan.yaml",
              "-o", folder / "out")  # fmt: skip
    return folder / "out"


def test_the_same_as_pandas(table, extracted):
    frame = table.to_pandas().set_index("id")
    train = read_shards(extracted / "train").to_pandas().set_index("id")
    rest = read_shards(extracted / "validation").to_pandas().set_index("id")
    found = pd.concat([train, rest])
    frame = frame.loc[found.index]
    known = frame.loc[train.index]
    lengths = frame["tags"].map(lambda tags: np.nan if tags is None else len(tags))
    # Of a feature of two columns the columns come one after the other.
    np.testing.assert_array_equal(found["tags"], lengths)

    def mean(scores):
        values = [] if scores is None else [v for v in scores if v is not None and v == v]
        return np.mean(values) if values else np.nan

    means = frame["scores"].map(mean)
    means = means.fillna(means.loc[train.index].median())
    standard = (means - means.loc[train.index].mean()) / means.loc[train.index].std(ddof=0)
    np.testing.assert_allclose(found["scores"], standard, rtol=1e-9, atol=1e-12)
    for column in ["tags", "codes"]:
        seen = {v for values in known[column] if values is not None for v in values}
        seen = sorted(v for v in seen if v is not None)
        columns = [name for name in found.columns if name.startswith(f"{column}=")]
        assert columns == [f"{column}={value}" for value in seen]
        for value in seen:
            expected = frame[column].map(lambda v, of=value: v is not None and of in list(v))
            np.testing.assert_array_equal(found[f"{column}={value}"], expected.astype(float))


def test_the_same_from_arrow_and_for_all_batches(folder, extracted, run_ember):
    for source, name, options in [
        ("table.arrow", "arrow", []),
        ("table.parquet", "small", ["--batch-rows", 7, "--threads", 3]),
    ]:
        run_ember("extract", folder / source, "--plan", folder / "plan.yaml",
                  "-o", folder / name, *options)  # fmt: skip
        for split in ["train", "validation"]:
            assert read_shards(folder / name / split).equals(read_shards(extracted / split))
    assert folder_digests(folder / "small") == folder_digests(extracted)


def test_a_model_serves_and_merges(table, folder, extracted, run_ember):
    run_ember("transform", extracted / "model", folder / "table.parquet", "-o", folder / "all")
    train = read_shards(extracted / "train").to_pandas().set_index("id")
    served = read_shards(folder / "all").to_pandas().set_index("id")
    pd.testing.assert_frame_equal(served.loc[train.index], train)
    plan = PLAN.replace(", {impute: median}, {scale: standard}", "")
    (folder / "simple.yaml").write_text(plan)
    models = []
    for name, part in [("a", table.slice(0, 1000)), ("b", table.slice(1000)), ("w", table)]:
        source = write_parquet(part, folder / f"{name}.parquet")
        models.append(folder / f"model-{name}")
        run_ember("fit", folder / "simple.yaml", source, "-o", models[-1])
    run_ember("merge", *models[:2], "-o", folder / "merged")
    assert folder_digests(folder / "merged") == folder_digests(models[2])


def test_explain_and_report_know_lists(folder, extracted, run_ember):
    text = run_ember("explain", folder / "plan.yaml", folder / "table.parquet").stdout
    assert "multi_hot" in text
    assert (extracted / "report.html").stat().st_size > 1000


def test_other_steps_take_no_lists(folder, run_ember):
    plan = """\
version: 1
split: {method: hash, key: [id], train: 1.0}
features:
  - {columns: [tags], steps: [vocabulary]}
  - {columns: [id], steps: [list_length]}
"""
    (folder / "bad.yaml").write_text(plan)
    error = run_ember("fit", folder / "bad.yaml", folder / "table.parquet",
                      "-o", folder / "no", status=2).stderr  # fmt: skip
    assert "is a list (list<item: string>); list_length, list_mean and multi_hot take" in error
    assert "list_length takes lists of flat values, and column 'id' is int64" in error
