"""`ember explain` against what runs then do."""

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import read_shards, write_parquet

ROWS = 60_000

# Runs the command and tells the bytes that it asked the system to read.
MEASURE_READS = """
import pathlib, subprocess, sys, time
begin = time.monotonic()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.monotonic() - begin
io = dict(line.split(": ") for line in pathlib.Path("/proc/self/io").read_text().splitlines())
print(io["rchar"], seconds)
sys.exit(status)
"""
# The command looks at its memory every 20 ms, which reads up to 2 KB of /proc/self/status.
WATCHED_BYTES_A_SECOND = 50 * 2000


def explain(run_ember, plan, source, *arguments) -> dict:
    return json.loads(run_ember("explain", plan, source, "--json", "-q", *arguments).stdout)


def bytes_read(ember, *arguments) -> tuple[int, float]:
    """The bytes that the command reads, and the seconds that it takes."""
    process = subprocess.run(
        [sys.executable, "-S", "-c", MEASURE_READS, str(ember), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    read, seconds = process.stdout.split()
    return int(read), float(seconds)


def extract(run_ember, plan, source, output, *arguments) -> dict:
    """Runs the plan and returns its report."""
    run_ember("extract", source, "--plan", plan, "-o", output, "-q", *arguments)
    return json.loads((output / "run_report.json").read_text())


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(5)

    def masked(values, kind=None):
        return pa.array(values, kind, mask=rng.random(ROWS) < 0.1)

    real = rng.normal(size=ROWS)
    instants = [datetime(2020, 1, 1) + timedelta(seconds=int(s)) for s in range(ROWS)]
    return pa.table(
        {
            "id": pa.array(np.arange(ROWS)),
            "real": masked(real),
            "real2": masked(np.abs(real) * 50),
            "single": masked(real.astype(np.float32)),
            "whole": masked(rng.integers(-1000, 1000, ROWS)),
            "month": masked(rng.integers(1, 13, ROWS).astype(np.int32)),
            "tiny": masked(rng.integers(0, 3, ROWS).astype(np.int8)),
            "flag": masked(rng.random(ROWS) < 0.5),
            "city": masked([f"city {v}" for v in rng.integers(0, 300, ROWS)]),
            "word": masked([f"w{v}" for v in rng.integers(0, 40, ROWS)]),
            "text": pa.array([f"some longer text {v}" for v in rng.integers(0, 10**9, ROWS)]),
            "money": masked(
                [Decimal(int(v)).scaleb(-2) for v in rng.integers(0, 10**6, ROWS)],
                pa.decimal128(12, 2),
            ),
            "day": masked(rng.integers(0, 20_000, ROWS).astype(np.int32), pa.date32()),
            "moment": pa.array(instants, pa.timestamp("us")),
            "target": masked(real * 3),
        }
    )


@pytest.fixture(scope="module")
def source(table, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("explain") / "table.parquet"
    return write_parquet(table, path, row_group_size=20_000)


@pytest.fixture(scope="module")
def text_source(table, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("explain_csv") / "table.csv"
    table.to_pandas().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def sources(table, source, text_source, tmp_path_factory) -> dict[str, Path]:
    """The same rows in each format."""
    path = tmp_path_factory.mktemp("explain_arrow") / "table.arrow"
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=20_000)
    return {"parquet": source, "csv": text_source, "arrow": path}


HASH = "version: 1\nsplit: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1}\n"
WHOLE_ROWS = "version: 1\n"
STEPS = """\
features:
  - {columns: [real, single], steps: [{impute: median}, {scale: standard}]}
  - columns: [real2]
    steps: [{impute: {strategy: mean, indicator: true}}, {clip: {min: 0}}, log1p]
  - {columns: [whole], steps: [{bucketize: {quantiles: 5}}, one_hot]}
  - {columns: [money], steps: [{scale: robust}]}
  - {columns: [month, tiny, flag, word], steps: [one_hot]}
  - {columns: [city], steps: [{impute: most_frequent}, {vocabulary: {min_count: 2}}]}
  - {columns: [day], steps: [{datetime: [year, month]}]}
  - {columns: [moment], steps: [{cyclical: [hour, day_of_week]}]}
  - {columns: [id], steps: [{cast: float64}, {bucketize: {edges: [10, 1000]}}]}
"""
STRINGS = "  - {columns: [text], steps: [passthrough]}\n"
PLANS = {
    "hash of a key": HASH + "target: target\n" + STEPS + STRINGS,
    "whole rows": WHOLE_ROWS + "target: target\n" + STEPS,
    "hashed text": HASH
    + "features:\n  - {columns: [text], steps: [{hash_bucket: {buckets: 9}}]}\n",
    "no learning": HASH + "features:\n  - {columns: [real, text], steps: [passthrough]}\n",
    "all training": "version: 1\nsplit: {train: 1.0, validation: 0, test: 0}\n" + STEPS,
    "drops rows": HASH + "target: {column: target, drop_null: true}\n" + STEPS,
    "all training, drops rows": "version: 1\nsplit: {train: 1, validation: 0, test: 0}\n"
    "target: {column: target, drop_null: true}\n" + STEPS,
    "random": "version: 1\nsplit: {method: random, train: 0.5, validation: 0.5, test: 0}\n" + STEPS,
    "time by shares": "version: 1\nsplit: {method: time, column: moment, train: 0.6, "
    "validation: 0.2, test: 0.2}\n" + STEPS,
    "time by instants": "version: 1\nsplit: {method: time, column: moment, test_from: 2020-01-01 "
    "12:00:00}\n" + STEPS,
    "exact": HASH + "exact_quantiles: true\nquantile_keys: 8192\n" + STEPS,
    "matrix": HASH + "target: target\n" + STEPS + "output: {dtype: float64, layout: matrix}\n",
    "arrow": HASH + "target: word\n"
    "features:\n  - {columns: [real, city], steps: [passthrough]}\noutput: {format: arrow}\n",
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("plans")
    paths = {}
    for name, text in PLANS.items():
        paths[name] = folder / f"{name.replace(' ', '_')}.yaml"
        paths[name].write_text(text)
    return paths


def phases_told(explained: dict) -> list[tuple[str, int, int]]:
    """Phases as a run reports them, with how often at least and at most."""
    phases = []
    for entry in explained["passes"]:
        low, high = entry["scans"]["min"], entry["scans"]["max"]
        name = entry["phase"]
        # A run reports all passes of learning, and all that the transform reads, as one phase.
        if name in ("fit", "transform"):
            if not phases or phases[-1][0] != name:
                phases.append((name, 1 if name == "transform" else min(low, 1), 1))
        else:
            phases.append((name, low, high))
    return phases


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
def test_a_run_makes_the_passes_that_were_told(run_ember, sources, plans, tmp_path, name, kind):
    read = sources[kind]
    told = phases_told(explain(run_ember, plans[name], read))
    report = extract(run_ember, plans[name], read, tmp_path / "out")
    # The phase of learning is reported even if nothing is left to learn.
    done = [phase["phase"] for phase in report["phases"]]
    if "fit" not in [phase for phase, _, _ in told]:
        done.remove("fit")
    for phase, low, high in told:
        count = 0
        while count < high and done and done[0] == phase:
            done.pop(0)
            count += 1
        assert count >= low, (phase, told, report["phases"])
    assert not done, (told, report["phases"])


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow"])
def test_a_run_reads_the_bytes_that_were_told(
    ember, run_ember, sources, plans, tmp_path, name, kind
):
    source = sources[kind]
    explained = explain(run_ember, plans[name], source)
    opening, _ = bytes_read(ember, "explain", plans["no learning"], source, "-q")
    total, seconds = bytes_read(
        ember, "extract", source, "--plan", plans[name], "-o", tmp_path / "out", "-q"
    )
    # Beside columns: libraries that explain does not load, /proc, and states, which have been
    # spilled and are read to be kept for a run that resumes.
    extract(run_ember, plans[name], source, tmp_path / "kept", "--keep-state")
    states = sum(file.stat().st_size for file in (tmp_path / "kept/model/state").rglob("*.*"))
    read = total - opening
    told = explained["bytes_read"]
    beside = 60_000 + 1.1 * states + WATCHED_BYTES_A_SECOND * seconds
    assert told["min"] <= read <= told["max"] * 1.01 + beside, (read, told, seconds)


def test_a_hash_without_a_key_shows_its_price(run_ember, source, plans, table):
    keyed = explain(run_ember, plans["hash of a key"], source)
    whole = explain(run_ember, plans["whole rows"], source)
    metadata = pq.read_metadata(source)

    def stored(names) -> int:
        return sum(
            metadata.row_group(g).column(c).total_compressed_size
            for g in range(metadata.num_row_groups)
            for c in range(metadata.num_columns)
            if metadata.schema.column(c).name in names
        )

    split = {p["phase"]: p for p in keyed["passes"]}["split"]
    assert (split["columns"], split["bytes"]) == (["id"], stored(["id"]))
    split = {p["phase"]: p for p in whole["passes"]}["split"]
    assert split["columns"] == table.column_names
    assert split["bytes"] == stored(table.column_names)
    assert "split" not in {
        p["phase"] for p in explain(run_ember, plans["all training"], source)["passes"]
    }
    fit = [p for p in keyed["passes"] if p["phase"] == "fit"]
    assert [p["columns"] for p in fit] == [
        ["real", "real2", "single", "whole", "month", "tiny", "flag", "city", "word", "money"],
        ["whole"],
    ], "one_hot of learned buckets takes another pass"
    assert fit[0]["bytes"] == stored(fit[0]["columns"])


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_outputs_are_those_that_a_run_writes(
    run_ember, source, text_source, plans, tmp_path, name, kind
):
    read = source if kind == "parquet" else text_source
    explained = explain(run_ember, plans[name], read)
    extract(run_ember, plans[name], read, tmp_path / "out")
    output = explained["output"]
    shard = next((tmp_path / "out" / "train").iterdir())
    written = pa.ipc.open_file(shard).schema if name == "arrow" else pq.read_schema(shard)
    matrix = output["layout"] == "matrix"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    fields = [(f.name, str(f.type), f.nullable) for f in written]
    features = [(f, None, None) for f in manifest["features"]] if matrix else list(fields)
    if "target" in output and not matrix:
        target = output["target"]
        assert features.pop() == (target["name"], target["type"], target["nullable"])
    for feature in explained["features"]:
        for told in feature["outputs"]:
            found = features.pop(0)
            assert found[0] == told["name"]
            if not matrix:
                assert found == (told["name"], told["type"], told["nullable"])
        if "categories" not in feature:
            continue
        made = 0
        while features and features[0][0].startswith(feature["column"] + "="):
            features.pop(0)
            made += 1
        bounds = feature["categories"]["columns"]
        assert bounds["min"] <= made <= bounds["max"], feature
    assert not features, features
    width = len(manifest["features"]) if matrix else len(fields)
    assert output["width"]["min"] <= width <= output["width"]["max"]
    if matrix:
        assert fields[0][1] == f"fixed_size_list<element: double not null>[{width}]"
    assert output["shards"] == len(manifest["shards"])


def test_categories_are_known_where_they_can_be(run_ember, source, plans, table, tmp_path):
    """Bounded by type and by the footers' ranges; the sample, here all rows, tells the number."""
    features = explain(run_ember, plans["hash of a key"], source)["features"]
    columns = {f["column"]: f["categories"]["columns"] for f in features if "categories" in f}
    assert columns["month"] == {"min": 12, "max": 12}
    assert columns["tiny"] == {"min": 3, "max": 3}
    assert columns["flag"] == {"min": 2, "max": 2}
    assert columns["word"] == {"min": 40, "max": 40}
    assert columns["whole"] == {"min": 0, "max": 5}, "behind five buckets"
    # Several units: the first rows are a part, and what bounds the rest is seen.
    repeated = pa.concat_tables([table.select(["id", "month", "tiny", "flag", "word"])] * 20)
    path = write_parquet(repeated, tmp_path / "repeated.parquet", row_group_size=60_000)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        HASH + "features:\n  - {columns: [month, tiny, flag, word], steps: [one_hot]}\n"
    )
    features = explain(run_ember, plan, path)["features"]
    columns = {f["column"]: f["categories"] for f in features}
    assert columns["month"]["columns"] == {"min": 12, "max": 12}
    assert columns["tiny"]["columns"] == {"min": 3, "max": 3}
    assert columns["word"]["columns"] == {"min": 40, "max": 1000}
    assert columns["word"]["sampled_rows"] == 524_288


def test_rows_of_splits(run_ember, source, plans, table, tmp_path):
    for name in ["hash of a key", "whole rows", "random", "time by shares", "drops rows"]:
        explained = explain(run_ember, plans[name], source)
        extract(run_ember, plans[name], source, tmp_path / name)
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        for split in explained["output"]["splits"]:
            rows = manifest["splits"][split["split"]]["rows"]
            if name == "time by shares":
                assert split["rows"] == rows
            elif name == "drops rows":
                assert split["rows"] is None, "a NaN is no target either, and no footer counts it"
            else:
                # Five standard deviations of a binomial count.
                share = float(split["share"])
                assert abs(split["rows"] - rows) <= 5 * (ROWS * share * (1 - share)) ** 0.5
    dropped = explain(run_ember, plans["drops rows"], source)["split"]["rows_dropped"]
    assert dropped == {"min": table["target"].null_count, "max": ROWS}
    by_instants = explain(run_ember, plans["time by instants"], source)
    assert [s["rows"] for s in by_instants["output"]["splits"]] == [None, None]
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        HASH + "target: {column: whole, drop_null: true}\n"
        "features:\n  - {columns: [real], steps: [passthrough]}\n"
    )
    explained = explain(run_ember, plan, source)
    nulls = table["whole"].null_count
    assert explained["split"]["rows_dropped"] == {"min": nulls, "max": nulls}
    assert sum(s["rows"] for s in explained["output"]["splits"]) == ROWS - nulls


@pytest.mark.parametrize("name", ["hash of a key", "whole rows", "matrix", "arrow", "hashed text"])
def test_output_bytes_are_estimated(run_ember, source, plans, tmp_path, name):
    """Within a factor of 3, as the reference says."""
    explained = explain(run_ember, plans[name], source)
    extract(run_ember, plans[name], source, tmp_path / "out")
    for split in explained["output"]["splits"]:
        shards = (tmp_path / "out" / split["split"]).iterdir()
        written = sum(shard.stat().st_size for shard in shards)
        assert split["bytes"]["min"] / 3 <= written <= split["bytes"]["max"] * 3, (split, written)


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("name", ["hash of a key", "whole rows", "matrix", "exact"])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_memory_is_estimated(run_ember, source, text_source, plans, tmp_path, name, kind, threads):
    """The peak lies between a quarter of the estimate and a little more than it."""
    read = source if kind == "parquet" else text_source
    options = ["--threads", threads, "--memory", "2GiB"]
    memory = explain(run_ember, plans[name], read, *options)["memory"]
    peak = extract(run_ember, plans[name], read, tmp_path / "out", *options)["peak_resident_bytes"]
    assert memory["fits"] == "yes"
    assert memory["least_bytes"] <= memory["wanted_bytes"] == memory["estimate_bytes"]
    assert memory["estimate_bytes"] / 4 <= peak <= memory["estimate_bytes"] * 1.1, (
        peak >> 20,
        memory["estimate_bytes"] >> 20,
    )


def test_the_same_answer_each_time(run_ember, source, text_source, plans):
    for read in (source, text_source):
        for name in ["hash of a key", "exact", "time by shares"]:
            first = run_ember("explain", plans[name], read, "--json", "-q").stdout
            assert run_ember("explain", plans[name], read, "--json", "-q").stdout == first
            told = json.loads(first)
            for options in [("--threads", "7"), ("--batch-rows", "999"), ("--memory", "1GiB")]:
                other = explain(run_ember, plans[name], read, *options)
                for document in (told, other):
                    document.pop("memory", None)
                    for entry in document["passes"]:
                        entry.pop("memory_bytes", None)
                assert other == told, options
            assert list(json.loads(first)) == sorted(json.loads(first))


def test_explaining_reads_no_more_than_it_says(ember, run_ember, tmp_path):
    """Footers, and of columns whose values are counted the first rows."""
    rng = np.random.default_rng(2)
    n = 1_600_000
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "c": np.arange(n) % 9})
    path = write_parquet(frame, tmp_path / "table.parquet", row_group_size=200_000)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        HASH.replace("[id]", "[c]") + "features:\n  - {columns: [a, b], steps: [passthrough]}\n"
    )
    nothing = write_parquet(frame.head(0), tmp_path / "empty.parquet")
    started, _ = bytes_read(ember, "explain", plan, nothing, "-q")
    read, seconds = bytes_read(ember, "explain", plan, path, "-q")
    assert read - started < 200_000 + WATCHED_BYTES_A_SECOND * seconds
    plan.write_text(
        "version: 1\nsplit: {train: 1, validation: 0, test: 0}\n"
        "features:\n  - {columns: [a, b], steps: [passthrough]}\n"
        "  - {columns: [c], steps: [one_hot]}\n"
    )
    stored = pq.read_metadata(path).row_group(0).column(2).total_compressed_size
    read, seconds = bytes_read(ember, "explain", plan, path, "-q")
    assert stored <= read - started < 3 * stored + 400_000 + WATCHED_BYTES_A_SECOND * seconds


def categories(folder: Path, num_values: int, split: str, step: str = "one_hot", rows: int = 9_000):
    """A table of so many distinct values and a plan for it."""
    frame = pd.DataFrame(
        {"id": np.arange(rows), "code": [f"c{i % num_values}" for i in range(rows)]}
    )
    plan = folder / "plan.yaml"
    plan.write_text(
        f"version: 1\nsplit: {split}\nfeatures:\n  - {{columns: [code], steps: [{step}]}}\n"
    )
    return write_parquet(frame, folder / "codes.parquet"), plan


def test_too_many_categories_are_refused_as_fit_refuses_them(run_ember, tmp_path):
    split = "{method: hash, key: [id], train: 0.8, validation: 0.1, test: 0.1}"
    path, plan = categories(tmp_path, 1_500, split)
    refused = run_ember("explain", plan, path, "-q", status=2)
    assert "plan.yaml:4:31: one_hot of column 'code'" in refused.stderr
    assert "hold 1500 distinct values" in refused.stderr
    for advice in ["max_categories is 1000", "vocabulary", "hash_bucket"]:
        assert advice in refused.stderr
    assert refused.stdout == ""
    fitted = run_ember("fit", plan, path, "-o", tmp_path / "model", "-q", status=2)
    assert "has 1500 distinct values, and one_hot may make 1000" in fitted.stderr
    path, plan = categories(tmp_path, 1_500, split, "one_hot: {max_categories: 1500}")
    told = explain(run_ember, plan, path)
    assert told["features"][0]["categories"]["columns"] == {"min": 1500, "max": 1500}
    assert any("at least 1,500 columns" in warning for warning in told["warnings"])
    run_ember("fit", plan, path, "-o", tmp_path / "model", "-q")


def lists(folder: Path, num_values: int, step: str) -> tuple[Path, Path]:
    """A table whose rows hold lists of up to five of so many values, and a plan for it."""
    rows = 9_000
    tags = [[f"t{(i + j) % num_values}" for j in range(i % 6)] for i in range(rows)]
    bits = [[j % 2 == 0 for j in range(i % 3)] for i in range(rows)]
    plan = folder / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [id], train: 0.8, validation: 0.1, test: 0.1}\n"
        f"features:\n  - {{columns: [tags, bits], steps: [{step}]}}\n"
    )
    table = pa.table({"id": np.arange(rows), "tags": tags, "bits": bits})
    return write_parquet(table, folder / "lists.parquet"), plan


def test_the_columns_of_lists_are_told_as_those_of_values(run_ember, tmp_path):
    path, plan = lists(tmp_path, 300, "multi_hot")
    told = explain(run_ember, plan, path)
    columns = {f["column"]: f["categories"]["columns"] for f in told["features"]}
    assert columns == {"tags": {"min": 300, "max": 300}, "bits": {"min": 2, "max": 2}}
    assert told["output"]["width"] == {"min": 302, "max": 302}
    text = run_ember("explain", plan, path, "-q").stdout
    assert re.search(r"tags +list<.*multi_hot.*tags=...: 300 columns", text), text
    # Its files are as large as that.
    extract(run_ember, plan, path, tmp_path / "out")
    written = sum(file.stat().st_size for file in (tmp_path / "out").rglob("part-*"))
    estimate = sum(split["bytes"]["max"] for split in told["output"]["splits"])
    assert written / 3 < estimate < written * 3
    # Behind the first rows there may be others.
    table = pa.concat_tables([pq.read_table(path)] * 60)
    told = explain(run_ember, plan, write_parquet(table, path, row_group_size=100_000))
    columns = {f["column"]: f["categories"]["columns"] for f in told["features"]}
    assert columns == {"tags": {"min": 300, "max": 1000}, "bits": {"min": 2, "max": 2}}


def test_too_many_values_in_lists_are_refused_as_fit_refuses_them(run_ember, tmp_path):
    path, plan = lists(tmp_path, 300, "multi_hot: {max_categories: 299}")
    refused = run_ember("explain", plan, path, "-q", status=2)
    assert "plan.yaml:4:37: multi_hot of column 'tags'" in refused.stderr
    assert "hold 300 distinct values" in refused.stderr
    assert "max_categories is 299; leave the column out, or raise max_cat" in refused.stderr
    run_ember("fit", plan, path, "-o", tmp_path / "model", "-q", status=2)


def test_only_training_rows_count(run_ember, tmp_path):
    """1,200 values, of which a fifth are in no training row."""
    split = "{method: hash, key: [code], train: 0.8, validation: 0.1, test: 0.1}"
    path, plan = categories(tmp_path, 1_200, split)
    told = explain(run_ember, plan, path)["features"][0]["categories"]["columns"]
    run_ember("fit", plan, path, "-o", tmp_path / "model", "-q")
    model = json.loads((tmp_path / "model" / "model.json").read_text())
    learned = len(model["columns"]["code"][0]["categories"])
    assert 900 < learned < 1000
    assert told == {"min": learned, "max": learned}


def test_with_a_time_split_by_shares_a_warning_is_all(run_ember, tmp_path):
    """The first rows may all be test rows: of those fit counts nothing."""
    rows = 600_000
    # The later part, which comes first, holds many values; the training part one.
    codes = [f"c{i % 2000}" if i < rows // 2 else "c" for i in range(rows)]
    days = np.datetime64("2024-01-01", "s") - np.arange(rows).astype("timedelta64[s]")
    path = write_parquet(
        pd.DataFrame({"code": codes, "moment": days}),
        tmp_path / "t.parquet",
        row_group_size=100_000,
    )
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: time, column: moment, train: 0.4, validation: 0, test: 0.6}\n"
        "features:\n  - {columns: [code], steps: [one_hot]}\n"
    )
    told = explain(run_ember, plan, path)
    assert any("2,001 distinct values in its first" in warning for warning in told["warnings"])
    assert told["features"][0]["categories"]["columns"]["min"] == 0
    run_ember("fit", plan, path, "-o", tmp_path / "model", "-q")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("features:\n  - {columns: [reel], steps: [{scale: standard}, shrink]}\n", 2),
        ("features:\n  - {columns: [city], steps: [log1p]}\n", 2),
        ("target: nothing\nfeatures:\n  - {columns: [real], steps: [passthrough]}\n", 2),
        ("features: [\n", 2),
        (
            "split: {train: 0.9, validation: 0.2, test: 0}\n"
            "features:\n  - {columns: [real], steps: [passthrough]}\n",
            2,
        ),
        ("features:\n  - {columns: [real, real], steps: [passthrough]}\n", 2),
    ],
)
def test_plans_are_refused_as_fit_refuses_them(run_ember, source, tmp_path, text, status):
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\n" + text)
    told = run_ember("explain", plan, source, "-q", status=status)
    fitted = run_ember("fit", plan, source, "-o", tmp_path / "model", "-q", status=status)
    assert told.stderr == fitted.stderr
    assert told.stdout == ""


def test_what_extract_refuses_is_refused(run_ember, source, tmp_path):
    drop = tmp_path / "drop.yaml"
    drop.write_text("version: 1\nfeatures:\n  - {columns: [real], steps: [drop]}\n")
    empty = tmp_path / "empty.yaml"
    empty.write_text(drop.read_text() + "target: whole\noutput: {layout: matrix}\n")
    for plan in (drop, empty):
        told = run_ember("explain", plan, source, "-q", status=2)
        done = run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out", "-q", status=2)
        assert told.stderr == done.stderr


TWO_OF_ONE_NAME = {
    "a column": "  - {columns: [city], steps: [one_hot]}\n"
    "  - {columns: ['city=b'], steps: [passthrough]}\n",
    "a target": "  - {columns: [city], steps: [one_hot]}\ntarget: city=b\n",
    "two one_hot": "  - {columns: [city], steps: [one_hot]}\n"
    "  - {columns: [city], steps: [{impute: most_frequent}, one_hot]}\n",
    "numbers": "  - {columns: [number], steps: [one_hot]}\n"
    "  - {columns: [number], steps: [{cast: float64}, one_hot]}\n",
}


@pytest.mark.parametrize("steps", TWO_OF_ONE_NAME.values(), ids=TWO_OF_ONE_NAME)
def test_two_outputs_of_one_name(run_ember, tmp_path, steps):
    """What a one_hot calls its columns is known only from the values."""
    rows = {"city": list("abc") * 20, "number": [1, 2, 3] * 20, "city=b": [0.5] * 60}
    source = write_parquet(pa.table(rows), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n" + steps)
    told = run_ember("explain", plan, source, "-q", status=2)
    line = 2 + steps.count("one_hot")  # that of the last one_hot
    assert f"plan.yaml:{line}:" in told.stderr
    assert "two outputs would be named '" in told.stderr
    done = run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out", "-q", status=2)
    assert re.search("named '(.*?)'", told.stderr)[1] in done.stderr


def test_names_that_are_not_certain_are_no_error(run_ember, tmp_path):
    """Columns `city=d` and `city=0x41`: of a value of no row, and of bytes beside other bytes."""
    rows = {
        "city": pa.array([b"a", b"\xff", b"0x41"] * 20),
        "city=d": [0.5] * 60,
        "city=0x41": [0.5] * 60,
    }
    source = write_parquet(pa.table(rows), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [city], steps: [one_hot]}\n"
        "  - {columns: ['city=d', 'city=0x41'], steps: [passthrough]}\n"
    )
    run_ember("explain", plan, source, "-q")
    run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out", "-q")


def test_one_hot_of_nulls_only_leaves_nothing(run_ember, tmp_path):
    source = write_parquet(pa.table({"a": pa.nulls(60, pa.string())}), tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [a], steps: [one_hot]}\n")
    told = run_ember("explain", plan, source, "-q", status=2)
    done = run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out", "-q", status=2)
    assert told.stderr == done.stderr


def test_missing_files_and_options(run_ember, source, plans, tmp_path):
    plan = plans["hash of a key"]
    told = run_ember("explain", plan, tmp_path / "none.parquet", status=1)
    assert "none.parquet" in told.stderr
    told = run_ember("explain", tmp_path / "none.yaml", source, status=1)
    assert "none.yaml" in told.stderr
    run_ember("explain", plan, status=2)
    run_ember("explain", plan, source, "--memory", "1MiB", status=2)
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(source.read_bytes()[:-9])
    run_ember("explain", plan, damaged, status=1)


def test_options_about_the_data(run_ember, source, plans, tmp_path):
    plan = plans["hash of a key"]
    told = explain(run_ember, plan, source, "--limit", 30_000)
    assert (told["rows"], told["rows_known"]) == (30_000, True)
    told = explain(run_ember, plan, source, "--where", "whole > 0", "--limit", 30_000)
    assert (told["rows"], told["rows_known"]) == (ROWS, False)
    assert told["passes"][0]["phase"] == "filter"
    assert told["passes"][0]["columns"] == ["whole"]
    assert all(split["rows"] is None for split in told["output"]["splits"])
    assert told["bytes_read"]["min"] == 0
    sampled = {f["column"]: f.get("categories") for f in told["features"]}["word"]
    passing = sum(v is not None and v > 0 for v in pq.read_table(source)["whole"].to_pylist())
    assert sampled["sampled_rows"] == min(30_000, passing)
    narrow = tmp_path / "narrow.yaml"
    narrow.write_text(WHOLE_ROWS + "features:\n  - {columns: [real], steps: [passthrough]}\n")
    told = explain(run_ember, narrow, source, "--columns", "real")
    assert told["columns"] == 1
    split = next(p for p in told["passes"] if p["phase"] == "split")
    assert len(split["columns"]) == 15, "the row hash covers all columns of the source"
    told = explain(run_ember, narrow, source, "--seed", 7, "--target", "whole")
    assert told["split"]["seed"] == 7
    assert told["output"]["target"]["name"] == "whole"
    checked = explain(run_ember, narrow, source, "--content-checksum")
    assert checked["passes"][-1]["phase"] == "verify"


def test_warnings_of_what_a_run_would_end_with(run_ember, tmp_path):
    rows = 1_000
    frame = pa.table(
        {
            "moment": pa.array(
                [None if i % 10 == 0 else datetime(2020, 1, 1 + i % 28) for i in range(rows)],
                pa.timestamp("us"),
            ),
            "code": pa.array([f"c{i}" for i in range(rows)]),
        }
    )
    path = write_parquet(frame, tmp_path / "table.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: time, column: moment, train: 0.8, validation: 0, test: 0.2}\n"
        "features:\n  - {columns: [code], steps: [{hash_bucket: {buckets: 20000000}}]}\n"
        "output: {layout: matrix}\n"
    )
    warnings = explain(run_ember, plan, path)["warnings"]
    assert any("'moment' is null in 100 rows: a run ends with status 1" in w for w in warnings)
    assert any("'code': hash_bucket may give ids above 2^24" in w for w in warnings)
    run_ember("extract", path, "--plan", plan, "-o", tmp_path / "out", "-q", status=1)


@pytest.fixture(scope="module")
def distinct_keys(tmp_path_factory):
    """A million strings, all different."""
    rows = 1_000_000
    keys = [f"customer number {i:012d}" for i in range(rows)]
    table = pa.table({"key": pa.array(keys), "target": np.arange(rows) % 7.0})
    folder = tmp_path_factory.mktemp("keys")
    return write_parquet(table, folder / "keys.parquet", row_group_size=250_000)


def test_a_vocabulary_on_disk_is_told(run_ember, distinct_keys, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {train: 1, validation: 0, test: 0}\n"
        "features:\n  - {columns: [key], steps: [vocabulary]}\n"
    )
    told = explain(run_ember, plan, distinct_keys, "--memory", "128MiB", "--threads", 2)
    assert told["memory"]["fits"] == "tightly"
    out = ("-o", tmp_path / "out", "-q", "--memory", "128MiB", "--threads", 2)
    run_ember("extract", distinct_keys, "--plan", plan, *out)
    told = explain(run_ember, plan, distinct_keys, "--memory", "2GiB", "--threads", 2)
    assert told["memory"]["fits"] == "yes"


def test_too_little_memory_is_told(run_ember, distinct_keys, tmp_path):
    """Sums for each of many strings, which are held in memory."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\ntarget: target\nsplit: {train: 1, validation: 0, test: 0}\n"
        "features:\n  - {columns: [key], steps: [target_encode]}\n"
    )
    told = explain(run_ember, plan, distinct_keys, "--memory", "128MiB", "--threads", 2)
    assert told["memory"]["fits"] == "no"
    assert any("status 4" in warning for warning in told["warnings"])
    out = ("-o", tmp_path / "out", "-q", "--memory", "128MiB", "--threads", 2)
    run_ember("extract", distinct_keys, "--plan", plan, *out, status=4)
    told = explain(run_ember, plan, distinct_keys, "--memory", "2GiB", "--threads", 2)
    assert told["memory"]["fits"] == "yes"


def test_the_table_for_people(run_ember, source, plans):
    text = run_ember("explain", plans["hash of a key"], source, "-q").stdout
    assert text.startswith("60,000 rows, 15 columns, 1 unit, ")
    assert "hash the split's key" in text
    assert "word=...: 40 columns" in text
    assert "computed by: native" in text
    assert "it fits" in text


def test_standard_input_and_empty_tables(run_ember, ember, plans, table, tmp_path, text_source):
    empty = write_parquet(table.slice(0, 0), tmp_path / "empty.parquet")
    told = explain(run_ember, plans["hash of a key"], empty)
    assert told["rows"] == 0
    assert any("no rows" in warning for warning in told["warnings"])
    run_ember("fit", plans["hash of a key"], empty, "-o", tmp_path / "model", "-q", status=1)
    extract(run_ember, plans["no learning"], empty, tmp_path / "out")
    assert read_shards(tmp_path / "out" / "train").num_rows == 0
    with text_source.open("rb") as stream:
        process = subprocess.run(
            [str(ember), "explain", str(plans["random"]), "-", "--json", "-q"],
            stdin=stream,
            capture_output=True,
            check=True,
        )
    from_input = json.loads(process.stdout)
    from_file = explain(run_ember, plans["random"], text_source)
    assert from_input.pop("source") == "-"
    from_file.pop("source")
    assert from_input == from_file
