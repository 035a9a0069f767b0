"""What holds for the repository as a whole: pins, links, notices, leftovers."""

import json
import re
import subprocess
from pathlib import Path

import pytest

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
# Put together so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(^|[\s\"'=(])/(" + "|".join(["work", "home/[a-z]+", "root"]) + ")/")
TEXT_SUFFIXES = {".cc", ".h", ".py", ".md", ".sh", ".txt", ".cmake", ".json", ".yaml", ".yml"}


@pytest.fixture(scope="module")
def text_files(root: Path) -> dict[Path, str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of the project's files")
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    return {
        path: (root / path).read_text(encoding="utf-8")
        for path in paths
        if (path.suffix in TEXT_SUFFIXES or path.name == "Makefile") and (root / path).is_file()
    }


def test_nothing_is_left_unfinished(text_files: dict[Path, str]) -> None:
    marks = [
        f"{path}:{number}: {line.strip()}"
        for path, text in text_files.items()
        if path.name != Path(__file__).name
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not marks, "\n".join(marks)


def test_no_path_of_one_machine(text_files: dict[Path, str]) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in text_files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, "\n".join(found)


def test_python_packages_are_pinned(root: Path) -> None:
    for path in sorted((root / "setup").glob("requirements*.txt")):
        lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
        loose = [line for line in lines if line and not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
        assert not loose, f"{path.name}: expected NAME==VERSION, found {loose}"


def test_arrow_is_the_version_that_cmake_expects(root: Path) -> None:
    cmake = (root / "cmake" / "FindEmberArrow.cmake").read_text()
    major = re.search(r"set\(EMBER_ARROW_MAJOR (\d+)\)", cmake)
    pin = re.search(r"^pyarrow==(\d+)\.", (root / "setup" / "requirements.txt").read_text(), re.M)
    assert major is not None
    assert pin is not None
    assert major[1] == pin[1]


def test_the_demo_needs_no_framework(root: Path) -> None:
    """torch and mlx are a third of all packages, and only the tests of their backends use them."""

    def commands(target: str) -> str:
        printed = subprocess.run(
            ["make", "--dry-run", target], cwd=root, capture_output=True, text=True, check=True
        )
        return printed.stdout

    assert "setup/venv.sh\n" in commands("demo")
    assert "setup/venv.sh backends" not in commands("demo")
    assert "setup/venv.sh backends" in commands("test")


def test_a_framework_that_comes_later_is_built_for(root: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.25)
project(finds LANGUAGES NONE)
set(EMBER_PYTHON "${{CMAKE_SOURCE_DIR}}/.venv/bin/python")
include("{root}/cmake/EmberFrameworks.cmake")
set(EMBER_NEVER_DIR "" CACHE PATH "")
ember_find_framework(EMBER_NEVER_DIR never never/array.h)
message(STATUS "found: <${{EMBER_NEVER_DIR}}>")
"""
    )

    def run(*command: str) -> str:
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    assert "found: <>" in run("cmake", "-G", "Ninja", "-B", "build")
    assert "found:" not in run("cmake", "--build", "build")
    package = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "never"
    (package / "include" / "never").mkdir(parents=True)
    (package / "include" / "never" / "array.h").touch()
    assert f"found: <{package}>" in run("cmake", "--build", "build")


def test_the_lock_file_names_no_registry(root: Path) -> None:
    lock = json.loads((root / "setup" / "npm" / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, f"{name}: run setup's npm with resolved URLs left out"
        assert not name or "integrity" in package, f"{name} has no checksum"


def test_links_between_documents_exist(root: Path, text_files: dict[Path, str]) -> None:
    broken = []
    for path, text in text_files.items():
        if path.suffix != ".md":
            continue
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            target = link.split("#")[0]
            if target and "://" not in target and not (root / path.parent / target).exists():
                broken.append(f"{path}: {link}")
    assert not broken, "\n".join(broken)


def test_notices_name_every_library(root: Path) -> None:
    cmake = (root / "cmake" / "EmberDependencies.cmake").read_text()
    libraries = re.findall(r"find_package\((\w[\w-]*)|find_library\(\w+ (\w+)", cmake)
    libraries += re.findall(r"pkg_check_modules\(\w+ .*? (\w+)\)", cmake)
    names = {name for entry in libraries for name in ([entry] if isinstance(entry, str) else entry)}
    names -= {"", "Threads", "PkgConfig"}
    words = {
        "nlohmann_json": "json for modern c++",
        "libxxhash": "xxhash",
        "gtest": "googletest",
        "hwy": "highway",
        "hwy_contrib": "highway",
    }
    notices = (root / "THIRD_PARTY_NOTICES.md").read_text().lower()
    assert len(names) >= 8
    for name in names:
        word = words.get(name.lower(), name.lower())
        assert word in notices, f"THIRD_PARTY_NOTICES.md does not name {name}"


def test_steps_of_the_reference_are_those_of_the_code(root: Path) -> None:
    sources = (root / "src" / "emberharmony" / "feature").glob("*.cc")
    registered = {
        name
        for path in sources
        for name in re.findall(
            r'(?:Transform|RowStep)Registration \w+\(\s*"(\w+)"', path.read_text()
        )
    }
    reference = (root / "docs" / "reference" / "steps.md").read_text()
    documented = set(re.findall(r"^## (\w+)$", reference, re.MULTILINE))
    assert registered == documented
