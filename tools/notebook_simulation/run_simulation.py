"""Runs the notebook's cells: see README.md beside this file.

python tools/notebook_simulation/run_simulation.py [--cell N | --until N] [--project P] ...
"""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # This folder would otherwise be first, and its files hide modules of the same names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from notebook_simulation.cell_files import CELLS, Cell, load_cells
from notebook_simulation.session import Outcome, Session

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 3


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="run_simulation.py", description="Runs a notebook's cells.")
    which = made.add_mutually_exclusive_group()
    which.add_argument("--cell", type=int, metavar="N", help="this one; those before run unseen")
    which.add_argument("--until", type=int, metavar="N", help="the first N")
    which.add_argument("--export", type=Path, metavar="FILE", help="write the cells as a notebook")
    which.add_argument(
        "--import", type=Path, metavar="FILE", dest="source", help="write a notebook as cells"
    )
    made.add_argument("--project", help="the project that pays: BigQuery itself is read")
    made.add_argument("--table", help="PROJECT.DATASET.TABLE")
    made.add_argument("--target", help="the column to be predicted")
    made.add_argument("--limit", type=int, metavar="ROWS", help="how many rows are read")
    made.add_argument("--endpoint", metavar="HOST:PORT", help="another Storage Read server")
    made.add_argument(
        "--output", type=Path, default=Path("build/notebook_simulation"), metavar="FOLDER",
        help="for texts, pictures, features and report.json (build/notebook_simulation)",
    )  # fmt: skip
    made.add_argument("--cells", type=Path, default=CELLS, metavar="FOLDER", help="other cells")
    return made


def set_environment(arguments: argparse.Namespace, output: Path) -> None:
    """Options reach the cells by the environment, as settings reach a notebook."""
    given = {
        "SIMULATION_PROJECT": arguments.project,
        "SIMULATION_TABLE": arguments.table,
        "SIMULATION_TARGET": arguments.target,
        "SIMULATION_LIMIT": arguments.limit,
        "GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT": arguments.endpoint,
        "SIMULATION_OUTPUT": output,
    }
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    # Figures are saved; nobody looks at a window.
    os.environ.setdefault("MPLBACKEND", "Agg")


def mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB" if count else "unknown"


def write_results(outcomes: list[Outcome], output: Path) -> None:
    """Writes each cell's text, and report.json."""
    report = []
    for outcome in outcomes:
        name = f"cell_{outcome.cell.number}.txt"
        (output / name).write_text(outcome.text, encoding="utf-8")
        report.append(
            {
                "cell": outcome.cell.number,
                "file": outcome.cell.path.name,
                "seconds": round(outcome.seconds, 3),
                "peak_bytes": outcome.peak_bytes,
                "text": name,
                "pictures": [path.name for path in outcome.pictures],
                "failure": outcome.failure,
            }
        )
    text = json.dumps({"version": 1, "cells": report}, indent=2)
    (output / "report.json").write_text(text + "\n", encoding="utf-8")


def print_table(outcomes: list[Outcome], output: Path) -> None:
    print("\ncell                     seconds   peak memory")
    for outcome in outcomes:
        status = "  failed" if outcome.failure else ""
        memory = mebibytes(outcome.peak_bytes)
        print(f"{outcome.cell.title:24} {outcome.seconds:7.2f} {memory:>13}{status}")
    print(f"texts, pictures and report.json: {output}")


def run_cells(cells: list[Cell], shown: set[int], output: Path) -> int:
    """Runs cells until one fails."""
    output.mkdir(parents=True, exist_ok=True)
    session = Session(cells, output)
    outcomes: list[Outcome] = []
    status = DONE
    try:
        for cell in cells:
            if cell.number in shown:
                print(f"== {cell.title}", flush=True)
            outcomes.append(session.run(cell, shown=cell.number in shown))
            if outcomes[-1].failure:
                status = FAILED
                break
    except KeyboardInterrupt:
        status = INTERRUPTED
        print("interrupted", file=sys.stderr)
    finally:
        session.close()
    write_results(outcomes, output)
    if status == FAILED:
        print(outcomes[-1].failure, file=sys.stderr)
    print_table([o for o in outcomes if o.cell.number in shown or o.failure], output)
    return status


def convert(arguments: argparse.Namespace) -> int:
    """--export and --import."""
    try:
        import nbformat

        from notebook_simulation import notebook_file
    except ImportError as error:
        raise ValueError(f"expected jupytext and nbformat (make setup): {error}") from error
    if arguments.export is not None:
        arguments.export.write_text(
            notebook_file.notebook_text(load_cells(arguments.cells)), encoding="utf-8"
        )
        return DONE
    try:
        notebook = nbformat.read(arguments.source, as_version=4)
    except OSError as error:
        raise ValueError(f"expected a notebook at {arguments.source}: {error}") from error
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError) as error:
        raise ValueError(f"expected a notebook, found none in {arguments.source}") from error
    for name, text in notebook_file.from_notebook(notebook).items():
        (arguments.cells / name).write_text(text, encoding="utf-8")
    return DONE


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as stop:
        return USAGE if stop.code else DONE
    try:
        if arguments.export is not None or arguments.source is not None:
            return convert(arguments)
        cells = load_cells(arguments.cells)
        last = arguments.cell or arguments.until or len(cells)
        if not 1 <= last <= len(cells):
            raise ValueError(f"expected a cell from 1 to {len(cells)}, found {last}")
        if arguments.project and not arguments.table:
            raise ValueError("--project: expected --table PROJECT.DATASET.TABLE with it")
    except ValueError as error:
        print(f"run_simulation.py: {error}", file=sys.stderr)
        return USAGE
    output = arguments.output.resolve()
    set_environment(arguments, output)
    shown = {arguments.cell} if arguments.cell else {cell.number for cell in cells[:last]}
    with contextlib.suppress(BrokenPipeError):
        return run_cells(cells[:last], shown, output)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
