"""What tests of faults share: a library that ends a process at its n-th call of a kind."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nth_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that kills the process, or fails, at its n-th change of a folder."""
    compiler = shutil.which("cc") or shutil.which("g++-12") or shutil.which("g++")
    assert compiler, "expected a C compiler, found none: run `make setup`"
    library = tmp_path_factory.mktemp("nth_call") / "nth_call.so"
    source = Path(__file__).with_name("nth_call.c")
    language = ["-x", "c"] if "++" not in compiler else ["-x", "c", "-std=gnu11"]
    subprocess.run(
        [compiler, *language, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True
    )
    return library
