"""Trains a linear model of flights' delays with NumPy alone, on batches that are streamed.

    python examples/train_numpy.py data/flights-3m.parquet [--rows 200000] [--epochs 3]

`extract` makes the features, `batches` hands them out in another order each epoch; memory holds a
few batches, whatever the table's size.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import emberharmony as eh

# Times as sines and cosines, distances scaled, airports as columns of their own: what a linear
# model can use.
PLAN = {
    "version": 1,
    "target": {"column": "delay", "drop_null": True},
    "split": {"method": "time", "column": "date", "train": 0.8, "validation": 0.1, "test": 0.1},
    "features": [
        {"columns": ["distance"], "steps": [{"impute": "median"}, {"scale": "standard"}]},
        {"columns": ["date"], "steps": [{"cyclical": ["hour", "day_of_week"]}]},
        {"columns": ["origin"], "steps": ["one_hot"]},
    ],
    "output": {"layout": "matrix"},
}


def mean_squared_error(weights: np.ndarray, split: Path) -> float:
    """Of the predictions for a split, batch by batch."""
    total, rows = 0.0, 0
    for batch, delay in eh.batches(split, backend="numpy", target="delay"):
        error = batch["features"] @ weights[:-1] + weights[-1] - delay
        total += float(error @ error)
        rows += len(delay)
    return total / rows


def train(result: eh.ExtractResult, epochs: int, rate: float = 0.05) -> list[float]:
    """Stochastic gradient descent; the validation rows' error before it and after each epoch."""
    weights = np.zeros(len(result.model.feature_names) + 1)
    errors = [mean_squared_error(weights, result.paths["validation"])]
    batches = eh.batches(
        result.paths["train"],
        1024,
        backend="numpy",
        target="delay",
        shuffle=True,
        seed=1,
        epochs=epochs,
    )
    for i, (batch, delay) in enumerate(batches, start=1):
        error = batch["features"] @ weights[:-1] + weights[-1] - delay
        weights[:-1] -= rate * (error @ batch["features"]) / len(delay)
        weights[-1] -= rate * error.mean()
        if i % batches.batches_per_epoch == 0:
            errors.append(mean_squared_error(weights, result.paths["validation"]))
            print(f"epoch {batches.epoch + 1}: {errors[-1]:.2f}")
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = eh.extract(
            arguments.table, Path(folder) / "out", plan=PLAN, limit=arguments.rows, memory="1GiB"
        )
        errors = train(result, arguments.epochs)
    print(f"mean squared error: {errors[0]:.2f} before, {errors[-1]:.2f} after")


if __name__ == "__main__":
    main()
