"""The cells as a notebook and back, and the example that is made of them."""

from pathlib import Path

import nbformat
import pytest
from notebook_simulation import cell_files, notebook_file, run_simulation


def test_there_and_back_changes_nothing(tmp_path: Path) -> None:
    cells = cell_files.load_cells()
    assert len(cells) == 4
    notebook = nbformat.reads(notebook_file.notebook_text(cells), as_version=4)
    assert notebook_file.from_notebook(notebook) == {cell.path.name: cell.text for cell in cells}


def test_an_edited_notebook_becomes_cells(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    (folder / "cell_1_one.py").write_text("# %% [markdown]\n# Text\n\n# %%\nx = 1\n")
    (folder / "cell_2_two.py").write_text("# %%\ny = x\n")
    path = tmp_path / "edited.ipynb"
    assert run_simulation.main(["--cells", str(folder), "--export", str(path)]) == 0
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1]["source"] = "x = 2"
    notebook.cells[1]["outputs"] = [nbformat.v4.new_output("stream", text="2")]
    notebook.cells.insert(2, nbformat.v4.new_code_cell("z = x"))
    nbformat.write(notebook, path)
    assert run_simulation.main(["--cells", str(folder), "--import", str(path)]) == 0
    one = (folder / "cell_1_one.py").read_text()
    assert one == "# %% [markdown]\n# Text\n\n# %%\nx = 2\n\n# %%\nz = x\n"
    assert (folder / "cell_2_two.py").read_text() == "# %%\ny = x\n"


@pytest.mark.parametrize("name", ["", "../evil.py", "/tmp/evil.py"])
def test_other_notebooks_are_refused(name: str) -> None:
    cell = nbformat.v4.new_code_cell("x = 1", metadata={"file": name} if name else {})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(ValueError, match="a notebook that --export wrote"):
        notebook_file.from_notebook(notebook)


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"nbformat": 4}', "\x00"):
        path = tmp_path / "none.ipynb"
        path.write_text(text)
        assert run_simulation.main(["--import", str(path)]) == 2, text


def test_the_example_is_current(root: Path) -> None:
    example = (root / "examples" / "notebook_simulation.ipynb").read_text()
    assert example == notebook_file.notebook_text(cell_files.load_cells()), "run `make notebook`"
