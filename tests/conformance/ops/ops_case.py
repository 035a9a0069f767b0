"""The namespace under test, its dtypes, and how results are compared with NumPy's.

EMBER_OPS_NAMESPACE names another namespace (`numpy`, `array_api_strict`): the tests themselves are
tested with those, whose faults are known.
"""

import importlib
import inspect
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

NAMESPACE = os.environ.get("EMBER_OPS_NAMESPACE", "emberharmony.ops")
xp = importlib.import_module(NAMESPACE)
IS_EMBER = NAMESPACE in ("emberharmony.ops", "emshim")

SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGERS = SIGNED + UNSIGNED
REAL_FLOATS = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
FLOATS = REAL_FLOATS + COMPLEX
REALS = INTEGERS + REAL_FLOATS
NUMERIC = REALS + COMPLEX
ALL_DTYPES = ("bool", *NUMERIC)

REAL_OF = {"complex64": "float32", "complex128": "float64"}
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}
EPS = {"float32": 2.0**-23, "float64": 2.0**-52, "complex64": 2.0**-23, "complex128": 2.0**-52}


def dtype_of(name: str, namespace: Any = xp) -> Any:
    """The namespace's dtype object of that name."""
    return getattr(namespace, name)


def name_of(dtype: Any, namespace: Any = xp) -> str:
    """The name of a dtype, found by comparison: all that the standard promises of dtypes."""
    for name in ALL_DTYPES:
        if dtype == getattr(namespace, name):
            return name
    raise AssertionError(f"expected a dtype of the standard, found {dtype!r}")


def kind_of(name: str) -> str:
    """bool, signed, unsigned, real or complex."""
    for kind, names in (
        ("signed", SIGNED),
        ("unsigned", UNSIGNED),
        ("real", REAL_FLOATS),
        ("complex", COMPLEX),
    ):
        if name in names:
            return kind
    return "bool"


def promoted(*names: str) -> str | None:
    """The dtype that dtypes promote to, None where promotion is refused.

    Within a kind the standard's table; across kinds NumPy 2's, but uint64 with a signed integer is
    refused, because its float64 would lose digits.
    """
    if "uint64" in names and any(name in SIGNED for name in names):
        return None
    return np.result_type(*[np.dtype(name) for name in names]).name


def to_numpy(x: Any) -> np.ndarray:
    """A NumPy array of x's values; the copy keeps nothing of x alive."""
    return np.array(x, copy=True)


def text_of(values: np.ndarray, limit: int = 12) -> str:
    """Some values, for a message."""
    flat = values.reshape(-1)
    return ", ".join(repr(value) for value in flat[:limit].tolist()) + (
        ", ..." if flat.size > limit else ""
    )


def check_array(found: Any, dtype: str, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Checks type, dtype and shape of a result and returns its values."""
    assert hasattr(found, "dtype"), f"{what}: expected an array, found {type(found).__name__}"
    assert name_of(found.dtype) == dtype, f"{what}: expected dtype {dtype}, found {found.dtype}"
    assert tuple(found.shape) == tuple(shape), (
        f"{what}: expected shape {tuple(shape)}, found {tuple(found.shape)}"
    )
    values = to_numpy(found)
    assert values.dtype.name == dtype, f"{what}: its NumPy copy has dtype {values.dtype}"
    assert values.shape == tuple(shape), f"{what}: its NumPy copy has shape {values.shape}"
    return values


def _report(wrong: np.ndarray, found: np.ndarray, expected: np.ndarray, what: str) -> None:
    if not wrong.any():
        return
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape) if wrong.ndim else ()
    raise AssertionError(
        f"{what}: {int(wrong.sum())} of {wrong.size} values differ, the first at "
        f"{tuple(map(int, first))}: expected {expected[first]!r}, found {found[first]!r}"
    )


def _parts(values: np.ndarray) -> list[np.ndarray]:
    return [values.real, values.imag] if values.dtype.kind == "c" else [values]


def assert_exact(found: np.ndarray, expected: np.ndarray, what: str, zero_signs: bool = True):
    """The same values; NaN equals NaN; +0 and -0 differ unless zero_signs is False."""
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}"
    for found_part, expected_part in zip(_parts(found), _parts(expected), strict=True):
        same = found_part == expected_part
        if found_part.dtype.kind == "f":
            same |= np.isnan(found_part) & np.isnan(expected_part)
            if zero_signs:
                zeros = (found_part == 0) & (expected_part == 0)
                same &= ~zeros | (np.signbit(found_part) == np.signbit(expected_part))
        _report(~same, found, expected, what)


def assert_ulp(found: np.ndarray, expected: np.ndarray, ulp: float, what: str) -> None:
    """Real values within so many units in the last place; zeros, infinities and NaN where expected.

    Results below the smallest normal number may differ by that many of its last places.
    """
    with np.errstate(all="ignore"):
        bad = np.isnan(found) != np.isnan(expected)
        finite = np.isfinite(expected) & np.isfinite(found)
        # One side may round to infinity where the other stops at the largest number.
        largest = np.finfo(expected.dtype).max
        edge = np.isinf(found) ^ np.isinf(expected)
        near = (np.abs(np.where(np.isinf(found), expected, found)) > largest * 0.999999) & (
            np.signbit(found) == np.signbit(expected)
        )
        bad |= edge & ~near & ~np.isnan(found) & ~np.isnan(expected)
        bad |= np.isinf(found) & np.isinf(expected) & (found != expected)
        spacing = np.spacing(np.where(finite, np.abs(expected), 1))
        distance = np.abs(np.where(finite, found, 0) - np.where(finite, expected, 0))
        bad |= finite & ~(distance <= ulp * spacing)
    _report(bad, found, expected, what)


def assert_close(
    found: np.ndarray, expected: np.ndarray, tolerance: np.ndarray | float, what: str
) -> None:
    """|found - expected| <= tolerance (absolute), as numbers of the complex plane if complex.

    Where the expected value is not finite, found must not be finite either.
    """
    with np.errstate(all="ignore"):
        finite = np.isfinite(expected)
        distance = np.abs(np.where(finite, found, 0) - np.where(finite, expected, 0))
        wrong = np.where(finite, ~(distance <= tolerance), np.isfinite(found))
    _report(np.asarray(wrong), found, expected, what)


def assert_all_refuse(calls: Iterable[Callable[[], Any]], *errors: type[Exception]) -> None:
    """Each call must raise one of the errors; the message shows the source of those that do not."""
    faults = []
    for call in calls:
        source = inspect.getsource(call).strip()
        try:
            result = call()
        except errors:
            continue
        except Exception as error:
            faults.append(f"{source} raises {type(error).__name__}: {error}")
        else:
            faults.append(f"{source} gives {type(result).__name__}")
    names = " or ".join(error.__name__ for error in errors)
    assert not faults, f"expected {names}:\n" + "\n".join(faults)
