"""The documents of the repository: their code blocks, headings and links."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

NOT_RUN = re.compile(r"^\*Not run in the tests: (.+)\*$")
FENCE = re.compile(r"^(\s*)(`{3,})\s*(\w*)(.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    page: str
    line: int
    language: str
    text: str
    not_run: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages(root: Path) -> list[str]:
    """The root's documents, those of the tools and every page of docs/, relative to the root."""
    found = [*(root / "docs").rglob("*.md"), *(root / "tools").glob("*/*.md")]
    first = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    return [*first, *sorted(path.relative_to(root).as_posix() for path in found)]


def blocks(root: Path, page: str) -> list[Block]:
    """The page's blocks in their order. The reason for not running one stands right above it."""
    found: list[Block] = []
    begin, fence, language, reason, lines = 0, "", "", "", []
    last = ""
    for number, line in enumerate((root / page).read_text(encoding="utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if fence:
            if match and match[2] == fence and not match[3]:
                found.append(Block(page, begin, language, "\n".join(lines) + "\n", reason))
                fence = ""
            else:
                lines.append(line)
        elif match:
            begin, fence, language, lines = number, match[2], match[3], []
            told = NOT_RUN.match(last)
            reason = told[1] if told else ""
            last = ""
        elif line.strip():
            last = line
    assert not fence, f"{page}:{begin}: a block without an end"
    return found


def prose(text: str) -> str:
    """The page without its blocks of code and pieces of code."""
    outside, fence = [], ""
    for line in text.splitlines():
        match = FENCE.match(line)
        if match and not fence:
            fence = match[2]
        elif match and match[2] == fence and not match[3]:
            fence = ""
        elif not fence:
            outside.append(line)
    return re.sub(r"`[^`\n]*`", "``", "\n".join(outside))


def anchor(heading: str) -> str:
    """What Python-Markdown and GitHub both make of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    plain = re.sub(r"[`*]", "", plain)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w\s-]", "", plain).strip().lower()
    return re.sub(r"[-\s]+", "-", plain)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings; a heading that comes again gets a number."""
    found: set[str] = set()
    inside = ""
    for line in text.splitlines():
        match = FENCE.match(line)
        if match:
            inside = "" if inside == match[2] else (inside or match[2])
            continue
        heading = re.match(r"#{1,6} +(.+?)\s*$", line)
        if not heading or inside:
            continue
        name, number = anchor(heading[1]), 1
        while name in found:
            name = f"{anchor(heading[1])}_{number}"
            number += 1
        found.add(name)
    return found
