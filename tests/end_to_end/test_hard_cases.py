"""Tables that break naive arithmetic, naive readers or naive memory use."""

import datetime as dt
import json
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from outputs import learned_steps, read_shards, write_parquet

ALL_TRAINING = "split: {method: hash, train: 1.0, validation: 0.0, test: 0.0}\n"


def run_plan(run_ember, tmp_path, table, features: str, *options, **write_options):
    source = write_parquet(table, tmp_path / "table.parquet", **write_options)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\n" + ALL_TRAINING + "features:\n" + features + "output: {dtype: float64}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q", *options)
    return tmp_path / "out"


SCALE_X = "  - {columns: [x], steps: [{scale: standard}]}\n"


@pytest.mark.parametrize(
    "values,mean,variance,scale",
    [
        ([1e308, 1e308, -1e308, -1e308], 0.0, float("inf"), 1e308),
        ([1e200, -1e200], 0.0, float("inf"), 1e200),
        ([1e-200, -1e-200], 0.0, 0.0, 1e-200),
        ([1e16, 1.0, -1e16], 1 / 3, None, None),
        ([5e-324, 5e-324], 5e-324, 0.0, 1.0),
        ([0.1] * 10, 0.1, 0.0, 1.0),
    ],
)
def test_sums_that_cancel_overflow_or_underflow(run_ember, tmp_path, values, mean, variance, scale):
    output = run_plan(run_ember, tmp_path, pa.table({"x": values}), SCALE_X)
    step = learned_steps(output / "model", "x")["scale"]
    assert float(step["mean"]) == mean
    if variance is not None:
        assert float(step["variance"]) == variance
        np.testing.assert_allclose(step["scale"], scale, rtol=1e-15)
        expected = [(v - mean) / scale for v in values]
        features = read_shards(output / "train")["x"].to_numpy()
        np.testing.assert_allclose(features, expected, rtol=1e-15)


def test_ten_million_epoch_seconds_of_variance_one(run_ember, tmp_path):
    seconds = np.full(10_000_000, 1_700_000_000, np.int64)
    seconds[::2] += 2
    for use_dictionary in (True, False):
        folder = tmp_path / str(use_dictionary)
        output = run_plan(
            run_ember, folder, pa.table({"x": seconds}), SCALE_X, use_dictionary=use_dictionary
        )
        step = learned_steps(output / "model", "x")["scale"]
        assert (step["mean"], step["variance"]) == (1_700_000_001.0, 1.0)


def test_largest_integers(run_ember, tmp_path):
    largest = 2**63 - 1
    output = run_plan(
        run_ember, tmp_path, pa.table({"x": pa.array([largest, largest], pa.int64())}), SCALE_X
    )
    step = learned_steps(output / "model", "x")["scale"]
    assert (step["mean"], step["variance"]) == (2.0**63, 0.0)
    other = run_plan(
        run_ember,
        tmp_path / "near",
        pa.table({"x": pa.array([largest, largest - 2], pa.int64())}),
        SCALE_X,
    )
    assert learned_steps(other / "model", "x")["scale"]["variance"] == 1.0


def test_nan_is_missing_and_infinity_is_refused(run_ember, tmp_path):
    nan, inf = float("nan"), float("inf")
    output = run_plan(
        run_ember,
        tmp_path,
        pa.table({"x": [1.0, nan, 3.0, None, -0.0]}),
        "  - {columns: [x], steps: [{impute: {strategy: mean, indicator: true}}]}\n",
    )
    table = read_shards(output / "train")
    assert table["x_missing"].to_pylist() == [0, 1, 0, 1, 0]
    np.testing.assert_allclose(table["x"].to_numpy(), [1, 4 / 3, 3, 4 / 3, 0])
    source = write_parquet(pa.table({"spiky": [1.0, inf, -inf]}), tmp_path / "inf.parquet")
    plan = tmp_path / "inf.yaml"
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n"
        f"  - {{columns: [spiky], steps: [{{scale: standard}}]}}\n"
    )
    process = run_ember("fit", plan, source, "-o", tmp_path / "refused", status=1)
    assert "'spiky'" in process.stderr
    assert "clip" in process.stderr
    assert not (tmp_path / "refused").exists()
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n"
        "  - {columns: [spiky], steps: [{clip: {min: -5, max: 5}}, {scale: min_max}]}\n"
    )
    run_ember("fit", plan, source, "-o", tmp_path / "clipped", "-q")


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_small_and_empty_tables(run_ember, tmp_path, rows):
    schema = pa.schema(
        [("x", pa.float64()), ("s", pa.string()), ("d", pa.date32()), ("y", pa.int64())]
    )
    table = pa.table(
        {
            "x": [1.5] * rows,
            "s": ["a"] * rows,
            "d": [dt.date(1969, 12, 31)] * rows,
            "y": list(range(rows)),
        },
        schema,
    )
    source = write_parquet(table, tmp_path / "t.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\ntarget: y\n"
        + ALL_TRAINING
        + "features:\n  - {columns: [s], steps: [vocabulary]}\n"
        "  - {columns: [d], steps: [{cyclical: [day_of_week, month]}]}\n"
        "  - {columns: [x], steps: [passthrough]}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    result = read_shards(tmp_path / "out" / "train")
    assert result.num_rows == rows
    assert result.column_names[0] == "s"
    assert result.column_names[-1] == "y"
    assert (
        json.loads((tmp_path / "out" / "manifest.json").read_text())["splits"]["train"]["rows"]
        == rows
    )
    # An automatic plan finds no feature in it.
    automatic = run_ember("extract", source, "-o", tmp_path / "auto", "--target", "y", status=2)
    assert "keeps no column as a feature" in automatic.stderr
    assert "dropped 'd'" in automatic.stderr


def test_all_null_and_constant_columns_are_dropped_by_the_automatic_plan(run_ember, tmp_path):
    rows = 2000
    rng = np.random.default_rng(1)
    table = pa.table(
        {
            "empty": pa.nulls(rows, pa.string()),
            "constant": np.ones(rows),
            "mostly_null": pa.array([1.0 * i if i % 20 == 0 else None for i in range(rows)]),
            "row_id": np.arange(rows),
            "uuid": [f"{i:08x}-{rng.integers(1 << 30)}" for i in range(rows)],
            "useful": rng.normal(size=rows),
            "flag": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(rows)]),
            "colour": rng.choice(["red", "green", "blue"], rows),
        }
    )
    source = write_parquet(table, tmp_path / "t.parquet")
    text = run_ember("plan", source).stdout
    run_ember("extract", source, "-o", tmp_path / "out", "-q")
    names = read_shards(tmp_path / "out" / "train").column_names
    assert names == ["useful", "flag", "colour=blue", "colour=green", "colour=red"]
    for dropped in ("empty", "constant", "mostly_null", "row_id", "uuid"):
        assert any(
            line.lstrip().startswith("#") and dropped in line for line in text.splitlines()
        ), dropped
    assert set(read_shards(tmp_path / "out" / "train")["flag"].to_pylist()) == {0.0, 1.0}


def test_long_strings_and_bytes_that_are_not_text(run_ember, tmp_path):
    megabyte = "x" * (1 << 20)
    values = [megabyte + "a", "short", megabyte + "b", None] * 8
    raw = pa.array([b"\xff\xfe\x00", b"\x80", b"ok", b""] * 8, pa.binary())
    strings = pa.StringArray.from_buffers(32, *raw.buffers()[1:])
    table = pa.table({"long": values, "broken": strings, "raw": raw})
    output = run_plan(
        run_ember,
        tmp_path,
        table,
        "  - {columns: [long, broken], steps: [vocabulary]}\n"
        "  - {columns: [raw], steps: [passthrough]}\n",
        "--memory",
        "256MiB",
    )
    result = read_shards(output / "train")
    assert result["long"].to_pylist() == [4, 3, 5, 1] * 8 or set(result["long"].to_pylist()) == {
        1,
        3,
        4,
        5,
    }
    assert set(result["broken"].to_pylist()) == {3, 4, 5, 6}
    assert result["raw"].to_pylist() == raw.to_pylist()


def test_decimals_old_dates_and_time_zones(run_ember, tmp_path):
    zoned = pa.array(
        [dt.datetime(1969, 12, 31, 23, 30), dt.datetime(2024, 2, 29, 12, 0), None],
        pa.timestamp("ms", "America/New_York"),
    )
    table = pa.table(
        {
            "price": pa.array([Decimal("12.50"), None, Decimal("-0.25")], pa.decimal128(20, 2)),
            "day": pa.array([dt.date(1900, 1, 1), dt.date(1969, 12, 31), None]),
            "when": zoned,
            "nano": pa.array([-1, 1, None], pa.timestamp("ns")),
        }
    )
    output = run_plan(
        run_ember,
        tmp_path,
        table,
        "  - {columns: [price], steps: [{impute: mean}]}\n"
        "  - {columns: [day], steps: [{cyclical: [day_of_week, day_of_month, month]}]}\n"
        "  - {columns: [when, nano], steps: [{cyclical: [hour]}]}\n",
    )
    result = read_shards(output / "train")
    np.testing.assert_allclose(result["price"].to_numpy(), [12.5, 6.125, -0.25])
    # 1900-01-01 was a Monday, 1969-12-31 a Wednesday.
    angle = 2 * np.pi * np.array([0, 2]) / 7
    np.testing.assert_allclose(
        result["day_sin_day_of_week"].to_numpy(), [*np.sin(angle), 0], atol=1e-12
    )
    # Stored instants are UTC: 23:30 and 12:00; one nanosecond before 1970 is 23 o'clock.
    hours = 2 * np.pi * np.array([23, 12]) / 24
    np.testing.assert_allclose(result["when_cos_hour"].to_numpy(), [*np.cos(hours), 0], atol=1e-12)
    np.testing.assert_allclose(
        result["nano_cos_hour"].to_numpy(), [np.cos(2 * np.pi * 23 / 24), 1, 0], atol=1e-12
    )


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_codecs_of_pyarrow(run_ember, tmp_path, codec):
    table = pa.table({"x": np.arange(5000) % 97, "s": [f"v{i % 31}" for i in range(5000)]})
    output = run_plan(
        run_ember,
        tmp_path,
        table,
        "  - {columns: [x], steps: [passthrough]}\n  - {columns: [s], steps: [passthrough]}\n",
        compression=codec,
        data_page_size=512,
    )
    assert read_shards(output / "train").equals(table)


def test_files_of_other_writers(run_ember, tmp_path):
    rng = np.random.default_rng(4)
    frame = pl.DataFrame(
        {
            "i": pl.Series(rng.integers(-5, 5, 10_000)).cast(pl.Int16),
            "f": rng.normal(size=10_000),
            "s": [None if i % 11 == 0 else f"k{i % 257}" for i in range(10_000)],
            "c": pl.Series(rng.choice(["a", "b"], 10_000)).cast(pl.Categorical),
            "t": pl.datetime_range(
                dt.datetime(1960, 1, 1), dt.datetime(1960, 1, 2), "8640ms", eager=True
            )[:10_000],
        }
    )
    frame.write_parquet(tmp_path / "polars.parquet", row_group_size=3000)
    frame = frame.with_columns(pl.col("c").cast(pl.String))
    frame.to_arrow()
    duckdb.from_arrow(frame.to_arrow()).write_parquet(str(tmp_path / "duckdb.parquet"))
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n"
        f"  - {{columns: [i, f, s, c, t], steps: [passthrough]}}\n"
    )
    for writer in ("polars", "duckdb"):
        run_ember(
            "extract", tmp_path / f"{writer}.parquet", "-o", tmp_path / writer, "--plan", plan, "-q"
        )
        result = pl.from_arrow(read_shards(tmp_path / writer / "train"))
        for name in frame.columns:
            assert result[name].to_list() == frame[name].to_list(), (writer, name)


def test_memory_stays_within_the_limit(run_ember, flights, tmp_path):
    run_ember(
        "extract", flights, "-o", tmp_path / "out", "--target", "delay", "-q", "--memory", "128MiB"
    )
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["peak_resident_bytes"] <= 128 << 20


def test_a_nested_column_harms_only_plans_that_use_it(run_ember, tmp_path):
    table = pa.table(
        {"x": [1.0, 2.0, 4.0], "nested": [[1], [2, 3], None], "record": [{"a": 1}, {"a": 2}, None]}
    )
    source = write_parquet(table, tmp_path / "t.parquet")
    output = run_plan(run_ember, tmp_path, table, "  - {columns: [x], steps: [{scale: min_max}]}\n")
    np.testing.assert_allclose(read_shards(output / "train")["x"].to_numpy(), [0, 1 / 3, 1])
    plan = tmp_path / "nested.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: x}\nfeatures:\n"
        "  - {columns: [nested], steps: [passthrough]}\n"
    )
    process = run_ember("fit", plan, source, "-o", tmp_path / "m", status=2)
    assert "nested" in process.stderr


def test_an_automatic_plan_runs_where_there_are_infinities(run_ember, tmp_path):
    """They become missing values, as pandas' users make them: the oracle does so, too."""
    random = np.random.default_rng(5)
    values = random.normal(3, 2, 4_000)
    values[::50] = np.inf
    values[7::90] = -np.inf
    values[3::70] = np.nan
    rare = np.full(4_000, np.inf)
    rare[::100] = 1.0
    table = pa.table(
        {"id": range(4_000), "x": values, "rare": rare, "y": random.normal(0, 1, 4_000)}
    )
    source = write_parquet(table, tmp_path / "t.parquet")
    # Without a plan.
    run_ember("extract", source, "-o", tmp_path / "out", "--target", "y", "-q")
    features = read_shards(tmp_path / "out" / "train")
    assert features.column_names == ["x", "y"]
    assert np.isfinite(features["x"].to_numpy()).all()
    steps = "[{impute: median}, {scale: standard}]"
    for command in (["plan", source], ["plan", source, "--columns", "x,y"]):
        text = run_ember(*command, "--target", "y", "-q").stdout
        assert "steps: [finite, {impute: median}, {scale: standard}]" in text
        assert "infinite values, which finite makes missing" in text
        assert steps not in text
    told = json.loads(run_ember("inspect", source, "--json", "-q").stdout)
    found = {column["name"]: column for column in told["columns"]}
    assert found["x"]["suggested_steps"] == f"[finite, {steps[1:]}"
    assert found["rare"]["left_out"].endswith("rows are null or infinite, more than 90.0 %")
    # What the plan's steps learn, of all rows, against pandas.
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n"
        "  - {columns: [id], steps: [passthrough]}\n"
        "  - {columns: [x], steps: [finite, {impute: median}, {scale: standard}]}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "all", "--plan", plan, "-q")
    x = pd.Series(values).replace([np.inf, -np.inf], np.nan)
    x = x.fillna(x.median())
    expected = (x - x.mean()) / x.std(ddof=0)
    found = read_shards(tmp_path / "all" / "train").sort_by("id")
    np.testing.assert_allclose(found["x"].to_numpy(), expected.astype(np.float32), rtol=1e-5)
