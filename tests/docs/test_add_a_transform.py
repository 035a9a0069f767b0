"""The tutorial on adding a step shows the files of a step that is there."""

from pathlib import Path

from documents import blocks

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = "docs/tutorials/add_a_transform.md"


def test_the_tutorial_shows_the_files_of_sqrt() -> None:
    shown = [each.text for each in blocks(ROOT, PAGE) if each.language == "cpp"]
    folder = ROOT / "src" / "emberharmony" / "feature"
    files = [(folder / name).read_text(encoding="utf-8") for name in ("sqrt.cc", "sqrt_test.cc")]
    assert shown == files


def test_the_step_is_in_four_files() -> None:
    """Beside its own two the reference and the changelog; no list of steps in the code."""
    rooms = [ROOT / "src" / "emberharmony" / room for room in ("feature", "plan", "engine")]
    sources = [path for room in rooms for path in room.rglob("*.*") if path.is_file()]
    naming = {path.name for path in sources if '"sqrt"' in path.read_text(encoding="utf-8")}
    assert naming == {"sqrt.cc", "sqrt_test.cc"}
    for page in ("docs/reference/steps.md", "CHANGELOG.md"):
        assert "sqrt" in (ROOT / page).read_text(encoding="utf-8")
