"""Array API namespaces as backends: NumPy, the strict one, and ones that misbehave."""

import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from emberharmony import ops

strict = pytest.importorskip("array_api_strict")
if "strict" not in ops.get_available_backends():
    ops.register_backend("strict", strict)

FLOATS = ("float32", "float64")
COMPLEXES = ("complex64", "complex128")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
REALS = (*FLOATS, *INTEGERS)
ALL = ("bool", *REALS, *COMPLEXES)
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -2.5, 3e-300, 1e300, 7.0]

UNARY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("negative", "square", "sign"), (*REALS, *COMPLEXES)),
    "abs": (*REALS, *COMPLEXES),
    **dict.fromkeys(("floor", "ceil", "trunc", "round"), REALS),
    **dict.fromkeys(
        ["exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "tanh"],
        FLOATS,
    ),
    **dict.fromkeys(
        ["acos", "acosh", "asin", "asinh", "atan", "atanh", "sinh", "cosh", "reciprocal"], FLOATS
    ),
    **dict.fromkeys(("isnan", "isfinite", "isinf"), ALL),
    "signbit": FLOATS,
    "logical_not": ("bool",),
    "real": COMPLEXES,
    "imag": COMPLEXES,
    "conj": COMPLEXES,
    "bitwise_invert": ("bool", *INTEGERS),
}
BINARY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("add", "subtract", "multiply"), (*REALS, *COMPLEXES)),
    "divide": FLOATS,
    **dict.fromkeys(("floor_divide", "remainder", "pow"), REALS),
    **dict.fromkeys(("minimum", "maximum"), REALS),
    **dict.fromkeys(["atan2", "hypot", "logaddexp", "copysign", "nextafter"], FLOATS),
    **dict.fromkeys(("equal", "not_equal"), ALL),
    **dict.fromkeys(["less", "less_equal", "greater", "greater_equal"], REALS),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), ("bool", *INTEGERS)),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), INTEGERS),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), ("bool",)),
}


def values(dtype: str, seed: int) -> np.ndarray[Any, Any]:
    """All pairs of special values, then random ones; of integers all pairs of extremes."""
    generator = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return generator.integers(0, 2, 160).astype(bool)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        some = [0, 1, 2, 3, 5, limits.max, limits.max - 1, limits.min, limits.min + 1]
        special = np.array(some, dtype=kind)
    else:
        with np.errstate(over="ignore"):
            special = np.array(SPECIAL, dtype=kind)
    count = len(special)
    pairs = np.repeat(special, count) if seed % 2 == 0 else np.tile(special, count)
    random = generator.normal(0, 3, 100)
    if kind.kind == "c":
        # Complex infinities are each library's own affair; here are finite ones.
        return (random + 1j * generator.normal(0, 3, 100)).astype(kind)
    return np.concatenate([pairs, np.abs(random).astype(kind)])


def assert_same(found: Any, expected: Any, *, exact: bool, context: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype, context
    assert found.shape == expected.shape, context
    if exact or found.dtype.kind in "biu":
        np.testing.assert_array_equal(found, expected, err_msg=context)
        return
    ulps = 4 * np.finfo(found.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=ulps, atol=0, err_msg=context)
    if found.dtype.kind == "f":
        zeros = (found == 0) & (expected == 0)
        np.testing.assert_array_equal(
            np.signbit(found[zeros]), np.signbit(expected[zeros]), err_msg=context
        )


@pytest.fixture(params=["numpy", "strict"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    with ops.use_backend(request.param) as name:
        ops.backend_counts(reset=True)
        yield name


def both(backend: str, call: Callable[[], Any]) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = call()
    with ops.use_backend("native"):
        return found, call()


@pytest.mark.parametrize("name", UNARY)
def test_unary(backend: str, name: str) -> None:
    for dtype in UNARY[name]:
        x = ops.asarray(values(dtype, 0))
        found, expected = both(backend, lambda x=x: getattr(ops, name)(x))
        assert_same(found, expected, exact=False, context=f"{name} {dtype} {backend}")


@pytest.mark.parametrize("name", BINARY)
def test_binary(backend: str, name: str) -> None:
    for dtype in BINARY[name]:
        x, y = ops.asarray(values(dtype, 0)), ops.asarray(values(dtype, 1))
        if "shift" in name:
            y = ops.abs(ops.remainder(y, np.iinfo(dtype).bits))
        if name == "pow" and dtype in INTEGERS:
            y = ops.astype(ops.asarray(values("uint8", 1) % 4), dtype)
        found, expected = both(backend, lambda x=x, y=y: getattr(ops, name)(x, y))
        assert_same(found, expected, exact=False, context=f"{name} {dtype} {backend}")


def calls() -> dict[str, Callable[[], Any]]:
    """Operations with attributes, on tensors of several layouts."""
    wide = ops.asarray(np.random.default_rng(3).normal(0, 2, (4, 6, 5)))
    turned = ops.permute_dims(wide, (2, 0, 1))
    narrow = ops.asarray(np.random.default_rng(4).integers(-9, 9, (5, 8)), dtype="int8")
    nan = ops.asarray([[2.0, np.nan, -0.0, 0.0], [1.0, 1.0, -3.0, np.inf]])
    square = ops.asarray(np.random.default_rng(5).normal(0, 1, (3, 4, 4)))
    positive = ops.matmul(square, ops.matrix_transpose(square)) + 4 * ops.eye(4)
    spectrum = ops.astype(wide, "complex128")
    f32 = ops.astype(wide, "float32")
    return {
        **{
            f"{name} {axis} {keepdims}": lambda name=name, axis=axis, keepdims=keepdims: getattr(
                ops, name
            )(turned, axis=axis, keepdims=keepdims)
            for name in ["sum", "prod", "mean", "var", "min", "max", "any", "all", "count_nonzero"]
            for axis in (None, 0, (0, 2))
            for keepdims in (False, True)
        },
        **{
            f"{name} {axis}": lambda name=name, axis=axis: getattr(ops, name)(turned, axis=axis)
            for name in ("argmax", "argmin", "sort", "argsort", "cumulative_sum", "cumulative_prod")
            for axis in (0, 2)
        },
        "var of one": lambda: ops.var(ops.ones((1, 3)), axis=0, correction=1),
        "sum of int8": lambda: ops.sum(narrow, dtype="int8"),
        "min of nan": lambda: ops.min(nan, axis=0),
        "max of zeros": lambda: ops.max(ops.asarray([-0.0, 0.0, -0.0])),
        "argmax of all": lambda: ops.argmax(wide),
        "argmax kept": lambda: ops.argmax(narrow, axis=1, keepdims=True),
        "sort of nan": lambda: ops.sort(nan, axis=1),
        "argsort of ties": lambda: ops.argsort(narrow, axis=0, stable=True),
        "argsort of nan": lambda: ops.argsort(nan, axis=1),
        "sort descending": lambda: ops.sort(narrow, axis=0, descending=True),
        "with initial": lambda: ops.cumulative_sum(narrow, axis=1, include_initial=True),
        "left": lambda: ops.searchsorted(ops.asarray([1.0, 2.0, 2.0, 3.0]), nan),
        "right": lambda: ops.searchsorted(ops.asarray([1, 2, 2, 3]), narrow, side="right"),
        "take": lambda: ops.take(turned, ops.asarray([3, 0, 1, 0]), axis=1),
        "take many": lambda: ops.take(turned, ops.asarray([[3, 0], [1, -1]]), axis=1),
        "take along": lambda: ops.take_along_axis(narrow, ops.argsort(narrow, axis=1), axis=1),
        "where": lambda: ops.where(ops.asarray([[True], [False]]), nan, ops.asarray(1.0)),
        "clip": lambda: ops.clip(nan, -1.0, 1.0),
        "clip integers": lambda: ops.clip(narrow, -2, 3),
        "astype": lambda: ops.astype(narrow, "float32"),
        "astype of floats": lambda: ops.astype(nan, "int32"),
        "wrap": lambda: ops.astype(narrow, "uint8"),
        "matmul": lambda: ops.matmul(square, wide[:3, :4, :]),
        "matmul vectors": lambda: ops.matmul(wide[0, 0], wide[0, 1]),
        "matmul of integers": lambda: ops.matmul(narrow, ops.permute_dims(narrow, (1, 0))),
        "det": lambda: ops.linalg.det(square),
        "inv": lambda: ops.linalg.inv(positive),
        "solve": lambda: ops.linalg.solve(positive, square),
        "solve vector": lambda: ops.linalg.solve(positive[0], square[0, 0]),
        "cholesky": lambda: ops.linalg.cholesky(positive),
        "upper": lambda: ops.linalg.cholesky(positive, upper=True),
        "svdvals": lambda: ops.linalg.svdvals(square),
        "eigvalsh": lambda: ops.linalg.eigvalsh(positive),
        "qr": lambda: ops.linalg.qr(square)[0],
        "fft": lambda: ops.fft.fft(spectrum, axis=1),
        "longer": lambda: ops.fft.fft(spectrum, n=9, axis=1, norm="ortho"),
        "ifft": lambda: ops.fft.ifft(spectrum, n=5, axis=0),
        "rfft": lambda: ops.fft.rfft(wide, axis=2),
        "rfft of float32": lambda: ops.fft.rfft(f32, n=4),
        "irfft": lambda: ops.fft.irfft(spectrum, axis=1),
        "irfft odd": lambda: ops.fft.irfft(spectrum, n=7, axis=1, norm="forward"),
        "broadcast": lambda: ops.add(wide, ops.asarray(1.0)),
        "reversed": lambda: ops.exp(ops.flip(wide)),
        "empty": lambda: ops.sum(ops.zeros((0, 3)), axis=0),
        "rank 0": lambda: ops.sin(ops.asarray(0.5)),
        "normal": lambda: (ops.random.set_seed(3), ops.random.normal((9,)))[1],
    }


@pytest.mark.parametrize("name", list(calls()))
def test_with_attributes(backend: str, name: str) -> None:
    found, expected = both(backend, calls()[name])
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if found.dtype.kind in "biu":
        np.testing.assert_array_equal(found, expected)
        return
    # Sums, products and transforms of a few dozen numbers of about 1.
    scale = np.nanmax(np.abs(expected), initial=1.0, where=np.isfinite(expected))
    atol = 1e3 * float(np.finfo(found.dtype).eps) * scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    zeros = (found == 0) & (expected == 0)
    if found.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


def test_most_operations_run_in_the_namespace(backend: str) -> None:
    for call in calls().values():
        call()
    for name in (*UNARY, *BINARY):
        dtype = (UNARY.get(name) or BINARY[name])[0]
        x = ops.ones(4, dtype=dtype)
        getattr(ops, name)(*([x] if name in UNARY else [x, x]))
    counts = ops.backend_counts()
    ran = {name for name, count in counts.items() if count["ran"]}
    fell_back = {name: count["reason"] for name, count in counts.items() if count["fell_back"]}
    assert len(ran) >= 75, sorted(fell_back.items())
    assert all(fell_back.values()), fell_back
    assert "library's" in str(fell_back["random_normal"])
    assert fell_back["sort"] == "Refusal: NumPy cannot sort in descending order"


def test_a_result_may_take_its_inputs_place(backend: str) -> None:
    x = ops.asarray([1.0, 2.0, 3.0, 4.0])
    x += x[::-1]
    assert x.tolist() == [5.0, 5.0, 5.0, 5.0]
    x *= x
    assert x.tolist() == [25.0] * 4


def misbehaving() -> types.SimpleNamespace:
    def failing(*_: Any, **__: Any) -> Any:
        raise RuntimeError("not today")

    def leaving(*_: Any) -> Any:
        raise SystemExit(3)

    return types.SimpleNamespace(
        **{name: getattr(np, name) for name in ("asarray", *ALL)},
        add=failing,
        subtract=lambda x, y: np.subtract(x, y).astype("float32"),
        multiply=lambda x, _: x[:-1],
        sin=lambda _: object(),
        cos=lambda _: None,
        exp=leaving,
        tan=lambda x: np.asarray(ops.tan(ops.asarray(x))),
        negative=lambda x: np.asarray(["text"] * len(x)),
        square="no function",
        floor=lambda x: np.floor(x)[:1],
    )


def test_what_a_namespace_does_wrong_is_computed_natively() -> None:
    if "misbehaving" not in ops.get_available_backends():
        ops.register_backend("misbehaving", misbehaving())
    x = ops.asarray([1.0, 2.0, 4.0])
    with ops.use_backend("misbehaving"):
        ops.backend_counts(reset=True)
        assert ops.add(x, x).tolist() == [2.0, 4.0, 8.0]
        assert ops.subtract(x, 1.0).tolist() == [0.0, 1.0, 3.0]
        assert ops.multiply(x, x).tolist() == [1.0, 4.0, 16.0]
        assert ops.negative(x).tolist() == [-1.0, -2.0, -4.0]
        assert ops.square(x).tolist() == [1.0, 4.0, 16.0]
        assert ops.floor(x).tolist() == [1.0, 2.0, 4.0]
        for name in ("sin", "cos", "exp", "tan"):
            expected = getattr(np, name)(np.asarray(x))
            np.testing.assert_allclose(np.asarray(getattr(ops, name)(x)), expected, rtol=1e-15)
        counts = ops.backend_counts()
    reasons = {name: str(count["reason"]) for name, count in counts.items()}
    assert reasons["add"] == "RuntimeError: not today"
    assert reasons["subtract"] == "it gives float32 for float64"
    assert reasons["exp"] == "SystemExit: 3"
    assert "shape (1,)" in reasons["floor"]
    assert reasons["square"] == "the namespace has no function square"
    # Called by the namespace itself it does not call the namespace again, and the outer call runs.
    assert counts["tan"]["ran"] == 1
    assert counts["tan"]["reason"] == "called from within the namespace itself"
    assert all(counts[name]["ran"] == 0 for name in counts if name != "tan")


def test_singular_matrices_are_the_librarys_error(backend: str) -> None:
    with pytest.raises(ops.linalg.LinAlgError):
        ops.linalg.inv(ops.zeros((2, 2)))


def test_a_block_restores_the_backend() -> None:
    assert ops.get_backend() == "native"
    with ops.use_backend("numpy") as name:
        assert name == ops.get_backend() == "numpy"
        with ops.use_backend("auto"):
            assert ops.get_backend() == "native"
        assert ops.get_backend() == "numpy"
        with pytest.raises(ValueError, match="register_backend"), ops.use_backend("nothing"):
            pass
        assert ops.get_backend() == "numpy"
    with pytest.raises(KeyError), ops.use_backend("strict"):
        raise KeyError
    assert ops.get_backend() == "native"


def test_explain() -> None:
    native = {"op": "add", "chosen": "native", "backend": "native", "reason": ""}
    assert ops.explain("add", (3, 4), "float32") == native
    with ops.use_backend("numpy"):
        assert ops.explain("add", (3, 4), ops.float32)["backend"] == "numpy"
        maximum = ops.explain("maximum", (8,), "float64")
        assert maximum["backend"] == "native"
        assert "sign" in str(maximum["reason"])
        assert ops.explain("maximum", (8,), "int32")["backend"] == "numpy"
        assert ops.backend_counts() == {} or "maximum" not in ops.backend_counts()
    with pytest.raises(ValueError, match="matmul"):
        ops.explain("no such operation")
    with pytest.raises(ValueError, match="found 'mattmul'; is 'matmul' meant") as raised:
        ops.explain("mattmul")
    assert len(str(raised.value)) < 120
    assert ops.explain("add", 3) == ops.explain("add", (3,)) == ops.explain("add", [3])
    with pytest.raises(TypeError, match="shape: expected an integer or a sequence of integers"):
        ops.explain("add", 3.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape: expected lengths of at least 0"):
        ops.explain("add", (3, -1))
    with pytest.raises(TypeError, match="sin takes no int32"):
        ops.explain("sin", (3,), "int32")


@pytest.mark.parametrize("name", ["Bad", "../x", "", "auto", "native", "numpy", "strict", 5])
def test_names_that_cannot_be_registered(name: Any) -> None:
    with pytest.raises(ValueError, match="name"):
        ops.register_backend(name, strict)


def test_what_is_no_namespace() -> None:
    with pytest.raises(TypeError, match="asarray"):
        ops.register_backend("five", 5)


def run_python(code: str, **environment: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout + process.stderr


def test_numpy_is_imported_when_it_is_named() -> None:
    code = """
import sys
from emberharmony import ops
ops.add(ops.ones(3), 1.0)
ops.describe_backends(load=False)
print("numpy" in ops.get_available_backends(), "numpy" in sys.modules)
ops.set_backend("numpy")
print(ops.get_backend(), "numpy" in sys.modules, ops.add(ops.ones(2), 1.0).tolist())
"""
    assert run_python(code).split("\n")[:2] == ["True False", "numpy True [2.0, 2.0]"]


def test_the_environment_chooses_numpy() -> None:
    code = "from emberharmony import ops; print(ops.get_backend(), ops.backend_counts())"
    assert run_python(code, EMBERHARMONY_BACKEND="numpy").strip() == "numpy {}"


def test_numpy_is_described() -> None:
    described = {each["name"]: each for each in ops.describe_backends()}["numpy"]
    assert described["is_there"]
    assert described["framework"] == f"numpy {np.__version__}"
    assert described["num_ops"] >= 75
    assert all(described["native_ops"].values())


def test_threads_share_a_namespace(backend: str) -> None:
    code = f"""
import threading
from emberharmony import ops
import array_api_strict
if {backend!r} == "strict": ops.register_backend("strict", array_api_strict)
ops.set_backend({backend!r})
faults = []
def work(i):
    for size in (10, 100_000):
        x = ops.full(size, float(i))
        if float(ops.sum(x + x)) != 2.0 * i * size: faults.append(i)
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
print(faults)
"""
    assert run_python(code).strip() == "[]"


@pytest.mark.parametrize("work", ["ops.sort(big)", "big + 1", "ops.ones(3) + 1"])
def test_the_interpreter_ends_while_a_namespace_computes(backend: str, work: str) -> None:
    code = f"""
import threading
from emberharmony import ops
import array_api_strict
if {backend!r} == "strict": ops.register_backend("strict", array_api_strict)
ops.set_backend({backend!r})
big = ops.random.normal((300, 300), seed=1)
begun = threading.Event()
def run():
    while True:
        {work}
        begun.set()
for _ in range(3):
    threading.Thread(target=run, daemon=True).start()
begun.wait()
print("end")
"""
    for _ in range(2):
        assert run_python(code) == "end\n"
