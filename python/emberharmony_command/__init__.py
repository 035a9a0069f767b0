"""The command `ember` of an installed package.

It stands outside the package `emberharmony`, whose import would cost each call of the command a
tenth of a second.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["main"]


def main() -> None:
    """Goes on as the program in the package, whose signals and exit status are the command's."""
    spec = find_spec("emberharmony")
    if spec is None or spec.origin is None:
        sys.exit("ember: error: the package emberharmony is not installed for this Python")
    program = Path(spec.origin).parent / "bin" / "ember"
    try:
        os.execv(program, [str(program), *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"ember: error: {program} cannot be run: {error.strerror}")
