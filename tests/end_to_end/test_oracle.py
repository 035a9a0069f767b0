"""Learned values and features against pandas, scikit-learn and FarmHash's Python binding."""

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import farmhash
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import learned_steps, read_shards, write_parquet
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler


def correctly_rounded_moments(values: pd.Series) -> tuple[float, float]:
    """Mean and population variance in rational arithmetic, rounded once."""
    exact = [Fraction(v) for v in values]
    n = len(exact)
    total = sum(exact)
    squares = sum(v * v for v in exact)
    return float(total / n), float((n * squares - total * total) / (n * n))


def splits_of(texts: Iterable[str], train: str, validation: str) -> np.ndarray:
    """0 for training, 1 for validation, 2 for test."""
    buckets = np.array([farmhash.fingerprint64(text) & 0xFFFFF for text in texts])
    first = round(Decimal(train) * 2**20)
    second = round((Decimal(train) + Decimal(validation)) * 2**20)
    return (buckets >= first).astype(int) + (buckets >= second)


def vocabulary_of(values: pd.Series, min_count: int) -> dict[str, int]:
    counts = values.dropna().value_counts()
    kept = sorted(((-c, v.encode(), v) for v, c in counts.items() if c >= min_count))
    return {value: rank + 3 for rank, (_, _, value) in enumerate(kept)}


@pytest.fixture(scope="module")
def extracted(run_ember, flights, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("flights")
    (folder / "plan.yaml").write_text(
        """\
version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 1000}}]
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
"""
    )
    run_ember("extract", flights, "-o", folder / "out", "--plan", folder / "plan.yaml", "-q")
    return folder / "out"


@pytest.fixture(scope="module")
def frame(flights) -> pd.DataFrame:
    frame = pq.read_table(flights).to_pandas()
    # The text of each key once: dates and origins are far fewer than rows.
    dates, instants = pd.factorize(frame["date"])
    airports, origins = pd.factorize(frame["origin"])
    assert (instants.microsecond == 0).all()
    texts = instants.strftime("%Y-%m-%d %H:%M:%S").to_numpy()
    codes, pairs = pd.factorize(dates * len(origins) + airports)
    date_of, origin_of = np.divmod(pairs, len(origins))
    keys = "42\x1f" + texts[date_of] + "\x1f" + origins.to_numpy()[origin_of]
    frame["split"] = splits_of(keys, "0.8", "0.1")[codes]
    return frame


def test_split_is_that_of_farm_fingerprint(extracted, frame):
    manifest = json.loads((extracted / "manifest.json").read_text())
    sizes = frame["split"].value_counts()
    assert {n: manifest["splits"][n]["rows"] for n in ("train", "validation", "test")} == {
        "train": sizes[0],
        "validation": sizes[1],
        "test": sizes[2],
    }


@pytest.mark.parametrize("split,name", enumerate(["train", "validation", "test"]))
def test_features_of_flights(extracted, frame, split, name):
    train = frame[frame["split"] == 0]
    rows = frame[frame["split"] == split]
    table = read_shards(extracted / name)
    assert table["delay"].to_pylist() == rows["delay"].tolist()
    assert table.column_names[-1] == "delay"
    for column in ("origin", "destination"):
        expected = rows[column].map(vocabulary_of(train[column], 1000)).fillna(2).astype(np.int32)
        np.testing.assert_array_equal(table[column].to_numpy(), expected)
    scaler = StandardScaler().fit(train[["distance"]].to_numpy(np.float64))
    np.testing.assert_allclose(
        table["distance"].to_numpy(),
        scaler.transform(rows[["distance"]].to_numpy(np.float64))[:, 0],
        rtol=2e-7,
    )
    date = rows["date"].dt
    for part, value, period in [
        ("hour", date.hour, 24),
        ("day_of_week", date.dayofweek, 7),
        ("day_of_month", date.day - 1, 31),
        ("month", date.month - 1, 12),
    ]:
        angle = 2 * np.pi * value / period
        np.testing.assert_allclose(table[f"date_sin_{part}"].to_numpy(), np.sin(angle), atol=1e-7)
        np.testing.assert_allclose(table[f"date_cos_{part}"].to_numpy(), np.cos(angle), atol=1e-7)


def test_moments_and_median_of_flights_are_exact(extracted, frame):
    train = frame.loc[frame["split"] == 0, "distance"]
    counts = train.value_counts()
    n, total = len(train), int((counts.index * counts).sum())
    squares = int((counts.index**2 * counts).sum())
    steps = learned_steps(extracted / "model", "distance")
    assert steps["scale"]["mean"] == float(Fraction(total, n))
    assert steps["scale"]["variance"] == float(Fraction(n * squares - total * total, n * n))
    assert steps["impute"]["fill"] == np.median(train.to_numpy())


def test_other_readers_agree(extracted):
    path = extracted / "train" / "part-00000.parquet"
    arrow = pq.read_table(path)
    assert pl.read_parquet(path).to_arrow().equals(pl.from_arrow(arrow).to_arrow())
    names = ", ".join(f'"{name}"' for name in arrow.column_names)
    duck = duckdb.sql(f"select {names} from '{path}'").to_arrow_table()
    for name in arrow.column_names:
        assert duck[name].to_pylist() == arrow[name].to_pylist()


def movies(data: Path) -> pd.DataFrame:
    """3,201 films: many nulls, strings, numbers, a date, and two booleans derived from them."""
    raw = pd.DataFrame(json.loads((data / "movies.json").read_text()))
    frame = pd.DataFrame(
        {
            "gross": pd.to_numeric(raw["US Gross"], errors="coerce"),
            "budget": pd.to_numeric(raw["Production Budget"], errors="coerce"),
            "rating": pd.to_numeric(raw["IMDB Rating"], errors="coerce"),
            "minutes": pd.array(
                pd.to_numeric(raw["Running Time min"], errors="coerce"), dtype="Int64"
            ),
            "genre": raw["Major Genre"],
            "mpaa": raw["MPAA Rating"],
            "director": raw["Director"],
            "released": pd.to_datetime(raw["Release Date"], errors="coerce").dt.date,
        }
    )
    frame["long"] = (frame["minutes"] > 110).astype("boolean")
    frame["sequel"] = raw["Title"].astype(str).str.contains(r"\b(?:II|2|3)\b", regex=True)
    return frame


def weather(data: Path) -> pd.DataFrame:
    """1,461 days of Seattle's weather."""
    frame = pd.read_csv(data / "seattle-weather.csv", parse_dates=["date"])
    frame["wet"] = frame["precipitation"] > 0
    frame.loc[::7, "wind"] = np.nan
    return frame


ALL_TRAINING = "split: {method: hash, train: 1.0, validation: 0.0, test: 0.0}\n"


@pytest.mark.parametrize(
    "make,columns",
    [
        (movies, ["gross", "budget", "rating", "minutes"]),
        (weather, ["precipitation", "temp_max", "wind"]),
    ],
)
@pytest.mark.parametrize(
    "method,scaler",
    [
        ("standard", StandardScaler),
        ("min_max", MinMaxScaler),
        ("max_abs", MaxAbsScaler),
        ("robust", RobustScaler),
    ],
)
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_numeric_steps_against_scikit_learn(
    run_ember, data, tmp_path, make, columns, method, scaler, strategy
):
    frame = make(data)
    source = write_parquet(frame, tmp_path / "table.parquet", row_group_size=500)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n  - columns: [{', '.join(columns)}]\n"
        f"    steps: [{{impute: {strategy}}}, {{scale: {method}}}]\noutput: {{dtype: float64}}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    table = read_shards(tmp_path / "out" / "train")
    for column in columns:
        values = pd.to_numeric(frame[column]).astype("float64")
        fill = {
            "mean": lambda v: correctly_rounded_moments(v)[0],
            "median": np.median,
            "most_frequent": lambda v: v.mode().min(),
        }[strategy](values.dropna().to_numpy() if strategy != "most_frequent" else values.dropna())
        filled = values.fillna(fill)
        steps = learned_steps(tmp_path / "out" / "model", column)
        assert steps["impute"]["fill"] == fill
        if method == "standard":
            mean, variance = correctly_rounded_moments(filled)
            assert steps["scale"]["mean"] == mean
            assert steps["scale"]["variance"] == variance
        expected = scaler().fit_transform(filled.to_numpy()[:, None])[:, 0]
        np.testing.assert_allclose(table[column].to_numpy(), expected, rtol=1e-12, atol=1e-12)


def test_categorical_steps_against_pandas(run_ember, data, tmp_path):
    frame = movies(data)
    source = write_parquet(frame, tmp_path / "table.parquet", row_group_size=700)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"version: 1\n{ALL_TRAINING}features:\n"
        "  - columns: [genre, mpaa, sequel]\n    steps: [one_hot]\n"
        "  - columns: [director]\n    steps: [{vocabulary: {min_count: 3}}]\n"
        "  - columns: [rating]\n    steps: [{impute: {strategy: median, indicator: true}}]\n"
        "  - columns: [released]\n    steps: [{cyclical: [day_of_week, month]}]\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    table = read_shards(tmp_path / "out" / "train")
    for column in ("genre", "mpaa"):
        categories = sorted(frame[column].dropna().unique(), key=str.encode)
        names = [f"{column}={c}" for c in categories]
        assert [n for n in table.column_names if n.startswith(column + "=")] == names
        for category, name in zip(categories, names, strict=True):
            np.testing.assert_array_equal(
                table[name].to_numpy(), (frame[column] == category).astype(np.float32)
            )
    ids = vocabulary_of(frame["director"], 3)
    expected = [1 if pd.isna(v) else ids.get(v, 2) for v in frame["director"]]
    assert table["director"].to_pylist() == expected
    np.testing.assert_array_equal(
        table["rating_missing"].to_numpy(), frame["rating"].isna().astype(np.float32)
    )
    dates = pd.to_datetime(frame["released"])
    angle = 2 * np.pi * dates.dt.dayofweek / 7
    np.testing.assert_allclose(
        table["released_sin_day_of_week"].to_numpy(), np.sin(angle).fillna(0), atol=1e-7
    )
    np.testing.assert_allclose(
        table["released_cos_day_of_week"].to_numpy(), np.cos(angle).fillna(0), atol=1e-7
    )
    vocabulary = pq.read_table(next((tmp_path / "out" / "model" / "vocabulary").glob("*.parquet")))
    assert vocabulary.column_names == ["value", "id", "count"]
    assert (
        dict(zip(vocabulary["value"].to_pylist(), vocabulary["id"].to_pylist(), strict=True)) == ids
    )
    counts = frame["director"].value_counts()
    assert vocabulary["count"].to_pylist() == [counts[v] for v in vocabulary["value"].to_pylist()]


def test_statistics_come_from_the_training_rows_only(run_ember, tmp_path):
    rows = 20_000
    rng = np.random.default_rng(3)
    table = pa.table(
        {"id": np.arange(rows), "x": rng.normal(size=rows), "c": rng.choice(["a", "b", "z"], rows)}
    )
    source = write_parquet(table, tmp_path / "t.parquet")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\n"
        "split: {method: hash, key: id, train: 0.5, validation: 0.25, test: 0.25, seed: 1}\n"
        "features:\n"
        "  - {columns: [x], steps: [{scale: min_max}]}\n  - {columns: [c], steps: [vocabulary]}\n"
    )
    run_ember("extract", source, "-o", tmp_path / "out", "--plan", plan, "-q")
    split = splits_of((f"1\x1f{i}" for i in range(rows)), "0.5", "0.25")
    train = table["x"].to_numpy()[split == 0]
    step = learned_steps(tmp_path / "out" / "model", "x")["scale"]
    assert (step["min"], step["max"]) == (train.min(), train.max())
    assert step["count"] == len(train)
    for number, name in enumerate(["train", "validation", "test"]):
        x = table["x"].to_numpy()[split == number]
        expected = (x - train.min()) / (train.max() - train.min())
        np.testing.assert_allclose(
            read_shards(tmp_path / "out" / name)["x"].to_numpy(), expected, rtol=1e-6, atol=1e-7
        )
