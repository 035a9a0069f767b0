"""The Python packages as their docstrings describe them."""

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

MODULES = {
    "emberharmony": "The package",
    "emberharmony.features": "emberharmony.features",
    "emberharmony.bigquery": "emberharmony.bigquery",
    "emberharmony.backend_utils": "emberharmony.backend_utils",
}
OPS = {
    "emberharmony.ops": "emberharmony.ops",
    "emberharmony.ops.linalg": "emberharmony.ops.linalg",
    "emberharmony.ops.fft": "emberharmony.ops.fft",
    "emberharmony.ops.random": "emberharmony.ops.random",
}
SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Example|Examples|Note):")
ITEM = re.compile(r"(\*{0,2}[\w., ]+?)(?: \([^)]*\))?: (.*)")


def escaped(text: str) -> str:
    """Text that Markdown leaves as it is; what is between backquotes stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<\[|])", r"\\\1", part) for part in parts
    )


def section(title: str, lines: list[str]) -> str:
    """A section of a docstring: of `name: meaning` a list, else its text."""
    body = inspect.cleandoc("\n" + "\n".join(lines))
    if title.startswith("Example"):
        return f"**{title}**\n\n```text\n{body}\n```\n"
    if title not in ("Args", "Attributes", "Raises"):
        return f"**{title}:** {escaped(' '.join(body.split()))}\n"
    items: list[str] = []
    for line in body.splitlines():
        match = ITEM.fullmatch(line) if not line.startswith(" ") else None
        if match:
            items.append(f"- `{match[1]}`: {escaped(match[2])}")
        elif items:
            items[-1] += " " + escaped(line.strip())
        else:
            items.append(escaped(line.strip()))
    return f"**{title}**\n\n" + "\n".join(items) + "\n"


def documentation(thing: object) -> str:
    """A docstring in Google's style as Markdown."""
    text = inspect.getdoc(thing) or ""
    parts: list[str] = []
    title, lines = "", []
    for line in [*text.splitlines(), "End:"]:
        match = SECTION.fullmatch(line)
        if not match and line != "End:":
            lines.append(line)
            continue
        if title:
            parts.append(section(title, lines))
        else:
            paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
            parts.extend(paragraph(each) for each in paragraphs if each)
        title, lines = (match[1] if match else ""), []
    return "\n".join(parts)


def paragraph(text: str) -> str:
    """Prose, or, where every line is indented, lines as they are."""
    if all(line.startswith("  ") for line in text.splitlines()):
        return f"```text\n{inspect.cleandoc(text)}\n```\n"
    return escaped(" ".join(text.split())) + "\n"


def signature(name: str, thing: object) -> str:
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return name
    # Annotations that are strings are shown without their quotes.
    return name + re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def entry(level: int, name: str, thing: object, *, qualified: str) -> str:
    shown = f"```python\n{signature(qualified, thing)}\n```\n" if callable(thing) else ""
    return f"{'#' * level} {name}\n\n{shown}\n{documentation(thing)}"


def own(cls: type, name: str) -> bool:
    """Whether a member is public and the class's own."""
    return not name.startswith("_") and bool(inspect.getdoc(cls.__dict__[name]))


def describe_class(name: str, cls: type) -> str:
    parts = [entry(3, name, cls, qualified=name)]
    for member in cls.__dict__:
        if not own(cls, member):
            continue
        thing = cls.__dict__[member]
        thing = getattr(thing, "__func__", thing)
        qualified = f"{name}.{member}"
        if callable(thing):
            parts.append(entry(4, qualified, thing, qualified=member))
        else:
            parts.append(f"#### {qualified}\n\n{documentation(thing)}")
    return "\n".join(parts)


def describe(title: str, module: ModuleType, *, classes: bool) -> str:
    names = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if inspect.isfunction(thing) and not name.startswith("_")
    ]
    parts = [f"## {title}\n\n{documentation(module)}"]
    for name in names:
        thing = getattr(module, name)
        if inspect.isclass(thing):
            if not classes:
                continue
            parts.append(describe_class(name, thing))
        elif callable(thing) and not inspect.ismodule(thing):
            parts.append(entry(3, name, thing, qualified=f"{name}"))
    return "\n".join(parts)


def generate(modules: dict[str, str], *, classes: bool = True) -> str:
    parts = []
    for name, title in modules.items():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            # A part of the package that this build does not have.
            if error.name != name:
                raise
            continue
        parts.append(describe(title, module, classes=classes))
    return "\n".join(parts)


def generate_package(root: Path) -> str:
    return generate(MODULES)


def generate_ops(root: Path) -> str:
    # Tensor, DType and Device stand with the package.
    return generate(OPS, classes=False)
