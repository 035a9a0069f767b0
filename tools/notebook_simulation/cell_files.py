"""The cells: scripts named cell_N_NAME.py, in the order of their numbers."""

import re
from dataclasses import dataclass
from pathlib import Path

CELLS = Path(__file__).resolve().parent / "cells"
NAME = re.compile(r"cell_(\d+)_(\w+)\.py")


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: Its place, from 1.
        path: Its file.
        text: Its code.
    """

    number: int
    path: Path
    text: str

    @property
    def title(self) -> str:
        return f"cell {self.number} ({self.path.stem.split('_', 2)[2]})"


def load_cells(folder: Path = CELLS) -> list[Cell]:
    """The cells of a folder.

    Raises:
        ValueError: There are none, or their numbers are not 1, 2, 3, ...
    """
    found = []
    for path in folder.glob("cell_*.py"):
        match = NAME.fullmatch(path.name)
        if match:
            found.append(Cell(int(match[1]), path, path.read_text(encoding="utf-8")))
    found.sort(key=lambda cell: cell.number)
    numbers = [cell.number for cell in found]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"expected cells 1, 2, 3, ... in {folder}, found {numbers}")
    return found
