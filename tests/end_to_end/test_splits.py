"""Splits by time, at random and by hash, and rows without a target, against independent oracles."""

import datetime as dt
import json
import math
from decimal import Decimal
from fractions import Fraction

import duckdb
import farmhash
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from outputs import (
    content_checksums,
    folder_digests,
    learned_digests,
    learned_steps,
    read_shards,
    write_parquet,
)

NAMES = ["train", "validation", "test"]


def plan_text(split: str, target: str = "", steps: str = "[passthrough]") -> str:
    return f"version: 1\n{target}split: {split}\nfeatures:\n  - {{columns: [id], steps: {steps}}}\n"


def extract(run_ember, tmp_path, source, plan: str, *options, name="out", status=0):
    (tmp_path / f"{name}.yaml").write_text(plan)
    process = run_ember(
        "extract",
        source,
        "-o",
        tmp_path / name,
        "--plan",
        tmp_path / f"{name}.yaml",
        "-q",
        *options,
        status=status,
    )
    return tmp_path / name if status == 0 else process.stderr


def ids(output) -> dict[str, list[int]]:
    """The ids in each split that has a folder, in order."""
    return {
        name: read_shards(output / name)["id"].to_pylist()
        for name in NAMES
        if (output / name).exists()
    }


def split_by(splits: list[int], present=NAMES) -> dict[str, list[int]]:
    return {
        name: [i for i, split in enumerate(splits) if split == NAMES.index(name)]
        for name in present
    }


def days(n: int) -> pa.Array:
    return pa.array(np.arange(n, dtype=np.int32), pa.date32())


def cuts_of(output) -> dict:
    return json.loads((output / "model" / "model.json").read_text())["split"]


# -- time ------------------------------------------------------------------------------------------

RNG = np.random.default_rng(5)
N = 4001
INSTANTS = {
    "date32": (pa.date32(), RNG.integers(-30_000, 30_000, N)),
    "few_dates": (pa.date32(), RNG.integers(0, 5, N)),
    "date64": (pa.date64(), RNG.integers(-30_000, 30_000, N) * 86_400_000),
    "seconds": (pa.timestamp("s"), RNG.integers(-(10**9), 2 * 10**9, N)),
    "millis": (pa.timestamp("ms", "America/New_York"), RNG.integers(0, 2 * 10**12, N)),
    "micros": (pa.timestamp("us"), 10**15 + RNG.integers(0, 1000, N)),
    "nanos": (pa.timestamp("ns"), (1 << 60) + RNG.integers(0, 100, N)),
    "all_of_64_bits": (pa.timestamp("ns"), RNG.integers(-(2**63), 2**63, N)),
    "ends": (pa.timestamp("us"), np.where(np.arange(N) % 2, -(2**63), 2**63 - 1)),
    "one": (pa.timestamp("us"), np.full(N, 17)),
}


def times(kind: str) -> pa.Array:
    type_, values = INSTANTS[kind]
    width = np.int32 if type_ == pa.date32() else np.int64
    return pa.array(values.astype(width)).view(type_)


def cut(values, share: str):
    """The (floor(f n) + 1)-th smallest, None beyond n."""
    rank = math.floor(Fraction(share) * len(values))
    return sorted(values)[rank] if rank < len(values) else None


@pytest.mark.parametrize("kind", INSTANTS)
@pytest.mark.parametrize("dictionary", [True, False])
def test_time_by_shares_cuts_at_exact_order_statistics(run_ember, tmp_path, kind, dictionary):
    table = pa.table({"id": np.arange(N), "at": times(kind)})
    source = write_parquet(
        table, tmp_path / "t.parquet", row_group_size=700, use_dictionary=dictionary, version="2.6"
    )
    output = extract(
        run_ember,
        tmp_path,
        source,
        plan_text("{method: time, column: at, train: 0.61, validation: 0.18, test: 0.21}"),
    )
    values = INSTANTS[kind][1].tolist()
    first, last = cut(values, "0.61"), cut(values, "0.79")
    assert ids(output) == split_by([int(v >= first) + int(v >= last) for v in values])
    learned = cuts_of(output)
    # Parquet keeps date64 as days, and seconds as milliseconds.
    stored = {"date64": Fraction(1, 86_400_000), "seconds": 1000}.get(kind, 1)
    assert [int(learned[key]["value"]) for key in ("validation_from", "test_from")] == [
        first * stored,
        last * stored,
    ]


@pytest.mark.parametrize(
    "train,validation,test,present",
    [
        ("0.29", "0.29", "0.42", NAMES),  # in binary 0.29 * 100 is below 29
        ("0.7", "0", "0.3", ["train", "test"]),
        ("0.5", "0.5", "0", ["train", "validation"]),
        ("0", "0.5", "0.5", ["validation", "test"]),
        ("0", "0", "1", ["test"]),
        ("1", "0", "0", ["train"]),
        ("0.999999999999999999", "0", "0.000000000000000001", ["train", "test"]),
    ],
)
def test_shares_are_exact_decimals(run_ember, tmp_path, train, validation, test, present):
    days = np.random.default_rng(1).permutation(100)
    table = pa.table({"id": np.arange(100), "at": pa.array(days.astype(np.int32), pa.date32())})
    source = write_parquet(table, tmp_path / "t.parquet")
    split = f"{{method: time, column: at, train: {train}, validation: {validation}, test: {test}}}"
    output = extract(run_ember, tmp_path, source, plan_text(split))
    first = math.floor(Fraction(train) * 100)
    last = math.floor((Fraction(train) + Fraction(validation)) * 100)
    # Days 0 to 99 occur once each: the k-th smallest is k.
    assert ids(output) == split_by([int(d >= first) + int(d >= last) for d in days], present)


@pytest.mark.parametrize("method", ["hash", "random"])
def test_a_share_above_zero_has_a_folder(run_ember, tmp_path, method):
    """Also one that rounds to none of the 2^20 buckets, written as Python writes such numbers."""
    source = write_parquet(pa.table({"id": np.arange(100)}), tmp_path / "t.parquet")
    split = f"{{method: {method}, train: 4e-07, validation: 0, test: 0.9999996}}"
    output = extract(run_ember, tmp_path, source, plan_text(split))
    assert ids(output) == {"train": [], "test": list(range(100))}
    manifest = json.loads((output / "manifest.json").read_text())
    assert {shard["path"]: shard["rows"] for shard in manifest["shards"]} == {
        "train/part-00000.parquet": 0,
        "test/part-00000.parquet": 100,
    }


def test_time_by_instants_and_their_merge(run_ember, tmp_path):
    moments = [dt.datetime(2001, 1, 1) + dt.timedelta(hours=7 * i) for i in range(700)]
    table = pa.table({"id": np.arange(700), "at": pa.array(moments, pa.timestamp("us", "UTC"))})
    source = write_parquet(table, tmp_path / "t.parquet", row_group_size=90)
    split = (
        "{method: time, column: at, validation_from: 2001-03-01,"
        " test_from: 2001-04-01T02:30:00.5+02:00}"
    )
    plan = plan_text(split, steps="[{impute: median}, {scale: standard}]")
    output = extract(run_ember, tmp_path, source, plan_text(split))
    first, last = dt.datetime(2001, 3, 1), dt.datetime(2001, 4, 1, 0, 30, 0, 500_000)
    assert ids(output) == split_by([int(m >= first) + int(m >= last) for m in moments])
    assert cuts_of(output) == {
        "validation_from": {"instant": "2001-03-01 00:00:00+00", "value": 983404800000000},
        "test_from": {"instant": "2001-04-01 00:30:00.500+00", "value": 986085000500000},
    }
    (tmp_path / "plan.yaml").write_text(plan)
    run_ember("fit", tmp_path / "plan.yaml", source, "-o", tmp_path / "model", "-q")
    models = []
    for part in range(7):
        piece = write_parquet(table.slice(part * 100, 100), tmp_path / f"p{part}.parquet")
        models.append(tmp_path / f"m{part}")
        # A part without training rows learns nothing: its median is that of the others.
        run_ember("fit", tmp_path / "plan.yaml", piece, "-o", models[-1], "-q", status=None)
    fitted = [m for m in models if (m / "model.json").exists()]
    assert len(fitted) >= 2
    run_ember("merge", *fitted, "-o", tmp_path / "merged", "-q")
    assert folder_digests(tmp_path / "merged") == folder_digests(tmp_path / "model")


def test_one_instant_alone_cuts_once(run_ember, tmp_path):
    table = pa.table({"id": np.arange(10), "at": days(10)})
    source = write_parquet(table, tmp_path / "t.parquet")
    for key, name in [("validation_from", "validation"), ("test_from", "test")]:
        output = extract(
            run_ember,
            tmp_path,
            source,
            plan_text(f"{{method: time, column: at, {key}: 1970-01-05}}"),
            name=key,
        )
        assert ids(output) == {"train": [0, 1, 2, 3], name: [4, 5, 6, 7, 8, 9]}


@pytest.mark.parametrize("name, written", [("day", "day"), ("at", "`at`"), ("a t", "`a t`")])
@pytest.mark.parametrize("by", ["train: 0.5, validation: 0, test: 0.5", "test_from: 1970-01-03"])
def test_null_times_are_refused_with_their_number(run_ember, tmp_path, by, name, written):
    at = pa.array([1, None, 3, None, 5], pa.date32())
    source = write_parquet(pa.table({"id": range(5), name: at}), tmp_path / "t.parquet")
    plan = plan_text(f"{{method: time, column: {name}, {by}}}")
    message = extract(run_ember, tmp_path, source, plan, status=1)
    assert f"time column '{name}' is null in 2 of 5 rows" in message
    where = f"{written} IS NOT NULL"
    assert f"--where '{where}'" in message
    assert not (tmp_path / "out").exists()
    extract(run_ember, tmp_path, source, plan, "--where", where)


def test_time_split_repeats_for_threads_batches_and_layouts(run_ember, tmp_path):
    rng = np.random.default_rng(8)
    table = pa.table(
        {"id": np.arange(3000), "at": pa.array(rng.integers(0, 10**15, 3000), pa.timestamp("us"))}
    )
    plan = plan_text("{method: time, column: at}", steps="[{scale: robust}]")
    source = write_parquet(table, tmp_path / "t.parquet", row_group_size=400)
    base = extract(run_ember, tmp_path, source, plan, "--content-checksum", name="base")
    for number, options in enumerate([["--threads", 1, "--batch-rows", 11], ["--threads", 6]]):
        other = extract(
            run_ember, tmp_path, source, plan, "--content-checksum", *options, name=f"o{number}"
        )
        assert folder_digests(other) == folder_digests(base)
    shuffled = table.take(rng.permutation(3000))
    for number in range(3):
        write_parquet(shuffled.slice(number * 1000, 1000), tmp_path / "files" / f"{number}.parquet")
    parts = extract(
        run_ember, tmp_path, tmp_path / "files", plan, "--content-checksum", name="parts"
    )
    assert learned_digests(parts / "model") == learned_digests(base / "model")
    assert content_checksums(parts) == content_checksums(base)


def test_flights_by_time_against_duckdb_and_numpy(run_ember, flights, tmp_path):
    (tmp_path / "plan.yaml").write_text(
        """\
version: 1
target: {column: delay, drop_null: true}
split: {method: time, column: date, train: 0.8, validation: 0.1, test: 0.1}
features:
  - {columns: [distance], steps: [{bucketize: {quantiles: 10}}]}
  - {columns: [date], steps: [{datetime: [month, week, day_of_week, hour, minute]}]}
  - {columns: [origin], steps: [{hash_bucket: {buckets: 64}}]}
"""
    )
    output = tmp_path / "out"
    run_ember("extract", flights, "-o", output, "--plan", tmp_path / "plan.yaml", "-q")
    rows = duckdb.sql(f"from '{flights}' where delay is not null").to_arrow_table()
    dates = np.sort(rows["date"].to_numpy())
    n = len(dates)
    cuts = [dates[n * 8 // 10], dates[n * 9 // 10]]
    found = cuts_of(output)
    assert [
        np.datetime64(found[key]["instant"]) for key in ("validation_from", "test_from")
    ] == cuts
    for name, where in [
        ("train", f"date < '{cuts[0]}'"),
        ("validation", f"date >= '{cuts[0]}' and date < '{cuts[1]}'"),
        ("test", f"date >= '{cuts[1]}'"),
    ]:
        expected = duckdb.sql(
            "select distance, month(date) as month, weekofyear(date) as week,"
            " isodow(date) - 1 as day, hour(date) as hour, minute(date) as minute, origin, delay"
            f" from '{flights}' where delay is not null and {where}"
        ).to_arrow_table()
        features = read_shards(output / name)
        if name == "train":
            edges = np.quantile(expected["distance"].to_numpy(), np.arange(1, 10) / 10)
            assert learned_steps(output / "model", "distance")["bucketize"]["edges"] == list(edges)
        buckets = {
            v: farmhash.fingerprint64(v) % 64 for v in pc.unique(expected["origin"]).to_pylist()
        }
        for column, values in {
            "distance": np.digitize(expected["distance"].to_numpy(), edges),
            "date_month": expected["month"].to_numpy(),
            "date_week": expected["week"].to_numpy(),
            "date_day_of_week": expected["day"].to_numpy(),
            "date_hour": expected["hour"].to_numpy(),
            "date_minute": expected["minute"].to_numpy(),
            "origin": np.array([buckets[v] for v in expected["origin"].to_pylist()]),
            "delay": expected["delay"].to_numpy(),
        }.items():
            np.testing.assert_array_equal(features[column].to_numpy(), values, err_msg=column)


# -- random ----------------------------------------------------------------------------------------


def philox4x32(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 of Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011."""
    counter, key = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * counter[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * counter[2], 2**32)
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


def test_the_oracle_knows_the_papers_vectors():
    assert philox4x32([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = [2**32 - 1]
    assert philox4x32(ones * 4, ones * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


@pytest.mark.parametrize("seed", [0, 42, -7, 2**40 + 3])
def test_random_is_philox_of_the_position(run_ember, tmp_path, seed):
    rows = 3000
    table = pa.table({"id": np.arange(rows)})
    key = [seed % 2**32, seed % 2**64 >> 32]
    buckets = [philox4x32([i, 0, 0, 0], key)[0] & 0xFFFFF for i in range(rows)]
    first, last = round(Decimal("0.6") * 2**20), round(Decimal("0.9") * 2**20)
    expected = split_by([int(b >= first) + int(b >= last) for b in buckets])
    plan = plan_text(f"{{method: random, train: 0.6, validation: 0.3, test: 0.1, seed: {seed}}}")
    write_parquet(table, tmp_path / "one.parquet", row_group_size=111)
    for number in range(3):
        write_parquet(table.slice(number * 1000, 1000), tmp_path / "files" / f"{number}.parquet")
    for name in ["one.parquet", "files"]:
        assert (
            ids(extract(run_ember, tmp_path, tmp_path / name, plan, name=f"{name}.out")) == expected
        )
    # --limit comes before the split and changes no row's position.
    limited = extract(
        run_ember, tmp_path, tmp_path / "files", plan, "--limit", 1500, name="limited"
    )
    assert ids(limited) == {k: [i for i in v if i < 1500] for k, v in expected.items()}


@pytest.mark.parametrize(
    "split,says",
    [
        ("{method: random}", "its position in the whole table"),
        ("{method: time, column: at}", "each part has cut its own rows"),
    ],
)
def test_merging_what_depends_on_the_whole_is_refused(run_ember, tmp_path, split, says):
    table = pa.table({"id": np.arange(50), "at": days(50)})
    (tmp_path / "plan.yaml").write_text(plan_text(split, steps="[{scale: standard}]"))
    for part in range(2):
        source = write_parquet(table.slice(25 * part, 25), tmp_path / f"{part}.parquet")
        run_ember("fit", tmp_path / "plan.yaml", source, "-o", tmp_path / f"m{part}", "-q")
    process = run_ember(
        "merge", tmp_path / "m0", tmp_path / "m1", "-o", tmp_path / "merged", status=2
    )
    assert says in process.stderr
    assert not (tmp_path / "merged").exists()


# -- rows without a target -------------------------------------------------------------------------


def test_rows_without_a_target_vanish_before_the_split_counts(run_ember, tmp_path):
    rng = np.random.default_rng(4)
    n = 5000
    target = [None if r < 0.3 else math.nan if r < 0.4 else float(r) for r in rng.random(n)]
    gone = [t is None or math.isnan(t) for t in target]
    at = rng.integers(0, 10**6, n).tolist()
    # A missing time harms nobody in a row that vanishes.
    at = [None if g and i % 7 == 0 else a for i, (a, g) in enumerate(zip(at, gone, strict=True))]
    name = [f"n{v}" for v in rng.integers(0, 50, n)]
    table = pa.table(
        {
            "id": np.arange(n),
            "x": rng.normal(size=n),
            "name": name,
            "at": pa.array(at, pa.timestamp("s")),
            "y": target,
        }
    )
    plan = """\
version: 1
target: {column: y, drop_null: true}
split: {method: time, column: at, train: 0.6, validation: 0.2, test: 0.2}
features:
  - {columns: [id, name], steps: [passthrough]}
  - {columns: [x], steps: [{scale: standard}]}
"""
    source = write_parquet(table, tmp_path / "t.parquet", row_group_size=600)
    output = extract(run_ember, tmp_path, source, plan)
    kept = [i for i in range(n) if not gone[i]]
    values = [at[i] for i in kept]
    first, last = cut(values, "0.6"), cut(values, "0.8")
    expected = {
        "train": [i for i in kept if at[i] < first],
        "validation": [i for i in kept if first <= at[i] < last],
        "test": [i for i in kept if at[i] >= last],
    }
    assert ids(output) == expected
    train = read_shards(output / "train")
    assert train["y"].null_count == 0
    assert train["y"].to_pylist() == [target[i] for i in expected["train"]]
    assert train["name"].to_pylist() == [name[i] for i in expected["train"]]
    scale = learned_steps(output / "model", "x")["scale"]
    assert scale["count"] == len(expected["train"])
    x = table["x"].to_numpy()[expected["train"]]
    assert scale["mean"] == pytest.approx(x.mean(), rel=1e-12, abs=1e-15)
    for number, options in enumerate(
        [["--threads", 1, "--batch-rows", 7], ["--threads", 5, "--memory", "128MiB"]]
    ):
        other = extract(run_ember, tmp_path, source, plan, *options, name=f"o{number}")
        assert folder_digests(other) == folder_digests(output)
    report = json.loads((output / "run_report.json").read_text())
    assert (report["rows"], report["dropped_rows"]) == (n, sum(gone))
    # The model is for any row, also those whose target nobody knows yet.
    run_ember("transform", output / "model", source, "-o", tmp_path / "all", "-q")
    assert read_shards(tmp_path / "all")["id"].to_pylist() == list(range(n))
    # First the limit, then the rows without a target.
    limited = extract(run_ember, tmp_path, source, plan, "--limit", 1000, name="limited")
    rows = json.loads((limited / "manifest.json").read_text())["splits"]
    assert sum(split["rows"] for split in rows.values()) == sum(not g for g in gone[:1000])


@pytest.mark.parametrize("split", ["{train: 1, validation: 0, test: 0}", "{key: [id]}", "{}"])
def test_dropping_under_other_splits_changes_no_other_row(run_ember, tmp_path, split):
    n = 2000
    y = [None if i % 3 == 0 else f"y{i % 5}" for i in range(n)]
    source = write_parquet(
        pa.table({"id": np.arange(n), "y": pa.array(y).dictionary_encode()}),
        tmp_path / "t.parquet",
        row_group_size=300,
    )
    whole = ids(extract(run_ember, tmp_path, source, plan_text(split, "target: y\n"), name="w"))
    kept = ids(
        extract(
            run_ember,
            tmp_path,
            source,
            plan_text(split, "target: {column: y, drop_null: true}\n"),
            name="k",
        )
    )
    assert kept == {name: [i for i in rows if i % 3] for name, rows in whole.items()}


def test_dropping_where_nothing_is_missing_changes_nothing(run_ember, tmp_path):
    source = write_parquet(
        pa.table({"id": np.arange(500), "y": np.arange(500)}), tmp_path / "t.parquet"
    )
    keep = extract(run_ember, tmp_path, source, plan_text("{key: [id]}", "target: y\n"), name="k")
    drop = extract(
        run_ember,
        tmp_path,
        source,
        plan_text("{key: [id]}", "target: {column: y, drop_null: true}\n"),
        name="d",
    )
    assert {k: v for k, v in folder_digests(keep).items() if "part-" in k} == {
        k: v for k, v in folder_digests(drop).items() if "part-" in k
    }


def test_parts_without_targets_merge(run_ember, tmp_path):
    n = 2100
    rng = np.random.default_rng(12)
    table = pa.table(
        {"id": rng.normal(size=n), "y": pa.array(rng.random(n), mask=rng.random(n) < 0.4)}
    )
    (tmp_path / "plan.yaml").write_text(
        plan_text(
            "{train: 0.7, validation: 0.2, test: 0.1}",
            "target: {column: y, drop_null: true}\n",
            "[{impute: median}, {bucketize: {quantiles: 5}}]",
        )
    )
    run_ember(
        "fit",
        tmp_path / "plan.yaml",
        write_parquet(table, tmp_path / "t.parquet"),
        "-o",
        tmp_path / "model",
        "-q",
    )
    for part in range(7):
        piece = write_parquet(table.slice(part * 300, 300), tmp_path / f"p{part}.parquet")
        run_ember("fit", tmp_path / "plan.yaml", piece, "-o", tmp_path / f"m{part}", "-q")
    run_ember("merge", *(tmp_path / f"m{p}" for p in range(7)), "-o", tmp_path / "merged", "-q")
    assert folder_digests(tmp_path / "merged") == folder_digests(tmp_path / "model")


# -- hash ------------------------------------------------------------------------------------------


def float_text(value: float) -> str:
    """As BigQuery's CAST(FLOAT64 AS STRING): %.15g, else %.17g; DESIGN section 5."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    value += 0.0
    short = f"{value:.15g}"
    return short if float(short) == value else f"{value:.17g}"


def datetime_text(micros: int) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)
    text = f"{moment.year:04}-" + moment.strftime("%m-%d %H:%M:%S")
    fraction = moment.microsecond
    if fraction == 0:
        return text
    return text + (f".{fraction // 1000:03}" if fraction % 1000 == 0 else f".{fraction:06}")


def key_columns() -> dict[str, tuple[pa.Array, list[str]]]:
    rng = np.random.default_rng(21)
    n = 3000
    reals = np.concatenate(
        [
            [0.0, -0.0, math.nan, math.inf, -math.inf, 0.1, 1 / 3, 2 / 3, 1e15, 1e16, 1e17, 1e22],
            [1e-5, 1e-4, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1.5],
            rng.integers(0, 2**64, 1500, dtype=np.uint64).view(np.float64),
            rng.normal(size=800) * 10.0 ** rng.integers(-20, 20, 800),
        ]
    )
    reals = np.concatenate([reals, rng.integers(-(10**6), 10**6, n - len(reals)) / 100])
    singles = reals.astype(np.float32)
    micros = rng.integers(-(10**16), 10**16, n)
    micros[::3] -= micros[::3] % 1000
    micros[::5] -= micros[::5] % 10**6
    nanos = rng.integers(-(2**62), 2**62, n)
    days = rng.integers(-100_000, 100_000, n)
    whole = rng.integers(-(2**63), 2**63 - 1, n)
    flags = rng.random(n) < 0.5
    day_texts = [datetime_text(int(d) * 86_400_000_000)[:10] for d in days]
    return {
        "float64": (pa.array(reals), [float_text(v) for v in reals.tolist()]),
        "float32": (pa.array(singles), [float_text(v) for v in singles.astype(float).tolist()]),
        "datetime": (
            pa.array(micros, pa.timestamp("us")),
            [datetime_text(v) for v in micros.tolist()],
        ),
        "timestamp": (
            pa.array(micros, pa.timestamp("us", "Asia/Tokyo")),
            [datetime_text(v) + "+00" for v in micros.tolist()],
        ),
        "nanos": (
            pa.array(nanos, pa.timestamp("ns")),
            [datetime_text(v // 1000) for v in nanos.tolist()],
        ),
        "date": (pa.array(days.astype(np.int32), pa.date32()), day_texts),
        "int64": (pa.array(whole), [str(v) for v in whole.tolist()]),
        "bool": (pa.array(flags), ["true" if v else "false" for v in flags.tolist()]),
        "string": (pa.array([f"é{v % 97}" for v in range(n)]), [f"é{v % 97}" for v in range(n)]),
    }


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("dictionary", [True, False])
def test_keys_of_every_type_are_hashed_as_bigquery_writes_them(run_ember, tmp_path, dictionary):
    columns = key_columns()
    n = len(columns["int64"][1])
    rng = np.random.default_rng(2)
    table = {"id": pa.array(np.arange(n))}
    texts = {}
    for name, (array, column_texts) in columns.items():
        null = rng.random(n) < 0.05
        table[name] = pc.if_else(pa.array(null), pa.scalar(None, array.type), array)
        texts[name] = ["\x1e" if m else t for m, t in zip(null, column_texts, strict=True)]
    source = write_parquet(
        pa.table(table), tmp_path / "t.parquet", row_group_size=800, use_dictionary=dictionary
    )
    first, last = round(Decimal("0.5") * 2**20), round(Decimal("0.75") * 2**20)
    for key in [*([name] for name in columns), ["float64", "datetime", "bool"]]:
        output = extract(
            run_ember,
            tmp_path,
            source,
            plan_text(
                f"{{key: [{', '.join(key)}], train: 0.5, validation: 0.25, test: 0.25, seed: -3}}"
            ),
            name="-".join(key),
        )
        buckets = [
            farmhash.fingerprint64("\x1f".join(["-3", *row])) & 0xFFFFF
            for row in zip(*(texts[name] for name in key), strict=True)
        ]
        expected = split_by([int(b >= first) + int(b >= last) for b in buckets])
        assert ids(output) == expected, key


@pytest.mark.parametrize(
    "split,says",
    [
        ("{method: time, column: id}", "takes a column of dates or timestamps, found int64"),
        ("{method: time, column: ta}", "unknown time column 'ta'"),
        ("{method: time, column: at, test_from: soon}", "expected an instant such as"),
        ("{method: time, column: at, test_from: 2001-01-01 05:00}", "a date such as 2001-01-31"),
        ("{method: time, column: at, test_from: 2001-01-01, train: 1}", "not both"),
        ("{method: random, key: [id]}", "unknown key of a random split 'key'"),
    ],
)
def test_refusals_say_where_and_why(run_ember, tmp_path, split, says):
    table = pa.table({"id": np.arange(5), "at": days(5)})
    source = write_parquet(table, tmp_path / "t.parquet")
    message = extract(run_ember, tmp_path, source, plan_text(split), status=2)
    assert "out.yaml:2:" in message
    assert says in message


def test_a_damaged_cut_is_noticed(run_ember, tmp_path):
    table = pa.table({"id": np.arange(50), "at": days(50)})
    source = write_parquet(table, tmp_path / "t.parquet")
    output = extract(run_ember, tmp_path, source, plan_text("{method: time, column: at}"))
    path = output / "model" / "model.json"
    document = json.loads(path.read_text())
    for damage in [None, {}, {"value": "x", "instant": "1970-01-01"}, {"value": 3, "instant": "?"}]:
        changed = json.loads(json.dumps(document))
        changed["split"]["test_from"] = damage
        path.write_text(json.dumps(changed))
        # A cut that no row can reach is absent: that alone is no damage.
        status = 0 if damage is None else 1
        process = run_ember(
            "transform",
            output / "model",
            source,
            "-o",
            tmp_path / f"t{damage is None}",
            "--overwrite",
            "-q",
            status=status,
        )
        assert status == 0 or "model.json" in process.stderr


def test_the_option_target_keeps_drop_null_of_the_same_column(run_ember, tmp_path):
    table = pa.table({"id": np.arange(30), "y": [None, 1, 2] * 10, "z": [1, None, None] * 10})
    source = write_parquet(table, tmp_path / "t.parquet")
    plan = plan_text("{train: 1, validation: 0, test: 0}", "target: {column: y, drop_null: true}\n")
    for target, rows in [("y", 20), ("z", 30)]:
        output = extract(run_ember, tmp_path, source, plan, "--target", target, name=target)
        assert len(read_shards(output / "train")) == rows


def test_a_seed_does_not_shape_a_split_by_time(run_ember, tmp_path):
    table = pa.table({"at": pa.array(range(100), pa.timestamp("us")), "id": range(100)})
    source = write_parquet(table, tmp_path / "t.parquet")
    plan = plan_text("{method: time, column: at, train: 0.8, validation: 0.1, test: 0.1}")
    plain = extract(run_ember, tmp_path, source, plan, name="plain")
    seeded = extract(run_ember, tmp_path, source, plan, "--seed", "3", name="seeded")
    # The plan that is written has no seed, and the model is this plan's.
    run_ember("transform", seeded / "model", source, "-o", tmp_path / "features")
    for name in ("plan.yaml", "model.json"):
        assert (seeded / "model" / name).read_bytes() == (plain / "model" / name).read_bytes()
