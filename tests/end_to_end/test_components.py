"""The steps pca and windows against scikit-learn and NumPy."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from outputs import folder_digests, read_shards, write_parquet
from sklearn.decomposition import PCA

ROWS = 5_000
PLAN = """\
version: 1
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [a, b, c], steps: [{pca: 2}]}
  - columns: [a, b, d]
    steps: [{scale: standard}, {pca: {components: 2, name: scaled}}, {scale: standard}]
  - {columns: [d], steps: [{windows: {size: 3, stride: 2, by: who}}]}
output: {dtype: float64}
"""


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    random = np.random.default_rng(0)
    mixed = random.standard_normal((ROWS, 4)) @ random.standard_normal((4, 4))
    return mixed + np.array([1, 2, 3, 4])


@pytest.fixture(scope="module")
def entities() -> np.ndarray:
    return np.array(list("abc"))[np.random.default_rng(1).integers(0, 3, ROWS)]


@pytest.fixture(scope="module")
def folder(values, entities, run_ember, tmp_path_factory):
    folder = tmp_path_factory.mktemp("components")
    columns = {name: values[:, i] for i, name in enumerate("abcd")}
    table = pa.table({"id": np.arange(ROWS), **columns, "who": entities})
    write_parquet(table, folder / "table.parquet", row_group_size=700)
    (folder / "plan.yaml").write_text(PLAN)
    for threads in (1, 3):
        plan = ["--plan", folder / "plan.yaml", "--threads", threads]
        run_ember("extract", folder / "table.parquet", *plan, "-o", folder / f"out{threads}")
    return folder


@pytest.fixture(scope="module")
def found(folder) -> pd.DataFrame:
    splits = {
        split: read_shards(folder / "out1" / split).to_pandas().set_index("id")
        for split in ("train", "validation", "test")
    }
    return pd.concat(splits, names=["split"]).reset_index("split").sort_index()


def test_components_are_scikit_learns(values, found, folder) -> None:
    train = (found["split"] == "train").to_numpy()
    oracle = PCA(2, svd_solver="full").fit(values[train][:, :3])
    np.testing.assert_allclose(
        found[["pca_1", "pca_2"]], oracle.transform(values[:, :3]), atol=1e-8, rtol=0
    )
    model = json.loads((folder / "out1/model/model.json").read_text())
    (model,) = [
        step["learned"]
        for step in model["row_steps"]
        if step["learned"]["step"] == "pca" and step["learned"]["name"] == "pca"
    ]
    np.testing.assert_allclose(model["loadings"], oracle.components_, atol=1e-8)
    np.testing.assert_allclose(model["explained_variance"], oracle.explained_variance_, rtol=1e-8)


def test_steps_stand_ahead_of_and_behind_components(values, found) -> None:
    train = (found["split"] == "train").to_numpy()
    inputs = values[:, [0, 1, 3]]
    scaled = (inputs - inputs[train].mean(0)) / inputs[train].std(0)
    components = PCA(2, svd_solver="full").fit(scaled[train]).transform(scaled)
    expected = (components - components[train].mean(0)) / components[train].std(0)
    np.testing.assert_allclose(found[["scaled_1", "scaled_2"]], expected, atol=1e-8, rtol=0)


def test_windows_are_numpys(values, entities, found) -> None:
    expected = np.full((ROWS, 3), np.nan)
    for entity in "abc":
        places = np.flatnonzero(entities == entity)
        windows = np.lib.stride_tricks.sliding_window_view(values[places, 3], 3)[::2]
        expected[places[2::2][: len(windows)]] = windows
    columns = ["d_window_2", "d_window_1", "d_window_0"]
    np.testing.assert_array_equal(found[columns].to_numpy(float), expected)


CHAIN = """\
version: 1
split: {method: hash, key: [who], train: 0.6, validation: 0.2, test: 0.2, seed: 0}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [who], steps: [passthrough]}
  - columns: [a, b, d]
    steps: [{windows: {size: 4, by: who}}, {pca: {components: 3, name: every}}]
  - columns: [a, b, d]
    steps: [{windows: {size: 4, stride: 3, by: who}}, {pca: {components: 3, name: third}}]
  - columns: [a, d]
    steps: [{impute: median}, {scale: standard}, {lag: {periods: [1, 2], by: who}}, {pca: 2},
            {difference: {by: who}}, {scale: standard}]
output: {dtype: float64}
"""


@pytest.fixture(scope="module")
def chained(values, run_ember, tmp_path_factory):
    """A table of 40 entities, and what windows and lags with components make of it."""
    folder = tmp_path_factory.mktemp("chain")
    who = [f"w{i}" for i in np.random.default_rng(9).integers(0, 40, ROWS)]
    columns = {name: values[:, i] for i, name in enumerate("abcd")}
    table = pa.table({"id": np.arange(ROWS), **columns, "who": who})
    write_parquet(table, folder / "table.parquet", row_group_size=700)
    (folder / "plan.yaml").write_text(CHAIN)
    for name, options in {
        "out": ["--threads", 1],
        "threads": ["--threads", 3, "--batch-rows", 37],
        "memory": ["--memory", "256MiB"],
    }.items():
        plan = ["--plan", folder / "plan.yaml", *options]
        run_ember("extract", folder / "table.parquet", *plan, "-o", folder / name)
    splits = {
        split: read_shards(folder / "out" / split).to_pandas().set_index("id")
        for split in ("train", "validation", "test")
    }
    found = pd.concat(splits, names=["split"]).reset_index("split").sort_index()
    return folder, table.to_pandas(), found


@pytest.mark.parametrize(("name", "stride"), [("every", 1), ("third", 3)])
def test_components_of_windows_are_learned_from_training_windows(chained, name, stride) -> None:
    _, frame, found = chained
    windows = np.full((ROWS, 12), np.nan)
    for places in frame.groupby("who").indices.values():
        rows = frame[["a", "b", "d"]].to_numpy()[places]
        views = np.lib.stride_tricks.sliding_window_view(rows, 4, axis=0)[::stride]
        windows[places[3::stride][: len(views)]] = views.reshape(len(views), 12)
    whole = ~np.isnan(windows).any(axis=1)
    train = (found["split"] == "train").to_numpy()
    assert 0 < (train & whole).sum() < whole.sum() < ROWS
    oracle = PCA(3, svd_solver="full").fit(windows[train & whole])
    expected = np.full((ROWS, 3), np.nan)
    expected[whole] = oracle.transform(windows[whole])
    columns = [f"{name}_{k}" for k in (1, 2, 3)]
    # The largest loading of each component is positive, here and there. A grid of 2^31 steps, and
    # variances that lie near each other: directions are known to some 1e-8.
    np.testing.assert_allclose(found[columns].to_numpy(float), expected, atol=1e-6, rtol=0)


def test_the_class_finds_the_same_components(chained, run_ember) -> None:
    from emberharmony.features import TerabyteTemporalStrideProcessor

    folder, frame, _ = chained
    plan = CHAIN.replace("train: 0.6, validation: 0.2, test: 0.2", "train: 1.0")
    (folder / "all.yaml").write_text(plan)
    arguments = [folder / "table.parquet", "--plan", folder / "all.yaml"]
    run_ember("extract", *arguments, "-o", folder / "all")
    steps = json.loads((folder / "all/model/model.json").read_text())["row_steps"]
    processor = TerabyteTemporalStrideProcessor(
        window_size=4, stride_perspectives=[1, 3], pca_components=3, entity_column="who"
    )
    processor.process_large_dataset(pa.Table.from_pandas(frame[["a", "b", "d", "who"]]))
    for name, stride in [("every", 1), ("third", 3)]:
        (learned,) = [s["learned"] for s in steps if s["learned"].get("name") == name]
        np.testing.assert_allclose(
            learned["explained_variance"],
            processor.get_basis(stride)["explained_variance"],
            rtol=1e-9,
        )


def test_the_summary_counts_steps_on_rows_and_columns_of_the_table(chained, run_ember) -> None:
    folder, _, _ = chained
    plan = CHAIN[: CHAIN.index("  - columns: [a, b, d]")] + (
        "  - {columns: [a, b], steps: [{scale: standard}, {windows: 3}, {pca: {name: w}}]}\n"
        "  - {columns: [a, b, d], steps: [{pca: 1}]}\n"
    )
    (folder / "summary.yaml").write_text(plan)
    arguments = [folder / "table.parquet", "--plan", folder / "summary.yaml"]
    text = run_ember("extract", *arguments, "-o", folder / "summary").stdout
    # Two passthroughs; two scales, two windows and a pca; a pca.
    assert "8 steps on 5 columns give 6 output columns" in text


def test_a_chain_is_the_same_for_all_threads_batches_and_memory(chained, run_ember) -> None:
    folder, _, found = chained
    digests = folder_digests(folder / "out")
    assert folder_digests(folder / "threads") == digests
    assert folder_digests(folder / "memory") == digests
    run_ember("transform", folder / "out/model", folder / "table.parquet", "-o", folder / "served")
    served = read_shards(folder / "served").to_pandas().set_index("id").sort_index()
    pd.testing.assert_frame_equal(served, found[served.columns], check_exact=True)


def test_a_chain_is_applied_to_tables_in_memory(chained) -> None:
    import emberharmony as eh

    folder, frame, found = chained
    model = eh.load_model(folder / "out/model")
    rows = pa.table(model.transform(pa.Table.from_pandas(frame))).to_pandas().set_index("id")
    pd.testing.assert_frame_equal(rows, found[rows.columns], check_exact=True)


def test_no_component_sees_later_rows(chained, run_ember) -> None:
    folder, frame, _ = chained
    changed = frame.copy()
    changed.loc[ROWS // 2 :, ["a", "b", "d"]] = 7.5
    write_parquet(changed, folder / "changed.parquet")
    run_ember(
        "transform", folder / "out/model", folder / "changed.parquet", "-o", folder / "changed"
    )
    before = read_shards(folder / "served").to_pandas().set_index("id").sort_index()
    after = read_shards(folder / "changed").to_pandas().set_index("id").sort_index()
    half = ROWS // 2 - 1
    pd.testing.assert_frame_equal(after.loc[:half], before.loc[:half], check_exact=True)
    assert not after.loc[half + 1 :, "every_1"].equals(before.loc[half + 1 :, "every_1"])


def test_explain_warns_of_what_ends_a_run(run_ember, tmp_path) -> None:
    """Inputs without values, and gaps that are beyond the rows that explain looks at."""
    numbers = np.arange(3000.0)
    table = pa.table(
        {
            "x": numbers,
            "gap": pa.array(numbers, mask=numbers > 2900),
            "none": pa.nulls(3000, pa.float64()),
            "y": pa.nulls(3000, pa.float64()),
        }
    )
    write_parquet(table.slice(0, 2500), tmp_path / "table" / "a.parquet")
    write_parquet(table.slice(2500), tmp_path / "table" / "b.parquet")
    for steps, warning in [
        ("[x, gap], steps: [{pca: 1}]", "column 'gap' is null in 99 rows, which pca cannot learn"),
        (
            "[none], steps: [{impute: median}, lag]",
            "column 'none' is null in all rows, so impute has nothing to learn from",
        ),
        (
            "[x], steps: [target_encode]",
            "the target is null in all rows, so target_encode has nothing to learn from",
        ),
    ]:
        plan = f"version: 1\ntarget: y\nfeatures: [{{columns: {steps}}}]\n"
        (tmp_path / "plan.yaml").write_text(plan)
        arguments = [tmp_path / "plan.yaml", tmp_path / "table"]
        text = run_ember("explain", *arguments).stdout
        assert warning in " ".join(text.split())
        extract = ["extract", tmp_path / "table", "--plan", tmp_path / "plan.yaml"]
        run_ember(*extract, "-o", tmp_path / "out", status=1)


def test_explain_does_not_know_who_is_of_training(run_ember, tmp_path) -> None:
    """A gap in another row than one of training ends no run."""
    gaps = pa.array(np.arange(50.0), mask=np.arange(50) >= 45)
    days = pa.array([86_400_000_000 * day for day in range(50)], pa.timestamp("us"))
    table = write_parquet(pa.table({"x": gaps, "y": gaps, "day": days}), tmp_path / "t.parquet")
    split = "{method: time, column: day, validation_from: 1970-02-10}"
    (tmp_path / "plan.yaml").write_text(
        f"version: 1\nsplit: {split}\nfeatures: [{{columns: [x, y], steps: [{{pca: 1}}]}}]\n"
    )
    text = " ".join(run_ember("explain", tmp_path / "plan.yaml", table).stdout.split())
    assert "column 'x' has missing values, which pca cannot learn from" in text
    assert "one of the first 50 rows is so, and if it is of training a run ends" in text
    run_ember("fit", tmp_path / "plan.yaml", table, "-o", tmp_path / "model")


def test_explain_tells_the_stages_of_a_chain(chained, run_ember) -> None:
    folder, _, _ = chained
    text = run_ember("explain", folder / "plan.yaml", folder / "table.parquet").stdout
    passes = [
        "apply windows, lag to rows in their order",
        "learn pca from whole rows",
        "learn pca from whole rows once more, with what the pass before has found",
        "apply pca to whole rows",
        "apply difference to rows in their order",
    ]
    places = [text.index(each) for each in passes]
    assert places == sorted(places)


def test_threads_do_not_show_and_models_serve(folder, found, run_ember) -> None:
    models = [(folder / f"out{threads}/model/model.json").read_bytes() for threads in (1, 3)]
    assert models[0] == models[1]
    run_ember("transform", folder / "out1/model", folder / "table.parquet", "-o", folder / "served")
    served = read_shards(folder / "served").to_pandas().set_index("id").sort_index()
    pd.testing.assert_frame_equal(served, found[served.columns], check_exact=True)


def test_components_in_little_memory(folder, run_ember, tmp_path) -> None:
    """OpenBLAS maps more than the limit, of which it touches little."""
    arguments = ["extract", folder / "table.parquet", "--plan", folder / "plan.yaml"]
    for threads in (1, 2):
        out = tmp_path / f"out{threads}"
        run_ember(*arguments, "-o", out, "--memory", "128MiB", "--threads", threads)
        assert folder_digests(out) == folder_digests(folder / "out1")
        report = json.loads((out / "run_report.json").read_text())
        assert report["peak_resident_bytes"] <= 128 << 20
