"""The wider flights job with Polars: what `ember extract flights-wide --target arr_delay` does.

80/10/10 by a hash of the row; median and standard scale of the numbers, one-hot of carrier and
origin, vocabularies of tail numbers and destinations, sine and cosine of the hour's parts; learned
from training rows; one Parquet file a split.
"""

import os
import sys
import time

import polars as pl
from polars_flights import SHARES, cyclical

NUMBERS = ["month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time"]
NUMBERS += ["sched_arr_time", "flight", "air_time", "distance", "hour", "minute"]
ONE_HOT = ["carrier", "origin"]
VOCABULARIES = ["tailnum", "dest"]


def vocabulary(values: pl.Series) -> pl.Series:
    counts = values.drop_nulls().value_counts()
    return counts.sort(["count", values.name], descending=[True, False])[values.name]


def category(name: str, values: pl.Series) -> pl.Expr:
    code = pl.col(name).cast(pl.Enum(values), strict=False)
    ids = (code.to_physical().cast(pl.Int32) + 3).fill_null(2)
    return pl.when(pl.col(name).is_null()).then(1).otherwise(ids).cast(pl.Int32).alias(name)


def main(source: str, output: str) -> None:
    table = pl.read_parquet(source)
    bucket = table.hash_rows(seed=42) % 100
    train = table.filter(bucket < 80)
    medians = train.select(pl.col(NUMBERS).median()).row(0, named=True)
    filled = train.select(pl.col(name).fill_null(medians[name]) for name in NUMBERS)
    means = filled.select(pl.col(NUMBERS).mean()).row(0, named=True)
    scales = filled.select(pl.col(NUMBERS).std(ddof=0)).row(0, named=True)
    date = pl.col("time_hour").dt
    columns = [
        ((pl.col(name).fill_null(medians[name]) - means[name]) / (scales[name] or 1.0)).cast(
            pl.Float32
        )
        for name in NUMBERS
    ]
    columns += [
        pl.col(name).eq_missing(value).cast(pl.Float32).alias(f"{name}={value}")
        for name in ONE_HOT
        for value in train[name].drop_nulls().unique().sort()
    ]
    columns += [category(name, vocabulary(train[name])) for name in VOCABULARIES]
    columns += [
        column
        for part, period, name in [
            (date.hour(), 24, "hour"),
            (date.weekday() - 1, 7, "day_of_week"),
            (date.day() - 1, 31, "day_of_month"),
            (date.month() - 1, 12, "month"),
        ]
        for column in cyclical(part, period, name, "time_hour")
    ]
    features = table.lazy().select(*columns, "arr_delay", bucket=bucket)
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
