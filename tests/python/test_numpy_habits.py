"""What users of NumPy and of the predecessor write by habit means the same here."""

import inspect
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emberharmony import ops

MATRIX = [[3.0, 1.0, 2.0], [6.0, 5.0, 4.0]]


def both(call: Callable[[Any, Any], Any], values: Any = MATRIX) -> tuple[Any, Any]:
    """What the call gives of NumPy and of ops, as NumPy's arrays."""
    mine = call(ops, ops.asarray(values))
    theirs = call(np, np.asarray(values))
    if isinstance(theirs, list | tuple):
        return [np.asarray(each) for each in mine], [np.asarray(each) for each in theirs]
    return np.asarray(mine), np.asarray(theirs)


def check(call: Callable[[Any, Any], Any], values: Any = MATRIX) -> None:
    mine, theirs = both(call, values)
    if not isinstance(theirs, list):
        mine, theirs = [mine], [theirs]
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-14)


REDUCTIONS = [
    "sum",
    "prod",
    "mean",
    "std",
    "var",
    "min",
    "max",
    "any",
    "all",
    "argmin",
    "argmax",
    "count_nonzero",
    "median",
]


@pytest.mark.parametrize(
    "name", [*REDUCTIONS, "cumsum", "cumprod", "sort", "argsort", "flip", "squeeze"]
)
def test_an_axis_by_position(name: str) -> None:
    values = [[[3.0, 1.0, 2.0], [6.0, 5.0, 4.0]]]
    check(lambda m, x: getattr(m, name)(x, 0), values)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "stack": lambda m, x: m.stack([x, x], 1),
    "concat": lambda m, x: m.concat([x, x], 1),
    "repeat": lambda m, x: m.repeat(x, 2, 1),
    "roll": lambda m, x: m.roll(x, 1, 1),
    "take": lambda m, x: m.take(x, m.asarray([0]), 1),
    "tril": lambda m, x: m.tril(x, 1),
    "eye": lambda m, x: m.eye(2, 3, 1),
    "zeros": lambda m, x: m.zeros(2, "int8"),
    "ones": lambda m, x: m.ones((2, 2), "float32"),
    "full": lambda m, x: m.full((2,), 3, "float32"),
    "zeros_like": lambda m, x: m.zeros_like(x, "int8"),
    "arange": lambda m, x: m.arange(0, 10, 3, "int8"),
    "asarray": lambda m, x: m.asarray(x, "float32"),
    "linspace": lambda m, x: m.linspace(0, 1),
    "searchsorted": lambda m, x: m.searchsorted(m.sort(x[0, :]), x[1, :], "right"),
    "fft": lambda m, x: m.fft.fft(x, 4),
    "fft along an axis": lambda m, x: m.fft.fft(x, 4, 0),
    "rfft2 of a shape": lambda m, x: m.fft.rfft2(x, (4, 2), (1, 0)),
    "diff, twice": lambda m, x: m.diff(x, 2),
    "diff, once along an axis": lambda m, x: m.diff(x, 1, 0),
    "fftfreq": lambda m, x: m.fft.fftfreq(4, 0.5),
    "fftshift": lambda m, x: m.fft.fftshift(x, 1),
    "qr": lambda m, x: m.linalg.qr(x, "complete"),
    "tensordot": lambda m, x: m.tensordot(x, x, 2),
    "reshape": lambda m, x: x.reshape(3, -1),
    "reshape to one": lambda m, x: x.reshape(-1),
    "reshape by a tuple": lambda m, x: x.reshape((3, 2)),
    "transpose": lambda m, x: x.transpose(),
    "transpose by integers": lambda m, x: x.transpose(1, 0),
    "transpose by a tuple": lambda m, x: x.transpose((1, 0)),
    "divmod": lambda m, x: divmod(x, 4),
    "divmod of a number": lambda m, x: divmod(7, x),
    "list on the right": lambda m, x: x * [1, 2, 3],
    "list on the left": lambda m, x: [1, 2, 3] - x,
    "list compared": lambda m, x: x == [3, 1, 5],
    "list multiplied as a matrix": lambda m, x: x @ [1.0, 2.0, 3.0],
    "range as an index": lambda m, x: x[:, range(2)],
    "tuples as indices": lambda m, x: x[(0, 1), (2, 0)],
    "sum of bools": lambda m, x: (x > 2) + (x < 2),
    "product of bools": lambda m, x: (x > 2) * (x < 5),
    "bool with bool": lambda m, x: m.add(x > 2, True),
    "abs of bools": lambda m, x: abs(x > 2),
    "where of numbers": lambda m, x: m.where(x - 3, x, -x),
    "where of integers": lambda m, x: m.where(m.asarray([[0], [7]]), x, 1.5),
    "where of a number": lambda m, x: m.where(2, x, 0.0),
    "where of NaN": lambda m, x: m.where(x * float("nan"), x, 0.0),
    "where of complex": lambda m, x: m.where(m.asarray([1j, 0, 0.5]), x, 0.0),
    "ddof": lambda m, x: m.std(x, axis=0, ddof=1),
    "ddof of a method": lambda m, x: x.var(ddof=1),
    "trace": lambda m, x: x.trace(),
    "an element by its place": lambda m, x: [x.item(4), x.item(-1), x.item(1, 2), x.T.item(1)],
    "bytes": lambda m, x: m.asarray(list(x.T.tobytes())),
    "an edge that is a number": lambda m, x: m.diff(x, prepend=0, append=9.0),
    "edges along another axis": lambda m, x: m.diff(x, axis=0, prepend=m.asarray(1.5)),
    "product of vectors of bools": lambda m, x: m.dot(x[0, :] > 1, x[1, :] > 4),
    "product of matrices of bools": lambda m, x: m.matmul(x > 1, (x > 3).T),
    "operator of matrices of bools": lambda m, x: (x > 9) @ (x > 3).T,
    "round to decimals": lambda m, x: m.round(x / 7, 2),
    "round by name": lambda m, x: m.round(x / 7, decimals=1),
    "round to tens": lambda m, x: m.round(x * 7.5, -1),
    "round integers": lambda m, x: m.round(m.asarray([5, 15, 25, -15, -16, 149]), -1),
    "round integers to more digits": lambda m, x: m.round(m.asarray([5, 2**62 + 1]), 3),
    "round complex": lambda m, x: m.round(x / 7 + 0.125j, 2),
    "where of a condition alone": lambda m, x: m.where(x > 2),
    "covariance of two": lambda m, x: m.cov(x[0, :], x[1, :]),
    "covariance of matrices": lambda m, x: m.cov(x, x + x * x, False),
    "dtype by its code": lambda m, x: m.zeros(2, dtype="f4"),
    "dtype by a code with an order": lambda m, x: m.asarray(x, "<i2"),
    "cumsum of all": lambda m, x: m.cumsum(x),
    "cumprod of all": lambda m, x: m.cumprod(x, None),
    "sort of all": lambda m, x: m.sort(x, axis=None),
    "argsort of all": lambda m, x: m.argsort(x, axis=None),
    "clip integers to fractions": lambda m, x: m.clip(m.asarray([1, 2, 3]), 1.5, 2.5),
    "clip integers with an array": lambda m, x: m.clip(m.asarray([1, 2, 3]), x, None),
    "large integers": lambda m, x: x + 2**70,
    "comparison with large integers": lambda m, x: m.asarray([1, -5]) < 2**70,
    "and with small ones": lambda m, x: m.asarray([1, -5]) > -(2**70),
}


@pytest.mark.parametrize("name", CALLS)
def test_call(name: str) -> None:
    check(CALLS[name])


def test_integers_beyond_64_bits() -> None:
    largest = ops.asarray([2**64 - 1, 0], dtype="uint64")
    assert (largest < 2**64).tolist() == [True, True]
    assert (largest >= -(2**64)).tolist() == [True, True]
    assert (largest == 2**64).tolist() == [False, False]
    assert (ops.asarray([2.0**70, 1.0]) == 2**70).tolist() == [True, False]
    for call in (lambda: largest + 2**64, lambda: ops.asarray([True]) * 2**64):
        with pytest.raises(OverflowError):
            call()
    with pytest.raises(OverflowError):
        largest *= 2**64
    with pytest.raises(IndexError):
        largest[[2**70]]


def test_integers_beyond_a_dtype() -> None:
    small = ops.asarray([1, 2], dtype="int8")
    for call in (
        lambda: small + 128,
        lambda: ops.full((2,), -129, dtype="int8"),
        lambda: ops.where([True, False], small, 300),
        lambda: ops.asarray([300], dtype="int8"),
    ):
        with pytest.raises(OverflowError, match=r"300|128|129"):
            call()


@pytest.mark.parametrize(
    ("to", "other"),
    [
        ("float32", "float64"),
        ("float32", "int64"),
        ("int8", "int64"),
        ("int16", "uint16"),
        ("complex64", "complex128"),
        ("complex64", "float64"),
        ("uint8", "uint64"),
    ],
)
@pytest.mark.parametrize("operator", ["iadd", "imul", "isub"])
def test_in_place_with_a_wider_dtype_of_the_same_kind(to: str, other: str, operator: str) -> None:
    theirs = np.asarray([[1, 2], [3, 250]]).astype(to)
    y = np.asarray([7, 300]).astype(other)
    mine = ops.asarray(theirs.copy())
    alias = mine
    mine = getattr(mine, f"__{operator}__")(ops.asarray(y))
    theirs = getattr(theirs, f"__{operator}__")(y)
    assert mine is alias
    assert mine.dtype == to
    np.testing.assert_array_equal(np.asarray(mine), theirs)


@pytest.mark.parametrize(
    ("to", "other"),
    [("int64", "float64"), ("uint8", "int8"), ("float64", "complex64"), ("bool", "int8")],
)
def test_in_place_with_another_kind(to: str, other: str) -> None:
    mine = ops.ones(3, dtype=to)
    with pytest.raises(TypeError, match=to):
        mine += ops.ones(3, dtype=other)
    with pytest.raises(ValueError, match="shape"):
        mine += ops.ones((2, 3), dtype=to)
    assert mine.tolist() == [1, 1, 1]


def test_in_place_of_another_dtype_and_a_larger_shape() -> None:
    mine = ops.ones(3, dtype="float32")
    with pytest.raises(ValueError, match="shape"):
        mine += ops.ones((2, 3))
    with pytest.raises(TypeError):
        mine -= ops.asarray([True]) - ops.asarray([False])
    read_only = ops.broadcast_to(ops.ones(1, dtype="float32"), (3,))
    with pytest.raises(ValueError, match="read-only"):
        read_only += ops.ones(3)


def test_what_the_standard_names_only_stays_so() -> None:
    x = ops.asarray(MATRIX)
    for call in (
        lambda: ops.sum(x, 0, None),
        lambda: ops.diff(x, 1, 0, x),
        lambda: ops.linalg.matrix_norm(x, "fro"),
        lambda: ops.var(x, 0, 1.0),
        lambda: ops.zeros(3, "int8", "cpu", 1),
    ):
        with pytest.raises(TypeError, match="positional"):
            call()


def test_none_is_no_operand() -> None:
    for call in (lambda: ops.add(ops.ones(2), None), lambda: ops.isnan(None)):
        with pytest.raises(TypeError, match="None"):
            call()
    assert ops.clip(ops.asarray([1, 5]), None, 3).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("dtype", "stands_for_it", "others"),
    [
        (ops.float32, [np.float32], [np.float64, float, np.int32]),
        (ops.float64, [np.float64, float], [np.float32, int]),
        (ops.int64, [np.int64, int], [np.uint64, bool]),
        (ops.bool, [np.bool_, bool], [int]),
        (ops.complex128, [np.complex128, complex], [np.complex64, str, object, type]),
    ],
)
def test_dtypes_equal_the_classes_that_stand_for_them(
    dtype: Any, stands_for_it: list[type], others: list[type]
) -> None:
    assert [dtype == each for each in stands_for_it] == [True] * len(stands_for_it)
    assert [each != dtype for each in stands_for_it] == [False] * len(stands_for_it)
    assert [dtype == each for each in others] == [False] * len(others)


def test_numpys_functions_with_a_mask() -> None:
    x = ops.asarray(MATRIX)
    out = np.zeros((2, 3))
    np.exp(x, out=out, where=x > 2.5)
    np.testing.assert_array_equal(out > 0, np.asarray(MATRIX) > 2.5)
    assert float(np.add.reduce(x, axis=None, where=x > 2.5)) == 18.0


def test_probabilities_may_be_integers() -> None:
    drawn = ops.random.choice(ops.asarray([5, 6, 7]), (4,), p=[0, 1, 0])
    assert drawn.tolist() == [6, 6, 6, 6]


def test_methods_have_signatures() -> None:
    assert (
        str(inspect.signature(ops.Tensor.sum)) == "(self, /, axis=None, dtype=None, keepdims=False)"
    )
    assert str(inspect.signature(ops.Tensor.reshape)) == "(self, /, shape, copy=None)"


def test_every_method_has_its_own_name() -> None:
    for name in [name for name in dir(ops.Tensor) if not name.startswith("_")]:
        method = getattr(ops.Tensor, name)
        if callable(method):
            assert method.__text_signature__.startswith("($self"), name
            assert "--" not in method.__doc__, name


def test_places_of_elements() -> None:
    x = ops.asarray(MATRIX)
    for place in (6, -7):
        with pytest.raises(IndexError, match="6"):
            x.item(place)


def test_pickling_searches_no_modules() -> None:
    """Without the module's name pickle looks through all modules there are, each time."""
    rebuild, _ = ops.ones(3).__reduce_ex__(5)
    assert rebuild.__module__ == "emberharmony._core"
    assert pickle.loads(pickle.dumps(ops.ones(3))).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "error"),
    [(2**70, ValueError), (-(2**70), ValueError), (1.5, TypeError), ("2", TypeError)],
)
def test_numbers_of_threads_that_are_none(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"integer|threads") as raised:
        ops.set_num_threads(value)
    assert "incompatible function arguments" not in str(raised.value)


def test_streams_are_not_negative() -> None:
    with pytest.raises(ValueError, match="found -1"):
        ops.random.uniform((2,), seed=1, stream=-1)


def test_formats_are_for_single_numbers() -> None:
    assert f"{ops.asarray(1.5):.2f}" == "1.50"
    with pytest.raises(TypeError, match="one number"):
        f"{ops.ones(3):.2f}"


def test_a_second_import_says_what_is_wrong() -> None:
    program = """
        import sys
        from emberharmony import ops
        for name in [name for name in sys.modules if name.startswith("emberharmony")]:
            del sys.modules[name]
        try:
            from emberharmony import ops
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert "cannot be a second time" in done.stdout, done


@pytest.mark.parametrize("name", ["less", "less_equal", "equal", "not_equal", "greater"])
@pytest.mark.parametrize("signed", ["int8", "int64"])
def test_unsigned_compared_with_signed(name: str, signed: str) -> None:
    unsigned = np.asarray([0, 1, 127, 2**63, 2**64 - 1], dtype="uint64")
    signed_ones = np.asarray([[-128], [-1], [0], [1], [127]], dtype=signed)
    for x1, x2 in ((unsigned, signed_ones), (signed_ones, unsigned)):
        mine = getattr(ops, name)(ops.asarray(x1), ops.asarray(x2))
        # Python's integers have no limit.
        expected = getattr(np, name)(x1.astype(object), x2.astype(object)).astype(bool)
        np.testing.assert_array_equal(np.asarray(mine), expected)


def test_integers_to_a_negative_power() -> None:
    x = ops.asarray([1, 2, 3])
    for call in (lambda: x**-1, lambda: x ** ops.asarray([2, -1, 0]), lambda: 2**-x):
        with pytest.raises(ValueError, match="negative power"):
            call()
    assert (x**-1.0).dtype == ops.float64
    assert (x ** ops.asarray([2, 1, 0])).tolist() == [1, 2, 1]


def test_codes_of_other_byte_orders_and_kinds_are_no_dtypes() -> None:
    for code in (">f4", "f2", "i3", "S4", "O", "M8[ns]", "", "<"):
        with pytest.raises(TypeError, match="expected a dtype"):
            ops.zeros(1, dtype=code)


def test_where_takes_both_or_neither() -> None:
    with pytest.raises(ValueError, match="both"):
        ops.where(ops.asarray([True]), 1.0)


def test_take_wants_an_axis_unless_it_is_numpys() -> None:
    x = ops.asarray([[1.0, 2.0], [3.0, 4.0]])
    for call in (lambda: ops.take(x, [3]), lambda: x.take([3])):
        with pytest.raises(ValueError, match="axis"):
            call()
    assert ops.take(ops.asarray([5, 6]), [1]).tolist() == [6]
    # numpy.take passes its mode, and means what NumPy means.
    assert np.take(x, [3]).tolist() == [4.0]


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "std", "var", "min", "max", "any", "all"])
def test_masks_are_the_methods(name: str) -> None:
    """The functions have the standard's parameters; what they lack, they say where it is."""
    x = ops.asarray(MATRIX)
    mask = np.asarray([[True, False, True], [False, True, True]])
    more = {"initial": 4.5} if name in ("min", "max") else {}
    found = getattr(x, name)(axis=0, where=mask, **more)
    wanted = getattr(np.asarray(MATRIX), name)(axis=0, where=mask, **more)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-15)
    with pytest.raises(TypeError, match=rf"'where', which the tensor's method has: x\.{name}\("):
        getattr(ops, name)(x, axis=0, where=mask)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'wehre'$"):
        getattr(ops, name)(x, axis=0, wehre=mask)


def test_parts_and_repetitions_that_are_too_many() -> None:
    """What cannot be is told by its own name, and how many there would be."""
    wide = ops.broadcast_to(ops.ones(1), (2**40,))
    with pytest.raises(MemoryError, match=str(2**40)):
        ops.unstack(wide)
    with pytest.raises(MemoryError, match="split"):
        ops.split(ops.ones(3), 2**62)
    counts = ops.full(1000, 2**60)
    with pytest.raises(ValueError, match="fewer than 2\\^63"):
        ops.repeat(ops.arange(1000), counts)
    with pytest.raises(ValueError, match="0 or more, found -1"):
        ops.repeat(ops.arange(2), ops.asarray([1, -1]))
    with pytest.raises(ValueError, match=r"^diff: .*rank 1"):
        ops.diff(ops.asarray(1.0))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "int64", "complex128"])
@pytest.mark.parametrize("times", [0, 1, 2, 3, 4, 5, 7])
def test_repeat_of_every_size(dtype: str, times: int) -> None:
    x = np.arange(11).astype(dtype)
    np.testing.assert_array_equal(np.asarray(ops.repeat(ops.asarray(x), times)), x.repeat(times))


@pytest.mark.parametrize("length", [0, 1, 2, 5, 100, 5000])
def test_unique_values_with_and_without_repetitions(length: int) -> None:
    generator = np.random.default_rng(length)
    for x in (generator.normal(size=length), generator.integers(0, 9, length) / 4):
        kept = ops.asarray(x)
        found = np.asarray(ops.unique_values(kept))
        np.testing.assert_array_equal(found, np.unique(x))
        np.testing.assert_array_equal(np.asarray(kept), x)  # which sorts a copy
    nans = ops.unique_values(ops.asarray([np.nan, 1.0, np.nan]))
    assert nans.shape == (3,)  # the standard: no NaN equals another
