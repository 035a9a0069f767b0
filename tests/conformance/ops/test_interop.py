"""Exchange with other libraries: DLPack, the buffer protocol, __array__, NumPy's own functions."""

import gc
import weakref
from typing import Any

import numpy as np
import ops_arrays as oa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops_arrays import Array, resolve
from ops_case import ALL_DTYPES, IS_EMBER, assert_exact, check_array, name_of, to_numpy, xp

pytestmark = pytest.mark.skipif(not IS_EMBER, reason="the tests are about our own memory")
CPU = 1


def overlaps(a: np.ndarray, b: np.ndarray) -> bool:
    return np.may_share_memory(a, b, max_work=-1) if a.size and b.size else True


@given(x=oa.arrays())
def test_to_numpy_by_every_way_shares_memory(x: Array) -> None:
    t, v = resolve(x), x.values
    ways = {
        "from_dlpack": lambda: np.from_dlpack(t),
        "asarray": lambda: np.asarray(t),
        "__array__": lambda: t.__array__(),
        "memoryview": lambda: np.asarray(memoryview(t)),
    }
    first = np.asarray(t)
    for way, convert in ways.items():
        array = convert()
        assert array.dtype == v.dtype, way
        assert_exact(array, v, way)
        assert overlaps(array, first), f"{way} copies"
        if v.size:
            assert array.strides == first.strides or v.size == 1 or 1 in v.shape, way


@given(x=oa.arrays())
def test_writing_through_numpy(x: Array) -> None:
    t = resolve(x)
    np.asarray(t)[...] = 1
    assert_exact(to_numpy(t), np.ones_like(x.values), "the tensor after writing to its NumPy view")


@given(x=oa.arrays(), data=st.data())
def test_from_numpy_shares_memory(x: Array, data: Any) -> None:
    """Views of NumPy arrays with any strides come in without a copy, and keep their base alive."""
    v = x.values
    base = np.zeros(tuple(2 * n + 1 for n in v.shape), dtype=v.dtype)
    key = tuple(
        slice(2 * n - 1, None, -2) if data.draw(st.booleans()) and n else slice(0, 2 * n, 2)
        for n in v.shape
    )
    view = base[(*key, ...)]
    view[...] = v
    for way in (xp.asarray, xp.from_dlpack):
        t = way(view)
        assert_exact(check_array(t, v.dtype.name, v.shape, "from NumPy"), v, "from NumPy")
        assert overlaps(np.asarray(t), view), f"{way} copies"
        copied = way(view, copy=True)
        assert not v.size or not overlaps(np.asarray(copied), view), f"{way} does not copy"
        assert_exact(to_numpy(copied), v, "copy")
        same = way(view, copy=False)
        assert overlaps(np.asarray(same), view)
    if v.size:
        t = xp.asarray(view)
        t[...] = True
        assert (view == 1).all()


def test_lifetimes() -> None:
    class Base(np.ndarray):
        """Can be referred to weakly."""

    base = np.arange(100.0).view(Base)
    gone = weakref.ref(base)
    t = xp.from_dlpack(base)
    u = xp.asarray(base)[10:20]
    del base
    gc.collect()
    assert gone() is not None
    assert to_numpy(t[5]) == 5
    assert to_numpy(u[0]) == 10
    del t, u
    gc.collect()
    assert gone() is None

    view = np.from_dlpack(xp.arange(1000) * 2)
    other = np.asarray(xp.arange(1000) * 3)
    memory = memoryview(xp.arange(1000) * 4)
    gc.collect()
    junk = [xp.ones(1000) for _ in range(50)]
    assert view[999] == 1998
    assert other[999] == 2997
    assert memory[999] == 3996
    assert junk


def test_a_capsule_that_nobody_takes_is_freed() -> None:
    for options in ({}, {"max_version": (1, 0)}, {"copy": True}):
        x = xp.arange(1000)
        capsule = x.__dlpack__(**options)
        del x, capsule
    gc.collect()


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_dlpack_of_every_dtype(name: str) -> None:
    v = np.asarray([[0, 1, 2], [3, 4, 5]]).astype(name)
    t = xp.asarray(v)
    assert_exact(np.from_dlpack(t), v, "NumPy's view")
    back = xp.from_dlpack(np.from_dlpack(t))
    assert name_of(back.dtype) == name
    assert_exact(to_numpy(back), v, "there and back")
    again = xp.from_dlpack(t)
    again[0, 0] = True
    assert to_numpy(t)[0, 0] == 1, "from_dlpack of our own tensor shares memory"


def test_dlpack_protocol() -> None:
    x = xp.ones((2, 3))
    device_type, device_id = x.__dlpack_device__()
    assert (int(device_type), device_id) == (CPU, 0)

    def name(**options: Any) -> str:
        text = repr(x.__dlpack__(**options))
        return "versioned" if "dltensor_versioned" in text else "plain"

    assert name() == "plain"
    assert name(max_version=None) == "plain"
    assert name(max_version=(1, 0)) == "versioned"
    assert name(max_version=(2, 5)) == "versioned"
    assert name(max_version=(0, 8)) == "plain"
    assert name(stream=None) == "plain"
    assert name(dl_device=(CPU, 0), max_version=(1, 0)) == "versioned"
    assert name(dl_device=None, copy=None) == "plain"
    for options in ({"dl_device": (2, 0)}, {"dl_device": (13, 0)}):
        with pytest.raises((BufferError, ValueError)):
            x.__dlpack__(**options)
    with pytest.raises((BufferError, ValueError, TypeError)):
        x.__dlpack__(stream=1)
    with pytest.raises(TypeError):
        x.__dlpack__(None)
    with pytest.raises((TypeError, ValueError)):
        x.__dlpack__(max_version=1)
    with pytest.raises((AttributeError, TypeError)):
        xp.from_dlpack(3)
    with pytest.raises((AttributeError, TypeError)):
        xp.from_dlpack([1, 2])


class Exporter:
    """Passes on the capsules of a NumPy array, with a twist."""

    def __init__(self, array: np.ndarray, **options: Any) -> None:
        self.array, self.options = array, options

    def __dlpack__(self, **options: Any) -> Any:
        if self.options.get("old") and options:
            raise TypeError("no keywords here")
        if "answer" in self.options:
            return self.options["answer"]
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.options.get("device", (CPU, 0))


def test_from_dlpack_of_others() -> None:
    v = np.arange(6.0).reshape(2, 3)
    assert_exact(to_numpy(xp.from_dlpack(Exporter(v))), v, "any exporter")
    assert_exact(to_numpy(xp.from_dlpack(Exporter(v, old=True))), v, "an exporter of the old days")
    for answer in (None, 3, "capsule"):
        with pytest.raises((TypeError, ValueError, BufferError)):
            xp.from_dlpack(Exporter(v, answer=answer))
    used = v.__dlpack__()
    xp.from_dlpack(Exporter(v, answer=used))
    with pytest.raises((TypeError, ValueError, BufferError)):
        xp.from_dlpack(Exporter(v, answer=used))
    with pytest.raises((BufferError, ValueError)):
        xp.from_dlpack(Exporter(v, device=(2, 0)))


def test_dtypes_that_we_lack_are_refused() -> None:
    for dtype in ("float16", "longdouble", "U3", "O", "M8[s]", [("a", "i4")]):
        v = np.zeros(3, dtype=dtype)
        with pytest.raises((TypeError, ValueError, BufferError)):
            xp.asarray(v)
        if dtype in ("float16", "longdouble"):
            with pytest.raises((TypeError, ValueError, BufferError)):
                xp.from_dlpack(v)


def test_read_only_memory() -> None:
    v = np.arange(5.0)
    v.flags.writeable = False
    for t in (xp.asarray(v), xp.from_dlpack(v)):
        assert_exact(to_numpy(t), v, "read-only")
        with pytest.raises((ValueError, TypeError, BufferError)):
            t[0] = 7
        with pytest.raises((ValueError, TypeError, BufferError)):
            t += 1
        assert not np.asarray(t).flags.writeable
        assert memoryview(t).readonly
        with pytest.raises((ValueError, TypeError)):
            np.asarray(t[1:])[0] = 3
    assert v.tolist() == [0, 1, 2, 3, 4]
    t = xp.asarray(b"abc")
    assert name_of(t.dtype) == "uint8"
    with pytest.raises((ValueError, TypeError)):
        t[0] = 0
    writable = xp.asarray(v, copy=True)
    writable[0] = 9
    assert xp.asarray(bytearray(b"abc"))[1] == ord("b")


def test_buffers_of_others() -> None:
    import array

    a = array.array("i", [1, 2, 3])
    t = xp.asarray(a)
    assert name_of(t.dtype) == "int32"
    t[0] = 9
    assert a[0] == 9
    m = memoryview(bytearray(range(12))).cast("B", (3, 4))
    assert to_numpy(xp.asarray(m)).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    with pytest.raises(ValueError):
        xp.asarray(a, dtype=xp.float32, copy=False)
    assert to_numpy(xp.asarray(a, dtype=xp.float32)).tolist() == [9, 2, 3]


def test_array_method() -> None:
    x = xp.arange(3)
    assert x.__array__(np.float32).dtype == np.float32
    assert x.__array__(dtype=np.dtype("int64"), copy=False).tolist() == [0, 1, 2]
    assert not overlaps(x.__array__(copy=True), np.asarray(x))
    with pytest.raises(ValueError):
        x.__array__(np.float32, copy=False)
    assert np.array(x, dtype=np.float32).dtype == np.float32


def test_numpy_functions_take_our_tensors() -> None:
    x = xp.asarray([1.0, 4.0, 9.0])
    assert np.sqrt(np.asarray(x)).tolist() == [1, 2, 3]
    assert np.testing.assert_allclose(x, [1, 4, 9]) is None
    assert np.array_equal(x, np.asarray([1.0, 4.0, 9.0]))


def test_mixed_operands_are_ours() -> None:
    """A NumPy array on the left of an operator does not swallow our tensor element by element."""
    x, v = xp.ones(3), np.arange(3.0)
    for found, expected in (
        (v + x, v + 1),
        (x + v, v + 1),
        (v * x, v),
        (v - x, v - 1),
        (x - v, 1 - v),
        (v == x, v == 1),
        (x < v, v > 1),
        (np.float64(2) * x, np.full(3, 2.0)),
        (np.float32(2) * x, np.full(3, 2.0)),
        (x / np.int64(2), np.full(3, 0.5)),
    ):
        assert type(found) is type(x), type(found)
        assert_exact(to_numpy(found), expected, "mixed")
    # NumPy's @ asks nobody: of vectors it makes a number of its own.
    assert float(v @ x) == 3
    assert type(x @ v) is type(x)
    x += v
    assert to_numpy(x).tolist() == [1, 2, 3]
    x[np.asarray([True, False, True])] = np.asarray([7.0, 8.0])
    assert to_numpy(x).tolist() == [7, 2, 8]
    assert to_numpy(x[np.asarray([2, 0])]).tolist() == [8, 7]
    assert to_numpy(xp.zeros(2, dtype=np.dtype("int16"))).dtype == np.int16
    assert to_numpy(xp.zeros(2, dtype=np.float32)).dtype == np.float32


def test_numpy_dtypes() -> None:
    for name in ALL_DTYPES:
        dtype = getattr(xp, name)
        assert np.dtype(dtype) == np.dtype(name)
        assert xp.astype(xp.ones(1), np.dtype(name)).dtype == dtype or name == "bool"


def test_other_libraries() -> None:
    import pyarrow as pa

    x = xp.arange(5) * 1.5
    assert pa.array(np.asarray(x)).to_pylist() == [0, 1.5, 3, 4.5, 6]
    t = pa.Tensor.from_numpy(np.asarray(xp.ones((2, 3))))
    assert to_numpy(xp.asarray(t.to_numpy())).shape == (2, 3)
    import pandas as pd

    assert pd.Series(np.asarray(x)).sum() == 15
    assert to_numpy(xp.asarray(pd.Series([1.0, 2.0]))).tolist() == [1, 2]
