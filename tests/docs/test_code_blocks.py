"""Every block of code of the documents runs, or says above it why it does not."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from documents import Block, blocks, pages

ROOT = Path(__file__).resolve().parent.parent.parent
# Run here, in the page's order.
RUN = {"sh", "python", "yaml", "json", "console"}
# Tried by the tests below.
CHECKED = {"cpp", "c", "cmake"}
# Output, synopses and drawings.
SHOWN = {"text"}
# These have tests of their own, which need servers.
ELSEWHERE = {"docs/tutorials/bigquery_integration.md": "tests/end_to_end/test_bigquery_tutorial.py"}

# `make TARGET` is asked whether it could; a clone is the checkout itself.
SHIMS = {
    "make": 'exec {make} --no-print-directory -n -C "{root}" "$@" >/dev/null',
    "git": 'test "$1" = clone && ln -s "{root}" emberharmony',
}


def having(languages: set[str]) -> list[str]:
    """Pages with a block of one of these languages that is to be tried."""
    return [
        page
        for page in pages(ROOT)
        if page not in ELSEWHERE
        and any(each.language in languages and not each.not_run for each in blocks(ROOT, page))
    ]


def of(page: str, languages: set[str]) -> list[Block]:
    return [each for each in blocks(ROOT, page) if each.language in languages and not each.not_run]


@pytest.fixture
def environment(ember: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    shims = tmp_path_factory.mktemp("shims")
    for name, text in SHIMS.items():
        script = text.format(make=shutil.which("make"), root=ROOT)
        (shims / name).write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        (shims / name).chmod(0o755)
    paths = [shims, ember.parent, Path(sys.executable).parent, os.environ["PATH"]]
    return {
        **os.environ,
        "PATH": os.pathsep.join(map(str, paths)),
        "PYTHONPATH": str(ROOT / "build" / "python"),
        "REPOSITORY": str(ROOT),
        "SIMULATION_LIMIT": "20000",
        "PYTHONWARNINGS": "error::DeprecationWarning:__main__",
    }


@pytest.mark.parametrize("page", having(RUN))
def test_blocks_run(page: str, environment: dict[str, str], data: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(data)
    for name in (".venv", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    found = [(each.page, each.line, each.language, each.text) for each in of(page, RUN)]
    listed = tmp_path / "blocks.json"
    listed.write_text(json.dumps(found), encoding="utf-8")
    process = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "run_page.py"), str(listed)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("page", pages(ROOT))
def test_blocks_are_of_a_kind(page: str) -> None:
    """So that none is left out because its language was forgotten or misspelt."""
    for each in blocks(ROOT, page):
        assert each.not_run or each.language in RUN | CHECKED | SHOWN, f"{each}: {each.language!r}"


def test_tests_that_stand_in_are_there() -> None:
    """Where the reason names a test, that test exists."""
    named = [
        (str(each), name)
        for page in pages(ROOT)
        for each in blocks(ROOT, page)
        for name in re.findall(r"tests/[\w/]+\.py", each.not_run)
    ]
    assert len(named) >= 2
    assert not [(block, name) for block, name in named if not (ROOT / name).is_file()]


def test_pages_with_tests_of_their_own_have_them() -> None:
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


def split_includes(text: str) -> tuple[str, str]:
    """Includes and aliases of namespaces, and the statements."""
    lines = text.splitlines()
    head = [line for line in lines if re.match(r"#include|namespace \w+ =", line)]
    return "\n".join(head), "\n".join(line for line in lines if line not in head)


def test_cpp_blocks_compile_and_run(ember: Path, tmp_path: Path) -> None:
    """Each block's statements run in a scope of their own, functions stand in a namespace each.

    Whole programs are examples, which have tests of their own.
    """
    library = ROOT / "build" / "lib"
    if not (library / "libemberharmony.so").is_file():
        pytest.skip(f"there is no library in {library}")
    examples = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.cc")]
    heads, functions, statements = [], [], []
    for page in having({"cpp"}):
        for each in of(page, {"cpp"}):
            if "int main(" in each.text:
                assert each.text in examples, f"{each}: expected an example's text"
                continue
            head, body = split_includes(each.text)
            heads.append(head)
            if re.search(r"^\w.*\) \{$", body, re.MULTILINE):
                name = re.sub(r"\W", "_", str(each))
                functions.append(f"namespace {name} {{\n{body}\n}}")
            else:
                statements.append(f"  {{  // {each}\n{body}\n  }}")
    program = "\n".join(
        [
            "#include <emberharmony/emberharmony.h>",
            "#include <emberharmony/ops.h>",
            "#include <iostream>",
            *dict.fromkeys("\n".join(heads).splitlines()),
            "namespace ops = emberharmony::ops;",
            *functions,
            "int main() {",
            *statements,
            "}\n",
        ]
    )
    source = tmp_path / "blocks.cc"
    source.write_text(program, encoding="utf-8")
    arrow = Path(pyarrow.get_include())
    lines = [
        *("g++-12", "-std=c++20", "-O0", "-Wall", "-Werror", "-Wno-unused-variable"),
        *(f"-I{ROOT / 'src'}", f"-I{arrow}", str(source), "-o", str(tmp_path / "blocks")),
        *(f"-L{library}", "-lemberharmony", f"-Wl,-rpath,{library}"),
        *(str(arrow.parent / "libarrow.so.2600"), f"-Wl,-rpath,{arrow.parent}"),
    ]
    process = subprocess.run(lines, capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, f"{process.stderr}\n{program}"
    process = subprocess.run(
        [tmp_path / "blocks"], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr


def test_c_blocks_are_plugins(tmp_path: Path) -> None:
    """Each is compiled as C, with no warning, and gives the table of its functions."""
    for number, page in enumerate(having({"c"})):
        for each in of(page, {"c"}):
            source = tmp_path / f"plugin_{number}.c"
            source.write_text(each.text, encoding="utf-8")
            library = source.with_suffix(".so")
            process = subprocess.run(
                [
                    *("gcc-12", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"),
                    *("-shared", "-fPIC", f"-I{ROOT / 'src'}", str(source), "-o", str(library)),
                ],
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert process.returncode == 0, f"{each}\n{process.stderr}"
            entry = ctypes.CDLL(str(library)).emberharmony_backend
            entry.restype = ctypes.c_void_p
            error = ctypes.create_string_buffer(100)
            table = entry(None, error, ctypes.c_uint64(100))
            assert table, error.value
            # The table begins with its size.
            assert 64 <= ctypes.c_uint32.from_address(table).value <= 4096


def test_cmake_blocks_are_those_of_the_example() -> None:
    """examples/cpp/CMakeLists.txt is configured and built by test_cmake_package.py."""
    lists = (ROOT / "examples" / "cpp" / "CMakeLists.txt").read_text(encoding="utf-8")
    for page in having({"cmake"}):
        for each in of(page, {"cmake"}):
            for line in each.text.splitlines():
                assert line.replace("my_program", "first_features") in lists, f"{each}: {line}"
