"""Tensors on a device: that of the testing plugin, whose addresses no processor takes.

Reading its memory from the CPU by mistake ends the process, which is why each test has its own.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
PLUGIN = BUILD / "testing_plugins" / "libtesting_plugin.so"
pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="the testing plugin is not built")

SETUP = """
import copy, pickle
import numpy as np
from emberharmony import ops
ops.set_backend("fake")
ops.set_backend("native")
d = ops.__array_namespace_info__().devices()[1]
x = ops.reshape(ops.arange(6.0), (2, 3))
there = x.to_device(d)

def raises(kind, call, text=""):
    try:
        call()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError("no " + kind.__name__)
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], None]:
    shutil.copy(PLUGIN, tmp_path / "libemberharmony_backend_fake.so")

    def run(code: str) -> None:
        process = subprocess.run(
            [sys.executable, "-c", SETUP + textwrap.dedent(code)],
            env={**os.environ, "EMBERHARMONY_BACKEND_PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert process.returncode == 0, process.stderr

    return run


def test_devices_are_named(run) -> None:
    run("""
    assert [str(each) for each in ops.__array_namespace_info__().devices()] == ["cpu", "rocm:0"]
    assert ops.__array_namespace_info__().default_device() == "cpu"
    assert ops.get_available_devices() == ["cpu", "rocm:0"]
    assert ops.is_available("rocm") and not ops.is_available("cuda")
    assert there.device == d == "rocm:0" and x.device == "cpu"
    assert ops.get_device(there) == "rocm:0"
    raises(ValueError, lambda: x.to_device("cuda:3"), "rocm:0")
    raises(ValueError, lambda: ops.zeros(3, device="cuda"), "rocm:0")
    raises(TypeError, lambda: ops.zeros(3, device=3))
    raises(ValueError, lambda: ops.set_default_device(d), "pass device=")
    ops.synchronize()
    ops.synchronize(d)
    """)


def test_creation_takes_a_device(run) -> None:
    run("""
    made = [
        ops.zeros((2, 3), device=d), ops.ones(3, device="rocm"), ops.full((2,), 7.0, device=d),
        ops.empty((2, 3), device=d), ops.arange(4.0, device=d), ops.linspace(0, 1, 5, device=d),
        ops.eye(3, device=d), ops.asarray([1.0, 2.0], device=d), ops.zeros_like(x, device=d),
        ops.asarray(x, device=d), ops.asarray(np.arange(3.0), device=d),
        ops.random.uniform((4,), device=d), ops.astype(x, ops.float64, device=d),
        ops.to_device(x, d),
    ]
    assert {str(each.device) for each in made} == {"rocm:0"}
    assert ops.linspace(0, 1, 5, device=d).tolist() == ops.linspace(0, 1, 5).tolist()
    assert ops.eye(3, device=d).tolist() == ops.eye(3).tolist()
    for like in (ops.zeros_like, ops.ones_like, ops.empty_like):
        assert like(there).device == d
        assert like(there, device="cpu").device == "cpu"
    assert ops.full_like(there, 2.0).tolist() == [[2.0] * 3] * 2
    assert ops.asarray(there) is there
    assert ops.asarray(there, device="cpu").tolist() == x.tolist()
    assert ops.asarray(there, dtype=ops.float32).device == d
    copied = ops.asarray(there, copy=True)
    assert copied is not there and copied.device == d and copied.tolist() == x.tolist()
    raises(ValueError, lambda: ops.asarray(there, device="cpu", copy=False), "copy=False")
    raises(ValueError, lambda: ops.asarray(x.numpy(), device=d, copy=False), "copy=False")
    """)


def test_there_and_back(run) -> None:
    run("""
    assert there.to_device(d) is there
    assert x.to_device("cpu") is x
    back = there.to_device("cpu")
    assert back.device == "cpu" and back.tolist() == x.tolist()
    assert ops.to_device(there, "cpu").tolist() == x.tolist()
    assert there[1, ::2].to_device("cpu").tolist() == [3.0, 5.0]
    assert (there + there).device == d
    raises(ValueError, lambda: there.to_device("cpu", stream=1), "stream")
    """)


def test_numbers_are_read_wherever_they_lie(run) -> None:
    run("""
    assert there.tolist() == x.tolist()
    assert there[1, 2].item() == 5.0 and float(there[0, 1]) == 1.0 and int(there[1, 0]) == 3
    assert there.item(1, 1) == 4.0 and there.item(5) == 5.0
    assert bool(there[0, 1]) and not bool(there[0, 0])
    assert repr(there) == repr(x)[:-1] + ", device=rocm:0)"
    assert str(there) == str(x)
    assert there.tobytes() == x.tobytes()
    assert copy.copy(there).device == d and copy.deepcopy(there).tolist() == x.tolist()
    assert there.copy().device == d
    for protocol in (2, 5):
        assert pickle.loads(pickle.dumps(there, protocol)).tolist() == x.tolist()
    raises(BufferError, lambda: memoryview(there), "to_device")
    raises(BufferError, lambda: np.asarray(there), "to_device")
    raises(BufferError, lambda: there.numpy(), "to_device")
    """)


def test_dlpack_of_a_device(run) -> None:
    run("""
    assert there.__dlpack_device__() == (10, 0) and x.__dlpack_device__() == (1, 0)
    shared = ops.from_dlpack(there)
    assert shared.device == d and shared.tolist() == x.tolist()
    assert ops.from_dlpack(there[:, 1:]).tolist() == [[1.0, 2.0], [4.0, 5.0]]
    assert ops.from_dlpack(there, copy=True).device == d
    here = ops.from_dlpack(there, device="cpu")
    assert here.device == "cpu" and here.tolist() == x.tolist()
    assert ops.from_dlpack(x, device=d).device == d
    assert np.from_dlpack(x).tolist() == x.tolist()
    if np.__version__ >= "2.1":
        assert np.from_dlpack(there, device="cpu").tolist() == x.tolist()
    raises(BufferError, lambda: there.__dlpack__(dl_device=(1, 0), copy=False), "copy=False")
    raises(BufferError, lambda: x.__dlpack__(dl_device=(2, 0)), "found (2, 0)")
    raises(BufferError, lambda: ops.from_dlpack(there, device="cpu", copy=False), "copy=False")
    raises(BufferError, lambda: x.__dlpack__(stream=1), "stream")
    there.__dlpack__(stream=1, max_version=(1, 1))

    class Foreign:
        def __dlpack_device__(self):
            return (2, 0)
        def __dlpack__(self, **options):
            if options.get("dl_device") == (1, 0):
                return x.__dlpack__(max_version=(1, 1))
            raise AssertionError("asked for memory that nobody can use")

    raises(BufferError, lambda: ops.from_dlpack(Foreign()), "device")
    assert ops.from_dlpack(Foreign(), device="cpu").tolist() == x.tolist()
    """)
