"""The cells as a notebook, and a notebook as cells."""

from pathlib import Path

import jupytext
import nbformat

from notebook_simulation.cell_files import Cell

FORMAT = {"extension": ".py", "format_name": "percent"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def to_notebook(cells: list[Cell]) -> nbformat.NotebookNode:
    """One notebook of all cells; each of its parts knows the file that it came from."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in cells:
        parts = jupytext.reads(cell.text, fmt=FORMAT).cells
        for place, part in enumerate(parts, 1):
            part["id"] = f"cell-{cell.number}-{place}"
            part.metadata = nbformat.from_dict({"file": cell.path.name})
            notebook.cells.append(part)
    nbformat.validate(notebook)
    return notebook


def notebook_text(cells: list[Cell]) -> str:
    """The notebook as the text of an .ipynb file."""
    return nbformat.writes(to_notebook(cells)) + "\n"


def from_notebook(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The text of each cell's file, by its name.

    Parts without the name of a file, which were added in the notebook, belong to the file of the
    part before.

    Raises:
        ValueError: The first part names no file: the notebook was not exported from cells.
    """
    files: dict[str, list[nbformat.NotebookNode]] = {}
    name = ""
    for part in notebook.cells:
        name = part.metadata.get("file", name)
        if not name or Path(name).name != name:
            raise ValueError(f"expected a notebook that --export wrote, found a part of {name!r}")
        plain = {key: part[key] for key in ("cell_type", "source")}
        made = nbformat.v4.new_code_cell if plain["cell_type"] == "code" else None
        made = made or nbformat.v4.new_markdown_cell
        files.setdefault(name, []).append(made(plain["source"]))
    texts = {}
    for name, parts in files.items():
        single = nbformat.v4.new_notebook(cells=parts)
        single.metadata["jupytext"] = {"notebook_metadata_filter": "-all"}
        texts[name] = jupytext.writes(single, fmt=FORMAT)
    return texts
