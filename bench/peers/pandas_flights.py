"""The flights job with pandas and scikit-learn: what `ember extract flights --target delay` does.

80/10/10 by a hash of the row; median and standard scale of the distance, vocabularies of the
airports, sine and cosine of the date's parts; learned from training rows; one Parquet file a split.
"""

import os
import sys
import time

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SHARES = {"train": (0, 80), "validation": (80, 90), "test": (90, 100)}


def cyclical(part: pd.Series, period: int, name: str) -> dict[str, np.ndarray]:
    # Of few different values: sine and cosine are looked up.
    codes, values = pd.factorize(part)
    angles = values.to_numpy(dtype=np.float64) * (2 * np.pi / period)
    # The last entry is that of missing dates, whose code is -1.
    sines = np.append(np.sin(angles), 0).astype(np.float32)
    cosines = np.append(np.cos(angles), 0).astype(np.float32)
    return {f"date_sin_{name}": sines[codes], f"date_cos_{name}": cosines[codes]}


def category(column: pd.Series, train: np.ndarray) -> np.ndarray:
    """Ranks by how often training rows have a value; 2 for others, 1 for missing ones."""
    codes, names = column.cat.codes.to_numpy(), column.cat.categories.astype(str)
    counts = np.bincount(codes[train & (codes >= 0)], minlength=len(names))
    ranked = np.lexsort([names, -counts])
    ids = np.full(len(names) + 1, 2, np.int32)
    known = ranked[counts[ranked] > 0]
    ids[known] = np.arange(3, 3 + len(known))
    ids[-1] = 1  # the place of code -1
    return ids[codes]


def main(source: str, output: str) -> None:
    airports = ["origin", "destination"]
    # As categories from the start: making them of texts took ten times as long.
    table = pd.read_parquet(source, read_dictionary=airports)
    bucket = (pd.util.hash_pandas_object(table, index=False) % 100).to_numpy()
    train = bucket < 80
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    distance = table[["distance"]].to_numpy(dtype=np.float64)
    scaled.fit(distance[train])
    date = table["date"].dt
    features = pd.DataFrame(
        {
            **cyclical(date.hour, 24, "hour"),
            **cyclical(date.day_of_week, 7, "day_of_week"),
            **cyclical(date.day - 1, 31, "day_of_month"),
            **cyclical(date.month - 1, 12, "month"),
            "distance": scaled.transform(distance)[:, 0].astype(np.float32),
            **{name: category(table[name], train) for name in airports},
            "delay": table["delay"],
        }
    )
    for split, (low, high) in SHARES.items():
        rows = features[(bucket >= low) & (bucket < high)]
        rows.to_parquet(os.path.join(output, f"{split}.parquet"), index=False)


if __name__ == "__main__":
    begin = time.perf_counter()
    main(sys.argv[1], sys.argv[2])
    print(f"inner_seconds {time.perf_counter() - begin:.4f}")
