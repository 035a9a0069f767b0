"""Runs the command, as `python tools/purify` and as `python -m purify`."""

import os
import sys
from pathlib import Path

if not __package__:
    # `python tools/purify` puts this folder on the path, where its files would hide modules.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

# What a shell tells of a command that SIGPIPE has ended.
READER_GONE = 141
INSTALL = (
    "`make setup build` in the repository makes both: the packages of setup/requirements.txt, and "
    "build/python, which belongs on PYTHONPATH"
)


def run() -> int:
    """Runs the command; returns its exit status."""
    try:
        from purify.command import main
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("libcst", "numpy", "emberharmony"):
            raise
        print(f"purify: expected the package {missing}, found none: {INSTALL}", file=sys.stderr)
        return 2
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has had enough. Python flushes once more at its end, where nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return status


if __name__ == "__main__":
    sys.exit(run())
