"""ops.linalg."""

from emberharmony import _core

_functions = _core.functions("linalg", "emberharmony.ops.linalg")
globals().update(_functions)

__all__ = list(_functions)
