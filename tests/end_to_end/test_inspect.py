"""`ember inspect` against pandas and DuckDB."""

import json
import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def inspect(run_ember, *arguments) -> dict[str, dict]:
    result = run_ember("inspect", *arguments, "--json", "-q")
    return {column["name"]: column for column in json.loads(result.stdout)["columns"]}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """20,000 rows of every kind of column, with nulls, in several row groups."""
    random = np.random.default_rng(11)
    n = 20_000

    def with_nulls(values, share: float):
        return [None if r < share else v for v, r in zip(values, random.random(n), strict=True)]

    small = random.integers(-5, 6, n)
    doubles = np.round(random.normal(0, 1e3, n), 2)
    doubles[::97] = np.nan
    words = random.choice(["pear", "fig", "apple", "ÿ", ""], n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    days = [date(1969, 12, 20) + timedelta(days=int(d)) for d in random.integers(0, 40, n)]
    moments = [
        datetime(2020, 2, 28, 23) + timedelta(microseconds=int(u))
        for u in random.integers(0, 10**12, n)
    ]
    table = pa.table(
        {
            "small": pa.array(with_nulls(small.tolist(), 0.2), pa.int16()),
            "large": pa.array(with_nulls((small * 2**60 + 1).tolist(), 0.1), pa.int64()),
            "unsigned": pa.array([2**64 - 1 - int(v + 5) for v in small], pa.uint64()),
            "double": pa.array(doubles),
            "flag": pa.array(with_nulls((small > 0).tolist(), 0.3), pa.bool_()),
            "word": pa.array(with_nulls(words.tolist(), 0.05), pa.string()),
            "bytes": pa.array([bytes([255, int(v) & 255]) for v in small], pa.binary()),
            "money": pa.array([Decimal(int(v)) / 100 for v in small * 7], pa.decimal128(12, 2)),
            "day": pa.array(with_nulls(days, 0.1), pa.date32()),
            "moment": pa.array(moments, pa.timestamp("us")),
            "nothing": pa.array([None] * n, pa.float64()),
            "constant": pa.array([7] * n, pa.int32()),
            "identity": pa.array([f"{i:08x}" for i in range(n)]),
        }
    )
    path = tmp_path_factory.mktemp("inspect") / "mixed.parquet"
    pq.write_table(table, path, row_group_size=6_000, use_dictionary=["word", "small", "day"])
    return path


def test_counts_and_distinct_values(run_ember, mixed):
    found = inspect(run_ember, mixed)
    for name in pq.read_schema(mixed).names:
        values = [v for v in pq.read_table(mixed)[name].to_pylist() if v is not None and v == v]
        count, distinct = len(values), len(set(values))
        column = found[name]
        assert column["count"] == count, name
        assert column["count"] + column["null_count"] == 20_000, name
        assert column["null_share"] == column["null_count"] / 20_000
        if column["distinct_exact"]:
            assert column["distinct_count"] == distinct, name
        else:
            # Five standard errors of a HyperLogLog with 2^14 registers.
            assert column["distinct_count"] == pytest.approx(distinct, rel=5 * 0.0081), name
    assert found["identity"]["distinct_exact"], "strings are counted exactly"
    assert found["double"]["distinct_exact"], "so are numbers of fewer than 65,536 values"


def test_extremes_are_exact_and_typed(run_ember, mixed):
    found = inspect(run_ember, mixed)
    for name in ["small", "word", "flag", "constant"]:
        low, high = duckdb.sql(f"SELECT min({name}), max({name}) FROM '{mixed}'").fetchall()[0]
        assert (found[name]["min"], found[name]["max"]) == (low, high), name
    # Beyond 2^53, JSON numbers would lose digits.
    low, high = duckdb.sql(f"SELECT min(large), max(large) FROM '{mixed}'").fetchall()[0]
    assert (found["large"]["min"], found["large"]["max"]) == (str(low), str(high))
    assert found["unsigned"]["max"] == str(2**64 - 1)
    assert (found["money"]["min"], found["money"]["max"]) == ("-0.35", "0.35")
    low, high = duckdb.sql(f"SELECT min(day), max(day) FROM '{mixed}'").fetchall()[0]
    assert (found["day"]["min"], found["day"]["max"]) == (low.isoformat(), high.isoformat())
    low, high = duckdb.sql(f"SELECT min(moment), max(moment) FROM '{mixed}'").fetchall()[0]
    assert datetime.fromisoformat(found["moment"]["min"]) == low
    assert datetime.fromisoformat(found["moment"]["max"]) == high
    assert "min" not in found["nothing"]


def test_moments_and_quantiles(run_ember, mixed):
    found = inspect(run_ember, mixed)
    table = pq.read_table(mixed)
    for name in ["small", "double", "flag", "constant", "money"]:
        values = [
            Fraction(int(v) if isinstance(v, bool) else v)
            for v in table[name].to_pylist()
            if v is not None and not (isinstance(v, float) and math.isnan(v))
        ]
        if name == "money":
            values = [Fraction(float(v)) for v in values]  # the nearest doubles
        n, total = len(values), sum(values)
        assert found[name]["mean"] == float(total / n), name
        squares = sum(v * v for v in values)
        assert found[name]["variance"] == float((n * squares - total * total) / (n * n)), name
        if name == "flag":
            continue
        numbers = np.array([float(v) for v in values])
        for quantile in found[name]["quantiles"]:
            expected = float(np.quantile(numbers, quantile["q"]))
            assert quantile["error_bound"] == 0, name
            assert quantile["value"] == pytest.approx(expected, rel=1e-15), (name, quantile["q"])
        assert found[name]["median"] == float(np.median(numbers)), name
    days = sorted(v for v in table["day"].to_pylist() if v is not None)
    middle = days[(len(days) - 1) // 2]
    assert found["day"]["median"] == middle.isoformat()


def test_most_frequent_values(run_ember, mixed):
    found = inspect(run_ember, mixed, "--top", "4")
    for name in ["small", "word", "constant", "flag"]:
        expected = duckdb.sql(
            f"SELECT {name}, count(*) AS c FROM '{mixed}' WHERE {name} IS NOT NULL "
            f"GROUP BY {name} ORDER BY c DESC, {name} LIMIT 4"
        ).fetchall()
        top = [(entry["value"], entry["count"]) for entry in found[name]["top_values"]]
        assert top == expected, name
    assert found["bytes"]["top_values"][0]["value"].keys() == {"hex"}
    expected = duckdb.sql(
        f"SELECT large::VARCHAR, count(*) AS c FROM '{mixed}' WHERE large IS NOT NULL "
        "GROUP BY large ORDER BY c DESC, large LIMIT 4"
    ).fetchall()
    top = [(str(entry["value"]), entry["count"]) for entry in found["large"]["top_values"]]
    assert top == expected


def test_suggestions_are_those_of_a_plan(run_ember, mixed):
    found = inspect(run_ember, mixed)
    assert found["small"]["suggested_steps"] == "[{impute: median}, {scale: standard}]"
    assert found["word"]["suggested_steps"] == "[one_hot]"
    assert found["moment"]["detected"] == "datetime"
    assert found["moment"]["suggested_steps"].startswith("[{cyclical: [hour,")
    assert found["constant"]["left_out"] == "it has one value in the training rows"
    assert found["nothing"]["left_out"] == "all 20000 training rows are null"
    assert found["identity"]["left_out"].startswith("it looks like an identifier")
    # What is exact is not told as an estimate.
    ids = pa.table({"id": pa.array(range(3_000))})
    pq.write_table(ids, mixed.parent / "ids.parquet")
    told = inspect(run_ember, mixed.parent / "ids.parquet")["id"]
    assert (told["distinct_count"], told["distinct_exact"]) == (3_000, True)
    assert told["left_out"] == ("it looks like an identifier (3000 distinct values in 3000 rows)")
    loose = inspect(run_ember, mixed, "--high-null-threshold", "0.1")
    assert loose["flag"]["left_out"].endswith("more than 10.0 %")


def test_same_answer_for_any_threads_batches_and_row_groups(run_ember, mixed, tmp_path):
    other = tmp_path / "other.parquet"
    table = pq.read_table(mixed)
    order = np.random.default_rng(3).permutation(len(table))
    pq.write_table(table.take(order), other, row_group_size=1_777, use_dictionary=False)
    expected = inspect(run_ember, mixed)
    assert inspect(run_ember, mixed, "--threads", "7", "--batch-rows", "1000") == expected
    assert inspect(run_ember, mixed, "--threads", "1") == expected
    assert inspect(run_ember, other) == expected


def test_the_table_for_people(run_ember, mixed):
    text = run_ember("inspect", mixed, "--columns", "small,word", "-q").stdout
    assert text.startswith("20,000 rows, 2 columns, ")
    assert "small   int16" in text
    assert "pear 3" in text, text
    assert "identity" not in text


def test_empty_table(run_ember, tmp_path):
    path = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}), path)
    found = inspect(run_ember, path)
    assert found["a"]["count"] == 0
    assert not {"min", "max", "mean", "median"} & found["a"].keys()
    assert found["b"]["top_values"] == []


def test_texts_that_cannot_be_seen_are_quoted(run_ember, tmp_path):
    texts = ["", "", "", " a", " a", "b ", "plain"]
    pq.write_table(pa.table({"t": texts, "n": range(7)}), tmp_path / "t.parquet")
    told = run_ember("inspect", tmp_path / "t.parquet", "-q").stdout
    assert "'' 42.9%, ' a' 28.6%, 'b ' 14.3%, plain 14.3%" in told.replace(" %", "%")
    assert re.search(r"^t +string +0.* '' +plain", told, re.MULTILINE), told
