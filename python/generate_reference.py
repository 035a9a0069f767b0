"""Writes docs/reference/ops.md, the list of all functions, from the table of the compiled module.

    generate_reference.py FOLDER > docs/reference/ops.md     (make reference)

FOLDER/emberharmony is the package, with its compiled module.
"""

import sys
from pathlib import Path

from generate_stubs import split_signature

TITLES = {
    "ops": "The main namespace",
    "linalg": "ops.linalg",
    "fft": "ops.fft",
    "random": "ops.random",
}

HEADER = (
    "# Functions of ops\n\n"
    "Written by `make reference` from the functions themselves: name and parameters as in Python "
    "(`/` ends those that are given by position only, `*` begins those that are given by name "
    "only), and what it computes. `help(ops.NAME)` tells the rest: shapes, dtypes, errors. "
    "[Python](python.md) describes the class `Tensor`.\n"
)


def plain(signature: str) -> str:
    """The signature without annotations, which the stubs have."""
    parameters, _ = split_signature(signature)
    names = []
    for parameter in parameters:
        name, _, annotated = parameter.partition(":")
        default = annotated.rpartition(" = ")[2] if " = " in annotated else ""
        names.append(f"{name.strip()}={default}" if default else name.strip())
    return "(" + ", ".join(names) + ")"


def first_sentence(doc: str) -> str:
    """The docstring's first line, fit for a cell of a table."""
    return doc.strip().splitlines()[0].replace("|", "\\|")


def main() -> None:
    sys.path.insert(0, str(Path(sys.argv[1]).resolve()))
    from emberharmony import _core

    rows: dict[str, dict[str, str]] = {space: {} for space in TITLES}
    for space, name, signature, doc, alias, _ in _core.describe_functions():
        meaning = f"another name of `{alias}`" if alias else first_sentence(doc)
        call = f"{name}{plain(signature)}".replace("|", "\\|")
        rows[space][name] = f"| `{call}` | {meaning} |"
    print(HEADER)
    for space, title in TITLES.items():
        print(f"## {title}\n\n| function | |\n|---|---|")
        print("\n".join(rows[space][name] for name in sorted(rows[space], key=str.lower)))
        if space != "random":
            print()


if __name__ == "__main__":
    main()
