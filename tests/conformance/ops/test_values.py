"""Each function of the standard against NumPy, and array-api-strict's view of dtypes and shapes.

The tables of calls are in ops_calls*.py. Arrays have every dtype, rank, size (zero too) and memory
layout; see ops_arrays.py.
"""

from typing import Any

import numpy as np
import ops_calls_extras
import ops_calls_linalg
import ops_calls_reductions
import ops_calls_shapes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops_arrays import resolve
from ops_calls import CALLS, plain
from ops_case import IS_EMBER, name_of, to_numpy, xp
from test_signatures import SIGNATURES

TABLES = (ops_calls_extras, ops_calls_linalg, ops_calls_reductions, ops_calls_shapes)
# Functions with no single right result, or no result; where they are tested instead.
ELSEWHERE = {
    "asarray": "test_object.py",
    "empty": "test_object.py",
    "empty_like": "test_object.py",
    "from_dlpack": "test_interop.py",
    "astype": "test_dtypes.py",
    "can_cast": "test_dtypes.py",
    "finfo": "test_dtypes.py",
    "iinfo": "test_dtypes.py",
    "isdtype": "test_dtypes.py",
    "result_type": "test_dtypes.py",
    "broadcast_shapes": "test_object.py",
    "__array_namespace_info__": "test_dtypes.py",
    "linalg.matmul": "the same as matmul",
    "linalg.matrix_transpose": "the same as matrix_transpose",
    "linalg.tensordot": "the same as tensordot",
    "linalg.vecdot": "the same as vecdot",
}
for _name in ("cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matrix_power"):
    ELSEWHERE["linalg." + _name] = "test_linalg.py"
for _name in ("matrix_rank", "pinv", "qr", "slogdet", "solve", "svd", "svdvals"):
    ELSEWHERE["linalg." + _name] = "test_linalg.py"


def function_of(name: str, namespace: Any) -> Any:
    f = namespace
    for part in name.split(" ")[0].split("."):
        f = getattr(f, part)
    return f


def test_every_function_is_tested() -> None:
    assert all(TABLES)
    names = {name for name, _ in SIGNATURES if not name.startswith(("x.", "info."))}
    missing = names - set(CALLS) - set(ELSEWHERE)
    assert not missing, missing


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_against_numpy(name: str, data: Any) -> None:
    call = CALLS[name]
    positional, keywords = data.draw(call.strategy)
    expected = call.reference(*map(plain, positional), **{k: plain(v) for k, v in keywords.items()})
    found = function_of(name, xp)(*resolve(positional), **resolve(keywords))
    call.check(found, expected, (positional, keywords), name)


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_second_opinion(name: str, data: Any) -> None:
    """The standard's reference implementation, where it takes the arguments: dtypes and shapes."""
    import array_api_strict as strict

    call = CALLS[name]
    positional, keywords = data.draw(call.strategy)
    try:
        theirs = function_of(name, strict)(
            *resolve(positional, strict), **resolve(keywords, strict)
        )
    except (TypeError, ValueError, IndexError, AttributeError, NotImplementedError):
        return
    mine = function_of(name, xp)(*resolve(positional), **resolve(keywords))
    compare_opinions(mine, theirs, strict, name)


def compare_opinions(mine: Any, theirs: Any, strict: Any, name: str) -> None:
    if isinstance(theirs, tuple | list):
        assert len(mine) == len(theirs), name
        assert getattr(mine, "_fields", None) == getattr(theirs, "_fields", None), name
        for one, other in zip(mine, theirs, strict=True):
            if not name.startswith("unique"):
                compare_opinions(one, other, strict, name)
        return
    assert name_of(mine.dtype) == name_of(theirs.dtype, strict), name
    if name == "unique_values":
        return
    assert tuple(mine.shape) == tuple(theirs.shape), name
    one, other = to_numpy(mine), np.asarray(theirs)
    if one.dtype.kind in "fc":
        assert np.isfinite(one).shape == np.isfinite(other).shape
    elif name not in ("floor_divide", "remainder", "argsort", "isin"):
        # Of those four the reference takes liberties: integers by zero, unstable orders, NaN.
        assert np.array_equal(one, other), name


@pytest.mark.skipif(not IS_EMBER, reason="a promise of ours alone")
@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_layouts_give_the_same_bits(name: str, data: Any) -> None:
    """A result does not depend on how its operands lie in memory."""
    import ops_arrays as oa

    positional, keywords = data.draw(CALLS[name].strategy)
    layout = data.draw(st.sampled_from(oa.LAYOUTS[1:]))

    def laid(argument: Any, other: str) -> Any:
        if isinstance(argument, oa.Array):
            return oa.Array(argument.values, other)
        if isinstance(argument, tuple | list):
            return type(argument)(laid(item, other) for item in argument)
        return argument

    results = []
    for other in ("plain", layout):
        own = laid(positional, other)
        options = {key: laid(value, other) for key, value in keywords.items()}
        results.append(function_of(name, xp)(*resolve(own), **resolve(options)))
    for one, two in zip(*map(parts_of, results), strict=True):
        assert one.dtype == two.dtype
        assert one.shape == two.shape
        same = np.array(one, order="C").tobytes() == np.array(two, order="C").tobytes()
        assert same, f"{name}: plain and {layout} differ"


def parts_of(result: Any) -> list[np.ndarray]:
    return [to_numpy(part) for part in (result if isinstance(result, tuple | list) else (result,))]
