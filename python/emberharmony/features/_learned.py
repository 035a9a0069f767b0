"""What a model has learned of numbers, by the names that scikit-learn gives it.

Columns come in the order of the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow

from emberharmony import ops
from emberharmony._core import Tensor

# Names of columns that a message has at most.
_NAMES_TOLD = 10


def _steps(columns: dict[str, list[dict[str, Any]]], name: str) -> dict[str, dict[str, Any]]:
    """The step of this name, by the columns that have it."""
    return {
        column: step for column, steps in columns.items() for step in steps if step["step"] == name
    }


def _vector(values: list[float]) -> Tensor:
    return ops.asarray([float(value) for value in values], dtype=ops.float64)


def _listed(names: Sequence[Any]) -> str:
    """Names for a message, the first of many."""
    told = ", ".join(repr(name) for name in names[:_NAMES_TOLD])
    rest = len(names) - _NAMES_TOLD
    return f"{told} and {rest} more" if rest > 0 else told


def _names_of(x: Any) -> list[Any] | None:
    """The names of a table's columns, in its order; None: it has none, as matrices have not."""
    # Those of pyarrow have their names there, and the columns themselves where others have names.
    names = getattr(x, "column_names", None)
    if names is None:
        names = getattr(x, "columns", None)
    if names is None or callable(names):
        return None
    names = list(names)
    # scikit-learn, too, takes a frame whose columns are numbered for a matrix.
    return names if any(isinstance(name, str) for name in names) else None


def _check_names(found: list[Any], expected: list[str], what: str) -> None:
    """Raises a ValueError unless a table has these columns in this order."""
    if found == expected:
        return
    unknown = [name for name in found if name not in expected]
    missing = [name for name in expected if name not in found]
    faults = []
    if unknown:
        faults.append(f"it has others: {_listed(unknown)}")
    if missing:
        faults.append(f"it lacks {_listed(missing)}")
    if not faults:
        faults.append(
            "they come in another order" if len(found) == len(expected) else "some come twice"
        )
    raise ValueError(
        f"{what}: expected a table of the columns {_listed(expected)} (feature_names_in_) in this "
        f"order, found {_listed(found)}: {', and '.join(faults)}; take table[feature_names_in_]"
    )


def _columns_of(x: Any, what: str) -> list[Tensor]:
    """The columns of a table as float64, NaN for null."""
    if type(x).__module__.partition(".")[0] == "pandas":
        # Its own stream has the index as a column.
        table = pyarrow.Table.from_pandas(x, preserve_index=False)
    else:
        table = pyarrow.table(x)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_text = pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type)
        try:
            if is_text:
                raise pyarrow.ArrowInvalid("text that may look like numbers")
            numbers = column.cast(pyarrow.float64(), safe=False).fill_null(math.nan)
        except pyarrow.ArrowException:
            raise ValueError(
                f"{what}: expected numbers in column {name!r}, found {column.type}"
            ) from None
        columns.append(ops.from_dlpack(numbers.combine_chunks()))
    return columns


def _matrix(x: Any, expected: list[str], what: str) -> Tensor:
    """What is to be transformed, as a matrix of float64 with a column for each expected one.

    Raises:
        ValueError: A table of other columns, or a matrix of another width.
    """
    found = _names_of(x)
    if found is not None:
        _check_names(found, expected, what)
        return ops.stack(_columns_of(x, what), axis=1)
    x = ops.asarray(x, dtype=ops.float64)
    if x.ndim != 2 or x.shape[1] != len(expected):
        raise ValueError(
            f"{what}: expected a matrix of shape (rows, {len(expected)}), the columns "
            f"{_listed(expected)} (feature_names_in_), found shape {x.shape}; where an imputer has "
            "columns that a scaler has not, take "
            "x[:, [imputer.feature_names_in_.index(name) for name in scaler.feature_names_in_]]"
        )
    return x


def _names_out(names: list[str], input_features: Sequence[str] | None, what: str) -> list[str]:
    if input_features is not None and list(input_features) != names:
        raise ValueError(
            f"{what}.get_feature_names_out: expected feature_names_in_, {_listed(names)}, found "
            f"{_listed(list(input_features))}"
        )
    return list(names)


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
            x: A matrix whose columns are feature_names_in_, or a table (pandas, Polars, pyarrow,
                ...) of just these columns in this order.

        Returns:
            (x - mean_) / scale_, of float64.

        Raises:
            ValueError: Other columns, or another order of them.
        """
        x = _matrix(x, self.feature_names_in_, "FittedScaler.transform")
        return (x - self.mean_) / self.scale_

    def inverse_transform(self, x: Any) -> Tensor:
        """Scaled numbers as they were.

        Args:
            x: As that of `transform`.

        Returns:
            x * scale_ + mean_, of float64.

        Raises:
            ValueError: Other columns, or another order of them.
        """
        x = _matrix(x, self.feature_names_in_, "FittedScaler.inverse_transform")
        return x * self.scale_ + self.mean_

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> list[str]:
        """The names of the columns that `transform` returns: feature_names_in_.

        Args:
            input_features: None, or the same names.

        Raises:
            ValueError: Other names.
        """
        return _names_out(self.feature_names_in_, input_features, "FittedScaler")

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
            x: A matrix whose columns are feature_names_in_, NaN where a value is missing, or a
                table (pandas, Polars, pyarrow, ...) of just these columns in this order.

        Returns:
            The same with statistics_ in their place, of float64.

        Raises:
            ValueError: Other columns, or another order of them.
        """
        x = _matrix(x, self.feature_names_in_, "FittedImputer.transform")
        return ops.where(ops.isnan(x), self.statistics_, x)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> list[str]:
        """The names of the columns that `transform` returns: feature_names_in_.

        Args:
            input_features: None, or the same names.

        Raises:
            ValueError: Other names.
        """
        return _names_out(self.feature_names_in_, input_features, "FittedImputer")

    def __repr__(self) -> str:
        return f"FittedImputer({self.n_features_in_} columns)"
