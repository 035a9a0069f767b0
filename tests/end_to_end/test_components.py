"""The steps pca and windows against scikit-learn and NumPy."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from outputs import read_shards, write_parquet
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


def test_threads_do_not_show_and_models_serve(folder, found, run_ember) -> None:
    models = [(folder / f"out{threads}/model/model.json").read_bytes() for threads in (1, 3)]
    assert models[0] == models[1]
    run_ember("transform", folder / "out1/model", folder / "table.parquet", "-o", folder / "served")
    served = read_shards(folder / "served").to_pandas().set_index("id").sort_index()
    pd.testing.assert_frame_equal(served, found[served.columns], check_exact=True)


def test_no_room_for_linear_algebra_ends_the_run(folder, run_ember, tmp_path) -> None:
    """OpenBLAS asks for its memory again and again where the system refuses it."""
    arguments = ["extract", folder / "table.parquet", "--plan", folder / "plan.yaml"]
    process = run_ember(
        *arguments, "-o", tmp_path / "out", "--memory", "128MiB", status=4, timeout=120
    )
    assert "--memory" in process.stderr
    assert not (tmp_path / "out").exists()
