"""Short messages for keywords that are far too long."""

import functools
from types import FunctionType
from typing import Any

_LENGTH_MAX = 80


def _with_short_keywords(function: FunctionType) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        for name in keywords:
            if len(name) > _LENGTH_MAX:
                raise TypeError(
                    f"{function.__name__}() got an unexpected keyword argument "
                    f"'{name[:_LENGTH_MAX]}'"
                )
        return function(*args, **keywords)

    return call


def shorten_keywords(module: dict[str, Any]) -> None:
    """Lets a module's public functions cut a keyword that none of them has off after 80 characters.

    As the compiled functions do: Python's own message repeats the whole, be it a megabyte.

    Args:
        module: The module's globals, when all its functions are defined.
    """
    for name, value in list(module.items()):
        is_own = isinstance(value, FunctionType) and value.__module__ == module["__name__"]
        if is_own and not name.startswith("_"):
            module[name] = _with_short_keywords(value)
