"""Workload S with DuckDB: moments, extremes, approximate medians and distinct counts.

One query over all columns. Neither exact medians, which keep every value, nor most frequent values,
which ember tells as well: with approx_top_k it took three times as long.
"""

import json
import sys
import time

import duckdb


def main(source: str, output: str, threads: int) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{source}')").fetchall()
    names, expressions = ["rows"], ["count(*)"]
    for name, kind, *_ in columns:
        figures = {
            "nulls": f"count(*) - count({name})",
            "minimum": f"min({name})",
            "maximum": f"max({name})",
            "distinct": f"approx_count_distinct({name})",
        }
        if kind != "VARCHAR":
            figures["mean"] = f"avg({name})"
            figures["variance"] = f"var_pop({name})"
            figures["median"] = f"approx_quantile({name}, 0.5)"
        names += [f"{name}:{figure}" for figure in figures]
        expressions += figures.values()
    query = f"SELECT {', '.join(expressions)} FROM read_parquet('{source}')"
    values = connection.execute(query).fetchall()[0]
    with open(f"{output}/figures.json", "w") as file:
        json.dump(dict(zip(names, values, strict=True)), file)


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
