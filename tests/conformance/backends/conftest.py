"""The backends that the conformance suite runs on."""

from typing import Any

import pytest

from emberharmony import ops

BACKENDS = ("native", "torch", "mlx", "numpy")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a parameter `backend` runs on each that is asked for."""
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend", default=None) or BACKENDS
        metafunc.parametrize("backend", chosen, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The backend's name; a test of one that is not there is skipped with what it lacks."""
    try:
        with ops.use_backend(request.param):
            pass
    except ValueError as error:
        pytest.skip(str(error))
    return request.param


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How much each backend computes itself."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "backend":
                terminalreporter.write_line(value)
