"""Runs NumPy code and its rewritten version on the same random inputs, and compares."""

import json

import numpy as np
from purify import rewrite

from emberharmony import DType, ops


def inputs(seed: int) -> dict[str, object]:
    """Random arguments by name: what the names of the corpus's parameters mean."""
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(4, 4))
    return {
        "x": rng.normal(size=12),
        "y": rng.normal(size=12),
        "w": rng.uniform(0.1, 1.0, size=12),
        "t": rng.uniform(0.0, 24.0, size=12),
        "short": rng.normal(size=5),
        "m": rng.normal(size=(6, 4)),
        "n": rng.normal(size=(4, 6)),
        "cube": rng.normal(size=(3, 4, 5)),
        "s": square @ square.T + 4 * np.eye(4),
        "q": square + 5 * np.eye(4),
        "v4": rng.normal(size=4),
        "holes": np.where(rng.uniform(size=12) < 0.3, np.nan, rng.normal(size=12)),
        "m_holes": np.where(rng.uniform(size=(6, 4)) < 0.2, np.nan, rng.normal(size=(6, 4))),
        "i": rng.integers(1, 9, size=12),
        "j": rng.integers(1, 9, size=12),
        "labels": rng.integers(0, 4, size=12),
        "b": rng.uniform(size=12) < 0.5,
        "b2": rng.uniform(size=12) < 0.5,
        "z": rng.normal(size=8) + 1j * rng.normal(size=8),
        "signal": rng.normal(size=32),
        "image": rng.integers(0, 256, size=(8, 8)).astype(np.uint8),
        "k": int(rng.integers(1, 4)),
        "a": float(rng.uniform(0.5, 2.0)),
        "f32": rng.normal(size=12).astype(np.float32),
        "probabilities": rng.dirichlet(np.ones(4), size=12),
        "u": rng.uniform(-1, 1, size=12),
    }


def plain(value: object) -> object:
    """A result without what differs by design: tensors as arrays, named tuples as tuples."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, DType):
        return np.dtype(value.name)
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value)
    if isinstance(value, str):
        try:
            return plain(json.loads(value))
        except ValueError:
            return value
    if value is None or isinstance(value, np.dtype):
        return value
    return np.asarray(value)


def check_equal(old: object, new: object, where: str) -> None:
    """Fails unless both results have the same structure, dtypes and values to 1e-9."""
    old, new = plain(old), plain(new)
    assert type(old) is type(new), f"{where}: {old!r} and {new!r}"
    if isinstance(old, dict):
        assert old.keys() == new.keys(), where
        for key in old:
            check_equal(old[key], new[key], f"{where}[{key!r}]")
    elif isinstance(old, list):
        assert len(old) == len(new), where
        for place, (one, two) in enumerate(zip(old, new, strict=True)):
            check_equal(one, two, f"{where}[{place}]")
    elif isinstance(old, np.ndarray):
        assert old.dtype == new.dtype, f"{where}: dtypes {old.dtype} and {new.dtype}"
        assert old.shape == new.shape, f"{where}: shapes {old.shape} and {new.shape}"
        if old.dtype.kind not in "biufc":
            np.testing.assert_array_equal(new, old, err_msg=where)
            return
        tolerance = 1e-4 if old.dtype.itemsize == 4 and old.dtype.kind == "f" else 1e-9
        np.testing.assert_allclose(new, old, rtol=tolerance, atol=tolerance, err_msg=where)
    else:
        assert old == new, f"{where}: {old!r} and {new!r}"


def rewritten(source: str) -> tuple[str, int]:
    return rewrite.fix("module.py", source)


def load(source: str, name: str) -> dict[str, object]:
    """A module's names, from its text."""
    names: dict[str, object] = {"__name__": name}
    exec(compile(source, name, "exec"), names)
    return names


def run(function: object, seed: int, *, tensors: bool = False) -> object:
    """A function's result on random arguments, given as arrays or as tensors."""
    given = inputs(seed)
    count = function.__code__.co_argcount - len(function.__defaults__ or ())
    arguments = [given[name] for name in function.__code__.co_varnames[:count]]
    if tensors:
        arguments = [ops.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    with np.errstate(all="ignore"):
        return function(*arguments)
