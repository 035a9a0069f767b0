"""Every way to name NumPy, and names that are not NumPy."""

import importlib
import math

import numpy
import numpy as np
import numpy as xp
import numpy.linalg as nla
import numpy.random as npr
from numpy import array as make, cos, linalg, pi
from numpy.lib.stride_tricks import sliding_window_view


def full_name(x):
    return numpy.sin(x) + numpy.linalg.norm(x)  #: safe safe


def several_aliases(x):
    return xp.sin(x) + np.sin(x)  #: safe safe


def by_name(x):
    return cos(x) * pi  #: safe safe


def renamed(k):
    return make([k, k])  #: safe


def module_alias(m):
    return nla.norm(m), linalg.det(m.T @ m)  #: safe safe


def random_alias():
    return npr.rand(3).shape  #: review:random


def windows(x):
    return sliding_window_view(x, window_shape=4)  #: safe


def local_import(x):
    import numpy as local

    return local.tan(x)  #: safe


def local_from_import(x):
    from numpy import tanh as squash

    return squash(x)  #: safe


def shadowed_parameter(np):
    return np.sin(1.0)


def shadowed_variable(x):
    np = math
    return np.sin(float(x[0]))


def shadowed_function(x):
    def cos(value):
        return value

    return cos(x)


def shadowed_loop(x):
    return [pi for pi in x]


def same_attribute(x):
    class Box:
        np = None

        def mean(self, value):
            return value

    return Box().mean(x)


def method_names(x):
    return x.mean(), x.std(), x.sum()


def python_functions(x):
    return math.sqrt(abs(min(float(v) for v in x))), sum([1, 2]), max(1, 2), round(2.5)


def alias_of_a_function(x):
    sine = np.sin  #: review:alias
    return sine(x)  #: safe


def alias_of_a_module(m):
    la = np.linalg  #: review:alias
    return la.norm(m, axis=1)  #: safe


def alias_twice(x):
    if len(x) > 3:
        f = np.sin  #: review
    else:
        f = np.cos  #: review
    return f(x)  #: review:several


def nested_function(x):
    def inner(value):
        return np.exp(value)  #: safe

    return inner(x)


def decorated(x):
    class Model:
        scale = np.pi  #: safe

        def apply(self, value):
            return np.tanh(value) * self.scale  #: safe

    return Model().apply(x)


def text_that_looks_like_it(x):
    """np.sin(x) in a docstring, and np.cos(x) in a comment, are nothing."""
    # np.tan(x)
    return "np.exp(x)", len(x)


def keyword_named_np(x):
    return dict(np=1, cos=2, pi=3)


def attribute_named_np(x):
    class Holder:
        pass

    holder = Holder()
    holder.np = holder.cos = 1
    return holder.np + holder.cos


def dynamic(x):
    return getattr(np, "sin")(x)  #: review:reference


def imported_by_name(x):
    module = importlib.import_module("numpy")
    return module.exp(x)  #: safe


def handed_on(x):
    def apply(module, value):
        return module.exp(value)

    return apply(np, x)  #: review:reference


def star_arguments(short, v4):
    return np.meshgrid(*[short, v4]), np.broadcast_arrays(*[v4, v4])  #: safe safe


def global_name(x):
    global_pi = numpy.pi  #: safe
    return global_pi * x


def chained_attributes(z):
    return np.fft.fft(z).real.max()  #: review:method


def conditional_expression(x, k):
    function = np.sin if k > 1 else np.cos  #: review:reference review:reference
    return function(x)


def dtype_variable(x):
    dtype = np.float32  #: safe
    return np.zeros(3, dtype=dtype)  #: safe


def dtype_default(k, dtype=np.float64):  #: safe
    return np.ones(k, dtype=dtype)  #: safe


def dtype_of_another(x, f32):
    return np.zeros(3, dtype=f32.dtype)  #: safe


def dtype_compared(f32):
    return f32.dtype == np.float32, f32.dtype in (np.float32, np.float64)  #: safe review:type review:type


def dtype_in_a_table():
    return len({"a": np.int32, "b": np.float64})  #: review:type review:type


def dtype_made(x):
    return np.dtype("float32").itemsize, np.dtype(x.dtype).name  #: review:type review:type
