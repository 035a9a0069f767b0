"""Cells of a test's own: values, texts, memory, failures, secrets, wrong use."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from notebook_simulation import secrets_filter

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def simulate(root: Path, tmp_path: Path) -> Run:
    """Runs cells, given as {file: text}, in a process of their own."""

    def run(
        cells: dict[str, str], *options: str, status: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "cells"
        folder.mkdir(exist_ok=True)
        for name, text in cells.items():
            (folder / name).write_text(textwrap.dedent(text))
        program = root / "tools" / "notebook_simulation" / "run_simulation.py"
        process = subprocess.run(
            [sys.executable, program, "--cells", folder, "--output", tmp_path / "out", *options],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert process.returncode == status, process.stdout + process.stderr
        return process

    return run


def report(tmp_path: Path) -> list[dict[str, object]]:
    return json.loads((tmp_path / "out" / "report.json").read_text())["cells"]


def test_names_are_shared_and_last_values_shown(simulate: Run, tmp_path: Path) -> None:
    cells = {
        "cell_1_first.py": "x = 41\nimport sys\nprint('warned', file=sys.stderr)\n",
        "cell_2_second.py": """
            # %%
            y = x + 1
            y

            # %%
            None

            # %%
            class Point:
                pass

            import pickle
            type(pickle.loads(pickle.dumps(Point()))) is Point
            """,
    }
    text = simulate(cells).stdout
    assert "== cell 1 (first)" in text
    assert (tmp_path / "out" / "cell_1.txt").read_text() == "warned\n"
    assert (tmp_path / "out" / "cell_2.txt").read_text() == "42\nTrue\n"
    assert [each["failure"] for each in report(tmp_path)] == ["", ""]


def test_one_cell_and_the_first_ones(simulate: Run, tmp_path: Path) -> None:
    cells = {f"cell_{n}_c.py": f"print('text {n}')\n" for n in (1, 2, 3)}
    text = simulate(cells, "--cell", "2").stdout
    assert "text 2" in text
    assert "text 1" not in text
    assert [each["cell"] for each in report(tmp_path)] == [1, 2]
    text = simulate(cells, "--until", "2").stdout
    assert "text 1" in text
    assert "text 3" not in text


def test_each_cell_has_its_own_peak_of_memory(simulate: Run, tmp_path: Path) -> None:
    cells = {
        "cell_1_large.py": "block = bytearray(b'x' * (300 << 20))\ndel block\n",
        "cell_2_small.py": "x = 1\n",
    }
    simulate(cells)
    large, small = (each["peak_bytes"] for each in report(tmp_path))
    if not large:
        pytest.skip("this system does not tell the peak of resident memory")
    assert large > 300 << 20
    assert small < 200 << 20


def test_pictures_are_saved(simulate: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw = """
        import matplotlib.pyplot as plt
        for k in (1, 2):
            plt.figure()
            plt.plot([k, 2])
        """
    simulate({"cell_1_draw.py": draw, "cell_2_none.py": "x = 1\n"})
    first, second = report(tmp_path)
    assert first["pictures"] == ["cell_1_1.png", "cell_1_2.png"]
    assert second["pictures"] == []
    for name in first["pictures"]:
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


FAILING = """
    # %% [markdown]
    # A cell that fails.

    # %%
    password = "hunter2-hunter2"
    settings = {"api_token": "abcdef123456", "rows": 3}


    def ratio(rows, total):
        share = rows / total
        return share


    ratio(settings["rows"], 0)
    """


def test_a_failure_tells_where_and_with_what(simulate: Run, tmp_path: Path) -> None:
    cells = {
        "cell_1_good.py": "print('before')\n",
        "cell_2_bad.py": FAILING,
        "cell_3_never.py": "print('never')\n",
    }
    process = simulate(cells, status=1)
    told = process.stderr
    path = tmp_path / "cells" / "cell_2_bad.py"
    assert "cell 2 (bad) failed: ZeroDivisionError: division by zero" in told
    assert f'{path}:15: ratio(settings["rows"], 0)' in told
    assert f"{path}:11 in ratio(): share = rows / total" in told
    assert "rows = 3" in told
    assert "total = 0" in told
    assert "'rows': 3" in told
    assert "abcdef123456" not in told
    assert "hunter2" not in told
    assert "never" not in process.stdout
    assert "failed" in process.stdout
    assert [bool(each["failure"]) for each in report(tmp_path)] == [False, True]


def test_no_secret_is_told(simulate: Run, tmp_path: Path) -> None:
    cell = """
        import os
        value = os.environ["MY_SERVICE_TOKEN"]
        header = "Bearer " + value
        key_text = "-----BEGIN PRIVATE KEY-----\\nMIIabc\\n-----END PRIVATE KEY-----"
        print(header)
        raise RuntimeError(f"refused: {value} {key_text}" + str(len(header)))
        """
    process = simulate({"cell_1_leak.py": cell}, status=1, MY_SERVICE_TOKEN="s3cr3t-value-42")
    kept = "".join(p.read_text() for p in (tmp_path / "out").iterdir() if p.suffix != ".png")
    for text in (process.stderr, kept):
        assert "s3cr3t-value-42" not in text
        assert "MIIabc" not in text
        assert "refused" in text or "Bearer" in text


def test_other_ends(simulate: Run) -> None:
    process = simulate({"cell_1_c.py": "x = (\n"}, status=1)
    assert "SyntaxError" in process.stderr
    assert "cell_1_c.py:1" in process.stderr
    process = simulate({"cell_1_c.py": "import sys\nsys.exit(4)\n"}, status=1)
    assert "sys.exit(4)" in process.stderr
    process = simulate({"cell_1_c.py": "raise KeyboardInterrupt\n"}, status=3)
    assert "interrupted" in process.stderr
    broken = "class A:\n    def __repr__(self):\n        raise ValueError\n\n\na = A()\na.b\n"
    assert "a = <A instance at" in simulate({"cell_1_c.py": broken}, status=1).stderr


def test_a_cause_is_told(simulate: Run) -> None:
    cell = "try:\n    {}['a']\nexcept KeyError as error:\n    raise OSError('lost') from error\n"
    told = simulate({"cell_1_c.py": cell}, status=1).stderr
    assert "OSError: lost" in told
    assert "because of KeyError: 'a'" in told


def test_wrong_use(simulate: Run, tmp_path: Path) -> None:
    assert "cells 1, 2, 3" in simulate({}, status=2).stderr
    cells = {"cell_1_c.py": "x = 1\n"}
    assert "from 1 to 1, found 2" in simulate(cells, "--cell", "2", status=2).stderr
    assert "--table" in simulate(cells, "--project", "p", status=2).stderr
    simulate(cells, "--cell", "1", "--until", "1", status=2)
    missing = str(tmp_path / "none.ipynb")
    assert "expected a notebook" in simulate(cells, "--import", missing, status=2).stderr
    simulate({"cell_3_c.py": "x = 1\n"}, status=2)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("rows = 3", "rows = 3"),
        ("{'password': 'abc', 'rows': 3}", "{'password': (not shown), 'rows': 3}"),
        ("token=xyz; rows=3", "token=(not shown); rows=3"),
        ("ya29.a0AfB_byC1234", "(not shown)"),
        ("AIzaSyD-abcdefghijklmnopqrstuv", "(not shown)"),
        ("Authorization uses Bearer abc.def-ghi", "Authorization uses Bearer (not shown)"),
        ("monkey business", "monkey business"),
    ],
)
def test_masks(text: str, left: str) -> None:
    assert secrets_filter.mask(text) == left


def test_names_of_secrets() -> None:
    for name in ("api_key", "apiKey", "TOKEN", "client_secret", "my_password", "credentials"):
        assert secrets_filter.is_secret_name(name), name
    for name in ("keyboard", "monkey", "author", "tokenizer", "rows"):
        assert not secrets_filter.is_secret_name(name), name
