"""Types of NumPy's in signatures and checks. Not run by the tests."""

from typing import Union

import numpy as np
import numpy.typing as npt


def typed(x: npt.NDArray[np.float64]) -> Union[np.ndarray, float]:  #: review:type review:type review:type
    return np.sin(x)  #: safe


def number(value) -> bool:
    return isinstance(value, (int, np.integer, np.floating))  #: review:type review:type


def boolean(value):
    return isinstance(value, np.bool_) or isinstance(value, np.generic)  #: review:type review:type


def generator(rng: np.random.Generator):  #: review:random
    return rng.normal(size=3)


class Frozen(np.ndarray):  #: review:type
    pass


def scalar(value):
    return np.isscalar(value)  #: missing


def tested(x):
    np.testing.assert_allclose(x, x)  #: missing


def masked_array(x):
    return np.ma.masked_invalid(x)  #: missing


def polynomials(x):
    return np.polynomial.Polynomial([1, 2])(x)  #: missing


def memory(path):
    return np.memmap(path, dtype=np.float32, mode="r")  #: missing review:type


def read(path):
    return np.loadtxt(path, delimiter=","), np.genfromtxt(path), np.fromfile(path)  #: missing missing missing
