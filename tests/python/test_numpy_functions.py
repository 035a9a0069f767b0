"""NumPy's functions give of a tensor what they give of an array, whatever keywords they pass on."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emberharmony import ops

REAL = np.asarray([[3.0, -1.5, 2.25], [6.0, 5.0, -0.0]])
MASK = np.asarray([[True, False, True], [False, True, True]])
ROW = np.asarray([True, False, True])
NEVER = np.zeros((2, 3), dtype=bool)
ARRAYS = {
    "float64": REAL,
    "float32": REAL.astype("float32"),
    "int8": np.asarray([[3, -100, 2], [100, 5, 0]], dtype="int8"),
    "uint32": np.asarray([[3, 1, 2], [6, 5, 0]], dtype="uint32"),
    "bool": np.asarray([[True, False, True], [True, True, True]]),
    "complex64": (REAL + 1j * REAL[::-1]).astype("complex64"),
    "transposed": np.asarray([[3.0, 6.0], [-1.5, 5.0], [2.25, 1.0]]).T,
}


def masks() -> list[Any]:
    return [MASK, ROW, MASK[:, :1], True, False, NEVER, MASK.tolist()]


def same(call: Callable[[Any], Any], array: np.ndarray) -> None:
    """The call gives the same of a tensor as of the array: values, dtype and shape, or an error."""
    with np.errstate(all="ignore"):
        theirs = np.asarray(call(array))
        mine = np.asarray(call(ops.asarray(array)))
    assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
    tolerance = 1e-5 if theirs.dtype.itemsize <= 4 or theirs.dtype == "complex64" else 1e-14
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def is_tensor(value: Any) -> bool:
    return isinstance(value, ops.Tensor)


REDUCTIONS = ["sum", "prod", "mean", "std", "var", "min", "max", "any", "all"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), ()])
def test_where(name: str, kind: str, axis: Any) -> None:
    array = ARRAYS[kind]
    if name in ("min", "max") and array.dtype.kind == "c":
        pytest.skip("complex numbers have no order in the standard")
    more = {"initial": 1} if name in ("min", "max") else {}
    for mask in masks():
        for keepdims in (False, True):
            same(
                lambda x, mask=mask, keepdims=keepdims: getattr(np, name)(
                    x, axis=axis, where=mask, keepdims=keepdims, **more
                ),
                array,
            )


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("dtype", ["float32", np.float64, "int32", "int64", complex, "uint8"])
@pytest.mark.parametrize("name", ["sum", "prod", "mean"])
def test_dtype(name: str, kind: str, dtype: Any) -> None:
    array = ARRAYS[kind]
    to = np.dtype(dtype).kind
    if array.dtype.kind == "c" and to != "c":
        pytest.skip("NumPy drops the imaginary parts with a warning")
    if to == "u" and array.min() < 0:
        pytest.skip("undefined")
    same(lambda x: getattr(np, name)(x, dtype=dtype), array)
    same(lambda x: getattr(np, name)(x, axis=0, dtype=dtype, keepdims=True), array)
    same(lambda x: getattr(np, name)(x, axis=0, dtype=dtype, where=MASK), array)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", ["std", "var"])
def test_variances(name: str, kind: str) -> None:
    array = ARRAYS[kind]
    function = getattr(np, name)
    for ddof in (0, 1, 0.5, 2, 3, 7):
        same(lambda x, ddof=ddof: function(x, axis=0, ddof=ddof), array)
        same(lambda x, ddof=ddof: function(x, ddof=ddof, where=MASK), array)
        same(lambda x, ddof=ddof: function(x, correction=ddof, keepdims=True), array)
    middle = np.mean(array, axis=1, keepdims=True)
    same(lambda x: function(x, axis=1, mean=middle), array)
    same(lambda x: function(x, axis=1, mean=middle, ddof=1, where=ROW), array)
    if array.dtype.kind != "c":
        same(lambda x: function(x, dtype="float64"), array)
        same(lambda x: function(x, axis=1, dtype="float32", where=ROW), array)


def test_deviations_are_taken_in_the_wider_dtype() -> None:
    x = ops.asarray([1e9, 1e9 + 1, 1e9 + 2])
    assert np.var(x, dtype="float32").tolist() == pytest.approx(2 / 3)
    assert np.var(ops.asarray([1, 2], dtype="int8"), dtype="float32").dtype == ops.float32


@pytest.mark.parametrize("kind", ["float64", "float32", "int8", "uint32", "complex64"])
@pytest.mark.parametrize("name", ["sum", "prod", "min", "max"])
def test_initial(name: str, kind: str) -> None:
    array = ARRAYS[kind]
    if name in ("min", "max") and array.dtype.kind == "c":
        pytest.skip("complex numbers have no order in the standard")
    for initial in (0, 4, 7):
        same(lambda x, i=initial: getattr(np, name)(x, axis=1, initial=i), array)
        same(lambda x, i=initial: getattr(np, name)(x, axis=(0, 1), initial=i), array[:0])
        same(lambda x, i=initial: getattr(np, name)(x, axis=0, initial=i), array[:, :0])


OUTPUTS: dict[str, tuple[Callable[[Any, Any], Any], tuple[int, ...], str]] = {
    "sum": (lambda x, out: np.sum(x, axis=0, out=out), (3,), "float64"),
    "sum of float32 in float64": (
        lambda x, out: np.sum(x.astype("float32"), axis=0, out=out),
        (3,),
        "float64",
    ),
    "prod": (lambda x, out: np.prod(x, out=out), (), "float64"),
    "mean": (lambda x, out: np.mean(x, axis=1, out=out), (2,), "float64"),
    "mean to float32": (lambda x, out: np.mean(x, axis=1, out=out), (2,), "float32"),
    "std": (lambda x, out: np.std(x, axis=1, ddof=1, out=out), (2,), "float64"),
    "max": (lambda x, out: np.max(x, axis=0, out=out), (3,), "float64"),
    "any": (lambda x, out: np.any(x, axis=0, out=out), (3,), "bool"),
    "argmax": (lambda x, out: np.argmax(x, axis=0, out=out), (3,), "int64"),
    "argmin": (lambda x, out: np.argmin(x, axis=1, keepdims=True, out=out), (2, 1), "int64"),
    "cumsum": (lambda x, out: np.cumsum(x, axis=0, out=out), (2, 3), "float64"),
    "cumprod": (lambda x, out: np.cumprod(x, out=out), (6,), "float64"),
    "round": (lambda x, out: np.round(x, 1, out=out), (2, 3), "float64"),
    "clip": (lambda x, out: np.clip(x, 0, 2, out=out), (2, 3), "float64"),
    "take": (lambda x, out: np.take(x, [2, 0], axis=1, out=out), (2, 2), "float64"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_out(name: str) -> None:
    call, shape, dtype = OUTPUTS[name]
    expected = call(REAL, np.zeros(shape, dtype=dtype))
    for out in (np.zeros(shape, dtype=dtype), ops.zeros(shape, dtype=dtype)):
        assert call(ops.asarray(REAL), out) is out
        np.testing.assert_allclose(np.asarray(out), expected, rtol=1e-15)


def test_outs_that_do_not_fit() -> None:
    x = ops.asarray(REAL)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        x.sum(axis=0, out=ops.zeros(2))
    with pytest.raises(TypeError, match="float64 to out, a int64"):
        x.max(axis=0, out=ops.zeros(3, dtype="int64"))
    for name in ("sum", "prod", "mean", "cumsum"):
        # Elements that were cut off before they are summed would give another sum.
        integers = np.zeros((2, 3) if name == "cumsum" else 3, "int64")
        with pytest.raises(TypeError, match="float64 to out, a int64"):
            getattr(x, name)(axis=0, out=integers)
    with pytest.raises(TypeError, match="list"):
        x.sum(axis=0, out=[0, 0, 0])
    with pytest.raises(ValueError, match="read-only"):
        x.sum(axis=0, out=ops.broadcast_to(ops.zeros(1), (3,)))


CALLS: dict[str, Callable[[Any], Any]] = {
    "amax": lambda x: np.amax(x, 0),
    "ptp": lambda x: np.ptp(x, axis=0),
    "average": lambda x: np.average(x, axis=0, weights=[1, 3]),
    "median": lambda x: np.median(x, axis=1),
    "percentile": lambda x: np.percentile(x, 30),
    "nanmean": lambda x: np.nanmean(x, axis=0),
    "count_nonzero": lambda x: np.count_nonzero(x, axis=0),
    "argsort": lambda x: np.argsort(x, axis=0, kind="stable"),
    "argsort of all": lambda x: np.argsort(x, axis=None),
    "sort": lambda x: np.sort(x, axis=0, kind="heapsort"),
    "take": lambda x: np.take(x, [5, 0]),
    "take wrapped": lambda x: np.take(x, [-4, 7], axis=1, mode="wrap"),
    "take clipped": lambda x: np.take(x, [-4, 7], axis=0, mode="clip"),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "reshape in Fortran's order": lambda x: np.reshape(x, (3, -1), order="F"),
    "reshape as it lies": lambda x: np.reshape(x.T, (3, 2), order="A"),
    "method reshape": lambda x: x.reshape(3, 2, order="F"),
    "ravel": lambda x: x.ravel("F"),
    "ravel as it lies": lambda x: x.T.ravel("K"),
    "flatten": lambda x: x.T.flatten(order="A"),
    "repeat": lambda x: np.repeat(x, [1, 2], axis=0),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "squeeze": lambda x: np.squeeze(x[:1], axis=0),
    "diagonal": lambda x: np.diagonal(x, 1),
    "trace": lambda x: np.trace(x),
    "searchsorted": lambda x: np.searchsorted(np.sort(x[0]), x[1], side="right"),
    "cumsum": lambda x: np.cumsum(x, axis=1, dtype="float32"),
    "round": lambda x: np.round(x),
    "around": lambda x: np.around(x, decimals=1),
    "clip": lambda x: np.clip(x, None, 2.5),
    "clip by keywords": lambda x: np.clip(x, min=0, max=[1, 2, 3]),
    "real": lambda x: np.real(x),
    "imag": lambda x: np.imag(x),
    "angle": lambda x: np.angle(x),
    "iscomplexobj": lambda x: np.iscomplexobj(x),
    "shape": lambda x: np.shape(x),
    "ndim": lambda x: np.ndim(x),
    "size": lambda x: np.size(x, 1),
    "norm": lambda x: np.linalg.norm(x, axis=0),
    "where": lambda x: np.where(x > 2, x, -x),
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "max of the method by position": lambda x: x.max(0, None, True),
    "sum of the method by position": lambda x: x.sum(0, None, None, True),
    "std of the method by position": lambda x: x.std(0, None, None, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    same(CALLS[name], REAL)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_the_result_is_a_tensor(name: str) -> None:
    more = {"initial": 1.0} if name in ("min", "max") else {}
    assert is_tensor(getattr(np, name)(ops.asarray(REAL), where=MASK, **more))
    assert is_tensor(np.take(ops.asarray(REAL), [1], axis=1))
    assert is_tensor(np.reshape(ops.asarray(REAL), (6,)))


WRONG: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "a word that nobody knows": (TypeError, lambda x: x.sum(colour=1)),
    "a mask of integers": (TypeError, lambda x: ops.asarray(x).sum(where=[1, 0, 1])),
    "a mask of another shape": (ValueError, lambda x: x.sum(where=[True, False])),
    "a mask larger than the array": (ValueError, lambda x: x[0].sum(where=MASK)),
    "an extreme of what may be none": (ValueError, lambda x: x.max(where=MASK)),
    "keepdims in the place of a dtype": (TypeError, lambda x: ops.asarray(x).mean(0, True)),
    "fields": (TypeError, lambda x: ops.asarray(x).argsort(order="name")),
    "a kind of sorting": (ValueError, lambda x: np.argsort(x, kind="bogo")),
    "a mode": (ValueError, lambda x: np.take(x, [0], mode="bounce")),
    "a place beyond the end": (IndexError, lambda x: np.take(x, [6])),
    "an order": (ValueError, lambda x: np.reshape(x, (6,), order="Z")),
    "correction beside ddof": (ValueError, lambda x: np.var(x, ddof=1, correction=1)),
    "a variance of integers": (TypeError, lambda x: ops.asarray(x).var(dtype="int64")),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_numpy_refuses(name: str) -> None:
    error, call = WRONG[name]
    for x in (REAL, ops.asarray(REAL)):
        with pytest.raises(error):
            call(x)


METHOD_CALLS: dict[str, Callable[[Any], Any]] = {
    "astype": lambda x: x.astype(dtype="float32"),
    "repeat": lambda x: x.repeat(repeats=2),
    "repeat along an axis": lambda x: x.repeat(repeats=2, axis=1),
    "mean": lambda x: x.mean(0, "float32"),
    "var": lambda x: x.var(0, "float32"),
    "std and ddof": lambda x: x.std(0, "float64", None, 1),
    "argsort": lambda x: x.argsort(-1, "stable"),
    "sum": lambda x: x.sum(0, "float32", None, True),
    "max": lambda x: x.max(0, None, True),
}


@pytest.mark.parametrize("name", METHOD_CALLS)
def test_methods_take_what_numpys_take(name: str) -> None:
    found = METHOD_CALLS[name](ops.asarray(REAL))
    expected = METHOD_CALLS[name](REAL)
    assert str(found.dtype) == str(expected.dtype)
    np.testing.assert_allclose(ops.to_numpy(found), expected, rtol=1e-6)


def test_functions_take_their_second_parameter_by_name() -> None:
    assert ops.astype(REAL, dtype="int32").dtype == ops.int32
    np.testing.assert_array_equal(
        ops.to_numpy(ops.repeat(REAL, repeats=2, axis=0)), np.repeat(REAL, 2, axis=0)
    )


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_parts_are_views(dtype: str) -> None:
    array = (REAL + 1j * REAL[::-1]).astype(dtype)
    x = ops.asarray(array.copy())
    for mine, theirs in ((x, array), (x[::-1, 1:], array[::-1, 1:]), (x.T, array.T)):
        np.testing.assert_array_equal(np.asarray(mine.real), theirs.real)
        np.testing.assert_array_equal(np.asarray(mine.imag), theirs.imag)
        assert mine.real.strides == theirs.real.strides
    x.real[0, 0] = 70
    x.imag[:, 1] += 1
    x.imag[1, 2] = -0.0
    assert x[0, 0].item() == complex(70, array[0, 0].imag)
    assert x[0, 1].item() == complex(array[0, 1].real, array[0, 1].imag + 1)
    x.real = 2
    x.imag = [[1, 2, 3]]
    assert x.tolist() == [[2 + 1j, 2 + 2j, 2 + 3j]] * 2
    assert ops.asarray([], dtype=dtype).imag.shape == (0,)
    assert ops.asarray(1 - 2j, dtype=dtype).imag.item() == -2.0
    read_only = ops.broadcast_to(ops.asarray([1j]), (3,))
    with pytest.raises(ValueError, match="read-only"):
        read_only.real[0] = 1


def test_parts_of_real_numbers() -> None:
    x = ops.asarray([-1.0, float("-inf"), float("nan"), -0.0])
    assert x.real is x
    for zeros in (x.imag, ops.imag(x)):
        assert zeros.tolist() == [0.0] * 4
        assert not np.signbit(np.asarray(zeros)).any()
    with pytest.raises(ValueError, match="read-only"):
        x.imag[0] = 1
    with pytest.raises(TypeError, match="no imaginary part"):
        x.imag = 1
    x.real = 5
    assert x.tolist() == [5.0] * 4
    with pytest.raises(AttributeError):
        del x.real
    assert ops.asarray([True]).imag.tolist() == [False]
    assert ops.asarray([-3], dtype="int8").imag.dtype == ops.int8


def test_round() -> None:
    assert [round(ops.asarray(v)) for v in (2.5, 3.5, -1.4)] == [2, 4, -1]
    assert isinstance(round(ops.asarray(2.5)), int)
    assert round(ops.asarray(1234), -2).item() == 1200
    assert round(ops.asarray(1.256), 2).item() == 1.26
    assert round(ops.asarray([1.5, 2.5])).tolist() == [2.0, 2.0]
    assert round(ops.asarray([1.25, 2.75]), 1).tolist() == [1.2, 2.8]
    with pytest.raises(ValueError, match="NaN"):
        round(ops.asarray(float("nan")))
    with pytest.raises(TypeError):
        round(ops.asarray(1j))
    with pytest.raises(TypeError):
        round(ops.asarray(1.0), 1.5)
