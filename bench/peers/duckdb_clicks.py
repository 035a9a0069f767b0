"""Workload A with DuckDB: learn the vocabularies, then apply them, Parquet to Parquet.

The look-up is one join a column. ENUM types with TRY_CAST were tried and took minutes.
"""

import sys
import time

import duckdb

NUMBERS = [f"I{i}" for i in range(1, 14)]
CATEGORIES = [f"C{i}" for i in range(1, 27)]
MIN_COUNT = 15


def main(source: str, output: str, threads: int) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    write_features(connection, f"read_parquet('{source}')", output)


def write_features(connection: duckdb.DuckDBPyConnection, table: str, output: str) -> None:
    for name in CATEGORIES:
        connection.execute(f"""
            CREATE TEMP TABLE vocabulary_{name} AS
            SELECT {name} AS value,
                   CAST(row_number() OVER (ORDER BY count(*) DESC, {name}) + 2 AS INTEGER) AS id
            FROM {table} WHERE {name} IS NOT NULL
            GROUP BY {name} HAVING count(*) >= {MIN_COUNT}""")
    numbers = [
        f"CAST(ln(greatest(coalesce(t.{name}, 0), 0) + 1.0::DOUBLE) AS FLOAT) AS {name}"
        for name in NUMBERS
    ]
    categories = [
        f"CASE WHEN t.{name} IS NULL THEN 1 ELSE coalesce(vocabulary_{name}.id, 2) END AS {name}"
        for name in CATEGORIES
    ]
    joins = "\n".join(
        f"LEFT JOIN vocabulary_{name} ON t.{name} = vocabulary_{name}.value" for name in CATEGORIES
    )
    connection.execute(f"""
        COPY (SELECT {", ".join([*numbers, *categories, "t.label"])} FROM {table} t {joins})
        TO '{output}' (FORMAT parquet, COMPRESSION snappy)""")


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
