"""The package: names, signatures, documentation, stubs, how arguments are bound, threads."""

import ast
import importlib
import inspect
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import emberharmony
from emberharmony import backend_utils, ops

MODULES = {"ops": ops, "linalg": ops.linalg, "fft": ops.fft, "random": ops.random}


def functions() -> list:
    """(module, name, function) of every function that is compiled."""
    return [
        pytest.param(name, function, id=f"{module}.{name}")
        for module, namespace in MODULES.items()
        for name in namespace.__all__
        if inspect.isbuiltin(function := getattr(namespace, name))
    ]


@pytest.mark.parametrize(("name", "function"), functions())
def test_functions_tell_how_to_call_them(name: str, function: object) -> None:
    signature = inspect.signature(function)
    documentation = inspect.getdoc(function)
    assert documentation, "no docstring"
    first = documentation.split("\n\n")[0]
    assert first.endswith("."), f"expected a sentence first, found {first!r}"
    assert not signature.parameters or "Args:" in documentation


def stub_functions(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("module", MODULES)
def test_stubs_have_every_name_with_its_signature(module: str) -> None:
    namespace = MODULES[module]
    folder = Path(emberharmony.__file__).parent / "ops"
    path = folder / ("__init__.pyi" if module == "ops" else f"{module}.pyi")
    stubs = stub_functions(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    missing = set(namespace.__all__) - set(stubs) - names
    assert not missing
    for name, stub in stubs.items():
        signature = inspect.signature(getattr(namespace, name))
        arguments = stub.args
        found = [each.arg for each in arguments.posonlyargs + arguments.args]
        found += [arguments.vararg.arg] if arguments.vararg else []
        found += [each.arg for each in arguments.kwonlyargs]
        assert found == list(signature.parameters), name
        assert stub.returns is not None, name
        assert ast.get_docstring(stub), name


@pytest.mark.parametrize(
    "module",
    [
        "",
        ".backend_utils",
        ".bigquery",
        ".features",
        ".ops",
        ".ops.fft",
        ".ops.linalg",
        ".ops.random",
    ],
)
def test_a_module_shows_what_it_offers_and_nothing_else(module: str) -> None:
    found = importlib.import_module(f"emberharmony{module}")
    assert dir(found) == sorted(found.__all__)
    assert all(hasattr(found, name) for name in dir(found))
    assert len(dir(found)) == len(set(dir(found)))


def test_the_class_has_a_stub_of_every_attribute() -> None:
    path = Path(emberharmony.__file__).parent / "_core.pyi"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (tensor,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Tensor")
    stubbed = {node.name for node in tensor.body if isinstance(node, ast.FunctionDef)}
    public = {name for name in dir(ops.Tensor) if not name.startswith("_")}
    assert public <= stubbed, public - stubbed


def test_the_reference_is_up_to_date(root: Path) -> None:
    process = subprocess.run(
        [
            sys.executable,
            root / "python" / "generate_reference.py",
            Path(emberharmony.__file__).parent.parent,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    page = (root / "docs" / "reference" / "ops.md").read_text(encoding="utf-8")
    assert page == process.stdout, "run `make reference`"


def test_names_are_where_they_should_be() -> None:
    assert ops.add.__module__ == "emberharmony.ops"
    assert ops.mod is ops.remainder
    assert ops.power is ops.pow
    assert emberharmony.__version__ == "0.1.0"
    assert ops.__array_api_version__ == "2025.12"
    assert ops.fft(ops.asarray([1.0, 0.0])).tolist() == ops.fft.fft([1.0, 0.0]).tolist()
    namespace: dict[str, object] = {}
    exec("from emberharmony.ops import *", namespace)
    assert namespace["add"] is ops.add


def test_how_arguments_are_bound() -> None:
    for call, message in (
        (lambda: ops.add(), "missing required argument: 'x1'"),
        (lambda: ops.add(1.0), "missing required argument: 'x2'"),
        (lambda: ops.add(1.0, 2.0, 3.0), "takes 2 positional arguments but 3 were given"),
        (lambda: ops.add(1.0, x2=2.0), "positional-only argument passed as a keyword"),
        (lambda: ops.add(1.0, 2.0, y=2.0), "unexpected keyword argument 'y'"),
        (lambda: ops.all(1.0, 0, True), "takes from 1 to 2 positional arguments but 3 were given"),
        (lambda: ops.clip(1.0, 2.0, min=2.0), "multiple values for argument 'min'"),
        (lambda: ops.add(None, 1.0), "add"),
        (lambda: ops.reshape([1.0], shape="a"), "integer"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()
    dtype = "".join(["float", "32"])  # a name that is not interned
    assert ops.asarray(1.0, **{"".join(["dty", "pe"]): dtype}).dtype == ops.float32


def test_methods_take_arguments_by_position() -> None:
    x = ops.asarray(np.arange(6.0).reshape(2, 3))
    assert x.astype("float32").dtype == ops.float32
    assert x.sum(0).tolist() == [3.0, 5.0, 7.0]
    assert x.sum(axis=1, keepdims=True).tolist() == [[3.0], [12.0]]
    assert x.mean().item() == 2.5
    assert x.reshape((3, 2)).shape == (3, 2)


def test_limits() -> None:
    for name in ("float32", "float64", "complex64", "complex128"):
        found, expected = ops.finfo(getattr(ops, name)), np.finfo(name)
        for attribute in ("bits", "eps", "max", "min", "smallest_normal"):
            assert getattr(found, attribute) == getattr(expected, attribute)
            assert isinstance(getattr(found, attribute), int if attribute == "bits" else float)
        assert found.dtype == expected.dtype.name
    for name in ("int8", "int64", "uint8", "uint64"):
        found, expected = ops.iinfo(getattr(ops, name)), np.iinfo(name)
        assert (found.bits, found.max, found.min) == (expected.bits, expected.max, expected.min)
    assert ops.finfo(ops.asarray(1.0)).bits == 64
    for function, wrong in ((ops.finfo, ops.int8), (ops.iinfo, ops.float32), (ops.iinfo, "text")):
        with pytest.raises(TypeError):
            function(wrong)


def test_backend_utilities() -> None:
    sine, cosine = backend_utils.sin_cos_transform([0.0, 6.0, 12.0], period=24)
    np.testing.assert_allclose(np.asarray(sine), [0.0, 1.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(np.asarray(cosine), [1.0, 0.0, -1.0], atol=1e-15)
    assert backend_utils.vstack_safe([[1.0, 2.0], [3.0, 4.0]]).shape == (2, 2)
    with pytest.raises(ValueError):
        backend_utils.vstack_safe([[1.0, 2.0], [3.0]])
    assert backend_utils.get_backend_info()["name"] == "native"
    assert isinstance(backend_utils.tensor_to_numpy_safe([1.0]), np.ndarray)
    with pytest.warns(UserWarning, match="nothing"):
        assert backend_utils.set_preferred_backend("nothing") == "native"
    with pytest.raises(ValueError, match="native"):
        ops.set_backend("nothing")
    with pytest.raises(ValueError, match="cpu"):
        ops.set_default_device("cuda")
    backend_utils.initialize_random_seed(7)
    first = backend_utils.random_uniform((3,)).tolist()
    backend_utils.initialize_random_seed(7)
    assert backend_utils.random_uniform((3,)).tolist() == first


def test_memory_is_told() -> None:
    assert ops.memory_usage() > 1_000_000
    info = ops.memory_info()
    assert info["total"] >= info["available"] > 0


def test_the_number_of_threads() -> None:
    before = ops.get_num_threads()
    try:
        ops.set_num_threads(3)
        assert ops.get_num_threads() == 3
        with pytest.raises(ValueError):
            ops.set_num_threads(0)
    finally:
        ops.set_num_threads(before)


def test_large_operations_let_other_threads_run_and_agree() -> None:
    x = ops.asarray(np.arange(200_000.0))
    expected = np.sqrt(np.arange(200_000.0))
    results: list[object] = []

    def work() -> None:
        results.extend(ops.sqrt(x) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    for result in results:
        np.testing.assert_array_equal(np.asarray(result), expected)


def test_a_package_that_is_not_compiled_says_so(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "python" / "emberharmony", tmp_path / "emberharmony")
    process = subprocess.run(
        [sys.executable, "-S", "-c", "from emberharmony import ops"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "without its compiled module: run `make build`" in process.stderr


def test_the_module_ends_quietly_with_tensors_alive() -> None:
    """Objects of other libraries are let go of while the interpreter shuts down."""
    program = (
        "import numpy as np, sys; from emberharmony import ops\n"
        "kept = [ops.asarray(np.arange(10.0)), ops.from_dlpack(np.arange(3)), ops.fft]\n"
        "sys.kept = [x + 1 for x in kept[:2]] + [kept[0].__dlpack__(max_version=(1, 0))]\n"
        "a = np.asarray(ops.asarray([1.0]) * 2); sys.array = a[:1]\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(emberharmony.__file__).parent.parent), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
