"""TerabyteFeatureExtractor against pandas and scikit-learn, on real tables."""

import gc
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import farmhash
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bigquery_service import serve
from emberharmony.features import DataSplit, TerabyteFeatureExtractor
from emberharmony.features._learned import FittedImputer, FittedScaler
from engine_tables import some_flights
from rest_double import Fault, QueryScript, RestDouble
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import emberharmony as eh
from emberharmony import ops

SPLITS = ("train", "validation", "test")


def quiet(**options: object) -> TerabyteFeatureExtractor:
    return TerabyteFeatureExtractor(max_memory_gb=2, verbose=False, **options)


def split_by_hash(keys: pd.Series) -> np.ndarray:
    """0, 1, 2 for train, validation, test: BigQuery's FARM_FINGERPRINT of "42", 0x1f, the key."""
    buckets = np.array([farmhash.fingerprint64(f"42\x1f{key}") & 0xFFFFF for key in keys])
    return (buckets >= round(0.8 * 2**20)).astype(int) + (buckets >= round(0.9 * 2**20))


def split_by_time(times: pd.Series) -> np.ndarray:
    ordered = np.sort(times.to_numpy())
    n = len(ordered)
    cuts = [ordered[n * 8 // 10], ordered[n * 9 // 10]]
    return (times.to_numpy() >= cuts[0]).astype(int) + (times.to_numpy() >= cuts[1])


def expected_features(frame: pd.DataFrame, split: np.ndarray) -> dict[str, np.ndarray]:
    """What pandas and scikit-learn make of the columns of a table, by feature."""
    train = frame[split == 0]
    features: dict[str, np.ndarray] = {}
    for name, column in frame.items():
        if pd.api.types.is_bool_dtype(column.dtype):
            features[name] = column.to_numpy(dtype=float)
        elif pd.api.types.is_numeric_dtype(column.dtype):
            imputer = SimpleImputer(strategy="median").fit(train[[name]].to_numpy(dtype=float))
            scaler = StandardScaler().fit(imputer.transform(train[[name]].to_numpy(dtype=float)))
            filled = imputer.transform(column.to_numpy(dtype=float)[:, None])
            features[name] = scaler.transform(filled)[:, 0]
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            parts = {
                "hour": (column.dt.hour + 0.0, 24),
                "day_of_week": (column.dt.day_of_week + 0.0, 7),
                "day_of_month": (column.dt.day - 1.0, 31),
                "month": (column.dt.month - 1.0, 12),
            }
            for part, (value, period) in parts.items():
                angle = 2 * np.pi * value.to_numpy() / period
                features[f"{name}_sin_{part}"] = np.sin(angle)
                features[f"{name}_cos_{part}"] = np.cos(angle)
        else:
            features.update(expected_categories(name, column, train[name]))
    return features


def expected_categories(name: str, column: pd.Series, train: pd.Series) -> dict[str, np.ndarray]:
    counts = train.dropna().value_counts()
    if len(counts) > 32:
        ranked = sorted(((-n, value.encode(), value) for value, n in counts.items()))
        ids = {value: i + 3 for i, (_, _, value) in enumerate(ranked)}
        return {name: column.map(lambda v: 1 if pd.isna(v) else ids.get(v, 2)).to_numpy()}
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    known = sorted(counts.index, key=lambda v: v.encode() if isinstance(v, str) else v)
    encoder.set_params(categories=[np.array(known, dtype=object)])
    encoder.fit(np.array(known, dtype=object)[:, None])
    columns = encoder.transform(column.to_numpy(dtype=object)[:, None])
    return {f"{name}={value}": columns[:, i] for i, value in enumerate(known)}


def check_against_oracle(
    prepared: tuple, frame: pd.DataFrame, split: np.ndarray, target: str | None = None
) -> None:
    features = expected_features(frame.drop(columns=[target] if target else []), split)
    for i, data in enumerate(prepared[:3]):
        found = data.to_pandas()
        assert list(found.columns) == [*features, *([target] if target else [])]
        assert len(found) == (split == i).sum() > 0
        for name, expected in features.items():
            np.testing.assert_allclose(
                found[name].to_numpy(dtype=float), expected[split == i], rtol=1e-5, atol=1e-6
            )
        if target:
            pd.testing.assert_series_equal(
                found[target],
                frame.loc[split == i, target].reset_index(drop=True),
                check_dtype=False,
            )
        assert data.feature_names == list(features)
    assert prepared[3] == prepared[4] == prepared[5] == list(features)
    train = frame[split == 0]
    scaler, imputer = prepared[6], prepared[7]
    names = scaler.feature_names_in_
    if names:
        filled = train[names].astype(float).fillna(train[names].astype(float).median())
        sklearn = StandardScaler().fit(filled.to_numpy())
        for ours, theirs in [
            (scaler.mean_, sklearn.mean_),
            (scaler.scale_, sklearn.scale_),
            (scaler.var_, sklearn.var_),
            (scaler.transform(filled.to_numpy()), sklearn.transform(filled.to_numpy())),
            (scaler.inverse_transform(scaler.transform(filled.to_numpy())), filled.to_numpy()),
        ]:
            np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-9)
        assert scaler.n_samples_seen_ == len(train)
    numbers = [
        n
        for n, s in zip(imputer.feature_names_in_, imputer.strategies_, strict=True)
        if s == "median"
    ]
    values = train[numbers].to_numpy(dtype=float)
    sklearn = SimpleImputer(strategy="median").fit(values)
    ours = dict(zip(imputer.feature_names_in_, imputer.statistics_.tolist(), strict=True))
    np.testing.assert_allclose([ours[name] for name in numbers], sklearn.statistics_)


def test_flights_by_time(flights: Path, tmp_path: Path) -> None:
    table = some_flights(flights, 50_000)
    pq.write_table(table, tmp_path / "flights.parquet")
    prepared = quiet().prepare_data(
        str(tmp_path / "flights.parquet"), target_column="delay", index_col="date"
    )
    frame = table.to_pandas()
    split = split_by_time(frame["date"])
    check_against_oracle(prepared, frame.drop(columns=["date"]), split, "delay")
    # No row of training is later than one of validation or test.
    assert frame["date"][split == 0].max() < frame["date"][split == 1].min()


def test_flights_with_dates_as_features(flights: Path) -> None:
    table = some_flights(flights, 30_000)
    keys = pa.array([f"row {i}" for i in range(table.num_rows)])
    frame = table.append_column("key", keys).to_pandas()
    prepared = quiet().prepare_data(frame, target_column="delay", index_col="key")
    split = split_by_hash(frame["key"])
    check_against_oracle(prepared, frame.drop(columns=["key"]), split, "delay")


def penguins(data: Path) -> pd.DataFrame:
    frame = pd.DataFrame(json.loads((data / "penguins.json").read_text()))
    frame.columns = [name.replace(" ", "_").replace("(", "").replace(")", "") for name in frame]
    frame["Heavy"] = frame["Body_Mass_g"].fillna(0) > 4000
    frame["id"] = np.arange(len(frame))
    return frame


def test_penguins_with_nulls_and_booleans(data: Path) -> None:
    frame = penguins(data)
    assert frame.isna().any().sum() >= 4
    prepared = quiet().prepare_data(frame, index_col="id")
    check_against_oracle(prepared, frame.drop(columns=["id"]), split_by_hash(frame["id"]))


def test_penguins_with_forced_categories_and_dropped_columns(data: Path) -> None:
    frame = penguins(data)
    frame["year"] = 2007 + frame["id"] % 3
    frame["nearly_empty"] = frame["Body_Mass_g"].where(frame["id"] % 25 == 0)
    prepared = quiet().prepare_data(
        frame,
        target_column="Species",
        index_col="id",
        force_categorical_columns=["year"],
        drop_columns=["Island", "Sex"],
    )
    split = split_by_hash(frame["id"])
    expected = frame.drop(columns=["id", "Island", "Sex", "nearly_empty"])
    expected["year"] = expected["year"].astype(object)
    check_against_oracle(prepared, expected, split, "Species")
    assert {"year=2007", "year=2008", "year=2009"} <= set(prepared[3])
    kept = quiet().prepare_data(frame, index_col="id", high_null_threshold=0.99)
    assert "nearly_empty" in kept[3]


def test_breast_cancer_of_scikit_learn() -> None:
    frame = load_breast_cancer(as_frame=True).frame
    frame["patient"] = [f"p{i}" for i in range(len(frame))]
    prepared = quiet().prepare_data(frame, target_column="target", index_col="patient")
    split = split_by_hash(frame["patient"])
    check_against_oracle(prepared, frame.drop(columns=["patient"]), split, "target")
    assert len(prepared[6].mean_.tolist()) == 30


def test_structs_are_flattened_to_any_depth() -> None:
    rows = [
        {"a": {"b": {"c": float(i), "d": {"e": "xy"[i % 2]}}}, "skip": {"z": {"w": i % 7}}}
        for i in range(200)
    ]
    prepared = quiet().prepare_data(pa.Table.from_pylist(rows), drop_columns=["skip.z"])
    assert prepared[3] == ["a.b.c", "a.b.d.e=x", "a.b.d.e=y"]


def test_a_missing_category_changes_no_column(data: Path) -> None:
    frame = penguins(data)
    split = split_by_hash(frame["id"])
    frame["rare"] = np.where((split == 0) & (frame["id"] % 2 == 0), "seen", "other")
    frame.loc[split == 2, "rare"] = "never seen in training"
    prepared = quiet().prepare_data(frame, index_col="id")
    names = [data.feature_names for data in prepared[:3]]
    assert names[0] == names[1] == names[2]
    test = prepared[2].to_pandas()
    assert (test[["rare=other", "rare=seen"]] == 0).all().all()


def test_what_comes_later_changes_nothing_that_was_learned(flights: Path) -> None:
    frame = some_flights(flights, 5_000).to_pandas()
    split = split_by_time(frame["date"])
    changed = frame.copy()
    later = split > 0
    changed.loc[later, "distance"] = 99_999
    changed.loc[later, "origin"] = "ZZZ"
    first, second = quiet(), quiet()
    first.prepare_data(frame, "delay", index_col="date")
    second.prepare_data(changed, "delay", index_col="date")
    assert first.model.columns == second.model.columns


def test_equal_rows_never_straddle_splits_by_default(data: Path) -> None:
    frame = pd.concat([penguins(data).drop(columns="id")] * 3)
    splits = [
        set(map(tuple, s.to_pandas().round(5).astype(str).to_numpy().tolist()))
        for s in quiet().prepare_data(frame)[:3]
    ]
    assert not splits[0] & splits[1]
    assert not splits[0] & splits[2]
    again = quiet().prepare_data(frame)
    assert [len(s) for s in again[:3]] == [len(s) for s in quiet().prepare_data(frame)[:3]]


@pytest.fixture(scope="module")
def split(flights: Path) -> DataSplit:
    return quiet().prepare_data(some_flights(flights, 10_000), "delay", drop_columns=["date"])[0]


def test_a_split_is_read_when_it_is_asked_for(split: DataSplit) -> None:
    assert split.shape == (len(split), len(split.feature_names) + 1)
    assert split.target == "delay"
    assert split.name == "train"
    assert split.path.is_dir()
    table = split.to_pyarrow()
    assert table.schema == split.schema
    assert table.equals(pa.table(split))
    assert pl.DataFrame(split).equals(split.to_polars())
    assert split.to_pandas().equals(table.to_pandas())
    assert sum(batch.num_rows for batch in split) == len(split)
    assert split.reader(["distance"], batch_rows=100).read_next_batch().num_rows == 100
    tensors = split.to_tensors()
    assert tensors["distance"].tolist() == table["distance"].to_pylist()
    matrix = split.to_tensor()
    assert matrix.shape == (len(split), len(split.feature_names))
    assert matrix[:, 0].tolist() == table[split.feature_names[0]].to_pylist()
    features, target = next(split.batches(500))
    assert target.tolist() == table["delay"].to_pylist()[:500]
    assert list(features) == split.feature_names
    with pytest.raises(KeyError, match="'no'"):
        split.reader(["no"])


def test_temporary_files_live_as_long_as_their_splits(flights: Path, tmp_path: Path) -> None:
    extractor = quiet()
    train, *others = extractor.prepare_data(some_flights(flights, 2_000), "delay")
    path = train.path
    batches = train.batches(10)
    del others, train, extractor
    gc.collect()
    assert path.is_dir()
    assert sum(len(delay.tolist()) for _, delay in batches) > 1000
    del batches
    gc.collect()
    assert not path.exists()
    kept = quiet().prepare_data(some_flights(flights, 2_000), output_dir=tmp_path / "kept")
    del kept
    gc.collect()
    assert (tmp_path / "kept" / "train").is_dir()
    assert (tmp_path / "kept" / "report.html").is_file()


def test_limits_chunks_and_conditions(flights: Path) -> None:
    table = some_flights(flights, 5_000)
    extractor = quiet(chunk_size=700)
    extractor.prepare_data(table, max_chunks=2)
    assert extractor.result.rows == 1400
    extractor.prepare_data(table, max_chunks=2, limit=100)
    assert extractor.result.rows == 100
    extractor.prepare_data(table, where_clause="distance > 1000")
    assert extractor.result.rows == (table.to_pandas()["distance"] > 1000).sum()
    assert extractor.get_table_row_count(table, "distance > 1000") == extractor.result.rows


def test_mistakes(flights: Path, tmp_path: Path) -> None:
    table = some_flights(flights, 1_000)
    extractor = quiet()
    with pytest.raises(ValueError, match="prepare_data first"):
        _ = extractor.result
    for wrong, message in [
        ({"target_column": "dely"}, "did you mean 'delay'"),
        ({"drop_columns": ["origins"]}, "did you mean 'origin'"),
        ({"force_categorical_columns": ["distances"]}, "did you mean 'distance'"),
        ({"force_categorical_columns": ["date"]}, "cannot be categorical"),
        ({"index_col": "dat"}, "did you mean 'date'"),
    ]:
        with pytest.raises(ValueError, match=message):
            extractor.prepare_data(table, **wrong)
    with pytest.raises(FileNotFoundError):
        extractor.prepare_data(tmp_path / "none.parquet")
    with pytest.raises(FileNotFoundError):
        extractor.prepare_data("no/such/flights")
    with pytest.raises(ValueError, match="chunk_size"):
        TerabyteFeatureExtractor(chunk_size=0)
    with pytest.raises(ValueError, match="max_memory_gb"):
        TerabyteFeatureExtractor(max_memory_gb=0.1)
    with pytest.raises(ValueError, match="no order"):
        extractor.optimize_bigquery_query("p.d.t", offset=10)


def test_signatures_and_documentation() -> None:
    expected = {
        "__init__": "project_id location chunk_size max_memory_gb verbose preferred_backend",
        "setup_bigquery_connection": "credentials_path",
        "optimize_bigquery_query": "table_id columns where_clause limit offset",
        "get_table_row_count": "table_id where_clause",
        "process_bigquery_in_chunks": "table_id processing_fn columns where_clause max_chunks",
        "process_bigquery_streaming": "table_id processing_fn",
        "prepare_data": "table_id target_column force_categorical_columns drop_columns "
        "high_null_threshold limit index_col max_chunks",
    }
    for name, parameters in expected.items():
        function = getattr(TerabyteFeatureExtractor, name)
        found = inspect.signature(function).parameters.values()
        by_position = [
            p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"
        ]
        assert by_position == parameters.split()
        if name != "__init__":
            for each in by_position:
                assert f"    {each}: " in inspect.getdoc(function)
    defaults = inspect.signature(TerabyteFeatureExtractor).parameters
    assert {name: p.default for name, p in defaults.items()} == {
        "project_id": None,
        "location": "US",
        "chunk_size": 100000,
        "max_memory_gb": 16.0,
        "verbose": True,
        "preferred_backend": None,
    }


def test_the_preferred_backend_is_the_extractors_own(flights: Path) -> None:
    before = ops.get_backend()
    extractor = TerabyteFeatureExtractor(max_memory_gb=2, verbose=False, preferred_backend="numpy")
    assert extractor.backend == "numpy"
    assert ops.get_backend() == before
    extractor.prepare_data(some_flights(flights, 1_000), "delay")
    assert extractor.result.manifest["backend"] == "numpy"
    assert ops.get_backend() == before
    assert quiet().backend == "auto"
    with pytest.raises(ValueError, match="expected the name of a backend or 'auto', found 'nope'"):
        TerabyteFeatureExtractor(preferred_backend="nope")
    assert ops.get_backend() == before


def test_a_summary_is_shown_where_it_is_wanted(
    flights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = some_flights(flights, 1_000)
    TerabyteFeatureExtractor(max_memory_gb=2).prepare_data(table, "delay")
    shown = capsys.readouterr().out
    assert "features of 1,000 rows: train " in shown
    quiet().prepare_data(table, "delay")
    assert capsys.readouterr().out == ""


def test_nothing_of_it_needs_numpy(flights: Path, tmp_path: Path) -> None:
    pq.write_table(some_flights(flights, 5_000), tmp_path / "flights.parquet")
    program = (
        "import sys\nsys.modules['numpy'] = None  # importing it raises ImportError\n"
        "from emberharmony.features import TerabyteFeatureExtractor\n"
        "extractor = TerabyteFeatureExtractor(max_memory_gb=2, verbose=False)\n"
        "found = extractor.prepare_data(sys.argv[1], 'delay', index_col='date')\n"
        "assert found[0].to_tensor().shape == (len(found[0]), len(found[3]))\n"
        "mean = found[6].mean_.tolist()\n"
        "assert found[6].transform([mean]).tolist() == [[0.0]]\n"
        "import pyarrow\n"
        "table = pyarrow.table({'distance': mean})\n"
        "assert found[6].transform(table).tolist() == [[0.0]]\n"
        "row = {'distance': 100, 'origin': 'SFO', 'destination': 'LAX'}\n"
        "assert extractor.model.transform_row(row).keys() == set(found[3])\n"
        "for features, delay in found[0].batches(1000, shuffle=True):\n"
        "    assert features['distance'].shape == delay.shape\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "flights.parquet"],
        env={**os.environ, "PYTHONPATH": str(Path(eh.__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# -- BigQuery --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(ember: Path, flights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("served") / "flights.parquet"
    pq.write_table(some_flights(flights, 10_000), path)
    tables = {f"proj.{name}": path for name in ("travel.flights", "anon.result")}
    with serve(ember, tables) as address:
        yield address


def test_a_table_of_bigquery(server: str, flights: Path) -> None:
    extractor = quiet(project_id="proj", chunk_size=3000)
    extractor.setup_bigquery_connection(storage_endpoint=server)
    from_file = quiet()
    from_file.prepare_data(some_flights(flights, 10_000), "delay", index_col="date")
    for name in ("proj.travel.flights", "travel.flights", "bigquery://proj/travel/flights"):
        prepared = extractor.prepare_data(name, "delay", index_col="date")
        assert extractor.result.rows == 10_000
        assert extractor.model.columns == from_file.model.columns
        assert prepared[3] == from_file.model.feature_names
    assert extractor.get_table_row_count("travel.flights") == 10_000
    late = (some_flights(flights, 10_000).to_pandas()["delay"] > 60).sum()
    assert extractor.get_table_row_count("travel.flights", "delay > 60") == late
    chunks = extractor.process_bigquery_in_chunks("travel.flights", lambda chunk: chunk.num_rows)
    assert chunks == [3000, 3000, 3000, 1000]
    assert extractor.process_bigquery_in_chunks(
        "travel.flights", lambda chunk: chunk.num_rows, columns=["delay"], max_chunks=2
    ) == [3000, 3000]
    seen: list[int] = []
    summary = extractor.process_bigquery_streaming(
        "travel.flights", lambda batch: seen.append(batch.num_rows), where_clause="delay > 60"
    )
    assert sum(seen) == summary.rows == late
    query = extractor.optimize_bigquery_query("travel.flights", ["delay"], "delay > 60", 5)
    assert (
        str(query)
        == query.sql
        == ("SELECT `delay` FROM `proj.travel.flights` WHERE delay > 60 LIMIT 5")
    )
    with pytest.raises(OSError, match="nothing"):
        extractor.prepare_data("proj.travel.nothing")
    seen.clear()
    extractor.process_bigquery_streaming(
        "travel.flights", lambda batch: seen.append(batch.num_rows), unit_column="distance"
    )
    assert sum(seen) == 10_000
    data = extractor.prepare_data("travel.flights", "delay", unit_column="distance")
    assert sum(len(split) for split in data[:3]) == 10_000
    with pytest.raises(KeyError, match="did you mean 'distance'"):
        extractor.prepare_data("travel.flights", "delay", unit_column="distanc")


def test_a_query_of_bigquery(server: str, flights: Path, tmp_path: Path) -> None:
    """The query goes to the service that runs queries, its result comes from the one that reads."""
    sql = "SELECT * FROM travel.flights"
    with RestDouble() as rest:
        result = {"projectId": "proj", "datasetId": "anon", "tableId": "result"}
        rest.queries[sql] = QueryScript(result, bytes_processed=1 << 20)
        rest.faults.append(Fault("GET", "/queries/", 503))
        extractor = quiet(project_id="proj")
        extractor.setup_bigquery_connection(storage_endpoint=server, rest_endpoint=rest.url)
        train, validation, test, names, *_, scaler, imputer = extractor.prepare_data(
            sql, "delay", index_col="date", output_dir=tmp_path / "out"
        )
    expected = quiet().prepare_data(some_flights(flights, 10_000), "delay", index_col="date")
    for found, wanted in zip((train, validation, test), expected[:3], strict=True):
        assert found.num_rows == wanted.num_rows > 0
        keys = [(name, "ascending") for name in wanted.column_names]
        assert found.to_pyarrow().sort_by(keys).equals(wanted.to_pyarrow().sort_by(keys))
    assert names == expected[3]
    assert scaler.mean_.tolist() == expected[6].mean_.tolist()
    assert imputer.statistics_.tolist() == expected[7].statistics_.tolist()


def test_runs_of_bigquery_have_connections_of_their_own(server: str, tmp_path: Path) -> None:
    here = eh.bigquery.Connection(storage_endpoint=server)
    nowhere = eh.bigquery.Connection(storage_endpoint="127.0.0.1:1")
    source = "bigquery://proj/travel/flights"
    result = eh.extract(source, tmp_path / "out", target="delay", connection=here)
    assert result.rows == 10_000
    assert eh.inspect(source, connection=here, columns=["delay"]).rows == 10_000
    text = eh.plan(source, target="delay", connection=here)
    assert "target: delay" in text
    service = eh.explain(text, source, connection=here)["service"]
    assert service
    with pytest.raises(ValueError, match="query"):
        eh.extract(source, tmp_path / "other", query="SELECT 1", connection=nowhere)


LEARNED = {
    "a": [
        {"step": "impute", "fill": 2.0, "strategy": "median"},
        {"step": "scale", "mean": 2.0, "variance": 4.0, "scale": 2.0, "count": 3},
    ],
    "flag": [{"step": "impute", "fill": 1, "strategy": "most_frequent"}],
    "b": [
        {"step": "impute", "fill": 5.0, "strategy": "median"},
        {"step": "scale", "mean": 4.0, "variance": 1.0, "scale": 1.0, "count": 3},
    ],
}
FRAME = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [4.0, 5.0, 7.0]}, index=["x", "y", "z"])


def fitted_of_sklearn() -> tuple[StandardScaler, SimpleImputer]:
    """Those of scikit-learn that have seen columns a and b."""
    return StandardScaler().fit(FRAME), SimpleImputer(strategy="median").fit(FRAME)


def fitted_of_two() -> tuple[FittedScaler, FittedImputer]:
    columns = {name: LEARNED[name] for name in ("a", "b")}
    return FittedScaler(columns), FittedImputer(columns)


@pytest.mark.parametrize(
    "rows",
    [
        FRAME[["b", "a"]],
        FRAME.rename(columns={"b": "c"}),
        FRAME[["a"]],
        FRAME.assign(c=1.0),
        FRAME[["a", "b", "a"]],
        FRAME[["a"]].to_numpy(),
        FRAME.assign(c=1.0).to_numpy(),
        FRAME["a"].to_numpy(),
        FRAME.assign(b="text"),
    ],
    ids=["order", "names", "fewer", "more", "twice", "narrow", "wide", "vector", "text"],
)
def test_what_was_learned_refuses_what_scikit_learn_refuses(rows: object) -> None:
    """Oracle: scikit-learn raises a ValueError on each of these."""
    for theirs, ours in zip(fitted_of_sklearn(), fitted_of_two(), strict=True):
        with pytest.raises(ValueError):
            theirs.transform(rows)
        calls = [ours.transform]
        if hasattr(ours, "inverse_transform"):
            calls.append(ours.inverse_transform)
        for call in calls:
            with pytest.raises(ValueError, match="'b'"):
                call(rows)
            if isinstance(rows, pd.DataFrame) and rows.columns.is_unique:
                with pytest.raises(ValueError, match="'b'"):
                    call(pa.Table.from_pandas(rows, preserve_index=False))
                with pytest.raises(ValueError, match="'b'"):
                    call(pl.from_pandas(rows))


def test_what_was_learned_takes_tables_of_its_columns() -> None:
    whole = pd.DataFrame({"a": [1, None, 2**53 + 2], "b": [True, False, True]})
    for theirs, ours in zip(fitted_of_sklearn(), fitted_of_two(), strict=True):
        assert ours.get_feature_names_out() == theirs.get_feature_names_out().tolist()
        assert ours.get_feature_names_out(["a", "b"]) == ["a", "b"]
        for each in (theirs, ours):
            with pytest.raises(ValueError, match=r"input_features|feature_names_in_"):
                each.get_feature_names_out(["b", "a"])
        mean, scale = getattr(ours, "mean_", None), getattr(ours, "scale_", None)
        for frame in (FRAME, whole):
            numbers = frame.astype(float).to_numpy()
            if mean is None:
                wanted = np.where(np.isnan(numbers), [2.0, 5.0], numbers)
            else:
                wanted = (numbers - mean.numpy()) / scale.numpy()
            nullable = frame.convert_dtypes()
            table = pa.Table.from_pandas(nullable, preserve_index=False)
            for rows in (
                frame,
                nullable,
                table,
                table.to_batches()[0],
                pa.concat_tables([table[:1], table[1:]]),
                pl.from_arrow(table),
                numbers,
                numbers.tolist(),
                ops.asarray(numbers),
                pd.DataFrame(numbers),
            ):
                np.testing.assert_array_equal(np.asarray(ours.transform(rows)), wanted)


def test_an_imputers_columns_that_are_not_scaled_are_told() -> None:
    scaler, imputer = FittedScaler(LEARNED), FittedImputer(LEARNED)
    filled = imputer.transform([[np.nan, np.nan, np.nan]])
    assert filled.tolist() == [[2.0, 1.0, 5.0]]
    with pytest.raises(ValueError, match=r"\(rows, 2\).*'a', 'b'.*\(1, 3\)") as caught:
        scaler.transform(filled)
    found = re.search(r"take (x\[.*\])", str(caught.value))
    assert found is not None
    x = eval(found[1], {"x": filled, "scaler": scaler, "imputer": imputer})
    assert scaler.transform(x).tolist() == [[0.0, 1.0]]


STRUCTS = pa.table(
    {
        "x": [float(i % 7) for i in range(100)],
        "ts": [float(i % 11) for i in range(100)],
        "st": [{"p": i % 9, "q": {"r": "xy"[i % 2]}} for i in range(100)],
    }
)


@pytest.mark.parametrize("option", ["target_column", "index_col", "force_categorical_columns"])
def test_a_struct_that_was_named_is_told_by_its_fields(option: str) -> None:
    name: object = ["st"] if option.startswith("force") else "st"
    with pytest.raises(ValueError, match=r"'st'.*it has fields, name those: 'st.p', 'st.q.r'"):
        TerabyteFeatureExtractor(verbose=False).prepare_data(STRUCTS, **{option: name})


def nested(depth: int) -> pa.Table:
    """A column of `depth` structs, one within the other, with a number."""
    values = pa.array([float(i % 5) for i in range(100)])
    for _ in range(depth):
        values = pa.StructArray.from_arrays([values], names=["n"])
    return pa.table({"deep": values, "x": range(100)})


def test_structs_that_are_nested_too_deeply_are_told() -> None:
    extractor = TerabyteFeatureExtractor(verbose=False)
    names = extractor.prepare_data(nested(62))[3]
    assert names[0] == "deep" + ".n" * 62
    with pytest.raises(OSError, match="at most 62 structs, lists and maps"):
        extractor.prepare_data(nested(63))
