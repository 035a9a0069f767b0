"""load_model: the features of rows in memory, bit by bit those of `ember transform`."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from engine_tables import some_flights
from outputs import read_shards

import emberharmony as eh


@pytest.fixture(scope="module")
def table(flights: Path) -> pa.Table:
    return some_flights(flights)


@pytest.fixture(scope="module")
def folder(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    pq.write_table(table, path / "flights.parquet")
    eh.extract(table, path / "out", target="delay")
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> eh.Model:
    return eh.load_model(folder / "out" / "model")


@pytest.fixture(scope="module")
def written(folder: Path, run_ember: Callable[..., object]) -> pa.Table:
    """What the command writes for all rows."""
    run_ember(
        "transform",
        folder / "out" / "model",
        folder / "flights.parquet",
        "-o",
        folder / "all",
        "-q",
    )
    return read_shards(folder / "all")


def same(found: pa.Table, expected: pa.Table) -> bool:
    return found.combine_chunks().equals(expected.cast(found.schema).combine_chunks())


def test_features_are_those_of_the_command(
    model: eh.Model, table: pa.Table, written: pa.Table
) -> None:
    features = model.transform(table)
    assert features.column_names == [*model.feature_names, "delay"] == written.column_names
    assert same(features, written)
    assert same(model.transform(pl.from_arrow(table)), written)
    assert same(model.transform(table.to_pandas()), written)
    assert same(model.transform(table.to_reader(max_chunksize=77)), written)
    assert same(model.transform(table.combine_chunks().to_batches()[0]), written)
    batches = model.transform_batches(table.to_reader(max_chunksize=500))
    assert batches.schema == features.schema
    assert same(batches.read_all(), written)


def test_single_rows(model: eh.Model, table: pa.Table, written: pa.Table) -> None:
    for i in (0, 77, 19_999):
        row = table.slice(i, 1).to_pylist()[0]
        assert model.transform_row(row) == written.slice(i, 1).to_pylist()[0]
    del row["delay"]
    assert list(model.transform_row(row)) == model.feature_names
    with pytest.raises(KeyError, match="distance"):
        model.transform_row({"date": row["date"], "origin": "SFO", "destination": "LAX"})
    with pytest.raises(ValueError, match="distance"):
        model.transform_row({**row, "distance": "far"})
    unknown = model.transform_row({**row, "distance": None, "origin": "???"})
    assert unknown["origin"] == 2  # out of vocabulary


def test_what_a_model_tells(model: eh.Model, folder: Path) -> None:
    assert model.plan == (folder / "out" / "model" / "plan.yaml").read_text()
    assert set(model.columns) == {"date", "distance", "origin", "destination"}
    assert {step["step"] for step in model.columns["distance"]} == {"impute", "scale"}
    assert model.input_schema.field("distance").type == pa.int64()
    assert model.output_schema().names == model.feature_names
    assert model.output_schema(with_target=True).names == [*model.feature_names, "delay"]
    assert "features" in repr(model)


def test_a_model_is_saved_and_loaded(model: eh.Model, table: pa.Table, tmp_path: Path) -> None:
    model.save(tmp_path / "copy")
    assert eh.load_model(tmp_path / "copy").transform(table).equals(model.transform(table))
    with pytest.raises(ValueError, match="not an empty folder"):
        model.save(tmp_path / "copy")


def test_wrong_rows(model: eh.Model, table: pa.Table) -> None:
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        model.transform({"distance": [1]})
    with pytest.raises(ValueError, match="distance"):
        model.transform(table.drop_columns(["distance"]))
    with pytest.raises(ValueError, match="distance"):
        model.transform_batches(table.drop_columns(["distance"]).to_reader())
    text = table.set_column(2, "distance", table["distance"].cast(pa.string()))
    with pytest.raises(ValueError, match="distance"):
        model.transform(text)
    assert model.transform(table.slice(0, 0)).num_rows == 0


def test_a_row_that_lacks_a_column_is_told_which(model: eh.Model, table: pa.Table) -> None:
    row = table.slice(0, 1).to_pylist()[0]
    expected = model.transform_row(row)
    assert model.transform_row(pd.Series(row)) == expected
    misspelt = {("distence" if name == "distance" else name): row[name] for name in row}
    del misspelt["origin"]
    for error in (eh.ColumnNotFoundError, eh.EmberError, KeyError, ValueError):
        with pytest.raises(error, match=r"'distance' \(is 'distence' meant") as raised:
            model.transform_row(misspelt)
    assert "'origin'" in str(raised.value)
    for wrong in ([1, 2], 3, None, "distance"):
        with pytest.raises(TypeError, match="row: expected a dict"):
            model.transform_row(wrong)


def test_errors_of_a_stream_are_told(model: eh.Model, table: pa.Table) -> None:
    def broken() -> object:
        yield table.combine_chunks().to_batches()[0]
        raise RuntimeError("the producer broke")

    reader = pa.RecordBatchReader.from_batches(table.schema, broken())
    with pytest.raises(OSError, match="the producer broke"):
        model.transform(reader)


def test_structs_are_flattened_and_a_matrix_has_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 6.0] * 20, "y": [1, 0, 1, 1] * 20})
    place = [{"city": "a", "at": {"lat": float(i % 5)}} for i in range(80)]
    rows = pa.Table.from_pandas(frame).append_column("place", pa.array(place))
    plan = {
        "version": 1,
        "split": {"method": "hash", "train": 1, "validation": 0, "test": 0},
        "features": [
            {"columns": ["x", "place.at.lat"], "steps": [{"scale": "standard"}]},
            {"columns": ["y"], "steps": ["one_hot"]},
        ],
        "output": {"layout": "matrix"},
    }
    model = eh.fit(rows, tmp_path / "model", plan=plan).model
    assert model.feature_names == ["x", "place.at.lat", "y=0", "y=1"]
    features = model.transform(rows)
    assert features.column_names == ["features"]
    nested = model.transform_row({"x": 1.0, "y": 0, "place": {"city": "b", "at": {"lat": 2.0}}})
    flat = model.transform_row({"x": 1.0, "y": 0, "place.at.lat": 2.0})
    assert nested == flat
    assert len(flat["features"]) == 4


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> tuple[eh.Model, pa.Table]:
    """A model of a decimal, a zoned time, a time and a date, and the rows that it was fitted on."""
    hours = [datetime.datetime(2020, 1, 1) + datetime.timedelta(hours=7 * i) for i in range(80)]
    utc = [each.replace(tzinfo=datetime.UTC) for each in hours]
    rows = pa.table(
        {
            "price": pa.array([Decimal(i % 9) / 4 for i in range(80)], pa.decimal128(10, 2)),
            "count": pa.array([i % 7 for i in range(80)], pa.int64()),
            "weight": pa.array([i / 100 for i in range(80)], pa.float64()),
            "sold": pa.array(utc, pa.timestamp("us", "Asia/Tokyo")),
            "made": pa.array([each.replace(hour=0) for each in hours], pa.timestamp("us")),
            "day": pa.array([each.date() for each in hours], pa.date32()),
        }
    )
    plan = {
        "version": 1,
        "split": {"method": "hash", "train": 1, "validation": 0, "test": 0},
        "features": [
            {"columns": ["price", "count", "weight"], "steps": [{"scale": "standard"}]},
            {"columns": ["sold"], "steps": [{"datetime": ["hour"]}]},
            {"columns": ["made", "day"], "steps": [{"datetime": ["day_of_year"]}]},
        ],
    }
    folder = tmp_path_factory.mktemp("priced") / "model"
    return eh.fit(rows, folder, plan=plan).model, rows


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("price", pa.decimal128(38, 9)),
        ("price", pa.decimal128(3, 2)),
        ("price", pa.decimal256(70, 4)),
        ("price", pa.float64()),
        ("price", pa.float32()),
        ("count", pa.decimal128(21, 1)),
        ("weight", pa.decimal128(20, 5)),
        ("sold", pa.timestamp("us", "UTC")),
        ("sold", pa.timestamp("ns", "America/New_York")),
        ("made", pa.date32()),
        ("made", pa.timestamp("ns")),
        ("day", pa.timestamp("ms")),
    ],
)
def test_other_types_of_the_same_values_are_cast(
    priced: tuple[eh.Model, pa.Table], column: str, other: pa.DataType
) -> None:
    model, rows = priced
    place = rows.column_names.index(column)
    if pa.types.is_decimal(other) and not pa.types.is_decimal(rows.schema.field(column).type):
        values = pa.array([Decimal(str(each)) for each in rows[column].to_pylist()], other)
    else:
        values = rows[column].cast(other)
    assert values.type == other
    cast = rows.set_column(place, column, values)
    expected = model.transform(rows)
    assert model.transform(cast).equals(expected)
    row = cast.slice(5, 1).to_pylist()[0]
    assert model.transform_row(row) == expected.slice(5, 1).to_pylist()[0]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_runs_cast_as_models_do(
    priced: tuple[eh.Model, pa.Table], tmp_path: Path, kind: str
) -> None:
    model, rows = priced
    prices = [None if i % 11 == 0 else rows["price"][i].as_py() for i in range(80)]
    counts = [None if i % 13 == 0 else rows["count"][i].as_py() for i in range(80)]
    rows = rows.set_column(0, "price", pa.array(prices, pa.decimal128(10, 2)))
    rows = rows.set_column(1, "count", pa.array(counts, pa.int64()))
    other = rows.set_column(0, "price", pa.array(prices, pa.decimal128(38, 9)))
    # As pandas writes integers of which some are missing.
    nan = [float("nan") if each is None else float(each) for each in counts]
    other = other.set_column(1, "count", pa.array(nan, pa.float64()))
    weights = [Decimal(i) / 100 for i in range(80)]
    other = other.set_column(2, "weight", pa.array(weights, pa.decimal128(9, 3)))
    other = other.set_column(3, "sold", rows["sold"].cast(pa.timestamp("ms", "America/New_York")))
    other = other.set_column(4, "made", rows["made"].cast(pa.date32()))
    other = other.set_column(5, "day", rows["day"].cast(pa.timestamp("s")))
    written = []
    for name, table in (("same", rows), ("other", other)):
        source = tmp_path / f"{name}.{kind}"
        if kind == "parquet":
            pq.write_table(table, source, row_group_size=30, version="2.6")
        else:
            price = table["price"].dictionary_encode()
            if name == "other":
                table = table.set_column(0, "price", price)
            with pa.ipc.new_file(source, table.schema) as file:
                file.write_table(table)
        for where in (None, "price > 0.5 AND count < 6"):
            output = tmp_path / f"{name}-{where is None}"
            eh.transform(model.path, source, output, where=where)
            written.append(read_shards(output))
        assert same(model.transform(table), written[-2])
        batches = model.transform_batches(table.to_reader(max_chunksize=7))
        assert same(batches.read_all(), written[-2])
    assert written[0].equals(written[2])
    assert written[1].equals(written[3])
    assert written[0].num_rows == 80 > written[1].num_rows > 0


def test_values_that_no_row_holds_are_not_looked_at(
    priced: tuple[eh.Model, pa.Table], tmp_path: Path
) -> None:
    """A dictionary may have entries that would change, where no row points at them."""
    model, rows = priced
    counts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 40), pa.array([2.0, 3.0, 2.5]))
    table = rows.set_column(1, "count", counts)
    expected = model.transform(rows.set_column(1, "count", pa.array([2, 3] * 40)))
    assert model.transform(table).equals(expected)
    pq.write_table(table, tmp_path / "t.parquet")
    eh.transform(model.path, tmp_path / "t.parquet", tmp_path / "out")
    assert same(expected, read_shards(tmp_path / "out"))


def test_a_run_refuses_decimals_that_would_be_rounded(
    priced: tuple[eh.Model, pa.Table], tmp_path: Path
) -> None:
    model, rows = priced
    prices = [Decimal("0.125") if i in (50, 60) else Decimal(i) for i in range(80)]
    rows = rows.set_column(0, "price", pa.array(prices))
    pq.write_table(rows, tmp_path / "t.parquet")
    told = (
        r"column 'price': the model was fitted on decimal128\(10, 2\), the table has "
        r"decimal128\(5, 3\), and 0\.125 is not the same in both"
    )
    with pytest.raises(eh.DataError, match=r"t\.parquet: " + told):
        eh.transform(model.path, tmp_path / "t.parquet", tmp_path / "out")
    with pytest.raises(eh.UsageError, match="^" + told):
        model.transform(rows)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("price", pa.array([Decimal("0.125")])),
        ("price", pa.array([0.125])),
        ("price", pa.array([10**9])),
        ("price", pa.array([float("inf")])),
        ("count", pa.array([Decimal("1.5")])),
        ("weight", pa.array([Decimal("0.1234567890123456789")])),
        ("weight", pa.array([Decimal(2**53 + 1)])),
        ("sold", pa.array([datetime.datetime(2020, 1, 1)])),
        ("made", pa.array([datetime.datetime(2020, 1, 1)], pa.timestamp("us", "UTC"))),
        ("day", pa.array([datetime.datetime(2020, 1, 1, 3)])),
    ],
)
def test_other_values_are_refused(
    priced: tuple[eh.Model, pa.Table], column: str, values: pa.Array
) -> None:
    model, rows = priced
    table = rows.slice(0, 1).set_column(rows.column_names.index(column), column, values)
    with pytest.raises(ValueError, match=f"column '{column}'"):
        model.transform(table)


def test_values_of_a_row_may_be_of_other_types(priced: tuple[eh.Model, pa.Table]) -> None:
    model, rows = priced
    row = {**rows.slice(6, 1).to_pylist()[0], "price": Decimal("2.00")}
    expected = model.transform_row(row)
    for same_value in (2, 2.0, "2", "2.0", Decimal("2.0000"), np.float32(2)):
        assert model.transform_row({**row, "price": same_value}) == expected
    assert model.transform_row({**row, "count": Decimal(row["count"])}) == expected
    assert model.transform_row({**row, "made": row["made"].date()}) == expected
    assert model.transform_row({**row, "made": str(row["made"].date())}) == expected
    for column in ("price", "sold", "made", "day"):
        missing = model.transform_row({**row, column: None})
        for value in (pd.NaT, pd.NA):
            assert model.transform_row({**row, column: value}) == missing
    assert model.transform_row({**row, "price": float("nan")})["price"] is None
    for column, wrong in (
        ("price", 0.125),
        ("price", "0.125"),
        ("price", "many"),
        ("price", "inf"),
        ("price", Decimal("0.125")),
        ("count", Decimal("0.5")),
        ("day", datetime.datetime(2020, 1, 1, 3)),
        ("sold", datetime.date(2020, 1, 1)),
    ):
        with pytest.raises(ValueError, match=f"column '{column}'"):
            model.transform_row({**row, column: wrong})


def test_times_of_other_libraries_in_a_row(priced: tuple[eh.Model, pa.Table]) -> None:
    model, rows = priced
    row = rows.slice(9, 1).to_pylist()[0]
    expected = model.transform_row(row)
    made = row["made"]
    for unit in ("s", "ms", "us", "ns", "D", "h"):
        assert model.transform_row({**row, "made": np.datetime64(made, unit)}) == expected
    assert model.transform_row({**row, "made": pd.Timestamp(made)}) == expected
    assert model.transform_row({**row, "day": np.datetime64(row["day"])}) == expected
    assert model.transform_row({**row, "day": pd.Timestamp(row["day"])}) == expected
    assert model.transform_row({**row, "sold": pd.Timestamp(row["sold"])}) == expected
    assert model.transform_row(rows.to_pandas().iloc[9]) == expected
    # A single time without a zone is in UTC.
    utc = pd.Timestamp(row["sold"]).tz_convert("UTC").tz_localize(None)
    for value in (utc, utc.to_datetime64(), utc.to_pydatetime(), str(utc)):
        assert model.transform_row({**row, "sold": value}) == expected
    missing = model.transform_row({**row, "made": None})
    assert model.transform_row({**row, "made": np.datetime64("NaT")}) == missing
    for column, wrong in (
        ("made", pd.Timestamp("2020-01-01 00:00:00.000000001")),
        ("made", np.datetime64("2020-01-01T00:00:00.000000001")),
        ("made", pd.Timestamp("2020-01-01", tz="UTC")),
        ("day", np.datetime64("2020-01-01T03")),
        ("sold", np.datetime64("2020-01-01")),
        ("made", np.datetime64("2020-01")),
    ):
        with pytest.raises(ValueError, match=f"column '{column}': expected a value of type"):
            model.transform_row({**row, column: wrong})


def test_integers_of_a_row_are_the_floats_that_they_are(
    priced: tuple[eh.Model, pa.Table],
) -> None:
    model, rows = priced
    row = rows.slice(9, 1).to_pylist()[0]
    for whole in (3, True, 2**53, -(2**62), 2**63, 2**64, 2**1000, np.uint64(2**63)):
        expected = model.transform_row({**row, "weight": float(whole)})
        assert model.transform_row({**row, "weight": whole}) == expected
    assert model.transform_row({**row, "count": np.int8(5)}) == model.transform_row(
        {**row, "count": 5}
    )
    for column, wrong in (
        ("weight", 2**53 + 1),
        ("weight", 2**2000),
        ("weight", "heavy"),
        ("count", 2**63),
        ("count", 1.5),
        ("count", "\ud800"),
        ("price", "\ud800"),
        ("made", "\ud800"),
    ):
        with pytest.raises(ValueError, match=f"^column '{column}': expected a value") as raised:
            model.transform_row({**row, column: wrong})
        assert len(str(raised.value)) < 400


WRONG_VALUES = [
    (pa.date32(), "2024-05-01 10:30", "a date, or text such as 2001-01-31", "has a time of day"),
    (pa.date32(), datetime.datetime(2024, 5, 1, 10, 30), "a date", "only with a change"),
    (pa.date32(), 5.5, "a date", ""),
    (pa.date32(), "May", "a date", ""),
    (pa.timestamp("us"), "2024-05-01 10:30:00.1234567", "a datetime", "more than six digits"),
    (pa.timestamp("us"), "2024-05-01 10:30+00:00", "a datetime", "has a time zone"),
    (pa.timestamp("us"), 5.5, "a datetime", ""),
    (pa.int8(), 300, "a whole number from -128 to 127", ""),
    (pa.int8(), 1.5, "a whole number", "only with a change"),
    (pa.uint16(), "many", "a whole number from 0 to 65535", ""),
    (pa.int64(), 2**70, "a whole number", ""),
    (pa.float64(), 2**53 + 1, "a number", "which no floating-point number is"),
    (pa.float64(), [1.0], "a number", ""),
    (pa.string(), 5, "text", ""),
    (pa.bool_(), "true", "True or False", ""),
    (pa.decimal128(6, 2), "12.505", "a number, or text such as 12.50", "only with a change"),
]


@pytest.fixture(scope="module")
def passed_on(tmp_path_factory: pytest.TempPathFactory) -> Callable[[pa.DataType], eh.Model]:
    """A model of one column of a type, which is passed on as it is."""
    folder = tmp_path_factory.mktemp("passed_on")
    plan = {
        "version": 1,
        "split": {"method": "hash", "key": ["key"], "train": 1.0, "validation": 0.0, "test": 0.0},
        "features": [{"columns": ["value"], "steps": ["passthrough"]}],
    }

    def fitted(kind: pa.DataType) -> eh.Model:
        path = folder / str(kind)
        if not path.exists():
            rows = pa.table({"key": [1, 2], "value": pa.nulls(2, kind)})
            eh.fit(rows, path, plan=plan)
        return eh.load_model(path)

    return fitted


@pytest.mark.parametrize(("kind", "value", "meant", "why"), WRONG_VALUES)
def test_a_wrong_value_is_told_in_our_own_words(
    passed_on: Callable[[pa.DataType], eh.Model],
    kind: pa.DataType,
    value: object,
    meant: str,
    why: str,
) -> None:
    with pytest.raises(ValueError, match=r"^column 'value': expected a value of type") as raised:
        passed_on(kind).transform_row({"key": 1, "value": value})
    said = str(raised.value)
    assert f"of type {kind} ({meant}" in said
    assert f"found {value!r}" in said
    assert why in said
    assert said.endswith(f"found {value!r}") or why
    for foreign in ("Could not convert", "object of type", "C integer", "Expected", "got"):
        assert foreign not in said


def test_a_text_may_be_midnight_and_a_time_may_lack_its_zone(
    passed_on: Callable[[pa.DataType], eh.Model],
) -> None:
    day = passed_on(pa.date32())
    for text in ("2024-05-01", "2024-05-01 00:00:00", "2024-05-01T00:00:00.000"):
        assert day.transform_row({"key": 1, "value": text}) == {"value": datetime.date(2024, 5, 1)}
    instant = passed_on(pa.timestamp("us", "UTC"))
    utc = datetime.datetime(2024, 5, 1, 10, 30, tzinfo=datetime.UTC)
    for value in ("2024-05-01 10:30", utc.replace(tzinfo=None), "2024-05-01 12:30+02:00", utc):
        assert instant.transform_row({"key": 1, "value": value}) == {"value": utc}


def test_text_that_is_no_unicode_is_told_by_its_column(model: eh.Model, table: pa.Table) -> None:
    row = table.slice(0, 1).to_pylist()[0]
    with pytest.raises(ValueError, match=r"column 'origin': expected .* found '\\ud800'"):
        model.transform_row({**row, "origin": "\ud800"})
