"""Trains a small network on flights' delays with MLX, on batches that are streamed.

    python examples/train_mlx.py data/flights-3m.parquet [--rows 200000] [--epochs 3]

`extract` makes the features, `batches` hands them out as arrays of MLX, in another order each
epoch; memory holds a few batches, whatever the table's size. On Apple silicon MLX computes on the
GPU, elsewhere on the CPU; nothing here says which.
"""

import argparse
import tempfile
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers

import emberharmony as eh

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


class Network(nn.Module):
    """Two layers; the last one has a single output, the delay in minutes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, 32)
        self.last = nn.Linear(32, 1)

    def __call__(self, features: mx.array) -> mx.array:
        return self.last(nn.relu(self.first(features))).squeeze(-1)


def loss_of(network: Network, features: mx.array, delay: mx.array) -> mx.array:
    return nn.losses.mse_loss(network(features), delay.astype(mx.float32))


def mean_squared_error(network: Network, split: Path) -> float:
    """Of the predictions for a split, batch by batch."""
    total, rows = 0.0, 0
    for batch, delay in eh.batches(split, 8192, backend="mlx", target="delay"):
        total += loss_of(network, batch["features"], delay).item() * len(delay)
        rows += len(delay)
    return total / rows


def train(result: eh.ExtractResult, epochs: int) -> list[float]:
    """Adam; the validation rows' error before it and after each epoch."""
    mx.random.seed(1)
    network = Network(len(result.model.feature_names))
    optimizer = optimizers.Adam(learning_rate=0.003)
    loss_and_gradients = nn.value_and_grad(network, loss_of)
    errors = [mean_squared_error(network, result.paths["validation"])]
    batches = eh.batches(
        result.paths["train"],
        512,
        backend="mlx",
        target="delay",
        shuffle=True,
        seed=1,
        epochs=epochs,
    )
    for i, (batch, delay) in enumerate(batches, start=1):
        _, gradients = loss_and_gradients(network, batch["features"], delay)
        optimizer.update(network, gradients)
        mx.eval(network.parameters(), optimizer.state)
        if i % batches.batches_per_epoch == 0:
            errors.append(mean_squared_error(network, result.paths["validation"]))
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
