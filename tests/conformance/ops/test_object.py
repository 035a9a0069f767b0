"""The array object: construction, conversion to Python, operators, attributes, errors."""

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import ops_arrays as oa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops_arrays import Array, resolve
from ops_case import (
    ALL_DTYPES,
    INTEGERS,
    IS_EMBER,
    assert_all_refuse,
    assert_exact,
    check_array,
    dtype_of,
    name_of,
    to_numpy,
    xp,
)

# asarray ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, dtype, shape",
    [
        (True, "bool", ()),
        (3, "int64", ()),
        (2.5, "float64", ()),
        (1j, "complex128", ()),
        ([True, False], "bool", (2,)),
        ([1, True], "int64", (2,)),
        ([1, 2.5], "float64", (2,)),
        ([1, 2.5, 1j], "complex128", (3,)),
        ([True, 1.5], "float64", (2,)),
        ([], "float64", (0,)),
        ([[], []], "float64", (2, 0)),
        ([[1, 2], [3, 4]], "int64", (2, 2)),
        (((1, 2), (3, 4)), "int64", (2, 2)),
        ([(1, 2), [3, 4]], "int64", (2, 2)),
        ([[[1.0]]], "float64", (1, 1, 1)),
        (range(3), "int64", (3,)),
        (2**62, "int64", ()),
        (-(2**63), "int64", ()),
    ],
)
def test_asarray_of_python_numbers(value: Any, dtype: str, shape: tuple[int, ...]) -> None:
    expected = np.asarray(list(value) if isinstance(value, range) else value, dtype=dtype)
    assert_exact(check_array(xp.asarray(value), dtype, shape, "asarray"), expected, "asarray")


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_asarray_with_dtype(name: str) -> None:
    values = [[0, 1], [1, 0]] if name == "bool" else [[0, 1], [2, 100]]
    found = xp.asarray(values, dtype=dtype_of(name))
    assert_exact(check_array(found, name, (2, 2), "asarray"), np.asarray(values, dtype=name), "")


@pytest.mark.parametrize(
    "value",
    [[1, [2]], [[1, 2], [3]], [[1], 2], [[], [1]], [[[1]], [2]], [[1, 2], [3, 4, 5]]],
)
def test_ragged_lists_are_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        xp.asarray(value)


@pytest.mark.parametrize("value", ["text", [None], object(), {"a": 1}, [object()], b"12", None])
def test_what_is_no_array_is_refused(value: Any) -> None:
    if isinstance(value, bytes) and not IS_EMBER:
        pytest.skip("NumPy takes it")
    if isinstance(value, bytes):
        return  # bytes have the buffer protocol
    with pytest.raises((TypeError, ValueError)):
        xp.asarray(value)


def test_a_list_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises((ValueError, RecursionError, TypeError)):
        xp.asarray(loop)


@pytest.mark.parametrize("value, name", [(300, "uint8"), (-1, "uint64"), (2**63, "int64")])
def test_numbers_that_do_not_fit_are_refused(value: int, name: str) -> None:
    with pytest.raises((OverflowError, ValueError, TypeError)):
        xp.asarray(value, dtype=dtype_of(name))
    with pytest.raises((OverflowError, ValueError, TypeError)):
        xp.asarray([0, value], dtype=dtype_of(name))


@given(x=oa.arrays())
def test_asarray_copy(x: Array) -> None:
    name = x.values.dtype.name
    t = resolve(x)
    assert xp.asarray(t) is t or to_numpy(xp.asarray(t)).tobytes() == to_numpy(t).tobytes()
    copied = xp.asarray(t, copy=True)
    assert_exact(check_array(copied, name, x.values.shape, "copy"), x.values, "copy")
    if x.values.size:
        copied[...] = True
        assert_exact(to_numpy(t), x.values, "the original after writing to the copy")
    shared = xp.asarray(t, copy=False)
    shared[...] = True
    assert_exact(to_numpy(t), np.ones_like(x.values), "the original after writing to the view")


def test_asarray_copy_false_refuses_to_copy() -> None:
    x = xp.ones(3)
    with pytest.raises(ValueError):
        xp.asarray(x, dtype=xp.float32, copy=False)
    with pytest.raises(ValueError):
        xp.asarray([1, 2], copy=False)


def test_empty() -> None:
    for name in ALL_DTYPES:
        x = xp.empty((2, 3), dtype=dtype_of(name))
        assert (name_of(x.dtype), tuple(x.shape)) == (name, (2, 3))
        y = xp.empty_like(x)
        assert (name_of(y.dtype), tuple(y.shape)) == (name, (2, 3))
    assert name_of(xp.empty(3).dtype) == "float64"
    assert name_of(xp.empty_like(xp.ones(2, dtype=xp.int8), dtype=xp.float32).dtype) == "float32"
    assert tuple(xp.empty(0).shape) == (0,)
    assert tuple(xp.empty(()).shape) == ()


# Python numbers -----------------------------------------------------------------------------------


@given(x=oa.arrays(shape=()))
def test_conversion_to_python_numbers(x: Array) -> None:
    t, value = resolve(x), x.values[()]
    kind = x.values.dtype.kind
    assert bool(t) is bool(value)
    expected = complex(value)
    found = complex(t)
    assert type(found) is complex
    assert repr(found) == repr(expected)
    if kind == "c":
        for convert in (int, float):
            with pytest.raises(TypeError):
                convert(t)
        return
    assert type(float(t)) is float
    assert repr(float(t)) == repr(float(value))
    if kind == "f" and not np.isfinite(value):
        with pytest.raises(OverflowError if np.isinf(value) else ValueError):
            int(t)
        return
    assert type(int(t)) is int
    assert int(t) == int(value)


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_index(name: str) -> None:
    x = xp.ones((), dtype=dtype_of(name))
    if name in INTEGERS:
        assert operator.index(x) == 1
        assert [10, 20, 30][x] == 20
        assert list(range(5))[x : x + 2] == [1, 2]
        largest = np.iinfo(name).max
        assert operator.index(xp.asarray(int(largest), dtype=x.dtype)) == largest
    else:
        with pytest.raises(TypeError):
            operator.index(x)


def test_only_single_elements_convert() -> None:
    for shape in ((0,), (2,), (2, 2)):
        x = xp.ones(shape, dtype=xp.int64)
        for convert in (bool, int, float, complex, operator.index):
            if shape == (0,) and convert is bool:
                continue
            with pytest.raises((TypeError, ValueError)):
                convert(x)


def test_arrays_are_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(xp.ones(1))


# Attributes ---------------------------------------------------------------------------------------


@given(x=oa.arrays())
def test_attributes(x: Array) -> None:
    t, v = resolve(x), x.values
    assert type(t.shape) is tuple
    assert t.shape == v.shape
    assert all(type(n) is int for n in t.shape)
    assert (t.ndim, t.size) == (v.ndim, v.size)
    assert name_of(t.dtype) == v.dtype.name
    assert t.device == xp.__array_namespace_info__().default_device()
    if v.ndim == 2:
        assert_exact(to_numpy(t.T), v.T, "T")
    else:
        with pytest.raises((ValueError, AttributeError)):
            t.T  # noqa: B018
    if v.ndim >= 2:
        assert_exact(to_numpy(t.mT), np.swapaxes(v, -1, -2), "mT")
    else:
        with pytest.raises((ValueError, AttributeError)):
            t.mT  # noqa: B018
    for name in ("shape", "dtype", "ndim", "size", "T", "mT", "device"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(t, name, 1)


@pytest.mark.skipif(not IS_EMBER, reason="beyond the standard")
@given(x=oa.arrays())
def test_more_attributes(x: Array) -> None:
    t, v = resolve(x), x.values
    assert t.nbytes == v.nbytes
    assert repr(t.tolist()) == repr(v.tolist())
    if v.size == 1:
        assert repr(t.item()) == repr(v.item())
    assert len(repr(t)) > 0
    assert len(str(t)) > 0


@given(x=oa.arrays())
def test_copies_and_pickles(x: Array) -> None:
    if not IS_EMBER:
        return
    t, name = resolve(x), x.values.dtype.name
    results = [copy.copy(t), copy.deepcopy(t)]
    results += [pickle.loads(pickle.dumps(t, protocol)) for protocol in (2, 4, 5)]
    for other in results:
        assert type(other) is type(t)
        assert_exact(check_array(other, name, x.values.shape, "copy"), x.values, "copy")
    if x.values.size:
        results[1][...] = True
        assert_exact(to_numpy(t), x.values, "the original after writing to the deep copy")


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_dtypes_can_be_pickled(name: str) -> None:
    dtype = dtype_of(name)
    assert pickle.loads(pickle.dumps(dtype)) == dtype
    assert copy.deepcopy(dtype) == dtype


# Operators ----------------------------------------------------------------------------------------


@given(x=oa.arrays())
def test_unary_operators(x: Array) -> None:
    t, kind = resolve(x), x.values.dtype.kind
    cases = [(operator.invert, "bitwise_invert", "biu"), (operator.neg, "negative", "iufc")]
    cases += [(operator.pos, "positive", "iufc"), (operator.abs, "abs", "iufc")]
    for op, function, kinds in cases:
        if kind in kinds:
            expected = to_numpy(getattr(xp, function)(t))
            assert_exact(to_numpy(op(t)), expected, function)
    if kind in "fc":
        with pytest.raises(TypeError):
            operator.invert(t)


@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.lt, operator.and_])
def test_operators_refuse_strangers(op: Any) -> None:
    x = xp.ones(3, dtype=xp.bool if op is operator.and_ else xp.float64)
    for stranger in ("text", None, object(), {}):
        with pytest.raises(TypeError):
            op(x, stranger)
        with pytest.raises(TypeError):
            op(stranger, x)


class Stranger:
    """Takes every operation over."""

    def _answer(self, other: Any) -> str:
        return "mine"

    __radd__ = __rsub__ = __rmul__ = __rmatmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = _answer
    __rpow__ = __rand__ = __ror__ = __rxor__ = __rlshift__ = __rrshift__ = _answer


@pytest.mark.skipif(not IS_EMBER, reason="NumPy makes object arrays")
def test_operators_give_way_to_other_types() -> None:
    x = xp.ones(3, dtype=xp.int64)
    for op in (operator.add, operator.sub, operator.mul, operator.matmul, operator.truediv):
        assert op(x, Stranger()) == "mine"
    for op in (operator.mod, operator.pow, operator.and_, operator.lshift, operator.floordiv):
        assert op(x, Stranger()) == "mine"


@given(data=st.data())
def test_inplace_operators_write_to_views(data: Any) -> None:
    x = data.draw(oa.arrays(("float64", "int32"), min_dims=1, styles=("small",)))
    t = resolve(x)
    view = t[::2]
    before = view
    view += 3
    assert view is before
    expected = np.array(x.values)
    expected[::2] += 3
    assert_exact(to_numpy(t), expected, "x after x[::2] += 3", zero_signs=False)


def test_inplace_operators_do_not_grow() -> None:
    x = xp.ones((1, 3))
    with pytest.raises(ValueError):
        x += xp.ones((2, 3))
    assert tuple(x.shape) == (1, 3)
    x *= xp.asarray(2.0)
    assert to_numpy(x).tolist() == [[2, 2, 2]]
    y = xp.ones((2, 2))
    y @= xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert to_numpy(y).tolist() == [[4, 6], [4, 6]]


# Errors -------------------------------------------------------------------------------------------


def test_shapes_that_do_not_broadcast() -> None:
    for a, b in (((2,), (3,)), ((2, 3), (2,)), ((2, 1, 3), (4, 2)), ((0,), (2,))):
        with pytest.raises(ValueError) as caught:
            xp.add(xp.ones(a), xp.ones(b))
        if IS_EMBER:
            text = str(caught.value)
            assert str(tuple(a)) in text or str(list(a)) in text, text
        with pytest.raises(ValueError):
            xp.broadcast_arrays(xp.ones(a), xp.ones(b))
        with pytest.raises(ValueError):
            xp.broadcast_shapes(a, b)


def test_broadcast_shapes() -> None:
    assert xp.broadcast_shapes() == ()
    assert xp.broadcast_shapes((2, 3)) == (2, 3)
    assert xp.broadcast_shapes((2, 1), (3,), (1, 1, 1)) == (1, 2, 3)
    assert xp.broadcast_shapes((0, 1), (1, 5)) == (0, 5)
    assert type(xp.broadcast_shapes((2,), (1,))) is tuple


@pytest.mark.parametrize("k", [2**62, 2**63 - 1, 2**63, 2**80])
def test_diagonals_beyond_every_matrix(k: int) -> None:
    x, ones, zeros = xp.ones((2, 3)), [[1.0] * 3] * 2, [[0.0] * 3] * 2
    for sign in (1, -1):
        assert to_numpy(xp.eye(2, 3, k=sign * k)).tolist() == zeros
        assert to_numpy(xp.tril(x, k=sign * k)).tolist() == (ones if sign > 0 else zeros)
        assert to_numpy(xp.triu(x, k=sign * k)).tolist() == (zeros if sign > 0 else ones)
        if IS_EMBER:  # NumPy refuses such offsets.
            assert xp.linalg.diagonal(x, offset=sign * k).shape == (0,)
            assert float(xp.linalg.trace(x, offset=sign * k)) == 0


AXIS_FUNCTIONS = "sum prod max min mean var std any all argmax argmin sort argsort flip"
AXIS_FUNCTIONS += " cumulative_sum cumulative_prod diff unstack count_nonzero"


@pytest.mark.parametrize("function", AXIS_FUNCTIONS.split())
def test_wrong_axes(function: str) -> None:
    x = xp.ones((2, 3))
    for axis in (2, -3, 2**40, -(2**40)):
        with pytest.raises((ValueError, IndexError)):
            getattr(xp, function)(x, axis=axis)
    with pytest.raises((ValueError, IndexError, OverflowError, TypeError)):
        getattr(xp, function)(x, axis=2**80)
    for axis in ("0", 1.5):
        with pytest.raises(TypeError):
            getattr(xp, function)(x, axis=axis)
    if function in ("sum", "max", "mean", "any", "flip"):
        with pytest.raises((ValueError, IndexError)):
            getattr(xp, function)(x, axis=(0, 0))
        with pytest.raises((ValueError, IndexError)):
            getattr(xp, function)(x, axis=(0, -2))


@pytest.mark.parametrize("axis", [2, -3, 2**40, -(2**40)])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, axis: xp.sum(x, axis=axis),
        lambda x, axis: xp.sum(x, axis=(0, axis)),
        lambda x, axis: xp.cumulative_sum(x, axis=axis),
        lambda x, axis: xp.argmax(x, axis=axis),
        lambda x, axis: xp.sort(x, axis=axis),
        lambda x, axis: xp.expand_dims(x, axis + (axis > 0) - (axis < 0)),
        lambda x, axis: xp.flip(x, axis=axis),
        lambda x, axis: xp.squeeze(x, axis),
        lambda x, axis: xp.permute_dims(x, (0, axis)),
        lambda x, axis: xp.moveaxis(x, axis, 0),
        lambda x, axis: xp.concat([x, x], axis=axis),
        lambda x, axis: xp.stack([x, x], axis=axis + (axis > 0) - (axis < 0)),
        lambda x, axis: xp.vecdot(x, x, axis=axis),
        lambda x, axis: xp.linalg.vector_norm(x, axis=axis),
        lambda x, axis: xp.fft.fft(x, axis=axis),
    ],
)
def test_axis_errors(call: Callable[[Any, int], Any], axis: int) -> None:
    # The standard wants IndexError of expand_dims; NumPy's error is a ValueError as well.
    with pytest.raises(ValueError) as caught:
        call(xp.ones((2, 3)), axis)
    assert isinstance(caught.value, IndexError), caught.value


def test_wrong_arguments() -> None:
    x = xp.reshape(xp.arange(6), (2, 3))
    calls = (
        lambda: xp.reshape(x, (4,)),
        lambda: xp.reshape(x, (-1, -1)),
        lambda: xp.reshape(x, (-1, 4)),
        lambda: xp.reshape(x, (-2, 3)),
        lambda: xp.reshape(x, (0, -1)),
        lambda: xp.reshape(x.T, (6,), copy=False),
        lambda: xp.squeeze(x, 0),
        lambda: xp.squeeze(xp.ones((1, 2)), (0, 0)),
        lambda: xp.expand_dims(x, (0, 0)),
        lambda: xp.expand_dims(x, 4),
        lambda: xp.permute_dims(x, (0,)),
        lambda: xp.permute_dims(x, (0, 0)),
        lambda: xp.permute_dims(x, (0, 2)),
        lambda: xp.broadcast_to(x, (3, 3)),
        lambda: xp.broadcast_to(x, (3,)),
        lambda: xp.concat((x, xp.ones((2, 2), dtype=xp.int64))),
        lambda: xp.concat((x, xp.ones(3, dtype=xp.int64))),
        lambda: xp.concat(()),
        lambda: xp.concat((xp.asarray(1), xp.asarray(2))),
        lambda: xp.stack((x, xp.ones(3, dtype=xp.int64))),
        lambda: xp.stack(()),
        lambda: xp.moveaxis(x, (0, 0), (0, 1)),
        lambda: xp.moveaxis(x, 0, (0, 1)),
        lambda: xp.roll(x, (1, 2, 3), axis=(0, 1)),
        lambda: xp.repeat(x, -1),
        lambda: xp.repeat(x, xp.asarray([1, 2]), axis=1),
        lambda: xp.tile(x, (-1,)),
        lambda: xp.zeros((-1,)),
        lambda: xp.zeros(-3),
        lambda: xp.arange(0, 5, 0),
        lambda: xp.linspace(0, 1, -1),
        lambda: xp.eye(-1),
        lambda: xp.tril(xp.ones(3)),
        lambda: xp.take(x, xp.asarray([0]), axis=5),
        lambda: xp.take(x, xp.asarray([3]), axis=1),
        lambda: xp.take(x, xp.asarray([0])),
        lambda: xp.cumulative_sum(x),
        lambda: xp.nonzero(xp.asarray(1)),
        lambda: xp.searchsorted(x, x),
        lambda: xp.searchsorted(xp.ones(3), xp.ones(2), side="middle"),
        lambda: xp.max(xp.ones((0, 3)), axis=0),
        lambda: xp.min(xp.ones(0)),
        lambda: xp.argmax(xp.ones(0)),
        lambda: xp.meshgrid(xp.ones(2), indexing="ji"),
        lambda: xp.fft.fft(xp.ones(4), n=0),
        lambda: xp.fft.fft(xp.ones(4), norm="none"),
        lambda: xp.fft.fft(xp.asarray(1.0)),
        lambda: xp.fft.fft(xp.ones(0)),
    )
    assert_all_refuse(calls, ValueError, IndexError)
    calls = (
        lambda: xp.take(x, xp.asarray([0.0]), axis=0),
        lambda: xp.fft.rfft(xp.ones(4, dtype=xp.complex128)),
        lambda: xp.zeros("3"),
        lambda: xp.zeros((2.5,)),
        lambda: xp.zeros(3, dtype="no such dtype"),
        lambda: xp.zeros(3, dtype=3),
        lambda: xp.concat(x, x),
        lambda: xp.bitwise_and(xp.ones(2), 1),
        lambda: xp.where(x, "a", "b"),
        lambda: xp.add(x),
        lambda: xp.add(),
        lambda: xp.astype(x),
        lambda: xp.arange(1j),
        lambda: xp.sqrt("4"),
    )
    assert_all_refuse(calls, TypeError, ValueError)


@pytest.mark.skipif(not IS_EMBER, reason="NumPy tries")
def test_too_large() -> None:
    """What does not fit into memory, or into 64 bits, is refused before it is tried."""
    for shape in ((2**62,), (2**40, 2**40), (2**31,) * 5, 2**50, (2**63 - 1, 2)):
        for f in (xp.zeros, xp.ones, xp.empty):
            with pytest.raises((MemoryError, ValueError, OverflowError)):
                f(shape)
    with pytest.raises((MemoryError, ValueError, OverflowError)):
        xp.eye(2**31)
    with pytest.raises((MemoryError, ValueError, OverflowError)):
        xp.arange(2**60)
    with pytest.raises((MemoryError, ValueError, OverflowError)):
        xp.linspace(0, 1, 2**55)
    wide = xp.broadcast_to(xp.ones(()), (2**40, 2**10))
    calls = (
        lambda: wide + 1,
        lambda: xp.sum(xp.broadcast_to(xp.ones(()), (2**62, 4)), axis=0),
        lambda: xp.tile(xp.ones(2**10), (2**55,)),
        lambda: xp.repeat(xp.ones(2**10), 2**55),
    )
    assert_all_refuse(calls, MemoryError, ValueError, OverflowError)
    assert tuple(xp.zeros((2**40, 0)).shape) == (2**40, 0)


def test_many_dimensions() -> None:
    x = xp.reshape(xp.arange(4), (1,) * 30 + (2, 2) + (1,) * 30)
    assert x.ndim == 62
    assert int(xp.sum(x)) == 6
    y = xp.permute_dims(x + x, tuple(reversed(range(62))))
    assert to_numpy(xp.reshape(y, (2, 2))).tolist() == [[0, 4], [2, 6]]
    assert int(xp.max(x[(0,) * 30 + (1, 1, ...)])) == 3
    many = xp.reshape(xp.asarray(1), (1,) * 64)
    assert many.ndim == 64
    assert int(xp.sum(many + many)) == 2
    with pytest.raises((ValueError, IndexError)):
        xp.expand_dims(many, 0)
    with pytest.raises((ValueError, IndexError)):
        many[None]
