"""How far the run into a folder is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from typing import Any

from emberharmony import _core
from emberharmony._errors import missing_files
from emberharmony._paths import path_text

_engine: Any = _core.engine


@dataclass(frozen=True)
class RunStatus:
    """How far the run into a folder is, or was when it was interrupted.

    Totals are None while they are not known, and 0 where there is nothing of the kind. `source`,
    `phase`, `ended_by`, `can_continue` and `has_earlier_output` tell of a run that is not complete.

    Attributes:
        state: "complete", "running" (a process is writing to the folder), "interrupted" (it was
            stopped or killed) or "failed" (it ended with an error that may pass); or what is wrong
            with an output that was complete, such as "damaged".
        folder: The folder.
        command: "extract", "fit" or "transform"; "" where that is not known.
        columns_done: Columns that have learned.
        columns: Of how many that learn, those that steps on whole rows yield among them.
        row_steps_done: Steps on whole rows that have learned.
        row_steps: Of how many that learn.
        rows_learned: Training rows that a complete model has learned from, as far as it tells.
        units_done: Units of the source whose features are written; None of a fit, which writes
            none.
        units: Of how many; of a fit, how many it reads.
        rows_done: Rows in shards that are complete; None of a fit.
        rows: Of how many; of a fit, how many it reads.
        shards: Shards that are complete.
        bytes: Their size.
        next: What to do.
        source: What the run reads.
        phase: The last phase that it began.
        ended_by: What ended a run that is not running: "stopped" (on request), "killed" (it had no
            time to say), "memory" (the limit) or "error".
        can_continue: Whether `resume=True` goes on from there, rather than begins anew.
        has_earlier_output: Whether the folder has an output that the run is to replace.
    """

    state: str
    folder: str
    command: str
    columns_done: int
    columns: int | None
    row_steps_done: int
    row_steps: int | None
    rows_learned: int | None
    units_done: int | None
    units: int | None
    rows_done: int | None
    rows: int | None
    shards: int
    bytes: int
    next: str
    source: str = ""
    phase: str = ""
    ended_by: str = ""
    can_continue: bool = False
    has_earlier_output: bool = False


def status(out: str | os.PathLike[str]) -> RunStatus:
    """Tells how far the run into a folder is, or was when it was interrupted: `ember status`.

    Changes nothing; a run in progress is not disturbed.

    Args:
        out: The folder that `extract`, `fit` or `transform` writes to.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: No run has written it.
        OSError: What is in it cannot be read.
    """
    folder = path_text(out, "out")
    with missing_files([folder]):
        told = json.loads(_engine.run_status(folder))
    known = {field.name for field in fields(RunStatus)}
    return RunStatus(**{name: value for name, value in told.items() if name in known})
