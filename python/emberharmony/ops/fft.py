"""Fourier transforms: ops.fft. The module may be called: ops.fft(x) is ops.fft.fft(x)."""

import sys
import types

from emberharmony import _core

_functions = _core.functions("fft", "emberharmony.ops.fft")
globals().update(_functions)

__all__ = list(_functions)


def __dir__() -> list[str]:
    return sorted(__all__)


class _CallableModule(types.ModuleType):
    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.fft(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
