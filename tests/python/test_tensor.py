"""The class Tensor: what Python's operators, protocols and built-in functions do with it."""

import copy
import gc
import math
import operator
import pickle
import weakref
from collections import Counter

import numpy as np
import pytest

from emberharmony import DType, Tensor, ops

REAL = [ops.int8, ops.int64, ops.uint8, ops.float32, ops.float64]


def same(tensor: Tensor, array: object) -> None:
    """The tensor has the array's elements, shape and dtype."""
    expected = np.asarray(array)
    assert isinstance(tensor, Tensor)
    assert tensor.shape == expected.shape
    assert tensor.dtype.name == expected.dtype.name
    np.testing.assert_array_equal(np.asarray(tensor), expected)


def test_attributes() -> None:
    x = ops.asarray(np.zeros((2, 3, 4), dtype=np.float32))
    assert x.shape == (2, 3, 4)
    assert (x.ndim, x.size, x.nbytes, x.itemsize) == (3, 24, 96, 4)
    assert x.strides == (48, 16, 4)
    assert x.dtype == ops.float32
    assert x.device == "cpu"
    assert x[0].T.shape == (4, 3)
    assert x.mT.shape == (2, 4, 3)
    for rank in (0, 1, 3):
        with pytest.raises(ValueError, match="rank 2"):
            _ = ops.asarray(np.zeros((1,) * rank)).T
    with pytest.raises(ValueError, match="mT"):
        _ = x[0, 0].mT


@pytest.mark.parametrize("dtype", REAL, ids=str)
@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "floordiv", "mod", "truediv", "lt", "ge", "eq"]
)
def test_operators_agree_with_numpy(name: str, dtype: DType) -> None:
    function = getattr(operator, name)
    a = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.dtype(dtype))
    b = np.array([2, 1, 5], dtype=np.dtype(dtype))
    x, y = ops.asarray(a), ops.asarray(b)
    if name == "truediv" and ops.isdtype(dtype, "integral"):
        expected = a.astype(np.float64) / b.astype(np.float64)
    else:
        expected = function(a, b)
    same(function(x, y), expected)
    number = 2
    plain = expected.dtype if name == "truediv" else None
    same(function(x, number), function(a.astype(plain) if plain else a, number))


def test_reflected_operators() -> None:
    x = ops.asarray([1.0, 2.0, 4.0])
    same(1 - x, [0.0, -1.0, -3.0])
    same(8 / x, [8.0, 4.0, 2.0])
    same(2**x, [2.0, 4.0, 16.0])
    same(7 // x, [7.0, 3.0, 1.0])
    same(7 % x, [0.0, 1.0, 3.0])


def test_operators_in_place_write_into_the_same_memory() -> None:
    x = ops.asarray(np.array([1.0, 2.0, 3.0]))
    view = x[1:]
    before = x
    x += 1
    x *= ops.asarray([1.0, 10.0, 100.0])
    assert x is before
    same(x, [2.0, 30.0, 400.0])
    same(view, [30.0, 400.0])
    x[1:] -= x[:-1]  # overlapping
    same(x, [2.0, 28.0, 370.0])


def test_operators_in_place_never_change_shape_or_dtype() -> None:
    x = ops.asarray([1, 2, 3])
    with pytest.raises(TypeError):
        x /= 2
    with pytest.raises(ValueError, match="shape"):
        x += ops.asarray([[1, 2, 3], [4, 5, 6]])
    same(x, [1, 2, 3])


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_bitwise_operators(name: str) -> None:
    function = getattr(operator, name)
    a, b = np.array([6, -7, 12], dtype=np.int32), np.array([3, 1, 2], dtype=np.int32)
    same(function(ops.asarray(a), ops.asarray(b)), function(a, b))
    same(function(ops.asarray(a), 2), function(a, 2))
    same(~ops.asarray(a), ~a)
    if "shift" not in name:
        flags = np.array([True, False, True])
        same(function(ops.asarray(flags), ops.asarray(~flags)), function(flags, ~flags))
        same(~ops.asarray(flags), ~flags)
    with pytest.raises(TypeError):
        function(ops.asarray([1.0]), ops.asarray([2.0]))


def test_matrix_products() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    x, y = ops.asarray(a), ops.asarray(b)
    for product in (x @ y, x @ b, a @ y):
        same(product, a @ b)
    square = ops.asarray(np.eye(2) * 3)
    z = ops.asarray(a[:, :2].copy())
    before = z
    z @= square
    assert z is before
    same(z, a[:, :2] * 3)
    with pytest.raises(ValueError, match="shape"):
        z @= ops.asarray(np.ones((2, 3)))
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = x @ 2
    with pytest.raises(ValueError):
        _ = x @ x


def test_other_libraries_arrays_as_operands() -> None:
    a = np.array([1.0, 2.0])
    x = ops.asarray([3.0, 4.0])
    for result in (a + x, x + a):
        same(result, [4.0, 6.0])
    same(a * x, [3.0, 8.0])
    same(a < x, [True, True])


@pytest.mark.parametrize("other", ["text", None, {1, 2}, {}, object()])
def test_other_objects_are_refused(other: object) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = ops.asarray([1.0, 2.0]) + other


def test_equality_with_what_is_no_array_is_identity() -> None:
    x = ops.asarray([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != "text") is True


def test_conversions_to_numbers() -> None:
    assert bool(ops.asarray(0.5)) is True
    assert int(ops.asarray(3.7)) == 3
    assert float(ops.asarray(3)) == 3.0
    assert complex(ops.asarray(1 + 2j)) == 1 + 2j
    assert operator.index(ops.asarray(7)) == 7
    assert [10, 20, 30][ops.asarray(1)] == 20
    assert f"{ops.asarray(1.23456):.2f}" == "1.23"
    with pytest.raises(ValueError, match="one element"):
        bool(ops.asarray([1, 2]))
    with pytest.raises(TypeError):
        float(ops.asarray(1j))
    with pytest.raises(OverflowError):
        int(ops.asarray(math.inf))
    with pytest.raises(ValueError, match="NaN"):
        int(ops.asarray(math.nan))
    with pytest.raises(TypeError):
        operator.index(ops.asarray(1.0))


def test_length_iteration_and_membership() -> None:
    x = ops.asarray([[1, 2], [3, 4], [5, 6]])
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[1, 2], [3, 4], [5, 6]]
    assert 4 in x
    assert 7 not in x
    scalar = ops.asarray(1)
    for failing in (len, iter):
        with pytest.raises(TypeError):
            failing(scalar)


NUMBERS = {
    "bool": [False, True],
    "int8": [0, -128, 127],
    "uint64": [0, 2**64 - 1],
    "int64": [-1, 2**61 - 1, -(2**63)],
    "float32": [0.0, -0.0, 3.0, 0.1, 1 / 3, 99999.9, 999999.0, 1e6, 16777216.0, 1e-4, 1.0001e-4],
    "float64": [0.0, -0.0, 3.0, 0.1, 1 / 3, 1e15, 1e16, 1e-4, 9.9e-5, 5e-324, 1.7e308],
    "complex64": [0, 2j, 1 + 2j, 0.1 - 1e-7j, complex(-0.0, 2), complex(3.5, -0.0), 1e6 + 0.25j],
    "complex128": [0, 2j, 1 + 2j, 0.1 - 1e-7j, complex(-0.0, 2), complex(3.5, -0.0), 1e16 + 1j],
}
SPECIAL = [math.inf, -math.inf, math.nan]


def scalars(dtype: str) -> np.ndarray:
    """Numbers of a dtype: some, and many of random bits."""
    if dtype.startswith("complex"):
        some = NUMBERS[dtype] + [complex(a, b) for a in [0.0, 1.5, *SPECIAL] for b in SPECIAL]
    else:
        some = NUMBERS[dtype] + (SPECIAL if dtype.startswith("float") else [])
    bits = np.random.default_rng(8).bytes(4000 * np.dtype(dtype).itemsize)
    many = np.frombuffer(bits, np.uint8).view(dtype) if dtype != "bool" else np.zeros(0, bool)
    scale = 10.0 ** np.random.default_rng(9).uniform(-6, 9, size=2000)
    middling = scale if np.dtype(dtype).kind in "fc" else np.zeros(0)
    return np.concatenate([np.asarray(some, dtype), many, middling.astype(dtype)])


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # NumPy's own formatting
@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_number_has_the_text_and_the_hash_of_numpys_scalar(dtype: str) -> None:
    for number in scalars(dtype):
        x = ops.asarray(number)
        assert x.dtype.name == dtype
        assert x.ndim == 0
        assert str(x) == str(number)
        assert f"{x}" == f"{number}"
        assert "%s" % x == "%s" % number  # noqa: UP031
        if dtype != "bool":
            assert f"{x:>30.3f}" == f"{number:>30.3f}"
        if number == number:
            assert hash(x) == hash(number)
            assert {number.item(): "found"}[x] == {x: "found"}[number] == "found"
        else:
            assert x in {x}
            assert x not in {ops.asarray(number)}


def test_numbers_are_keys_of_sets_and_dicts() -> None:
    values = np.array([1.0, 2.2, 2.2, -3.0, 1.0])
    x = ops.asarray(values)
    assert {float(each) for each in set(x)} == set(values)
    assert len(set(x)) == 3
    assert Counter(ops.sign(x)) == Counter(np.sign(values))
    assert dict.fromkeys(ops.round(x), 0) == dict.fromkeys(np.round(values), 0)
    assert ops.max(x) in {2.2, 7.0}
    assert ["a", "b"][ops.argmax(x) - 1] == {1: "a"}[ops.argmax(x)] == "a"
    assert ops.asarray(0) not in {"": 1, None: 2, (): 3}
    assert x[0] in {1}
    assert x[0] in {True}
    assert ops.asarray(True) in {1.0}


def test_tensors_with_axes_cannot_be_hashed() -> None:
    for x in (ops.asarray([1]), ops.asarray([]), ops.ones((2, 2))):
        with pytest.raises(TypeError, match="unhashable type"):
            hash(x)
        with pytest.raises(TypeError, match="unhashable type"):
            {x}  # noqa: B018


def test_texts() -> None:
    x = ops.asarray([[1.0, 2.5], [3.0, 4.0]])
    assert repr(x) == "Tensor([[1. , 2.5],\n        [3. , 4. ]], dtype=float64)"
    assert str(x) == "[[1.  2.5]\n [3.  4. ]]"
    assert str(ops.asarray(3)) == f"{ops.asarray(3)}" == "3"
    assert len(repr(ops.asarray(np.zeros(10**6)))) < 200
    assert repr(ops.float32) == "ops.float32"
    assert repr(x.device) == "Device('cpu')"


def test_items() -> None:
    x = ops.asarray([[1, 2], [3, 4]])
    assert x.item(1, 0) == 3
    assert x[0, 1].item() == 2
    assert x.tolist() == [[1, 2], [3, 4]]
    assert ops.asarray(5).tolist() == 5
    with pytest.raises(ValueError, match="one element"):
        x.item()


def test_copies_are_apart() -> None:
    x = ops.asarray(np.arange(6.0).reshape(2, 3))
    for copied in (copy.copy(x), copy.deepcopy(x), ops.copy(x), ops.asarray(x, copy=True)):
        copied[0, 0] = 77.0
        assert float(x[0, 0]) == 0.0
    assert ops.asarray(x) is x


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol: int) -> None:
    for array in (np.arange(12.0).reshape(3, 4).T, np.array(1 + 2j), np.zeros((0, 3), bool)):
        same(pickle.loads(pickle.dumps(ops.asarray(array), protocol)), array)
    assert pickle.loads(pickle.dumps(ops.float32, protocol)) is ops.float32


def test_pickle_out_of_band_copies_nothing_until_it_is_loaded() -> None:
    x = ops.asarray(np.arange(1000.0))
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(data) < 500
    assert len(buffers) == 1
    same(pickle.loads(data, buffers=buffers), np.arange(1000.0))


def test_weak_references() -> None:
    x = ops.asarray([1.0]) + 1
    reference = weakref.ref(x)
    assert reference() is x
    del x
    gc.collect()
    assert reference() is None


def test_indexing_gives_views_and_arrays_give_copies() -> None:
    a = np.arange(24.0).reshape(2, 3, 4)
    x = ops.asarray(a.copy())
    for key in (
        *(0, -1, slice(None), slice(None, None, -1), ..., None, (0, 1), (..., 2), (None, 1)),
        *((slice(1, None), slice(None, None, 2), -1), (0, ..., None), (), (slice(5, 2),)),
    ):
        same(x[key], a[key])
        assert np.shares_memory(np.asarray(x[key]), np.asarray(x)) == (a[key].size > 0)
    for key in (
        a > 11,
        [1, 0],
        (0, [2, 0]),
        np.array([[1], [0]]),
        (slice(None), [True, False, True]),
    ):
        same(x[key], a[key])
        same(x[ops.asarray(key)] if not isinstance(key, tuple) else x[key], a[key])


def test_assignment() -> None:
    a = np.arange(12.0).reshape(3, 4)
    x = ops.asarray(a.copy())
    for key, value in (
        *((0, 5.0), ((1, 2), 7), (slice(1, None), [1.0, 2.0, 3.0, 4.0]), ((..., 0), -1.0)),
        *((a > 8, 0.0), (([0, 2], [1, 1]), np.array([8.0, 9.0])), (slice(None, None, -1), a * 2)),
    ):
        a[key] = value
        x[key] = value
        same(x, a)
    x[1:] = x[:-1]
    a[1:] = a[:-1].copy()
    same(x, a)


@pytest.mark.parametrize(
    "key", [3, 2**70, (0, -(2**70)), (0, 4), (0, 0, 0), "a", 1.0, (..., ...), [5], object()]
)
def test_keys_that_do_not_fit(key: object) -> None:
    with pytest.raises(IndexError):
        _ = ops.asarray(np.zeros((3, 4)))[key]


def test_read_only_memory_stays_so() -> None:
    array = np.arange(3.0)
    array.flags.writeable = False
    x = ops.asarray(array)
    for write in (lambda: operator.iadd(x, 1), lambda: operator.setitem(x, 0, 1.0)):
        with pytest.raises(ValueError, match="read-only"):
            write()
    np.testing.assert_array_equal(array, [0.0, 1.0, 2.0])


def test_namespace() -> None:
    x = ops.asarray([1.0])
    assert x.__array_namespace__() is ops
    assert x.__array_namespace__(api_version="2025.12") is ops
    with pytest.raises(ValueError, match=r"2025\.12"):
        x.__array_namespace__(api_version="1999.01")
    with pytest.raises(TypeError):
        x.__array_namespace__("2025.12")


def test_dtypes() -> None:
    assert ops.float32 == "float32"
    assert ops.float32 != ops.float64
    assert {ops.int8: 1}["int8"] == 1
    assert np.dtype(ops.complex64) == np.complex64
    assert np.zeros(2, dtype=ops.uint16).dtype == np.uint16
    for alias in ("float64", float, np.float64, np.dtype("f8"), ops.float64):
        assert DType(alias) is ops.float64
    assert DType(np.bool_) is ops.bool
    for wrong in ("float16", "text", None, 3, object):
        with pytest.raises(TypeError, match="dtype"):
            DType(wrong)
