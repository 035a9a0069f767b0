"""Functions on tensors: the Python array API standard 2025.12, and more.

The functions are compiled; each has its signature and its documentation: help(ops.sum).
"""

from emberharmony import _core
from emberharmony._core import AxisError, Device, DType, Tensor
from emberharmony.ops import fft, linalg, random
from emberharmony.ops._backends import (
    _choose_by_environment,
    auto_select_backend,
    backend_counts,
    calibrate,
    describe_backends,
    explain,
    get_available_backends,
    get_backend,
    register_backend,
    set_backend,
    use_backend,
)
from emberharmony.ops._devices import (
    get_available_devices,
    get_default_device,
    get_num_threads,
    is_available,
    memory_info,
    memory_usage,
    set_default_device,
    set_num_threads,
    synchronize,
)
from emberharmony.ops._limits import finfo, iinfo
from emberharmony.ops._namespace_info import __array_namespace_info__

__array_api_version__ = "2025.12"

pi = 3.141592653589793
e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None

# The names of dtypes and functions, among them some of Python's own (bool, sum, all, pow), are only
# bound here: nothing in this file may use those.
_dtypes = {value.name: value for value in vars(_core).values() if isinstance(value, DType)}
_functions = _core.functions("ops", "emberharmony.ops")
# What the predecessor has without the name of a module before it.
_flat = {
    linalg: "solve inv svd eig eigh eigvals det norm qr cholesky lstsq orthogonal expm diagonal",
    fft: "ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn",
}
for _module, _names in _flat.items():
    for _name in _names.split():
        if _name not in _functions and hasattr(_module, _name):
            _functions[_name] = getattr(_module, _name)
globals().update(_dtypes)
globals().update(_functions)

__all__ = [
    "AxisError",
    "DType",
    "Device",
    "Tensor",
    "__array_api_version__",
    "__array_namespace_info__",
    "auto_select_backend",
    "backend_counts",
    "calibrate",
    "describe_backends",
    "e",
    "explain",
    "fft",
    "finfo",
    "get_available_backends",
    "get_available_devices",
    "get_backend",
    "get_default_device",
    "get_num_threads",
    "iinfo",
    "inf",
    "is_available",
    "linalg",
    "memory_info",
    "memory_usage",
    "nan",
    "newaxis",
    "pi",
    "random",
    "register_backend",
    "set_backend",
    "set_default_device",
    "set_num_threads",
    "synchronize",
    "use_backend",
    *_dtypes,
    *_functions,
]


def __dir__() -> list[str]:
    return sorted(__all__)


_choose_by_environment()
