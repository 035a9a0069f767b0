"""docs/reference/ops_names.md lists the predecessor's names and more; each row is looked up."""

import re
from pathlib import Path

import pytest

from emberharmony import Tensor, ops

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ops_names.md"
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?:`(?P<preferred>[^`]+)`)? *\| (?P<note>.*?) *\|$")


def rows():
    found = [ROW.match(line) for line in PAGE.read_text().splitlines()]
    return [(row["name"], row["preferred"], row["note"]) for row in found if row]


def look_up(path):
    value = {"ops": ops, "x": Tensor}[path.split(".")[0]]
    for part in path.split(".")[1:]:
        value = getattr(value, part)
    return value


def test_the_page_has_all_names():
    names = [name for name, _, _ in rows()]
    beyond = PAGE.read_text().split("## Beyond the predecessor")[1].count("\n| `ops.")
    assert len(names) == len(set(names)) == 200 + beyond
    assert beyond == 24


@pytest.mark.parametrize(("name", "preferred", "note"), rows(), ids=lambda value: str(value))
def test_name(name, preferred, note):
    value = look_up(name)
    assert callable(value) or name == "ops.pi"
    if preferred is None:
        return
    other = look_up(preferred)
    if preferred.startswith("ops.") and not note:
        assert value.__doc__ == other.__doc__ or name == "ops.fft"
