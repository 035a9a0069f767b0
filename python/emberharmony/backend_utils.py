"""Helpers around backends, by the names that the predecessor's users know."""

import warnings

from emberharmony import ops
from emberharmony._core import Tensor

__all__ = [
    "convert_to_tensor_safe",
    "get_backend_info",
    "initialize_random_seed",
    "print_backend_info",
    "random_uniform",
    "set_preferred_backend",
    "sin_cos_transform",
    "tensor_to_numpy_safe",
    "vstack_safe",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def convert_to_tensor_safe(data: object, dtype: object = None) -> Tensor:
    """A tensor of numbers, nested lists, arrays of other libraries, or tables of pandas.

    Args:
        data: What ops.asarray takes.
        dtype: The elements' dtype; by default that of `data`.
    """
    return ops.asarray(data, dtype=dtype)


def tensor_to_numpy_safe(tensor: object) -> object:
    """A NumPy array of a tensor, or of what ops.asarray takes; memory is shared where it can be.

    Args:
        tensor: The tensor.
    """
    return ops.to_numpy(tensor)


def random_uniform(
    shape: int | tuple[int, ...], minval: float = 0.0, maxval: float = 1.0, dtype: object = None
) -> Tensor:
    """Uniform random numbers: ops.random_uniform.

    Args:
        shape: The result's shape.
        minval: The lower bound, which is included.
        maxval: The upper bound, which is not.
        dtype: The elements' dtype.
    """
    return ops.random_uniform(shape, minval, maxval, dtype=dtype)


def sin_cos_transform(values: object, period: float = 1.0) -> tuple[Tensor, Tensor]:
    """The sine and cosine of a cyclical feature: of 2 pi value / period.

    Args:
        values: Numbers of any shape; hours of a day, say.
        period: What a whole turn is: 24 for hours.

    Returns:
        Two tensors of the shape of `values`, of a floating-point dtype.
    """
    angle = ops.multiply(ops.divide(values, period), 2 * ops.pi)
    return ops.sin(angle), ops.cos(angle)


def vstack_safe(arrays: list[object]) -> Tensor:
    """The arrays on top of each other; of rank 1 each is a row.

    Args:
        arrays: What ops.asarray takes, at least one, alike but for the first axis.

    Raises:
        ValueError: No arrays, or shapes that do not fit; the message names them.
    """
    return ops.vstack([ops.asarray(each) for each in arrays])


def get_backend_info() -> dict[str, object]:
    """What computes: `name`, `framework`, `device`, `threads`, `num_ops` and `available`.

    `num_ops` is the number of operations that it computes itself, `available` the names that need
    no plugin to be found. ops.describe_backends() has more, of plugins that could not be loaded as
    well.
    """
    name = ops.get_backend()
    known = {each["name"]: each for each in ops.describe_backends(load=False)}
    return {
        "name": name,
        "framework": known[name]["framework"],
        "num_ops": known[name]["num_ops"],
        "device": ops.get_device(),
        "threads": ops.get_num_threads(),
        "available": ops.get_available_backends(),
    }


def print_backend_info() -> None:
    """Prints what get_backend_info() tells."""
    for key, value in get_backend_info().items():
        print(f"{key}: {value}")


def initialize_random_seed(seed: int = 42) -> None:
    """Makes the random numbers that follow repeatable: ops.random.set_seed.

    Args:
        seed: Any integer of 64 bits.
    """
    ops.random.set_seed(seed)


def set_preferred_backend(backend_name: str | None = None) -> str:
    """Chooses a backend if it is there; else warns and leaves the choice as it is.

    Args:
        backend_name: Its name; None changes nothing.

    Returns:
        The name of the backend that computes now.
    """
    if backend_name is not None:
        try:
            ops.set_backend(backend_name)
        except ValueError as error:
            warnings.warn(f"{error}; {ops.get_backend()} computes", stacklevel=2)
    return ops.get_backend()


get_backend = ops.get_backend
set_backend = ops.set_backend
auto_select_backend = ops.auto_select_backend
