"""exact_quantiles against NumPy, on columns with more distinct values than a histogram keeps."""

import itertools
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from outputs import folder_digests, learned_digests, learned_steps, write_parquet

ROWS = 120_000
COLUMNS = ["real", "wide", "close", "whole", "money", "single"]
PLAN = """\
version: 1
split: {train: 1, validation: 0, test: 0}
quantile_keys: 8192
exact_quantiles: true
features:
  - {columns: [real, wide, close, whole, money, single], steps: [{impute: median}, {scale: robust}]}
  - {columns: [real2], steps: [{scale: robust}, {bucketize: {quantiles: 100}}]}
  - {columns: [real3], steps: [{impute: {strategy: median, indicator: true}}, {scale: standard}]}
  - {columns: [real4], steps: [{impute: median}, {bucketize: {quantiles: 7}}, one_hot]}
output: {dtype: float64}
"""


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(33)

    def masked(values, type_=None):
        return pa.array(values, type_, mask=rng.random(ROWS) < 0.08)

    real = rng.normal(size=ROWS)
    real[::1000] = np.nan
    cents = rng.integers(-(10**12), 10**12, 2000)
    return pa.table(
        {
            "real": masked(real),
            "wide": masked(rng.normal(size=ROWS) * 10.0 ** rng.integers(-300, 300, ROWS)),
            "close": masked(1e6 + rng.random(ROWS) * 1e-4),
            "whole": masked(rng.integers(-(2**53), 2**53, ROWS)),
            "money": masked(
                [Decimal(int(v)).scaleb(-3) for v in np.resize(cents, ROWS) + np.arange(ROWS)],
                pa.decimal128(20, 3),
            ),
            "single": masked(rng.exponential(size=ROWS).astype(np.float32)),
            "real2": masked(real),
            "real3": masked(real),
            "real4": masked(real),
        }
    )


def values_of(table: pa.Table, column: str) -> np.ndarray:
    """The values that are there."""
    array = table[column]
    if pa.types.is_decimal(array.type):
        return np.array([float(v) for v in array.to_pylist() if v is not None])
    values = array.drop_null().to_numpy().astype(np.float64)
    return values[~np.isnan(values)]


@pytest.fixture(scope="module")
def fitted(run_ember, table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    (folder / "plan.yaml").write_text(PLAN)
    source = write_parquet(table, folder / "table.parquet", row_group_size=20_000)
    run_ember("fit", folder / "plan.yaml", source, "-o", folder / "model", "-q")
    return folder


@pytest.mark.parametrize("column", COLUMNS)
def test_medians_and_quartiles(fitted, table, column):
    values = values_of(table, column)
    assert len(np.unique(values)) > 8192
    steps = learned_steps(fitted / "model", column)
    median = np.median(values)
    assert steps["impute"]["fill"] == median
    assert steps["impute"]["median_error_bound"] == 0
    filled = np.concatenate([values, np.full(ROWS - len(values), median)])
    low, high = np.quantile(filled, [0.25, 0.75])
    assert steps["scale"]["median"] == np.median(filled)
    assert (steps["scale"]["quantile_25"], steps["scale"]["quantile_75"]) == (low, high)
    assert steps["scale"]["median_error_bound"] == steps["scale"]["scale_error_bound"] == 0


def test_quantile_buckets_behind_a_learned_scale(fitted, table):
    values = values_of(table, "real2")
    steps = learned_steps(fitted / "model", "real2")
    scaled = (values - np.median(values)) / steps["scale"]["scale"]
    edges = np.quantile(scaled, np.arange(1, 100) / 100)
    assert steps["bucketize"]["edges"] == edges.tolist()
    assert steps["bucketize"]["edges_error_bound"] == 0


def test_steps_behind_a_median_that_took_two_passes(fitted, table):
    values = values_of(table, "real3")
    steps = learned_steps(fitted / "model", "real3")
    median = np.median(values)
    assert steps["impute"]["fill"] == median
    assert steps["scale"]["count"] == ROWS
    filled = np.concatenate([values, np.full(ROWS - len(values), median)])
    assert steps["scale"]["mean"] == pytest.approx(filled.mean(), rel=1e-12)
    values = values_of(table, "real4")
    filled = np.concatenate([values, np.full(ROWS - len(values), np.median(values))])
    steps = learned_steps(fitted / "model", "real4")
    assert steps["bucketize"]["edges"] == np.quantile(filled, np.arange(1, 7) / 7).tolist()
    assert steps["one_hot"]["categories"] == [0, 1, 2, 3, 4, 5, 6]


def test_without_the_option_there_is_a_bound(run_ember, fitted, table, tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN.replace("exact_quantiles: true\n", ""))
    source = fitted / "table.parquet"
    run_ember("fit", tmp_path / "plan.yaml", source, "-o", tmp_path / "model", "-q")
    step = learned_steps(tmp_path / "model", "real")["impute"]
    error = abs(step["fill"] - np.median(values_of(table, "real")))
    assert 0 < error <= step["median_error_bound"]


def test_threads_batches_order_and_layout_change_nothing(run_ember, fitted, table, tmp_path):
    plan = fitted / "plan.yaml"
    for number, options in enumerate(
        [["--threads", 1, "--batch-rows", 501], ["--threads", 5, "--memory", "128MiB"]]
    ):
        other = tmp_path / f"m{number}"
        run_ember("fit", plan, fitted / "table.parquet", "-o", other, "-q", *options)
        assert folder_digests(other) == folder_digests(fitted / "model")
    shuffled = table.take(np.random.default_rng(1).permutation(ROWS))
    for number in range(3):
        write_parquet(
            shuffled.slice(number * ROWS // 3, ROWS // 3),
            tmp_path / "files" / f"{number}.parquet",
            use_dictionary=number == 0,
        )
    run_ember("fit", plan, tmp_path / "files", "-o", tmp_path / "parts", "-q")
    assert learned_digests(tmp_path / "parts") == learned_digests(fitted / "model")


def test_parts_merge_only_without_another_pass(run_ember, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {train: 1, validation: 0, test: 0}\nquantile_keys: 8192\n"
        "exact_quantiles: true\nfeatures: [{columns: [x], steps: [{impute: median}]}]\n"
    )
    rng = np.random.default_rng(6)
    for name, values in [("few", rng.integers(0, 8000, 14_000)), ("many", rng.random(14_000))]:
        whole = write_parquet(pa.table({"x": values}), tmp_path / name / "whole.parquet")
        run_ember("fit", plan, whole, "-o", tmp_path / name / "model", "-q")
        models = []
        for number, (begin, end) in enumerate(itertools.pairwise(range(0, 14_001, 2000))):
            part = write_parquet(
                pa.table({"x": values[begin:end]}), tmp_path / name / f"{number}.parquet"
            )
            models.append(tmp_path / name / f"m{number}")
            run_ember("fit", plan, part, "-o", models[-1], "-q")
        merged = tmp_path / name / "merged"
        process = run_ember("merge", *models, "-o", merged, status=0 if name == "few" else 2)
        if name == "few":
            assert folder_digests(merged) == folder_digests(tmp_path / name / "model")
        else:
            assert "more than quantile_keys (8192) distinct values" in process.stderr
            document = json.loads((tmp_path / name / "model" / "model.json").read_text())
            assert document["columns"]["x"][0]["fill"] == np.median(values)
