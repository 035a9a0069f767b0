"""ops.random from Python: the same seed gives the same bits, of the named distributions.

The generator's vectors and the strict tests of its distributions are in C++, beside the code.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from ops_case import IS_EMBER, assert_all_refuse, name_of, to_numpy, xp

pytestmark = pytest.mark.skipif(not IS_EMBER, reason="NumPy's generators are others")
N = 20_000

# Draws of n numbers, and the distribution that they come from.
CONTINUOUS: dict[str, tuple[Callable[..., Any], Any]] = {
    "uniform": (lambda n, **k: xp.random.uniform((n,), -1.0, 3.0, **k), scipy.stats.uniform(-1, 4)),
    "normal": (lambda n, **k: xp.random.normal((n,), 2.0, 0.5, **k), scipy.stats.norm(2, 0.5)),
    "exponential": (lambda n, **k: xp.random.exponential((n,), 2.0, **k), scipy.stats.expon(0, 2)),
    "gamma": (lambda n, **k: xp.random.gamma((n,), 2.5, 1.0, **k), scipy.stats.gamma(2.5)),
    "gamma, small": (lambda n, **k: xp.random.gamma((n,), 0.3, 1.0, **k), scipy.stats.gamma(0.3)),
    "beta": (lambda n, **k: xp.random.beta((n,), 2.0, 0.7, **k), scipy.stats.beta(2, 0.7)),
    "laplace": (lambda n, **k: xp.random.laplace((n,), 1.0, 2.0, **k), scipy.stats.laplace(1, 2)),
}
DISCRETE: dict[str, tuple[Callable[..., Any], Any]] = {
    "integers": (lambda n, **k: xp.random.integers((n,), -3, 4, **k), scipy.stats.randint(-3, 4)),
    "bernoulli": (lambda n, **k: xp.random.bernoulli((n,), 0.3, **k), scipy.stats.bernoulli(0.3)),
    "binomial": (lambda n, **k: xp.random.binomial((n,), 12, 0.4, **k), scipy.stats.binom(12, 0.4)),
    "binomial, many": (
        lambda n, **k: xp.random.binomial((n,), 900, 0.7, **k),
        scipy.stats.binom(900, 0.7),
    ),
    "poisson": (lambda n, **k: xp.random.poisson((n,), 3.5, **k), scipy.stats.poisson(3.5)),
    "poisson, many": (lambda n, **k: xp.random.poisson((n,), 250.0, **k), scipy.stats.poisson(250)),
}
ALL = CONTINUOUS | DISCRETE


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    draw = ALL[name][0]
    first = to_numpy(draw(1000, seed=7))
    assert np.array_equal(first, to_numpy(draw(1000, seed=7)))
    assert not np.array_equal(first, to_numpy(draw(1000, seed=8)))
    assert not np.array_equal(first, to_numpy(draw(1000, seed=7, stream=1)))
    assert np.array_equal(first[:100], to_numpy(draw(100, seed=7))), "the first do not depend on n"
    xp.random.set_seed(3)
    one, two = to_numpy(draw(100)), to_numpy(draw(100))
    assert not np.array_equal(one, two)
    xp.random.set_seed(3)
    assert np.array_equal(one, to_numpy(draw(100)))
    assert np.array_equal(two, to_numpy(draw(100)))
    assert xp.random.get_seed() == 3


@pytest.mark.parametrize("name", ALL)
def test_bits_do_not_depend_on_threads(name: str) -> None:
    draw = ALL[name][0]
    before = xp.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            xp.set_num_threads(threads)
            results.append(to_numpy(draw(300_000, seed=1)).tobytes())
    finally:
        xp.set_num_threads(before)
    assert len(set(results)) == 1


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous(name: str) -> None:
    """Kolmogorov and Smirnov's test on five seeds; a right generator fails one in 20,000 runs."""
    draw, distribution = CONTINUOUS[name]
    for seed in range(5):
        values = to_numpy(draw(N, seed=seed)).astype(np.float64)
        assert scipy.stats.kstest(values, distribution.cdf).pvalue > 1e-5, seed


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete(name: str) -> None:
    """Pearson's test over values with at least ten expected; the same false alarm rate."""
    draw, distribution = DISCRETE[name]
    for seed in range(5):
        values = to_numpy(draw(N, seed=seed)).astype(np.int64)
        low, high = distribution.ppf(1e-9), distribution.ppf(1 - 1e-9)
        assert values.min() >= low - 1
        assert values.max() <= high + 1
        points = np.arange(int(low), int(high) + 1)
        expected = distribution.pmf(points) * N
        kept = expected >= 10
        counts = np.asarray([np.sum(values == p) for p in points[kept]], dtype=float)
        rest = N - counts.sum()
        observed = np.append(counts, rest)
        wanted = np.append(expected[kept], N - expected[kept].sum())
        usable = wanted > 5
        statistic = np.sum((observed[usable] - wanted[usable]) ** 2 / wanted[usable])
        assert scipy.stats.chi2(usable.sum() - 1).sf(statistic) > 1e-5, seed


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_uniform_covers_the_half_open_interval(name: str) -> None:
    values = to_numpy(xp.random.uniform((200_000,), dtype=getattr(xp, name), seed=1))
    assert values.dtype == name
    assert values.min() >= 0
    assert values.max() < 1
    assert values.min() < 1e-4
    assert values.max() > 1 - 1e-4


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
def test_integers_of_the_whole_range(name: str) -> None:
    limits = np.iinfo(name)
    dtype = getattr(xp, name)
    x = xp.random.integers(
        (5000,), int(limits.min), int(limits.max), dtype=dtype, endpoint=True, seed=2
    )
    values = to_numpy(x)
    assert values.dtype == name
    bits = [
        int(np.sum((values.astype(np.uint64) >> np.uint64(i)) & np.uint64(1))) for i in range(8)
    ]
    assert all(2200 < count < 2800 for count in bits)


def test_orders() -> None:
    x = xp.arange(1000)
    order = to_numpy(xp.random.permutation(1000, seed=4))
    assert sorted(order.tolist()) == list(range(1000))
    assert not np.array_equal(order, np.arange(1000))
    assert sorted(to_numpy(xp.random.permutation(x, seed=4)).tolist()) == list(range(1000))
    y = xp.asarray(x, copy=True)
    result = xp.random.shuffle(y, seed=5)
    shuffled = to_numpy(y if result is None else result)
    assert sorted(shuffled.tolist()) == list(range(1000))
    chosen = to_numpy(xp.random.choice(x, (10,), replace=False, seed=6))
    assert len(set(chosen.tolist())) == 10
    weighted = to_numpy(xp.random.choice(3, (5000,), p=xp.asarray([0.0, 0.25, 0.75]), seed=6))
    assert 0 not in weighted
    assert 0.7 < np.mean(weighted == 2) < 0.8
    classes = to_numpy(xp.random.categorical(xp.asarray([[0.0, 0.0], [-50.0, 0.0]]), 2000, seed=1))
    assert classes.shape == (2, 2000)
    assert 0.45 < classes[0].mean() < 0.55
    assert classes[1].min() == 1


def test_parameters_that_are_refused() -> None:
    r = xp.random
    calls = (
        lambda: r.uniform((2,), 1.0, 0.0),
        lambda: r.normal((2,), 0.0, -1.0),
        lambda: r.exponential((2,), -1.0),
        lambda: r.gamma((2,), -1.0),
        lambda: r.poisson((2,), -1.0),
        lambda: r.poisson((2,), float("nan")),
        lambda: r.bernoulli((2,), 1.5),
        lambda: r.binomial((2,), -1, 0.5),
        lambda: r.binomial((2,), 5, float("nan")),
        lambda: r.integers((2,), 5, 5),
        lambda: r.integers((2,), 0, 300, dtype=xp.uint8),
        lambda: r.choice(xp.arange(3), (5,), replace=False),
        lambda: r.choice(3, (2,), p=xp.asarray([0.5, 0.5])),
        lambda: r.choice(3, (2,), p=xp.asarray([0.5, 0.5, -0.5])),
        lambda: r.uniform((-1,)),
        lambda: r.set_seed(-1),
        lambda: r.set_seed(2**64),
        lambda: r.uniform((2,), seed=-1),
    )
    assert_all_refuse(calls, ValueError, OverflowError, TypeError)
    with pytest.raises((TypeError, ValueError)):
        r.uniform((2,), dtype=xp.int32)
    with pytest.raises((TypeError, ValueError)):
        r.integers((2,), 0, 5, dtype=xp.float32)


def test_parameters_that_broadcast() -> None:
    means = xp.asarray([[0.0], [100.0]])
    values = to_numpy(xp.random.normal((2, 50), means, 1.0, seed=3))
    assert values.shape == (2, 50)
    assert abs(values[0].mean()) < 1
    assert abs(values[1].mean() - 100) < 1
    assert name_of(xp.random.normal((2,), dtype=xp.float32).dtype) == "float32"
    assert tuple(xp.random.uniform(3).shape) == (3,)
    assert tuple(xp.random.uniform(()).shape) == ()
    assert tuple(xp.random.uniform((0, 2)).shape) == (0, 2)


def test_flat_names() -> None:
    a = to_numpy(xp.random_uniform((5,), 1.0, 2.0, seed=1))
    assert np.array_equal(a, to_numpy(xp.random.uniform((5,), 1.0, 2.0, seed=1, dtype=xp.float64)))
    for name in ("normal", "bernoulli", "exponential", "poisson"):
        assert tuple(getattr(xp, f"random_{name}")((4,)).shape) == (4,)
    assert tuple(xp.random_gamma((4,), 2.0).shape) == (4,)
    assert sorted(to_numpy(xp.random_permutation(5)).tolist()) == [0, 1, 2, 3, 4]
