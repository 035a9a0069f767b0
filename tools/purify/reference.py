"""Writes docs/reference/numpy_mapping.md: `python tools/purify --mapping` (make reference)."""

from purify import differences, mapping
from purify.mapping import Entry, Form

HEADER = (
    "# NumPy's names\n\n"
    "Written by `make reference` from the two libraries themselves: what of NumPy {version} stands "
    "in `ops`, and what a person has to look at. [purify](../architecture/numpy_audit.md) finds "
    "direct NumPy use in code and rewrites what is safe by this table; the tests run each function "
    "of it in both libraries."
)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def short(name: str) -> str:
    return "np" + name.removeprefix("numpy")


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    ]


def function_row(entry: Entry) -> list[str]:
    renamed = [
        f"{theirs} is {ours}"
        for theirs, ours in entry.parameters.items()
        if theirs != ours and theirs in differences.OTHER_PARAMETERS
    ]
    notes = [entry.note] if entry.note else []
    if entry.ops in differences.FLATTENS:
        notes.append("without an axis the argument is flattened first")
    notes += renamed
    return [
        code(short(entry.numpy)),
        code(f"ops.{entry.ops}"),
        ", ".join(code(name) for name in entry.not_taken),
        "; ".join(notes),
    ]


def of_form(entries: list[Entry], form: Form) -> list[Entry]:
    return [entry for entry in entries if entry.form is form]


def as_markdown() -> str:
    """The page."""
    entries = mapping.all_entries()
    functions = of_form(entries, Form.FUNCTION)
    missing = of_form(entries, Form.MISSING)
    version = mapping.numpy.__version__.rpartition(".")[0]
    lines = [HEADER.format(version=version), ""]
    lines += ["## Functions", "", "The third column has arguments that need a person.", ""]
    lines += table(["NumPy", "ops", "not taken", "note"], [function_row(e) for e in functions])
    lines += ["", "## Constants and dtypes", ""]
    values = of_form(entries, Form.CONSTANT) + of_form(entries, Form.DTYPE)
    lines += table(["NumPy", "ops"], [[code(short(e.numpy)), code(f"ops.{e.ops}")] for e in values])
    lines += ["", "## No equivalent of that name", ""]
    lines += [f"{len(missing)} names; for these there is advice, which the tests run:", ""]
    lines += table(
        ["NumPy", "with ops"],
        [[code(theirs), code(ours)] for _, (theirs, ours) in sorted(differences.RECIPES.items())],
    )
    rest = [short(e.numpy) for e in missing if not e.note]
    lines += ["", "Without advice: " + ", ".join(code(name) for name in rest) + "."]
    lines += ["", "## Random numbers", ""]
    lines += ["The same seed gives other numbers in `ops.random`, so a person decides.", ""]
    lines += table(
        ["NumPy", "for example"],
        [[code(f"np.random.{n}"), code(a)] for n, a in sorted(differences.RANDOM_RECIPES.items())],
    )
    types = ", ".join(code(short(e.numpy)) for e in of_form(entries, Form.TYPE))
    lines += ["", "## Types", "", f"A person decides, or there is nothing like it: {types}."]
    removed = sorted(differences.REMOVED.items())
    lines += ["", "## Names that NumPy 2 has removed", ""]
    lines += table(
        ["NumPy", "is taken as"], [[code(short(old)), code(short(new))] for old, new in removed]
    )
    return "\n".join(lines)
