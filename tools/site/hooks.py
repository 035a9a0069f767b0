"""What MkDocs is told beyond mkdocs.yml: the order of pages, generated references, shown sources.

A page of docs/ that holds the line `<!-- generated: NAME -->` gets the reference of that name in
its place, from the command and the modules that were built. So a reference cannot be older than
the code, and nothing that is generated lies in the repository.
"""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "site"))

import command_line_reference  # noqa: E402
import cpp_reference  # noqa: E402
import plan_reference  # noqa: E402
import python_reference  # noqa: E402
import standard_reference  # noqa: E402

LOG = logging.getLogger("mkdocs.hooks.site")

# Folders in the order of the navigation, each with its title and with the pages that come first;
# the others follow by name.
FOLDERS = {
    "tutorials": ("Tutorials", ["feature_extraction", "bigquery_integration"]),
    "examples": ("Examples", []),
    "reference": (
        "Reference",
        [
            "command_line",
            "command_line_options",
            "explain",
            "sources",
            "bigquery_server",
            "filters",
            "plan",
            "steps",
            "plan_keys",
            "model_directory",
            "report",
            "python",
            "python_api",
            "python_ops_api",
            "library",
            "cpp_api",
            "tensors",
            "ops",
            "ops_names",
            "numpy_mapping",
            "ops_standard",
        ],
    ),
    "architecture": ("Architecture", ["overview", "data_processing", "backend_system"]),
    "troubleshooting": ("Troubleshooting", []),
    "templates": ("Templates", []),
}
LINK = re.compile(r"(\]\()((?:\.\./)+[^)\s#]*)([^)\s]*\))")
MARKER = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
GENERATORS = {
    "command_line": command_line_reference.generate,
    "python_api": python_reference.generate_package,
    "python_ops_api": python_reference.generate_ops,
    "plan_keys": plan_reference.generate,
    "cpp_api": cpp_reference.generate,
    "ops_standard": standard_reference.generate,
}
LANGUAGES = {".cc": "cpp", ".h": "cpp", ".py": "python", ".sh": "bash", ".yml": "yaml"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The navigation is that of the folders, so that a new page is in it by itself."""
    docs = Path(config.docs_dir)
    # The package of this build. (MkDocs takes back what a hook adds while it is loaded.)
    sys.path.insert(0, str(ROOT / "build" / "python"))
    config.nav = ["index.md"]
    for folder, (title, first) in FOLDERS.items():
        pages = {path.stem: f"{folder}/{path.name}" for path in sorted(docs.glob(f"{folder}/*.md"))}
        names = ["index", *first, *sorted(pages)]
        config.nav.append({title: [pages[name] for name in dict.fromkeys(names) if name in pages]})
    return config


def outside(config: MkDocsConfig, page: File, link: str) -> Path | None:
    """The file of the repository that a page's link names, if it lies outside of docs/."""
    docs = Path(config.docs_dir).resolve()
    path = (docs / page.src_uri).parent.joinpath(link).resolve()
    inside = path.is_relative_to(docs) or not path.is_relative_to(ROOT)
    return None if inside or not path.exists() else path.relative_to(ROOT)


def shown(path: Path) -> str:
    """The address of the page that shows a file or a folder of the repository."""
    return f"source/{path.as_posix()}/index.md"


def notebook(text: str) -> str:
    """The cells of a notebook, without their output; headings stay below the page's own."""
    cells = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.append(f"{'`' * 8}python\n{source}\n{'`' * 8}\n")
        else:
            cells.append(re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", source) + "\n")
    return "\n".join(cells)


def source_page(path: Path) -> str:
    """A page with the text of a file, or with the names in a folder."""
    head = "---\nsearch:\n  exclude: true\n---\n\n"
    if (ROOT / path).is_dir():
        names = sorted(
            each.name for each in (ROOT / path).iterdir() if not each.name.startswith((".", "__"))
        )
        return f"{head}# {path}\n\n" + "".join(f"- `{name}`\n" for name in names)
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return f"{head}# {path}\n\n{notebook(text)}"
    if path.suffix == ".md":
        # Its links are those of its own place in the repository.
        return head + re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    fence = "`" * 8
    language = LANGUAGES.get(path.suffix, "text")
    return f"{head}# {path}\n\n{fence}{language}\n{text}\n{fence}\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each file of the repository that a page links to."""
    paths = set()
    for page in files.documentation_pages():
        for _, link, _ in LINK.findall(page.content_string):
            if path := outside(config, page, link):
                paths.add(path)
    for path in sorted(paths):
        files.append(File.generated(config, shown(path), content=source_page(path)))
    return files


def on_page_markdown(markdown: str, page: object, config: MkDocsConfig, files: Files) -> str:
    """Puts generated references in their places and turns links to sources to their pages."""

    def generated(found: re.Match[str]) -> str:
        try:
            return GENERATORS[found[1]](ROOT)
        except (KeyError, ImportError, OSError, subprocess.CalledProcessError) as error:
            raise PluginError(
                f"{page.file.src_uri}: the reference '{found[1]}' cannot be made ({error!r}). "
                "Run `make docs`, which builds what it is made from"
            ) from error

    def turned(found: re.Match[str]) -> str:
        path = outside(config, page.file, found[2])
        if path is None:
            return found[0]
        up = "../" * page.file.src_uri.count("/")
        return f"{found[1]}{up}{shown(path)}{found[3]}"

    return LINK.sub(turned, MARKER.sub(generated, markdown))


def on_post_build(config: MkDocsConfig) -> None:
    """The pages of Doxygen stand beside those of MkDocs."""
    warnings = cpp_reference.run_doxygen(ROOT, Path(config.site_dir))
    for line in warnings:
        LOG.warning("doxygen: %s", line)
