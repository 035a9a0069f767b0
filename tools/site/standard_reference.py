"""The names of the Python array API standard, with what each function of ops says it does."""

import inspect
import re
from pathlib import Path


def found(ops: object, name: str) -> object | None:
    """What ops has under a name of the list."""
    space, _, last = name.rpartition(".")
    owner = {
        "": ops,
        "linalg": ops.linalg,
        "fft": ops.fft,
        "info": ops.__array_namespace_info__(),
        "x": ops.Tensor,
    }[space]
    return getattr(owner, last, None)


def row(ops: object, line: str) -> str:
    call = line.replace("|", "\\|")
    thing = found(ops, re.match(r"[\w.]+", line)[0])
    if thing is None:
        return f"| `{call}` | **missing** |"
    first = (inspect.getdoc(thing) or "").split("\n")[0].replace("|", "\\|")
    return f"| `{call}` | {first} |"


def generate(root: Path) -> str:
    from emberharmony import ops

    listed = root / "tests" / "conformance" / "ops" / "standard_signatures.txt"
    parts: list[str] = []
    for block in listed.read_text(encoding="utf-8").split("\n\n"):
        heading, *lines = block.strip().splitlines()
        if not lines or not lines[0] or lines[0].startswith("#"):
            continue
        title = heading.removeprefix("# ").split(";")[0]
        rows = "\n".join(row(ops, line) for line in lines)
        parts.append(f"## {title[:1].upper()}{title[1:]}\n\n| | |\n|---|---|\n{rows}\n")
    return "\n".join(parts)
