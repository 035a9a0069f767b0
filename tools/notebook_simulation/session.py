"""Runs cells one after the other in one namespace, as a notebook's kernel does."""

import ast
import bisect
import contextlib
import io
import sys
import time
import types
from dataclasses import dataclass, field
from pathlib import Path

from notebook_simulation.cell_files import Cell
from notebook_simulation.failure_report import describe
from notebook_simulation.secrets_filter import mask

STATUS = Path("/proc/self/status")


@dataclass
class Outcome:
    """How a cell went.

    Attributes:
        cell: The cell.
        seconds: Its time.
        peak_bytes: The most resident memory while it ran; 0 where the system does not tell.
        text: What it printed, and its last value.
        pictures: Files of the figures that it drew.
        failure: The report of its failure, or "".
    """

    cell: Cell
    seconds: float = 0.0
    peak_bytes: int = 0
    text: str = ""
    pictures: list[Path] = field(default_factory=list)
    failure: str = ""


class _Tee(io.TextIOBase):
    """Text that is kept, and shown as well."""

    def __init__(self, shown: io.TextIOBase | None) -> None:
        self.kept = io.StringIO()
        self._shown = shown

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.kept.write(text)
        if self._shown is not None:
            self._shown.write(text)
            self._shown.flush()
        return len(text)


def reset_peak() -> None:
    """Forgets the peak of resident memory, so that each cell has its own (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The peak of resident memory since then; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def parts(tree: ast.Module, text: str) -> list[list[ast.stmt]]:
    """The statements between `# %%` lines, which are cells of their own in a notebook."""
    marks = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("# %%")]
    grouped: dict[int, list[ast.stmt]] = {}
    for statement in tree.body:
        grouped.setdefault(bisect.bisect(marks, statement.lineno), []).append(statement)
    return list(grouped.values())


class Session:
    """The namespace that cells share, and where their pictures go. One thread uses it."""

    def __init__(self, cells: list[Cell], output: Path) -> None:
        self._cells = cells
        self._output = output
        self._module = types.ModuleType("__main__")

    @property
    def names(self) -> dict[str, object]:
        return vars(self._module)

    def run(self, cell: Cell, *, shown: bool) -> Outcome:
        """Runs a cell. An exception of its own is told in the outcome; KeyboardInterrupt is raised.

        Args:
            cell: The cell.
            shown: Whether what it prints is printed, too.
        """
        outcome = Outcome(cell)
        out = _Tee(sys.stdout if shown else None)
        before = sys.modules["__main__"]
        sys.modules["__main__"] = self._module  # as in a kernel: pickle finds what cells define
        reset_peak()
        start = time.perf_counter()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                self._execute(cell)
        except Exception as error:
            outcome.failure = describe(error, cell, self._cells)
        except SystemExit as stop:
            outcome.failure = f"{cell.title} failed: it called sys.exit({stop.code!r})"
        finally:
            sys.modules["__main__"] = before
            outcome.seconds = time.perf_counter() - start
            outcome.peak_bytes = peak_bytes()
        outcome.text = mask(out.kept.getvalue())
        outcome.pictures = self._save_pictures(cell)
        return outcome

    def _execute(self, cell: Cell) -> None:
        """Runs a cell's parts; prints the value of each one's last expression."""
        path = str(cell.path)
        for part in parts(ast.parse(cell.text, path), cell.text):
            last = part.pop() if isinstance(part[-1], ast.Expr) else None
            exec(compile(ast.Module(part, []), path, "exec"), self.names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), path, "eval"), self.names)
                if value is not None:
                    print(repr(value))

    def _save_pictures(self, cell: Cell) -> list[Path]:
        """Saves and closes the figures that are open."""
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is None:
            return []
        paths = []
        for place, number in enumerate(plt.get_fignums(), 1):
            paths.append(self._output / f"cell_{cell.number}_{place}.png")
            plt.figure(number).savefig(paths[-1], dpi=100)
        plt.close("all")
        return paths

    def close(self) -> None:
        """Stops the local server, if a cell has started one."""
        server = self.names.get("server")
        if server is not None and hasattr(server, "terminate"):
            server.terminate()
            server.wait(30)
