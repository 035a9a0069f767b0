"""The simulation itself, from its start to its end, as scripts and as a notebook."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

LIMIT = 30_000


@pytest.fixture
def variables(ember: Path, flights: Path, root: Path) -> dict[str, str]:
    left_out = {"GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT", "BIGQUERY_EMULATOR_HOST"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    paths = [str(root / "build" / "python"), os.environ.get("PYTHONPATH", "")]
    return {
        **kept,
        "EMBER_BIN": str(ember),
        "SIMULATION_DATA": str(flights),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def run(
    root: Path, output: Path, variables: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    program = root / "tools" / "notebook_simulation" / "run_simulation.py"
    return subprocess.run(
        [sys.executable, program, "--output", output, "--limit", str(LIMIT), *options],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def rows(output: Path) -> int:
    manifest = json.loads((output / "features" / "manifest.json").read_text())
    return sum(split["rows"] for split in manifest["splits"].values())


def is_open(endpoint: str) -> bool:
    host, port = endpoint.split(":")
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((host, int(port))) == 0


def test_without_an_account(root: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    process = run(root, tmp_path, variables)
    assert process.returncode == 0, process.stdout + process.stderr
    assert f"{LIMIT:,} values of delay" in process.stdout
    assert "StreamingSummary" in process.stdout
    assert rows(tmp_path) == LIMIT
    report = json.loads((tmp_path / "report.json").read_text())["cells"]
    assert [each["cell"] for each in report] == [1, 2, 3, 4]
    assert all(each["seconds"] > 0 and not each["failure"] for each in report)
    assert report[2]["pictures"]
    for name in report[2]["pictures"]:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    endpoint = re.search(r"connected to (\S+):", process.stdout)
    assert endpoint is not None
    assert not is_open(endpoint[1]), "the local server outlives the run"


def test_another_server(
    root: Path, tmp_path: Path, ember: Path, flights: Path, variables: dict[str, str]
) -> None:
    table = "p.d.t"
    server = subprocess.Popen(
        [ember, "serve-bigquery", "--table", f"{table}={flights}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        endpoint = server.stdout.readline().split()[-1]
        options = ["--endpoint", endpoint, "--table", table, "--target", "distance"]
        process = run(root, tmp_path, variables, *options)
        assert process.returncode == 0, process.stdout + process.stderr
        assert f"connected to {endpoint}" in process.stdout
        assert "values of distance" in process.stdout
        assert rows(tmp_path) == LIMIT
        assert is_open(endpoint), "a server that the run did not start is stopped by it"
    finally:
        server.terminate()
        server.wait(30)


def test_a_server_that_is_not_there(root: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    process = run(root, tmp_path, variables, "--endpoint", endpoint, "--until", "2")
    assert process.returncode == 1
    assert "cell 2 (connection) failed" in process.stderr
    assert "cell_2_connection.py" in process.stderr
    assert endpoint in process.stderr


def test_as_a_notebook(root: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    """Jupyter's own client runs the example in a kernel."""
    notebook = nbformat.read(root / "examples" / "notebook_simulation.ipynb", as_version=4)
    variables = variables | {"SIMULATION_OUTPUT": str(tmp_path), "SIMULATION_LIMIT": str(LIMIT)}
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute(env=variables)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [each for each in outputs if each["output_type"] == "error"]
    text = "".join(each.get("text", "") for each in outputs)
    assert f"{LIMIT:,} values of delay" in text
    assert any("image/png" in each.get("data", {}) for each in outputs)
    assert rows(tmp_path) == LIMIT
