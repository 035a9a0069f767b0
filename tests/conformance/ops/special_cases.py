"""Reads special_cases.txt and turns its conditions and results into masks and checks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi
from pathlib import Path

import numpy as np

Mask = Callable[[np.ndarray], np.ndarray]
TABLE = Path(__file__).with_name("special_cases.txt")

_NAMED: dict[str, Mask] = {
    "any": lambda x: np.ones(x.shape, dtype=bool),
    "nan": np.isnan,
    "negative-nan": lambda x: np.isnan(x) & np.signbit(x),
    "positive-nan": lambda x: np.isnan(x) & ~np.signbit(x),
    "not-nan": lambda x: ~np.isnan(x),
    "inf": np.isinf,
    "+inf": lambda x: x == np.inf,
    "-inf": lambda x: x == -np.inf,
    "0": lambda x: x == 0,
    "+0": lambda x: (x == 0) & ~np.signbit(x),
    "-0": lambda x: (x == 0) & np.signbit(x),
    "finite": np.isfinite,
    "nonzero-finite": lambda x: np.isfinite(x) & (x != 0),
    "positive-finite": lambda x: np.isfinite(x) & (x > 0),
    "negative-finite": lambda x: np.isfinite(x) & (x < 0),
    "integer": lambda x: np.isfinite(x) & (np.floor(x) == x),
    "not-integer": lambda x: np.isfinite(x) & (np.floor(x) != x),
    "odd": lambda x: np.isfinite(x) & (np.floor(x) == x) & (np.fmod(x, 2) != 0),
    "not-odd": lambda x: ~(np.isfinite(x) & (np.floor(x) == x) & (np.fmod(x, 2) != 0)),
    "tie": lambda x: np.isfinite(x) & (np.abs(x - np.trunc(x)) == 0.5),
}
_COMPARED = re.compile(r"(\|x\|)?(<|>|!=|=)(-?[\d.]+)")


def condition(text: str) -> Mask:
    """The mask of the values that meet a condition."""
    parts = [part.strip() for part in text.split("&")]
    if len(parts) > 1:
        masks = [condition(part) for part in parts]
        return lambda x: np.logical_and.reduce([mask(x) for mask in masks])
    if text in _NAMED:
        return _NAMED[text]
    match = _COMPARED.fullmatch(text)
    assert match, f"special_cases.txt: unknown condition {text!r}"
    magnitude, relation, number = match.groups()
    limit = float(number)
    compare = {"<": np.less, ">": np.greater, "=": np.equal, "!=": np.not_equal}[relation]
    return lambda x: compare(np.abs(x) if magnitude else x, limit)


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    function: str
    kind: str
    conditions: tuple[str, ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.conditions)}) -> {', '.join(self.results)}"

    def mask(self, operands: list[np.ndarray]) -> np.ndarray:
        masks = [condition(text)(x) for text, x in zip(self.conditions, operands, strict=True)]
        return np.logical_and.reduce(masks)


def read_table() -> list[Case]:
    cases = []
    function = kind = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            function, kind = line.strip("[]").split()
            continue
        left, right = line.split(" -> ")
        conditions = tuple(part.strip() for part in left.split(","))
        results = tuple(part.strip() for part in right.split(","))
        wanted = {"real": 1, "complex": 2, "binary": 2, "complex_binary": 4}[kind]
        assert len(conditions) == wanted, f"special_cases.txt: {line!r}: expected {wanted} parts"
        cases.append(Case(function, kind, conditions, results))
    return cases


def _number(text: str) -> float:
    if text in ("+0", "-0"):
        return float(text)
    return float(eval(text, {"pi": pi, "log": log, "inf": np.inf, "nan": np.nan}))


def _even(x: np.ndarray) -> np.ndarray:
    down = np.floor(x)
    return np.copysign(np.where(np.fmod(down, 2) == 0, down, down + 1), x)


def expected_values(text: str, operands: list[np.ndarray]) -> np.ndarray | None:
    """What a result's text stands for, for each operand; None where it gives more than a value."""
    x = operands[0]
    named = {
        "x": lambda: x,
        "x1": lambda: x,
        "x2": lambda: operands[1],
        "|x1|": lambda: np.abs(x),
        "-|x1|": lambda: -np.abs(x),
        "|x2|": lambda: np.abs(operands[1]),
        "|a|": lambda: np.abs(x),
        "|b|": lambda: np.abs(operands[1]),
        "trunc": lambda: np.trunc(x),
        "even": lambda: _even(x),
    }
    if text in named:
        return named[text]()
    try:
        return np.full(x.shape, _number(text), dtype=x.dtype)
    except (NameError, SyntaxError, ValueError):
        return None


def result_mask(text: str, found: np.ndarray, operands: list[np.ndarray]) -> np.ndarray:
    """Where a result (a part of it, if complex) is what its text in the table says."""
    if text in ("true", "false"):
        return found == (text == "true")
    if text in ("positive-nan", "negative-nan"):
        return _NAMED[text](found)
    if text in ("positive", "negative"):
        return ~np.isnan(found) & (np.signbit(found) == (text == "negative"))
    if text.startswith("?"):
        return result_mask(text[1:], np.abs(found), [np.abs(x) for x in operands])
    if text.startswith("~"):
        wanted = _number(text[1:])
        return np.abs(found - wanted) <= 4 * np.finfo(found.dtype).eps * abs(wanted)
    wanted = expected_values(text, operands)
    assert wanted is not None, f"special_cases.txt: unknown result {text!r}"
    same = (found == wanted) & (np.signbit(found) == np.signbit(wanted))
    return same | (np.isnan(found) & np.isnan(wanted))


def cis_parts(text: str, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`inf*cis`, `0*cis` and the same less 1: real and imaginary parts."""
    factor = b.dtype.type(np.inf if text.startswith("inf") else 0.0)
    wide = b.astype(np.float64)
    real = np.copysign(factor, np.cos(wide)).astype(b.dtype)
    imaginary = np.copysign(factor, np.sin(wide)).astype(b.dtype)
    return (real - 1 if text.endswith("-1") else real), imaginary
