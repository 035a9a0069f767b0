"""The public headers: a list on one page, and Doxygen's site beside it."""

import re
import shutil
import subprocess
from pathlib import Path


def public_headers(root: Path) -> list[str]:
    """What is installed, below src/emberharmony."""
    cmake = (root / "cmake" / "EmberInstall.cmake").read_text(encoding="utf-8")
    return re.search(r"set\(EMBER_PUBLIC_HEADERS\s+([^)]+)\)", cmake)[1].split()


def purpose(text: str) -> str:
    """The first sentence of a header's first comment, without what only a reader of code needs."""
    block: list[str] = []
    for line in text.splitlines():
        if match := re.match(r"/// ?(.*)", line):
            block.append(match[1])
        elif block:
            break
    words = " ".join(" ".join(block).split())
    return re.split(r"(?<=[.:;]) ", words)[0].rstrip(":;").replace("|", "\\|").replace("<", "&lt;")


def declared(text: str) -> list[str]:
    """Names of the types that a header declares at the level of its namespace."""
    return re.findall(r"^(?:enum class|class|struct) (\w+)[^;]*\{", text, re.MULTILINE)


def linked(header: str) -> str:
    """The header's name with a link to Doxygen's page of it."""
    page = Path(header).name.replace("_", "__").replace(".", "_8")
    return f'<a href="../../cpp/{page}.html"><code>{header}</code></a>'


def generate(root: Path) -> str:
    rows = []
    for header in public_headers(root):
        text = (root / "src" / "emberharmony" / header).read_text(encoding="utf-8")
        types = ", ".join(f"`{name}`" for name in declared(text)[:6])
        rows.append(f"| {linked(header)} | {purpose(text)} | {types} |")
    return (
        '<p><a href="../../cpp/index.html">All classes and functions, by Doxygen</a></p>\n\n'
        "All lie in the folder `emberharmony/`.\n\n"
        "| header | begins with | types |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def run_doxygen(root: Path, site: Path) -> list[str]:
    """Writes SITE/cpp and returns Doxygen's warnings."""
    command = shutil.which("doxygen")
    if command is None:
        return ["doxygen was not found: run `setup/apt.sh docs`"]
    headers = " ".join(f"src/emberharmony/{header}" for header in public_headers(root))
    settings = (root / "tools" / "site" / "Doxyfile").read_text(encoding="utf-8")
    settings += f'\nINPUT = tools/site/cpp_mainpage.dox {headers}\nOUTPUT_DIRECTORY = "{site}"\n'
    process = subprocess.run(
        [command, "-"],
        input=settings,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return process.stderr.splitlines()
