"""What runs and models raise: the engine's own message, as an error that Python's name fits."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable, Iterator, Sequence


class EmberError(Exception):
    """What is wrong with a run of the engine; each is one of Python's own errors as well."""


class UsageError(EmberError, ValueError):
    """The caller's mistake: options, a plan, a column that is not there, an existing output."""


class DataError(EmberError, OSError):
    """Missing, unreadable or damaged input, values that a step refuses, a failed service."""


class NotFoundError(DataError, FileNotFoundError):
    """A file, a folder or a BigQuery table that is not there."""


class ColumnNotFoundError(UsageError, KeyError):
    """A column that a table has not; a KeyError as well."""

    # KeyError shows its message quoted, as if it were the key.
    __str__ = Exception.__str__


class MemoryLimitError(EmberError, MemoryError):
    """The memory limit."""


class StoppedError(EmberError, InterruptedError):
    """The run was stopped."""


class UnsupportedError(EmberError, NotImplementedError):
    """Something that this version does not do."""


def unknown_column(name: str, names: Sequence[str], what: str = "a column") -> ColumnNotFoundError:
    """The error for a column that is none of `names`, with the nearest of them."""
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ColumnNotFoundError(f"expected {what} of {list(names)}, found {name!r}{hint}")


def missing_columns(missing: Sequence[str], names: Sequence[str]) -> ColumnNotFoundError:
    """The error for a row of `names` that lacks columns, each with the name that may be meant."""
    told = []
    for column in missing:
        near = difflib.get_close_matches(column, names, n=1)
        told.append(f"{column!r} (is {near[0]!r} meant for it?)" if near else repr(column))
    return ColumnNotFoundError(
        f"the row lacks columns that the model needs, None for null: {', '.join(told)}"
    )


def _is_missing(path: str) -> bool:
    return "://" not in path and not any(c in path for c in "*?[") and not os.path.exists(path)


@contextlib.contextmanager
def missing_files(paths: Iterable[str]) -> Iterator[None]:
    """Turns a DataError into a NotFoundError where one of these paths is not there."""
    try:
        yield
    except DataError as error:
        if type(error) is DataError and any(_is_missing(path) for path in paths if path):
            raise NotFoundError(str(error)) from None
        raise
