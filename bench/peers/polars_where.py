"""Workload A on the rows that pass a filter, with Polars.

The rows are read once, by the streaming engine with the filter pushed down, and kept: reading them
again for each vocabulary was slower.
"""

import sys
import time

import polars as pl
import polars_clicks


def main(source: str, output: str, where: str) -> None:
    table = pl.scan_parquet(source).filter(pl.sql_expr(where)).collect(engine="streaming")
    polars_clicks.write_features(table.lazy(), output)


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], sys.argv[3])
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
