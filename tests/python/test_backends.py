"""Backends from Python: loaded by name; what they lack is computed natively; they break nothing."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import emberharmony as eh
from emberharmony import ops

LIBRARY = Path(__file__).resolve().parent.parent.parent / "build" / "lib"
PLUGIN = LIBRARY / "libemberharmony_backend_torch.so"
needs_torch = pytest.mark.skipif(not PLUGIN.exists(), reason="the backend torch is not built")


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


@pytest.fixture
def torch_backend() -> Iterator[str]:
    ops.set_backend("torch")
    ops.backend_counts(reset=True)
    yield "torch"
    ops.set_backend("native")


@needs_torch
def test_operations_run_on_torch(torch_backend: str) -> None:
    x = ops.asarray(np.linspace(-3, 3, 24).reshape(4, 6))
    assert ops.get_backend() == torch_backend
    np.testing.assert_allclose(np.asarray(ops.exp(x)), np.exp(np.asarray(x)), rtol=1e-15)
    np.testing.assert_array_equal(np.asarray(x + x), 2 * np.asarray(x))
    np.testing.assert_allclose(np.asarray(ops.sqrt(ops.abs(x))), np.sqrt(np.abs(np.asarray(x))))
    counts = ops.backend_counts()
    assert counts["exp"] == {"ran": 1, "fell_back": 0, "reason": ""}
    assert counts["add"]["ran"] == 1
    assert counts["sqrt"]["fell_back"] == 1
    assert "correctly rounded" in str(counts["sqrt"]["reason"])
    ops.backend_counts(reset=True)
    assert ops.backend_counts() == {}


@needs_torch
def test_the_torch_plugin_runs_with_any_build_of_pytorch() -> None:
    """It is linked to what builds for the CPU and for CUDA both have, and to nothing of CUDA."""
    readelf, nm = shutil.which("readelf"), shutil.which("nm")
    if readelf is None or nm is None:
        pytest.skip("there are no binutils")
    dynamic = subprocess.run([readelf, "-dW", PLUGIN], capture_output=True, text=True, check=True)
    needed = set(re.findall(r"NEEDED.*\[(\S+)\]", dynamic.stdout))
    assert {each for each in needed if "torch" in each or "c10" in each} == {
        "libtorch_cpu.so",
        "libc10.so",
    }
    assert not any("cuda" in each or "nv" in each for each in needed)
    wanted = subprocess.run(
        [nm, "-DC", "--undefined-only", PLUGIN], capture_output=True, text=True, check=True
    ).stdout
    assert "at::add_out" in wanted or "at::_ops::add_out" in wanted
    assert not re.findall(r"(?:at|c10)::(?:cuda|hip|mps)::\S*", wanted)
    assert not re.findall(r" U (?:cu|nv)[A-Z]\S*", wanted)


@pytest.mark.parametrize("call", ["extract", "fit", "transform", "explain", "load_model"])
def test_a_backend_that_is_not_there_is_the_packages_own_error(tmp_path: Path, call: str) -> None:
    rows = pa.table({"x": np.arange(50.0), "y": np.arange(50) % 2})
    plan = {"version": 1, "features": [{"columns": ["x"], "steps": [{"scale": "standard"}]}]}
    model = tmp_path / "model"
    eh.fit(rows, model, plan=plan, progress="none")
    calls = {
        "extract": lambda: eh.extract(rows, tmp_path / "out", target="y", backend="nosuch"),
        "fit": lambda: eh.fit(rows, tmp_path / "out", plan=plan, backend="nosuch"),
        "transform": lambda: eh.transform(model, rows, tmp_path / "out", backend="nosuch"),
        "explain": lambda: eh.explain(plan, rows, backend="nosuch"),
        "load_model": lambda: eh.load_model(model, backend="nosuch"),
    }
    with pytest.raises(eh.UsageError, match="nosuch") as raised:
        calls[call]()
    for name in ("auto", "native", "numpy", "torch", "mlx"):
        assert name in str(raised.value).rpartition("there are")[2]
    assert not (tmp_path / "out").exists()


@needs_torch
def test_random_numbers_are_the_same(torch_backend: str) -> None:
    ops.random.set_seed(5)
    on_torch = np.asarray(ops.random.normal((100,)))
    ops.set_backend("native")
    ops.random.set_seed(5)
    np.testing.assert_array_equal(on_torch, np.asarray(ops.random.normal((100,))))


@needs_torch
@pytest.mark.parametrize("first", ["import torch", "import pyarrow", "pass"])
def test_orders_of_import(first: str) -> None:
    code = f"""{first}
from emberharmony import ops
ops.set_backend("torch")
assert ops.add(ops.ones(3), 1.0).tolist() == [2.0, 2.0, 2.0]
assert ops.matmul(ops.ones((4, 4)), ops.ones((4, 4))).tolist()[0][0] == 4.0
import torch
print(float(torch.matmul(torch.ones(4, 4), torch.ones(4, 4))[0, 0]), ops.get_backend())
"""
    assert run_python(code).split() == ["4.0", "torch"]


@needs_torch
def test_nothing_loads_torch_unless_it_is_named() -> None:
    code = """
from emberharmony import ops
ops.add(ops.ones(3), 1.0)
ops.set_backend("auto")
ops.describe_backends(load=False)
print("libtorch" in open("/proc/self/maps").read())
"""
    assert run_python(code).strip() == "False"


@needs_torch
def test_the_environment_chooses() -> None:
    code = "from emberharmony import ops; print(ops.get_backend())"
    assert run_python(code, EMBERHARMONY_BACKEND="torch").strip() == "torch"


def test_what_is_wrong_with_the_environment_is_a_warning() -> None:
    code = "from emberharmony import ops; print(ops.get_backend())"
    output = run_python(code, EMBERHARMONY_BACKEND="nothing")
    assert output.startswith("native")
    assert "RuntimeWarning: EMBERHARMONY_BACKEND=nothing" in output


def test_an_unknown_backend_is_an_error_that_tells_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="libemberharmony_backend_nothing") as error:
        ops.set_backend("nothing")
    assert "native" in str(error.value)
    with pytest.raises(ValueError, match="lower-case letters"):
        ops.set_backend("../nothing")
    assert ops.get_backend() == "native"


def test_plugins_of_packages_are_found_by_their_entry_points(tmp_path: Path) -> None:
    package = tmp_path / "ember_example"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "libemberharmony_backend_example.so").write_text("no library")
    information = tmp_path / "ember_example-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: ember-example\nVersion: 1\n"
    )
    (information / "entry_points.txt").write_text(
        "[emberharmony.backends]\nexample = ember_example\n"
    )
    code = """
from emberharmony import ops
try:
    ops.set_backend("example")
except ValueError as error:
    print(error)
"""
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    assert str(package / "libemberharmony_backend_example.so") in run_python(code, PYTHONPATH=paths)


def test_native_is_described() -> None:
    native = ops.describe_backends(load=False)[0]
    assert native["name"] == "native"
    assert native["is_there"]
    assert ops.backend_counts("native") == {}
    with pytest.raises(ValueError, match="nothing"):
        ops.backend_counts("nothing")


@needs_torch
def test_runs_and_models_take_a_backend(tmp_path: Path) -> None:
    rows = pa.table({"x": np.linspace(1, 9, 1000), "y": np.arange(1000) % 2})
    plan = {
        "version": 1,
        "target": "y",
        "features": [{"columns": ["x"], "steps": [{"scale": "standard"}]}],
        "output": {"dtype": "float64"},
    }
    options: dict[str, Any] = {"plan": plan, "progress": "none"}
    native = eh.extract(rows, tmp_path / "native", **options)
    torch = eh.extract(rows, tmp_path / "torch", backend="torch", **options)
    assert (native.manifest["backend"], torch.manifest["backend"]) == ("native", "torch")
    assert torch.report["backend"]["name"] == "torch"
    assert torch.split_rows == native.split_rows
    assert ops.get_backend() == "native"
    ops.backend_counts("torch", reset=True)
    expected = pa.table(native.model.transform(rows))["x"].to_numpy()
    assert ops.backend_counts("torch") == {}
    model = eh.load_model(torch.model_path, backend="torch")
    np.testing.assert_allclose(pa.table(model.transform(rows))["x"].to_numpy(), expected)
    assert ops.backend_counts("torch")["divide"]["ran"] > 0
    for wrong in ("nothing", "../torch"):
        with pytest.raises(ValueError, match="backend"):
            eh.extract(rows, tmp_path / "wrong", backend=wrong, **options)
    with pytest.raises(TypeError, match="backend"):
        eh.load_model(torch.model_path, backend=3)  # type: ignore[arg-type]
    assert not (tmp_path / "wrong").exists()
