"""Workload S with Polars: moments, extremes, exact medians and approximate distinct counts.

One aggregation over all columns in the streaming engine. No most frequent values, which ember tells
as well: a value_counts for each column took four times as long as all else together.
"""

import json
import sys
import time

import polars as pl
import polars.selectors as cs


def main(source: str, output: str) -> None:
    table = pl.scan_parquet(source)
    numbers = cs.numeric()
    figures = {
        "nulls": pl.all().null_count(),
        "minimum": pl.all().min(),
        "maximum": pl.all().max(),
        "distinct": pl.all().approx_n_unique(),
        "mean": numbers.mean(),
        "variance": numbers.var(ddof=0),
        "median": numbers.median(),
    }
    row = table.select(
        pl.len().alias("rows"),
        *(figure.name.suffix(f":{name}") for name, figure in figures.items()),
    ).collect(engine="streaming")
    with open(f"{output}/figures.json", "w") as file:
        json.dump(row.row(0, named=True), file)


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2])
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
