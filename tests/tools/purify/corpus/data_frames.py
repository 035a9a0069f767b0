"""pandas and NumPy side by side."""

import json

import numpy as np
import pandas as pd


def frame(x, y):
    return pd.DataFrame({"x": x, "y": y})


def new_column(x, y):
    df = frame(x, y)
    df["r"] = np.sqrt(df["x"] ** 2 + df["y"] ** 2)  #: safe
    df["angle"] = np.arctan2(df["y"], df["x"])  #: safe
    return df[["r", "angle"]].to_numpy()


def cyclical_columns(t):
    df = frame(t, t)
    df["sin"] = np.sin(2 * np.pi * df["x"] / 24)  #: safe safe
    df["cos"] = np.cos(2 * np.pi * df["x"] / 24)  #: safe safe
    return df["sin"].to_numpy() + df["cos"].to_numpy()


def conditional_column(x, y):
    df = frame(x, y)
    df["flag"] = np.where(df["x"] > 0, 1, 0)  #: safe
    return df["flag"].to_numpy()


def conditional_words(x, y):
    df = frame(x, y)
    df["sign"] = np.where(df["x"] > 0, "up", "down")  #: review:text
    return df["sign"].tolist()


def filled(holes, y):
    df = frame(holes, y)
    return np.log1p(df["x"].abs()).fillna(0).to_numpy()  #: review:method


def filled_by_name(holes, y):
    df = frame(holes, y)
    logs = np.log1p(df["x"].abs())  #: review:method
    return logs.fillna(0).to_numpy()


def filtered(x, y):
    df = frame(x, y)
    return df[np.abs(df["x"]) < 1]["y"].to_numpy()  #: review:consumer


def filtered_by_mask(x, y):
    df = frame(x, y)
    keep = np.isfinite(df["x"])  #: review:consumer
    return df[keep]["y"].to_numpy()


def located(x, y):
    df = frame(x, y)
    return df.loc[np.argsort(df["x"].to_numpy())]["y"].to_numpy()  #: review:consumer


def from_values(x, y):
    df = frame(x, y)
    return np.mean(df.values, axis=0), np.dot(df[["x"]].values.T, df["y"].values)  #: safe safe


def applied(x, y):
    df = frame(x, y)
    return df.apply(np.sum).to_numpy()  #: review:reference


def aggregated(x, labels):
    df = frame(x, labels)
    return df.groupby("y").agg({"x": np.mean}).to_numpy()  #: review:reference


def selected(x, y):
    df = frame(x, y)
    return len(df.select_dtypes(include=[np.number]).columns)  #: review:type


def replaced(holes, y):
    df = frame(holes, y)
    return df.replace([np.inf, -np.inf], np.nan).dropna()["y"].to_numpy()  #: safe safe safe


def made(x):
    return pd.DataFrame(np.vstack([x, x]).T, columns=["a", "b"])["a"].to_numpy()  #: safe


def series(x):
    return pd.Series(np.cumsum(x)).rolling(2).mean().to_numpy()[1:]  #: safe


def rows_of_numbers(m):
    rows = []
    for row in m:
        rows.append({"mean": np.mean(row), "max": np.max(row)})  #: review:consumer review:consumer
    return pd.DataFrame(rows).to_numpy()


def dumped(x):
    return json.dumps(np.mean(x))  #: review:consumer


def dumped_float(x):
    return json.dumps({"mean": float(np.mean(x))})  #: safe


def dumped_list(x):
    return json.dumps(np.round(x).tolist())  #: safe


def cast_frame(x, y):
    df = frame(x, y).astype(np.float32)  #: safe
    return df.to_numpy()


def codes(labels):
    return pd.Categorical(np.take(labels, [0, 1, 2])).codes  #: review:consumer


def split(x, y):
    df = frame(x, y)
    order = np.random.RandomState(0).permutation(len(df))  #: review:random
    return len(df.iloc[order])
