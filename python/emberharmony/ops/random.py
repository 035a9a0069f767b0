"""Random numbers: the same seed gives the same bits, for any number of threads."""

from emberharmony import _core

_functions = _core.functions("random", "emberharmony.ops.random")
globals().update(_functions)

__all__ = list(_functions)


def __dir__() -> list[str]:
    return sorted(__all__)
