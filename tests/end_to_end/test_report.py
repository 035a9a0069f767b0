"""The data behind the charts of report.html against pandas, and the page in a browser."""

import datetime
import decimal
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import read_shards, write_parquet

DATA = re.compile(r'<script type="application/json" id="report-data">(.*?)</script>', re.DOTALL)
SPLITS = ["train", "validation", "test"]
HOSTILE = "</script><img src=x onerror=alert(1)>\u2028"


def report_data(output: Path) -> dict:
    return json.loads(DATA.search((output / "report.html").read_text())[1])


def report_columns(output: Path) -> dict[str, dict]:
    return {column["name"]: column for column in report_data(output)["columns"]}


def mixed_table(rows: int, seed: int) -> pa.Table:
    """Numbers, times, texts and booleans with nulls, NaN, infinities, outliers and huge values."""
    random = np.random.default_rng(seed)

    def nulls(values: list, share: float) -> list:
        return [
            None if gone else v for v, gone in zip(values, random.random(rows) < share, strict=True)
        ]

    start = datetime.datetime(2021, 3, 4, 5, 6, 7)
    floats = random.normal(50, 20, rows)
    floats[random.random(rows) < 0.05] = np.nan
    wild = np.where(random.random(rows) < 0.002, 1e15, random.normal(0, 1, rows))
    wild[:3] = [np.inf, -np.inf, -0.0]
    seconds = random.integers(0, 86400 * 30, rows).tolist()
    return pa.table(
        {
            "row": pa.array(range(rows), pa.int64()),
            "small": pa.array(nulls(random.integers(-3, 4, rows).tolist(), 0.2), pa.int8()),
            "integer": pa.array(nulls(random.integers(0, 9000, rows).tolist(), 0.1), pa.int32()),
            "float": pa.array(nulls(floats.tolist(), 0.1), pa.float64()),
            "wild": pa.array(wild, pa.float32()),
            "huge": pa.array(random.integers(-(2**63), 2**63 - 1, rows)),
            "unsigned": pa.array(random.integers(2**63, 2**64 - 1, rows, dtype=np.uint64)),
            "decimal": pa.array(
                nulls(
                    [decimal.Decimal(int(v)) / 100 for v in random.integers(-9999, 9999, rows)], 0.1
                ),
                pa.decimal128(12, 2),
            ),
            "day": pa.array(
                nulls([start.date() + datetime.timedelta(s // 3000) for s in seconds], 0.1)
            ),
            "nanos": pa.array(
                nulls(
                    [start + datetime.timedelta(seconds=s, microseconds=s) for s in seconds], 0.1
                ),
                pa.timestamp("ns"),
            ),
            "flag": pa.array(nulls((random.random(rows) < 0.3).tolist(), 0.3), pa.bool_()),
            HOSTILE: pa.array(nulls(random.choice([HOSTILE, "a", "b&c"], rows).tolist(), 0.1)),
            "word": pa.array([f"w{int(v) % 3000}" for v in random.zipf(1.4, rows)]),
            "all_null": pa.array([None] * rows, pa.float64()),
        }
    )


PLAN = f"""
version: 1
target: {{column: small}}
split: {{method: hash, key: [row], train: 0.7, validation: 0.2, test: 0.1, seed: 5}}
features:
  - columns: [row, integer, float, wild, huge, unsigned, decimal, day, nanos, flag, all_null]
    steps: [passthrough]
  - columns: [word]
    steps: [{{vocabulary: {{min_count: 4, max_size: 150}}}}]
  - columns: [{json.dumps(HOSTILE)}]
    steps: [{{impute: most_frequent}}, one_hot]
"""


@pytest.fixture(scope="module")
def mixed(run_ember, tmp_path_factory) -> tuple[pd.DataFrame, Path]:
    """The table with the split of each row as `ember` wrote it, and the output folder."""
    folder = tmp_path_factory.mktemp("report")
    table = mixed_table(12000, 1)
    write_parquet(table, folder / "table.parquet", row_group_size=2500)
    (folder / "plan.yaml").write_text(PLAN)
    run_ember(
        "extract", folder / "table.parquet", "-o", folder / "out", "--plan", folder / "plan.yaml"
    )
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    frame["split"] = None
    for split in SPLITS:
        rows = read_shards(folder / "out" / split)["row"].to_numpy()
        frame.loc[rows, "split"] = split
    return frame, folder / "out"


def numbers_of(frame: pd.DataFrame, table_column: str) -> pd.Series:
    """A column as float64 with NaN where it is missing; times as their integers."""
    column = frame[table_column].array._pa_array.combine_chunks()
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int64() if column.type.bit_width == 64 else pa.int32())
    values = [np.nan if v is None else float(v) for v in column.to_pylist()]
    return pd.Series(values, index=frame.index)


def per_split(frame: pd.DataFrame, mask: pd.Series) -> list[int]:
    return [int((mask & (frame["split"] == split)).sum()) for split in SPLITS]


def test_splits_and_missing_values(mixed):
    frame, output = mixed
    data = report_data(output)
    assert data["splits"] == SPLITS
    assert data["rows"] == per_split(frame, pd.Series(True, index=frame.index))
    columns = report_columns(output)
    assert list(columns) == [name if name != HOSTILE else list(columns)[11] for name in frame][:-1]
    for name in ["small", "integer", "float", "decimal", "day", "nanos", "wild", "all_null"]:
        missing = numbers_of(frame, name).isna()
        assert columns[name]["missing"] == per_split(frame, missing), name
    for name in ["flag", "word"]:
        assert columns[name]["missing"] == per_split(frame, frame[name].isna()), name
    assert columns["wild"]["infinite"] == per_split(frame, np.isinf(numbers_of(frame, "wild")))
    assert sum(columns["wild"]["infinite"]) == 2
    assert columns["all_null"]["no_chart"] == "no row has a number"
    assert columns["small"]["target"] is True


@pytest.mark.parametrize(
    "name",
    ["row", "integer", "float", "wild", "huge", "unsigned", "decimal", "day", "nanos"],
)
def test_bins_hold_the_rows_between_their_edges(mixed, name):
    frame, output = mixed
    (chart,) = report_columns(output)[name]["charts"]
    assert chart["kind"] == "bins"
    edges = chart["edges"]
    assert 8 < len(edges) <= 44
    assert edges == sorted(set(edges))
    values = numbers_of(frame, name)
    finite = np.isfinite(values)
    for i, counted in enumerate(chart["rows"]):
        inside = finite & (values >= edges[i]) & (values < edges[i + 1])
        assert counted == per_split(frame, inside), (name, i)
    assert chart["below"] == per_split(frame, finite & (values < edges[0]))
    assert chart["above"] == per_split(frame, finite & (values >= edges[-1]))
    # The bulk of the rows is shown.
    assert sum(map(sum, chart["rows"])) >= 0.97 * finite.sum()


def test_outliers_do_not_hide_the_others(mixed):
    _, output = mixed
    (chart,) = report_columns(output)["wild"]["charts"]
    assert -10 < chart["edges"][0] < 0 < chart["edges"][-1] < 10
    assert sum(chart["above"]) > 5


def test_few_numbers_are_counted_one_by_one(mixed):
    frame, output = mixed
    (chart,) = report_columns(output)["small"]["charts"]
    assert chart["kind"] == "numbers"
    assert chart["edges"] == [-3, -2, -1, 0, 1, 2, 3]
    values = numbers_of(frame, "small")
    assert chart["rows"] == [per_split(frame, values == v) for v in chart["edges"]]


def test_booleans_and_one_hot(mixed):
    frame, output = mixed
    columns = report_columns(output)
    (flags,) = columns["flag"]["charts"]
    assert flags["labels"] == ["false", "true"]
    assert flags["rows"] == [
        per_split(frame, (frame["flag"] == value).fillna(False).astype(bool))
        for value in [False, True]
    ]
    (name,) = [name for name in columns if name.startswith("</script>")]
    column = columns[name]
    (chart,) = column["charts"]
    for label, rows in zip(chart["labels"], chart["rows"], strict=True):
        value = HOSTILE if label.startswith("</script>") else label
        # What was imputed is missing, not a category.
        assert rows == per_split(frame, (frame[HOSTILE] == value).fillna(False).astype(bool))
    assert len(chart["labels"]) == 3
    assert column["learned"][0]["unseen"] == [0, 0, 0]


def test_vocabulary_coverage_and_what_the_thresholds_cost(mixed):
    frame, output = mixed
    column = report_columns(output)["word"]
    train = frame.loc[frame["split"] == "train", "word"].astype(str)
    counts = train.value_counts()
    ranked = sorted(counts[counts >= 4].items(), key=lambda item: (-item[1], item[0].encode()))
    kept = [word for word, _ in ranked[:150]]
    (learned,) = column["learned"]
    assert learned["step"] == "vocabulary"
    assert learned["size"] == len(kept)
    assert learned["distinct_count"] == len(counts)
    assert learned["oov_count"] == int(counts.drop(kept).sum())
    known = frame["word"].astype(str).isin(kept)
    assert learned["covered"] == per_split(frame, known)
    assert learned["unseen"] == per_split(frame, ~known)
    assert sum(learned["unseen"]) > 0
    (chart,) = column["charts"]
    assert chart["labels"] == kept[:12]
    for label, rows in zip(chart["labels"], chart["rows"], strict=True):
        assert rows == per_split(frame, frame["word"].astype(str) == label)
    assert chart["other"] == per_split(frame, frame["word"].astype(str).isin(kept[12:]))
    assert chart["unseen"] == learned["unseen"]
    # The page says it in words, too.
    page = (output / "report.html").read_text()
    lost = f"{len(counts) - len(kept):,} of {len(counts):,} values"
    assert lost in page


@pytest.mark.parametrize(
    "options",
    [["--threads", "1"], ["--threads", "7"], ["--batch-rows", "100"], ["--memory", "128MiB"]],
    ids=" ".join,
)
def test_the_data_is_the_same_for_any_settings(mixed, run_ember, tmp_path, options):
    _, output = mixed
    folder = output.parent
    run_ember(
        "extract", folder / "table.parquet", "-o", tmp_path, "--plan", folder / "plan.yaml",
        "--overwrite", *options,
    )  # fmt: skip
    assert report_data(tmp_path) == report_data(output)


def test_order_and_encoding_of_the_rows_do_not_show(mixed, run_ember, tmp_path):
    """The same rows in another order, plain pages and other row groups: equal charts."""
    _, output = mixed
    folder = output.parent
    table = pq.read_table(folder / "table.parquet")
    order = np.random.default_rng(3).permutation(table.num_rows)
    write_parquet(
        table.take(pa.array(order)),
        tmp_path / "t.parquet",
        row_group_size=7000,
        use_dictionary=False,
    )
    run_ember(
        "extract", tmp_path / "t.parquet", "-o", tmp_path / "out", "--plan", folder / "plan.yaml"
    )
    assert report_data(tmp_path / "out") == report_data(output)


def test_transform_shows_all_rows_against_what_was_learned(mixed, run_ember, tmp_path):
    _, output = mixed
    write_parquet(mixed_table(3000, 2), tmp_path / "new.parquet")
    run_ember("transform", output / "model", tmp_path / "new.parquet", "-o", tmp_path / "out")
    data = report_data(tmp_path / "out")
    assert (data["splits"], data["rows"]) == (["all"], [3000])
    words = mixed_table(3000, 2)["word"].to_pandas()
    vocabulary = pq.read_table(next((output / "model" / "vocabulary").glob("*.parquet")))
    known = words.isin(vocabulary["value"].to_pylist())
    (learned,) = report_columns(tmp_path / "out")["word"]["learned"]
    assert (learned["covered"], learned["unseen"]) == ([known.sum()], [(~known).sum()])


def test_flights(run_ember, flights, tmp_path):
    frame = pq.read_table(flights).slice(0, 200_000)
    pq.write_table(frame, tmp_path / "flights.parquet", row_group_size=60_000)
    run_ember("extract", tmp_path / "flights.parquet", "-o", tmp_path / "out", "--target", "delay")
    columns = report_columns(tmp_path / "out")
    delay = frame["delay"].to_numpy()
    (chart,) = columns["delay"]["charts"]
    found = [sum(rows) for rows in chart["rows"]]
    # pandas and NumPy close the last bin on both sides; here it is open.
    expected = np.histogram(delay[delay < chart["edges"][-1]], chart["edges"])[0]
    assert found == expected.tolist()
    (origins,) = columns["origin"]["charts"]
    counts = frame["origin"].to_pandas().value_counts()
    for label, rows in zip(origins["labels"], origins["rows"], strict=True):
        assert sum(rows) == counts[label]


def test_more_columns_than_charts(run_ember, tmp_path):
    """Beyond 500 columns the report says which have no chart; missing values are counted."""
    random = np.random.default_rng(0)
    table = {f"c{i:03}": random.normal(0, 1, 200) for i in range(700)}
    table["c650"][:40] = np.nan
    write_parquet(pd.DataFrame(table), tmp_path / "t.parquet")
    run_ember("extract", tmp_path / "t.parquet", "-o", tmp_path / "out", "--target", "c699")
    columns = report_columns(tmp_path / "out")
    assert sum(columns["c650"]["missing"]) == 40
    without = [name for name, column in columns.items() if not column["charts"]]
    assert len(without) == 200
    assert columns["c698"]["no_chart"] == "only 500 columns get charts"
    assert columns["c699"]["charts"]  # the target
    assert (tmp_path / "out" / "report.html").stat().st_size < 6_000_000


def browser() -> str | None:
    return next(
        filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
    )


@pytest.mark.skipif(browser() is None, reason="there is no Chromium here")
def test_charts_in_a_browser(mixed, tmp_path):
    """Vega draws every chart in view, nothing complains, nothing hostile runs."""
    _, output = mixed
    page = tmp_path / "report.html"
    page.write_bytes((output / "report.html").read_bytes())
    command = [
        browser(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
    ]
    command += ["--window-size=1280,30000", "--virtual-time-budget=20000", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert "CONSOLE" not in run.stderr, run.stderr
    dom = run.stdout
    figures = dom.count('<figure class="chart"')
    assert figures > 10
    assert dom.count('class="vega"') == figures
    assert dom.count("<path") > 100
    assert "<img" not in dom
