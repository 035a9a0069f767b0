"""Methods of Tensor with NumPy's parameters, for calls that give more than our own methods have.

numpy.sum(x, where=mask) calls x.sum(axis=None, out=None, where=mask), and people write
x.std(ddof=1, where=mask). Each function here has the parameters of the method of numpy.ndarray of
its name, and those of ours behind them; what NumPy refuses, it refuses.
"""

from collections.abc import Callable, Iterable
from typing import Any

from emberharmony import ops
from emberharmony._core import Tensor


def _out_tensor(function: str, out: Any) -> Tensor:
    """The memory of `out`, a Tensor or a NumPy array."""
    if isinstance(out, Tensor):
        return out
    if not hasattr(out, "__array__"):
        raise TypeError(f"{function}: expected out to be a tensor or an array, found {type(out)}")
    return ops.asarray(out, copy=False)


def _holds(target: Any, source: Any) -> bool:
    """Whether a dtype is of another one's kind, or of one that holds it."""
    order = "biufc"
    return order.index(target.kind) >= order.index(source.kind.replace("u", "i"))


def _dtype(function: str, dtype: Any, out: Any, x: Tensor | None = None) -> Any:
    """What the elements are converted to first: as in NumPy out's dtype if none is given.

    Not to a dtype that would cut elements of x off before they are summed: `_into` refuses it.
    """
    if dtype is None:
        if out is None:
            return None
        found = _out_tensor(function, out).dtype
        return found if x is None or _holds(found, x.dtype) else None
    return ops.zeros((), dtype=dtype).dtype


def _into(function: str, result: Tensor, out: Any) -> Any:
    """The result itself, or `out` with the result in it."""
    if out is None:
        return result
    target = _out_tensor(function, out)
    if target.shape != result.shape:
        raise ValueError(
            f"{function}: expected out of shape {result.shape}, found shape {target.shape}"
        )
    if not _holds(target.dtype, result.dtype):
        raise TypeError(f"{function}: cannot write {result.dtype} to out, a {target.dtype}")
    target[...] = result
    return out


def _mask(function: str, x: Tensor, where: Any) -> Tensor:
    """`where` as bools of the shape of x."""
    mask = where if isinstance(where, Tensor) else ops.asarray(where)
    if mask.dtype != ops.bool:
        raise TypeError(f"{function}: expected where to be of dtype bool, found {mask.dtype}")
    return ops.broadcast_to(mask, x.shape)


def _masked(function: str, x: Tensor, where: Any, neutral: int) -> Tensor:
    """The elements of x, and `neutral` in the places of those that do not count."""
    if where is True:
        return x
    other = ops.astype(ops.asarray(neutral), x.dtype)
    return ops.where(_mask(function, x, where), x, other)


def _is_floating(dtype: Any) -> bool:
    return dtype.kind in "fc"


def _accumulation(
    function: str, combine: Callable[[Tensor, Tensor], Tensor], neutral: int
) -> Callable[..., Any]:
    """sum or prod."""

    def method(
        x: Tensor,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        dtype = _dtype(function, dtype, out, x)
        counted = _masked(function, x, where, neutral)
        result = getattr(ops, function)(counted, axis=axis, dtype=dtype, keepdims=keepdims)
        if initial is not None:
            result = combine(result, ops.astype(ops.asarray(initial), result.dtype))
        return _into(function, result, out)

    method.__name__ = method.__qualname__ = function
    return method


sum = _accumulation("sum", ops.add, 0)
prod = _accumulation("prod", ops.multiply, 1)


def _extreme(function: str, combine: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Any]:
    """min or max."""

    def method(
        x: Tensor,
        axis: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if initial is None:
            if where is not True:
                raise ValueError(f"{function}: where needs initial, which stands for no element")
            return _into(function, getattr(ops, function)(x, axis=axis, keepdims=keepdims), out)
        start = ops.astype(ops.asarray(initial), x.dtype)
        counted = x if where is True else ops.where(_mask(function, x, where), x, start)
        if counted.size == 0:
            # An axis of length 1 instead of the one without elements holds `initial`.
            axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else [axis]
            shape = [1 if k in axes or k - x.ndim in axes else n for k, n in enumerate(x.shape)]
            counted = ops.broadcast_to(start, tuple(shape))
        result = getattr(ops, function)(counted, axis=axis, keepdims=keepdims)
        return _into(function, combine(result, start), out)

    method.__name__ = method.__qualname__ = function
    return method


min = _extreme("min", ops.minimum)
max = _extreme("max", ops.maximum)


def any(
    x: Tensor, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    result = ops.any(_masked("any", x, where, 0), axis=axis, keepdims=keepdims)
    return _into("any", result, out)


def all(
    x: Tensor, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    result = ops.all(_masked("all", x, where, 1), axis=axis, keepdims=keepdims)
    return _into("all", result, out)


def argmin(x: Tensor, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    return _into("argmin", ops.argmin(x, axis=axis, keepdims=keepdims), out)


def argmax(x: Tensor, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    return _into("argmax", ops.argmax(x, axis=axis, keepdims=keepdims), out)


def _count(function: str, x: Tensor, axis: Any, where: Any, keepdims: bool) -> Tensor:
    """How many elements count, as float64."""
    mask = _mask(function, x, where)
    return ops.astype(ops.count_nonzero(mask, axis=axis, keepdims=keepdims), ops.float64)


def mean(
    x: Tensor,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    dtype = _dtype("mean", dtype, out, x)
    if dtype is None and not _is_floating(x.dtype):
        dtype = ops.float64
    if where is True and (dtype is None or _is_floating(dtype)):
        numbers = x if dtype is None else ops.astype(x, dtype, copy=False)
        return _into("mean", ops.mean(numbers, axis=axis, keepdims=keepdims), out)
    counted = _masked("mean", x, where, 0)
    total = ops.sum(counted, axis=axis, dtype=dtype, keepdims=keepdims)
    # Counts have more digits than float32. Of an integer dtype NumPy cuts the quotient off.
    result = ops.divide(total, _count("mean", x, axis, where, keepdims))
    return _into("mean", ops.astype(result, total.dtype, copy=False), out)


def _divisor_term(ddof: Any, correction: Any) -> Any:
    if correction is None:
        return 0 if ddof is None else ddof
    if ddof is not None:
        raise ValueError("ddof and correction mean the same: expected one of them, found both")
    return correction


def var(
    x: Tensor,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    return _into(
        "var", _variance("var", x, axis, dtype, ddof, keepdims, where, mean, correction), out
    )


def std(
    x: Tensor,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    variance = _variance("std", x, axis, dtype, ddof, keepdims, where, mean, correction)
    return _into("std", ops.sqrt(variance), out)


def _variance(
    function: str,
    x: Tensor,
    axis: Any,
    dtype: Any,
    ddof: Any,
    keepdims: bool,
    where: Any,
    center: Any,
    correction: Any,
) -> Tensor:
    less = _divisor_term(ddof, correction)
    numbers = x if _is_floating(x.dtype) else ops.astype(x, ops.float64)
    result_dtype = None
    if dtype is not None:
        result_dtype = _dtype(function, dtype, None)
        if result_dtype.kind != "f" or x.dtype.kind == "c":
            raise TypeError(
                f"{function}: expected a real floating-point dtype for real elements, found "
                f"{result_dtype} for {x.dtype}"
            )
        # Deviations are taken in the wider of both.
        numbers = ops.astype(numbers, ops.result_type(numbers, result_dtype), copy=False)
    if where is True and center is None:
        result = ops.var(numbers, axis=axis, correction=less, keepdims=keepdims)
    else:
        if center is None:
            center = mean(numbers, axis=axis, keepdims=True, where=where)
        deviations = ops.subtract(numbers, center)
        squares = ops.square(ops.real(deviations))
        if deviations.dtype.kind == "c":
            squares = squares + ops.square(ops.imag(deviations))
        counted = _masked(function, squares, where, 0)
        total = ops.sum(counted, axis=axis, keepdims=keepdims)
        divisor = ops.maximum(_count(function, x, axis, where, keepdims) - less, 0.0)
        result = ops.astype(ops.divide(total, divisor), total.dtype, copy=False)
    return result if result_dtype is None else ops.astype(result, result_dtype, copy=False)


def take(x: Tensor, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    if axis is None:
        x, axis = ops.reshape(x, (-1,)), 0
    places = ops.asarray(indices)
    if mode == "wrap":
        places = ops.remainder(places, x.shape[axis])
    elif mode == "clip":
        places = ops.clip(places, 0, x.shape[axis] - 1)
    elif mode != "raise":
        raise ValueError(f"take: expected mode 'raise', 'wrap' or 'clip', found {mode!r:.80}")
    return _into("take", ops.take(x, places, axis=axis), out)


def clip(x: Tensor, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return _into("clip", ops.clip(x, min, max), out)


def cumsum(x: Tensor, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    dtype = _dtype("cumsum", dtype, out, x)
    return _into("cumsum", ops.cumsum(x, axis=axis, dtype=dtype), out)


def cumprod(x: Tensor, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    dtype = _dtype("cumprod", dtype, out, x)
    return _into("cumprod", ops.cumprod(x, axis=axis, dtype=dtype), out)


def round(x: Tensor, decimals: int = 0, out: Any = None) -> Any:
    return _into("round", ops.round(x, decimals), out)


def _check_sort(function: str, kind: Any, order: Any, stable: Any) -> bool:
    """Whether equal elements keep their order."""
    if order is not None:
        raise TypeError(f"{function}: order is for fields, and tensors have none")
    if kind is None:
        return True if stable is None else bool(stable)
    if stable is not None:
        raise ValueError(f"{function}: expected kind or stable, found both")
    if kind not in ("quicksort", "heapsort", "mergesort", "stable"):
        raise ValueError(
            f"{function}: expected kind 'quicksort', 'heapsort', 'mergesort' or 'stable', "
            f"found {kind!r:.80}"
        )
    return True


def sort(
    x: Tensor,
    axis: Any = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
) -> Tensor:
    stable = _check_sort("sort", kind, order, stable)
    return ops.sort(x, axis=axis, descending=descending, stable=stable)


def argsort(
    x: Tensor,
    axis: Any = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
) -> Tensor:
    stable = _check_sort("argsort", kind, order, stable)
    return ops.argsort(x, axis=axis, descending=descending, stable=stable)


def _follow(lengths: Iterable[int], strides: Iterable[int], itemsize: int) -> bool:
    """Whether elements follow each other in memory, the first axis being the quickest."""
    for length, stride in zip(lengths, strides, strict=True):
        if length != 1 and stride != itemsize:
            return False
        itemsize *= length
    return True


def _in_fortran_order(function: str, x: Tensor, order: Any) -> bool:
    """Whether the first axis is to be the quickest."""
    if order not in (None, "C", "F", "A", "K"):
        raise ValueError(f"{function}: expected order 'C', 'F', 'A' or 'K', found {order!r:.80}")
    if order in (None, "C", "F"):
        return order == "F"
    if _follow(x.shape[::-1], x.strides[::-1], x.itemsize):
        return False
    is_fortran = _follow(x.shape, x.strides, x.itemsize)
    if order == "K" and not is_fortran:
        raise ValueError(f"{function}: order 'K' is for elements without gaps: name 'C' or 'F'")
    return is_fortran


def _reversed(x: Tensor) -> Tensor:
    return ops.permute_dims(x, tuple(range(x.ndim))[::-1])


def reshape(x: Tensor, shape: Any, order: Any = "C", copy: bool | None = None) -> Tensor:
    if not _in_fortran_order("reshape", x, order):
        return ops.reshape(x, shape, copy=copy)
    lengths = shape if isinstance(shape, tuple | list) else (shape,)
    return _reversed(ops.reshape(_reversed(x), tuple(lengths)[::-1], copy=copy))


def ravel(x: Tensor, order: Any = "C") -> Tensor:
    return ops.ravel(_reversed(x) if _in_fortran_order("ravel", x, order) else x)


def flatten(x: Tensor, order: Any = "C") -> Tensor:
    return ops.flatten(_reversed(x) if _in_fortran_order("flatten", x, order) else x)
