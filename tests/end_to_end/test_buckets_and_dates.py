"""bucketize, hash_bucket and datetime against NumPy, scikit-learn, FarmHash, pandas and DuckDB."""

import itertools
import struct
from decimal import Decimal

import duckdb
import farmhash
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from outputs import (
    content_checksums,
    folder_digests,
    learned_digests,
    learned_steps,
    read_shards,
    write_parquet,
)
from sklearn.preprocessing import KBinsDiscretizer

ROWS = 6_000
DAY_PARTS = ["year", "iso_year", "quarter", "month", "week"]
DAY_PARTS += ["day_of_year", "day_of_month", "day_of_week"]
TIME_PARTS = ["hour", "minute", "second"]
PLAN = """\
version: 1
split: {method: hash, key: [id], train: 0.8, validation: 0.2, test: 0, seed: 3}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [real, whole, money], steps: [{bucketize: {quantiles: 7}}]}
  - {columns: [few], steps: [{bucketize: {quantiles: 10}}, one_hot]}
  - {columns: [real2], steps: [{bucketize: {edges: [-1, 0, 0.5, 100]}}]}
  - {columns: [filled], steps: [{impute: median}, {bucketize: {quantiles: 4}}]}
  - {columns: [city, whole2, real3, flag], steps: [{hash_bucket: {buckets: 1000}}]}
  - {columns: [day], steps: [{datetime: [DAY_PARTS]}]}
  - {columns: [second, milli, micro, nano, zoned], steps: [{datetime: [ALL_PARTS]}]}
output: {dtype: float64}
"""
PLAN = PLAN.replace("DAY_PARTS", ", ".join(DAY_PARTS))
PLAN = PLAN.replace("ALL_PARTS", ", ".join(DAY_PARTS + TIME_PARTS))


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(11)

    def masked(values, kind=None):
        return pa.array(values, kind, mask=rng.random(ROWS) < 0.1)

    real = rng.normal(size=ROWS) * 10.0 ** rng.integers(-3, 4, ROWS)
    real[::17] = np.nan
    real[5::101] = -0.0
    instants = rng.integers(-4_000_000_000, 6_000_000_000, ROWS)  # seconds: 1843 to 2160
    columns = {
        "id": pa.array(np.arange(ROWS)),
        "real": masked(real),
        "whole": masked(rng.integers(-(2**62), 2**62, ROWS)),
        "money": masked(
            [Decimal(int(v)).scaleb(-2) for v in rng.integers(-(10**7), 10**7, ROWS)],
            pa.decimal128(12, 2),
        ),
        "few": masked(rng.integers(0, 4, ROWS)),
        "real2": masked(real),
        "filled": masked(rng.normal(size=ROWS)),
        "city": masked([f"city é{v}" for v in rng.integers(0, 3000, ROWS)]),
        "whole2": masked(rng.integers(-(2**31), 2**31, ROWS).astype(np.int32)),
        "real3": masked(real.astype(np.float32)),
        "flag": masked(rng.random(ROWS) < 0.5),
        "day": masked(rng.integers(-200_000, 200_000, ROWS).astype(np.int32), pa.date32()),
    }
    for name, unit, factor in [
        ("milli", "ms", 10**3),
        ("micro", "us", 10**6),
        ("nano", "ns", 10**9),
    ]:
        values = instants * factor + rng.integers(0, factor, ROWS)
        columns[name] = masked(values, pa.timestamp(unit))
    columns["second"] = masked(instants, pa.timestamp("s"))
    columns["zoned"] = masked(instants * 10**6, pa.timestamp("us", "America/New_York"))
    return pa.table(columns)


@pytest.fixture(scope="module")
def output(run_ember, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("steps")
    (folder / "plan.yaml").write_text(PLAN)
    source = write_parquet(table, folder / "table.parquet", row_group_size=900)
    run_ember("extract", source, "-o", folder / "out", "--plan", folder / "plan.yaml", "-q")
    return folder / "out"


@pytest.fixture(scope="module")
def rows(output, table):
    """For each split: the features, and the table's rows they are of."""
    splits = {}
    for name in ("train", "validation"):
        features = read_shards(output / name)
        splits[name] = features, table.take(features["id"])
    assert sum(len(features) for features, _ in splits.values()) == ROWS
    return splits


def as_floats(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(
        [np.nan if v is None else float(v) for v in column.to_pylist()], dtype=np.float64
    )


def as_integers(column: pa.ChunkedArray) -> np.ndarray:
    """int32 with nulls as floats with NaN."""
    assert column.type == pa.int32()
    return as_floats(column)


def digitize(values: np.ndarray, edges) -> np.ndarray:
    return np.where(np.isnan(values), np.nan, np.digitize(values, edges).astype(np.float64))


@pytest.mark.parametrize("column", ["real", "whole", "money"])
def test_quantile_buckets(output, rows, column):
    train = as_floats(rows["train"][1][column])
    edges = np.quantile(train[~np.isnan(train)], np.arange(1, 7) / 7)
    learned = learned_steps(output / "model", column)["bucketize"]
    assert learned["edges"] == edges.tolist()
    assert learned["edges_error_bound"] == 0
    assert learned["count"] == int((~np.isnan(train)).sum())
    assert learned["null_count"] == int(np.isnan(train).sum())
    bins = KBinsDiscretizer(
        7, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None
    ).fit(train[~np.isnan(train)].reshape(-1, 1))
    for features, source in rows.values():
        found, values = as_integers(features[column]), as_floats(source[column])
        np.testing.assert_array_equal(found, digitize(values, edges))
        known = ~np.isnan(values)
        # Its edges may lie an ulp beside NumPy's quantiles.
        same = found[known] == bins.transform(values[known].reshape(-1, 1))[:, 0]
        assert (~same).sum() <= 6


def test_few_distinct_values_merge_edges_and_become_columns(rows):
    for features, source in rows.values():
        names = [n for n in features.column_names if n.startswith("few=")]
        assert names == ["few=1", "few=2", "few=3", "few=4"] or names == [
            "few=0",
            "few=1",
            "few=2",
            "few=3",
        ]
        few = as_floats(source["few"])
        edges = np.unique(np.quantile(few[~np.isnan(few)], np.arange(1, 10) / 10))
        expected = digitize(few, edges)
        for name in names:
            np.testing.assert_array_equal(
                as_floats(features[name]), (expected == int(name[4:])).astype(float)
            )


def test_given_edges_and_filled_values(output, rows):
    train = as_floats(rows["train"][1]["filled"])
    median = np.nanmedian(train)
    edges = np.quantile(np.where(np.isnan(train), median, train), [0.25, 0.5, 0.75])
    assert learned_steps(output / "model", "filled")["bucketize"]["edges"] == edges.tolist()
    for features, source in rows.values():
        filled = as_floats(source["filled"])
        np.testing.assert_array_equal(
            as_integers(features["filled"]),
            np.digitize(np.where(np.isnan(filled), median, filled), edges),
        )
        np.testing.assert_array_equal(
            as_integers(features["real2"]),
            digitize(as_floats(source["real2"]), [-1, 0, 0.5, 100]),
        )


def test_hash_buckets_are_farm_fingerprints(rows):
    encode = {
        "city": lambda v: v.encode(),
        "whole2": lambda v: struct.pack("<q", v),
        "real3": lambda v: struct.pack("<d", v + 0.0),
        "flag": lambda v: struct.pack("<q", v),
    }
    for (features, source), (column, bytes_of) in itertools.product(rows.values(), encode.items()):
        expected = [
            None if v is None or v != v else farmhash.fingerprint64(bytes_of(v)) % 1000
            for v in source[column].to_pylist()
        ]
        assert features[column].type == pa.int32()
        assert features[column].to_pylist() == expected


@pytest.mark.parametrize("column", ["day", "second", "milli", "micro", "nano", "zoned"])
def test_parts_of_dates_against_pandas_and_duckdb(rows, column):
    for features, source in rows.values():
        times = source[column].cast(pa.timestamp("s"), safe=False)
        if column != "day":  # floored, as pandas and DuckDB do not read all units the same
            unit = {"second": 1, "milli": 10**3, "nano": 10**9}.get(column, 10**6)
            raw = source[column].cast(pa.int64()).to_pylist()
            times = pa.array([None if v is None else v // unit for v in raw], pa.timestamp("s"))
        series = pd.Series(times.to_numpy(zero_copy_only=False).astype("datetime64[s]"))
        calendar = series.dt.isocalendar()
        expected = {
            "year": series.dt.year,
            "iso_year": calendar.year,
            "quarter": series.dt.quarter,
            "month": series.dt.month,
            "week": calendar.week,
            "day_of_year": series.dt.day_of_year,
            "day_of_month": series.dt.day,
            "day_of_week": series.dt.day_of_week,
            "hour": series.dt.hour,
            "minute": series.dt.minute,
            "second": series.dt.second,
        }
        parts = DAY_PARTS if column == "day" else DAY_PARTS + TIME_PARTS
        for part in parts:
            np.testing.assert_array_equal(
                as_integers(features[f"{column}_{part}"]),
                expected[part].to_numpy(dtype=np.float64, na_value=np.nan),
                err_msg=part,
            )
        whens = pa.table({"t": times})
        duck = duckdb.sql(
            "select extract(year from t), extract(isoyear from t), extract(quarter from t),"
            " extract(month from t), extract(week from t), extract(doy from t),"
            " extract(day from t), extract(isodow from t) - 1 from whens"
        ).fetchall()
        found = zip(*(features[f"{column}_{part}"].to_pylist() for part in DAY_PARTS), strict=True)
        assert list(found) == duck
        assert len(whens) == len(duck)


def test_threads_batches_layout_and_order_change_nothing(run_ember, table, output, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    source = write_parquet(table, tmp_path / "same.parquet", row_group_size=900)
    for number, options in enumerate(
        [["--threads", 1, "--batch-rows", 13], ["--threads", 5, "--batch-rows", 777]]
    ):
        other = tmp_path / f"out{number}"
        run_ember("extract", source, "-o", other, "--plan", plan, "-q", *options)
        assert folder_digests(other) == folder_digests(output)
    shuffled = table.take(np.random.default_rng(1).permutation(ROWS))
    for number in range(3):
        write_parquet(
            shuffled.slice(number * ROWS // 3, ROWS // 3 + 1 if number == 2 else ROWS // 3),
            tmp_path / "files" / f"{number}.parquet",
            use_dictionary=number == 1,
        )
    checksum = ["--content-checksum", "--plan", plan, "-q"]
    run_ember("extract", source, "-o", tmp_path / "whole", *checksum)
    run_ember("extract", tmp_path / "files", "-o", tmp_path / "parts", *checksum)
    assert learned_digests(tmp_path / "parts" / "model") == learned_digests(output / "model")
    assert content_checksums(tmp_path / "parts") == content_checksums(tmp_path / "whole")


def test_merged_fits_of_parts_equal_the_fit_of_the_whole(run_ember, table, tmp_path):
    plan = tmp_path / "plan.yaml"
    # one_hot behind learned quantiles needs a second pass, which a merge cannot make.
    plan.write_text(PLAN.replace(", one_hot]", "]"))
    source = write_parquet(table, tmp_path / "whole.parquet")
    run_ember("fit", plan, source, "-o", tmp_path / "model", "-q")
    bounds = np.linspace(0, ROWS, 8).astype(int)
    models = []
    for number, (begin, end) in enumerate(itertools.pairwise(bounds)):
        part = write_parquet(table.slice(begin, end - begin), tmp_path / f"part{number}.parquet")
        models.append(tmp_path / f"model{number}")
        run_ember("fit", plan, part, "-o", models[-1], "-q")
    run_ember("merge", *models, "-o", tmp_path / "merged", "-q")
    assert folder_digests(tmp_path / "merged") == folder_digests(tmp_path / "model")


def test_more_distinct_values_than_keys_state_a_bound(run_ember, tmp_path):
    values = np.random.default_rng(2).normal(size=60_000)
    source = write_parquet(pa.table({"x": values}), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {train: 1, validation: 0, test: 0}\nquantile_keys: 8192\n"
        "features: [{columns: [x], steps: [{bucketize: {quantiles: 5}}]}]\n"
    )
    run_ember("fit", plan, source, "-o", tmp_path / "model", "-q")
    learned = learned_steps(tmp_path / "model", "x")["bucketize"]
    errors = np.abs(np.array(learned["edges"]) - np.quantile(values, [0.2, 0.4, 0.6, 0.8]))
    assert 0 < errors.max() <= learned["edges_error_bound"] < 1e-3


def test_infinities_before_quantiles_are_refused_with_the_column(run_ember, tmp_path):
    source = write_parquet(pa.table({"x": [1.0, float("inf")]}), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {train: 1, validation: 0, test: 0}\n"
        "features: [{columns: [x], steps: [{bucketize: {quantiles: 3}}]}]\n"
    )
    process = run_ember("fit", plan, source, "-o", tmp_path / "model", status=1)
    assert process.stderr.startswith("ember: column 'x' holds 1 infinity, from which bucketize")
    plan.write_text(plan.read_text().replace("quantiles: 3", "edges: [0, 2]"))
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    assert read_shards(tmp_path / "out" / "train")["x"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "column,step,says",
    [
        ("city", "{bucketize: {quantiles: 3}}", "string"),
        ("real", "{bucketize: {edges: [2, 1]}}", "must ascend; found 1 after 2"),
        ("real", "bucketize", "either 'edges' or 'quantiles'"),
        ("day", "{datetime: [year, hour]}", "a date has no hour"),
        ("real", "{datetime: [year]}", "takes dates and timestamps"),
        ("real", "{hash_bucket: {buckets: 0}}", "from 1 to 2147483647"),
        ("day", "{datetime: [year, month]}, one_hot", "no step may follow datetime"),
    ],
)
def test_refusals_say_where_and_why(run_ember, table, tmp_path, column, step, says):
    source = write_parquet(table.slice(0, 10), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"version: 1\nfeatures:\n  - columns: [{column}]\n    steps: [{step}]\n")
    process = run_ember("fit", plan, source, "-o", tmp_path / "model", status=2)
    assert "plan.yaml:4:" in process.stderr
    assert says in process.stderr
