"""Random dtypes, shapes, strides and keys: a Tensor does what NumPy's array does."""

import operator

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emberharmony import ops

DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def numbered(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array in which every element is another number, as far as the dtype allows."""
    return (np.arange(np.prod(shape, dtype=int)) % 120).reshape(shape).astype(dtype)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """An array of any layout: axes exchanged, reversed, stepped over, added."""
    array = numbered(draw(SHAPES), draw(st.sampled_from(DTYPES)))
    if array.ndim and draw(st.booleans()):
        array = array.transpose(draw(st.permutations(range(array.ndim))))
    if array.ndim and draw(st.booleans()):
        array = array[draw(hnp.basic_indices(array.shape, allow_newaxis=True))]
    return np.asarray(array)


@st.composite
def keys(draw: st.DrawFn, shape: tuple[int, ...]) -> object:
    """A key for an array of that shape, or (now and then) for another one."""
    kind = draw(st.sampled_from(["basic", "integers", "bools", "mixed", "wild"]))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True))
    if kind == "integers" and shape and all(shape):
        return draw(hnp.integer_array_indices(shape))
    if kind == "bools":
        return draw(hnp.arrays(bool, shape))
    part = st.one_of(
        st.integers(-5, 5),
        st.slices(4),
        st.just(None),
        st.just(...),
        st.booleans(),
        st.lists(st.integers(-4, 4), max_size=3),
        hnp.arrays("int32", hnp.array_shapes(max_dims=2, max_side=3), elements=st.integers(-4, 4)),
        hnp.arrays(bool, hnp.array_shapes(max_dims=2, max_side=4)),
    )
    return draw(st.one_of(part, st.lists(part, max_size=5).map(tuple)))


def outcome(function: object) -> object:
    """What a call gives, or the class of error: NumPy's IndexErrors and ValueErrors."""
    try:
        return function()
    except (IndexError, ValueError) as error:
        return IndexError if isinstance(error, IndexError) else ValueError


def agrees(found: object, expected: object) -> None:
    if isinstance(expected, type) or isinstance(found, type):
        # Which of the two errors NumPy raises depends on where it looks first.
        assert isinstance(expected, type), (found, expected)
        assert isinstance(found, type), (found, expected)
        return
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    assert found.dtype.name == expected.dtype.name
    np.testing.assert_array_equal(np.asarray(found), expected)


@given(arrays())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_arrays_come_and_go_unchanged(array: np.ndarray) -> None:
    x = ops.asarray(array)
    agrees(x, array)
    agrees(ops.from_dlpack(array), array)
    assert x.tolist() == array.tolist()
    agrees(ops.asarray(x.tolist(), dtype=x.dtype), np.asarray(array.tolist(), dtype=array.dtype))
    for back in (np.asarray(x), np.from_dlpack(x), np.array(x)):
        agrees(x, back)
    if array.ndim >= 2:
        agrees(x.mT, array.mT)
    agrees(ops.asarray(memoryview(x)), array)


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=400)
def test_indexing(data: st.DataObject) -> None:
    array = data.draw(arrays())
    key = data.draw(keys(array.shape))
    x = ops.asarray(array)
    found, expected = outcome(lambda: x[key]), outcome(lambda: array[key])
    if found is IndexError and not isinstance(expected, type) and np.size(expected) == 0:
        return  # where nothing is selected, NumPy does not look whether indices lie within the axis
    agrees(found, expected)


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=400)
def test_assignment(data: st.DataObject) -> None:
    array = data.draw(arrays()).copy()
    key = data.draw(keys(array.shape))
    selected = outcome(lambda: array[key])
    shape = () if isinstance(selected, type) else np.shape(selected)
    if data.draw(st.booleans()):
        shape = shape[data.draw(st.integers(0, len(shape))) :]
    value = numbered(shape, array.dtype)
    x = ops.asarray(array.copy())
    expected = outcome(lambda: operator.setitem(array, key, value))
    found = outcome(lambda: operator.setitem(x, key, value))
    if not isinstance(expected, type):
        # Where nothing is selected, NumPy does not look whether indices lie within the axis.
        if not isinstance(selected, type) and np.size(selected) == 0 and found is IndexError:
            return
        assert found is None, (key, found)
        agrees(x, array)
    else:
        assert isinstance(found, type), (key, expected)


@given(arrays(), arrays(), st.sampled_from(["add", "mul", "sub", "eq", "lt"]))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_operators_broadcast(a: np.ndarray, b: np.ndarray, name: str) -> None:
    b = b.astype(a.dtype)
    function = getattr(operator, name)
    x, y = ops.asarray(a), ops.asarray(b)
    try:
        expected = function(a, b)
    except (ValueError, TypeError):
        for left, right in ((x, y), (a, y)):
            try:
                function(left, right)
            except (ValueError, TypeError):
                continue
            assert a.dtype == bool, "NumPy refuses what was computed here"
        return
    if a.dtype.kind in "bc" and (name == "lt" or a.dtype.kind == "b"):
        return  # NumPy orders complex numbers and adds truth values
    agrees(function(x, y), expected)
    agrees(function(a, y), expected)
