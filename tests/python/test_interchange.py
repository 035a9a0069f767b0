"""Tensors to and from other libraries: buffers, DLPack, __array__, nested lists."""

import array
import collections
import ctypes
import gc
import hashlib
import math
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from emberharmony import Tensor, ops

DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
]


def layouts(base: np.ndarray) -> list[np.ndarray]:
    """The same memory in many layouts, also of size 0 and rank 0."""
    return [
        *(base, base.T, base[::-1], base[:, ::2], base[1:, 1:], base[:0], base[0, 0, ...]),
        *(base[:, None], np.broadcast_to(base[0], (3, *base[0].shape)), base.reshape(-1)[3:]),
        base.reshape(2, 2, -1)[:, ::-1, ::2],
    ]


@pytest.mark.parametrize("name", DTYPES)
def test_numpy_both_ways_without_a_copy(name: str) -> None:
    base = np.arange(24).reshape(4, 6).astype(name)
    for source in layouts(base):
        for x in (ops.asarray(source), ops.from_dlpack(source)):
            assert x.shape == source.shape
            assert x.dtype.name == name
            assert x.strides == source.strides or source.size < 2 or 1 in source.shape
            for back in (np.asarray(x), np.from_dlpack(x)):
                np.testing.assert_array_equal(back, source)
                assert back.dtype == source.dtype
                assert back.flags.writeable == source.flags.writeable
                if source.size:
                    assert np.shares_memory(back, base)


def test_memory_lives_as_long_as_anybody_needs_it() -> None:
    x = ops.asarray(np.arange(1000.0) + 0)
    view = x[10:20]
    del x
    back = np.asarray(view)
    del view
    gc.collect()
    np.testing.assert_array_equal(back, np.arange(10.0, 20.0))
    capsule = (ops.asarray([1.0, 2.0]) + 1).__dlpack__(max_version=(1, 0))
    del capsule  # never taken
    source = np.arange(5.0)
    count = sys.getrefcount(source)
    for make in (ops.asarray, ops.from_dlpack):
        tensor = make(source)
        del tensor
    gc.collect()
    assert sys.getrefcount(source) == count


def test_copy_argument() -> None:
    source = np.arange(4.0)
    assert np.shares_memory(np.asarray(ops.asarray(source, copy=False)), source)
    assert not np.shares_memory(np.asarray(ops.asarray(source, copy=True)), source)
    assert not np.shares_memory(np.asarray(ops.from_dlpack(source, copy=True)), source)
    for needs_copy in ([1.0, 2.0], 3, (source, "float32")):
        arguments, dtype = (needs_copy, None) if not isinstance(needs_copy, tuple) else needs_copy
        with pytest.raises(ValueError, match="copy"):
            ops.asarray(arguments, dtype=dtype, copy=False)
    x = ops.asarray(source)
    assert np.shares_memory(np.array(x, copy=False), source)
    assert not np.shares_memory(np.array(x), source)
    with pytest.raises(ValueError):
        np.array(x, dtype=np.float32, copy=False)
    assert np.asarray(x, dtype=np.float32).dtype == np.float32


def test_dlpack_protocol() -> None:
    x = ops.asarray([1.0, 2.0])
    assert x.__dlpack_device__() == (1, 0)
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(1, 0)))
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(2, 0)))
    assert '"dltensor"' in repr(x.__dlpack__())
    assert '"dltensor"' in repr(x.__dlpack__(max_version=(0, 8)))
    copied = np.from_dlpack(x, copy=True)
    assert not np.shares_memory(copied, np.asarray(x))
    for wrong in ({"stream": 1}, {"dl_device": (2, 0)}):
        with pytest.raises(BufferError):
            x.__dlpack__(**wrong)
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    with pytest.raises(BufferError, match="read-only"):
        ops.asarray(frozen).__dlpack__()
    assert not np.from_dlpack(ops.asarray(frozen)).flags.writeable


def test_dlpack_of_an_older_producer_is_read_only() -> None:
    class Older:
        def __init__(self, tensor: Tensor) -> None:
            self.tensor = tensor

        def __dlpack__(self, stream: object = None) -> object:
            return self.tensor.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    x = ops.from_dlpack(Older(ops.asarray([1.0, 2.0])))
    assert x.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 3.0


def test_dlpack_of_another_device_is_refused() -> None:
    class Elsewhere:
        def __dlpack__(self, **_: object) -> object:
            raise AssertionError("not asked for")

        def __dlpack_device__(self) -> tuple[int, int]:
            return (2, 0)

    with pytest.raises(BufferError, match="no loaded backend has"):
        ops.from_dlpack(Elsewhere())
    with pytest.raises(AttributeError):
        ops.from_dlpack([1, 2])


def test_buffers_of_other_objects() -> None:
    assert ops.asarray(array.array("i", [1, 2])).dtype == ops.int32
    assert ops.asarray(memoryview(b"abc")).tolist() == [97, 98, 99]
    assert ops.asarray((ctypes.c_double * 2)(1.5, 2.5)).tolist() == [1.5, 2.5]
    view = memoryview(ops.asarray(np.arange(6.0).reshape(2, 3)))
    assert (view.format, view.shape, view.readonly) == ("d", (2, 3), False)
    assert bytes(memoryview(ops.asarray([1, 2], dtype=ops.uint8))) == b"\x01\x02"
    with pytest.raises(BufferError):
        hashlib.sha256(ops.asarray(np.arange(6.0).reshape(2, 3)).T)


def test_buffers_that_need_a_copy() -> None:
    records = np.zeros(3, dtype=[("a", "i1"), ("b", "f8")])
    records["b"] = [1.0, 2.0, 3.0]
    assert ops.asarray(records["b"]).tolist() == [1.0, 2.0, 3.0]  # 9 bytes apart
    shifted = np.frombuffer(b"\0" + np.array([1.0, 2.0]).tobytes(), dtype="f8", offset=1)
    assert ops.asarray(shifted).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="copy"):
        ops.asarray(shifted, copy=False)


def test_tables_and_columns() -> None:
    assert ops.asarray(pd.Series([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert ops.asarray(pd.DataFrame({"a": [1, 2], "b": [3, 4]})).tolist() == [[1, 3], [2, 4]]
    assert ops.asarray(pl.Series([1, 2])).tolist() == [1, 2]
    assert ops.asarray(pa.array([1.5, 2.5])).tolist() == [1.5, 2.5]
    frozen = ops.asarray(pa.array([1.5, 2.5]))
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 1.0


def test_numpy_functions_on_tensors() -> None:
    a = np.array([1.0, 4.0])
    x = ops.asarray([4.0, 9.0])
    for result, expected in (
        (np.sqrt(x), [2.0, 3.0]),
        (np.add(a, x), [5.0, 13.0]),
        (np.arctan2(x, 1.0), np.arctan2([4.0, 9.0], 1.0)),
        (a**x, [1.0, 262144.0]),
    ):
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-15)
    a += x
    np.testing.assert_array_equal(a, [5.0, 13.0])
    assert np.multiply(a, 2, out=x) is x
    assert x.tolist() == [10.0, 26.0]
    assert np.add.reduce(x) == 36.0
    assert np.cbrt(ops.asarray([8.0]))[0] == 2.0
    assert float(np.sum(x)) == 36.0
    assert float(np.mean(x)) == 18.0
    assert np.concatenate([x, a]).shape == (4,)
    assert np.mean(ops.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist() == [2.0, 3.0]


def test_nested_lists() -> None:
    assert ops.asarray([[1, 2], [3, 4]]).dtype == ops.int64
    assert ops.asarray([True, False]).dtype == ops.bool
    assert ops.asarray([True, 2]).tolist() == [1, 2]
    assert ops.asarray([1, 2.5]).dtype == ops.float64
    assert ops.asarray([1, 2j]).dtype == ops.complex128
    assert ops.asarray([2**63]).dtype == ops.uint64
    assert ops.asarray([]).shape == (0,)
    assert ops.asarray([[], []]).shape == (2, 0)
    assert ops.asarray(((1, 2), [3, 4])).shape == (2, 2)
    assert ops.asarray(range(3)).tolist() == [0, 1, 2]
    assert ops.asarray(collections.deque([1, 2])).tolist() == [1, 2]
    row = ops.asarray([1.0, 2.0])
    assert ops.asarray([row, [3, 4], np.array([5, 6])]).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert ops.asarray([row[0], 7]).tolist() == [1.0, 7.0]
    assert ops.asarray([np.float32(1.5)]).dtype == ops.float32


@pytest.mark.parametrize(
    ("lists", "place"),
    [
        ([[1, 2], [3]], r"length 2 at \[1\], found 1"),
        ([1, [2]], r"a number at \[1\]"),
        ([[1], 2], r"list of length 1 at \[1\]"),
        ([[[1]], [[2, 3]]], r"at \[1\]\[0\]"),
        ([[], [1]], r"length 0 at \[1\], found 1"),
    ],
)
def test_ragged_lists(lists: list, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        ops.asarray(lists)


def test_lists_without_end() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="64"):
        ops.asarray(endless)


@pytest.mark.parametrize("value", [256, -1, 2**70, -(2**70)])
def test_integers_beyond_the_dtype(value: int) -> None:
    for source in (value, [value]):
        with pytest.raises(OverflowError):
            ops.asarray(source, dtype=ops.uint8)


@pytest.mark.parametrize(
    "source", ["text", b"bytes".decode(), None, object(), [None], ["a"], {}, {1}, np.array("a")]
)
def test_what_holds_no_numbers(source: object) -> None:
    with pytest.raises(TypeError):
        ops.asarray(source)


def test_dtypes_without_a_place_here() -> None:
    for dtype in ("float16", "M8[s]", "O", "S3"):
        with pytest.raises(TypeError, match="dtype"):
            ops.asarray(np.zeros(2, dtype=dtype))


@pytest.mark.parametrize("make", [np.float64, np.float32, np.int64, np.bool_, np.complex128])
def test_numpys_numbers_become_tensors_of_their_own(make: type) -> None:
    """They are immutable; what is made of them is not, as of Python's numbers."""
    number = make(1)
    for tensor in (ops.asarray(number), ops.asarray(number, copy=True), ops.array(number)):
        assert tensor.shape == ()
        assert tensor.dtype == make
        tensor[...] = make(0)
        assert not tensor
    if make is not np.bool_:
        total = ops.asarray(number)
        total += 1
        assert total == 2
    assert number == 1
    with pytest.raises(ValueError, match="copy"):
        ops.asarray(number, copy=False)
    read_only = np.ones(())
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        ops.asarray(read_only)[...] = 0  # an array of rank 0 is shared, as all arrays are


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "int32", "int64", "uint64"])
@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        300.0,
        -1.5,
        -0.5,
        127.9,
        1e10,
        1e30,
        [1.5, math.nan],
        [2.0**62],
    ],
)
def test_floats_where_integers_are_asked_for(value: Any, dtype: str) -> None:
    try:
        expected = np.asarray(value, dtype=dtype)
    except (ValueError, OverflowError) as error:
        with pytest.raises(type(error), match=dtype):
            ops.asarray(value, dtype=dtype)
        return
    found = ops.asarray(value, dtype=dtype)
    assert found.dtype == getattr(ops, dtype)
    np.testing.assert_array_equal(np.asarray(found), expected)
