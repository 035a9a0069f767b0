"""What callers hand over, checked before it goes anywhere, with messages that name the argument."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable
from typing import Any

INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


def text(value: Any, name: str) -> str:
    """A str that is Unicode: what Python makes of bytes in another encoding is not."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a str, found {_shown(value)}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        shown = _shown(value)
        raise ValueError(f"{name}: expected text that UTF-8 can hold, found {shown}") from None
    return value


def optional_text(value: Any, name: str) -> str:
    """A str, "" for None."""
    return "" if value is None else text(value, name)


def names(values: Any, name: str) -> list[str]:
    """A list of str, [] for None. A lone str is a mistake: its letters would be the names."""
    if values is None:
        return []
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected a list of names, as ['a', 'b'], found {_shown(values)}")
    return [text(each, f"{name}[{index}]") for index, each in enumerate(values)]


def whole(value: Any, name: str, least: int, most: int = INT64_MAX) -> int:
    """An int of a range."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an int, found {_shown(value)}") from None
    if not least <= number <= most:
        raise ValueError(f"{name}: expected a number from {least} to {most}, found {number}")
    return number


def optional_whole(value: Any, name: str, least: int, most: int = INT64_MAX) -> int | None:
    """An int of a range, or None."""
    return None if value is None else whole(value, name, least, most)


def flag(value: Any, name: str) -> bool:
    """A bool, or NumPy's. A text such as "no" would be true."""
    if isinstance(value, bool):
        return value
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise TypeError(f"{name}: expected True or False, found {_shown(value)}")


def real(value: Any, name: str) -> Any:
    """A number, NaN among them."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number, found {_shown(value)}")
    return value


def number(value: Any, name: str) -> float:
    """A finite number."""
    if not math.isfinite(real(value, name)):
        raise ValueError(f"{name}: expected a finite number, found {value}")
    return float(value)


def share(value: Any, name: str) -> float:
    """A number from 0 to 1."""
    if not 0 <= real(value, name) <= 1:
        raise ValueError(f"{name}: expected a share, from 0 to 1, found {value}")
    return float(value)


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
