"""How far a run is, shown on a terminal, in a notebook, or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import Any, Literal

Progress = Literal["auto", "bar", "none"] | bool | Callable[[dict[str, Any]], object] | None

_BAR_WIDTH = 24
# A phase too short to have been seen leaves no line.
_SHOWN_SECONDS_MIN = 0.1


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def _size(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "--"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def line_of(picture: dict[str, Any]) -> str:
    """One line that tells where a phase is."""
    total = picture["rows_total"]
    share = 1.0 if picture["finished"] else (picture["rows_done"] / total if total else 0.0)
    share = min(share, 1.0)
    filled = int(share * _BAR_WIDTH)
    seconds = max(picture["seconds"], 1e-3)
    rows = picture["rows_done"] / 1e6
    when = (
        f"in {_duration(picture['seconds'])}"
        if picture["finished"]
        else f"left {_duration(picture['seconds_left'])}"
    )
    return (
        f"{picture['phase']:<9} [{'=' * filled}{' ' * (_BAR_WIDTH - filled)}] {100 * share:3.0f}%"
        f"  {rows:.1f}M rows  {rows / seconds:.2f}M rows/s"
        f"  {_size(picture['resident_bytes'])}  {when}"
    )


class _TerminalBar:
    """A line that is drawn over and over; phases that have ended stay."""

    def __call__(self, picture: dict[str, Any]) -> None:
        if picture["finished"] and picture["seconds"] < _SHOWN_SECONDS_MIN:
            return
        width = shutil.get_terminal_size().columns
        end = "\n" if picture["finished"] else ""
        sys.stderr.write(f"\r{line_of(picture)[: width - 1]}\x1b[K{end}")
        sys.stderr.flush()


class _NotebookBar:
    """The lines of all phases so far, in one output that is replaced."""

    def __init__(self) -> None:
        from IPython.display import display

        self._lines: list[str] = []
        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def __call__(self, picture: dict[str, Any]) -> None:
        line = line_of(picture)
        if picture["finished"] and picture["seconds"] >= _SHOWN_SECONDS_MIN:
            self._lines.append(line)
        shown = self._lines if picture["finished"] else [*self._lines, line]
        self._handle.update({"text/plain": "\n".join(shown)}, raw=True)


def display_for(progress: Progress) -> Callable[[dict[str, Any]], object] | None:
    """The display for an argument `progress`; None for none.

    Raises:
        ValueError: Something that is no kind of display.
    """
    if callable(progress):
        return progress
    if progress in (None, False, "none"):
        return None
    if progress not in (True, "auto", "bar"):
        raise ValueError(
            f"progress: expected 'auto', 'bar', 'none' or a function, found {progress!r}"
        )
    if _in_notebook():
        return _NotebookBar()
    if progress == "auto" and not (sys.stderr is not None and sys.stderr.isatty()):
        return None
    return _TerminalBar()
