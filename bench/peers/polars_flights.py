"""The flights job with Polars: what `ember extract flights --target delay` does, by hand.

80/10/10 by a hash of the row; median and standard scale of the distance, vocabularies of the
airports, sine and cosine of the date's parts; learned from training rows; one Parquet file a split.
"""

import math
import os
import sys
import time

import polars as pl

SHARES = {"train": (0, 80), "validation": (80, 90), "test": (90, 100)}


def cyclical(part: pl.Expr, period: int, name: str, column: str = "date") -> list[pl.Expr]:
    angle = part.cast(pl.Float64).fill_null(0) * (2 * math.pi / period)
    return [
        pl.when(pl.col(column).is_null()).then(0).otherwise(function).cast(pl.Float32).alias(alias)
        for function, alias in [
            (angle.sin(), f"{column}_sin_{name}"),
            (angle.cos(), f"{column}_cos_{name}"),
        ]
    ]


def main(source: str, output: str) -> None:
    if source.endswith(".csv"):
        table = pl.scan_csv(source, try_parse_dates=True).collect()
    else:
        table = pl.read_parquet(source)
    bucket = table.hash_rows(seed=42) % 100
    train = table.filter(bucket < 80)
    filled = train["distance"].fill_null(train["distance"].median())
    fill, mean, scale = train["distance"].median(), filled.mean(), filled.std(ddof=0) or 1.0
    vocabularies = {
        name: train[name]
        .drop_nulls()
        .value_counts()
        .sort(["count", name], descending=[True, False])[name]
        for name in ["origin", "destination"]
    }

    def category(name: str) -> pl.Expr:
        code = pl.col(name).cast(pl.Enum(vocabularies[name]), strict=False)
        ids = (code.to_physical().cast(pl.Int32) + 3).fill_null(2)
        return pl.when(pl.col(name).is_null()).then(1).otherwise(ids).cast(pl.Int32).alias(name)

    date = pl.col("date").dt
    features = table.lazy().select(
        *cyclical(date.hour(), 24, "hour"),
        *cyclical(date.weekday() - 1, 7, "day_of_week"),
        *cyclical(date.day() - 1, 31, "day_of_month"),
        *cyclical(date.month() - 1, 12, "month"),
        ((pl.col("distance").fill_null(fill) - mean) / scale).cast(pl.Float32),
        category("origin"),
        category("destination"),
        "delay",
        bucket=bucket,
    )
    sinks = []
    for split, (low, high) in SHARES.items():
        rows = features.filter(pl.col("bucket").is_between(low, high, closed="left")).drop("bucket")
        path = os.path.join(output, f"{split}.parquet")
        sinks.append(rows.sink_parquet(path, compression="snappy", lazy=True))
    pl.collect_all(sinks, engine="streaming")


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2])
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
