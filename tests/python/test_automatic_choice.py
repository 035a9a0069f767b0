"""The choice of a backend by cost: what is measured, kept, read, fixed, and who computes then."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build"
TESTING_PLUGIN = BUILD / "testing_plugins" / "libtesting_plugin.so"
needs_torch = pytest.mark.skipif(
    not (BUILD / "lib" / "libemberharmony_backend_torch.so").exists(),
    reason="the backend torch is not built",
)
needs_testing_plugin = pytest.mark.skipif(
    not TESTING_PLUGIN.exists(), reason="the testing plugin is not built"
)
no_accelerator = pytest.mark.skipif(
    any(Path(path).exists() for path in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd")),
    reason="there is an accelerator",
)

Run = Callable[..., str]
SETUP = """
from emberharmony import _core, ops
import numpy as np

def ran(backend, op):
    return ops.backend_counts(backend).get(op, {}).get("ran", 0)

def large(f, n=100_000):
    return f(ops.full((n,), 0.5))
"""
# The device of the testing plugin: kind and index, as in DLPack.
ROCM = 10


@pytest.fixture
def run(tmp_path: Path) -> Run:
    if TESTING_PLUGIN.exists():
        shutil.copy(TESTING_PLUGIN, tmp_path / "libemberharmony_backend_fake.so")

    def run(code: str, calibration: str | None = None) -> str:
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "EMBERHARMONY_BACKEND_PATH": str(tmp_path),
            # Several threads of a framework wait for each other where the cores are taken.
            "EMBERHARMONY_NUM_THREADS": "1",
        }
        environment.pop("EMBERHARMONY_CALIBRATION", None)
        if calibration is not None:
            environment["EMBERHARMONY_CALIBRATION"] = calibration
        process = subprocess.run(
            [sys.executable, "-c", SETUP + textwrap.dedent(code)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout + process.stderr

    return run


def cache_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*"))


def candidate(backend: str, curves: dict, kind: int = 1, copy_ns: float = 0) -> dict:
    return {
        "backend": backend,
        "kind": kind,
        "index": 0,
        "to_device": [copy_ns, 0.0],
        "from_device": [copy_ns, 0.0],
        "curves": {op: {"float64": times} for op, times in curves.items()},
    }


def table(path: Path, *candidates: dict) -> str:
    path.write_text(json.dumps({"version": 3, "machine": {}, "candidates": list(candidates)}))
    return str(path)


SLOW = [1000.0, 1e6, 2.5e7, 1e8]
FAST = [1000.0, 2000.0, 2200.0, 3000.0]


@no_accelerator
@needs_torch
def test_without_asking_it_is_native(run: Run, tmp_path: Path) -> None:
    run("""
    assert _core.chooses_automatically() and not _core.chooses_by_cost()
    large(ops.exp, 2_000_000)
    assert "estimates" not in ops.explain("exp", (2_000_000,))
    assert "libtorch" not in open("/proc/self/maps").read()
    ops.set_backend("torch")
    assert not _core.chooses_automatically()
    ops.set_backend("auto")
    large(ops.exp, 2_000_000)
    assert ran("torch", "exp") == 0
    """)
    assert cache_files(tmp_path) == []


@needs_torch
def test_calibrating_measures_and_keeps(run: Run, tmp_path: Path) -> None:
    run("""
    ops.set_backend("torch")
    ops.set_backend("auto")
    done = ops.calibrate()
    assert done["backends"] == ["native cpu:0", "torch cpu:0"], done
    assert done["num_measured"] > 0 and done["path"].endswith(".json")
    assert _core.chooses_by_cost()
    told = ops.explain("add", (300, 300))
    assert [each["backend"] for each in told["estimates"]] == ["native", "torch"]
    assert all(each["nanoseconds"] > 0 for each in told["estimates"]), told
    assert told["backend"] in ("native", "torch") and told["chosen"] == "auto"
    # float16 there is not, and what was not measured is native.
    assert ops.explain("add", (1000,), "int8")["backend"] == "native"
    assert done["note"] == ""
    for call in (("svd", (9, 9)), ("eigh", (9, 9)), ("scatter", 9)):
        reason = ops.explain(*call)["reason"]
        assert "what is not measured is native" in reason and "calibrate()" not in reason, reason
    for dtype in ("int8", "complex128", "bool"):
        told = ops.explain("multiply" if dtype != "bool" else "logical_and", (1_000_000,), dtype)
        assert "what is not measured is native" in told["reason"], told
        assert "calibrate()" not in told["reason"] and told["chosen"] == "auto", told
    np.testing.assert_allclose(np.asarray(large(ops.exp)), np.exp(0.5), rtol=1e-15)
    """)
    (kept,) = [path for path in cache_files(tmp_path) if path.is_file()]
    document = json.loads(kept.read_text())
    assert document["version"] == 3
    assert document["calibrations"] == 1
    assert 0 <= document["settled"] <= 1  # 0 on a machine that is never quiet
    # Another process reads it, and measures nothing; of other backends it knows nothing.
    before = kept.stat().st_mtime_ns
    run(
        """
    ops.set_backend("torch")
    ops.set_backend("auto")
    assert len(ops.explain("add", (300, 300))["estimates"]) == 2
    """,
        "read",
    )
    assert run("print('estimates' in ops.explain('add', (300, 300)))", "read").strip() == "False"
    assert kept.stat().st_mtime_ns == before
    # What is damaged is as if it were not there: read does without, on measures anew.
    kept.write_text(kept.read_text()[:-40])
    use_torch = 'ops.set_backend("torch"); ops.set_backend("auto")\n'
    told = "print('estimates' in ops.explain('add', (300, 300)))"
    assert run(use_torch + told, "read").strip() == "False"
    assert run(use_torch + told, "on").strip() == "True"
    assert json.loads(kept.read_text())["version"] == 3


@needs_torch
def test_native_alone_is_told_how_others_are_loaded(run: Run) -> None:
    run("""
    done = ops.calibrate()
    assert done["backends"] == ["native cpu:0"], done
    assert "ops.describe_backends() loads" in done["note"]
    ops.describe_backends()
    assert "torch" in _core.backend_names() and _core.chooses_automatically()
    assert ops.calibrate()["note"] == ""
    """)


@needs_torch
def test_what_is_not_settled_is_gone_on_with(run: Run, tmp_path: Path) -> None:
    """By later processes that ask for it, each for a tenth of a second; not by those that read."""
    use_torch = 'ops.set_backend("torch"); ops.set_backend("auto")\n'
    measure = use_torch + "ops.explain('add', (300, 300))"
    run(measure, "on")
    (kept,) = [path for path in cache_files(tmp_path) if path.is_file()]
    first = json.loads(kept.read_text())
    assert first["calibrations"] == 1
    # As if the machine had been busy: everything ten times slower, and seen once.
    for each in first["candidates"]:
        for by_dtype in each["curves"].values():
            for dtype, numbers in by_dtype.items():
                by_dtype[dtype] = [10 * number for number in numbers[:4]] + [0, 0, 0, 0]
    first["settled"] = 0.0
    kept.write_text(json.dumps(first))
    run(measure, "read")
    assert json.loads(kept.read_text()) == first
    run(measure, "on")
    second = json.loads(kept.read_text())
    assert second["calibrations"] == 2
    # What was not measured comes first, then what is not settled; the least times stay.
    before, after = (numbers_of(document) for document in (first, second))
    assert before.keys() <= after.keys()
    pairs = [pair for key in before for pair in zip(after[key], before[key], strict=True)]
    # They are kept as float32.
    assert all(now <= then * (1 + 1e-6) for now, then in pairs)
    assert len(after) > len(before) or any(now < 0.9 * then for now, then in pairs)
    # One that is settled is left as it is.
    second["settled"] = 1.0
    kept.write_text(json.dumps(second))
    run(measure, "on")
    assert json.loads(kept.read_text()) == second


def numbers_of(document: dict) -> dict[tuple, list[float]]:
    """The least times of each curve."""
    return {
        (number, op, dtype): numbers[:4]
        for number, each in enumerate(document["candidates"])
        for op, by_dtype in each["curves"].items()
        for dtype, numbers in by_dtype.items()
    }


def test_off_is_native(run: Run, tmp_path: Path) -> None:
    run(
        """
    assert not _core.chooses_by_cost()
    try:
        ops.calibrate()
    except ValueError as error:
        assert "off" in str(error)
    else:
        raise AssertionError
    """,
        "off",
    )
    assert cache_files(tmp_path) == []


def test_a_wrong_mode_is_a_warning(run: Run) -> None:
    assert "EMBERHARMONY_CALIBRATION=always: expected auto, on, read" in run("", "always")


@needs_torch
def test_a_file_fixes_the_choice(run: Run, tmp_path: Path) -> None:
    fixed = table(
        tmp_path / "fixed.json",
        candidate("native", {"exp": SLOW, "tanh": FAST, "sum": SLOW}),
        candidate("torch", {"exp": FAST, "tanh": SLOW, "sum": FAST, "add": FAST}),
    )
    run(
        """
    large(ops.exp, 2_000_000)
    assert ran("torch", "exp") == 1
    large(ops.tanh); large(ops.sum)
    ops.add(ops.full((100_000,), 1.0), 2.0)
    assert ran("torch", "tanh") == 0 and ran("torch", "sum") == 1
    # Native was not measured: there is nothing to compare with.
    assert ran("torch", "add") == 0
    # Another dtype, a small call, a choice by name.
    large(lambda x: ops.exp(ops.astype(x, "float32")))
    ops.exp(ops.full((64,), 0.5))
    with ops.use_backend("native"):
        assert not _core.chooses_by_cost()
        large(ops.exp)
    assert ran("torch", "exp") == 1
    assert _core.chooses_by_cost()
    large(ops.exp)
    assert ran("torch", "exp") == 2
    told = ops.explain("exp", (131_072,))
    assert told["backend"] == "torch" and told["estimates"][0]["nanoseconds"] == 1e8
    ops.set_backend("native")
    assert "estimates" not in ops.explain("exp", (131_072,))
    """,
        fixed,
    )


@needs_torch
def test_native_keeps_what_is_about_as_fast(run: Run, tmp_path: Path) -> None:
    """And where it is not sure that another one is faster: the measurements do not agree."""
    ops = ("exp", "log", "sin")
    code = f"print(*[ops.explain(op, (2_000_000,))['backend'] for op in {ops}])"

    def chosen(share: float, again: float) -> list[str]:
        def twice(times: list[float]) -> list[float]:
            return times + [again * each for each in times]

        about = [share * each for each in SLOW]
        fixed = table(
            tmp_path / "close.json",
            candidate("native", dict.fromkeys(ops, twice(SLOW))),
            candidate("torch", {"exp": twice(about), "log": twice(SLOW), "sin": twice(FAST)}),
        )
        return run(code, fixed).split()

    assert chosen(0.97, 1.05) == ["native", "native", "torch"]
    assert chosen(0.90, 1.05) == ["torch", "native", "torch"]
    assert chosen(0.90, 3.0) == ["native", "native", "torch"]
    assert chosen(0.70, 3.0) == ["torch", "native", "torch"]


@needs_testing_plugin
@pytest.mark.parametrize(("copy_ns", "moves"), [(10.0, True), (1e9, False)])
def test_numbers_are_moved_where_it_pays(
    run: Run, tmp_path: Path, copy_ns: float, moves: bool
) -> None:
    """The testing plugin's sums are a quarter too large, so it is seen who added."""
    fixed = table(
        tmp_path / "device.json",
        candidate("native", {"add": SLOW}),
        candidate("fake", {"add": FAST}, kind=ROCM, copy_ns=copy_ns),
    )
    sums = run(
        """
    x = ops.reshape(ops.arange(2_000_000.0), (1000, 2000))
    there = ops.add(x, x)
    assert there.device == "cpu" and there.shape == x.shape
    print(float(there[0, 0]), float(there[1, 3]) - 2 * 2003.0)
    strided = ops.add(x[:, ::2], 1.0)
    assert strided.shape == (1000, 1000)
    print(float(strided[0, 1]) - 3.0)
    told = ops.explain("add", (1000, 2000))
    print(told["backend"])
    """,
        fixed,
    ).split()
    error = "0.25" if moves else "0.0"
    assert sums == [error, error, error, "fake" if moves else "native"]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"version": 3}', '{"version": 1, "machine": {}, "candidates": [7]}', "\0" * 9],
)
def test_a_file_that_is_none_is_native(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content)
    code = """
    large(ops.exp, 2_000_000)
    assert ops.explain("exp", (2_000_000,))["backend"] == "native"
    assert not _core.chooses_by_cost()
    """
    told = run(code, str(path))
    assert f"EMBERHARMONY_CALIBRATION={path}: " in told
    assert "native computes" in told
    # The same where there is no file.
    path.unlink()
    told = run(code, str(path))
    assert f"EMBERHARMONY_CALIBRATION={path}: " in told
    assert "native computes" in told


@needs_torch
def test_one_stands_for_those_that_do_the_same(run: Run, tmp_path: Path) -> None:
    measured = {"add": "subtract", "less": "not_equal", "maximum": "minimum", "sin": "cos"}
    fixed = table(
        tmp_path / "kinds.json",
        candidate("native", dict.fromkeys(measured, SLOW)),
        candidate("torch", dict.fromkeys(measured, FAST)),
    )
    asked = [*measured, *measured.values()]
    code = f"print(*[ops.explain(op, (131_072,))['backend'] for op in {asked}])"
    assert run(code, fixed).split() == ["torch"] * len(asked)


@needs_torch
def test_matrices_and_transforms_and_places_are_measured(run: Run, tmp_path: Path) -> None:
    told = run("""
    ops.set_backend("torch")
    ops.set_backend("auto")
    ops.calibrate()
    for op, shape, dtype in [
        ("inv", (64, 64), "float64"), ("cholesky", (64, 64), "float32"),
        ("solve", (64, 64), "float64"), ("det", (64, 64), "float64"),
        ("svdvals", (64, 64), "float64"), ("eigvalsh", (64, 64), "float64"),
        ("fft", (4096,), "complex128"), ("rfft", (4096,), "float32"),
        ("irfft", (4096,), "complex64"), ("take", (5000,), "float64"),
        ("take_along_axis", (5000,), "float32"), ("sort", (5000,), "float64"),
    ]:
        estimates = ops.explain(op, shape, dtype)["estimates"]
        assert [each["backend"] for each in estimates] == ["native", "torch"]
        assert all(each["nanoseconds"] > 0 for each in estimates), (op, estimates)
    # Who computes is who is estimated to: with each a different number of calls.
    ops.backend_counts("torch", reset=True)
    x = ops.add(ops.reshape(ops.arange(4096.0), (64, 64)), ops.multiply(ops.eye(64), 1e4))
    for op, shape in (("inv", (64, 64)), ("svdvals", (64, 64)), ("eigvalsh", (64, 64))):
        chosen = ops.explain(op, shape)["backend"]
        getattr(ops.linalg, op)(x)
        assert ran("torch", op) == (chosen == "torch"), op
    places = ops.asarray(np.arange(5000)[::-1].copy())
    chosen = ops.explain("take", (5000,))["backend"]
    ops.take(ops.arange(5000.0), places)
    assert ran("torch", "take") == (chosen == "torch")
    print("ok")
    """)
    assert told.strip() == "ok"


@needs_testing_plugin
def test_a_run_of_the_engine_does_not_choose_by_cost(run: Run, tmp_path: Path) -> None:
    """Its steps are computed by a rule, so that it repeats."""
    fixed = table(
        tmp_path / "device.json",
        candidate("native", {"add": SLOW, "divide": SLOW}),
        candidate("torch", {"add": FAST, "divide": FAST}),
    )
    run(
        f"""
    import emberharmony as eh
    import pyarrow as pa
    rows = pa.table({{"x": np.arange(100_000.0) % 977, "y": np.arange(100_000) % 2}})
    large(lambda x: ops.subtract(x, 1.0), 2_000_000)
    before = ran("torch", "divide")
    result = eh.extract(rows, {str(tmp_path / "out")!r}, target="y", progress="none")
    assert result.manifest["backend"] == "native"
    assert ran("torch", "divide") == before
    """
        if (BUILD / "lib" / "libemberharmony_backend_torch.so").exists()
        else "",
        fixed,
    )
