"""Trains a small network for flights' delays with PyTorch, on batches that are streamed.

    python examples/train_torch.py data/flights-3m.parquet [--rows 200000] [--epochs 3]

`extract` makes the features of an automatic plan: ids of airports go through embeddings, numbers as
they are. `batches` hands both out as tensors of torch over the memory that was read. With several
processes give each its `rank` and the `world_size`.
"""

import argparse
import tempfile
from pathlib import Path

import torch

import emberharmony as eh

Features = dict[str, torch.Tensor]


class DelayNetwork(torch.nn.Module):
    """Embeddings of ids beside numbers, and two layers."""

    def __init__(self, model: eh.Model, width: int = 32) -> None:
        super().__init__()
        schema = model.output_schema()
        self.ids = [f.name for f in schema if str(f.type) == "int32"]
        self.numbers = [f.name for f in schema if f.name not in self.ids]
        self.embeddings = torch.nn.ModuleList(
            torch.nn.Embedding(self.vocabulary_size(model, name), 8) for name in self.ids
        )
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(8 * len(self.ids) + len(self.numbers), width),
            torch.nn.ReLU(),
            torch.nn.Linear(width, 1),
        )

    @staticmethod
    def vocabulary_size(model: eh.Model, column: str) -> int:
        """How many ids a column has, with those of padding, null and unknown values."""
        return max(step.get("size", 0) for step in model.columns[column]) + 3

    def forward(self, features: Features) -> torch.Tensor:
        parts = [e(features[n].long()) for e, n in zip(self.embeddings, self.ids, strict=True)]
        parts.append(torch.stack([features[name] for name in self.numbers], dim=1))
        return self.layers(torch.cat(parts, dim=1)).squeeze(1)


@torch.no_grad()
def validation_loss(network: DelayNetwork, split: Path) -> float:
    total, rows = 0.0, 0
    for features, delay in eh.batches(split, backend="torch", target="delay"):
        total += float(((network(features) - delay.float()) ** 2).sum())
        rows += len(delay)
    return total / rows


def train(result: eh.ExtractResult, epochs: int) -> list[float]:
    """The loss of the validation rows before training and after each epoch."""
    torch.manual_seed(1)
    network = DelayNetwork(result.model)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = [validation_loss(network, result.paths["validation"])]
    with eh.batches(
        result.paths["train"],
        1024,
        backend="torch",
        target="delay",
        shuffle=True,
        seed=1,
        epochs=epochs,
    ) as batches:
        for i, (features, delay) in enumerate(batches, start=1):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network(features), delay.float())
            loss.backward()
            optimizer.step()
            if i % batches.batches_per_epoch == 0:
                losses.append(validation_loss(network, result.paths["validation"]))
                print(f"epoch {batches.epoch + 1}: {losses[-1]:.2f}")
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = eh.extract(
            arguments.table,
            Path(folder) / "out",
            target="delay",
            limit=arguments.rows,
            memory="2GiB",
        )
        losses = train(result, arguments.epochs)
    print(f"mean squared error: {losses[0]:.2f} before, {losses[-1]:.2f} after")


if __name__ == "__main__":
    main()
