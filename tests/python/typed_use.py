"""What users write, with types: it runs (test_stubs.py), and type checkers have nothing to say.

MYPYPATH=build/python mypy --strict --follow-imports=silent tests/python/typed_use.py
"""

from collections.abc import Callable

import numpy as np
import pytest
from emberharmony.ops.linalg import LinAlgError

import emberharmony as eh
from emberharmony import ops
from emberharmony.ops import Device, DType, Tensor


def standardize(x: Tensor, axis: int = 0) -> Tensor:
    """Columns with the mean 0 and the standard deviation 1."""
    spread = x.std(axis, keepdims=True)
    return (x - x.mean(axis, keepdims=True)) / ops.where(spread == 0, 1.0, spread)


def shapes(x: Tensor) -> tuple[int, ...]:
    rows, columns = x.shape
    flat: tuple[int, ...] = x.reshape(-1).shape
    assert flat == (x.size,) == (rows * columns,)
    same = [x.reshape(columns, rows), x.reshape((columns, rows)), ops.reshape(x, (-1, rows))]
    assert all(each.shape == (columns, rows) for each in same)
    assert x.transpose(1, 0).shape == x.permute_dims((1, 0)).shape == x.T.shape
    return x[None, :, 0].shape


def reductions(x: Tensor) -> float:
    total: Tensor = ops.sum(x, 0) + ops.sum(x, axis=0, dtype=ops.float64)
    ordinary = x.sum(0) + x.sum(axis=0, keepdims=False) + x.std(ddof=1) + x.max(axis=(0, 1))
    masked = x.sum(where=x > 0) + x.clip(0.0, 1.0).cumsum(axis=0)
    narrow = x.mean(0, "float32") + x.astype(dtype="float32").repeat(repeats=2).max()
    assert narrow.dtype == ops.float32
    assert x.argsort(-1, "stable").dtype == ops.int64
    positions = ops.argmax(x, 1)
    assert positions.dtype == ops.int64
    assert masked.ndim == 2
    first: float = x.flatten()[0].item()
    return float(total.sum()) + float(ordinary.mean()) + first


def decompositions(x: Tensor) -> Tensor:
    u, s, vh = ops.linalg.svd(x, full_matrices=False)
    assert bool(ops.allclose((u * s) @ vh, x))
    assert ops.linalg.svd(x).S.shape == s.shape
    values = ops.linalg.eigh(x.T @ x).eigenvalues
    q, r = ops.linalg.qr(x)
    sign, logarithm = ops.linalg.slogdet(x.T @ x)
    with pytest.raises(LinAlgError):
        ops.linalg.inv(ops.zeros((2, 2)))
    return ops.concat([values, s, r.reshape(-1), sign[None], logarithm[None]]) + q.sum()


def others(x: Tensor) -> None:
    names: list[DType] = [ops.float32, ops.int64, ops.bool]
    where: Device = x.device
    found = ops.unique_counts(x)
    top = ops.topk(x, 2)
    histogram = ops.histogram(x, 4)
    parts = ops.fft.rfft(x).real + ops.random.normal((3, 2), seed=1, dtype="float64")
    low, high = divmod(x, 2.0)
    array: np.ndarray = np.asarray(x) + x.numpy()
    limit: float = ops.finfo(x.dtype).eps + ops.pi + ops.inf
    function: Callable[[Tensor], Tensor] = ops.exp
    x += 1.0
    x[0, ...] = 0
    x[x > 2] = ops.asarray(7, dtype=x.dtype)
    assert found.values.size >= top.indices.size // 3
    assert histogram.edges.size == 5
    assert str(where)
    assert names
    assert parts.size
    assert low.size == high.size
    assert array.size
    assert limit
    assert function(x).shape == x.shape
    assert isinstance(x.tolist(), list)
    assert [row.shape for row in x]
    assert len(x) == x.shape[0]
    assert x.to_device("cpu").size


def fitted(table: object) -> list[str]:
    """Never called here: a run, its model and its batches, as they are typed."""
    result: eh.ExtractResult = eh.extract(table, "out", target="delay", memory="1GiB")
    rows: int = result.split_rows["train"] + result.rows
    for features, delay in eh.batches(result.paths["train"], rows, target="delay"):
        ops.mean(delay[features["distance"] > 1])
    for batch in eh.batches(result.paths["train"], shuffle=True):
        names: list[str] = sorted(batch)
        ops.mean(batch[names[0]])
    model: eh.Model = eh.load_model(result.model_path)
    return model.feature_names


def main() -> None:
    x = ops.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    assert standardize(x).shape == (3, 2)
    assert shapes(x) == (1, 3)
    assert reductions(x) > 0
    assert decompositions(x).ndim == 1
    others(ops.asarray(x, copy=True))


if __name__ == "__main__":
    main()
