"""What callers get wrong is named, with what was expected; no error comes from deep inside."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emberharmony.features import TerabyteFeatureExtractor, TerabyteTemporalStrideProcessor
from engine_tables import some_flights, write_parts

import emberharmony as eh


@pytest.fixture(scope="module")
def flights_table(flights: Path) -> pa.Table:
    return some_flights(flights, 3_000)


@pytest.fixture(scope="module")
def folder(flights_table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wrong") / "train"
    write_parts(flights_table.select(["delay", "distance"]), path, 2)
    return path


def test_messages_name_parameters_and_not_options(
    flights_table: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    split = {"method": "time", "column": "day", "train": 0.8, "validation": 0.1, "test": 0.1}
    nulls = pa.table({"day": pa.array([None, 1, 2], pa.date32()), "x": [1.0, 2.0, 3.0]})
    plan = {
        "version": 1,
        "split": split,
        "features": [{"columns": ["x"], "steps": ["passthrough"]}],
    }
    for told, rows, options in (
        ("where:1:1: expected a column", flights_table, {"where": "dely > 1"}),
        ("limit=0 leaves no row", flights_table, {"limit": 0}),
        ("columns leaves out 'delay'", flights_table, {"columns": ["date"], "target": "delay"}),
        ("leave these rows out with where='day IS NOT NULL'", nulls, {"plan": plan}),
    ):
        with pytest.raises(eh.EmberError) as error:
            eh.extract(rows, out, progress="none", **options)
        assert told in str(error.value)
        assert "--" not in str(error.value)
    (out / ".ember").mkdir(parents=True)
    with caplog.at_level(logging.WARNING):
        eh.extract(flights_table, out, progress="none", resume=True, log_level="warning")
    assert not any("--" in record.getMessage() for record in caplog.records)


def extractor() -> TerabyteFeatureExtractor:
    return TerabyteFeatureExtractor(max_memory_gb=1, verbose=False)


NUMBERS = pa.table(
    {
        "n": pa.array([*range(50), None], pa.int64()),
        "x": pa.array([i * 0.5 for i in range(51)], pa.float64()),
        "flag": pa.array([i % 2 == 0 for i in range(51)]),
        "day": pa.array([i * 86400_000_000 for i in range(51)], pa.timestamp("us")),
    }
)
NUMBERS_PLAN = {
    "version": 1,
    "split": {"method": "hash", "train": 1.0, "validation": 0, "test": 0},
    "features": [
        {"columns": ["n", "x"], "steps": [{"impute": "median"}]},
        {"columns": ["flag"], "steps": ["passthrough"]},
        {"columns": ["day"], "steps": [{"cyclical": ["month"]}]},
    ],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> eh.Model:
    out = tmp_path_factory.mktemp("numbers") / "model"
    return eh.fit(NUMBERS, out, plan=NUMBERS_PLAN, progress="none").model


@pytest.mark.parametrize(
    "rows",
    [
        NUMBERS.to_pandas(),  # n is float64 with a NaN
        pl.from_arrow(NUMBERS).with_columns(pl.col("n").cast(pl.Float64).fill_null(float("nan"))),
        NUMBERS.set_column(0, "n", NUMBERS["n"].cast(pa.int8())),
        NUMBERS.set_column(1, "x", NUMBERS["x"].cast(pa.float32())),
        NUMBERS.set_column(3, "day", NUMBERS["day"].cast(pa.date32())),
        NUMBERS.set_column(3, "day", NUMBERS["day"].cast(pa.timestamp("ms"))),
    ],
    ids=["pandas", "polars with NaN", "int8", "float32", "date", "milliseconds"],
)
def test_rows_in_other_types_of_the_same_values(model: eh.Model, rows: object) -> None:
    expected = model.transform(NUMBERS)
    assert model.transform(rows).equals(expected)
    assert (
        pa.Table.from_batches(model.transform_batches(rows))
        .combine_chunks()
        .equals(expected.combine_chunks())
    )


def test_a_column_of_nothing_stands_for_any(model: eh.Model) -> None:
    empty = NUMBERS.set_column(0, "n", pa.nulls(51))
    expected = NUMBERS.set_column(0, "n", pa.nulls(51, pa.int64()))
    assert model.transform(empty).equals(model.transform(expected))


@pytest.mark.parametrize(
    ("place", "column"),
    [
        (0, pa.array([0.5] * 51)),
        (0, pa.array(["1"] * 51)),
        (0, pa.array([2.0**63] * 51)),
        (2, pa.array([1] * 51)),
        (3, pa.array([1] * 51)),
        (3, pa.array([0] * 51, pa.timestamp("us", "UTC"))),
        (3, pa.array([1] * 51, pa.timestamp("ns"))),
    ],
)
def test_values_that_would_change_are_refused(
    model: eh.Model, place: int, column: pa.Array
) -> None:
    name = NUMBERS.column_names[place]
    with pytest.raises(eh.UsageError, match=f"column '{name}'[^$]*cast"):
        model.transform(NUMBERS.set_column(place, name, column))


def test_a_stream_tells_values_that_would_change(model: eh.Model) -> None:
    rows = NUMBERS.set_column(0, "n", pa.array([1.0] * 50 + [0.5]))
    stream = model.transform_batches(rows)
    with pytest.raises((pa.ArrowException, OSError), match=r"column 'n'.*cast") as raised:
        stream.read_all()
    assert "Traceback" not in str(raised.value)


def test_rows_of_json(model: eh.Model) -> None:
    row = {"n": 3.0, "x": 1, "flag": True, "day": "2001-03-04 05:06:07"}
    features = model.transform_row(row)
    assert features["n"] == 3.0
    table = pa.table({**{k: [v] for k, v in row.items()}, "day": [pd.Timestamp(row["day"])]})
    assert model.transform(table).to_pylist() == [features]
    for name, wrong in [("day", "yesterday"), ("n", 0.5), ("n", 2**70), ("flag", "true")]:
        with pytest.raises(ValueError, match=f"column '{name}': expected"):
            model.transform_row({**row, name: wrong})


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"batch_size": 1.5}, TypeError, "batch_size: expected an int"),
        ({"batch_size": None}, TypeError, "batch_size: expected an int"),
        ({"batch_size": True}, TypeError, "batch_size: expected an int"),
        ({"seed": "x"}, TypeError, "seed: expected an int"),
        ({"shuffle": "no"}, TypeError, "shuffle: expected True or False"),
        ({"drop_last": 0}, TypeError, "drop_last: expected True or False"),
        ({"seed": 2**63}, ValueError, "seed"),
        ({"epochs": 1.5}, TypeError, "epochs: expected an int"),
        ({"prefetch": None}, TypeError, "prefetch: expected an int"),
        ({"rank": 0.5}, TypeError, "rank: expected an int"),
        ({"window_rows": "many"}, TypeError, "window_rows: expected an int"),
        ({"fill_null": "zero"}, TypeError, "fill_null: expected a number"),
        ({"columns": "delay"}, TypeError, "columns: expected a list of names"),
        ({"columns": [1]}, TypeError, r"columns\[0\]: expected a str"),
        ({"target": 3}, TypeError, "target: expected a str"),
        ({"target": "dela"}, ValueError, "did you mean 'delay'"),
        ({"target": "dela"}, KeyError, "did you mean 'delay'"),
        ({"columns": ["distant"]}, KeyError, "did you mean 'distance'"),
    ],
)
def test_batches_of_wrong_arguments(
    folder: Path, wrong: dict[str, object], kind: type, message: str
) -> None:
    with pytest.raises(kind, match=message) as raised:
        eh.batches(folder, **wrong)
    assert not str(raised.value).startswith(("'", '"'))


@pytest.mark.parametrize("source", [None, 3, b"folder", {"a": 1}, [None], [[3]]])
def test_batches_of_what_is_no_source(source: object) -> None:
    with pytest.raises(TypeError, match="source: expected"):
        eh.batches(source)


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_threads_share_batches(folder: Path, prefetch: int) -> None:
    shared = eh.batches(folder, 7, backend="numpy", prefetch=prefetch, columns=["distance"])
    found: list[int] = []
    errors: list[BaseException] = []

    def take() -> None:
        try:
            for batch in shared:
                found.append(len(batch["distance"]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(found) == 3_000
    assert len(found) == len(shared)


LONE = "no\udcffsuch"


@pytest.mark.parametrize(
    "call",
    [
        lambda path: eh.extract(LONE, path),
        lambda path: eh.extract([LONE, "b"], path),
        lambda path: eh.extract(pa.table({"a": [1]}), LONE),
        lambda path: eh.fit(pa.table({"a": [1]}), path, spill_dir=LONE),
        lambda path: eh.load_model(LONE),
        lambda path: eh.merge([LONE], path),
        lambda path: eh.batches(LONE),
        lambda path: eh.transform(LONE, "b", path),
        lambda path: eh.extract("a\0b", path),
    ],
)
def test_paths_that_are_no_text(call: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a path (that can be written|without null)"):
        call(tmp_path / "out")


@pytest.mark.parametrize("path", [b"out", 3, None])
def test_paths_that_are_no_paths(path: object) -> None:
    with pytest.raises(TypeError, match="out: expected a path"):
        eh.extract(pa.table({"a": [1]}), path)


def test_a_stream_that_breaks_off_has_the_message_of_its_maker(tmp_path: Path) -> None:
    def rows() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [1, 2, 3]})
        raise RuntimeError("the database went away")

    stream = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), rows())
    with pytest.raises(eh.DataError, match=r"broke off: .*the database went away$") as raised:
        eh.extract(stream, tmp_path / "out", progress="none")
    assert "Traceback" not in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"drop_columns": ["delay"]}, ValueError, "'delay' cannot be the target"),
        ({"force_categorical_columns": ["delay"]}, ValueError, "target 'delay' cannot be categ"),
        ({"index_col": "delay"}, ValueError, "'delay' cannot be the target"),
        (
            {"drop_columns": ["distance"], "force_categorical_columns": ["distance"]},
            ValueError,
            "'distance' cannot be categorical",
        ),
        ({"high_null_threshold": float("nan")}, ValueError, "high_null_threshold: expected a sh"),
        ({"high_null_threshold": 2}, ValueError, "high_null_threshold: expected a share"),
        ({"high_null_threshold": "x"}, TypeError, "high_null_threshold: expected a number"),
        ({"max_chunks": -1}, ValueError, "max_chunks: expected"),
        ({"limit": -1}, ValueError, "^limit: expected"),
        ({"drop_columns": "origin"}, TypeError, "drop_columns: expected a list of names"),
    ],
)
def test_prepare_data_of_wrong_arguments(
    flights_table: pa.Table, wrong: dict[str, object], kind: type, message: str
) -> None:
    with pytest.raises(kind, match=message):
        extractor().prepare_data(flights_table, target_column="delay", **wrong)


def test_an_index_that_rows_cannot_be_split_by() -> None:
    number = list(range(100))
    table = pa.table(
        {
            "key": pa.array([{"a": i, "b": str(i)} for i in number]),
            "tags": pa.array([[i] for i in number]),
            "x": pa.array([i % 7 for i in number]),
        }
    )
    for column in ("key", "tags"):
        with pytest.raises(ValueError, match=f"'{column}'"):
            extractor().prepare_data(table, index_col=column)
    names = extractor().prepare_data(table, index_col="key.a")[3]
    assert names == ["key.b", "x"]


def test_a_target_that_is_there_twice() -> None:
    table = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["y", "y"])
    with pytest.raises(ValueError, match="'y' appears 2 times"):
        extractor().prepare_data(table, target_column="y")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.1, -1])
def test_memory_that_is_none(wrong: float) -> None:
    with pytest.raises(ValueError, match="max_memory_gb: expected"):
        TerabyteFeatureExtractor(max_memory_gb=wrong)
    with pytest.raises(TypeError, match="max_memory_gb: expected a number"):
        TerabyteFeatureExtractor(max_memory_gb="x")
    with pytest.raises(TypeError, match="chunk_size: expected an int"):
        TerabyteFeatureExtractor(chunk_size=1.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window_size": 1.5}, "window_size: expected an int"),
        ({"stride_perspectives": [1, "2"]}, r"stride_perspectives\[1\]: expected an int"),
        ({"stride_perspectives": 3}, "stride_perspectives: expected a list"),
        ({"pca_components": 2.0}, "pca_components: expected an int"),
        ({"batch_size": None}, "batch_size: expected an int"),
        ({"spill_dir": 3}, "spill_dir: expected a path"),
    ],
)
def test_windows_of_wrong_sizes(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        TerabyteTemporalStrideProcessor(**wrong)


def test_a_whole_table_is_a_data_set() -> None:
    numbers = np.random.default_rng(1).standard_normal((200, 3))
    frame = pd.DataFrame(numbers, columns=["a", "b", "c"])

    def windows(data: object, **options: bool) -> list[list[float]]:
        processor = TerabyteTemporalStrideProcessor(3, [2], 2, verbose=False)
        return processor.process_large_dataset(data, **options)[2].tolist()

    expected = windows([numbers])
    tables = [frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), numbers]
    assert all(windows(table) == expected for table in tables)
    assert all(windows(table, maintain_state=False) == expected for table in tables)
    assert windows(pa.Table.from_pandas(frame).to_reader(max_chunksize=17)) == expected
    for wrong in (3, None, "rows", {"a": [1.0]}):
        with pytest.raises(TypeError, match="data_generator: expected batches of rows"):
            windows(wrong)


def test_the_engine_speaks_in_the_log_of_python(
    flights_table: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "emberharmony.engine")
    eh.inspect(flights_table, progress="none")
    assert caplog.records == []
    eh.extract(flights_table, tmp_path / "out", progress="none", log_level="info")
    assert any("3000 rows" in record.getMessage() for record in caplog.records)
    assert {record.levelno for record in caplog.records} <= {logging.INFO, logging.WARNING}
    with pytest.raises(ValueError, match=r"log level must be one of .* found 'loud'"):
        eh.inspect(flights_table, log_level="loud")
    caplog.clear()
    eh.inspect(flights_table, progress="none")
    assert caplog.records == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"overwrite": "no"},
        {"overwrite": 1},
        {"connection": "localhost:1"},
        {"snapshot_time": "2024-01-01"},
        {"backend": 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_runs_of_wrong_arguments(wrong: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=f"^{next(iter(wrong))}: expected"):
        eh.extract(NUMBERS, tmp_path / "out", plan=NUMBERS_PLAN, progress="none", **wrong)
    assert not (tmp_path / "out").exists()
    eh.extract(
        NUMBERS, tmp_path / "out", plan=NUMBERS_PLAN, progress="none", overwrite=np.bool_(True)
    )


def test_explain_tells_of_missing_values(tmp_path: Path) -> None:
    table = pa.table({"x": pa.nulls(500, pa.float64()), "y": [1.0] * 500})
    pq.write_table(table, tmp_path / "t.parquet")
    plan = {"version": 1, "features": [{"columns": ["x"], "steps": [{"impute": "median"}]}]}
    [warning] = eh.explain(plan, tmp_path / "t.parquet")["warnings"]
    assert "'x' is null in all rows" in warning
    with pytest.raises(eh.DataError, match="'x' has no values"):
        eh.extract(tmp_path / "t.parquet", tmp_path / "out", plan=plan, progress="none")
    for steps in ([{"impute": {"constant": 0}}, {"scale": "standard"}], ["one_hot"]):
        plan["features"] = [{"columns": ["x", "y"], "steps": steps}]
        assert eh.explain(plan, tmp_path / "t.parquet")["warnings"] == []
    plan["features"] = [{"columns": ["y"], "steps": [{"scale": "standard"}]}]
    [warning] = eh.explain(plan, table.slice(0, 2))["warnings"]
    assert "of 2 rows perhaps none is of training" in warning
