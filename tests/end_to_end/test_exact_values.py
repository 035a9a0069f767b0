"""Times and integers beyond 2^53 are told apart, and impute keeps a column's type.

Against pandas, NumPy, DuckDB and FarmHash.
"""

import json
import struct
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import farmhash
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import folder_digests, learned_digests, learned_steps, read_shards

FAR = 2**53


def inspect(run_ember, *arguments) -> dict[str, dict]:
    result = run_ember("inspect", *arguments, "--json", "-q")
    return {column["name"]: column for column in json.loads(result.stdout)["columns"]}


@pytest.fixture(scope="module")
def close(tmp_path_factory) -> Path:
    """3,000 rows of values that are close together and far from zero."""
    random = np.random.default_rng(53)
    step = random.integers(0, 1_000, 3_000)
    step[:1_000] = np.arange(1_000)
    nanos = pd.Timestamp("2024-05-06 07:08:09").value
    table = pa.table(
        {
            "nano": pa.array(nanos + step, pa.timestamp("ns")),
            "zoned": pa.array(nanos + step, pa.timestamp("ns", "UTC")),
            "time": pa.array(86_399_999_000_000 + step, pa.time64("ns")),
            "signed": pa.array(-(2**62) + step, pa.int64()),
            "unsigned": pa.array([2**64 - 1 - int(s) for s in step], pa.uint64()),
            "lasting": pa.array(2**61 + step, pa.duration("ns")),
            "row": pa.array(np.arange(3_000)),
        }
    )
    path = tmp_path_factory.mktemp("close") / "close.parquet"
    pq.write_table(table, path, row_group_size=700, use_dictionary=["signed", "nano"])
    return path


def test_inspect_counts_each_value(run_ember, close):
    found = inspect(run_ember, close, "--top", "3")
    table = pq.read_table(close)
    for name in ["nano", "zoned", "time", "signed", "unsigned", "lasting"]:
        column = found[name]
        assert column["distinct_count"] == 1_000, name
        assert column["distinct_exact"], name
        values = table[name].combine_chunks()
        if name != "unsigned":
            values = values.view(pa.int64())
        ranked = sorted(Counter(values.to_pylist()).items(), key=lambda item: (-item[1], item[0]))
        top = [entry["count"] for entry in column["top_values"]]
        assert top == [count for _, count in ranked[:3]], name
        if name in ["signed", "unsigned"]:
            assert [entry["value"] for entry in column["top_values"]] == [
                str(value) for value, _ in ranked[:3]
            ]
            ordered = sorted(values.to_pylist())
            middle = (ordered[1_499] + ordered[1_500]) // 2
            assert column["median"] == str(middle), name
            assert column["median_error_bound"] == 0
    nano = table["nano"].to_pandas()
    ordered = nano.sort_values().astype("int64").tolist()
    assert pd.Timestamp(found["nano"]["median"]).value == (ordered[1_499] + ordered[1_500]) // 2
    most = nano.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[0]
    assert pd.Timestamp(found["nano"]["top_values"][0]["value"]) == most


def test_inspect_is_the_same_in_any_order(run_ember, close, tmp_path):
    table = pq.read_table(close)
    other = tmp_path / "other.parquet"
    order = np.random.default_rng(4).permutation(len(table))
    pq.write_table(table.take(order), other, row_group_size=333, use_dictionary=False)
    assert inspect(run_ember, other, "--threads", "1") == inspect(run_ember, close)


def test_automatic_plans_keep_such_columns(run_ember, close):
    plan = run_ember("plan", close, "--columns", "nano,zoned,signed", "-q").stdout
    assert "constant" not in plan
    for name in ["nano", "zoned", "signed"]:
        assert f"columns: [{name}]" in plan


def test_medians_of_integers_are_those_of_their_values(run_ember, close, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1, validation: 0, test: 0}\n"
        "features:\n  - {columns: [signed], steps: [{impute: median}, {scale: robust}]}\n"
    )
    run_ember("fit", plan, close, "-o", tmp_path / "model", "-q")
    values = sorted(pq.read_table(close)["signed"].to_pylist())
    learned = learned_steps(tmp_path / "model", "signed")
    exact = (values[1_499] + values[1_500]) / 2  # Python's integers, rounded once
    assert learned["impute"]["fill"] == exact
    assert learned["impute"]["median_error_bound"] == 0


def test_exact_quantiles_after_a_fill_are_those_of_the_doubles(run_ember, tmp_path):
    random = np.random.default_rng(6)
    rows = 40_000
    far = 2**60 + (random.integers(0, 2**20, rows) << 18) - random.integers(0, 2, rows)
    columns = {
        "far": pa.array(far * random.choice([-1, 1], rows), mask=random.random(rows) < 0.1),
        "full": pa.array(far.astype(np.uint64) + np.uint64(2**63)),
        "near": pa.array(random.integers(0, 2**40, rows), mask=random.random(rows) < 0.2),
    }
    source = tmp_path / "source.parquet"
    pq.write_table(pa.table(columns), source, row_group_size=9_000, use_dictionary=False)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nquantile_keys: 8192\nexact_quantiles: true\n"
        "split: {method: hash, train: 1, validation: 0, test: 0}\nfeatures:\n"
        "  - {columns: [far, full, near], steps: [{impute: median}, {scale: robust}]}\n"
    )
    run_ember("fit", plan, source, "-o", tmp_path / "model", "-q")
    for name, column in columns.items():
        learned = learned_steps(tmp_path / "model", name)
        known = sorted(v for v in column.to_pylist() if v is not None)
        middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
        assert learned["impute"]["fill"] == middle, name
        assert learned["impute"]["median_error_bound"] == 0
        filled = np.array([middle if v is None else float(v) for v in column.to_pylist()])
        assert learned["scale"]["median"] == np.median(filled), name
        quartiles = [learned["scale"]["quantile_25"], learned["scale"]["quantile_75"]]
        assert quartiles == np.quantile(filled, [0.25, 0.75]).tolist(), name


def test_merged_fits_equal_the_fit_of_the_whole(run_ember, close, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nquantile_keys: 8192\n"
        "split: {method: hash, key: [row], train: 0.9, validation: 0.1, test: 0}\n"
        "features:\n  - {columns: [signed, unsigned], steps: [{impute: median}]}\n"
        "  - {columns: [row], steps: [{impute: most_frequent}, vocabulary]}\n"
    )
    table = pq.read_table(close)
    pieces = []
    for i, (first, count) in enumerate([(0, 900), (900, 1_500), (2_400, 600)]):
        path = tmp_path / f"piece{i}.parquet"
        pq.write_table(table.slice(first, count), path)
        run_ember("fit", plan, path, "-o", tmp_path / f"model{i}", "-q")
        pieces.append(tmp_path / f"model{i}")
    run_ember("fit", plan, close, "-o", tmp_path / "whole", "-q")
    run_ember("merge", *pieces, "-o", tmp_path / "merged", "-q")
    assert learned_digests(tmp_path / "merged") == learned_digests(tmp_path / "whole")
    state = Path("state/states.bin")
    assert (tmp_path / "merged" / state).read_bytes() == (tmp_path / "whole" / state).read_bytes()


@pytest.fixture(scope="module")
def holes(tmp_path_factory) -> Path:
    """2,000 rows with nulls; each column's most frequent value is known to be the second one."""
    random = np.random.default_rng(7)
    n = 2_000
    ids = [FAR + 1 + i for i in range(40)]
    pick = random.integers(0, 40, n)
    pick[random.random(n) < 0.2] = 1

    def column(values, kind):
        return pa.array(
            [None if r < 0.15 else values(p) for p, r in zip(pick, random.random(n), strict=True)],
            kind,
        )

    table = pa.table(
        {
            "id": column(lambda p: ids[p], pa.int64()),
            "tiny": column(lambda p: int(p) - 20, pa.int8()),
            "large": column(lambda p: 2**64 - 41 + int(p), pa.uint64()),
            "money": column(lambda p: Decimal(int(p) - 20) / 4, pa.decimal128(25, 2)),
            "real": column(lambda p: float(p) / 8, pa.float32()),
            "city": column(lambda p: f"city {p}", pa.string()),
            "day": column(lambda p: int(p) * 365, pa.date32()),
            "nano": column(lambda p: 1_700_000_000_000_000_000 + int(p), pa.timestamp("ns")),
            "flag": column(lambda p: bool(p % 2), pa.bool_()),
        }
    )
    path = tmp_path_factory.mktemp("holes") / "holes.parquet"
    pq.write_table(table, path, row_group_size=600, use_dictionary=["id", "city", "money"])
    return path


ALL = "split: {method: hash, train: 1, validation: 0, test: 0}\n"


def extract(run_ember, source: Path, folder: Path, steps: dict[str, str], status: int = 0):
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / "plan.yaml"
    lines = [f"  - {{columns: [{name}], steps: {text}}}\n" for name, text in steps.items()]
    plan.write_text("version: 1\n" + ALL + "features:\n" + "".join(lines))
    result = run_ember("extract", source, "--plan", plan, "-o", folder / "out", "-q", status=status)
    return read_shards(folder / "out" / "train") if status == 0 else result


def most_frequent(column: pa.ChunkedArray):
    """The value of the largest count, the smallest of those."""
    counts = Counter(v for v in column.to_pylist() if v is not None)
    return min(counts, key=lambda value: (-counts[value], value))


@pytest.mark.parametrize("encoded", [False, True])
def test_the_most_frequent_value_keeps_every_type(run_ember, holes, tmp_path, encoded):
    source = tmp_path / "source.parquet"
    table = pq.read_table(holes)
    pq.write_table(table, source, use_dictionary=encoded, row_group_size=512)
    names = table.column_names
    found = extract(
        run_ember, source, tmp_path, dict.fromkeys(names, "[{impute: most_frequent}, passthrough]")
    )
    for name in names:
        fill = most_frequent(table[name])
        assert found[name].type == table[name].type, name
        expected = [fill if v is None else v for v in table[name].to_pylist()]
        assert found[name].to_pylist() == expected, name
    assert learned_steps(tmp_path / "out" / "model", "id")["impute"]["fill"] == str(
        most_frequent(table["id"])
    )
    # The model serves: it is read back and gives the same again.
    run_ember("transform", tmp_path / "out" / "model", source, "-o", tmp_path / "again", "-q")
    assert read_shards(tmp_path / "again").equals(found)


def test_buckets_are_those_of_the_same_value_without_impute(run_ember, holes, tmp_path):
    bucket = "{hash_bucket: {buckets: 10000}}"
    names = ["id", "tiny", "large", "money", "real", "city", "day", "nano", "flag"]
    plain = extract(run_ember, holes, tmp_path / "a", dict.fromkeys(names, f"[{bucket}]"))
    filled = extract(
        run_ember,
        holes,
        tmp_path / "b",
        dict.fromkeys(names, f"[{{impute: most_frequent}}, {bucket}]"),
    )
    table = pq.read_table(holes)
    for name in names:
        of_value = dict(zip(table[name].to_pylist(), plain[name].to_pylist(), strict=True))
        fill = most_frequent(table[name])
        expected = [of_value[fill if v is None else v] for v in table[name].to_pylist()]
        assert filled[name].to_pylist() == expected, name
    for name, packed in {"id": "<q", "tiny": "<q"}.items():
        fill = most_frequent(table[name])
        expected = [
            farmhash.fingerprint64(struct.pack(packed, fill if v is None else v)) % 10_000
            for v in table[name].to_pylist()
        ]
        assert filled[name].to_pylist() == expected, name


def test_vocabularies_hold_the_columns_values(run_ember, holes, tmp_path):
    names = ["id", "large", "money", "nano"]
    found = extract(
        run_ember, holes, tmp_path, dict.fromkeys(names, "[{impute: most_frequent}, vocabulary]")
    )
    table = pq.read_table(holes)
    for position, name in enumerate(names):
        # The step's position in the plan: two steps a column, of which the second is it.
        words = pq.read_table(
            tmp_path / "out" / "model" / "vocabulary" / f"{2 * position + 1:05}.parquet"
        )
        assert words["value"].type == table[name].type
        fill = most_frequent(table[name])
        filled = [fill if v is None else v for v in table[name].to_pylist()]
        counts = Counter(filled)
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        assert words["value"].to_pylist() == ranked, name
        assert words["count"].to_pylist() == [counts[value] for value in ranked], name
        ids = {value: 3 + rank for rank, value in enumerate(ranked)}
        assert found[name].to_pylist() == [ids[value] for value in filled], name
    counted = duckdb.sql(
        f"SELECT count(DISTINCT id), count(DISTINCT large) FROM '{holes}'"
    ).fetchall()
    assert counted == [(40, 40)]


def test_other_steps_after_a_fill(run_ember, holes, tmp_path):
    table = pq.read_table(holes)
    found = extract(
        run_ember,
        holes,
        tmp_path,
        {
            "id": "[{impute: most_frequent}, {cast: int64}]",
            "tiny": "[{impute: {constant: -3}}, one_hot]",
            "large": "[{impute: most_frequent}, {cast: uint64}]",
            "real": "[{impute: {constant: 0.5}}, {bucketize: {edges: [0.25, 0.5, 2]}}]",
            "day": "[{impute: {constant: 1970-01-02}}, {datetime: [year]}]",
            "city": "[{impute: {constant: nowhere}}, passthrough]",
            "flag": "[{impute: most_frequent}]",
        },
    )
    for name in ["id", "large"]:
        fill = most_frequent(table[name])
        assert found[name].type == table[name].type
        assert found[name].to_pylist() == [
            fill if v is None else v for v in table[name].to_pylist()
        ]
    tiny = table["tiny"].to_pandas().fillna(-3)
    assert [c for c in found.column_names if c.startswith("tiny")] == [
        f"tiny={value}" for value in sorted({int(v) for v in tiny})
    ]
    np.testing.assert_array_equal(found["tiny=-3"].to_numpy(), (tiny == -3).to_numpy())
    real = table["real"].to_pandas().fillna(0.5)
    assert found["real"].to_pylist() == np.digitize(real, [0.25, 0.5, 2]).tolist()
    days = pd.to_datetime(table["day"].to_pandas()).fillna(pd.Timestamp("1970-01-02"))
    assert found["day_year"].to_pylist() == days.dt.year.tolist()
    assert found["city"].to_pylist() == table["city"].to_pandas().fillna("nowhere").tolist()
    assert found["flag"].type == pa.float32(), "numbers whose type no step chose"


def test_means_make_doubles_and_so_do_constants_that_do_not_fit(run_ember, holes, tmp_path):
    found = extract(
        run_ember,
        holes,
        tmp_path,
        {
            "tiny": "[{impute: mean}, passthrough]",
            "large": "[{impute: {constant: -1}}, passthrough]",
            "money": "[{impute: {constant: 0.125}}, passthrough]",
        },
    )
    table = pq.read_table(holes)
    assert {found[name].type for name in found.column_names} <= {pa.float32(), pa.float64()}
    money = [0.125 if v is None else float(v) for v in table["money"].to_pylist()]
    assert found["money"].to_pylist() == money


def test_constants_fill_exactly(run_ember, holes, tmp_path):
    found = extract(
        run_ember,
        holes,
        tmp_path,
        {
            "id": f"[{{impute: {{constant: {FAR + 3}}}}}, passthrough]",
            "large": f"[{{impute: {{constant: {2**64 - 1}}}}}, passthrough]",
            "money": "[{impute: {constant: 2.5}}, passthrough]",
        },
    )
    table = pq.read_table(holes)
    for name, fill in {"id": FAR + 3, "large": 2**64 - 1, "money": Decimal("2.5")}.items():
        assert found[name].type == table[name].type, name
        assert found[name].to_pylist() == [
            fill if v is None else v for v in table[name].to_pylist()
        ]


def test_threads_and_batches_change_no_byte(run_ember, holes, tmp_path):
    names = ["id", "large", "money", "real", "nano"]
    extract(
        run_ember, holes, tmp_path, dict.fromkeys(names, "[{impute: most_frequent}, vocabulary]")
    )
    run_ember(
        *("extract", holes, "--plan", tmp_path / "plan.yaml", "-o", tmp_path / "other", "-q"),
        *("--threads", "5", "--batch-rows", "7"),
    )
    assert folder_digests(tmp_path / "other") == folder_digests(tmp_path / "out")


@pytest.mark.parametrize("constant", ["5.00", "5e0", "5"])
def test_a_whole_number_is_an_integer_however_it_is_written(run_ember, tmp_path, constant):
    values = [FAR + 1, FAR + 1, FAR, None]
    pq.write_table(pa.table({"x": pa.array(values, pa.int64())}), tmp_path / "t.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {train: 1.0, validation: 0, test: 0}\nfeatures:\n"
        f"  - {{columns: [x], steps: [{{impute: {{constant: {constant}}}}}, passthrough]}}\n"
    )
    run_ember("extract", tmp_path / "t.parquet", "--plan", plan, "-o", tmp_path / "out", "-q")
    assert read_shards(tmp_path / "out" / "train")["x"].to_pylist() == [*values[:3], 5]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
@pytest.mark.parametrize("values", [[-0.0, 0.0, 0.5], [0.0, -0.0, 0.5], [-0.5, -0.0, 0.0]])
def test_inspect_knows_one_zero(run_ember, tmp_path, kind, values):
    pq.write_table(pa.table({"x": pa.array(values, kind)}), tmp_path / "t.parquet")
    column = inspect(run_ember, tmp_path / "t.parquet")["x"]
    ends = (column["min"], column["max"])
    assert ends == (min(values), max(values))
    assert not any(np.signbit(end) for end in ends if end == 0)
