"""cross, target_encode, lag, difference and rolling against pandas, scikit-learn and FarmHash."""

import json

import farmhash
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import folder_digests, learned_digests, read_shards, write_parquet
from sklearn.preprocessing import TargetEncoder

ROWS = 6_000
FOLDS = 4
PLAN = """\
version: 1
target: delay
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [carrier, origin], steps: [cross, vocabulary]}
  - columns: [origin, stops]
    steps: [{impute: most_frequent}, cross, {hash_bucket: {buckets: 90}}]
  - columns: [carrier, stops]
    steps: [{target_encode: {folds: FOLDS, smoothing: 10}}]
  - {columns: [origin], steps: [target_encode, {scale: standard}]}
  - {columns: [distance], steps: [{lag: {periods: [1, 3], by: carrier}}]}
  - {columns: [origin], steps: [{lag: {by: carrier}}, vocabulary]}
  - columns: [distance]
    steps: [{difference: {by: [carrier, origin]}}, {impute: {constant: 0}}]
  - columns: [distance]
    steps: [{rolling: {statistics: [mean, std, min, max, sum], window: 5, by: carrier}}]
  - columns: [speed]
    steps:
      - {impute: median}
      - {rolling: {statistics: mean, window: 4, min_count: 2}}
      - {scale: standard}
output: {dtype: float64}
""".replace("FOLDS", str(FOLDS))


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(31)

    def masked(values, share=0.06):
        return pa.array(values, mask=rng.random(ROWS) < share)

    carriers = np.array(["AA", "UA", "B6", "back\\slash", "a x b"])[rng.integers(0, 5, ROWS)]
    origins = np.array([f"é{v}" for v in rng.zipf(1.4, ROWS) % 150])
    effect = pd.util.hash_array(origins.astype(object)) % 40
    return pa.table(
        {
            "id": np.arange(ROWS),
            "carrier": masked(carriers),
            "origin": masked(origins),
            "stops": masked(rng.integers(0, 4, ROWS)),
            "distance": masked(rng.integers(0, 3000, ROWS)),
            "speed": masked(rng.normal(400, 50, ROWS)),
            "delay": masked(rng.normal(size=ROWS) * 10 + effect, 0.03),
        }
    )


class Run:
    """A table, a plan, and what extract makes of them."""

    def __init__(self, folder, run_ember):
        self.folder = folder
        self.ember = run_ember

    def extract(self, table, name, *options, plan=PLAN):
        source = write_parquet(table, self.folder / f"{name}.parquet", row_group_size=700)
        (self.folder / f"{name}.yaml").write_text(plan)
        out = self.folder / f"{name}-out"
        self.ember("extract", source, "--plan", self.folder / f"{name}.yaml", "-o", out, *options)
        return out

    @staticmethod
    def rows(out):
        splits = {
            split: read_shards(out / split).to_pandas().set_index("id")
            for split in ["train", "validation", "test"]
        }
        return pd.concat(splits, names=["split"]).reset_index("split").sort_index()


@pytest.fixture(scope="module")
def run(run_ember, tmp_path_factory):
    return Run(tmp_path_factory.mktemp("rows"), run_ember)


@pytest.fixture(scope="module")
def extracted(table, run):
    return run.extract(table, "table")


@pytest.fixture(scope="module")
def found(extracted, run):
    return run.rows(extracted)


def fingerprint(key) -> int:
    return farmhash.fingerprint64(f"5\x1f{key}")


def fold_of(key, folds) -> int:
    return (fingerprint(key) >> 20) % folds


def test_crosses_are_pairs_of_values(table, found):
    frame = table.to_pandas()
    pairs = frame[["carrier", "origin"]].apply(tuple, axis=1)
    whole = frame["carrier"].notna() & frame["origin"].notna()
    ids = found["carrier_x_origin"]
    assert (ids[~whole] == 1).all()
    counts = pairs[whole & (found["split"] == "train")].value_counts()
    for pair, of_pair in pairs[whole].groupby(pairs[whole]):
        seen = set(ids[of_pair.index])
        assert len(seen) == 1
        assert (seen == {2}) == (pair not in counts.index)
    known = ids[whole & (ids > 2)]
    assert known.nunique() == len(counts), "two pairs share an id"


def test_steps_ahead_of_a_cross_apply_to_each_column(table, found):
    frame = table.to_pandas()
    train = frame[found["split"] == "train"]
    texts = {}
    for column in ["origin", "stops"]:
        top = train[column].value_counts()
        top = min(top[top == top.max()].index)
        texts[column] = frame[column].fillna(top)
    stops = texts["stops"].astype(int).astype(str)
    expected = [
        farmhash.fingerprint64(f"{origin} x {stop}") % 90
        for origin, stop in zip(texts["origin"], stops, strict=True)
    ]
    np.testing.assert_array_equal(found["origin_x_stops"], expected)


def encodings(values, target, smoothing):
    """What category_encoders' MEstimateEncoder learns, or scikit-learn's with `auto`."""
    known = target.notna()
    values, target = values[known], target[known]
    prior = target.mean()
    if smoothing == "auto":
        oracle = TargetEncoder(target_type="continuous", smooth="auto")
        oracle.fit(values.to_frame(), target)
        learned = dict(zip(oracle.categories_[0], oracle.encodings_[0], strict=True))
    else:
        groups = target.groupby(values)
        learned = ((groups.sum() + smoothing * prior) / (groups.count() + smoothing)).to_dict()
    return learned, prior


@pytest.mark.parametrize(
    ("column", "folds", "smoothing"),
    [("carrier", FOLDS, 10), ("stops", FOLDS, 10), ("origin", 5, "auto")],
)
def test_targets_are_encoded_without_the_rows_own_fold(table, found, column, folds, smoothing):
    frame = table.to_pandas()
    values = frame[column].astype(object).where(frame[column].notna(), "missing")
    train = found["split"] == "train"
    folds_of_rows = pd.Series([fold_of(key, folds) for key in frame["id"]])
    expected = pd.Series(np.nan, index=frame.index)
    learned, prior = encodings(values[train], frame["delay"][train], smoothing)
    expected[~train] = [learned.get(value, prior) for value in values[~train]]
    for fold in range(folds):
        others = train & (folds_of_rows != fold)
        learned, prior = encodings(values[others], frame["delay"][others], smoothing)
        own = train & (folds_of_rows == fold)
        expected[own] = [learned.get(value, prior) for value in values[own]]
    if column == "origin":
        expected = (expected - expected[train].mean()) / expected[train].std(ddof=0)
    np.testing.assert_allclose(found[f"{column}_target_mean"], expected, rtol=1e-9, atol=1e-10)


def test_lags_and_windows_follow_the_source(table, found):
    frame = table.to_pandas()
    by = frame["carrier"].fillna("none")
    groups = frame["distance"].groupby(by)
    for period in [1, 3]:
        np.testing.assert_array_equal(found[f"distance_lag_{period}"], groups.shift(period))
    earlier = frame["origin"].groupby(by).shift(1)
    ids = found["origin_lag_1"]
    assert (ids[earlier.isna()] == 1).all()
    assert (ids[earlier.notna()].groupby(earlier).nunique() == 1).all()
    pairs = [by, frame["origin"].fillna("none")]
    np.testing.assert_array_equal(
        found["distance_difference_1"], frame["distance"].groupby(pairs).diff().fillna(0)
    )
    for statistic in ["mean", "std", "min", "max", "sum"]:
        windows = groups.rolling(5, min_periods=1)
        expected = getattr(windows, statistic)().droplevel(0).sort_index()
        np.testing.assert_allclose(
            found[f"distance_rolling_{statistic}_5"], expected, rtol=1e-9, atol=1e-9
        )
    speed = frame["speed"].fillna(frame["speed"][found["split"] == "train"].median())
    mean = speed.rolling(4, min_periods=2).mean()
    train = mean[found["split"] == "train"]
    np.testing.assert_allclose(
        found["speed_rolling_mean_4"], (mean - train.mean()) / train.std(ddof=0), rtol=1e-9
    )


def test_the_same_bytes_for_all_threads_batches_and_memory(extracted, table, run):
    expected = folder_digests(extracted)
    for number, options in enumerate(
        [("--threads", 1), ("--threads", 4, "--batch-rows", 37), ("--memory", "128MiB")]
    ):
        assert folder_digests(run.extract(table, f"again{number}", *options)) == expected


def test_units_do_not_show_in_what_is_learned(extracted, table, run):
    # Two files instead of one; the rows' order is the same.
    folder = run.folder / "parts"
    for name, part in [("a", table.slice(0, 2501)), ("b", table.slice(2501))]:
        write_parquet(part, folder / f"{name}.parquet")
    (run.folder / "plan.yaml").write_text(PLAN)
    out = run.folder / "parts-out"
    run.ember("extract", folder, "--plan", run.folder / "plan.yaml", "-o", out)
    assert learned_digests(out / "model") == learned_digests(extracted / "model")
    pd.testing.assert_frame_equal(run.rows(out), run.rows(extracted))


def test_a_served_row_gets_what_all_folds_have_learned(extracted, table, found, run):
    source = run.folder / "table.parquet"
    run.ember("fit", run.folder / "table.yaml", source, "-o", run.folder / "model")
    without_target = write_parquet(table.drop_columns("delay"), run.folder / "serve.parquet")
    for name, served in [("with", source), ("without", without_target)]:
        out = run.folder / f"all-{name}"
        run.ember("transform", run.folder / "model", served, "-o", out)
        everything = read_shards(out).to_pandas().set_index("id")
        rest = found[found["split"] != "train"].drop(columns="split")
        columns = [c for c in rest.columns if c != "delay"]
        pd.testing.assert_frame_equal(everything.loc[rest.index, columns], rest[columns])
        train = found[found["split"] == "train"]
        encoded = [c for c in columns if c.endswith("target_mean")]
        others = [c for c in columns if c not in encoded]
        pd.testing.assert_frame_equal(everything.loc[train.index, others], train[others])
        # All but rows without a target of their own, whose fold takes nothing away.
        assert (everything.loc[train.index, encoded] != train[encoded]).mean().min() > 0.98


def test_no_row_sees_later_rows(table, found, run):
    plan = PLAN.replace(", {scale: standard}]", "]")
    before = run.rows(run.extract(table, "before", plan=plan))
    half = ROWS // 2
    shuffled = table.to_pandas()
    rng = np.random.default_rng(5)
    later = shuffled.iloc[half:]
    for column in ["carrier", "origin", "distance", "speed"]:
        shuffled.loc[half:, column] = rng.permutation(later[column].to_numpy())
    changed = pa.Table.from_pandas(shuffled, preserve_index=False).cast(table.schema)
    after = run.rows(run.extract(changed, "after", plan=plan))
    columns = [c for c in found.columns if "_lag_" in c or "_roll" in c or "_diff" in c]
    columns.remove("origin_lag_1")  # whose ids are ranks among all training rows
    columns.remove("speed_rolling_mean_4")  # filled with the median of all training rows
    pd.testing.assert_frame_equal(before.loc[: half - 1, columns], after.loc[: half - 1, columns])
    assert not before.loc[half:, columns].equals(after.loc[half:, columns])


def test_no_training_row_sees_its_folds_targets(table, found, run):
    plan = PLAN.replace("target_encode, {scale: standard}", "{target_encode: {folds: 4}}")
    before = run.rows(run.extract(table, "targets", plan=plan))
    frame = table.to_pandas()
    fold = pd.Series([fold_of(key, FOLDS) for key in frame["id"]])
    train = found["split"] == "train"
    frame.loc[fold == 2, "delay"] = 1e6
    changed = pa.Table.from_pandas(frame, preserve_index=False).cast(table.schema)
    after = run.rows(run.extract(changed, "targets-changed", plan=plan))
    encoded = [c for c in before.columns if c.endswith("target_mean")]
    own = before.index[train & (fold == 2)]
    pd.testing.assert_frame_equal(before.loc[own, encoded], after.loc[own, encoded])
    others = before.index[train & (fold != 2)]
    assert (before.loc[others, encoded] != after.loc[others, encoded]).mean().min() > 0.9


def test_explain_tells_the_passes_over_rows(extracted, run):
    text = run.ember("explain", run.folder / "table.yaml", run.folder / "table.parquet").stdout
    assert "learn target_encode from whole rows" in text
    assert "apply lag, difference, rolling to rows in their order, by one thread" in text
    shown = run.ember(
        "explain", run.folder / "table.yaml", run.folder / "table.parquet", "--json"
    ).stdout
    phases = [each["phase"] for each in json.loads(shown)["passes"]]
    assert phases.index("rows") > phases.index("fit")
    assert phases.count("rows") == 2


def test_a_damaged_model_is_refused(extracted, table, run):
    model = run.folder / "table-out" / "model"
    text = (model / "model.json").read_text()
    source = run.folder / "table.parquet"
    for number, damage in enumerate(
        [
            lambda model: model["row_steps"].pop(),
            lambda model: model.pop("row_steps"),
            lambda model: model["row_steps"][2]["learned"].update(prior="x"),
            lambda model: model["row_steps"][2]["learned"]["encodings"].pop(),
            lambda model: model["row_steps"][2]["learned"].update(folds=3),
            lambda model: model["row_steps"][1]["inputs"].pop(),
            lambda model: model["row_steps"][1].update(more=1),
            lambda model: model.update(row_steps={"a": 1}),
            lambda model: model.update(row_steps=[1] * len(model["row_steps"])),
        ]
    ):
        document = json.loads(text)
        damage(document)
        broken = run.folder / f"broken{number}"
        for path in model.rglob("*"):
            if path.is_file() and path.name != "model.json":
                target = broken / path.relative_to(model)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        (broken / "model.json").write_text(json.dumps(document))
        error = run.ember(
            "transform", broken, source, "-o", run.folder / f"from-broken{number}", status=1
        ).stderr
        assert "fit again" in error


def test_plans_that_cannot_be_are_refused_together(extracted, run):
    plan = """\
version: 1
split: {method: hash, key: [id], train: 1.0}
features:
  - {columns: [carrier], steps: [cross, vocabulary]}
  - {columns: [carrier, origin], steps: [cross]}
  - {columns: [origin], steps: [target_encode]}
  - {columns: [distance], steps: [{lag: {by: carier}}]}
  - {columns: [distance], steps: [lag, {windows: 1000}, {windows: 1000}]}
  - {columns: [distance], steps: [{rolling: {statistics: mode}}]}
  - {columns: [origin], steps: [difference]}
  - {columns: [origin], steps: [vocabulary, lag]}
"""
    (run.folder / "bad.yaml").write_text(plan)
    error = run.ember(
        "fit", run.folder / "bad.yaml", run.folder / "table.parquet", "-o", run.folder / "no",
        status=2,
    ).stderr  # fmt: skip
    for expected in [
        "bad.yaml:4:34: cross: takes two columns or more together",
        "bad.yaml:5:5: column 'carrier_x_origin' is string and has no step",
        "bad.yaml:6:33: target_encode learns from the plan's target, and the plan has none",
        "unknown column 'carier'; did you mean 'carrier'?",
        "bad.yaml:8:58: the steps that work on rows make more than 65536 columns",
        "rolling: option 'statistics' must be",
        "option 'window' is missing",
        "difference takes numbers",
        "bad.yaml:11:45: lag takes one value of each column",
    ]:
        assert expected in error, error


MERGED = """\
version: 1
target: delay
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [speed], steps: [{impute: median}, {scale: standard}]}
  - {columns: [carrier, origin], steps: [cross, vocabulary]}
  - {columns: [stops, carrier], steps: [cross, one_hot]}
  - {columns: [carrier, stops], steps: [{target_encode: {folds: 4, smoothing: 10}}]}
  - {columns: [carrier, origin], steps: [cross, target_encode]}
  - {columns: [speed], steps: [{impute: mean}, {lag: {by: carrier}}]}
  - {columns: [distance], steps: [{windows: {size: 3, by: carrier}}, {impute: {constant: 0}}]}
output: {dtype: float64}
"""


def test_fits_of_parts_make_the_model_of_the_whole(table, run):
    (run.folder / "merged.yaml").write_text(MERGED)
    whole = write_parquet(table, run.folder / "whole.parquet", row_group_size=700)
    run.ember("fit", run.folder / "merged.yaml", whole, "-o", run.folder / "whole-model")
    parts = []
    for number, (begin, end) in enumerate([(0, 900), (900, 4000), (4000, ROWS)]):
        part = write_parquet(
            table.slice(begin, end - begin), run.folder / f"m{number}.parquet", row_group_size=311
        )
        parts.append(run.folder / f"part-model{number}")
        run.ember("fit", run.folder / "merged.yaml", part, "-o", parts[-1], "--threads", 2)
    run.ember("merge", *parts, "-o", run.folder / "merged-model")
    expected = folder_digests(run.folder / "whole-model")
    assert "state/states.bin" in expected
    assert folder_digests(run.folder / "merged-model") == expected
    # In any order, and of what has been merged before.
    run.ember("merge", parts[2], parts[0], "-o", run.folder / "two")
    run.ember("merge", run.folder / "two", parts[1], "-o", run.folder / "three")
    assert folder_digests(run.folder / "three") == expected


def test_parts_with_nothing_to_learn_from_are_merged(table, run):
    """Rows without any target, and without any value of what a lag takes."""
    empty = table.slice(0, 400)
    empty = empty.set_column(0, "id", pa.array(np.arange(400) + 10 * ROWS))
    for name in ("delay", "speed", "stops"):
        place = empty.column_names.index(name)
        empty = empty.set_column(place, name, pa.nulls(400, table.schema.field(name).type))
    (run.folder / "lacking.yaml").write_text(MERGED)

    def fit(rows, name):
        source = write_parquet(rows, run.folder / f"{name}.parquet", row_group_size=311)
        model = run.folder / f"{name}-model"
        return model, run.ember("fit", run.folder / "lacking.yaml", source, "-o", model).stderr

    whole, said = fit(pa.concat_tables([table, empty]), "with-lacking")
    assert "the model has seen" not in said
    full, _ = fit(table, "without-lacking")
    lacking, said = fit(empty, "lacking")
    said = " ".join(said.split())
    assert "has seen no values of 'speed', of which its steps need some" in said, said
    assert "nothing for target_encode of 'carrier', target_encode of 'stops'," in said, said
    learned = json.loads((lacking / "model.json").read_text())["row_steps"]
    steps = [each["learned"] for each in learned if each["learned"]["step"] == "target_encode"]
    assert steps == [{"step": "target_encode", "no_values": True}] * 3
    error = run.ember("transform", lacking, run.folder / "lacking.parquet", "-o",
                      run.folder / "none", status=1).stderr  # fmt: skip
    assert "it can be merged with fits of other rows" in " ".join(error.split())
    for number, parts in enumerate([(full, lacking), (lacking, full)]):
        run.ember("merge", *parts, "-o", run.folder / f"completed{number}")
        assert folder_digests(run.folder / f"completed{number}") == folder_digests(whole)
    # What lacks values together lacks them still, and is completed later.
    run.ember("merge", lacking, "-o", run.folder / "lacking-alone")
    run.ember("merge", run.folder / "lacking-alone", full, "-o", run.folder / "completed2")
    assert folder_digests(run.folder / "completed2") == folder_digests(whole)


def test_a_part_without_training_rows_is_not_fitted(table, run):
    plan = MERGED.replace("train: 0.7, validation: 0.2, test: 0.1", "train: 0, test: 1.0")
    (run.folder / "none.yaml").write_text(plan)
    source = write_parquet(table, run.folder / "none.parquet")
    error = run.ember("fit", run.folder / "none.yaml", source, "-o", run.folder / "no", status=1)
    assert "training rows" in error.stderr


@pytest.mark.parametrize(
    ("steps", "reasons"),
    [
        ("[speed, distance], steps: [{impute: {constant: 0}}, {pca: 2}]", ["'pca' learns from"]),
        (
            "[distance], steps: [lag, {scale: standard}]",
            ["'distance_lag_1'", "'scale'", "'lag' takes from rows that another part may hold"],
        ),
        (
            "[origin, carrier], steps: [{impute: most_frequent}, cross, vocabulary]",
            ["'origin_x_carrier'", "'vocabulary'", "'impute' makes, which has learned itself"],
        ),
        (
            "[carrier], steps: [target_encode, {scale: standard}]",
            ["'scale'", "'target_encode' makes, which has learned itself"],
        ),
        (
            "[carrier], steps: [{lag: {periods: 1}}, target_encode]",
            ["'target_encode'", "'lag' takes from rows"],
        ),
    ],
)
def test_what_parts_cannot_learn_is_not_merged(table, run, steps, reasons):
    plan = PLAN[: PLAN.index("features:")] + f"features:\n  - {{columns: {steps}}}\n"
    out = run.extract(table.slice(0, 2000), "unmerged", "--keep-state", "--overwrite", plan=plan)
    model = out / "model"
    assert not (model / "state").exists()
    error = run.ember("merge", model, model, "-o", run.folder / "none", status=2).stderr
    for reason in [*reasons, "fits of parts would differ", "fit the whole table"]:
        assert reason in error, error


def test_entities_beyond_memory_end_the_run_with_what_to_do(run):
    rows = 3_000_000
    table = pa.table({"key": np.arange(rows), "value": np.arange(rows) * 0.5})
    source = run.folder / "many.parquet"
    pq.write_table(table, source)
    plan = """\
version: 1
split: {method: hash, key: [key], train: 1.0}
features:
  - {columns: [value], steps: [{rolling: {statistics: mean, window: 50, by: key}}]}
"""
    (run.folder / "many.yaml").write_text(plan)
    error = run.ember(
        "extract", source, "--plan", run.folder / "many.yaml", "-o", run.folder / "many",
        "--memory", "128MiB", status=4,
    ).stderr  # fmt: skip
    assert "rolling remembers rows of" in error
    assert "raise --memory, or give 'by' a column with fewer values" in error


@pytest.fixture(scope="module")
def customers(run):
    """A table in which almost every row has a key of its own."""
    rows = 400_000
    rng = np.random.default_rng(3)
    path = run.folder / "customers.parquet"
    table = pa.table(
        {
            "key": [f"customer number {i:09d}" for i in rng.integers(0, 2**30, rows)],
            "value": rng.standard_normal(rows),
            "y": rng.standard_normal(rows),
        }
    )
    pq.write_table(table, path, row_group_size=50_000)
    return path


REMEMBERING = {
    "target_encode": "{columns: [key], steps: [target_encode]}",
    "lag": "{columns: [value], steps: [{lag: {periods: [1, 2], by: key}}]}",
}


@pytest.mark.parametrize("step", REMEMBERING)
def test_what_steps_remember_is_foretold(customers, run, step):
    (run.folder / f"{step}.yaml").write_text(
        "version: 1\ntarget: y\nsplit: {method: hash, key: [value]}\n"
        f"features: [{REMEMBERING[step]}]\n"
    )

    def memory(limit):
        explained = run.ember(
            "explain", run.folder / f"{step}.yaml", customers, "--json", "--memory", limit,
            "--threads", 2,
        )  # fmt: skip
        return json.loads(explained.stdout)["memory"]

    def extract(limit, status):
        return run.ember(
            "extract", customers, "--plan", run.folder / f"{step}.yaml", "-o", run.folder / step,
            "--memory", limit, "--threads", 2, "-q", status=status,
        )  # fmt: skip

    assert memory("2GiB")["fits"] == "yes"
    extract("2GiB", 0)
    peak = json.loads((run.folder / step / "run_report.json").read_text())["peak_resident_bytes"]
    estimate = memory("2GiB")["estimate_bytes"]
    assert estimate / 4 <= peak <= estimate * 1.1, (peak >> 20, estimate >> 20)
