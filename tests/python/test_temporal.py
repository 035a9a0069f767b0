"""Windows of rows and their components, against NumPy's windows and scikit-learn's PCA."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from emberharmony.features import TerabyteTemporalStrideProcessor
from sklearn.decomposition import PCA

from emberharmony import ops

STRIDES = [1, 3, 5]


def series(num_rows: int, num_columns: int = 4, dtype: type = np.float64, seed: int = 0):
    """Rows that remember those before, of columns of different sizes and means."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((num_rows, num_columns))
    rows = np.empty_like(noise)
    last = np.zeros(num_columns)
    for i, row in enumerate(noise):
        last = 0.9 * last + row
        rows[i] = last * np.arange(1, num_columns + 1) + 100 * np.arange(num_columns)
    return rows.astype(dtype)


def cut(rows, batch_rows: int):
    return [rows[i : i + batch_rows] for i in range(0, len(rows), batch_rows)]


def windows_of(rows: np.ndarray, window_size: int, stride: int) -> np.ndarray:
    """The flattened windows, by NumPy."""
    if len(rows) < window_size:
        return np.empty((0, window_size * rows.shape[1]))
    view = np.lib.stride_tricks.sliding_window_view(rows, window_size, axis=0)
    return view[::stride].transpose(0, 2, 1).reshape(-1, window_size * rows.shape[1])


def processor(**options) -> TerabyteTemporalStrideProcessor:
    options.setdefault("verbose", False)
    return TerabyteTemporalStrideProcessor(**options)


def arrays(results) -> dict[int, np.ndarray]:
    return {stride: ops.to_numpy(results[stride]) for stride in results}


def same(left, right) -> None:
    left, right = arrays(left), arrays(right)
    assert left.keys() == right.keys()
    for stride in left:
        assert left[stride].dtype == right[stride].dtype
        assert left[stride].tobytes() == right[stride].tobytes(), stride


@pytest.mark.parametrize("window_size", [1, 2, 5, 8])
@pytest.mark.parametrize("strides", [[1], [1, 3, 5], [2, 4, 7], [50, 11]])
def test_windows_and_components_are_numpys_and_scikit_learns(window_size, strides) -> None:
    rows = series(1200)
    subject = processor(window_size=window_size, stride_perspectives=strides, pca_components=3)
    results = subject.process_large_dataset(cut(rows, 77))
    for stride in strides:
        windows = windows_of(rows, window_size, stride)
        oracle = PCA(3, svd_solver="full").fit(windows)
        basis = subject.get_basis(stride)
        assert basis["num_windows"] == len(windows)
        # Steps of the grid are 2**-30 of a column's range; directions are as exact as the gap
        # between neighbouring variances allows.
        np.testing.assert_allclose(basis["mean"], oracle.mean_, atol=1e-8, rtol=0)
        np.testing.assert_allclose(
            basis["explained_variance"], oracle.explained_variance_, rtol=1e-9
        )
        np.testing.assert_allclose(
            basis["explained_variance_ratio"], oracle.explained_variance_ratio_, rtol=1e-9
        )
        np.testing.assert_allclose(basis["components"], oracle.components_, atol=1e-7)
        scale = np.sqrt(oracle.explained_variance_[0])
        np.testing.assert_allclose(
            results[stride], oracle.transform(windows), atol=1e-7 * scale, rtol=0
        )
        assert results.shape(stride) == results[stride].shape == (len(windows), 3)
        explained = subject.get_explained_variance(stride)
        assert isinstance(explained, float)
        assert explained == pytest.approx(oracle.explained_variance_ratio_.sum(), rel=1e-9)
        np.testing.assert_allclose(
            subject.get_feature_importance(stride), np.abs(oracle.components_).sum(0), atol=1e-6
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_bit_depends_on_batches_or_threads(dtype) -> None:
    # More rows than a block has, so that several threads have work.
    rows = series(40_000, 7, dtype)
    expected = processor().process_large_dataset([rows])
    assert expected[1].dtype == (ops.float32 if dtype is np.float32 else ops.float64)
    threads = ops.get_num_threads()
    for batch_rows in (1_000, 9_999, 40_000):
        same(processor().process_large_dataset(cut(rows, batch_rows)), expected)
    try:
        for number in (1, 2, 5):
            ops.set_num_threads(number)
            same(processor().process_large_dataset([rows]), expected)
    finally:
        ops.set_num_threads(threads)
    small = series(300, 3, dtype)
    whole = processor().process_large_dataset([small])
    for batch_rows in (1, 2, 4, 5, 7):
        same(processor().process_large_dataset(cut(small, batch_rows)), whole)


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 4, 5, 6, 50, 400])
def test_batches_go_on_where_the_data_set_ended(batch_rows) -> None:
    rows = series(1000)
    subject = processor(pca_components=3)
    subject.process_large_dataset(cut(rows[:600], 90))
    pieces = [subject.process_batch(batch) for batch in cut(rows[600:], batch_rows)]
    for stride in STRIDES:
        basis = subject.get_basis(stride)
        windows = windows_of(rows, 5, stride)
        new = windows[len(windows_of(rows[:600], 5, stride)) :]
        expected = (new - np.asarray(basis["mean"])) @ np.asarray(basis["components"]).T
        found = np.concatenate([np.asarray(piece[stride]) for piece in pieces])
        np.testing.assert_allclose(found, expected, atol=1e-10, rtol=1e-10)


def test_batches_are_transformed_as_the_data_set_is() -> None:
    rows = series(30_000, 5, np.float32)
    subject = processor(pca_components=3)
    results = subject.process_large_dataset([rows])
    for batch_rows in (1_000, 30_000):
        subject.reset_state()
        pieces = [subject.process_batch(batch) for batch in cut(rows, batch_rows)]
        joined = {stride: ops.concat([piece[stride] for piece in pieces]) for stride in STRIDES}
        same(joined, results)


def test_results_come_in_batches() -> None:
    rows = series(20_000, 3)
    subject = processor(batch_size=700)
    results = subject.process_large_dataset(cut(rows, 3_000))
    everything = results.to_dict()
    assert list(results) == STRIDES == list(everything)
    for stride in STRIDES:
        pieces = list(results.batches(stride))
        assert {len(piece) for piece in pieces[:-1]} == {700}
        joined = ops.concat(pieces)
        assert ops.to_numpy(joined).tobytes() == ops.to_numpy(results[stride]).tobytes()
        assert ops.to_numpy(joined).tobytes() == ops.to_numpy(everything[stride]).tobytes()
    # They are of the bases that they were made with, whatever is learned later.
    before = ops.to_numpy(results[1]).tobytes()
    subject.process_large_dataset([rows[:100] * 2])
    assert ops.to_numpy(results[1]).tobytes() == before


def test_each_entity_has_windows_of_its_own() -> None:
    rows = series(900, 3)
    random = np.random.default_rng(1)
    names = np.array(["a", "b", "c", "d" * 300])[random.integers(0, 4, len(rows))]
    names[names == "c"] = np.where(np.arange((names == "c").sum()) < 4, "c", "b")
    table = pa.table({"x": rows[:, 0], "who": names, "y": rows[:, 1], "z": rows[:, 2]})
    subject = processor(pca_components=2, entity_column="who")
    results = subject.process_large_dataset(
        [table.slice(i, 100) for i in range(0, len(table), 100)]
    )
    for stride in STRIDES:
        expected = []  # (last row, window)
        for name in set(names):
            places = np.flatnonzero(names == name)
            windows = windows_of(rows[places], 5, stride)
            lasts = places[4::stride]
            expected += list(zip(lasts[: len(windows)], windows, strict=True))
        expected.sort(key=lambda pair: pair[0])
        windows = np.array([window for _, window in expected])
        oracle = PCA(2, svd_solver="full").fit(windows)
        basis = subject.get_basis(stride)
        np.testing.assert_allclose(
            basis["explained_variance"], oracle.explained_variance_, rtol=1e-9
        )
        np.testing.assert_allclose(results[stride], oracle.transform(windows), atol=1e-6)
    again = processor(pca_components=2, entity_column="who")
    same(again.process_large_dataset([table.slice(i, 7) for i in range(0, 900, 7)]), results)
    # A column of a matrix, by position.
    numbers = np.unique(names, return_inverse=True)[1]
    matrix = np.column_stack([rows, numbers])
    by_number = processor(pca_components=2, entity_column=-1)
    same(by_number.process_large_dataset([matrix]), results)


def test_entities_are_known_across_batches() -> None:
    rows = series(400, 3)
    names = np.where(np.arange(400) % 3 == 0, "left", "right")
    table = pa.table({"who": pa.array(names).dictionary_encode(), "x": rows[:, 0], "y": rows[:, 1]})
    subject = processor(pca_components=2, entity_column="who", stride_perspectives=[2])
    results = subject.process_large_dataset([table])
    subject.reset_state()
    pieces = [subject.process_batch(table.slice(i, 11))[2] for i in range(0, 400, 11)]
    same({2: ops.concat(pieces)}, results)


@pytest.mark.parametrize("entity_column", [None, "who"])
def test_no_window_sees_what_comes_behind_it(entity_column) -> None:
    rows = series(600, 3)
    names = np.where(np.arange(600) % 4 == 0, "a", "b")

    def table(values: np.ndarray) -> pa.Table:
        columns = {f"x{i}": values[:, i] for i in range(3)}
        return pa.table({"who": names, **columns} if entity_column else columns)

    subject = processor(pca_components=2, entity_column=entity_column)
    subject.process_large_dataset([table(rows)])
    subject.reset_state()
    before = subject.process_batch(table(rows))
    changed = rows.copy()
    changed[400:] = changed[400:][::-1] * 3 - 7
    subject.reset_state()
    after = subject.process_batch(table(changed))
    subject.reset_state()
    early = subject.process_batch(table(rows).slice(0, 400))
    for stride in STRIDES:
        count = early[stride].shape[0]
        assert count > 0
        kept = ops.to_numpy(before[stride])[:count].tobytes()
        assert ops.to_numpy(after[stride])[:count].tobytes() == kept
        assert ops.to_numpy(early[stride]).tobytes() == kept
        assert ops.to_numpy(after[stride]).tobytes() != ops.to_numpy(before[stride]).tobytes()


def test_without_state_batches_stand_for_themselves() -> None:
    batches = [series(30, 2, seed=1), series(3, 2, seed=2), series(50, 2, seed=3)]
    subject = processor(pca_components=2, stride_perspectives=[1, 4])
    results = subject.process_large_dataset(batches, maintain_state=False)
    for stride in (1, 4):
        windows = np.concatenate([windows_of(batch, 5, stride) for batch in batches])
        oracle = PCA(2, svd_solver="full").fit(windows)
        np.testing.assert_allclose(results[stride], oracle.transform(windows), atol=1e-7)
    assert [len(t) for t in subject.process_batch(batches[1]).values()] == [0, 0]


def test_default_components() -> None:
    for columns, expected in ((1, 2), (2, 5), (20, 32)):
        subject = processor()
        results = subject.process_large_dataset([series(500, columns)])
        assert results.shape(3)[1] == expected
    few = processor().process_large_dataset([series(17, 20)])
    assert [few.shape(stride) for stride in STRIDES] == [(13, 12), (5, 4), (3, 2)]


def test_constant_columns_have_no_loadings() -> None:
    rows = series(300, 3)
    rows[:, 1] = 0.1
    subject = processor(pca_components=2)
    results = subject.process_large_dataset([rows])
    for stride in STRIDES:
        windows = windows_of(rows, 5, stride)
        oracle = PCA(2, svd_solver="full").fit(windows)
        np.testing.assert_allclose(results[stride], oracle.transform(windows), atol=1e-7)
        loadings = np.asarray(subject.get_feature_importance(stride))[1::3]
        np.testing.assert_allclose(loadings, 0, atol=1e-12)
    subject.process_large_dataset([np.full((50, 2), 3.0)])
    assert subject.get_explained_variance(1) == 0
    assert not np.asarray(subject.process_batch(np.full((5, 2), 3.0))[1]).any()


def test_large_means_do_not_hide_small_variances() -> None:
    rows = series(2000, 3) * 1e-3 + 1.7e9
    subject = processor(pca_components=2, stride_perspectives=[1])
    results = subject.process_large_dataset(cut(rows, 100))
    windows = windows_of(rows - 1.7e9, 5, 1)
    oracle = PCA(2, svd_solver="full").fit(windows)
    np.testing.assert_allclose(
        subject.get_basis(1)["explained_variance"], oracle.explained_variance_, rtol=1e-8
    )
    # A mean of 1.7e9 is a double that is off by up to 1.2e-7, which moves all windows alike.
    found, expected = np.asarray(results[1]), oracle.transform(windows)
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-9)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        ops.asarray,
        lambda rows: rows.tolist(),
        lambda rows: pd.DataFrame(rows, columns=list("abc")),
        lambda rows: pl.DataFrame(rows, schema=list("abc")),
        lambda rows: pa.table({name: rows[:, i] for i, name in enumerate("abc")}),
        lambda rows: pa.record_batch({name: rows[:, i] for i, name in enumerate("abc")}),
        np.asfortranarray,
    ],
)
def test_rows_come_in_many_forms(make) -> None:
    rows = series(200, 3)
    expected = processor().process_large_dataset([rows])
    same(processor().process_large_dataset([make(rows[:90]), make(rows[90:])]), expected)


def test_integers_and_booleans_count_as_float64() -> None:
    random = np.random.default_rng(2)
    integers = random.integers(-1000, 1000, (300, 3))
    expected = processor().process_large_dataset([integers.astype(float)])
    same(processor().process_large_dataset([integers]), expected)
    table = pa.table({"a": integers[:, 0], "b": integers[:, 1] > 0})
    flags = np.column_stack([integers[:, 0], integers[:, 1] > 0]).astype(float)
    same(processor().process_large_dataset([table]), processor().process_large_dataset([flags]))


def test_mistakes_are_named() -> None:
    rows = series(100, 3)
    subject = processor()
    with pytest.raises(ValueError, match="call process_large_dataset first"):
        subject.process_batch(rows)
    with pytest.raises(ValueError, match="no basis has been learned"):
        subject.get_explained_variance(1)
    with pytest.raises(KeyError):
        subject.get_feature_importance(2)
    with pytest.raises(ValueError, match="no batch"):
        subject.process_large_dataset([])
    with pytest.raises(ValueError, match=r"2 windows of 5 rows at stride 5 to .* found 1"):
        subject.process_large_dataset([rows[:9]])
    with pytest.raises(ValueError, match=r"2 windows of 5 rows at stride 1 to .* found 0"):
        subject.process_large_dataset([rows[:4]])
    with pytest.raises(ValueError, match="batch 1: expected 3 columns"):
        subject.process_large_dataset([rows, rows[:, :2]])
    with pytest.raises(ValueError, match="batch 1: expected float64 as before, found float32"):
        subject.process_large_dataset([rows, rows.astype(np.float32)])
    with pytest.raises(ValueError, match="shape"):
        subject.process_large_dataset([rows[0]])
    with pytest.raises(ValueError, match="real numbers"):
        subject.process_large_dataset([rows * 1j])
    with pytest.raises(TypeError, match="column 's'"):
        subject.process_large_dataset([pa.table({"s": ["a", "b"]})])
    with pytest.raises(ValueError, match="column 'x' has 1 missing"):
        subject.process_large_dataset([pa.table({"x": [1.0, None]})])
    assert not subject._processor.is_learned
    for options, message in (
        ({"window_size": 0}, "window_size"),
        ({"stride_perspectives": [1, 0]}, "stride"),
        ({"stride_perspectives": [2, 2]}, "twice"),
        ({"pca_components": 0}, "pca_components"),
        ({"batch_size": 0}, "batch_size"),
    ):
        with pytest.raises(ValueError, match=message):
            processor(**options)
    with pytest.raises(ValueError, match="at most 4096 numbers"):
        processor(window_size=1000).process_large_dataset([rows[:, :1].repeat(5, 1)])
    for column in ([1], object(), 1.5, True, b"who", ("a", "b")):
        with pytest.raises(TypeError, match="entity_column: expected a column's name or its posit"):
            processor(entity_column=column)
    with pytest.raises(ValueError, match="entity_column"):
        processor(entity_column="who").process_large_dataset([pa.table({"x": [1.0]})])
    with pytest.raises(OSError, match="no_such_folder"):
        processor(spill_dir="/no_such_folder").process_large_dataset([rows])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_and_change_nothing(value) -> None:
    rows = series(200, 3)
    subject = processor()
    expected = arrays(subject.process_large_dataset([rows]))
    bad = rows.copy()
    bad[150, 1] = value
    with pytest.raises(ValueError, match=r"column 1 holds .* in row 150 "):
        subject.process_large_dataset(cut(bad, 40))
    with pytest.raises(ValueError, match=r"column 1 holds .* in row 150 "):
        subject.process_batch(bad)
    # What was learned, and the rows that the next windows begin with, are as they were.
    subject.process_batch(rows[:10])
    for stride in STRIDES:
        basis = subject.get_basis(stride)
        assert basis["num_windows"] == len(expected[stride])
    following = windows_of(np.concatenate([rows, rows[:10], rows[10:12]]), 5, 1)[-2:]
    basis = subject.get_basis(1)
    np.testing.assert_allclose(
        subject.process_batch(rows[10:12])[1],
        (following - np.asarray(basis["mean"])) @ np.asarray(basis["components"]).T,
        atol=1e-9,
    )


def test_errors_of_the_generator_come_through() -> None:
    def broken():
        yield series(50, 2)
        raise LookupError("the source is gone")

    with pytest.raises(LookupError, match="the source is gone"):
        processor().process_large_dataset(broken())


def test_other_threads_run_meanwhile() -> None:
    seen = []

    def batches():
        for _ in range(3):
            thread = threading.Thread(target=lambda: seen.append(1))
            thread.start()
            thread.join()
            yield series(50, 2)

    processor().process_large_dataset(batches())
    assert len(seen) == 3


def test_signature_is_the_predecessors() -> None:
    import inspect

    parameters = inspect.signature(TerabyteTemporalStrideProcessor).parameters
    named = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert named == [
        "window_size",
        "stride_perspectives",
        "pca_components",
        "batch_size",
        "use_incremental_pca",
        "verbose",
        "preferred_backend",
    ]
    assert [parameters[name].default for name in named] == [
        5,
        (1, 3, 5),
        None,
        10000,
        True,
        True,
        None,
    ]


def test_the_preferred_backend_is_the_processors_own() -> None:
    before = ops.get_backend()
    subject = TerabyteTemporalStrideProcessor(verbose=False, preferred_backend="numpy")
    assert subject.backend == "numpy"
    assert ops.get_backend() == before
    assert TerabyteTemporalStrideProcessor(verbose=False).backend == before
    assert TerabyteTemporalStrideProcessor(verbose=False, preferred_backend="auto").backend
    with pytest.raises(ValueError, match="expected the name of a backend or 'auto', found 'nope'"):
        TerabyteTemporalStrideProcessor(preferred_backend="nope")
    assert ops.get_backend() == before


def test_a_stride_that_is_not_there_is_told_which_are() -> None:
    subject = TerabyteTemporalStrideProcessor(2, [1, 3], 1, verbose=False)
    results = subject.process_large_dataset(np.arange(40.0).reshape(20, 2) ** 1.5)
    for ask in (subject.get_explained_variance, subject.get_basis, results.shape):
        with pytest.raises(KeyError, match="expected one of 1, 3, found 2"):
            ask(2)


ON_A_BACKEND = """
import sys
import numpy as np
from emberharmony import ops
from emberharmony.features import TerabyteTemporalStrideProcessor

name = sys.argv[1]
ops.set_backend(name)
ops.set_backend("auto")
random = np.random.default_rng(2)
rows = np.cumsum(random.standard_normal((5_000, 3)), axis=0) + 1000.0
entities = np.arange(5_000) % 3

def made(backend):
    subject = TerabyteTemporalStrideProcessor(
        window_size=4, stride_perspectives=[1, 3], pca_components=5, verbose=False,
        preferred_backend=backend, entity_column=3, batch_size=700)
    data = np.column_stack([rows, entities])
    results = subject.process_large_dataset([data[:1_500], data[1_500:]])
    later = subject.process_batch(data[:100])
    read = {stride: ops.to_numpy(results[stride]) for stride in results}
    for stride in results:
        batches = np.concatenate([ops.to_numpy(each) for each in results.batches(stride)])
        np.testing.assert_allclose(batches, read[stride], rtol=0, atol=1e-10)
    basis = {s: {k: ops.to_numpy(v) if k != "num_windows" else v
                 for k, v in subject.get_basis(s).items()} for s in (1, 3)}
    return read, {s: ops.to_numpy(each) for s, each in later.items()}, basis

native = made("native")
ops.backend_counts(name, reset=True)
other = made(name)
counts = ops.backend_counts(name)
assert counts["matmul"]["ran"] > 0 and counts["matmul"]["fell_back"] == 0, counts
for stride in (1, 3):
    for found, expected in zip(other[:2], native[:2], strict=True):
        assert found[stride].shape == expected[stride].shape
        np.testing.assert_allclose(found[stride], expected[stride], rtol=0, atol=1e-10)
    for key, value in native[2][stride].items():
        assert np.array_equal(other[2][stride][key], value), key
# Where nobody is named it is native, without asking.
ops.set_backend("auto")
ops.backend_counts(name, reset=True)
auto = made(None)
assert all(np.array_equal(auto[0][s], native[0][s]) for s in (1, 3))
assert ops.backend_counts(name) == {}
print("ok")
"""


@pytest.mark.parametrize("name", ["torch", "mlx", "numpy", "steps"])
def test_windows_are_projected_by_the_backend_that_is_chosen(name, tmp_path) -> None:
    """`steps` is the testing plugin, with a device whose memory the CPU cannot read."""
    build = Path(__file__).resolve().parents[2] / "build"
    plugin = build / "lib" / f"libemberharmony_backend_{name}.so"
    if name == "steps":
        plugin = tmp_path / plugin.name
        testing = build / "testing_plugins" / "libtesting_plugin.so"
        if testing.exists():
            shutil.copy(testing, plugin)
    if name != "numpy" and not plugin.exists():
        pytest.skip(f"the backend {name} is not built")
    environment = {**os.environ, "EMBERHARMONY_BACKEND_PATH": str(tmp_path)}
    environment.pop("EMBERHARMONY_BACKEND", None)
    process = subprocess.run(
        [sys.executable, "-c", ON_A_BACKEND, name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == "ok"
