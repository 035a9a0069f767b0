"""ops.random."""

from emberharmony import _core

_functions = _core.functions("random", "emberharmony.ops.random")
globals().update(_functions)

__all__ = list(_functions)
