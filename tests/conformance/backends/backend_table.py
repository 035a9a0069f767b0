"""docs/reference/backends.md, out of what backend_sweep.py found: `make reference-backends`.

    backend_table.py FOLDER > docs/reference/backends.md

FOLDER has a file NAME.json of each backend.
"""

import json
import sys
from pathlib import Path
from typing import Any

BACKENDS = ("torch", "mlx", "numpy")

_GROUPS = (
    ("integers", ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")),
    ("signed", ("int8", "int16", "int32", "int64")),
    ("unsigned", ("uint8", "uint16", "uint32", "uint64")),
    ("float", ("float32", "float64")),
    ("complex", ("complex64", "complex128")),
)

HEAD = """# What each backend computes

Written by `make reference-backends` from a run of the conformance suite
(`make conformance-backends`). For each operation the dtypes of which a backend computes it itself
(*all* that the operation takes; *no*: none); the rest is computed by `native`, with the same
result within the tolerances of the suite, and why is below. `native` computes everything.
[Backends](../architecture/backend_system.md) tells how one is chosen and how the library asks it.
"""


def _in_words(dtypes: list[str]) -> str:
    left = list(dtypes)
    words = []
    for name, members in _GROUPS:
        if all(member in left for member in members):
            words.append((dtypes.index(members[0]), name))
            left = [dtype for dtype in left if dtype not in members]
    words += [(dtypes.index(dtype), dtype) for dtype in left]
    return ", ".join(word for _, word in sorted(words))


def _computed(each: dict[str, Any]) -> list[str]:
    return [dtype for dtype, why in each["answers"].items() if not why or dtype in each["dtypes"]]


def _cell(each: dict[str, Any]) -> str:
    computed = _computed(each)
    if len(computed) == len(each["answers"]):
        return "all"
    return _in_words(computed) or "no"


def column_of(backend_or_page: str, found: Any) -> dict[str, str]:
    """The cells of a backend by operation: of a sweep, or of the page, where `found` names it."""
    if isinstance(found, dict):
        return {op: _cell(each) for op, each in found["ops"].items()}
    place = 1 + BACKENDS.index(found)
    rows = [
        line.strip("|").split("|") for line in backend_or_page.splitlines() if line[:3] == "| `"
    ]
    return {row[0].strip(" `"): row[place].strip() for row in rows}


def _reasons(each: dict[str, Any]) -> list[str]:
    """By reason the dtypes that are not computed; then why some calls of the others are not."""
    computed = _computed(each)
    by_reason: dict[str, list[str]] = {}
    for dtype, why in each["answers"].items():
        if dtype not in computed:
            by_reason.setdefault(why or "no reason is given", []).append(dtype)
    texts = []
    for why, dtypes in by_reason.items():
        all_of_them = len(dtypes) == len(each["answers"])
        texts.append(why if all_of_them else f"{_in_words(dtypes)}: {why}")
    texts += [f"some calls: {why}" for why in each["refusals"]]
    return texts


def section_of(backend: str, found: dict[str, Any]) -> str:
    """What a backend leaves to native and why, as a section of the page."""
    operations = found["ops"].values()
    own = sum(1 for each in operations if _computed(each))
    lines = [f"## {backend}", "", f"{found['framework']}: {own} of {len(operations)} operations."]
    lines += ["", "| reason | operations |", "|---|---|"]
    by_reason: dict[str, list[str]] = {}
    for op, each in found["ops"].items():
        for reason in _reasons(each):
            by_reason.setdefault(reason, []).append(op)
    for reason, names in sorted(by_reason.items()):
        which = ", ".join(f"`{name}`" for name in names)
        # Layouts that a framework lacks are the same for all.
        lines.append(f"| {reason} | {'nearly all' if len(names) > own / 2 else which} |")
    return "\n".join(lines) + "\n"


def page_of(found: dict[str, dict[str, Any]]) -> str:
    """The page."""
    lines = [HEAD, "| operation | " + " | ".join(BACKENDS) + " |", "|---|" + "---|" * len(BACKENDS)]
    columns = {name: column_of(name, found[name]) for name in BACKENDS}
    for op in found[BACKENDS[0]]["ops"]:
        lines.append(f"| `{op}` | " + " | ".join(columns[name][op] for name in BACKENDS) + " |")
    return "\n".join([*lines, "", *(section_of(name, found[name]) for name in BACKENDS)])


def main() -> None:
    folder = Path(sys.argv[1])
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in BACKENDS}
    sys.stdout.write(page_of(found))


if __name__ == "__main__":
    main()
