"""emberharmony: tensors and feature engineering on one machine.

`from emberharmony import ops` has the tensor functions: the Python array API standard 2025.12 and
more, on the CPU.
"""

from emberharmony._core import Device, DType, Tensor

__all__ = ["DType", "Device", "Tensor", "ops"]


def __getattr__(name: str) -> object:
    if name == "ops":
        import importlib

        return importlib.import_module("emberharmony.ops")
    raise AttributeError(f"module 'emberharmony' has no attribute {name!r}")
