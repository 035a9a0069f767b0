"""Workload A on the rows that pass a filter, with DuckDB: read once and kept in a table."""

import sys
import time

import duckdb
import duckdb_clicks


def main(source: str, output: str, where: str, threads: int) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute(
        f"CREATE TEMP TABLE kept AS SELECT * FROM read_parquet('{source}') WHERE {where}"
    )
    duckdb_clicks.write_features(connection, "kept", output)


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
