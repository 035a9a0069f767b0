"""The options of every command, as `ember COMMAND --help` tells them."""

import os
import re
import subprocess
from pathlib import Path


def help_of(root: Path, *command: str) -> str:
    ember = os.environ.get("EMBER_BIN", str(root / "build" / "bin" / "ember"))
    return subprocess.run(
        [ember, *command, "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def sections(text: str) -> dict[str, list[str]]:
    """The lines of a help text below each of its headings."""
    found: dict[str, list[str]] = {"": []}
    heading = ""
    for line in text.splitlines():
        if match := re.fullmatch(r"([A-Z][\w ]*):", line):
            heading = match[1]
            found[heading] = []
        elif line.strip():
            found[heading].append(line)
    return found


def entries(lines: list[str]) -> list[tuple[str, str]]:
    """(what is written, what it means): CLI11 puts the meaning into the column 30."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if match := re.fullmatch(r"  (\S.*?)(?: {2,}(\S.*))?", line):
            found.append((match[1], match[2] or ""))
        else:
            name, meaning = found[-1]
            found[-1] = (name, f"{meaning} {line.strip()}".strip())
    return found


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(kind: str, lines: list[str]) -> str:
    rows = []
    for name, meaning in entries(lines):
        required = "Required. " if name.endswith(" REQUIRED") else ""
        plain = name.removesuffix(" REQUIRED").removesuffix(" ...").replace("|", "\\|")
        rows.append(f"| `{plain}` | {required}{cell(meaning)} |")
    return f"| {kind} | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"


def generate(root: Path) -> str:
    commands = [name for name, _ in entries(sections(help_of(root))["Subcommands"])]
    parts = []
    for command in commands:
        found = sections(help_of(root, command))
        about = [line for line in found[""] if not line.startswith("Usage:")]
        usage = [line for line in found[""] if line.startswith("Usage:")]
        parts.append(f"## `ember {command}`\n\n" + "\n".join(about) + "\n")
        if usage:
            parts.append("```text\n" + usage[0].removeprefix("Usage: ") + "\n```\n")
        for part, kind in (("Positionals", "argument"), ("Options", "option")):
            if part in found:
                parts.append(table(kind, found[part]))
        if "Examples" in found:
            examples = "\n".join(line.strip() for line in found["Examples"])
            parts.append("```text\n" + examples + "\n```\n")
    return "\n".join(parts)
