"""The same seed gives the same bits whoever computes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from emberharmony import ops

random = ops.random
LOGITS = [[0.1, 0.7, -0.4], [2.0, 0.0, 1.0]]
DRAWS: dict[str, Callable[[], Any]] = {
    "bits": lambda: random.bits((50,)),
    "uniform": lambda: random.uniform((50,), -2.0, 3.0),
    "uniform float32": lambda: random.uniform((50,), dtype="float32"),
    "uniform of bounds": lambda: random.uniform((2, 3), 0.0, ops.asarray([1.0, 2.0, 3.0])),
    "normal": lambda: random.normal((50,), 1.5, 0.3),
    "normal float32": lambda: random.normal((50,), dtype="float32"),
    "normal of means": lambda: random.normal((2, 3), ops.asarray([1.0, 2.0, 3.0]), 0.7),
    "exponential": lambda: random.exponential((50,), 2.5),
    "gamma": lambda: random.gamma((50,), 0.7, 1.3),
    "beta": lambda: random.beta((50,), 0.7, 2.0),
    "laplace": lambda: random.laplace((50,), 1.0, 2.0),
    "integers": lambda: random.integers((50,), -5, 1000),
    "bernoulli": lambda: random.bernoulli((50,), 0.3),
    "binomial": lambda: random.binomial((50,), 20, 0.3),
    "poisson": lambda: random.poisson((50,), 4.5),
    "categorical": lambda: random.categorical(ops.asarray(LOGITS), 20),
    "choice": lambda: random.choice(100, (20,), replace=False),
    "permutation": lambda: random.permutation(50),
    "shuffle": lambda: random.shuffle(ops.arange(50.0)),
    "dropout's mask": lambda: ops.less(random.uniform((50,)), 0.5),
}


def draw_all() -> dict[str, bytes]:
    drawn = {}
    for name, draw in DRAWS.items():
        random.set_seed(20)
        drawn[name] = draw().tobytes()
    return drawn


@pytest.fixture(scope="module")
def native() -> Iterator[dict[str, bytes]]:
    with ops.use_backend("native"):
        yield draw_all()


@pytest.mark.parametrize("name", ["torch", "mlx", "numpy", "auto"])
def test_bits_are_the_same_on_every_backend(name: str, native: dict[str, bytes]) -> None:
    try:
        ops.set_backend(name)
    except ValueError as error:
        pytest.skip(str(error)[:80])
    try:
        drawn = draw_all()
    finally:
        ops.set_backend("auto")
    assert drawn.keys() == native.keys()
    for draw, found in drawn.items():
        assert found == native[draw], draw


def test_a_draw_is_no_constant(native: dict[str, bytes]) -> None:
    """What is compared is not the same for every draw, nor what another seed gives."""
    random.set_seed(21)
    assert random.normal((50,), 1.5, 0.3).tobytes() != native["normal"]
    assert len(set(native.values())) == len(native)
    assert np.frombuffer(native["uniform"], np.float64).std() > 0.5
