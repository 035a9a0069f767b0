"""Runs a command and tells which entries of NumPy its code used, and from where."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TRACER = Path(__file__).resolve().parent / "tracer"


def read_log(log: Path) -> list[dict[str, object]]:
    """What the processes of a run noted, each place once."""
    if not log.exists():
        return []
    lines = log.read_text("utf-8").splitlines()
    unique = {line: json.loads(line) for line in lines}
    return sorted(unique.values(), key=lambda note: (note["path"], note["line"], note["entry"]))


def environment(log: Path, also: list[str]) -> dict[str, str]:
    """The environment in which Python notes what it uses of NumPy."""
    path = os.pathsep.join(filter(None, [str(TRACER), os.environ.get("PYTHONPATH", "")]))
    return os.environ | {
        "PYTHONPATH": path,
        "PURIFY_LOG": str(log),
        "PURIFY_ALSO": os.pathsep.join(also),
    }


def run(command: list[str], *, also: list[str], as_json: bool) -> int:
    """Runs a command under the tracer and prints what it used.

    Args:
        command: Program and arguments. Every Python that it starts is looked at, unless it is
            started with -I, -E or -S.
        also: Installed packages whose code is looked at, too.
        as_json: For programs.

    Returns:
        0 if the command succeeded and its code used nothing of NumPy's, else 1; 2 if the command
        cannot be run.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        try:
            process = subprocess.run(command, env=environment(log, also), check=False)
        except OSError as error:
            print(f"purify: cannot run {command[0]}: {error}", file=sys.stderr)
            return 2
        notes = read_log(log)
    used = [note for note in notes if note["what"] != "import"]
    if as_json:
        print(json.dumps({"version": 1, "status": process.returncode, "used": notes}, indent=2))
    else:
        for note in notes:
            print(f"{note['path']}:{note['line']}: {note['what']} {note['entry']}")
        entries = len({note["entry"] for note in used})
        print(f"{len(used)} places used {entries} entries of NumPy; the command ended with "
              f"status {process.returncode}")  # fmt: skip
    return 0 if process.returncode == 0 and not used else 1
