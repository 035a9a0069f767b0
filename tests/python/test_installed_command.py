"""The command that a wheel brings: emberharmony_command goes on as the program in the package."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CALL = "from emberharmony_command import main; main()"


@pytest.fixture
def installed(root: Path, ember: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a Python in which the package lies as a wheel would have put it.

    Python runs with -S, so that the checkout that its .venv names is not found.
    """
    package = tmp_path / "site packages" / "emberharmony"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('the command needs no import')\n")
    (package / "bin" / "ember").symlink_to(ember)
    command = root / "python" / "emberharmony_command"
    shutil.copytree(command, package.parent / command.name)
    return os.environ | {"PYTHONPATH": str(package.parent)}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-c", CALL, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_arguments_output_and_status_are_the_command_s(installed: dict[str, str]) -> None:
    version = run(installed, "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("ember ")
    missing = run(installed, "inspect", "no such\ttable.parquet")
    assert missing.returncode == 1
    assert "no such\ttable.parquet" in missing.stderr


def test_a_signal_reaches_the_command(installed: dict[str, str], data: Path) -> None:
    table = f"p.d.flights={data / 'flights-3m.parquet'}"
    server = subprocess.Popen(
        [sys.executable, "-S", "-c", CALL, "serve-bigquery", "--port", "0", "--table", table],
        env=installed,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "127.0.0.1" in server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()


def test_what_is_missing_is_said(installed: dict[str, str]) -> None:
    package = Path(installed["PYTHONPATH"]) / "emberharmony"
    (package / "bin" / "ember").unlink()
    without_program = run(installed, "--version")
    assert without_program.returncode == 1
    assert "cannot be run: No such file or directory" in without_program.stderr
    shutil.rmtree(package)
    without_package = run(installed, "--version")
    assert without_package.returncode == 1
    assert "not installed" in without_package.stderr
