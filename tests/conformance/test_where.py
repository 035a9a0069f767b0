"""--where against DuckDB: thousands of random filters over a table of every type.

A filter is made in two dialects at once: GoogleSQL for ember, and SQL for DuckDB that means the
same where the two differ (NaN, exact comparisons, escapes). DuckDB finds the rows; the test program
io_test reads filters and rows as a corpus (FilterRows.AgreesWithTheCorpus) and applies each filter
with and without pruning, for several sizes of batches and numbers of threads.
"""

import datetime
import decimal
import os
import random
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SEED = 20_260_101
NUM_ROWS = 2_400
NUM_FILTERS = 3_000
ROWS_OF_PART = 800


class Side:
    """A piece of a filter in both dialects."""

    def __init__(self, google: str, duck: str | None = None) -> None:
        self.google = google
        self.duck = google if duck is None else duck


def quoted(text: str) -> Side:
    google = "".join(
        "\\" + c if c in "'\\" else f"\\x{ord(c):02x}" if ord(c) < 32 else c for c in text
    )
    return Side(f"'{google}'", "'" + text.replace("'", "''") + "'")


def bytes_literal(value: bytes) -> Side:
    escaped = "".join(f"\\x{byte:02x}" for byte in value)
    return Side(f"b'{escaped}'", "'" + escaped + "'::BLOB")


class Column:
    """A column: its values, and literals in both dialects."""

    def __init__(self, name, type_, values, literal, group, nan=False):
        self.name = name
        self.google = name  # how a filter calls it; DuckDB's table has it by its name
        self.type = type_
        self.values = values  # what cells and literals are drawn from
        self.literal = literal
        self.group = group  # columns of a group can be compared with each other
        self.nan = nan


def double_literal(value: float) -> Side:
    text = repr(float(value))
    if text in ("inf", "-inf", "nan"):
        return Side(f"CAST('{text}' AS FLOAT64)", f"CAST('{text}' AS DOUBLE)")
    return Side(text, f"CAST('{text}' AS DOUBLE)")


def integer_literal(value: int) -> Side:
    if value == -(2**63):
        return Side(str(value), "CAST('-9223372036854775808' AS BIGINT)")
    return Side(hex(value) if value > 0 and value % 3 == 0 else str(value), f"({value})")


def decimal_literal(precision: int, scale: int, google_type: str):
    def make(value: decimal.Decimal) -> Side:
        return Side(
            f"{google_type} '{value:f}'", f"CAST('{value:f}' AS DECIMAL({precision},{scale}))"
        )

    return make


def timestamp_literal(zoned: bool):
    def make(value: datetime.datetime) -> Side:
        text = value.strftime("%Y-%m-%d %H:%M:%S.%f")
        if zoned:
            return Side(f"TIMESTAMP '{text}+00:00'", f"TIMESTAMPTZ '{text}+00'")
        return Side(f"DATETIME '{text}'", f"TIMESTAMP '{text}'")

    return make


def date_literal(value: datetime.date) -> Side:
    return Side(f"DATE '{value.isoformat()}'")


def time_literal(value: datetime.time) -> Side:
    return Side(f"TIME '{value.strftime('%H:%M:%S.%f')}'")


def all_columns(rng: random.Random) -> list[Column]:
    D = decimal.Decimal
    days = [
        datetime.date(1969, 12, 31) + datetime.timedelta(days=rng.randrange(-9000, 20000))
        for _ in range(20)
    ]
    days += [datetime.date(1970, 1, 1), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]
    moments = [
        datetime.datetime(1970, 1, 1)
        + datetime.timedelta(microseconds=rng.randrange(-(10**15), 10**15))
        for _ in range(20)
    ] + [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.datetime(1970, 1, 1)]
    zoned = [moment.replace(tzinfo=datetime.UTC) for moment in moments]
    clocks = [
        datetime.time(rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6))
        for _ in range(15)
    ]
    clocks += [datetime.time(0, 0), datetime.time(23, 59, 59, 999999)]
    inf, nan = float("inf"), float("nan")
    # Whole numbers far below 2^53, so that DuckDB's comparisons as DOUBLE are exact, too.
    small = [-5, -1, 0, 1, 2, 7, 100, 127]
    doubles = [
        -inf,
        -1e308,
        -5.5,
        -1.0,
        -0.0,
        0.0,
        5e-324,
        0.1,
        1.0,
        2.0,
        7.0,
        1e308,
        inf,
        nan,
        nan,
    ]
    texts = [
        "",
        "a",
        "ab",
        "abc",
        "a%c",
        "a_c",
        "a\\c",
        "it's",
        "é",
        "aéc",
        "z",
        "€uro",
        "\x7f",
        "Abc",
        "ab\tc",
    ]
    return [
        Column("i8", pa.int8(), [-128, *small], integer_literal, "whole"),
        Column("i16", pa.int16(), [-(2**15), *small, 2**15 - 1], integer_literal, "whole"),
        Column("i32", pa.int32(), [-(2**31), *small, 2**31 - 1], integer_literal, "whole"),
        Column(
            "i64",
            pa.int64(),
            [-(2**63), -(2**53) - 1, *small, 2**53, 2**53 + 1, 2**63 - 1],
            integer_literal,
            "int",
        ),
        Column("u8", pa.uint8(), [0, 1, 2, 7, 200, 255], integer_literal, "whole"),
        Column("u32", pa.uint32(), [0, 1, 2, 7, 2**31, 2**32 - 1], integer_literal, "whole"),
        Column(
            "u64", pa.uint64(), [0, 1, 2, 7, 2**63 - 1, 2**63, 2**64 - 1], integer_literal, "int"
        ),
        Column(
            "f32",
            pa.float32(),
            [-inf, -1.5, -0.0, 0.0, 0.1, 1.0, 2.0, 1e38, inf, nan],
            double_literal,
            "real",
            nan=True,
        ),
        Column("f64", pa.float64(), doubles, double_literal, "real", nan=True),
        Column("sorted_f64", pa.float64(), doubles[:-2], double_literal, "real"),
        Column(
            "n9",
            pa.decimal128(38, 9),
            [D("-12.345"), D(0), D("0.000000001"), D("0.1"), D(7), D("1e20")],
            decimal_literal(38, 9, "NUMERIC"),
            "n9",
        ),
        Column(
            "n2",
            pa.decimal128(5, 2),
            [D("-999.99"), D("0.10"), D(0), D(7), D("999.99")],
            decimal_literal(5, 2, "NUMERIC"),
            "n2",
        ),
        Column(
            "n38",
            pa.decimal128(38, 38),
            [D("0.1"), D("-0.1"), D("1e-38"), D(0)],
            decimal_literal(38, 38, "BIGNUMERIC"),
            "n38",
        ),
        Column("flag", pa.bool_(), [True, False], str_of_bool, "flag"),
        Column("s", pa.string(), texts, quoted, "text"),
        Column("sorted_s", pa.string(), texts, quoted, "text"),
        Column(
            "b",
            pa.binary(),
            [text.encode() for text in texts] + [b"\xff\x00", b"\x00"],
            bytes_literal,
            "bytes",
        ),
        Column("day", pa.date32(), days, date_literal, "time"),
        Column("moment", pa.timestamp("us"), moments, timestamp_literal(False), "time"),
        Column(
            "moment_ms",
            pa.timestamp("ms"),
            [m.replace(microsecond=m.microsecond // 1000 * 1000) for m in moments],
            timestamp_literal(False),
            "time",
        ),
        Column("instant", pa.timestamp("us", "UTC"), zoned, timestamp_literal(True), "instant"),
        Column("clock", pa.time64("us"), clocks, time_literal, "clock"),
    ]


class Cast(Column):
    """A column of DuckDB's table that filters write as a cast.

    `duck` says the same where DuckDB's own cast differs: it rounds halves of DOUBLE to even, writes
    decimals with all digits of their type and fractions of seconds without those that are zero, and
    takes backslashes in a text for escapes when it makes a BLOB of it.
    """

    def __init__(self, google, duck, values, literal, group, nan=False):
        name = "c_" + "".join(c if c.isalnum() else "_" for c in google)
        super().__init__(name, None, values, literal, group, nan)
        self.google = google
        self.duck = duck


def moment_text(value: datetime.datetime, end: str = "") -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    if value.microsecond % 1000:
        text += f".{value.microsecond:06}"
    elif value.microsecond:
        text += f".{value.microsecond // 1000:03}"
    return text + end


def all_casts(columns: list[Column]) -> list[Cast]:
    of = {column.name: column.values for column in columns}
    numeric = decimal_literal(38, 9, "NUMERIC")
    fraction = (
        "strftime({0}, '%Y-%m-%d %H:%M:%S') || CASE WHEN microsecond({0}) % 1000000 = 0 THEN '' "
        "WHEN microsecond({0}) % 1000 = 0 THEN strftime({0}, '.%g') ELSE strftime({0}, '.%f') END"
    )
    plain = "rtrim(rtrim(CAST({} AS VARCHAR), '0'), '.')"
    in_utc = "CAST(instant AS TIMESTAMP)"
    dates = [moment.date() for moment in of["moment"]]
    times = [moment.time() for moment in of["moment"]]
    midnights = [datetime.datetime.combine(day, datetime.time()) for day in of["day"]]
    digits = [str(value) for value in (*of["i64"], *of["u8"])]
    whole = [-128, -6, -5, -1, 0, 1, 2, 7, 1000]
    return [
        *(
            Cast(f"CAST({name} AS STRING)", f"CAST({name} AS VARCHAR)", digits, quoted, "text")
            for name in ("i8", "i64", "u64", "day")
        ),
        Cast("CAST(i64 AS FLOAT64)", "CAST(i64 AS DOUBLE)", of["f64"], double_literal, "real"),
        Cast("CAST(u8 AS FLOAT64)", "CAST(u8 AS DOUBLE)", of["f64"], double_literal, "real"),
        Cast("CAST(n9 AS FLOAT64)", "CAST(n9 AS DOUBLE)", of["f64"], double_literal, "real"),
        Cast("CAST(i32 AS NUMERIC)", "CAST(i32 AS DECIMAL(38, 9))", of["n9"], numeric, "n9"),
        Cast("CAST(i16 AS BOOL)", "i16 <> 0", [True, False], str_of_bool, "flag"),
        Cast("CAST(flag AS INT64)", "CAST(flag AS BIGINT)", whole, integer_literal, "whole"),
        Cast("CAST(flag AS STRING)", "CAST(flag AS VARCHAR)", ["true", "x"], quoted, "text"),
        *(
            Cast(
                f"SAFE_CAST({name} AS INT64)",
                f"CASE WHEN isfinite({name}) THEN TRY_CAST(round({name}) AS BIGINT) END",
                whole,
                integer_literal,
                "whole",
            )
            for name in ("f32", "f64")
        ),
        Cast("SAFE_CAST(n9 AS INT64)", "TRY_CAST(n9 AS BIGINT)", whole, integer_literal, "whole"),
        Cast("CAST(n2 AS STRING)", plain.format("n2"), ["-999.99", "0.1", "7"], quoted, "text"),
        Cast(
            "SAFE_CAST(CAST(u64 AS STRING) AS INT64)",
            "TRY_CAST(u64 AS BIGINT)",
            whole,
            integer_literal,
            "whole",
        ),
        Cast("CAST(s AS BYTES)", "encode(s)", of["b"], bytes_literal, "bytes"),
        Cast(
            "SAFE_CAST(b AS STRING)",
            "CASE WHEN b <> '\\xff\\x00'::BLOB THEN decode(b) END",
            of["s"],
            quoted,
            "text",
        ),
        Cast("CAST(day AS DATETIME)", "CAST(day AS TIMESTAMP)", midnights[:-2],
             timestamp_literal(False), "time"),
        Cast("CAST(moment AS DATE)", "CAST(moment AS DATE)", dates, date_literal, "time"),
        Cast("CAST(moment_ms AS DATE)", "CAST(moment_ms AS DATE)", dates, date_literal, "time"),
        Cast("CAST(moment AS TIME)", "CAST(moment AS TIME)", times, time_literal, "clock"),
        Cast("CAST(moment AS TIMESTAMP)", "CAST(moment AS TIMESTAMPTZ)", of["instant"],
             timestamp_literal(True), "instant"),
        Cast("CAST(instant AS DATETIME)", in_utc, of["moment"], timestamp_literal(False), "time"),
        Cast("CAST(instant AS DATE)", f"CAST({in_utc} AS DATE)", dates, date_literal, "time"),
        Cast("CAST(instant AS TIME)", f"CAST({in_utc} AS TIME)", times, time_literal, "clock"),
        Cast("CAST(moment AS STRING)", fraction.format("moment"),
             [moment_text(value) for value in of["moment"]], quoted, "text"),
        Cast("CAST(instant AS STRING)", fraction.format(in_utc) + " || '+00'",
             [moment_text(value, "+00") for value in of["moment"]], quoted, "text"),
    ]  # fmt: skip


def str_of_bool(value: bool) -> Side:
    return Side(str(value).upper())


class FilterMaker:
    def __init__(self, columns: list[Column], rng: random.Random) -> None:
        self.columns = columns
        self.rng = rng

    def literal(self, column: Column) -> Side:
        return column.literal(self.rng.choice(column.values))

    def compared(self, column: Column, op: str, value: Side, other: Column | None = None) -> Side:
        """DuckDB takes NaN for the largest number and equal to itself; GoogleSQL's comparisons with
        NaN are false but for !=."""
        google = f"{column.google} {op} {value.google}"
        duck = f"({column.name} {op} {value.duck})"
        sides = [column.name] if column.nan else []
        if other is not None and other.nan:
            sides.append(other.name)
        if "nan" in value.duck:
            sides.append(value.duck)
        truth = "true" if op in ("!=", "<>") else "false"
        for side in sides:
            # NULL stays NULL: isnan(NULL) is no reason to decide.
            null = f"{column.name} IS NULL" + (f" OR {other.name} IS NULL" if other else "")
            duck = f"(CASE WHEN {null} THEN NULL WHEN isnan({side}) THEN {truth} ELSE {duck} END)"
        return Side(google, duck)

    def comparison(self, column: Column) -> Side:
        op = self.rng.choice(["=", "!=", "<>", "<", "<=", ">", ">="])
        if self.rng.random() < 0.15:
            others = [c for c in self.columns if c.group == column.group and c is not column]
            if others:
                other = self.rng.choice(others)
                return self.compared(column, op, Side(other.google, other.name), other)
        if self.rng.random() < 0.03:
            return Side(f"{column.google} {op} NULL", f"{column.name} {op} NULL")
        value = self.literal(column)
        if self.rng.random() < 0.15:
            mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            side = self.compared(column, op, value)
            return Side(f"{value.google} {mirrored} {column.google}", side.duck)
        return self.compared(column, op, value)

    def in_list(self, column: Column) -> Side:
        values = [self.literal(column) for _ in range(self.rng.choice([1, 2, 3, 12]))]
        google = [value.google for value in values]
        duck = [self.compared(column, "=", value).duck for value in values]
        if self.rng.random() < 0.2:
            google.append("NULL")
            duck.append("NULL")
        negated = self.rng.random() < 0.4
        text = f"{column.google} {'NOT ' if negated else ''}IN ({', '.join(google)})"
        alternatives = f"({' OR '.join(duck)})"
        return Side(text, f"(NOT {alternatives})" if negated else alternatives)

    def between(self, column: Column) -> Side:
        low, high = self.literal(column), self.literal(column)
        negated = self.rng.random() < 0.3
        text = f"{column.google} {'NOT ' if negated else ''}BETWEEN {low.google} AND {high.google}"
        above = self.compared(column, ">=", low).duck
        below = self.compared(column, "<=", high).duck
        duck = f"({above} AND {below})"
        return Side(text, f"(NOT {duck})" if negated else duck)

    def like(self, column: Column) -> Side:
        parts = ["%", "_", "a", "b", "c", "é", "\\%", "\\_", "\\\\", "it"]
        pattern = "".join(self.rng.choice(parts) for _ in range(self.rng.randrange(5)))
        negated = "NOT " if self.rng.random() < 0.3 else ""
        value = quoted(pattern)
        return Side(
            f"{column.google} {negated}LIKE {value.google}",
            f"({column.name} {negated}LIKE {value.duck} ESCAPE '\\')",
        )

    def leaf(self) -> Side:
        column = self.rng.choice(self.columns)
        kind = self.rng.random()
        if kind < 0.1:
            text = f" IS {'NOT ' if self.rng.random() < 0.5 else ''}NULL"
            return Side(column.google + text, column.name + text)
        if column.group == "flag" and kind < 0.5:
            return Side(column.google, column.name)
        if column.group == "text" and kind < 0.4:
            return self.like(column)
        if column.group == "real" and kind < 0.2:
            function = self.rng.choice(["nan", "inf"])
            return Side(f"IS_{function.upper()}({column.google})", f"is{function}({column.name})")
        if kind < 0.6:
            return self.comparison(column)
        return self.in_list(column) if kind < 0.8 else self.between(column)

    def filter(self, depth: int) -> Side:
        kind = self.rng.random()
        if depth == 0 or kind < 0.25:
            return self.leaf()
        if kind < 0.35:
            inner = self.filter(depth - 1)
            return Side(f"NOT ({inner.google})", f"(NOT ({inner.duck}))")
        if kind < 0.45:
            inner = self.filter(depth - 1)
            truth = self.rng.choice(["TRUE", "FALSE", "NULL"])
            negated = self.rng.random() < 0.5
            distinct = "IS DISTINCT FROM" if negated else "IS NOT DISTINCT FROM"
            return Side(
                f"({inner.google}) IS {'NOT ' if negated else ''}{truth}",
                f"(CAST(({inner.duck}) AS BOOLEAN) {distinct} {truth})",
            )
        if kind < 0.5:
            left, right = self.filter(depth - 1), self.filter(depth - 1)
            op = self.rng.choice(["=", "!=", "<", ">="])
            return Side(
                f"({left.google}) {op} ({right.google})",
                f"(CAST(({left.duck}) AS BOOLEAN) {op} CAST(({right.duck}) AS BOOLEAN))",
            )
        word = " AND " if kind < 0.75 else " OR "
        parts = [self.filter(depth - 1) for _ in range(self.rng.choice([2, 2, 3]))]
        return Side(
            word.join(f"({part.google})" for part in parts),
            "(" + word.join(f"({part.duck})" for part in parts) + ")",
        )


def make_table(columns: list[Column], rng: random.Random) -> pa.Table:
    arrays = {"row": pa.array(range(NUM_ROWS), pa.int64())}
    for column in columns:
        cells = [rng.choice(column.values) for _ in range(NUM_ROWS)]
        if column.name.startswith("sorted"):
            cells.sort()
        share = rng.choice([0.0, 0.1, 0.5])
        cells = [None if rng.random() < share else cell for cell in cells]
        # Runs of nothing but nulls, and of nothing else.
        begin = rng.randrange(NUM_ROWS)
        for row in range(begin, min(NUM_ROWS, begin + 300)):
            cells[row] = None
        arrays[column.name] = pa.array(cells, column.type)
    return pa.table(arrays)


def write_parts(table: pa.Table, folder: Path) -> None:
    """Three files: several row groups and pages each, written in different ways."""
    folder.mkdir(parents=True)
    ways = [
        {"row_group_size": 100, "compression": "zstd"},
        {
            "row_group_size": 300,
            "write_page_index": True,
            "data_page_size": 200,
            "write_batch_size": 16,
            "use_dictionary": False,
        },
        {
            "row_group_size": 800,
            "data_page_version": "2.0",
            "data_page_size": 100,
            "write_batch_size": 16,
            "write_page_index": True,
            "write_statistics": ["row", "i64", "s"],
        },
    ]
    for number, way in enumerate(ways):
        part = table.slice(number * ROWS_OF_PART, ROWS_OF_PART)
        pq.write_table(part, folder / f"part-{number}.parquet", **way)


def bitmap(truths) -> str:
    """Rows whose condition is true, as hexadecimal bytes, the first row in the lowest bit."""
    passes = np.asarray(truths.filled(False) if np.ma.isMaskedArray(truths) else truths, dtype=bool)
    return np.packbits(passes, bitorder="little").tobytes().hex()


def fill_table(connection, folder: Path, casts: list[Cast]) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET threads = 1")
    made = "".join(f", {cast.duck} AS {cast.name}" for cast in casts)
    files = f"read_parquet('{folder}/table/*.parquet')"
    connection.execute(f"CREATE TABLE t AS SELECT *{made} FROM {files} ORDER BY row")


def expected_rows(connection, filters: list[Side]) -> list[str | None]:
    """The rows of each filter as a bitmap; None where DuckDB refuses it (an overflow in a cast)."""
    result: list[str | None] = []
    for begin in range(0, len(filters), 25):
        block = filters[begin : begin + 25]
        conditions = [f"CAST({side.duck} AS BOOLEAN) AS c{i}" for i, side in enumerate(block)]
        query = "SELECT {} FROM t ORDER BY row"
        try:
            found = connection.execute(query.format(", ".join(conditions))).fetchnumpy()
            result += [bitmap(found[f"c{i}"]) for i in range(len(block))]
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            for i, condition in enumerate(conditions):
                try:
                    result.append(
                        bitmap(connection.execute(query.format(condition)).fetchnumpy()[f"c{i}"])
                    )
                except (duckdb.ConversionException, duckdb.OutOfRangeException):
                    result.append(None)
    return result


def test_random_filters_find_the_rows_that_duckdb_finds(ember, tmp_path):
    rng = random.Random(SEED)
    columns = all_columns(rng)
    table = make_table(columns, rng)
    write_parts(table, tmp_path / "table")
    casts = all_casts(columns)
    maker = FilterMaker(columns + casts, rng)
    filters = [maker.filter(depth=rng.choice([0, 1, 2, 3])) for _ in range(NUM_FILTERS)]
    connection = duckdb.connect()
    fill_table(connection, tmp_path, casts)
    found = expected_rows(connection, filters)
    lines = [f"{rows}\t{side.google}\n" for rows, side in zip(found, filters, strict=True) if rows]
    assert len(lines) > 0.98 * NUM_FILTERS, "DuckDB refused too many filters"
    # Neither all nor no rows, mostly: otherwise the filters would show little.
    some = [line for line in lines if set(line.split("\t")[0]) not in ({"0"}, {"f"})]
    assert len(some) > 0.6 * len(lines)
    (tmp_path / "filters.tsv").write_text("".join(lines), encoding="utf-8")
    io_test = ember.parent / "io_test"
    assert io_test.is_file(), f"expected the test program at {io_test}: run `make build`"
    process = subprocess.run(
        [io_test, "--gtest_filter=FilterRows.AgreesWithTheCorpus"],
        env={**os.environ, "EMBER_FILTER_CORPUS": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=600,
    )
    assert process.returncode == 0, f"seed {SEED}:\n{process.stdout[-6000:]}"
    assert "PASSED  ] 1 test" in process.stdout
    assert "SKIPPED" not in process.stdout


@pytest.mark.parametrize("limit", [None, 100])
def test_the_command_finds_the_rows_that_duckdb_finds(run_ember, tmp_path, limit):
    """A dozen filters through the whole command, on a table with every type."""
    rng = random.Random(SEED + 1)
    columns = all_columns(rng)
    table = make_table(columns, rng)
    write_parts(table, tmp_path / "table")
    casts = all_casts(columns)
    connection = duckdb.connect()
    fill_table(connection, tmp_path, casts)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0.0, test: 0.0, seed: 1}\n"
        "features:\n  - columns: [row]\n    steps: [passthrough]\n"
    )
    maker = FilterMaker(columns + casts, rng)
    done = 0
    while done < 6:
        side = maker.filter(depth=2)
        rows = connection.execute(f"SELECT row FROM t WHERE {side.duck} ORDER BY row").fetchnumpy()
        expected = rows["row"].tolist()[:limit]
        output = tmp_path / f"out{done}"
        options = [] if limit is None else ["--limit", limit]
        run_ember(
            "extract", tmp_path / "table", "-o", output, "--plan", plan, "-q",
            f"--where={side.google}", "--columns", "row", *options,
        )  # fmt: skip
        shards = sorted((output / "train").glob("part-*.parquet"))
        read = [row for shard in shards for row in pq.read_table(shard)["row"].to_pylist()]
        assert read == expected, side.google
        done += 1
