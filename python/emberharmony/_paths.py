"""Paths as callers give them."""

from __future__ import annotations

import os
from typing import Any


def path_text(path: Any, name: str) -> str:
    """A path as text that the engine takes.

    Args:
        path: A str, or whatever `os.fspath` makes one of.
        name: What messages call it.

    Raises:
        TypeError: Something that is no path, or one of bytes.
        ValueError: Text that is not Unicode: what Python makes of file names in another encoding.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a path, found {type(path).__name__}: {path!r}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(
            f"{name}: expected a path that can be written in UTF-8, found {text!r}; rename it, or "
            "give another path that leads there"
        ) from None
    if "\0" in text:
        raise ValueError(f"{name}: expected a path without null characters, found {text!r}")
    return text
