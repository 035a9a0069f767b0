"""The wider flights job with DuckDB: what `ember extract flights-wide --target arr_delay` does.

80/10/10 by a hash of the row; median and standard scale of the numbers, one-hot of carrier and
origin, vocabularies of tail numbers and destinations, sine and cosine of the hour's parts; learned
from training rows; one Parquet file a split.
"""

import sys
import time

import duckdb
from duckdb_flights import SPLITS
from polars_wide import NUMBERS, ONE_HOT, VOCABULARIES

PARTS = {
    "hour": ("hour(time_hour)", 24),
    "day_of_week": ("isodow(time_hour) - 1", 7),
    "day_of_month": ("day(time_hour) - 1", 31),
    "month": ("month(time_hour) - 1", 12),
}


def main(source: str, output: str, threads: int) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    names = [row[0] for row in connection.execute(f"DESCRIBE FROM '{source}'").fetchall()]
    connection.execute(f"""
        CREATE TEMP TABLE flights AS
        SELECT *, hash({", ".join(names)}) % 100 AS bucket FROM read_parquet('{source}')""")
    fills = connection.execute(
        f"SELECT {', '.join(f'median({n})' for n in NUMBERS)} FROM flights WHERE bucket < 80"
    ).fetchone()
    filled = [f"coalesce({n}, {fill})" for n, fill in zip(NUMBERS, fills, strict=True)]
    moments = connection.execute(
        f"SELECT {', '.join(f'avg({f}), stddev_pop({f})' for f in filled)}"
        " FROM flights WHERE bucket < 80"
    ).fetchone()
    columns = [
        f"CAST(({f} - {moments[2 * i]!r}::DOUBLE) / {moments[2 * i + 1] or 1.0!r}::DOUBLE AS FLOAT)"
        f" AS {NUMBERS[i]}"
        for i, f in enumerate(filled)
    ]
    for name in ONE_HOT:
        values = connection.execute(
            f"SELECT DISTINCT {name} FROM flights WHERE bucket < 80 AND {name} IS NOT NULL"
            " ORDER BY ALL"
        ).fetchall()
        columns += [
            f"CAST({name} IS NOT DISTINCT FROM '{v}' AS FLOAT) AS \"{name}={v}\"" for (v,) in values
        ]
    for name in VOCABULARIES:
        connection.execute(f"""
            CREATE TEMP TABLE vocabulary_{name} AS
            SELECT {name} AS value,
                   CAST(row_number() OVER (ORDER BY count(*) DESC, {name}) + 2 AS INTEGER) AS id
            FROM flights WHERE bucket < 80 AND {name} IS NOT NULL GROUP BY {name}""")
        columns.append(
            f"CASE WHEN {name} IS NULL THEN 1 ELSE coalesce(vocabulary_{name}.id, 2) END AS {name}"
        )
    columns += [
        f"CAST(coalesce({function}(({part}) * (2 * pi() / {period})), 0) AS FLOAT)"
        f" AS time_hour_{function}_{name}"
        for name, (part, period) in PARTS.items()
        for function in ["sin", "cos"]
    ]
    joins = " ".join(
        f"LEFT JOIN vocabulary_{name} ON {name} = vocabulary_{name}.value" for name in VOCABULARIES
    )
    for split, (low, high) in SPLITS.items():
        connection.execute(f"""
            COPY (SELECT {", ".join(columns)}, arr_delay FROM flights {joins}
                  WHERE bucket >= {low} AND bucket < {high})
            TO '{output}/{split}.parquet' (FORMAT parquet, COMPRESSION snappy)""")


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
