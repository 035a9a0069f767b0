"""Every command and program of docs/tutorials/bigquery_integration.md, against the local server."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rest_double import QueryScript, RestDouble

# What others' tools do is not tried here.
NOT_OURS = ("gcloud ",)
RESULT = {"projectId": "my-project", "datasetId": "anon", "tableId": "result"}


def blocks(root: Path, language: str) -> list[str]:
    text = (root / "docs" / "tutorials" / "bigquery_integration.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environment(ember: Path, flights: Path, root: Path) -> dict[str, str]:
    """A local Storage Read server and a double of the REST API, as the environment names them."""
    process = subprocess.Popen(
        [
            ember,
            "serve-bigquery",
            "--port",
            "0",
            "--table",
            f"my-project.travel.flights={flights}",
            "--table",
            f"my-project.anon.result={flights}",
            "--table",
            f"my-project.travel.flights_by_day={flights}",
            "--partition",
            "my-project.travel.flights_by_day=date",
            "--require-partition-filter",
            "my-project.travel.flights_by_day",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on ")
        with RestDouble() as rest:
            describe(rest)
            yield {
                **os.environ,
                "PATH": f"{ember.parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(root / "build" / "python"),
                "GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT": line.split()[-1],
                "BIGQUERY_EMULATOR_HOST": rest.url,
            }
    finally:
        process.terminate()
        process.wait(30)


def describe(rest: RestDouble) -> None:
    types = {"date": "DATETIME", "delay": "INTEGER", "distance": "INTEGER"}
    names = ["date", "delay", "distance", "origin", "destination"]
    fields = [{"name": name, "type": types.get(name, "STRING")} for name in names]
    rest.tables["my-project.travel.flights"] = {
        "type": "TABLE",
        "numRows": "3000000",
        "numBytes": "120000000",
        "schema": {"fields": fields},
    }
    rest.tables["my-project.travel.late_flights"] = {"type": "VIEW", "schema": {"fields": fields}}

    class AnyQuery(dict):
        """The double has no engine: each query yields the flights."""

        def get(self, sql: str, default: object = None) -> QueryScript:
            return QueryScript(RESULT, total_rows=3_000_000, bytes_processed=30_000_000)

    rest.queries = AnyQuery()


def test_commands(root: Path, environment: dict[str, str], tmp_path: Path) -> None:
    commands = [line for block in blocks(root, "sh") for line in block.splitlines() if line]
    ours = [command for command in commands if not command.startswith(NOT_OURS)]
    assert len(ours) >= 6
    told = {}
    for command in ours:
        assert shlex.split(command)[0] in ("ember", "sed"), command
        process = subprocess.run(
            command,
            shell=True,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert process.returncode == 0, f"{command}\n{process.stderr}"
        assert process.stdout or command.startswith("sed "), command
        told[" ".join(command.split()[:2])] = process.stdout
    # What the page says of the columns that no step needs.
    asked = re.search(r"^columns asked for +(.*)$", told["ember explain"], re.MULTILINE)
    assert asked is not None
    assert asked[1] == "date, distance, origin, delay"
    assert (tmp_path / "features" / "model" / "model.json").is_file()


def test_programs(root: Path, environment: dict[str, str], tmp_path: Path) -> None:
    program = "\n".join(blocks(root, "python"))
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("3000000 rows\n")


def test_every_message_is_one(root: Path) -> None:
    """The table of messages quotes what the sources say."""
    text = (root / "docs" / "tutorials" / "bigquery_integration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", text.split("## 8.")[1], re.MULTILINE)
    sources = " ".join(
        re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        for path in (root / "src" / "emberharmony").rglob("*.cc")
    )
    ours = [
        row for row in rows[2:] if not re.search(r"denied|Not found|exceeded|expired at", row, re.I)
    ]
    assert len(ours) >= 5
    for row in ours:
        for part in filter(None, (each.strip(" '") for each in row.split("..."))):
            assert part in sources, part
