"""The command line: exit statuses, text, JSON, the lint rule, and runs under the tracer."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
USES = "import numpy as np\n\n\ndef f(x):\n    return np.sin(x), np.interp(x, x, x)\n"
CLEAN = "from emberharmony import ops\n\n\ndef f(x):\n    return ops.sin(x)\n"


@pytest.fixture
def purify(root: Path, tmp_path: Path) -> Run:
    built = str(root / "build" / "python")
    paths = os.pathsep.join(filter(None, [built, os.environ.get("PYTHONPATH", "")]))

    def run(*arguments: object, status: int | None) -> subprocess.CompletedProcess[str]:
        process = subprocess.run(
            [sys.executable, str(root / "tools" / "purify"), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
        assert status in (None, process.returncode), process.stdout + process.stderr
        return process

    return run


def test_findings_and_none(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(USES)
    (tmp_path / "clean.py").write_text(CLEAN)
    assert "0 places in 1 file" in purify("clean.py", status=0).stdout
    text = purify("uses.py", status=1).stdout
    assert "uses.py:5:12: numpy.sin: can be rewritten: ops.sin(x)" in text
    assert "uses.py:5:23: numpy.interp: no equivalent" in text
    assert "2 places in 2 files" in purify(".", status=1).stdout


def test_json(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(USES)
    document = json.loads(purify("--json", "uses.py", status=1).stdout)
    assert document["version"] == 1
    assert document["counts"] == {"safe": 1, "review": 0, "missing": 1, "round-trip": 0}
    first = document["findings"][0]
    assert (first["line"], first["column"], first["numpy"]) == (5, 12, "numpy.sin")
    assert first["replacement"] == "ops.sin(x)"


def test_fix_and_diff(purify: Run, tmp_path: Path) -> None:
    path = tmp_path / "uses.py"
    path.write_text(USES)
    diff = purify("--diff", "uses.py", status=1).stdout
    assert "-    return np.sin(x), np.interp(x, x, x)" in diff
    assert "+    return ops.sin(x), np.interp(x, x, x)" in diff
    assert path.read_text() == USES
    purify("--fix", "uses.py", status=1)
    assert "ops.sin(x), np.interp" in path.read_text()
    path.write_text(USES.replace(", np.interp(x, x, x)", ""))
    purify("--fix", "uses.py", status=0)
    assert "numpy" not in path.read_text()


def test_a_reader_that_has_had_enough(root: Path, tmp_path: Path) -> None:
    # More than a pipe holds, so that the command writes to one that is closed.
    (tmp_path / "uses.py").write_text("import numpy as np\n" + 400 * "x = np.sin(1.0)\n")
    process = subprocess.Popen(
        [sys.executable, str(root / "tools" / "purify"), "--json", "uses.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root / "build" / "python")},
    )
    assert process.stdout.readline() == "{\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.parametrize("package", ["libcst", "numpy", "emberharmony"])
def test_a_package_that_is_not_there(package: str, root: Path, tmp_path: Path) -> None:
    program = (
        f"import runpy, sys\nsys.modules[{package!r}] = None\n"
        f"sys.argv = ['purify', '.']\nrunpy.run_path({str(root / 'tools' / 'purify')!r}, "
        "run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(root / "build" / "python")},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"expected the package {package}, found none: `make setup build`" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_use(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    assert "expected files or folders" in purify(status=2).stderr
    assert "found none at gone.py" in purify("gone.py", status=2).stderr
    assert "broken.py: expected Python" in purify("broken.py", status=2).stderr
    assert "bytes.py" in purify("bytes.py", status=2).stderr
    assert "expected a command after --" in purify("--verify", status=2).stderr
    purify("--check", "--fix", "broken.py", status=2)


def test_a_broken_file_hides_no_other(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "a_broken.py").write_text("def f(:\n")
    (tmp_path / "b_uses.py").write_text(USES)
    done = purify(".", status=2)
    assert "a_broken.py: expected Python" in done.stderr
    assert "b_uses.py:5:12: numpy.sin" in done.stdout
    assert "2 places in 1 file" in done.stdout, "of the broken one nothing is known"
    purify("--fix", ".", status=2)
    assert "ops.sin(x)" in (tmp_path / "b_uses.py").read_text()


@pytest.mark.parametrize(
    ("head", "encoding"),
    [("# coding: latin-1\n", "latin-1"), ("", "utf-8-sig"), ("# é\r\n", "utf-8")],
)
def test_encodings_stay(purify: Run, tmp_path: Path, head: str, encoding: str) -> None:
    path = tmp_path / "uses.py"
    source = f'{head}import numpy as np\n\nNAME = "é"\nx = np.sin(1.0), np.interp\n'
    path.write_bytes(source.encode(encoding))
    purify("--fix", "uses.py", status=1)
    fixed = path.read_bytes()
    assert fixed.startswith(head.encode(encoding) if head else b"\xef\xbb\xbf")
    assert 'NAME = "é"\nx = ops.sin(1.0), np.interp\n' in fixed.decode(encoding)


DEEP = {
    "parentheses": "(" * 5000 + "np" + ")" * 5000,
    "signs": "-" * 5000 + "np.pi",
    "attributes": "np" + ".a" * 5000,
    "calls": "np.sin(" * 150 + "1" + ")" * 150,
    "lists": "[" * 150 + "np.pi" + "]" * 150,
    "sum": "+".join(["np.pi"] * 3000),
    "strings": " ".join(['"numpy"'] * 3000),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_told_or_looked_at(purify: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "deep.py").write_text(f"import numpy as np\n\nx = {DEEP[name]}\n")
    done = purify("deep.py", status=None)
    assert done.returncode in (1, 2), done.stderr
    if done.returncode == 1:
        assert "deep.py:3:" in done.stdout
    else:
        assert "nested too deeply" in done.stderr or "expected Python" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_lint_rule(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.purify]\nallow = ["interop/*"]\n')
    for name in ("interop", "pure"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text(USES)
    lines = purify("--check", ".", status=1).stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("pure/module.py:5:") for line in lines)
    (tmp_path / "pure" / "module.py").write_text(CLEAN)
    assert purify("--check", ".", status=0).stdout == ""


def test_this_project_keeps_the_rule(root: Path, purify: Run) -> None:
    folders = [root / "python" / "emberharmony", root / "examples", root / "tools"]
    assert purify("--check", *folders, status=0).stdout == ""


SCRIPT = """
import subprocess
import sys
import numpy as np
from numpy import cos
from numpy.linalg import norm

print(np.sin(1.0), cos(2.0), norm([3.0, 4.0]))
print(np.add.reduce([1, 2]), np.pi, np.float32)
f = np.sort
print(f([2, 1]), isinstance(np.sin, np.ufunc), {np.sin: 1}[np.sin])
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "child"], check=True)
else:
    print(np.mean([1.0]))
"""


def test_a_run_under_the_tracer(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    document = json.loads(
        purify("--json", "--verify", "--", sys.executable, "script.py", status=1)
        .stdout.split("\n{")[1]
        .join(["{", ""])
    )
    used = {(note["entry"], note["line"]) for note in document["used"] if note["what"] != "import"}
    assert used == {
        ("numpy.sin", 8),
        ("numpy.cos", 8),
        ("numpy.linalg.norm", 8),
        ("numpy.add.reduce", 9),
        ("numpy.pi", 9),
        ("numpy.float32", 9),
        ("numpy.sort", 11),
        ("numpy.ufunc", 11),
        ("numpy.mean", 15),
    }
    assert document["status"] == 0
    assert all(Path(note["path"]).name == "script.py" for note in document["used"])


def test_a_run_without_numpy(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(CLEAN + "\n\nprint(f([1.0, 2.0]).shape)\n")
    text = purify("--verify", "--", sys.executable, "script.py", status=0).stdout
    assert "0 places used 0 entries" in text


def test_libraries_are_left_out(purify: Run, tmp_path: Path) -> None:
    script = 'import pandas\n\nprint(pandas.DataFrame({"a": [1.0, 2.0]}).mean()["a"])\n'
    (tmp_path / "script.py").write_text(script)
    assert "0 places" in purify("--verify", "--", sys.executable, "script.py", status=0).stdout
    text = purify(
        "--also", "pandas", "--verify", "--", sys.executable, "script.py", status=1
    ).stdout
    assert "pandas" in text


def test_a_run_that_fails(purify: Run, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("raise SystemExit(7)\n")
    text = purify("--verify", "--", sys.executable, "script.py", status=1).stdout
    assert "status 7" in text
    purify("--verify", "--", "./no-such-program", status=2)
