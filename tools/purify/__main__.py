"""Runs the command, as `python tools/purify` and as `python -m purify`."""

import sys
from pathlib import Path

if not __package__:
    # `python tools/purify` puts this folder on the path, where its files would hide modules.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from purify.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
