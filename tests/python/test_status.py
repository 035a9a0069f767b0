"""status: how far the run into a folder is, as `ember status --json` tells it."""

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pytest

import emberharmony as eh

ROWS = 1000
PLAN = {
    "version": 1,
    "features": [{"columns": ["x"], "steps": [{"scale": "standard"}]}],
}


@pytest.fixture
def table() -> pa.Table:
    return pa.table({"x": [float(i) for i in range(ROWS)], "y": list(range(ROWS))})


def test_a_complete_output(table: pa.Table, tmp_path: Path, run_ember) -> None:
    result = eh.extract(table, tmp_path / "out", plan=PLAN, memory="256MiB")
    told = eh.status(tmp_path / "out")
    assert isinstance(told, eh.RunStatus)
    assert (told.state, told.command, told.folder) == ("complete", "extract", f"{tmp_path}/out")
    assert told.rows_done == told.rows == ROWS == sum(result.split_rows.values())
    shards = list((tmp_path / "out").rglob("part-*"))
    assert told.shards == len(shards) == 3
    assert told.bytes == sum(shard.stat().st_size for shard in shards)
    assert told.units_done == told.units == 1
    assert (told.can_continue, told.has_earlier_output, told.phase) == (False, False, "")
    # All that the command tells has a name here.
    command = json.loads(run_ember("status", tmp_path / "out", "--json").stdout)
    assert command.pop("version") == 1
    fields = dataclasses.asdict(told)
    assert {name: fields[name] for name in command} == command


def test_a_run_that_was_stopped(flights: Path, tmp_path: Path, run_ember) -> None:
    out = tmp_path / "out"

    class StopError(Exception):
        pass

    def stop(told: dict) -> None:
        raise StopError

    # So many rows that the first that is told comes long before the end.
    with pytest.raises(StopError):
        eh.extract(flights, out, threads=1, progress=stop)
    told = eh.status(out)
    assert told.state == "interrupted"
    assert told.rows_done < 3_000_000
    assert told.next == (
        "make the same call with resume=True to go on, or with overwrite=True to start over"
    )
    command = json.loads(run_ember("status", out, "--json").stdout)
    command.pop("next")
    fields = dataclasses.asdict(told)
    assert all(fields[name] == value for name, value in command.items() if name != "version")
    eh.extract(flights, out, resume=True)
    assert eh.status(out).state == "complete"


def test_what_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        eh.status(tmp_path / "none")
    with pytest.raises(ValueError, match="holds no output"):
        eh.status(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        eh.status(tmp_path / "file")
    with pytest.raises(TypeError, match="out: expected a path, found int"):
        eh.status(3)  # type: ignore[arg-type]
