"""The stubs hold together: what type checkers, and editors, know of the compiled functions."""

import ast
import builtins
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import emberharmony
from emberharmony import ops

PACKAGE = Path(emberharmony.__file__).parent
STUBS = ["_core.pyi", *(f"ops/{name}.pyi" for name in ("__init__", "linalg", "fft", "random"))]
TYPED = Path(__file__).with_name("typed_use.py")


def tree_of(stub: str) -> ast.Module:
    return ast.parse((PACKAGE / stub).read_text(encoding="utf-8"))


def exported(tree: ast.Module) -> set[str]:
    """What a stub shows: of imports only what it imports `as` itself (PEP 484)."""
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    names |= {n.target.id for n in tree.body if isinstance(n, ast.AnnAssign)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names |= {each.asname for each in node.names if each.asname == each.name}
    return names


def known(tree: ast.Module) -> set[str]:
    names = exported(tree) | set(dir(builtins))
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.asname or each.name for each in node.names}
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def annotations(tree: ast.Module) -> list[ast.expr]:
    found = [n.annotation for n in ast.walk(tree) if isinstance(n, ast.AnnAssign | ast.arg)]
    found += [n.returns for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return [each for each in found if each is not None]


@pytest.mark.parametrize("stub", STUBS)
def test_annotations_name_only_what_is_known(stub: str) -> None:
    tree = tree_of(stub)
    used = {
        node.id
        for annotation in annotations(tree)
        for node in ast.walk(annotation)
        if isinstance(node, ast.Name)
    }
    assert {"Tensor", "int"} <= used
    assert not used - known(tree)


@pytest.mark.parametrize("stub", STUBS)
def test_nothing_is_defined_twice(stub: str) -> None:
    tree = tree_of(stub)
    for body in (tree.body, *(n.body for n in tree.body if isinstance(n, ast.ClassDef))):
        counted: Counter[str] = Counter()
        for node in body:
            if isinstance(node, ast.FunctionDef):
                marks = {ast.unparse(each) for each in node.decorator_list}
                if not any(mark == "overload" or mark.endswith(".setter") for mark in marks):
                    counted[node.name] += 1
        assert not [name for name, count in counted.items() if count > 1]


def test_every_public_name_is_exported() -> None:
    for module, stub in (
        (ops, "ops/__init__.pyi"),
        (ops.linalg, "ops/linalg.pyi"),
        (ops.fft, "ops/fft.pyi"),
        (ops.random, "ops/random.pyi"),
    ):
        assert not set(module.__all__) - exported(tree_of(stub)), stub


def test_what_is_taken_by_position_is_so_in_the_stub() -> None:
    functions = {n.name: n for n in tree_of("ops/__init__.pyi").body if hasattr(n, "args")}
    x = ops.asarray([[1.0, 2.0], [3.0, 4.0]])
    for name in ("sum", "mean", "argmax", "sort", "zeros", "flip", "roll", "std"):
        arguments = functions[name].args
        count = len(arguments.posonlyargs) + len(arguments.args)
        first = (2, 2) if name == "zeros" else x
        second = ops.float32 if name == "zeros" else 1
        rest = ["cpu"] if name == "zeros" else [0] if name == "roll" else []
        getattr(ops, name)(first, second, *rest)
        assert count == 2 + len(rest), name
        with pytest.raises(TypeError, match="positional"):
            getattr(ops, name)(first, second, *rest, None)


def test_results_can_be_pickled_and_read_elsewhere() -> None:
    x = ops.asarray([[2.0, 1.0], [1.0, 3.0]])
    results = [
        *(getattr(ops.linalg, name)(x) for name in ("svd", "qr", "eig", "eigh", "slogdet")),
        *(getattr(ops, name)(x) for name in ("unique_all", "unique_counts", "unique_inverse")),
        ops.linalg.lstsq(x, x),
        ops.topk(x, 1),
        ops.histogram(x),
    ]
    described = dict(emberharmony._core.describe_named_tuples())
    assert {type(each).__name__: type(each)._fields for each in results} == described
    process = subprocess.run(
        [sys.executable, "-c", "import pickle, sys; print(pickle.load(sys.stdin.buffer))"],
        input=pickle.dumps(results),
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr.decode()
    assert process.stdout.decode().strip() == str(results)
    with pytest.raises(AttributeError, match="NoResult"):
        emberharmony._core.NoResult  # noqa: B018


def test_the_typed_program_runs() -> None:
    process = subprocess.run(
        [sys.executable, TYPED],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")


def test_mypy_finds_no_fault(root: Path, tmp_path: Path) -> None:
    process = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path),
            *("--disable-error-code=import-untyped", TYPED, root / "examples/train_numpy.py"),
        ],
        env=os.environ | {"MYPYPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
