"""count, quantile_transform, elapsed and is_weekend against pandas and scikit-learn."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from outputs import content_checksums, folder_digests, learned_steps, read_shards, write_parquet
from sklearn.preprocessing import QuantileTransformer

ROWS = 5_000
PLAN = """\
version: 1
split: {method: hash, key: [id], train: 0.7, validation: 0.3, test: 0, seed: 5}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [city], steps: [count]}
  - {columns: [town], steps: [{impute: {constant: none}}, {count: {share: true}}]}
  - {columns: [real], steps: [{quantile_transform: {quantiles: 101}}]}
  - {columns: [whole], steps: [{quantile_transform: {quantiles: 50, output: normal}}]}
  - {columns: [day], steps: [{datetime: [is_weekend, hour]}]}
  - {columns: [since], steps: [{elapsed: {since: "2001-01-01 06:00:00", unit: hours}}]}
  - {columns: [first], steps: [elapsed, {scale: max_abs}]}
output: {dtype: float64}
"""


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(23)

    def masked(values, kind=None):
        return pa.array(values, kind, mask=rng.random(ROWS) < 0.08)

    instants = rng.integers(900_000_000, 1_100_000_000, ROWS) * 1_000_000
    names = [f"é{v}" for v in rng.zipf(1.5, ROWS) % 400]
    return pa.table(
        {
            "id": np.arange(ROWS),
            "city": masked(names),
            "town": masked(names),
            "real": masked(rng.lognormal(size=ROWS)),
            "whole": masked(rng.integers(0, 30, ROWS)),
            "day": masked(instants, pa.timestamp("us")),
            "since": masked(instants, pa.timestamp("us")),
            "first": masked(instants // 86_400_000_000, pa.int64()).cast(pa.int32()).cast("date32"),
        }
    )


@pytest.fixture(scope="module")
def extracted(table, run_ember, tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    source = write_parquet(table, folder / "table.parquet", row_group_size=700)
    (folder / "plan.yaml").write_text(PLAN)
    run_ember("extract", source, "--plan", folder / "plan.yaml", "-o", folder / "out")
    return folder


def test_the_same_as_pandas_and_scikit_learn(table, extracted):
    frame = table.to_pandas().set_index("id")
    train = read_shards(extracted / "out" / "train").to_pandas().set_index("id")
    rest = read_shards(extracted / "out" / "validation").to_pandas().set_index("id")
    known, found = frame.loc[train.index], pd.concat([train, rest])
    frame = frame.loc[found.index]
    counts = known["city"].value_counts()
    expected = frame["city"].map(lambda v: np.nan if pd.isna(v) else counts.get(v, 0))
    np.testing.assert_array_equal(found["city"], expected.astype(float))
    assert (expected == 0).any(), "a value that training has not seen"
    shares = known["town"].fillna("none").value_counts(normalize=True)
    np.testing.assert_array_equal(found["town"], frame["town"].fillna("none").map(shares).fillna(0))
    for column, landmarks, output in [("real", 101, "uniform"), ("whole", 50, "normal")]:
        oracle = QuantileTransformer(
            n_quantiles=landmarks, output_distribution=output, subsample=ROWS
        ).fit(known[[column]].astype(float).to_numpy())
        expected = oracle.transform(frame[[column]].astype(float).to_numpy()).ravel()
        np.testing.assert_allclose(found[column], expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(
        found["day_is_weekend"].astype(float),
        np.where(frame["day"].isna(), np.nan, frame["day"].dt.day_of_week >= 5),
    )
    hours = (frame["since"] - pd.Timestamp("2001-01-01 06:00:00")) / pd.Timedelta(hours=1)
    np.testing.assert_allclose(found["since"], hours, rtol=1e-15)
    first = pd.to_datetime(known["first"]).min()
    days = (pd.to_datetime(frame["first"]) - first) / pd.Timedelta(days=1)
    largest = (pd.to_datetime(known["first"]) - first).max() / pd.Timedelta(days=1)
    np.testing.assert_allclose(found["first"], days / largest, rtol=1e-15)
    steps = learned_steps(extracted / "out" / "model", "first")
    assert steps["elapsed"]["origin"] == (first - pd.Timestamp(0)).days


def test_the_same_bytes_for_all_threads_and_batches(extracted, run_ember):
    expected = folder_digests(extracted / "out")
    for options in [("--threads", 1), ("--threads", 4, "--batch-rows", 37)]:
        out = extracted / "-".join(map(str, options))
        run_ember(
            "extract", extracted / "table.parquet", "--plan", extracted / "plan.yaml",
            "-o", out, *options,
        )  # fmt: skip
        assert folder_digests(out) == expected


def test_fit_and_transform_give_what_extract_gives(table, extracted, run_ember):
    source = extracted / "table.parquet"
    run_ember("fit", extracted / "plan.yaml", source, "-o", extracted / "model")
    run_ember("transform", extracted / "model", source, "-o", extracted / "all")
    everything = read_shards(extracted / "all").to_pandas().set_index("id")
    for split in ["train", "validation"]:
        part = read_shards(extracted / "out" / split).to_pandas().set_index("id")
        pd.testing.assert_frame_equal(everything.loc[part.index], part)


def test_parts_merge_to_the_whole(table, extracted, run_ember):
    half = ROWS // 2
    models = []
    for name, part in [("a", table.slice(0, half)), ("b", table.slice(half))]:
        source = write_parquet(part, extracted / f"{name}.parquet")
        models.append(extracted / f"model_{name}")
        run_ember("fit", extracted / "plan.yaml", source, "-o", models[-1])
    # What scale learns behind elapsed depends on what elapsed has learned of the whole.
    error = run_ember("merge", *models, "-o", extracted / "merged", status=2).stderr
    assert "learned from another learned step" in error
    plan = PLAN.replace("[elapsed, {scale: max_abs}]", "[elapsed]")
    (extracted / "simple.yaml").write_text(plan)
    for name in ["a", "b", "table"]:
        run_ember(
            "fit", extracted / "simple.yaml", extracted / f"{name}.parquet",
            "-o", extracted / f"simple_{name}",
        )  # fmt: skip
    parts = [extracted / "simple_a", extracted / "simple_b"]
    run_ember("merge", *parts, "-o", extracted / "simple_merged")
    merged = folder_digests(extracted / "simple_merged")
    assert merged == folder_digests(extracted / "simple_table")


def test_a_checksum_of_other_row_groups(table, extracted, run_ember):
    checksums = []
    for rows in [700, 5000]:
        source = write_parquet(table, extracted / f"groups{rows}.parquet", row_group_size=rows)
        out = extracted / f"checked{rows}"
        run_ember(
            "extract", source, "--plan", extracted / "plan.yaml", "-o", out, "--content-checksum"
        )
        checksums.append(content_checksums(out))
    assert checksums[0] == checksums[1]
