"""Linear algebra: the array API standard's extension, and more."""

from emberharmony import _core
from emberharmony._core import LinAlgError

_functions = _core.functions("linalg", "emberharmony.ops.linalg")
globals().update(_functions)

__all__ = ["LinAlgError", *_functions]


def __dir__() -> list[str]:
    return sorted(__all__)
