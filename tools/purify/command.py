"""The command line."""

import argparse
import ast
import fnmatch
import io
import re
import sys
import tokenize
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from purify import findings, reference, report, rewrite, verify
from purify.audit import audit
from purify.findings import Finding

DONE, FINDINGS, USAGE = 0, 1, 2
# Every finding needs one of these words in its file; jax.device_get is the one way out of a
# framework that does not name NumPy.
MAY_USE = re.compile("numpy|device_get")

EPILOG = """exit status:
  0  nothing was found (--verify: no entry of NumPy was called, and the command succeeded)
  1  something was found, or is left after --fix; --verify: something was called, or the
     command failed
  2  wrong options, or a file that cannot be read or is not Python (the others are looked at)

--check reads [tool.purify] of the pyproject.toml beside or above the first path:
  allow = ["tests/*"]      files in which NumPy may be used
"""


class UsageError(Exception):
    """What the user can mend; the message says how."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="purify",
        description="Finds direct NumPy use in Python code and maps it to emberharmony.ops.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files and folders")
    made.add_argument("--json", action="store_true", help="findings for programs")
    mode = made.add_mutually_exclusive_group()
    mode.add_argument("--fix", action="store_true", help="rewrite what is safe, in place")
    mode.add_argument("--diff", action="store_true", help="show what --fix would do")
    mode.add_argument(
        "--check", action="store_true", help="the lint rule: leave out files that are allowed"
    )
    mode.add_argument("--mapping", action="store_true", help="print the mapping table")
    mode.add_argument(
        "--verify",
        action="store_true",
        help="run the command after -- and list the entries of NumPy that it called",
    )
    made.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="with --verify: look at this installed package's calls, too (may be repeated)",
    )
    return made


def python_files(paths: list[str]) -> list[Path]:
    """The files that paths name, folders searched; hidden folders and environments are left out.

    Raises:
        UsageError: A path that is not there.
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found += [
                each
                for each in sorted(path.rglob("*.py"))
                if not any(
                    part.startswith(".") or part in ("__pycache__", "node_modules", "site-packages")
                    for part in each.relative_to(path).parts
                )
            ]
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"expected a file or a folder, found none at {name}")
    return found


@dataclass(frozen=True)
class Text:
    """A file's text, and the encoding that it names or begins with."""

    source: str
    encoding: str


def read(path: Path) -> Text:
    """A file's text.

    Raises:
        UsageError: It cannot be read, or not as text.
    """
    try:
        # As bytes and back, so that line endings stay what they are.
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return Text(content.decode(encoding), encoding)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UsageError(f"{path}: {error}") from error


def look(path: Path, source: str) -> list[Finding]:
    """The findings of a file.

    Raises:
        UsageError: It is not Python.
    """
    try:
        # Python's own parser is quick, and refuses what is nested too deeply for the other one.
        with warnings.catch_warnings(action="ignore"):
            ast.parse(source)
        # Most files of a code base need no more; scopes would take most of the time.
        return audit(str(path), source).findings if MAY_USE.search(source) else []
    except (cst.ParserSyntaxError, SyntaxError, ValueError) as error:
        raise UsageError(f"{path}: expected Python: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise UsageError(f"{path}: expressions are nested too deeply") from error


def settings(path: Path) -> tuple[Path, list[str]]:
    """The folder of the pyproject.toml that rules a path, and the files it allows NumPy in."""
    for folder in [path.resolve(), *path.resolve().parents]:
        candidate = folder / "pyproject.toml"
        if candidate.is_file():
            table = tomllib.loads(candidate.read_text("utf-8")).get("tool", {}).get("purify", {})
            return folder, list(table.get("allow", []))
    return Path.cwd(), []


def allowed(path: Path, folder: Path, patterns: list[str]) -> bool:
    try:
        name = path.resolve().relative_to(folder).as_posix()
    except ValueError:
        return False
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def fix(path: Path, *, write: bool) -> list[Finding]:
    """Rewrites a file, or prints what would change; returns what is left."""
    import difflib

    text = read(path)
    found = look(path, text.source)
    if all(each.kind != findings.SAFE for each in found):
        return found
    fixed, count = rewrite.fix(str(path), text.source)
    if write:
        path.write_bytes(fixed.encode(text.encoding))
        print(f"{path}: {count} rewritten", file=sys.stderr)
    else:
        before, after = text.source.splitlines(True), fixed.splitlines(True)
        sys.stdout.writelines(difflib.unified_diff(before, after, str(path), str(path)))
    return look(path, fixed)


def run(arguments: argparse.Namespace) -> int:
    files = python_files(arguments.paths)
    if arguments.check:
        folder, patterns = settings(Path(arguments.paths[0]))
        files = [each for each in files if not allowed(each, folder, patterns)]
    found: list[Finding] = []
    broken = 0
    for path in files:
        try:
            if arguments.fix or arguments.diff:
                found += fix(path, write=arguments.fix)
            else:
                found += look(path, read(path).source)
        except UsageError as error:
            # One broken file does not keep the others from being looked at.
            print(f"purify: {error}", file=sys.stderr)
            broken += 1
    status = tell(arguments, found, len(files) - broken)
    return USAGE if broken else status


def tell(arguments: argparse.Namespace, found: list[Finding], num_files: int) -> int:
    """Prints findings; returns the exit status."""
    if arguments.diff:
        return FINDINGS if found else DONE
    if arguments.json:
        print(report.as_json(found, num_files))
    elif arguments.check:
        for finding in found:
            print(report.line_of(finding))
    else:
        print(report.as_text(found, num_files))
    return FINDINGS if found else DONE


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    command: list[str] = []
    if "--" in argv:
        place = argv.index("--")
        argv, command = argv[:place], argv[place + 1 :]
    made = parser()
    try:
        arguments = made.parse_args(argv)
    except SystemExit as stop:
        return USAGE if stop.code else DONE
    try:
        if arguments.verify:
            if not command:
                raise UsageError("--verify: expected a command after --, found none")
            return verify.run(command, also=arguments.also, as_json=arguments.json)
        if arguments.mapping:
            print(reference.as_markdown())
            return DONE
        if not arguments.paths:
            raise UsageError("expected files or folders, found none; see --help")
        return run(arguments)
    except UsageError as error:
        print(f"purify: {error}", file=sys.stderr)
        return USAGE
