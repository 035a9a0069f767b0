"""What the tests that cross rooms share: the command under test and public tables."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The package that is built here, also where the environment belongs to another checkout; or the one
# in the folder that EMBER_PACKAGE names.
PACKAGES = Path(os.environ.get("EMBER_PACKAGE", ROOT / "build" / "python")).resolve()
sys.path.insert(0, str(PACKAGES))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--backend NAME`: for tests/conformance/backends; may be given several times."""
    parser.addoption("--backend", action="append", metavar="NAME", help="backend to test")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Python's own handler of SIGINT, which a job in the background of a shell does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def ember() -> Path:
    """The command `ember`: build/bin/ember, or what EMBER_BIN names."""
    command = Path(os.environ.get("EMBER_BIN", ROOT / "build" / "bin" / "ember")).resolve()
    assert command.is_file(), f"expected the command at {command}, found none: run `make build`"
    return command


@pytest.fixture(scope="session")
def run_ember(ember: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command with the arguments given and checks its exit status.

    `run_ember("fit", plan, source, "-o", model, status=2)` returns the finished process with
    stdout and stderr as text. `status=None` checks nothing.
    """

    def run(
        *arguments: object, status: int | None = 0, timeout: float = 300, **options: object
    ) -> subprocess.CompletedProcess[str]:
        process = subprocess.run(
            [str(ember), *map(str, arguments)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            **options,
        )
        if status is not None:
            line = " ".join(map(str, ["ember", *arguments]))
            assert process.returncode == status, (
                f"`{line}`: expected exit status {status}, found {process.returncode}\n"
                f"{process.stderr}"
            )
        return process

    return run


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public tables that setup/npm.sh fills."""
    folder = ROOT / "data"
    assert folder.is_dir(), f"expected public tables in {folder}, found none: run `make setup`"
    return folder


@pytest.fixture(scope="session")
def flights(data: Path) -> Path:
    """3,000,000 flights: date, delay, distance, origin, destination."""
    return data / "flights-3m.parquet"
