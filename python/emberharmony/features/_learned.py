"""What a model has learned of numbers, by the names that scikit-learn gives it.

Columns come in the order of the table.
"""

from __future__ import annotations

from typing import Any

from emberharmony import ops
from emberharmony._core import Tensor


def _steps(columns: dict[str, list[dict[str, Any]]], name: str) -> dict[str, dict[str, Any]]:
    """The step of this name, by the columns that have it."""
    return {
        column: step for column, steps in columns.items() for step in steps if step["step"] == name
    }


def _vector(values: list[float]) -> Tensor:
    return ops.asarray([float(value) for value in values], dtype=ops.float64)


class FittedScaler:
    """The scaling of numbers, as sklearn.preprocessing.StandardScaler tells of it.

    Attributes:
        feature_names_in_: The columns that are scaled, in the order of all below.
        n_features_in_: How many there are.
        mean_: What is taken away: of training rows, nulls filled.
        var_: Their variances (ddof 0).
        scale_: What is divided by: the standard deviations, 1 where they are 0.
        n_samples_seen_: The training rows.
    """

    def __init__(self, columns: dict[str, list[dict[str, Any]]]) -> None:
        steps = _steps(columns, "scale")
        self.feature_names_in_ = list(steps)
        self.n_features_in_ = len(steps)
        self.mean_ = _vector([step["mean"] for step in steps.values()])
        self.var_ = _vector([step["variance"] for step in steps.values()])
        self.scale_ = _vector([step["scale"] for step in steps.values()])
        self.n_samples_seen_ = max((step["count"] for step in steps.values()), default=0)

    def transform(self, x: Any) -> Tensor:
        """Numbers scaled.

        Args:
            x: A matrix whose columns are feature_names_in_.

        Returns:
            (x - mean_) / scale_, of float64.
        """
        return (ops.asarray(x, dtype=ops.float64) - self.mean_) / self.scale_

    def inverse_transform(self, x: Any) -> Tensor:
        """Scaled numbers as they were.

        Args:
            x: A matrix whose columns are feature_names_in_.

        Returns:
            x * scale_ + mean_, of float64.
        """
        return ops.asarray(x, dtype=ops.float64) * self.scale_ + self.mean_

    def __repr__(self) -> str:
        return f"FittedScaler({self.n_features_in_} columns)"


class FittedImputer:
    """What missing values are filled with, as sklearn.impute.SimpleImputer tells of it.

    Attributes:
        feature_names_in_: The columns whose missing values are filled, in the order of all below.
        n_features_in_: How many there are.
        statistics_: What they are filled with: medians of numbers, the most frequent of booleans.
        strategies_: How each was learned: "median", "most_frequent".
    """

    def __init__(self, columns: dict[str, list[dict[str, Any]]]) -> None:
        steps = _steps(columns, "impute")
        self.feature_names_in_ = list(steps)
        self.n_features_in_ = len(steps)
        self.statistics_ = _vector([step["fill"] for step in steps.values()])
        self.strategies_ = [step["strategy"] for step in steps.values()]

    def transform(self, x: Any) -> Tensor:
        """Numbers without missing ones.

        Args:
            x: A matrix whose columns are feature_names_in_, NaN where a value is missing.

        Returns:
            The same with statistics_ in their place, of float64.
        """
        x = ops.asarray(x, dtype=ops.float64)
        return ops.where(ops.isnan(x), self.statistics_, x)

    def __repr__(self) -> str:
        return f"FittedImputer({self.n_features_in_} columns)"
