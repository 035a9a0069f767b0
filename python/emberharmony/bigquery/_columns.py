"""Which column of a request a table lacks: the service names none that may be meant instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

# Names of every table that is partitioned by the time of ingestion, which no schema has.
_PSEUDO_COLUMNS = ("_partitiontime", "_partitiondate")


def parts(column: str) -> list[str]:
    """The name of "struct.child", and that of its field."""
    return column.split(".")


def find_unknown(
    asked: Iterable[Sequence[str]], fields: Sequence[dict[str, Any]]
) -> tuple[str, list[str]] | None:
    """The first of these columns that a table of these fields lacks, and those that it has.

    Args:
        asked: Columns, each as its name and those of its fields.
        fields: Dicts with name and fields, as the REST API tells them.
    """
    for path in asked:
        if ".".join(path).lower() in _PSEUDO_COLUMNS:
            continue
        if unknown := _missing_in(path, fields, ""):
            return unknown
    return None


def _missing_in(
    path: Sequence[str], fields: Sequence[dict[str, Any]], prefix: str
) -> tuple[str, list[str]] | None:
    # The service takes names in any case; one with points may be a column's own.
    known = {each["name"].lower(): each for each in fields}
    if ".".join(path).lower() in known:
        return None
    found = known.get(path[0].lower())
    if found is None or not found["fields"]:
        return prefix + ".".join(path), [prefix + each["name"] for each in fields]
    return _missing_in(path[1:], found["fields"], f"{prefix}{found['name']}.")
