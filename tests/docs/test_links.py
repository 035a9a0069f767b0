"""Links between documents: what they name is there, down to the heading."""

import re
from pathlib import Path

from documents import anchors, pages, prose

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?: \"[^\"]*\")?\)")


def test_links_and_their_anchors_exist(root: Path) -> None:
    broken = []
    for page in pages(root):
        text = (root / page).read_text(encoding="utf-8")
        for link in LINK.findall(prose(text)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, place = link.partition("#")
            target = (root / page).parent / name if name else root / page
            if not target.exists():
                broken.append(f"{page}: {link}")
                continue
            checked = bool(place) and target.suffix == ".md"
            if checked and place not in anchors(target.read_text(encoding="utf-8")):
                broken.append(f"{page}: {link}: no such heading")
    assert not broken, "\n".join(broken)


def test_every_page_is_reached(root: Path) -> None:
    """From the first page, by links: nothing lies about that no reader finds."""
    docs = root / "docs"
    reached, waiting = set(), [docs / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
            target = (page.parent / link.split("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target.is_relative_to(docs):
                waiting.append(target)
    missing = {path.resolve() for path in docs.rglob("*.md")} - {each.resolve() for each in reached}
    assert not missing, sorted(str(path.relative_to(docs)) for path in missing)


def test_folders_have_an_index_that_names_their_pages(root: Path) -> None:
    missing = []
    for folder in sorted({path.parent for path in (root / "docs").rglob("*.md")}):
        index = folder / "index.md"
        assert index.is_file(), f"{folder} has no index.md"
        linked = {link.split("#")[0] for link in LINK.findall(index.read_text(encoding="utf-8"))}
        pages_here = {path.name for path in folder.glob("*.md")} - {"index.md"}
        if folder != root / "docs":
            missing += [f"{folder.name}/{name}" for name in sorted(pages_here - linked)]
    assert not missing, f"not in their folder's index.md: {missing}"
