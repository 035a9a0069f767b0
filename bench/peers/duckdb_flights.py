"""The flights job with DuckDB: what `ember extract flights --target delay` does, by hand.

80/10/10 by a hash of the row; median and standard scale of the distance, vocabularies of the
airports, sine and cosine of the date's parts; learned from training rows; one Parquet file a split.
"""

import sys
import time

import duckdb

SPLITS = {"train": (0, 80), "validation": (80, 90), "test": (90, 100)}
PARTS = {
    "hour": ("hour(date)", 24),
    "day_of_week": ("isodow(date) - 1", 7),
    "day_of_month": ("day(date) - 1", 31),
    "month": ("month(date) - 1", 12),
}
AIRPORTS = ["origin", "destination"]


def main(source: str, output: str, threads: int) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    reader = "read_csv" if source.endswith(".csv") else "read_parquet"
    connection.execute(f"""
        CREATE TEMP TABLE flights AS
        SELECT *, hash(date, delay, distance, origin, destination) % 100 AS bucket
        FROM {reader}('{source}')""")
    fill = connection.execute("SELECT median(distance) FROM flights WHERE bucket < 80").fetchone()[
        0
    ]
    mean, scale = connection.execute(f"""
        SELECT avg(d), stddev_pop(d)
        FROM (SELECT coalesce(distance, {fill}) AS d FROM flights WHERE bucket < 80)""").fetchone()
    for name in AIRPORTS:
        connection.execute(f"""
            CREATE TEMP TABLE vocabulary_{name} AS
            SELECT {name} AS value,
                   CAST(row_number() OVER (ORDER BY count(*) DESC, {name}) + 2 AS INTEGER) AS id
            FROM flights WHERE bucket < 80 AND {name} IS NOT NULL GROUP BY {name}""")
    columns = [
        f"CAST(coalesce({function}(({part}) * (2 * pi() / {period})), 0) AS FLOAT)"
        f" AS date_{alias}_{name}"
        for name, (part, period) in PARTS.items()
        for function, alias in [("sin", "sin"), ("cos", "cos")]
    ]
    columns.append(
        f"CAST((coalesce(distance, {fill}) - {mean!r}::DOUBLE) / {scale or 1.0!r}::DOUBLE AS FLOAT)"
        " AS distance"
    )
    columns += [
        f"CASE WHEN {name} IS NULL THEN 1 ELSE coalesce(vocabulary_{name}.id, 2) END AS {name}"
        for name in AIRPORTS
    ]
    joins = " ".join(
        f"LEFT JOIN vocabulary_{name} ON {name} = vocabulary_{name}.value" for name in AIRPORTS
    )
    for split, (low, high) in SPLITS.items():
        connection.execute(f"""
            COPY (SELECT {", ".join(columns)}, delay FROM flights {joins}
                  WHERE bucket >= {low} AND bucket < {high})
            TO '{output}/{split}.parquet' (FORMAT parquet, COMPRESSION snappy)""")


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
