"""Calls of the creation, manipulation and indexing functions (see ops_calls.py)."""

from typing import Any

import numpy as np
import ops_arrays as oa
from hypothesis import strategies as st
from ops_arrays import Array, DType
from ops_calls import Arguments, exact, near, register, two_arrays
from ops_case import ALL_DTYPES, COMPLEX, EPS, FLOATS, promoted

ANY_DTYPE = st.sampled_from(ALL_DTYPES).map(DType)


def maybe(draw: Any, keywords: dict[str, Any], name: str, strategy: st.SearchStrategy) -> None:
    if draw(st.booleans()):
        keywords[name] = draw(strategy)


# Creation -----------------------------------------------------------------------------------------


@st.composite
def ranges(draw: Any) -> Arguments:
    number = st.integers(-20, 20)
    if draw(st.booleans()):
        number = number | st.sampled_from((0.5, -0.25, 1e3, 7.0, -3.75))
    form = draw(st.integers(1, 3))
    step = draw(number.filter(lambda v: v != 0))
    values = (draw(number), draw(number), step)[:form]
    if form == 1:
        positional: tuple = (draw(number),)
    else:
        positional = values
    keywords: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        whole = all(isinstance(v, int) for v in positional)
        names = (
            ("float32", "float64", "int64", "int16", "int8") if whole else ("float32", "float64")
        )
        keywords["dtype"] = DType(draw(st.sampled_from(names)))
    return positional, keywords


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    if stop is None:
        start, stop = 0, start
    kinds = [type(v) for v in (start, stop, step)]
    result = dtype or np.dtype("float64" if float in kinds else "int64")
    n = max(0, int(np.ceil((stop - start) / step)))
    return np.array([start + i * step for i in range(n)], dtype=result)


def _arange_bound(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    eps = 2.0**-22 if dtype == np.dtype("float32") else 2.0**-51
    return eps * (abs(start) + abs(stop or 0) + abs(step))


register("arange", _arange, near(_arange_bound), ranges())


@st.composite
def spaces(draw: Any) -> Arguments:
    number = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, width=32)
    if draw(st.integers(0, 3)) == 0:
        number = number | st.complex_numbers(max_magnitude=1e3, width=64)
    positional = (draw(number), draw(number), draw(st.integers(0, 60)))
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "endpoint", st.booleans())
    is_complex = any(isinstance(v, complex) for v in positional)
    names = COMPLEX if is_complex else FLOATS
    maybe(draw, keywords, "dtype", st.sampled_from(names).map(DType))
    return positional, keywords


def _linspace_bound(
    start: Any, stop: Any, num: int, dtype: Any = None, endpoint: bool = True
) -> Any:
    eps = EPS[dtype.name] if dtype is not None else 2.0**-52
    return 4 * eps * (abs(start) + abs(stop))


register("linspace", np.linspace, near(_linspace_bound), spaces())
SIDES = st.integers(0, 6)
SHAPES = oa.shapes() | SIDES


@st.composite
def filled(draw: Any, value: bool) -> Arguments:
    positional: tuple = (draw(SHAPES),)
    keywords: dict[str, Any] = {}
    if value:
        fill = draw(st.sampled_from((True, False, 0, 1, 7, 0.0, 1.5, -2.25, 1j, 2 - 3j)))
        positional += (fill,)
        names = {bool: ALL_DTYPES, int: ALL_DTYPES[1:], float: FLOATS, complex: COMPLEX}[type(fill)]
        maybe(draw, keywords, "dtype", st.sampled_from(names).map(DType))
    else:
        maybe(draw, keywords, "dtype", ANY_DTYPE)
    return positional, keywords


register("zeros", np.zeros, exact, filled(False))
register("ones", np.ones, exact, filled(False))
register("full", np.full, exact, filled(True))


@st.composite
def likes(draw: Any, value: bool) -> Arguments:
    x = draw(oa.arrays())
    keywords: dict[str, Any] = {}
    positional: tuple = (x,)
    if value:
        positional += (draw(st.sampled_from((0, 1, 3))),)
        if draw(st.booleans()) or x.values.dtype.kind == "b":
            keywords["dtype"] = DType(draw(st.sampled_from(ALL_DTYPES[1:])))
    else:
        maybe(draw, keywords, "dtype", ANY_DTYPE)
    return positional, keywords


register("zeros_like", np.zeros_like, exact, likes(False))
register("ones_like", np.ones_like, exact, likes(False))
register("full_like", np.full_like, exact, likes(True))


@st.composite
def eyes(draw: Any) -> Arguments:
    positional: tuple = (draw(SIDES),)
    if draw(st.booleans()):
        positional += (draw(SIDES | st.none()),)
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "k", st.integers(-8, 8))
    maybe(draw, keywords, "dtype", ANY_DTYPE)
    return positional, keywords


register("eye", np.eye, exact, eyes())


@st.composite
def grids(draw: Any) -> Arguments:
    dtype = draw(st.sampled_from(ALL_DTYPES))
    count = draw(st.integers(0, 4))
    vectors = tuple(draw(oa.arrays(dtype, (draw(st.integers(0, 5)),))) for _ in range(count))
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "indexing", st.sampled_from(("xy", "ij")))
    return vectors, keywords


register("meshgrid", lambda *a, **k: tuple(np.meshgrid(*a, **k)), exact, grids())


@st.composite
def triangles(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=2))
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "k", st.integers(-7, 7))
    return (x,), keywords


register("tril", np.tril, exact, triangles())
register("triu", np.triu, exact, triangles())

# Manipulation -------------------------------------------------------------------------------------


@st.composite
def broadcasts(draw: Any) -> Arguments:
    count = draw(st.integers(1, 4))
    shapes = draw(oa.broadcastable(count))
    return tuple(draw(oa.arrays(shape=shape)) for shape in shapes), {}


register(
    "broadcast_arrays", lambda *arrays: tuple(np.broadcast_arrays(*arrays)), exact, broadcasts()
)


@st.composite
def broadcasts_to(draw: Any) -> Arguments:
    shape, other = draw(oa.broadcastable(2))
    return (draw(oa.arrays(shape=shape)), np.broadcast_shapes(shape, other)), {}


register("broadcast_to", np.broadcast_to, exact, broadcasts_to())


@st.composite
def joins(draw: Any, stacked: bool) -> Arguments:
    count = draw(st.integers(1, 4))
    (x1, x2), _ = draw(two_arrays(ALL_DTYPES))
    names = (x1.values.dtype.name, x2.values.dtype.name)
    shape = draw(oa.shapes(min_dims=0 if stacked else 1, max_dims=3))
    rank = len(shape) + stacked
    keywords: dict[str, Any] = {}
    axis = 0
    if draw(st.booleans()):
        axis = keywords["axis"] = draw(oa.axis_in(rank))
    elif not stacked and draw(st.integers(0, 2)) == 0:
        axis = keywords["axis"] = None
    members = []
    for i in range(count):
        own = list(shape)
        if not stacked and axis is not None:
            own[axis] = draw(st.integers(0, 4))
        members.append(draw(oa.arrays(names[i % 2], tuple(own))))
    return (tuple(members) if draw(st.booleans()) else members,), keywords


def _joined(f: Any) -> Any:
    def reference(arrays: Any, axis: Any = 0) -> Any:
        common = promoted(*{a.dtype.name for a in arrays})
        if axis is None:
            arrays = [a.reshape(-1) for a in arrays]
        return f([a.astype(common) for a in arrays], axis=axis or 0)

    return reference


register("concat", _joined(np.concatenate), exact, joins(False))
register("stack", _joined(np.stack), exact, joins(True))


@st.composite
def expansions(draw: Any) -> Arguments:
    x = draw(oa.arrays(max_dims=3))
    rank = x.values.ndim
    if draw(st.booleans()):
        return (x,), {"axis": draw(st.integers(-rank - 1, rank))}
    count = draw(st.integers(0, 3))
    total = rank + count
    spots = draw(
        st.lists(st.integers(0, max(total - 1, 0)), unique=True, min_size=count, max_size=count)
    )
    return (x, tuple(s - total if draw(st.booleans()) else s for s in spots)), {}


def _expand(x: Any, axis: Any) -> Any:
    return np.expand_dims(x, axis) if axis != () else x


register("expand_dims", _expand, exact, expansions())


@st.composite
def flips(draw: Any) -> Arguments:
    x = draw(oa.arrays())
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "axis", oa.axes_of(x.values.ndim))
    return (x,), keywords


register("flip", np.flip, exact, flips())


@st.composite
def moves(draw: Any) -> Arguments:
    x = draw(oa.arrays())
    rank = x.values.ndim
    if rank and draw(st.booleans()):
        return (x, draw(oa.axis_in(rank)), draw(oa.axis_in(rank))), {}
    order = draw(st.permutations(range(rank)))
    targets = draw(st.permutations(range(rank)))
    count = draw(st.integers(0, rank))
    return (x, tuple(order[:count]), tuple(t - rank for t in targets[:count])), {}


register("moveaxis", np.moveaxis, exact, moves())


@st.composite
def permutations(draw: Any) -> Arguments:
    x = draw(oa.arrays())
    rank = x.values.ndim
    order = draw(st.permutations(range(rank)))
    return (x, tuple(a - rank if draw(st.booleans()) else a for a in order)), {}


register("permute_dims", np.transpose, exact, permutations())


@st.composite
def repetitions(draw: Any) -> Arguments:
    x = draw(oa.arrays(max_dims=3))
    keywords: dict[str, Any] = {}
    n = x.values.size
    if x.values.ndim and draw(st.booleans()):
        axis = keywords["axis"] = draw(oa.axis_in(x.values.ndim))
        n = x.values.shape[axis]
    if draw(st.booleans()):
        return (x, draw(st.integers(0, 3))), keywords
    length = draw(st.sampled_from((1, n)))
    counts = draw(oa.arrays("int64", (length,), styles=("small",)))
    return (x, Array(np.abs(counts.values) % 4, counts.layout)), keywords


register("repeat", np.repeat, exact, repetitions())


@st.composite
def reshapes(draw: Any) -> Arguments:
    x = draw(oa.arrays())
    size = x.values.size
    shape: list[int] = []
    left = size
    for _ in range(draw(st.integers(0, 4))):
        divisors = [d for d in range(1, min(left, 20) + 1) if left % d == 0] or [0, 1, 2]
        shape.append(draw(st.sampled_from(divisors)))
        left = left // shape[-1] if shape[-1] else 0
    if int(np.prod(shape, dtype=np.int64)) != size:
        shape.append(left if size else 0)
    if shape and 0 not in shape and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = -1
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "copy", st.sampled_from((None, True)))
    if draw(st.booleans()):
        return (x,), {"shape": tuple(shape)} | keywords
    return (x, tuple(shape)), keywords


register("reshape", lambda x, shape, copy=None: np.reshape(x, shape), exact, reshapes())


@st.composite
def rolls(draw: Any) -> Arguments:
    x = draw(oa.arrays())
    rank = x.values.ndim
    shift = st.integers(-9, 9)
    form = draw(st.integers(0, 3 if rank else 0))
    if form == 0:
        return (x, draw(shift)), {}
    if form == 1:
        return (x, draw(shift)), {"axis": draw(oa.axis_in(rank))}
    axes = tuple(draw(st.lists(oa.axis_in(rank), min_size=1, max_size=3)))
    if form == 2:
        return (x, draw(shift)), {"axis": axes}
    return (x, tuple(draw(shift) for _ in axes)), {"axis": axes}


register("roll", np.roll, exact, rolls())


@st.composite
def squeezes(draw: Any) -> Arguments:
    shape = draw(oa.shapes())
    shape = tuple(1 if draw(st.booleans()) else n for n in shape)
    ones = [i for i, n in enumerate(shape) if n == 1]
    x = draw(oa.arrays(shape=shape))
    if ones and draw(st.booleans()):
        return (x, draw(st.sampled_from(ones))), {}
    some = draw(st.lists(st.sampled_from(ones), unique=True)) if ones else []
    return (x, tuple(a - len(shape) if draw(st.booleans()) else a for a in some)), {}


register("squeeze", np.squeeze, exact, squeezes())


@st.composite
def tilings(draw: Any) -> Arguments:
    x = draw(oa.arrays(max_dims=3, max_side=4))
    return (x, tuple(draw(st.lists(st.integers(0, 3), max_size=4)))), {}


register("tile", np.tile, exact, tilings())


@st.composite
def splits(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=1))
    keywords: dict[str, Any] = {}
    maybe(draw, keywords, "axis", oa.axis_in(x.values.ndim))
    return (x,), keywords


register("unstack", lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)), exact, splits())
register(
    "matrix_transpose", np.matrix_transpose, exact, oa.arrays(min_dims=2).map(lambda x: ((x,), {}))
)

# Indexing functions -------------------------------------------------------------------------------


def indices_below(draw: Any, n: int, shape: tuple[int, ...]) -> Array:
    """Valid indices of an axis of n, negative ones among them."""
    dtype = draw(st.sampled_from(("int64", "int64", "int32", "int8", "uint8")))
    raw = draw(oa.arrays("int64", shape, styles=("wide",)))
    values = raw.values % max(n, 1)
    if dtype[0] == "i" and draw(st.booleans()):
        values = np.where(raw.values % 2 == 0, values - n, values)
    return Array(values.astype(dtype), raw.layout)


@st.composite
def takes(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=1, min_side=1))
    rank = x.values.ndim
    axis = draw(oa.axis_in(rank))
    count = draw(st.integers(0, 20))
    indices = indices_below(draw, x.values.shape[axis], (count,))
    return (x, indices), {} if rank == 1 and draw(st.booleans()) else {"axis": axis}


register(
    "take",
    lambda x, indices, axis=0: np.take(x, indices.astype(np.int64), axis=axis),
    exact,
    takes(),
)


@st.composite
def takes_along(draw: Any) -> Arguments:
    x = draw(oa.arrays(min_dims=1, max_dims=3, min_side=1))
    rank = x.values.ndim
    keywords: dict[str, Any] = {}
    axis = -1
    if draw(st.booleans()):
        axis = keywords["axis"] = draw(oa.axis_in(rank))
    shape = [1 if draw(st.integers(0, 4)) == 0 else n for n in x.values.shape]
    shape[axis] = draw(st.integers(0, 6))
    return (x, indices_below(draw, x.values.shape[axis], tuple(shape))), keywords


register(
    "take_along_axis",
    lambda x, indices, axis=-1: np.take_along_axis(x, indices.astype(np.int64), axis),
    exact,
    takes_along(),
)
