"""x[key] and x[key] = value, as NumPy does them, for every kind of key."""

from typing import Any

import numpy as np
import ops_arrays as oa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops_arrays import Array, resolve
from ops_case import ALL_DTYPES, INTEGERS, assert_exact, check_array, promoted, to_numpy, xp


@st.composite
def slices(draw: Any, n: int) -> slice:
    """Slices of an axis of n: bounds inside and outside, steps of either sign."""
    bound = st.none() | st.integers(-n - 3, n + 3)
    step = draw(st.none() | st.integers(-4, 4).filter(bool) | st.sampled_from((-(2**40), 2**40)))
    return slice(draw(bound), draw(bound), step)


@st.composite
def basic_keys(draw: Any, shape: tuple[int, ...]) -> Any:
    """Integers, slices, ellipsis and newaxis."""
    items: list[Any] = []
    used = draw(st.integers(0, len(shape)))
    for n in shape[:used]:
        if n and draw(st.booleans()):
            items.append(draw(st.integers(-n, n - 1)))
        else:
            items.append(draw(slices(n)))
    rest = len(shape) - used
    if draw(st.booleans()) or rest:
        tail = draw(st.integers(0, rest))
        items.append(Ellipsis)
        for n in shape[len(shape) - tail :] if tail else ():
            items.append(draw(slices(n)))
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    if len(items) == 1 and draw(st.booleans()):
        return items[0]
    return tuple(items)


def index_array(draw: Any, n: int, shape: tuple[int, ...]) -> Array:
    dtype = draw(st.sampled_from(("int64", "int64", *INTEGERS)))
    values = draw(oa.arrays("int64", shape, styles=("wide",))).values % max(n, 1)
    if dtype[0] == "i":
        values = np.where(values % 2 == 1, values - n, values)
    layout = draw(st.sampled_from(oa.LAYOUTS))
    return Array(values.astype(dtype), layout)


@st.composite
def integer_keys(draw: Any, shape: tuple[int, ...]) -> Any:
    """Integer arrays, alone, adjacent, or apart, with slices, integers, newaxis and ellipsis."""
    items: list[Any] = []
    count = 0
    full = draw(oa.shapes(max_dims=2, min_side=0, max_side=4))
    for n in shape:
        choice = draw(st.integers(0, 4))
        if choice < 2 and (n or 0 in full):
            part = full[draw(st.integers(0, len(full))) :]
            part = tuple(1 if draw(st.integers(0, 5)) == 0 else side for side in part)
            if n or 0 in part:
                items.append(index_array(draw, n, part))
                count += 1
                continue
        if choice == 2 and n:
            items.append(draw(st.integers(-n, n - 1)))
        else:
            items.append(draw(slices(n)))
    while items and isinstance(items[-1], slice) and draw(st.booleans()):
        items.pop()
    if draw(st.integers(0, 3)) == 0:
        items.insert(draw(st.integers(0, len(items))), None)
    if len(items) < len(shape) and draw(st.booleans()):
        items.append(Ellipsis)
    if len(items) == 1 and draw(st.booleans()):
        return items[0]
    return tuple(items)


@st.composite
def boolean_keys(draw: Any, shape: tuple[int, ...]) -> Any:
    """A mask of the leading axes, alone or with other keys."""
    rank = draw(st.integers(0, len(shape)))
    # An axis of length 0 of a mask fits every axis.
    short = draw(st.integers(0, rank - 1)) if rank and draw(st.integers(0, 5)) == 0 else None
    sides = tuple(0 if axis == short else n for axis, n in enumerate(shape[:rank]))
    mask = draw(oa.arrays("bool", sides))
    if draw(st.booleans()):
        return mask
    items: list[Any] = [mask]
    for n in shape[rank:]:
        if not draw(st.booleans()):
            break
        items.append(draw(st.integers(-n, n - 1)) if n and draw(st.booleans()) else draw(slices(n)))
    if draw(st.integers(0, 3)) == 0:
        items.insert(draw(st.integers(0, len(items))), None)
    return tuple(items)


def for_numpy(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(for_numpy(item) for item in key)
    if isinstance(key, Array):
        return key.values if key.values.dtype.kind == "b" else key.values.astype(np.int64)
    return key


KEYS = {"basic": basic_keys, "integer": integer_keys, "boolean": boolean_keys}


def draw_key(data: Any, kind: str, x: Array) -> Any:
    return data.draw(KEYS[kind](x.values.shape), label="key")


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_get(kind: str, data: Any) -> None:
    x = data.draw(oa.arrays(), label="x")
    key = draw_key(data, kind, x)
    try:
        expected = x.values[for_numpy(key)]
    except IndexError:
        with pytest.raises(IndexError):
            resolve(x)[resolve(key)]
        return
    found = resolve(x)[resolve(key)]
    expected = np.asarray(expected)
    assert_exact(
        check_array(found, x.values.dtype.name, expected.shape, "x[key]"), expected, "x[key]"
    )


@given(data=st.data())
def test_basic_results_are_views(data: Any) -> None:
    x = data.draw(oa.arrays(styles=("small",)), label="x")
    key = draw_key(data, "basic", x)
    t = resolve(x)
    view = t[key]
    mirror = np.array(x.values)
    mirror[key] = 1
    view[...] = True  # what every dtype can hold
    assert_exact(to_numpy(t), mirror, "x after writing to x[key]")


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_set(kind: str, data: Any) -> None:
    """Assignment of arrays that broadcast and promote, and of numbers."""
    x = data.draw(oa.arrays(styles=("small", "wide")), label="x")
    dtype = x.values.dtype.name
    key = draw_key(data, kind, x)
    mirror = np.array(x.values)
    try:
        target = np.asarray(mirror[for_numpy(key)]).shape
    except IndexError:
        with pytest.raises(IndexError):
            resolve(x)[resolve(key)] = True
        return
    if data.draw(st.booleans(), label="number"):
        value: Any = data.draw(st.sampled_from((0, 1, True) if dtype != "bool" else (False, True)))
        mirror[for_numpy(key)] = value
    else:
        sources = [d for d in ALL_DTYPES if promoted(d, dtype) == dtype]
        cut = data.draw(st.integers(0, len(target)))
        shape = tuple(1 if data.draw(st.integers(0, 4)) == 0 else n for n in target[cut:])
        source = data.draw(st.sampled_from(sources))
        value = data.draw(oa.arrays(source, shape, styles=("small",)), label="value")
        if repeats(for_numpy(key), mirror.shape):
            # Which of several values for one element stays is not defined: take one for all.
            value = Array(np.full(shape, 1).astype(source), value.layout)
        mirror[for_numpy(key)] = value.values
    t = resolve(x)
    t[resolve(key)] = resolve(value)
    assert_exact(check_array(t, dtype, x.values.shape, "x"), mirror, "x after x[key] = value")


def repeats(key: Any, shape: tuple[int, ...]) -> bool:
    """Whether a key names an element twice."""
    size = int(np.prod(shape, dtype=np.int64))
    chosen = np.asarray(np.arange(size).reshape(shape)[key]).reshape(-1)
    return np.unique(chosen).size < chosen.size


@given(data=st.data())
def test_overlapping_assignment(data: Any) -> None:
    """x[a] = x[b] reads all of x before it writes any of it."""
    x = data.draw(oa.arrays(min_dims=1, max_dims=2, min_side=1, max_side=40), label="x")
    axis_length = x.values.shape[0]
    count = data.draw(st.integers(0, axis_length))
    starts = [data.draw(st.integers(0, axis_length - count)) for _ in range(2)]
    keys = [slice(s, s + count) for s in starts]
    if data.draw(st.booleans()):
        keys[1] = slice(
            None if starts[1] + count == 0 else starts[1] + count - 1,
            starts[1] - 1 if starts[1] else None,
            -1,
        )
        keys[1] = keys[1] if count else slice(0, 0)
    mirror = np.array(x.values)
    mirror[keys[0]] = mirror[keys[1]].copy()
    t = resolve(x)
    t[keys[0]] = t[keys[1]]
    assert_exact(to_numpy(t), mirror, f"x[{keys[0]}] = x[{keys[1]}]")
    t = resolve(x)
    mirror = np.array(x.values)
    mirror[keys[0]] = mirror[keys[0]] if x.values.dtype.kind == "b" else mirror[keys[1]].copy() * 2
    if x.values.dtype.kind not in "b":
        t[keys[0]] = t[keys[1]] * 2
        assert_exact(to_numpy(t), mirror, "after multiplication", zero_signs=False)


@given(data=st.data())
def test_updates_in_place_with_overlap(data: Any) -> None:
    """x[1:] += x[:-1] adds the values from before."""
    x = data.draw(
        oa.arrays(("int32", "int64", "float64"), min_dims=1, min_side=2, styles=("small",))
    )
    mirror = np.array(x.values)
    mirror[1:] = mirror[1:] + mirror[:-1].copy()
    t = resolve(x)
    view = t[1:]
    view += t[:-1]
    assert_exact(to_numpy(t), mirror, "x[1:] += x[:-1]")


def test_wrong_keys() -> None:
    x = xp.reshape(xp.arange(24), (2, 3, 4))
    for key in (
        2,
        -3,
        (0, 3),
        (0, 0, 0, 0),
        (..., 0, ...),
        (0, 0, 0, slice(None)),
        xp.asarray([0, 2]),
        xp.asarray([0, -3]),
        (slice(None), xp.asarray([3])),
        xp.asarray([True, False, True]),
        xp.ones((2, 3, 4, 1), dtype=xp.bool),
        xp.ones((3,), dtype=xp.bool),
        (xp.asarray([0, 1]), xp.asarray([0, 1, 2])),
        xp.asarray([0.5]),
        1.0,
        "a",
        2**70,
    ):
        with pytest.raises((IndexError, TypeError)):
            x[key]
        with pytest.raises((IndexError, TypeError)):
            x[key] = 0
    with pytest.raises(ValueError):
        x[:: 2 - 2]
    assert to_numpy(x).tolist() == np.arange(24).reshape(2, 3, 4).tolist()
    for key, expected in (((0, 0, 0, 0), IndexError), (2, IndexError), ((..., ...), IndexError)):
        with pytest.raises(expected):
            x[key]


def test_wrong_values() -> None:
    x = xp.zeros((2, 3), dtype=xp.int32)
    for value in (xp.ones((2, 2)), xp.ones((3, 2, 3), dtype=xp.int32), xp.asarray([1, 2])):
        with pytest.raises((ValueError, TypeError)):
            x[...] = value
    for value in (xp.ones(3, dtype=xp.float64), 1.5, 1j, xp.ones(3, dtype=xp.complex64)):
        with pytest.raises(TypeError):
            x[0, :] = value
    for value in (2**40, -(2**31) - 1):
        with pytest.raises((OverflowError, TypeError, ValueError)):
            x[0, 0] = value
    with pytest.raises(TypeError):
        xp.zeros(2)[0] = 1j
    assert not to_numpy(x).any()


def test_zero_dimensional_keys() -> None:
    x = xp.asarray(5)
    for key in ((), ...):
        assert to_numpy(x[key]) == 5
        assert x[key].shape == ()
    assert x[None].shape == (1,)
    y = xp.reshape(xp.arange(6), (2, 3))
    assert y[xp.asarray(True)].shape == (1, 2, 3)
    assert y[xp.asarray(False)].shape == (0, 2, 3)
    assert y[True].shape == (1, 2, 3)
    assert to_numpy(y[xp.asarray(1), xp.asarray(2)]) == 5
    assert to_numpy(y[xp.asarray(1)]).tolist() == [3, 4, 5]
    assert y[0, 0].shape == ()
    y[()] = 7
    assert to_numpy(y).tolist() == [[7] * 3] * 2


def test_iteration() -> None:
    x = xp.arange(5)
    items = list(x)
    assert [int(item) for item in items] == [0, 1, 2, 3, 4]
    assert all(item.shape == () and item.dtype == x.dtype for item in items)
    rows = list(xp.reshape(xp.arange(6), (2, 3)))
    assert [to_numpy(row).tolist() for row in rows] == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(TypeError):
        iter(xp.asarray(1))
    with pytest.raises(TypeError):
        len(xp.asarray(1))
    assert len(xp.zeros((3, 2))) == 3


def test_large_masks_and_takes() -> None:
    """Beyond the size from which several threads work."""
    generator = np.random.default_rng(7)
    values = generator.normal(size=300_000)
    mask = values > 0.3
    order = generator.permutation(values.size)
    x = xp.asarray(values)
    assert np.array_equal(to_numpy(x[xp.asarray(mask)]), values[mask])
    assert np.array_equal(to_numpy(x[xp.asarray(order)]), values[order])
    assert np.array_equal(to_numpy(xp.take(x, xp.asarray(order))), values[order])
    y = xp.asarray(values, copy=True)
    y[xp.asarray(mask)] = 0.0
    assert np.array_equal(to_numpy(y), np.where(mask, 0, values))
    y[xp.asarray(order)] = x
    expected = np.empty_like(values)
    expected[order] = values
    assert np.array_equal(to_numpy(y), expected)
