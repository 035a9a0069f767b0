"""What is told of a cell that failed: where, on what, and with which values."""

import ast
import reprlib
import types

from notebook_simulation.cell_files import Cell
from notebook_simulation.secrets_filter import HIDDEN, is_secret_name, mask

SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = 120
VARIABLES_MAX = 20


def frames_of_cells(error: BaseException, cells: list[Cell]) -> list[types.TracebackType]:
    """The parts of a traceback that lie in cells, the outermost first."""
    paths = {str(cell.path) for cell in cells}
    found, entry = [], error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code.co_filename in paths:
            found.append(entry)
        entry = entry.tb_next
    return found


def names_in(line: str) -> list[str]:
    """The names that a line of code reads, as far as it is whole."""
    for text in (line, line.rstrip(":") + ": pass", f"({line}", f"{line})", line.rstrip(" ([{,")):
        try:
            tree = ast.parse(text.strip())
        except SyntaxError:
            continue
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        return list(dict.fromkeys(names))
    return []


def shown(name: str, value: object) -> str:
    """A variable's value in one line, without secrets."""
    if is_secret_name(name):
        return HIDDEN
    try:
        text = SHORT.repr(value)
    except Exception as error:  # a value's own __repr__ may raise anything
        text = f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    return mask(" ".join(text.split()))


def variables(frame: types.FrameType, line: str) -> list[tuple[str, str]]:
    """The variables of the line first, then the function's own."""
    known = {**frame.f_globals, **frame.f_locals}
    names = [name for name in names_in(line) if name in known]
    if frame.f_locals is not frame.f_globals:
        names += [name for name in frame.f_locals if name not in names]
    plain = [
        name
        for name in names
        if not isinstance(known[name], types.ModuleType | types.FunctionType | type)
    ]
    return [(name, shown(name, known[name])) for name in plain[:VARIABLES_MAX]]


def describe(error: BaseException, cell: Cell, cells: list[Cell]) -> str:
    """The report."""
    kind = type(error).__name__
    message = mask(str(error))
    lines = [f"{cell.title} failed: {kind}: {message}"]
    if isinstance(error, SyntaxError) and error.filename == str(cell.path):
        lines.append(f"  {cell.path}:{error.lineno}: {mask((error.text or '').strip())}")
        return "\n".join(lines)
    texts = {str(each.path): each.text.splitlines() for each in cells}
    for entry in frames_of_cells(error, cells):
        path, number = entry.tb_frame.f_code.co_filename, entry.tb_lineno
        line = texts[path][number - 1].strip()
        where = entry.tb_frame.f_code.co_name
        inside = "" if where == "<module>" else f" in {where}()"
        lines.append(f"  {path}:{number}{inside}: {mask(line)}")
        lines += [f"      {name} = {value}" for name, value in variables(entry.tb_frame, line)]
    cause = error.__cause__
    if cause is not None:
        lines.append(f"  because of {type(cause).__name__}: {mask(str(cause))}")
    return "\n".join(lines)
