"""A name that is one of two libraries."""

try:
    import cupy as xp
except ImportError:
    import numpy as xp

import numpy as np


def softmax(x):
    shifted = xp.exp(x - xp.max(x))  #: review:several review:several
    return shifted / shifted.sum()


def plain(x):
    return np.tanh(x)  #: safe
