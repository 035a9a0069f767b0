"""Dependencies between the rooms of src/emberharmony run one way.

The table below is the house's plan. A room may include its own headers, those of the rooms named
here, and third-party headers.
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

ALLOWED: dict[str, set[str]] = {
    "base": set(),
    "tensor": {"base"},
    "backend": {"base", "tensor"},
    "ops": {"base", "tensor", "backend"},
    "io": {"base"},
    "bigquery": {"base", "io"},
    "feature": {"base", "tensor", "backend", "ops", "io"},
    "plan": {"base", "tensor", "ops", "io", "feature"},
    "engine": {"base", "tensor", "backend", "ops", "io", "feature", "plan"},
    # Where BigQuery meets the engine within the library; all else of it is wired by the programs.
    "extractor": {"base", "io", "plan", "engine", "bigquery"},
    "cli": {
        "base",
        "tensor",
        "backend",
        "ops",
        "io",
        "feature",
        "plan",
        "engine",
        "bigquery",
        "extractor",
    },
}
# A feature sees rows (batches, cells and their texts), never files: the engine wires what reads and
# writes them. It computes with ops, and says of what it computes which operations that asks for and
# whether others than the native backend may.
NARROW_DOORS: dict[tuple[str, str], re.Pattern[str]] = {
    ("feature", "io"): re.compile(r"emberharmony/io/(batch|cell_[a-z_]+)\.h$"),
    ("feature", "backend"): re.compile(r"emberharmony/backend/(backend_scope|op)\.h$"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](emberharmony/[^">]+)[">]', re.MULTILINE)
RELATIVE_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"/]+|\.\.?/[^"]+)"', re.MULTILINE)


def room_files(source: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if path.suffix in {".h", ".cc"} and len(parts) > 1:
            yield parts[0], path


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def faults_of(room: str, include: str) -> str | None:
    """Why `room` may not include the header `include`, or None where it may."""
    parts = include.split("/")
    if len(parts) < 3:
        return (
            None  # a header at the top gathers rooms for users; no room includes rooms through it
        )
    other = parts[1]
    if other == room:
        return None
    if other not in ALLOWED:
        return f"room '{other}' is not in the table of this test"
    if other not in ALLOWED[room]:
        return f"'{room}' may include {sorted(ALLOWED[room]) or 'no room'}, not '{other}'"
    door = NARROW_DOORS.get((room, other))
    if door and not door.match(include):
        return f"of '{other}' a '{room}' may include only {door.pattern}"
    return None


def test_each_room_is_in_the_table(root: Path) -> None:
    rooms = {room for room, _ in room_files(root / "src" / "emberharmony")}
    assert rooms, "no sources were found"
    assert rooms <= set(ALLOWED), f"rooms without a place in the house: {rooms - set(ALLOWED)}"


def test_the_table_has_no_cycle() -> None:
    order = list(graphlib.TopologicalSorter(ALLOWED).static_order())  # raises CycleError
    assert order[0] == "base"
    assert order[-1] == "cli"


def test_includes_run_one_way(root: Path) -> None:
    source = root / "src" / "emberharmony"
    faults = [
        f"{path.relative_to(root)} includes {include}: {fault}"
        for room, path in room_files(source)
        for include in includes(path)
        if (fault := faults_of(room, include))
    ]
    assert not faults, "\n".join(faults)


def test_internal_headers_stay_in_their_room(root: Path) -> None:
    faults = [
        f"{path.relative_to(root)} includes {include}"
        for room, path in room_files(root / "src" / "emberharmony")
        for include in includes(path)
        if include.endswith("_internal.h") and include.split("/")[1] != room
    ]
    assert not faults, "internal headers of other rooms:\n" + "\n".join(faults)


def test_includes_are_spelled_from_the_root(root: Path) -> None:
    faults = [
        f"{path.relative_to(root)} includes {include}"
        for _, path in room_files(root / "src" / "emberharmony")
        for include in RELATIVE_INCLUDE.findall(path.read_text(encoding="utf-8"))
    ]
    assert not faults, 'expected "emberharmony/ROOM/file.h":\n' + "\n".join(faults)


def test_included_headers_exist(root: Path) -> None:
    faults = [
        f"{path.relative_to(root)} includes {include}"
        for _, path in room_files(root / "src" / "emberharmony")
        for include in includes(path)
        if not (root / "src" / include).is_file()
    ]
    assert not faults, "\n".join(faults)


def test_python_imports_run_one_way(root: Path) -> None:
    """The package imports no test, benchmark or tool of the repository."""
    package = root / "python" / "emberharmony"
    outside = {"tests", "bench", "tools", "examples"}
    faults = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            faults += [
                f"{path.relative_to(root)} imports {name}"
                for name in names
                if name.split(".")[0] in outside
            ]
    assert not faults, "\n".join(faults)


def test_a_reversed_edge_is_found() -> None:
    assert faults_of("base", "emberharmony/io/batch.h")
    assert faults_of("io", "emberharmony/engine/extract.h")
    assert faults_of("feature", "emberharmony/io/source.h")
    assert faults_of("ops", "emberharmony/io/batch.h")
    assert not faults_of("feature", "emberharmony/io/cell_fingerprint.h")
    assert not faults_of("engine", "emberharmony/plan/plan.h")
