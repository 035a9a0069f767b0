"""Type promotion, result dtypes of every function, scalar operands, and the dtype functions."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ops_case import (
    ALL_DTYPES,
    COMPLEX,
    COMPLEX_OF,
    FLOATS,
    INTEGERS,
    NUMERIC,
    REAL_FLOATS,
    REAL_OF,
    REALS,
    SIGNED,
    UNSIGNED,
    dtype_of,
    kind_of,
    name_of,
    promoted,
    to_numpy,
    xp,
)

PAIRS = [(a, b) for a in ALL_DTYPES for b in ALL_DTYPES]

# The standard's own tables, written out: what any other rule would be measured by.
STANDARD = """
int8 int8 int16 int32 int64
int16 int16 int16 int32 int64
int32 int32 int32 int32 int64
int64 int64 int64 int64 int64
uint8 uint8 uint16 uint32 uint64
uint16 uint16 uint16 uint32 uint64
uint32 uint32 uint32 uint32 uint64
uint64 uint64 uint64 uint64 uint64
"""
MIXED_SIGN = {
    ("int8", "uint8"): "int16",
    ("int8", "uint16"): "int32",
    ("int8", "uint32"): "int64",
    ("int16", "uint8"): "int16",
    ("int16", "uint16"): "int32",
    ("int16", "uint32"): "int64",
    ("int32", "uint8"): "int32",
    ("int32", "uint16"): "int32",
    ("int32", "uint32"): "int64",
    ("int64", "uint8"): "int64",
    ("int64", "uint16"): "int64",
    ("int64", "uint32"): "int64",
}
FLOATING = {
    ("float32", "float32"): "float32",
    ("float32", "float64"): "float64",
    ("float64", "float64"): "float64",
    ("float32", "complex64"): "complex64",
    ("float32", "complex128"): "complex128",
    ("float64", "complex64"): "complex128",
    ("float64", "complex128"): "complex128",
    ("complex64", "complex64"): "complex64",
    ("complex64", "complex128"): "complex128",
    ("complex128", "complex128"): "complex128",
}


def standard_table() -> dict[tuple[str, str], str]:
    table = dict(MIXED_SIGN) | dict(FLOATING) | {("bool", "bool"): "bool"}
    for line in STANDARD.split("\n"):
        row, *results = line.split() or [""]
        names = SIGNED if row in SIGNED else UNSIGNED
        table |= {(row, column): result for column, result in zip(names, results, strict=False)}
    return table | {(b, a): result for (a, b), result in table.items()}


STANDARD_TABLE = standard_table()


def ones(name: str, shape: tuple[int, ...] = (3,)) -> Any:
    return xp.ones(shape, dtype=dtype_of(name))


def check_or_refuse(call: Callable[[], Any], expected: str | None, what: str) -> None:
    if expected is None:
        with pytest.raises(TypeError):
            call()
        return
    found = name_of(call().dtype)
    assert found == expected, f"{what}: expected {expected}, found {found}"


def test_the_tables_agree() -> None:
    """The rule that the other tests use gives the standard's tables where the standard speaks."""
    for (a, b), expected in STANDARD_TABLE.items():
        assert promoted(a, b) == expected, (a, b)
    assert len(STANDARD_TABLE) == 1 + 16 + 16 + 24 + 16


@pytest.mark.parametrize("a, b", PAIRS)
def test_result_type(a: str, b: str) -> None:
    expected = promoted(a, b)
    forms = (
        (dtype_of(a), dtype_of(b)),
        (ones(a), dtype_of(b)),
        (dtype_of(a), ones(b)),
        (ones(a), ones(b)),
        (ones(a, ()), ones(b, (2, 3))),
    )
    for arguments in forms:
        if expected is None:
            with pytest.raises(TypeError):
                xp.result_type(*arguments)
        else:
            assert name_of(xp.result_type(*arguments)) == expected


def test_result_type_of_many_and_of_none() -> None:
    r = xp.result_type
    assert r(xp.int8) == xp.int8
    assert r(xp.int8, xp.uint8, xp.int32) == xp.int32
    assert r(xp.float32, xp.complex64, xp.float64) == xp.complex128
    assert r(xp.int8, xp.uint16, xp.float32) in (xp.float32, xp.float64)
    assert r(ones("int8"), 3) == xp.int8
    assert r(ones("float32"), 3.5) == xp.float32
    assert r(xp.float32, 2.0, 1) == xp.float32
    assert r(ones("float32"), 1j) == xp.complex64
    assert r(ones("bool"), True) == xp.bool
    with pytest.raises((TypeError, ValueError)):
        r()


BINARY_NUMERIC = ["add", "multiply", "subtract", "maximum", "minimum"]
BINARY_REAL = ["floor_divide", "remainder"]
BINARY_INTEGER = ["bitwise_and", "bitwise_or", "bitwise_xor"]
SHIFTS = ["bitwise_left_shift", "bitwise_right_shift"]
BINARY_FLOAT = ["atan2", "copysign", "hypot", "logaddexp", "nextafter"]
COMPARISONS = ["equal", "not_equal"]
ORDERED = ["less", "less_equal", "greater", "greater_equal"]
LOGICAL = ["logical_and", "logical_or", "logical_xor"]


def floating(name: str) -> str:
    """The dtype in which functions that are defined for floating point compute."""
    return name if name in FLOATS else "float64"


@pytest.mark.parametrize("a, b", PAIRS)
def test_binary_functions(a: str, b: str) -> None:
    common = promoted(a, b)
    x, y = ones(a), ones(b)
    for function in BINARY_NUMERIC:
        is_order = function in ("maximum", "minimum")
        if common == "bool" or (is_order and common in COMPLEX):
            continue
        check_or_refuse(lambda f=function: getattr(xp, f)(x, y), common, function)
    for function in BINARY_REAL:
        if common not in COMPLEX and common != "bool":
            check_or_refuse(lambda f=function: getattr(xp, f)(x, y), common, function)
    expected = common and floating(common)
    check_or_refuse(lambda: xp.divide(x, y), expected, "divide")
    if common != "bool":
        check_or_refuse(lambda: xp.pow(x, y), common, "pow")
    for function in BINARY_FLOAT:
        if common not in COMPLEX:
            check_or_refuse(lambda f=function: getattr(xp, f)(x, y), expected, function)
    ordered = [] if common in (*COMPLEX, "bool") else ORDERED
    # uint64 and signed integers have no common dtype, but an order.
    compared = common is not None or {a, b} <= set(INTEGERS)
    for function in COMPARISONS + ordered:
        expected = "bool" if compared else None
        check_or_refuse(lambda f=function: getattr(xp, f)(x, y), expected, function)
    for function in LOGICAL:
        assert name_of(getattr(xp, function)(x, y).dtype) == "bool"


@pytest.mark.parametrize("a, b", PAIRS)
def test_bitwise_functions(a: str, b: str) -> None:
    common = promoted(a, b)
    if common in FLOATS:
        common = None
    x, y = ones(a), ones(b)
    for function in BINARY_INTEGER:
        check_or_refuse(lambda f=function: getattr(xp, f)(x, y), common, function)
    for function in SHIFTS:
        if common != "bool":
            check_or_refuse(lambda f=function: getattr(xp, f)(x, y), common, function)


@pytest.mark.parametrize("a, b", PAIRS)
def test_functions_of_several_arrays(a: str, b: str) -> None:
    common = promoted(a, b)
    x, y = ones(a), ones(b)
    check_or_refuse(lambda: xp.concat((x, y)), common, "concat")
    check_or_refuse(lambda: xp.stack((x, y)), common, "stack")
    check_or_refuse(lambda: xp.where(ones("bool"), x, y), common, "where")
    if common not in (None, "bool"):
        m = xp.ones((3, 3), dtype=dtype_of(a))
        for call in (
            lambda: xp.matmul(m, y),
            lambda: xp.tensordot(m, y, axes=1),
            lambda: xp.vecdot(x, y),
            lambda: xp.linalg.outer(x, y),
            lambda: xp.linalg.cross(x, y),
        ):
            check_or_refuse(call, common, "product")
    arrays = xp.broadcast_arrays(x, xp.reshape(y, (3, 1)))
    assert [name_of(array.dtype) for array in arrays] == [a, b]


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv]
OPERATORS += [operator.mod, operator.pow, operator.lt, operator.le, operator.gt, operator.ge]
OPERATORS += [operator.eq, operator.ne, operator.and_, operator.or_, operator.xor]
OPERATORS += [operator.lshift, operator.rshift, operator.matmul]
NAMES = "add subtract multiply divide floor_divide remainder pow less less_equal greater"
NAMES += " greater_equal equal not_equal bitwise_and bitwise_or bitwise_xor"
NAMES += " bitwise_left_shift bitwise_right_shift matmul"


@pytest.mark.parametrize("a, b", PAIRS)
def test_operators_are_the_functions(a: str, b: str) -> None:
    """An operator gives the function's dtype or refuses with it."""
    x, y = ones(a), ones(b)
    for op, function in zip(OPERATORS, NAMES.split(), strict=True):
        try:
            expected = getattr(xp, function)(x, y)
        except TypeError:
            with pytest.raises(TypeError):
                op(x, y)
            continue
        found = op(x, y)
        assert name_of(found.dtype) == name_of(expected.dtype), function
        assert np.array_equal(to_numpy(found), to_numpy(expected)), function


INPLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv]
INPLACE += [operator.imod, operator.ipow, operator.iand, operator.ior, operator.ixor]
INPLACE += [operator.ilshift, operator.irshift]
INPLACE_NAMES = [name for name in NAMES.split() if "equal" not in name]
INPLACE_NAMES = [name for name in INPLACE_NAMES if name not in ("less", "greater", "matmul")]


@pytest.mark.parametrize("a, b", PAIRS)
def test_operators_in_place_keep_the_dtype(a: str, b: str) -> None:
    """x += y keeps x's dtype; where x + y has another kind of dtype, nothing is lost silently."""
    order = ("bool", "integer", "real", "complex")

    def level(name: str) -> int:
        kind = kind_of(name)
        return order.index("integer" if kind in ("signed", "unsigned") else kind)

    for op, function in zip(INPLACE, INPLACE_NAMES, strict=True):
        x, y = ones(a), ones(b)
        try:
            result = name_of(getattr(xp, function)(x, y).dtype)
        except TypeError:
            with pytest.raises(TypeError):
                op(x, y)
            continue
        if level(result) > level(a):
            with pytest.raises(TypeError):
                op(x, y)
            assert np.array_equal(to_numpy(x), np.ones(3))
        elif result == a:
            z = x
            z = op(z, y)
            assert z is x
            assert name_of(x.dtype) == a


UNARY_FLOAT = "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 sin sinh"
UNARY_FLOAT += " sqrt tan tanh reciprocal"
UNARY_SAME = "negative positive square conj sign round"


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_unary_functions(name: str) -> None:
    x = ones(name)

    def dtype_from(function: str) -> str:
        return name_of(getattr(xp, function)(x).dtype)

    for function in UNARY_FLOAT.split():
        assert dtype_from(function) == floating(name), function
    if name != "bool":
        for function in UNARY_SAME.split():
            assert dtype_from(function) == name, function
        assert dtype_from("abs") == REAL_OF.get(name, name)
        assert dtype_from("real") == REAL_OF.get(name, name)
    for function in ("isnan", "isinf", "isfinite"):
        if name != "bool":
            assert dtype_from(function) == "bool"
    assert dtype_from("logical_not") == "bool"
    if name in COMPLEX:
        assert dtype_from("imag") == REAL_OF[name]
    if name in REALS:
        for function in ("floor", "ceil", "trunc"):
            assert dtype_from(function) == name, function
        assert name_of(xp.clip(x, 0, 1).dtype) == name
    if name in REAL_FLOATS:
        assert dtype_from("signbit") == "bool"
    if name in (*INTEGERS, "bool"):
        assert dtype_from("bitwise_invert") == name
    else:
        for function in ("bitwise_invert",):
            with pytest.raises(TypeError):
                getattr(xp, function)(x)


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_reductions(name: str) -> None:
    x = ones(name, (2, 3))
    kind = kind_of(name)
    accumulated = {"signed": "int64", "unsigned": "uint64", "bool": "int64"}.get(kind, name)
    for function in ("sum", "prod"):
        f = getattr(xp, function)
        for options in ({}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}):
            assert name_of(f(x, **options).dtype) == accumulated, function
        for other in ("float32", "int64", "complex128"):
            narrows = kind == "complex" or (kind == "real" and other == "int64")
            if other == "complex128" or not narrows:
                assert name_of(f(x, dtype=dtype_of(other)).dtype) == other, function
    for function in ("cumulative_sum", "cumulative_prod"):
        f = getattr(xp, function)
        assert name_of(f(x, axis=1).dtype) == accumulated, function
        assert name_of(f(x, axis=1, dtype=dtype_of("complex128")).dtype) == "complex128"
    assert name_of(xp.mean(x).dtype) == floating(name)
    for function in ("var", "std"):
        if kind != "complex":
            assert name_of(getattr(xp, function)(x).dtype) == floating(name), function
    for function in ("any", "all"):
        assert name_of(getattr(xp, function)(x).dtype) == "bool"
    assert name_of(xp.count_nonzero(x).dtype) == "int64"
    if kind not in ("complex", "bool"):
        assert name_of(xp.max(x).dtype) == name
        assert name_of(xp.min(x, axis=0).dtype) == name
        assert name_of(xp.argmax(x).dtype) == "int64"
        assert name_of(xp.argmin(x, axis=1).dtype) == "int64"
        assert name_of(xp.sort(x).dtype) == name
        assert name_of(xp.argsort(x).dtype) == "int64"
        assert name_of(xp.searchsorted(x[0, :], x).dtype) == "int64"
    else:
        if kind == "complex":
            for function in ("max", "min", "argmax", "sort", "argsort"):
                with pytest.raises(TypeError):
                    getattr(xp, function)(x)
    if kind != "bool":
        assert name_of(xp.diff(x).dtype) == name
    assert name_of(xp.linalg.trace(x).dtype) == accumulated
    assert all(name_of(index.dtype) == "int64" for index in xp.nonzero(x))
    values, indices, inverse, counts = xp.unique_all(x)
    assert name_of(values.dtype) == name
    assert {name_of(part.dtype) for part in (indices, inverse, counts)} == {"int64"}


SCALARS = {"bool": True, "int": 1, "float": 1.5, "complex": 1 + 2j}


def with_scalar(name: str, scalar: str) -> str:
    """The dtype of an array with a Python number: the array's, if its kind holds the number."""
    kind = kind_of(name)
    if scalar == "bool":
        return name
    if scalar == "int":
        return "int64" if kind == "bool" else name
    if scalar == "float":
        return name if kind in ("real", "complex") else "float64"
    return COMPLEX_OF.get(name, name if kind == "complex" else "complex128")


@pytest.mark.parametrize("scalar", SCALARS)
@pytest.mark.parametrize("name", ALL_DTYPES)
def test_scalars(name: str, scalar: str) -> None:
    x, value = ones(name), SCALARS[scalar]
    expected = with_scalar(name, scalar)
    if expected == "bool":
        for f in (xp.logical_and, xp.bitwise_and, xp.equal):
            assert name_of(f(x, value).dtype) == "bool"
            assert name_of(f(value, x).dtype) == "bool"
        return
    for function in ("add", "multiply", "subtract", "pow"):
        f = getattr(xp, function)
        assert name_of(f(x, value).dtype) == expected, function
        assert name_of(f(value, x).dtype) == expected, function
    for op in (operator.add, operator.mul, operator.sub):
        assert name_of(op(x, value).dtype) == expected
        assert name_of(op(value, x).dtype) == expected
    assert name_of(xp.divide(x, value).dtype) == floating(expected)
    assert name_of(xp.where(ones("bool"), x, value).dtype) == expected
    assert name_of(xp.where(ones("bool"), value, x).dtype) == expected
    assert name_of(xp.equal(x, value).dtype) == "bool"
    assert name_of((value == x).dtype) == "bool"
    if kind_of(expected) != "complex":
        for f in (xp.less, xp.greater_equal):
            assert name_of(f(x, value).dtype) == "bool"
            assert name_of(f(value, x).dtype) == "bool"
        for f in (xp.maximum, xp.minimum, xp.remainder, xp.floor_divide):
            assert name_of(f(x, value).dtype) == expected
            assert name_of(f(value, x).dtype) == expected
        for f in (xp.atan2, xp.hypot, xp.copysign, xp.logaddexp, xp.nextafter):
            assert name_of(f(x, value).dtype) == floating(expected)
            assert name_of(f(value, x).dtype) == floating(expected)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_that_do_not_fit_are_refused(name: str) -> None:
    x, limits = ones(name), np.iinfo(name)
    for value in (limits.max + 1, limits.min - 1, 2**70, -(2**70)):
        with pytest.raises((OverflowError, TypeError, ValueError)):
            x + value
    assert to_numpy(xp.equal(xp.asarray([limits.max], dtype=x.dtype), int(limits.max)))[0]
    assert to_numpy(xp.full((1,), int(limits.max), dtype=x.dtype))[0] == limits.max
    assert to_numpy(xp.full((1,), int(limits.min), dtype=x.dtype))[0] == limits.min


KINDS = {
    "bool": ("bool",),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTEGERS,
    "real floating": REAL_FLOATS,
    "complex floating": COMPLEX,
    "numeric": NUMERIC,
}


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_isdtype(name: str) -> None:
    dtype = dtype_of(name)
    for kind, members in KINDS.items():
        result = xp.isdtype(dtype, kind)
        assert type(result) is bool
        assert result == (name in members), kind
        assert xp.isdtype(dtype=dtype, kind=kind) == (name in members)
        assert xp.isdtype(dtype, (kind, "bool")) == (name in members or name == "bool")
    for other in ALL_DTYPES:
        assert xp.isdtype(dtype, dtype_of(other)) == (name == other)
        assert xp.isdtype(dtype, (dtype_of(other), "real floating")) == (
            name == other or name in REAL_FLOATS
        )
    assert xp.isdtype(dtype, ()) is False
    with pytest.raises((ValueError, TypeError)):
        xp.isdtype(dtype, "no such kind")


@pytest.mark.parametrize("a, b", PAIRS)
def test_can_cast(a: str, b: str) -> None:
    """A cast is one of promotion if promoting both gives the target."""
    found = xp.can_cast(dtype_of(a), dtype_of(b))
    assert type(found) is bool
    expected = promoted(a, b) == b
    assert found == expected, (a, b)
    assert xp.can_cast(ones(a), dtype_of(b)) == expected


@pytest.mark.parametrize("name", FLOATS)
def test_finfo(name: str) -> None:
    limits = np.finfo(name)
    for argument in (dtype_of(name), ones(name)):
        info = xp.finfo(argument)
        assert type(info.bits) is int
        assert info.bits == limits.bits
        for attribute in ("eps", "max", "min", "smallest_normal"):
            value = getattr(info, attribute)
            assert type(value) is float, f"{attribute}: {type(value)}"
            assert value == float(getattr(limits, attribute)), attribute
        assert name_of(info.dtype) == REAL_OF.get(name, name)
    for refused in ("int32", "bool"):
        with pytest.raises((TypeError, ValueError)):
            xp.finfo(dtype_of(refused))


@pytest.mark.parametrize("name", INTEGERS)
def test_iinfo(name: str) -> None:
    limits = np.iinfo(name)
    for argument in (dtype_of(name), ones(name)):
        info = xp.iinfo(argument)
        for attribute in ("bits", "max", "min"):
            assert type(getattr(info, attribute)) is int
            assert getattr(info, attribute) == getattr(limits, attribute)
        assert name_of(info.dtype) == name
    for refused in ("float32", "bool", "complex64"):
        with pytest.raises((TypeError, ValueError)):
            xp.iinfo(dtype_of(refused))


@pytest.mark.parametrize("a, b", PAIRS)
def test_astype(a: str, b: str) -> None:
    values = np.array([0, 1, 2, 100]).astype(a)
    x = xp.asarray(values)
    if a in COMPLEX and b not in (*COMPLEX, "bool"):
        with pytest.raises(TypeError):
            xp.astype(x, dtype_of(b))
        return
    found = xp.astype(x, dtype_of(b))
    assert name_of(found.dtype) == b
    assert np.array_equal(to_numpy(found), values.astype(b))
    same = xp.astype(x, dtype_of(b), copy=False)
    assert (same is x) == (a == b)
    copied = xp.astype(x, dtype_of(b), copy=True)
    assert copied is not x
    copied[0] = True
    assert np.array_equal(to_numpy(x), values), "astype(copy=True) shares memory"


def test_defaults() -> None:
    info = xp.__array_namespace_info__()
    defaults = info.default_dtypes()
    assert set(defaults) == {"real floating", "complex floating", "integral", "indexing"}
    assert name_of(defaults["real floating"]) == "float64"
    assert name_of(defaults["complex floating"]) == "complex128"
    assert name_of(defaults["integral"]) == "int64"
    assert name_of(defaults["indexing"]) == "int64"
    assert defaults == info.default_dtypes(device=None)
    assert defaults == info.default_dtypes(device=info.default_device())


@pytest.mark.parametrize("kind", [None, *KINDS, ("bool", "integral"), ("real floating",), ()])
def test_info_dtypes(kind: Any) -> None:
    found = xp.__array_namespace_info__().dtypes(kind=kind)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    wanted = ALL_DTYPES if kind is None else sum((KINDS[k] for k in kinds), ())
    assert set(found) == set(wanted)
    assert all(found[name] == dtype_of(name) for name in found)


def test_info_devices_and_capabilities() -> None:
    info = xp.__array_namespace_info__()
    devices = info.devices()
    assert isinstance(devices, tuple)
    assert info.default_device() in devices
    x = xp.zeros(3, device=info.default_device())
    assert x.device in devices
    assert to_numpy(x.to_device(x.device)).tolist() == [0, 0, 0]
    capabilities = info.capabilities()
    assert capabilities["boolean indexing"] is True
    assert capabilities["data-dependent shapes"] is True
    assert capabilities["max dimensions"] is None or capabilities["max dimensions"] >= 8
