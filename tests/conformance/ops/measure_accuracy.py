"""Measures the largest error of each elementwise function against MPFR, in units in the last place.

    measure_accuracy.py [--points N] [--only REGEX] [--namespaces emberharmony.ops,numpy] [--write]

Points: N (100,000) for each function and dtype, spread over each of its ranges (RANGES): uniformly,
and uniformly in the exponent. The error of a real result is |found - exact| / ulp(exact), where ulp
is the distance of floating point numbers at the exact value: a correctly rounded result has at most
0.5. The error of a complex result is that of the whole number: |found - exact| / ulp(|exact|).

The table goes to stdout; --write puts it into docs/architecture/performance.md as well, between
the lines `<!-- accuracy -->` and `<!-- end of accuracy -->`.
"""

import argparse
import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gmpy2
import numpy as np

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "architecture" / "performance.md"
PRECISION = 160
# Sums that cancel need more: log1p of 1e-300, logaddexp of far operands.
WIDE_PRECISION = 1300
SCALE = 2.0**200
PART = {"complex64": "float32", "complex128": "float64"}

# The range of each function's argument: (low, high) for uniform points, and the exponents of two
# between which points are spread as well, with both signs unless the range has one sign only.
RANGES: dict[str, tuple[tuple[float, float], tuple[int, int]]] = {
    "acos": ((-1, 1), (-60, 0)),
    "acosh": ((1, 20), (0, 1020)),
    "asin": ((-1, 1), (-60, 0)),
    "asinh": ((-20, 20), (-60, 1020)),
    "atan": ((-20, 20), (-60, 1020)),
    "atanh": ((-1, 1), (-60, 0)),
    "cos": ((-100, 100), (-60, 1020)),
    "cosh": ((-700, 700), (-60, 9)),
    "exp": ((-740, 709), (-60, 9)),
    "expm1": ((-40, 709), (-60, 9)),
    "log": ((0.5, 2), (-1060, 1020)),
    "log10": ((0.5, 2), (-1060, 1020)),
    "log1p": ((-0.99, 3), (-60, 1020)),
    "log2": ((0.5, 2), (-1060, 1020)),
    "reciprocal": ((0.5, 2), (-1000, 1000)),
    "sin": ((-100, 100), (-60, 1020)),
    "sinh": ((-700, 700), (-60, 9)),
    "sqrt": ((0.25, 4), (-1060, 1020)),
    "square": ((0.5, 2), (-500, 500)),
    "tan": ((-100, 100), (-60, 1020)),
    "tanh": ((-20, 20), (-60, 5)),
    "erf": ((-6, 6), (-60, 3)),
}
POSITIVE = {"acosh", "log", "log2", "log10", "sqrt"}
BINARY = ("atan2", "divide", "hypot", "logaddexp", "pow")
COMPLEX = ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "expm1", "log")
COMPLEX += ("log1p", "sin", "sinh", "sqrt", "tan", "tanh")


@dataclass(frozen=True)
class Error:
    """The largest error found, and where."""

    ulp: float
    where: str


def exact_functions() -> dict[str, Callable[..., Any]]:
    """Functions of gmpy2 numbers, rounded once at the context's precision."""
    one = gmpy2.mpfr(1)
    exact: dict[str, Callable[..., Any]] = {
        name: getattr(gmpy2, name) for name in RANGES if hasattr(gmpy2, name)
    }
    exact["reciprocal"] = lambda x: one / x
    exact["square"] = lambda x: x * x
    exact["divide"] = lambda x, y: x / y
    exact["pow"] = lambda x, y: x**y
    exact["hypot"] = gmpy2.hypot
    exact["atan2"] = gmpy2.atan2

    def logaddexp(x: Any, y: Any) -> Any:
        largest, least = (x, y) if x > y else (y, x)
        return largest + gmpy2.log1p(gmpy2.exp(least - largest))

    exact["logaddexp"] = logaddexp
    return exact


def complex_functions() -> dict[str, Callable[[Any], Any]]:
    exact = {name: getattr(gmpy2, name) for name in COMPLEX if name not in ("expm1", "log1p")}
    exact["expm1"] = lambda z: gmpy2.exp(z) - 1
    exact["log1p"] = lambda z: gmpy2.log(1 + z)
    return exact


def spread(
    generator: np.random.Generator, exponents: tuple[int, int], dtype: str, n: int
) -> np.ndarray:
    """Values whose exponents are uniform in a range, as far as the dtype has them."""
    limits = np.finfo(PART.get(dtype, dtype))
    low = max(exponents[0], int(limits.minexp) - int(limits.nmant) + 1)
    high = min(exponents[1], int(limits.maxexp) - 1)
    return np.exp2(generator.uniform(low, high, n))


def points(name: str, dtype: str, n: int, generator: np.random.Generator) -> np.ndarray:
    """Arguments of a function of one operand."""
    (low, high), exponents = RANGES[name]
    if dtype == "float32" and name in ("cosh", "exp", "expm1", "sinh"):
        low, high = max(low, -103.0), min(high, 88.7)
        exponents = (exponents[0], 6)
    uniform = generator.uniform(low, high, n // 2)
    wide = spread(generator, exponents, dtype, n - n // 2)
    if name not in POSITIVE:
        wide *= generator.choice([-1, 1], wide.size)
    x = np.concatenate([uniform, wide]).astype(dtype)
    if name == "log1p":
        x = x[x > -1]
    return x[np.isfinite(x)]


def pairs(name: str, dtype: str, n: int, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Arguments of a function of two operands."""
    part = 60 if dtype == "float32" else 500
    if name == "pow":
        x = np.concatenate(
            [
                spread(generator, (-8, 8), dtype, n // 2),
                spread(generator, (-part, part), dtype, n - n // 2),
            ]
        )
        limit = np.log(np.finfo(dtype).max) * 0.999
        y = generator.uniform(-1, 1, n) * limit / np.maximum(np.abs(np.log(x)), 1e-3)
        y = np.clip(y, -1e4, 1e4)
    elif name == "logaddexp":
        x, y = generator.normal(0, 20, n), generator.normal(0, 20, n)
        near = n // 3
        y[:near] = x[:near] + generator.normal(0, 1, near)
    else:
        signs = generator.choice([-1, 1], (2, n))
        x = spread(generator, (-part, part), dtype, n) * signs[0]
        y = spread(generator, (-part, part), dtype, n) * signs[1]
        near = n // 2
        y[:near] = x[:near] * np.exp2(generator.uniform(-3, 3, near)) * signs[1, :near]
    x, y = x.astype(dtype), y.astype(dtype)
    keep = np.isfinite(x) & np.isfinite(y)
    return x[keep], y[keep]


def exact_values(
    function: Callable, operands: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Exact results as sums of two doubles; the second of tiny ones times SCALE."""
    lists = [operand.astype(np.float64).tolist() for operand in operands]
    size = len(lists[0])
    high, low = np.empty(size), np.empty(size)
    convert = gmpy2.mpfr
    for i, values in enumerate(zip(*lists, strict=True)):
        value = function(*map(convert, values))
        top = float(value)
        high[i] = top
        # Of a tiny result the rest is below the smallest double: it is kept times SCALE.
        scale = SCALE if abs(top) < 1e-200 else 1.0
        low[i] = float((value - convert(top)) * scale) if np.isfinite(top) else 0.0
    return high, low


def real_error(name: str, dtype: str, n: int, namespace: Any, seed: int = 1) -> Error:
    """The largest error of a function of real values."""
    generator = np.random.default_rng(seed)
    operands = (
        pairs(name, dtype, n, generator) if name in BINARY else (points(name, dtype, n, generator),)
    )
    found = np.asarray(getattr(namespace, name)(*map(namespace.asarray, operands)))
    assert found.dtype == dtype, f"{name}: {found.dtype}"
    found = found.astype(np.float64)
    wide = name in ("logaddexp",)
    with gmpy2.context(gmpy2.get_context(), precision=WIDE_PRECISION if wide else PRECISION):
        high, low = exact_values(exact_functions()[name], operands)
    limits = np.finfo(dtype)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(high), float(limits.tiny))
        ulp = np.ldexp(1.0, np.frexp(size)[1] - 1 - limits.nmant)
        scale = np.where(np.abs(high) < 1e-200, SCALE, 1.0)
        error = np.abs((found - high) / ulp - low / (ulp * scale))
    # Where the exact result rounds to infinity, infinity is right.
    edge = np.abs(high) > float(limits.max) * (1 - 2.0 ** -(limits.nmant + 3))
    error = np.where(edge, np.where(np.abs(found) >= float(limits.max), 0.0, np.inf), error)
    error = np.where(np.isnan(error), np.inf, error)
    worst = int(np.argmax(error))
    return Error(float(error[worst]), ", ".join(repr(float(x[worst])) for x in operands))


def plain_points(part: str, n: int, generator: np.random.Generator) -> np.ndarray:
    """Complex numbers whose parts are normal or uniform in the exponent."""
    parts = []
    for _ in range(2):
        some = generator.normal(0, 3, n // 2)
        wide = spread(generator, (-30, 4), part, n - n // 2) * generator.choice([-1, 1], n - n // 2)
        parts.append(generator.permutation(np.concatenate([some, wide])))
    return parts[0] + 1j * parts[1]


def hard_points(n: int, generator: np.random.Generator) -> np.ndarray:
    """Those beside the zeros, poles and branch points of the functions, as far as 1e-16 of them."""

    def near(size: int) -> np.ndarray:
        return generator.normal(size=size) * 10.0 ** generator.uniform(-16, 0, size)

    third = n // 3
    circle = np.exp(1j * generator.uniform(-np.pi, np.pi, third)) * (1 + near(third))
    points = generator.choice([1, -1, 1j, -1j, 0], third) + near(third) + 1j * near(third)
    rest = n - 2 * third
    turns = generator.choice([0.5, 1, 1.5, 2], rest) * np.pi * generator.choice([1, -1], rest)
    lines = (turns + near(rest) * (generator.random(rest) < 0.5)) + 1j * near(rest)
    lines[::2] *= 1j
    return np.concatenate([circle, points, lines])


def complex_error(name: str, dtype: str, n: int, namespace: Any, seed: int = 1) -> Error:
    """The largest error of a function of complex values, relative to their size."""
    generator = np.random.default_rng(seed)
    part = PART[dtype]
    z = np.concatenate([plain_points(part, n - n // 2, generator), hard_points(n // 2, generator)])
    z = z.astype(dtype)
    found = np.asarray(getattr(namespace, name)(namespace.asarray(z))).astype(np.complex128)
    function = complex_functions()[name]
    error = np.empty(n)
    with gmpy2.context(gmpy2.get_context(), precision=PRECISION):
        for i, (value, mine) in enumerate(zip(z.tolist(), found.tolist(), strict=True)):
            exact = function(gmpy2.mpc(value))
            size = abs(exact)
            unit = float(np.spacing(np.asarray(float(size), part)))
            error[i] = float(abs(gmpy2.mpc(mine) - exact) / unit) if size else 0.0
    error = np.where(np.isnan(error), np.inf, error)
    worst = int(np.argmax(error))
    return Error(float(error[worst]), repr(complex(z[worst])))


def rows(namespaces: list[str], n: int, only: str) -> list[list[str]]:
    loaded = [importlib.import_module(name) for name in namespaces]
    table = []
    names = [name for name in (*RANGES, *BINARY) if re.search(only, name)]
    for name in names:
        row = [name]
        for namespace in loaded:
            for dtype in ("float32", "float64"):
                there = hasattr(namespace, name)
                row.append(f"{real_error(name, dtype, n, namespace).ulp:.3f}" if there else "-")
        for dtype in ("complex64", "complex128"):
            for namespace in loaded[:1]:
                there = name in COMPLEX and hasattr(namespace, name)
                error = complex_error(name, dtype, n // 2, namespace).ulp if there else None
                row.append("-" if error is None else f"{error:.2f}")
        table.append(row)
        print("| " + " | ".join(row) + " |", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--namespaces", default="emberharmony.ops,numpy")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    namespaces = options.namespaces.split(",")
    head = ["function"]
    short = [name.removeprefix("emberharmony.") for name in namespaces]
    head += [f"{name} {dtype}" for name in short for dtype in ("float32", "float64")]
    head += [f"{short[0]} {dtype}" for dtype in ("complex64", "complex128")]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    print("\n".join(lines), flush=True)
    np.seterr(all="ignore")
    lines += [
        "| " + " | ".join(row) + " |" for row in rows(namespaces, options.points, options.only)
    ]
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        start, end = "<!-- accuracy -->", "<!-- end of accuracy -->"
        assert start in text, f"{DOCUMENT}: expected a line {start}"
        before, rest = text.split(start)
        after = rest.split(end)[1]
        DOCUMENT.write_text(
            f"{before}{start}\n" + "\n".join(lines) + f"\n{end}{after}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
