"""`ember backends`: what is there, and what is wrong with what is not."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PAGE = "docs/architecture/backend_system.md"


def backends(ember: Path, path: str, *options: str) -> str:
    process = subprocess.run(
        [ember, "backends", *options],
        env={**os.environ, "EMBERHARMONY_BACKEND_PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def by_name(ember: Path, path: str) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(backends(ember, path, "--json"))}


@pytest.fixture
def minus(root: Path, tmp_path: Path) -> Path:
    """The plugin of the page about backends, compiled."""
    compiler = shutil.which("gcc") or shutil.which("gcc-12")
    if compiler is None:
        pytest.skip("there is no C compiler")
    block = re.search(r"```c\n(.*?)```", (root / PAGE).read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    source = tmp_path / "minus.c"
    source.write_text(block[1], encoding="utf-8")
    library = tmp_path / "libemberharmony_backend_minus.so"
    flags = ["-std=c11", "-Wall", "-Werror", "-shared", "-fPIC", f"-I{root / 'src'}"]
    subprocess.run([compiler, *flags, source, "-o", library], check=True, timeout=60)
    return library


def test_native_is_there_and_chosen(ember: Path) -> None:
    native = by_name(ember, "")["native"]
    assert native["is_there"]
    assert native["is_chosen"]
    assert native["native_ops"] == {}
    assert "native" in backends(ember, "")


def test_the_plugin_of_the_documentation_works(ember: Path, minus: Path) -> None:
    found = by_name(ember, str(minus.parent))["minus"]
    assert found["is_there"]
    assert found["path"] == str(minus)
    assert found["num_ops"] == 1
    assert found["native_ops"]["add"] == "only negative of float64"
    text = backends(ember, str(minus), "--verbose")
    assert f"loaded {minus}" in text
    assert "only negative of float64" in text


def test_each_path_is_told_with_what_would_help(ember: Path, tmp_path: Path) -> None:
    broken = tmp_path / "libemberharmony_backend_broken.so"
    broken.write_text("no library", encoding="utf-8")
    found = by_name(ember, f"relative/folder:{tmp_path}")
    attempts = {each["path"]: each for each in found["broken"]["attempts"]}
    assert not found["broken"]["is_there"]
    assert "not absolute" in attempts["relative/folder"]["fault"]
    assert str(broken) in attempts
    assert all(each["remedy"] for each in attempts.values())
    assert found["native"]["is_there"]
    verbose = backends(ember, str(tmp_path), "--verbose")
    assert f"tried {broken}: " in verbose
    assert "what would help: " in verbose


def test_the_current_directory_is_not_looked_in(
    ember: Path, minus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(minus.parent)
    for path in ("", ".", "./", ":", minus.name):
        assert "minus" not in by_name(ember, path)
