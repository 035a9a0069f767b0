"""CSV files: the same values as other readers find, the same results as Parquet gives."""

import datetime as dt
import gzip
import json
import random
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from outputs import content_checksums, folder_digests, learned_digests, read_shards, write_parquet

TYPES = {
    "flag": pa.bool_(),
    "count": pa.int64(),
    "ratio": pa.float64(),
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "fine": pa.timestamp("ns"),
    "instant": pa.timestamp("us", tz="UTC"),
    "word": pa.string(),
    "text": pa.string(),
    "code": pa.string(),
}
PARTS = ["a", "Zürich", "日本", "😀", ",", ";", '"', "\n", "\r\n", " ", "\t", "x" * 20, "'"]


def random_cell(rng: random.Random, name: str) -> str:
    """A value as text; rows have all spellings that the type has."""
    moment = dt.datetime(1900, 1, 1) + dt.timedelta(seconds=rng.randrange(2 * 10**9))
    match name:
        case "flag":
            return rng.choice(["true", "false"])
        case "count":
            return str(rng.choice([rng.randrange(-50, 50), rng.randrange(-(2**63), 2**63)]))
        case "ratio":
            value = rng.choice([rng.gauss(0, 1), rng.gauss(0, 1) * 10 ** rng.randrange(-300, 300)])
            return rng.choice([repr(value), f"{value:.3e}", f"{rng.randrange(1000) / 8}"])
        case "day":
            return moment.date().isoformat()
        case "moment":
            return moment.isoformat(sep=rng.choice(["T", " "])) + rng.choice(["", ".5", ".123456"])
        case "fine":
            return moment.isoformat(sep=" ") + f".{rng.randrange(10**9):09d}"
        case "instant":
            return moment.isoformat() + rng.choice(["Z", "+02:00", "-0330", ".25Z"])
        case "word":
            return rng.choice(["red", "green", "blue", "", "nan"])
        case "code":
            return f"{rng.randrange(1000):05d}"
    return "".join(rng.choice(PARTS) for _ in range(rng.randrange(6)))


def write_random_csv(path: Path, seed: int, rows: int, delimiter: str, line_end: str) -> None:
    rng = random.Random(seed)
    special = set('"\r\n' + delimiter)
    lines = [delimiter.join(TYPES)]
    for _ in range(rows):
        fields = []
        for name in TYPES:
            if rng.random() < 0.1:
                fields.append("")  # null
                continue
            text = random_cell(rng, name)
            if not text or special & set(text) or rng.random() < 0.2:
                text = '"' + text.replace('"', '""') + '"'
            fields.append(text)
        lines.append(delimiter.join(fields))
    content = (line_end.join(lines) + rng.choice(["", line_end])).encode()
    if seed % 2:
        content = b"\xef\xbb\xbf" + content
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)


def passed_through(run_ember, source: Path, folder: Path, columns: list[str]) -> pa.Table:
    """All rows of a source as `ember` sees them."""
    plan = folder / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0, test: 0}\nfeatures:\n"
        f"  - {{columns: [{', '.join(columns)}], steps: [passthrough]}}\n"
    )
    run_ember("fit", plan, source, "-o", folder / "model", "-q")
    run_ember("transform", folder / "model", source, "-o", folder / "all", "-q")
    return read_shards(folder / "all")


@pytest.mark.parametrize(
    "seed,name,delimiter,line_end",
    [
        (1, "t.csv", ",", "\n"),
        (2, "t.csv", ";", "\r\n"),
        (3, "t.tsv", "\t", "\n"),
        (4, "t.csv.gz", "|", "\r\n"),
        (5, "t.csv", ",", "\r"),
    ],
)
def test_values_are_those_that_other_readers_find(
    run_ember, tmp_path, seed, name, delimiter, line_end
):
    path = tmp_path / name
    write_random_csv(path, seed, 3000, delimiter, line_end)
    found = passed_through(run_ember, path, tmp_path, list(TYPES))
    assert {field.name: field.type for field in found.schema} == TYPES

    expected = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=TYPES | {"ratio": pa.string()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for column in TYPES:
        if column == "ratio":
            continue
        assert found[column].to_pylist() == expected[column].to_pylist(), column
    # Python's own reading of decimal numbers is exact.
    ratios = [None if text is None else float(text) for text in expected["ratio"].to_pylist()]
    assert found["ratio"].to_pylist() == ratios

    if line_end == "\r":
        return
    frame = pd.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    for column in ("word", "text", "code"):
        # pandas does not tell a quoted empty field from one that is not quoted.
        values = pc.fill_null(found[column], "").to_pylist()
        assert values == frame[column].tolist(), column
    types = dict.fromkeys(TYPES, "VARCHAR")
    rows = duckdb.sql(
        f"SELECT text, count::BIGINT FROM read_csv('{path}', delim='{delimiter}', header=true, "
        f"quote='\"', escape='\"', columns={types}, auto_detect=false, parallel=false)"
    ).fetchall()
    assert [row[1] for row in rows] == found["count"].to_pylist()


@pytest.fixture(scope="module")
def flights_csv(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """1,000,000 flights in two units, as CSV and as Parquet."""
    folder = tmp_path_factory.mktemp("flights")
    table = pq.read_table(flights).slice(0, 1_000_000)
    pa.csv.write_csv(table, folder / "flights.csv")
    assert (folder / "flights.csv").stat().st_size > 33 << 20
    return folder / "flights.csv", write_parquet(table, folder / "flights.parquet")


PLAN = """\
version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 7}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 15}}]
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
"""


def extract(run_ember, source: Path, output: Path, *options: object) -> Path:
    run_ember("extract", source, "-o", output, "--target", "delay", "-q", *options)
    return output


@pytest.mark.parametrize("planned", [False, True], ids=["automatic", "plan"])
def test_csv_gives_what_parquet_gives(run_ember, flights_csv, tmp_path, planned):
    csv, parquet = flights_csv
    options = ["--content-checksum"]
    if planned:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN)
        options += ["--plan", plan]
    of_csv = extract(run_ember, csv, tmp_path / "csv", *options)
    of_parquet = extract(run_ember, parquet, tmp_path / "parquet", *options)
    assert learned_digests(of_csv / "model") == learned_digests(of_parquet / "model")
    assert content_checksums(of_csv) == content_checksums(of_parquet)


def test_random_csv_gives_what_parquet_gives(run_ember, tmp_path):
    """Types, nulls and empty strings, through the whole-row hash and the automatic plan."""
    csv = tmp_path / "t.csv"
    write_random_csv(csv, 11, 5000, ",", "\n")
    table = passed_through(run_ember, csv, tmp_path, list(TYPES))
    parquet = write_parquet(table, tmp_path / "t.parquet", row_group_size=999)
    options = ["--content-checksum", "-q", "--target", "count"]
    run_ember("extract", csv, "-o", tmp_path / "csv", *options)
    run_ember("extract", parquet, "-o", tmp_path / "parquet", *options)
    assert learned_digests(tmp_path / "csv" / "model") == learned_digests(
        tmp_path / "parquet" / "model"
    )
    assert content_checksums(tmp_path / "csv") == content_checksums(tmp_path / "parquet")


def test_threads_batches_and_packing_change_no_byte(run_ember, flights_csv, tmp_path):
    csv, _ = flights_csv
    base = folder_digests(extract(run_ember, csv, tmp_path / "base"))
    assert any(name.startswith("test/part-00001") for name in base)
    for number, variant in enumerate(
        [
            ["--threads", 1],
            ["--threads", 2, "--batch-rows", 1000],
            ["--threads", 7, "--batch-rows", 100_000],
        ]
    ):
        other = folder_digests(extract(run_ember, csv, tmp_path / f"v{number}", *variant))
        assert other == base, variant


def test_files_of_a_folder_and_gzip_are_one_table(run_ember, flights_csv, tmp_path):
    csv, _ = flights_csv
    lines = csv.read_text().splitlines(keepends=True)[:60_001]
    whole = tmp_path / "whole.csv"
    whole.write_text("".join(lines))
    parts = tmp_path / "parts"
    parts.mkdir()
    for number in range(3):
        content = lines[0] + "".join(lines[1 + number * 20_000 : 1 + (number + 1) * 20_000])
        if number == 1:
            (parts / "p1.csv.gz").write_bytes(gzip.compress(content.encode()))
        else:
            (parts / f"p{number}.csv").write_text(content.replace("\n", "\r\n"))
    one = extract(run_ember, whole, tmp_path / "one", "--content-checksum")
    three = extract(run_ember, parts, tmp_path / "three", "--content-checksum")
    assert learned_digests(one / "model") == learned_digests(three / "model")
    assert content_checksums(one) == content_checksums(three)
    assert len(list((three / "train").glob("*.parquet"))) == 3


MODEL_COLUMNS = "id,number,whole,text,flag,day,at,target"
TYPED_PLAN = """\
version: 1
target: target
split: {method: hash, key: [id], train: 1, validation: 0, test: 0}
features:
  - {columns: [number, whole], steps: [{impute: median}, {scale: standard}]}
  - {columns: [text], steps: [vocabulary]}
  - {columns: [flag], steps: [{impute: most_frequent}]}
  - {columns: [day], steps: [{datetime: [year]}]}
  - {columns: [at], steps: [{cyclical: [hour]}]}
"""


@pytest.fixture(scope="module")
def typed_model(run_ember, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    rows = [
        f"{i},{i / 4},{i % 9},{'a' if i % 2 else 'b7'},{'true' if i % 3 else 'false'},"
        f"2020-01-{1 + i % 28:02},2020-01-01 {i % 24:02}:30:00.5,{i / 8}"
        for i in range(100)
    ]
    (folder / "train.csv").write_text(MODEL_COLUMNS + "\n" + "\n".join(rows) + "\n")
    (folder / "plan.yaml").write_text(TYPED_PLAN)
    run_ember("fit", folder / "plan.yaml", folder / "train.csv", "-o", folder / "model", "-q")
    return folder / "model"


def test_small_files_are_read_with_the_models_types(run_ember, typed_model, tmp_path):
    serving = tmp_path / "serving.csv"
    # Each would be of another type by its values: integers, text of digits, nothing at all.
    serving.write_text(f"{MODEL_COLUMNS}\n1,1,,7,,2020-02-03,2020-02-03,\n2,2,,8,,,,\n")
    run_ember("transform", typed_model, serving, "-o", tmp_path / "out", "-q")
    found = read_shards(tmp_path / "out")
    as_model = pa.table(
        {
            "number": pa.array([1.0, 2.0]),
            "whole": pa.array([None, None], pa.int64()),
            "text": pa.array(["7", "8"]),
            "flag": pa.array([None, None], pa.bool_()),
            "day": pa.array([dt.date(2020, 2, 3), None], pa.date32()),
            "at": pa.array([dt.datetime(2020, 2, 3), None], pa.timestamp("us")),
            "target": pa.array([None, None], pa.float64()),
        }
    )
    pq.write_table(as_model, tmp_path / "as_model.parquet")
    run_ember(
        "transform", typed_model, tmp_path / "as_model.parquet", "-o", tmp_path / "same", "-q"
    )
    assert found.equals(read_shards(tmp_path / "same"))
    assert found["target"].type == pa.float64()
    assert found["target"].null_count == 2


def test_values_that_the_models_type_does_not_take_are_named(run_ember, typed_model, tmp_path):
    serving = tmp_path / "serving.csv"
    serving.write_text(f"{MODEL_COLUMNS}\n1,1,2,7,true,2020-02-03,2020-02-03,1\n2,2,2.5,8,,,,\n")
    result = run_ember("transform", typed_model, serving, "-o", tmp_path / "out", status=1)
    assert "'serving.csv', line 3: column 'whole': expected int64 (a whole number)" in result.stderr
    assert "as the model was fitted on, found '2.5'" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", [None, "n >= 0 AND n != 77 AND n != 1500"])
def test_short_batches_of_many_one_hot_columns(run_ember, tmp_path, where):
    """Rows of short batches are gathered before a step makes many columns of them."""
    numbers = np.random.default_rng(3)
    words = numbers.integers(0, 200, 5_000)
    table = pa.table(
        {
            "word": [None if w == 7 else f"w{w}" for w in words],
            "n": numbers.integers(-20, 3_000, 5_000),
        }
    )
    source = tmp_path / "t.csv"
    pa.csv.write_csv(table, source)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [n], train: 0.6, validation: 0.2, test: 0.2}\n"
        "features:\n  - {columns: [n], steps: [passthrough]}\n"
        "  - {columns: [word], steps: [one_hot]}\n"
    )
    options = ["--plan", plan, "-q", *(["--where", where] if where else [])]
    digests = set()
    for rows in (1, 100, 1_023, 1_025, 65_536):
        out = tmp_path / str(rows)
        run_ember("extract", source, "-o", out, "--batch-rows", rows, *options)
        digests.add(json.dumps(folder_digests(out)))
    assert len(digests) == 1
    kept = table.to_pandas()
    if where:
        kept = kept[(kept.n >= 0) & (kept.n != 77) & (kept.n != 1500)]
    parts = [read_shards(out / split).to_pandas() for split in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(kept)
    found = pd.concat(parts)
    values = [name for name in found.columns if name != "n"]
    assert len(values) == 199
    expected = pd.get_dummies(kept.word, prefix="word", prefix_sep="=").groupby(kept.n).sum()
    pd.testing.assert_frame_equal(
        found.groupby("n")[values].sum(),
        expected[values],
        check_dtype=False,
    )
