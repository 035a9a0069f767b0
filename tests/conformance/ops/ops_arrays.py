"""Strategies: arrays of every dtype, shape, memory layout and kind of value.

Values come from a seeded generator, not from hypothesis itself: an array costs one draw, so that
long arrays, which reach the vector kernels and their tails, are as cheap as short ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from ops_case import ALL_DTYPES, REAL_OF, dtype_of, xp

LAYOUTS = ("plain", "transposed", "reversed", "strided", "offset")
STYLES = ("small", "wide", "special")


@dataclass(frozen=True)
class Array:
    """An argument that is an array: its values, and how they lie in the memory of the tensor."""

    values: np.ndarray
    layout: str = "plain"

    def __repr__(self) -> str:
        text = np.array2string(self.values, threshold=40, separator=", ").replace("\n", "")
        return f"Array({text}, {self.values.dtype.name}, {self.values.shape}, {self.layout})"

    def to(self, namespace: Any) -> Any:
        """The array in a namespace; views are made there, by its own indexing."""
        values = self.values
        asarray = namespace.asarray
        if self.layout == "transposed" and values.ndim > 1:
            axes = tuple(reversed(range(values.ndim)))
            return namespace.permute_dims(
                asarray(np.array(values.transpose(axes), order="C")), axes
            )
        if self.layout == "reversed" and values.ndim > 0:
            key = (slice(None, None, -1),) * values.ndim
            return asarray(np.array(values[key], order="C"))[key]
        if self.layout == "strided" and values.ndim > 0:
            wide = np.zeros(tuple(2 * n for n in values.shape), dtype=values.dtype)
            key = (slice(None, None, 2),) * values.ndim
            wide[key] = values
            return asarray(wide)[key]
        if self.layout == "offset" and values.ndim > 0:
            wide = np.zeros(tuple(n + 1 for n in values.shape), dtype=values.dtype)
            key = (slice(1, None),) * values.ndim
            wide[key] = values
            return asarray(wide)[key]
        return asarray(np.array(values, order="C"))


@dataclass(frozen=True)
class DType:
    """An argument that is a dtype."""

    name: str


def resolve(argument: Any, namespace: Any = xp) -> Any:
    """An argument with its arrays and dtypes made in a namespace."""
    if isinstance(argument, Array):
        return argument.to(namespace)
    if isinstance(argument, DType):
        return dtype_of(argument.name, namespace)
    if isinstance(argument, tuple | list):
        return type(argument)(resolve(item, namespace) for item in argument)
    if isinstance(argument, dict):
        return {name: resolve(item, namespace) for name, item in argument.items()}
    return argument


def _integers(generator: np.random.Generator, dtype: np.dtype, n: int, style: str) -> np.ndarray:
    limits = np.iinfo(dtype)
    if style == "small":
        return generator.integers(max(-6, limits.min), 7, n).astype(dtype)
    values = generator.integers(limits.min, limits.max, n, dtype=dtype, endpoint=True)
    shift = generator.integers(0, limits.bits, n)
    values = values >> shift.astype(dtype)
    if style == "special":
        extremes = np.array([limits.min, limits.max, 0, 1, limits.max - 1], dtype=dtype)
        values = np.where(generator.random(n) < 0.3, generator.choice(extremes, n), values)
    return values.astype(dtype)


SPECIAL_FLOATS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0)
SPECIAL_FLOATS += (np.pi, -np.pi / 2, 1e-3, 100.5, -1e4)


def _floats(generator: np.random.Generator, dtype: np.dtype, n: int, style: str) -> np.ndarray:
    if style == "small":
        scale = generator.choice([0.25, 1.0, 4.0])
        values = generator.normal(0, scale, n)
        rounded = np.round(values * 4) / 4
        return np.where(generator.random(n) < 0.5, rounded, values).astype(dtype)
    limits = np.finfo(dtype)
    exponents = generator.uniform(limits.minexp + 1, limits.maxexp - 1, n)
    near = generator.normal(0, 6, n)
    exponents = np.where(generator.random(n) < 0.6, near, exponents)
    signs = generator.choice([-1.0, 1.0], n)
    values = (signs * np.exp2(exponents)).astype(dtype)
    if style == "special":
        extremes = np.array(
            [*SPECIAL_FLOATS, limits.max, limits.min, limits.tiny, limits.smallest_subnormal],
            dtype=dtype,
        )
        values = np.where(generator.random(n) < 0.4, generator.choice(extremes, n), values)
    return values.astype(dtype)


def make_values(seed: int, dtype: str, shape: tuple[int, ...], style: str) -> np.ndarray:
    """Values of a dtype; the same seed gives the same ones."""
    generator = np.random.default_rng(seed)
    n = int(np.prod(shape, dtype=np.int64))
    kind = np.dtype(dtype)
    if kind.kind == "b":
        values = generator.random(n) < generator.choice([0.1, 0.5, 0.9])
    elif kind.kind in "iu":
        values = _integers(generator, kind, n, style)
    elif kind.kind == "f":
        values = _floats(generator, kind, n, style)
    else:
        part = np.dtype(REAL_OF[dtype])
        values = np.empty(n, dtype=kind)
        values.real = _floats(generator, part, n, style)
        values.imag = _floats(generator, part, n, style)
    return values.reshape(shape)


@st.composite
def shapes(
    draw: Any, min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 5
) -> tuple[int, ...]:
    """Shapes: mostly small ones of any rank, now and then one long axis."""
    rank = draw(st.integers(min_dims, max_dims))
    shape = [draw(st.integers(min_side, max_side)) for _ in range(rank)]
    if rank and draw(st.integers(0, 3)) == 0:
        shape[draw(st.integers(0, rank - 1))] = draw(st.integers(min_side, 70))
    return tuple(shape)


@st.composite
def arrays(
    draw: Any,
    dtypes: tuple[str, ...] | str = ALL_DTYPES,
    shape: Any = None,
    styles: tuple[str, ...] = STYLES,
    layouts: tuple[str, ...] = LAYOUTS,
    **shape_options: int,
) -> Array:
    """Arrays of one of the dtypes."""
    dtype = dtypes if isinstance(dtypes, str) else draw(st.sampled_from(dtypes))
    if shape is None:
        shape = draw(shapes(**shape_options))
    elif not isinstance(shape, tuple):
        shape = draw(shape)
    style = draw(st.sampled_from(styles))
    seed = draw(st.integers(0, 2**16))
    return Array(make_values(seed, dtype, shape, style), draw(st.sampled_from(layouts)))


@st.composite
def broadcastable(draw: Any, count: int = 2, **shape_options: int) -> tuple[tuple[int, ...], ...]:
    """Shapes that broadcast against one another."""
    full = draw(shapes(**shape_options))
    result = []
    for _ in range(count):
        skip = draw(st.integers(0, len(full))) if draw(st.booleans()) else 0
        part = full[skip:]
        result.append(tuple(1 if draw(st.integers(0, 4)) == 0 else n for n in part))
    return tuple(result)


@st.composite
def axes_of(draw: Any, rank: int, many: bool = True) -> int | tuple[int, ...] | None:
    """None, an axis, or (many) a tuple of distinct axes, negative ones too; for reductions."""
    choice = draw(st.integers(0, 3 if many else 2))
    if choice == 0 or rank == 0:
        return None if not many or draw(st.booleans()) else ()
    if choice < 3:
        return draw(st.integers(-rank, rank - 1))
    picked = draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank))
    return tuple(axis - rank if draw(st.booleans()) else axis for axis in picked)


def axis_in(rank: int) -> st.SearchStrategy[int]:
    """An axis of an array of that rank, counted from either end."""
    return st.integers(-rank, rank - 1)
